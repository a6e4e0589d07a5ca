//! A closure as a routine: how it is called, how its panics are kept in, how it is freed.
//!
//! # Safety
//!
//! The context of a routine is a boxed closure. The implementation calls [`call`] with it between the
//! registration and the [`release`], never after it, and calls `release` once.
#![allow(unsafe_code, reason = "the closure travels as an untyped pointer")]

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use callback_object_sys::{CboReportPanic, PVOID};

/// Calls the closure behind a context.
pub(crate) unsafe extern "system-unwind" fn call<F: Fn(PVOID, PVOID)>(context: PVOID, a: PVOID, b: PVOID) {
    // SAFETY: the context is the box of the registration, which lives as long as its routine may be called.
    let routine = unsafe { &*context.cast::<F>() };
    // A closure that has panicked is called again at the next notification, as it is in a single program.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| routine(a, b))) {
        report(&*payload);
        // The payload's own destructor is the driver's code as well.
        if catch_unwind(AssertUnwindSafe(|| drop(payload))).is_err() {
            report(&"a panic's payload panicked when it was dropped");
        }
    }
}

/// Frees the closure behind a context.
pub(crate) unsafe extern "system" fn release<F>(context: PVOID) {
    // SAFETY: the context is the box of the registration, which is over and was not freed before.
    let routine = unsafe { Box::from_raw(context.cast::<F>()) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(routine))) {
        report(&*payload);
        std::mem::forget(payload);
    }
}

/// Tells the implementation of a panic, which decides what becomes of the process.
pub(crate) fn report(payload: &dyn std::any::Any) {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the text ends with 0 and lives until the call has returned.
    unsafe { CboReportPanic(text.as_ptr()) };
}
