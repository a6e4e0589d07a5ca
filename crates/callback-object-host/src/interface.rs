//! The C interface as a table, and the functions that the shared library exports.
//!
//! One list says it all: the name, the parameters, and the function that does it. From it come the table
//! that one image hands to another, the exported functions, and the check that they are declared the same
//! way in `callback-object-sys`, from which the C header is made. A function that is added is added at the end: drivers
//! that do not link with the library are handed the table.
//!
//! # Safety
//!
//! An exported function has the contract of its declaration; whoever calls it keeps to that. It is passed on
//! unchanged.
#![allow(unsafe_code, reason = "exported C functions")]

use std::ffi::c_char;

use callback_object_sys::{
    BOOLEAN, CBO_FUNCTIONS, KIRQL, LONG_PTR, NTSTATUS, PCALLBACK_FUNCTION, PCALLBACK_OBJECT,
    PCBO_ACCESS_HOOK, PCBO_DRIVER, PCBO_RELEASE, PCBO_REPORT_HANDLER, PCSTR, PCWSTR, PKIRQL,
    POBJECT_ATTRIBUTES, PUNICODE_STRING, PVOID, ULONG,
};

use std::ptr::NonNull;

use callback_object_sys::{STATUS_INVALID_PARAMETER, STATUS_REVISION_MISMATCH, STATUS_SUCCESS};

use crate::ex::{drivers, level, objects, observe, routines, strings};
use crate::implementation::{Header, active, decide};

/// Increased when a function changes its meaning; a function that is added changes the size.
const REVISION: u32 = 1;

