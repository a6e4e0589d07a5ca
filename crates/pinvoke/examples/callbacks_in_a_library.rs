//! A library for C that makes callbacks of its own: its thunks come from its own file.
#![allow(unsafe_code, reason = "exports a C function")]

use core::ffi::c_int;

use pinvoke::upcall::{Callback, Declaration};

type Unary = unsafe extern "C" fn(c_int) -> c_int;
const ADD: Declaration<Unary> = Declaration::new("add");

/// Makes `count` callbacks that add their own number, calls each with 1 and returns the sum; -1 if
/// there were no thunks.
#[unsafe(no_mangle)]
pub extern "C" fn sum_of_callbacks(count: c_int) -> c_int {
    let callbacks: Result<Vec<Callback<'static, Unary>>, _> =
        (0..count).map(|i| ADD.owned(move |n: c_int| -> c_int { n + i })).collect();
    match callbacks {
        // SAFETY: the callbacks are alive.
        Ok(callbacks) => callbacks.iter().map(|c| unsafe { c.function()(1) }).sum(),
        Err(_) => -1,
    }
}
