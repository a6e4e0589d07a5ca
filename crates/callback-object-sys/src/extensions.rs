//! What this implementation adds to the documented functions: names in UTF-8, a status where the documented
//! function has none, drivers, and events of the system. All names begin with `Cbo`.
#![allow(unsafe_code, reason = "foreign declarations")]

use core::ffi::c_char;

use crate::types::{
    BOOLEAN, NTSTATUS, PCALLBACK_FUNCTION, PCALLBACK_OBJECT, PCSTR, PCUNICODE_STRING, PUNICODE_STRING, PVOID,
    ULONG,
};

/// A loaded driver, as long as it has not been unloaded. Not the address of anything.
#[repr(C)]
#[derive(Debug)]
pub struct CBO_DRIVER {
    _private: [u8; 0],
}
/// Names a loaded driver.
pub type PCBO_DRIVER = *mut CBO_DRIVER;

/// What becomes of the routines that a driver has left registered when it is unloaded.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CBO_LEFTOVERS {
    /// They are reported and unregistered, then the image is unloaded.
    CboRevokeLeftovers = 0,
    /// They are reported, and the driver stays loaded.
    CboRefuseLeftovers = 1,
}

/// What a report is about.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CBO_SEVERITY {
    /// Something that is allowed and probably not meant.
    CboHint = 0,
    /// A rule was broken; the call had no effect or a lesser one.
    CboViolation = 1,
    /// A rule was broken in a way that cannot be lived with; the process ends after the handler.
    CboBugCheck = 2,
}

/// What happens where a level does not allow an operation.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CBO_VIOLATIONS {
    /// Nothing is checked.
    CboIgnoreViolations = 0,
    /// It is reported, and the operation goes on.
    CboReportViolations = 1,
    /// It is reported, and the operation has no effect. The default.
    CboRefuseViolations = 2,
    /// It is reported, and the process ends.
    CboStopAtViolations = 3,
}

/// Receives reports as text in UTF-8, in the thread that has caused them. The text is valid during the call.
pub type PCBO_REPORT_HANDLER =
    Option<unsafe extern "system" fn(Context: PVOID, Severity: CBO_SEVERITY, Text: PCSTR)>;

/// Told when a routine has been removed and none of its calls runs any more: the place to free its context.
/// In the thread of the last of those calls or of the one that unregisters, once.
pub type PCBO_RELEASE = Option<unsafe extern "system" fn(CallbackContext: PVOID)>;

/// Decides whether an object may be opened: returns a status, which `ExCreateCallback` returns if it is an
/// error. Asked for every opening of an object that exists; `Attributes` tells `OBJ_FORCE_ACCESS_CHECK`.
pub type PCBO_ACCESS_HOOK = Option<
    unsafe extern "system" fn(
        Context: PVOID,
        ObjectName: PCUNICODE_STRING,
        SecurityDescriptor: PVOID,
        Attributes: ULONG,
    ) -> NTSTATUS,
>;