macro_rules! interface {
    ($($home:ident {
        $($abi:literal fn $name:ident($($parameter:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*
    })*) => {
        /// The functions of one implementation, for another image to forward to.
        #[repr(C)]
        #[allow(non_snake_case, reason = "the names are those of the documentation")]
        #[derive(Debug)]
        pub(crate) struct Interface {
            header: Header,
            $($(pub(crate) $name: unsafe extern $abi fn($($type),*) $(-> $result)?,)*)*
        }

        /// This image's implementation.
        pub(crate) static OWN: Interface = Interface {
            header: HEADER,
            $($($name: $home::$name,)*)*
        };

        /// What the shared library exports.
        #[allow(non_snake_case, reason = "the names are those of the documentation")]
        #[allow(clippy::missing_safety_doc, reason = "the contracts stand at the declarations")]
        mod exported {
            use super::*;

            $($(
                #[unsafe(no_mangle)]
                pub(super) unsafe extern $abi fn $name($($parameter: $type),*) $(-> $result)? {
                    /// Decides, out of the way.
                    #[cold]
                    #[inline(never)]
                    unsafe extern $abi fn undecided($($parameter: $type),*) $(-> $result)? {
                        // SAFETY: the contract is the caller's and is the same.
                        unsafe { (Interface::with(decide(&OWN.header)).$name)($($parameter),*) }
                    }
                    match active() {
                        // One way for this image's functions and another's: a load and a jump.
                        // SAFETY: as above.
                        Some(header) => unsafe { (Interface::with(header).$name)($($parameter),*) },
                        // SAFETY: as above.
                        None => unsafe { undecided($($parameter),*) },
                    }
                }
            )*)*
        }

        /// The table is what C programs are told it is.
        const _: () = {
            use std::mem::offset_of;

            assert!(size_of::<Interface>() == size_of::<CBO_FUNCTIONS>());
            $($(
                assert!(offset_of!(Interface, $name) == offset_of!(CBO_FUNCTIONS, $name));
                let _: fn(&CBO_FUNCTIONS) -> unsafe extern $abi fn($($type),*) $(-> $result)? =
                    |functions| functions.$name;
            )*)*
        };

        /// Each function is what its declaration says, or this does not compile.
        const _: () = {
            $($(
                let _: [unsafe extern $abi fn($($type),*) $(-> $result)?; 2] =
                    [exported::$name, callback_object_sys::$name];
            )*)*
        };
    };
}

#[allow(clippy::cast_possible_truncation, reason = "a table of some forty pointers")]
const HEADER: Header = Header { size: size_of::<Interface>() as u32, revision: REVISION };

impl Interface {
    pub(crate) fn header(&'static self) -> &'static Header {
        &self.header
    }

    /// The interface that begins with an active header.
    fn with(header: &'static Header) -> &'static Interface {
        // SAFETY: a header becomes active as the beginning of an interface of this shape, in `OWN` or in
        // `CboAdoptImplementation`, and the interface is a static.
        unsafe { &*std::ptr::from_ref(header).cast::<Interface>() }
    }
}

/// Has the exported functions of this image lead to another image's implementation. Called by that image,
/// see [`share`](crate::share()).
///
/// # Safety
/// The pointer is NULL or leads to an interface of an image that stays loaded.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "a name of the C interface")]
unsafe extern "system" fn CboAdoptImplementation(interface: *const Interface) -> NTSTATUS {
    let Some(header) = NonNull::new(interface.cast_mut().cast::<Header>()) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: not NULL; every interface of every version begins like this.
    let header = unsafe { header.as_ref() };
    if *header != HEADER || !std::ptr::eq(decide(header), header) {
        return STATUS_REVISION_MISMATCH;
    }
    STATUS_SUCCESS
}

interface! {
    strings {
        "system" fn RtlInitUnicodeString(DestinationString: PUNICODE_STRING, SourceString: PCWSTR);
        "system" fn CboInitUnicodeString(DestinationString: PUNICODE_STRING, Source: PCSTR) -> NTSTATUS;
        "system" fn CboFreeUnicodeString(UnicodeString: PUNICODE_STRING);
        "system" fn CboVersion() -> *const c_char;
        "system" fn CboImplementation() -> PVOID;
    }
    objects {
        "system" fn ExCreateCallback(
            CallbackObject: *mut PCALLBACK_OBJECT,
            ObjectAttributes: POBJECT_ATTRIBUTES,
            Create: BOOLEAN,
            AllowMultipleCallbacks: BOOLEAN,
        ) -> NTSTATUS;
        "system" fn CboCreateCallback(
            CallbackObject: *mut PCALLBACK_OBJECT,
            Name: PCSTR,
            Attributes: ULONG,
            Create: BOOLEAN,
            AllowMultipleCallbacks: BOOLEAN,
        ) -> NTSTATUS;
        "system" fn ObReferenceObject(Object: PVOID) -> LONG_PTR;
        "system" fn ObDereferenceObject(Object: PVOID) -> LONG_PTR;
        "system" fn ObMakeTemporaryObject(Object: PVOID);
        "system" fn CboQuerySecurity(CallbackObject: PVOID, Buffer: PVOID, Capacity: ULONG, Length: *mut ULONG) -> NTSTATUS;
        "system" fn CboSetAccessHook(Hook: PCBO_ACCESS_HOOK, Context: PVOID);
    }
    routines {
        "system" fn ExRegisterCallback(
            CallbackObject: PCALLBACK_OBJECT,
            CallbackFunction: PCALLBACK_FUNCTION,
            CallbackContext: PVOID,
        ) -> PVOID;
        "system" fn CboRegisterCallback(
            CallbackObject: PCALLBACK_OBJECT,
            CallbackFunction: PCALLBACK_FUNCTION,
            CallbackContext: PVOID,
            Release: PCBO_RELEASE,
            CallbackRegistration: *mut PVOID,
        ) -> NTSTATUS;
        "system-unwind" fn ExNotifyCallback(CallbackObject: PVOID, Argument1: PVOID, Argument2: PVOID);
        "system-unwind" fn CboNotifyCallback(CallbackObject: PVOID, Argument1: PVOID, Argument2: PVOID) -> NTSTATUS;
        "system" fn ExUnregisterCallback(CallbackRegistration: PVOID);
        "system" fn CboUnregisterCallback(CallbackRegistration: PVOID) -> NTSTATUS;
        "system" fn CboLastStatus() -> NTSTATUS;
        "system" fn CboReportPanic(Message: PCSTR);
    }
    level {
        "system" fn KeGetCurrentIrql() -> KIRQL;
        "system" fn KeRaiseIrql(NewIrql: KIRQL, OldIrql: PKIRQL);
        "system" fn KeRaiseIrqlToDpcLevel() -> KIRQL;
        "system" fn KeLowerIrql(NewIrql: KIRQL);
        "system" fn CboSetViolations(Violations: ULONG, PassiveOnly: BOOLEAN) -> NTSTATUS;
    }
    observe {
        "system" fn CboSetReportHandler(Handler: PCBO_REPORT_HANDLER, Context: PVOID);
    }
    drivers {
        "system" fn CboLoadDriver(Path: PCSTR, Driver: *mut PCBO_DRIVER) -> NTSTATUS;
        "system" fn CboUnloadDriver(Driver: PCBO_DRIVER, Leftovers: ULONG) -> NTSTATUS;
        "system" fn CboPublishSystemObjects() -> NTSTATUS;
        "system" fn CboWithdrawSystemObjects();
    }
    routines {
        "system" fn CboPrepareThread(Depth: ULONG) -> NTSTATUS;
    }
}
