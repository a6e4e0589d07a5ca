//! The functions as a table, for drivers that do not link with the library.
#![allow(unsafe_code, reason = "foreign declarations")]

use core::ffi::c_char;

use crate::extensions::{PCBO_ACCESS_HOOK, PCBO_DRIVER, PCBO_RELEASE, PCBO_REPORT_HANDLER};
use crate::types::{
    BOOLEAN, KIRQL, LONG_PTR, NTSTATUS, PCALLBACK_FUNCTION, PCALLBACK_OBJECT, PCSTR, PCWSTR, PKIRQL,
    POBJECT_ATTRIBUTES, PUNICODE_STRING, PVOID, ULONG,
};

/// Every function of this header, for a driver that does not link with the library: it exports
/// `CboReceiveFunctions` and is handed this table before its `DriverEntry` is called. The table is valid as long as
/// the driver is loaded, and is not to be modified. Later versions add members at the end only; a driver that
/// uses a member looks first whether `Size` covers it.
#[repr(C)]
#[derive(Debug)]
pub struct CBO_FUNCTIONS {
    /// The size of the table in bytes.
    pub Size: ULONG,
    /// Increased when a function changes its meaning, which a driver has to refuse; 1.
    pub Revision: ULONG,
    /// `RtlInitUnicodeString`.
    pub RtlInitUnicodeString:
        unsafe extern "system" fn(DestinationString: PUNICODE_STRING, SourceString: PCWSTR),
    /// `CboInitUnicodeString`.
    pub CboInitUnicodeString:
        unsafe extern "system" fn(DestinationString: PUNICODE_STRING, Source: PCSTR) -> NTSTATUS,
    /// `CboFreeUnicodeString`.
    pub CboFreeUnicodeString: unsafe extern "system" fn(UnicodeString: PUNICODE_STRING),
    /// `CboVersion`.
    pub CboVersion: unsafe extern "system" fn() -> *const c_char,
    /// `CboImplementation`.
    pub CboImplementation: unsafe extern "system" fn() -> PVOID,
    /// `ExCreateCallback`.
    pub ExCreateCallback: unsafe extern "system" fn(
        CallbackObject: *mut PCALLBACK_OBJECT,
        ObjectAttributes: POBJECT_ATTRIBUTES,
        Create: BOOLEAN,
        AllowMultipleCallbacks: BOOLEAN,
    ) -> NTSTATUS,
    /// `CboCreateCallback`.
    pub CboCreateCallback: unsafe extern "system" fn(
        CallbackObject: *mut PCALLBACK_OBJECT,
        Name: PCSTR,
        Attributes: ULONG,
        Create: BOOLEAN,
        AllowMultipleCallbacks: BOOLEAN,
    ) -> NTSTATUS,
    /// `ObReferenceObject`.
    pub ObReferenceObject: unsafe extern "system" fn(Object: PVOID) -> LONG_PTR,
    /// `ObDereferenceObject`.
    pub ObDereferenceObject: unsafe extern "system" fn(Object: PVOID) -> LONG_PTR,
    /// `ObMakeTemporaryObject`.
    pub ObMakeTemporaryObject: unsafe extern "system" fn(Object: PVOID),
    /// `CboQuerySecurity`.
    pub CboQuerySecurity: unsafe extern "system" fn(
        CallbackObject: PVOID,
        Buffer: PVOID,
        Capacity: ULONG,
        Length: *mut ULONG,
    ) -> NTSTATUS,
    /// `CboSetAccessHook`.
    pub CboSetAccessHook: unsafe extern "system" fn(Hook: PCBO_ACCESS_HOOK, Context: PVOID),
    /// `ExRegisterCallback`.
    pub ExRegisterCallback: unsafe extern "system" fn(
        CallbackObject: PCALLBACK_OBJECT,
        CallbackFunction: PCALLBACK_FUNCTION,
        CallbackContext: PVOID,
    ) -> PVOID,
    /// `CboRegisterCallback`.
    pub CboRegisterCallback: unsafe extern "system" fn(
        CallbackObject: PCALLBACK_OBJECT,
        CallbackFunction: PCALLBACK_FUNCTION,
        CallbackContext: PVOID,
        Release: PCBO_RELEASE,
        CallbackRegistration: *mut PVOID,
    ) -> NTSTATUS,
    /// `ExNotifyCallback`.
    pub ExNotifyCallback:
        unsafe extern "system-unwind" fn(CallbackObject: PVOID, Argument1: PVOID, Argument2: PVOID),
    /// `CboNotifyCallback`.
    pub CboNotifyCallback: unsafe extern "system-unwind" fn(
        CallbackObject: PVOID,
        Argument1: PVOID,
        Argument2: PVOID,
    ) -> NTSTATUS,
    /// `ExUnregisterCallback`.
    pub ExUnregisterCallback: unsafe extern "system" fn(CallbackRegistration: PVOID),
    /// `CboUnregisterCallback`.
    pub CboUnregisterCallback: unsafe extern "system" fn(CallbackRegistration: PVOID) -> NTSTATUS,
    /// `CboLastStatus`.
    pub CboLastStatus: unsafe extern "system" fn() -> NTSTATUS,
    /// `CboReportPanic`.
    pub CboReportPanic: unsafe extern "system" fn(Message: PCSTR),
    /// `KeGetCurrentIrql`.
    pub KeGetCurrentIrql: unsafe extern "system" fn() -> KIRQL,
    /// `KeRaiseIrql`.
    pub KeRaiseIrql: unsafe extern "system" fn(NewIrql: KIRQL, OldIrql: PKIRQL),
    /// `KeRaiseIrqlToDpcLevel`.
    pub KeRaiseIrqlToDpcLevel: unsafe extern "system" fn() -> KIRQL,
    /// `KeLowerIrql`.
    pub KeLowerIrql: unsafe extern "system" fn(NewIrql: KIRQL),
    /// `CboSetViolations`.
    pub CboSetViolations: unsafe extern "system" fn(Violations: ULONG, PassiveOnly: BOOLEAN) -> NTSTATUS,
    /// `CboSetReportHandler`.
    pub CboSetReportHandler: unsafe extern "system" fn(Handler: PCBO_REPORT_HANDLER, Context: PVOID),
    /// `CboLoadDriver`.
    pub CboLoadDriver: unsafe extern "system" fn(Path: PCSTR, Driver: *mut PCBO_DRIVER) -> NTSTATUS,
    /// `CboUnloadDriver`.
    pub CboUnloadDriver: unsafe extern "system" fn(Driver: PCBO_DRIVER, Leftovers: ULONG) -> NTSTATUS,
    /// `CboPublishSystemObjects`.
    pub CboPublishSystemObjects: unsafe extern "system" fn() -> NTSTATUS,
    /// `CboWithdrawSystemObjects`.
    pub CboWithdrawSystemObjects: unsafe extern "system" fn(),
    /// `CboPrepareThread`.
    pub CboPrepareThread: unsafe extern "system" fn(Depth: ULONG) -> NTSTATUS,
}
/// A pointer to the table of functions.
pub type PCCBO_FUNCTIONS = *const CBO_FUNCTIONS;

/// What a driver exports that does not link with the library: a function with the name `CboReceiveFunctions`. Called
/// once, before `DriverEntry`.
pub type PCBO_RECEIVE_FUNCTIONS = Option<unsafe extern "system" fn(Functions: PCCBO_FUNCTIONS)>;
