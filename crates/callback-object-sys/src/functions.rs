//! The functions with documented names.
#![allow(unsafe_code, reason = "foreign declarations")]

use crate::types::{
    BOOLEAN, KIRQL, LONG_PTR, NTSTATUS, PCALLBACK_FUNCTION, PCALLBACK_OBJECT, PCWSTR, PKIRQL,
    POBJECT_ATTRIBUTES, PUNICODE_STRING, PVOID,
};

#[cfg_attr(all(windows, not(target_arch = "x86")), link(name = "callback_object", kind = "raw-dylib"))]
#[cfg_attr(
    all(windows, target_arch = "x86"),
    link(name = "callback_object", kind = "raw-dylib", import_name_type = "undecorated")
)]
unsafe extern "system" {
    /// Makes a counted string of a string that ends with 0. Nothing is copied: the source has to outlive
    /// the counted string. A NULL source gives an empty string. At most 32,766 units are counted.
    pub fn RtlInitUnicodeString(DestinationString: PUNICODE_STRING, SourceString: PCWSTR);

    /// Opens the callback object that the attributes name or, with `Create`, creates it where there is none.
    /// Stores the object and takes a reference to it, which `ObDereferenceObject` gives back; stores nothing
    /// on failure. Whether more than one routine may be registered is decided by whoever creates the object.
    /// Without `OBJ_PERMANENT` the name of a new object is gone when this function returns.
    /// At PASSIVE_LEVEL or APC_LEVEL.
    pub fn ExCreateCallback(
        CallbackObject: *mut PCALLBACK_OBJECT,
        ObjectAttributes: POBJECT_ATTRIBUTES,
        Create: BOOLEAN,
        AllowMultipleCallbacks: BOOLEAN,
    ) -> NTSTATUS;

    /// Adds a routine at the end of the object's list. Returns a registration for `ExUnregisterCallback`, or
    /// NULL, with the reason in `CboLastStatus`: the object is not valid, the routine is NULL, or the object
    /// allows one routine and has it. The same routine may be registered more than once, also with the same
    /// context. The image of the routine stays loaded. At PASSIVE_LEVEL or APC_LEVEL.
    pub fn ExRegisterCallback(
        CallbackObject: PCALLBACK_OBJECT,
        CallbackFunction: PCALLBACK_FUNCTION,
        CallbackContext: PVOID,
    ) -> PVOID;

    /// Removes a routine. When this function returns, no other thread is in the routine and none will enter
    /// it. A routine may unregister itself: its own call goes on to its end, calls in other threads are
    /// waited for. Where waiting would never end, because such a call waits for this thread, the process ends with
    /// a report, for the caller cannot be told; CboUnregisterCallback tells it. (With CboIgnoreViolations or
    /// CboReportViolations this function returns without having waited.) At PASSIVE_LEVEL or APC_LEVEL.
    pub fn ExUnregisterCallback(CallbackRegistration: PVOID);

    /// Takes one more reference to a callback object. Returns the number of references taken through this
    /// interface, or 0 for what is not an object. At DISPATCH_LEVEL or below.
    pub fn ObReferenceObject(Object: PVOID) -> LONG_PTR;

    /// Gives a reference back. Returns the number of references left; with the last one, registrations
    /// included, the pointer is not valid any more. At DISPATCH_LEVEL or below.
    pub fn ObDereferenceObject(Object: PVOID) -> LONG_PTR;

    /// Takes a permanent object's name away, now; pointers to it stay valid. At PASSIVE_LEVEL or APC_LEVEL.
    pub fn ObMakeTemporaryObject(Object: PVOID);

    /// Returns the level of this thread.
    pub fn KeGetCurrentIrql() -> KIRQL;

    /// Raises the level of this thread and stores the level it had. A lower level than the present one is a
    /// bug check.
    pub fn KeRaiseIrql(NewIrql: KIRQL, OldIrql: PKIRQL);

    /// Raises the level of this thread to DISPATCH_LEVEL and returns the level it had.
    pub fn KeRaiseIrqlToDpcLevel() -> KIRQL;

    /// Sets the level of this thread back to what it was before it was raised. A higher level than the
    /// present one is a bug check.
    pub fn KeLowerIrql(NewIrql: KIRQL);
}

// A routine may end its thread, which unwinds through the notification.
#[cfg_attr(all(windows, not(target_arch = "x86")), link(name = "callback_object", kind = "raw-dylib"))]
#[cfg_attr(
    all(windows, target_arch = "x86"),
    link(name = "callback_object", kind = "raw-dylib", import_name_type = "undecorated")
)]
unsafe extern "system-unwind" {
    /// Calls the object's routines in the order of their registration, in this thread, at its level, with
    /// these arguments. Routines registered meanwhile are not called; routines unregistered meanwhile are
    /// not called any more. Nothing is waited for or allocated. At DISPATCH_LEVEL or below.
    pub fn ExNotifyCallback(CallbackObject: PVOID, Argument1: PVOID, Argument2: PVOID);
}