#[cfg_attr(all(windows, not(target_arch = "x86")), link(name = "callback_object", kind = "raw-dylib"))]
#[cfg_attr(
    all(windows, target_arch = "x86"),
    link(name = "callback_object", kind = "raw-dylib", import_name_type = "undecorated")
)]
unsafe extern "system" {
    /// Like `ExCreateCallback`, with a name in UTF-8.
    pub fn CboCreateCallback(
        CallbackObject: *mut PCALLBACK_OBJECT,
        Name: PCSTR,
        Attributes: ULONG,
        Create: BOOLEAN,
        AllowMultipleCallbacks: BOOLEAN,
    ) -> NTSTATUS;

    /// Like `ExRegisterCallback`, with the reason of a failure as its result, and with a function, or NULL,
    /// that frees the context. It is not called on failure.
    pub fn CboRegisterCallback(
        CallbackObject: PCALLBACK_OBJECT,
        CallbackFunction: PCALLBACK_FUNCTION,
        CallbackContext: PVOID,
        Release: PCBO_RELEASE,
        CallbackRegistration: *mut PVOID,
    ) -> NTSTATUS;

    /// Like `ExUnregisterCallback`, and says why nothing was removed, or that waiting would never end.
    pub fn CboUnregisterCallback(CallbackRegistration: PVOID) -> NTSTATUS;

    /// Returns why, in this thread, the last documented function without a status did not do what it was
    /// asked; STATUS_SUCCESS if it did. Notifications that succeed leave it as it is.
    pub fn CboLastStatus() -> NTSTATUS;

    /// Makes a counted string of text in UTF-8. `CboFreeUnicodeString` frees its buffer.
    pub fn CboInitUnicodeString(DestinationString: PUNICODE_STRING, Source: PCSTR) -> NTSTATUS;

    /// Frees what `CboInitUnicodeString` has allocated, and empties the string.
    pub fn CboFreeUnicodeString(UnicodeString: PUNICODE_STRING);

    /// Copies the security descriptor that an object was created with into a buffer, in self-relative form,
    /// and stores its length, 0 if there is none. A buffer that is too small, or NULL with `Capacity` 0,
    /// receives nothing; the length is stored all the same.
    pub fn CboQuerySecurity(
        CallbackObject: PVOID,
        Buffer: PVOID,
        Capacity: ULONG,
        Length: *mut ULONG,
    ) -> NTSTATUS;

    /// Sets who is asked when an object is opened; NULL: nobody, the default.
    pub fn CboSetAccessHook(Hook: PCBO_ACCESS_HOOK, Context: PVOID);

    /// Sets who receives reports; NULL: standard error, the default.
    pub fn CboSetReportHandler(Handler: PCBO_REPORT_HANDLER, Context: PVOID);

    /// Sets what happens where a level does not allow an operation, a CBO_VIOLATIONS. With `PassiveOnly`,
    /// objects are created and opened at PASSIVE_LEVEL only; the documentation contradicts itself about
    /// APC_LEVEL.
    pub fn CboSetViolations(Violations: ULONG, PassiveOnly: BOOLEAN) -> NTSTATUS;

    /// Reports a panic or an exception that a routine has caught at its own border, and applies the policy
    /// of the object that is being notified: the process ends, or the remaining routines run.
    pub fn CboReportPanic(Message: PCSTR);

    /// Prepares this thread, so that its first notification allocates nothing either and asks nothing of the
    /// system, as long as no more than `Depth` of them are nested, at most 65,536. Not necessary; for threads that
    /// have to meet deadlines.
    pub fn CboPrepareThread(Depth: ULONG) -> NTSTATUS;

    /// Loads a driver from a file and calls its `DriverEntry`. Its error, if it returns one, is the result,
    /// and the image is unloaded again. At PASSIVE_LEVEL.
    pub fn CboLoadDriver(Path: PCSTR, Driver: *mut PCBO_DRIVER) -> NTSTATUS;

    /// Calls a driver's `DriverUnload` and unloads its image. From inside one of the driver's own routines
    /// the image goes when the routine has returned. `Leftovers` is a CBO_LEFTOVERS. At PASSIVE_LEVEL.
    pub fn CboUnloadDriver(Driver: PCBO_DRIVER, Leftovers: ULONG) -> NTSTATUS;

    /// Begins to notify `\Callback\SetSystemTime`, `\Callback\PowerState` and `\Callback\ProcessorAdd` of
    /// what happens to this system. For the host, once.
    pub fn CboPublishSystemObjects() -> NTSTATUS;

    /// Ends what `CboPublishSystemObjects` has begun, and waits for a notification under way.
    pub fn CboWithdrawSystemObjects();

    /// Returns what identifies the implementation that this process uses: two images that get different
    /// addresses use different implementations.
    pub fn CboImplementation() -> PVOID;

    /// Returns the version of the implementation, as text.
    pub fn CboVersion() -> *const c_char;
}

// As for `ExNotifyCallback`.
#[cfg_attr(all(windows, not(target_arch = "x86")), link(name = "callback_object", kind = "raw-dylib"))]
#[cfg_attr(
    all(windows, target_arch = "x86"),
    link(name = "callback_object", kind = "raw-dylib", import_name_type = "undecorated")
)]
unsafe extern "system-unwind" {
    /// Like `ExNotifyCallback`, and says why nothing was called.
    pub fn CboNotifyCallback(CallbackObject: PVOID, Argument1: PVOID, Argument2: PVOID) -> NTSTATUS;
}
