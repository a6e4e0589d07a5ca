//! Counted strings, and what this implementation says of itself.
//!
//! # Safety
//!
//! Pointers come from C; each function says in `callback-object-sys` what they must lead to. NULL is checked.
#![allow(unsafe_code, non_snake_case, reason = "functions of the C interface")]

use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};

use callback_object::{MAX_UNITS, Status};
use callback_object_sys::{
    NTSTATUS, PCSTR, PCWSTR, PUNICODE_STRING, PVOID, STATUS_SUCCESS, UNICODE_STRING, USHORT,
};

use super::ntstatus;
use crate::implementation;

const EMPTY: UNICODE_STRING = UNICODE_STRING { Length: 0, MaximumLength: 0, Buffer: ptr::null_mut() };

/// Bytes of this many units; at most 65,534.
fn bytes(units: usize) -> USHORT {
    USHORT::try_from(units * 2).unwrap_or(USHORT::MAX - 1)
}

pub(crate) unsafe extern "system" fn RtlInitUnicodeString(destination: PUNICODE_STRING, source: PCWSTR) {
    let Some(destination) = NonNull::new(destination) else { return };
    let mut string = EMPTY;
    if !source.is_null() {
        // SAFETY: the source ends with 0, and nothing behind the 0 is read.
        let is_unit = |at: &usize| unsafe { source.wrapping_add(*at).read_unaligned() } != 0;
        let units = (0..MAX_UNITS).take_while(is_unit).count();
        string = UNICODE_STRING {
            Length: bytes(units),
            MaximumLength: bytes(units + 1),
            Buffer: source.cast_mut(),
        };
    }
    // SAFETY: not NULL, so there is room for a string.
    unsafe { destination.write_unaligned(string) };
}

pub(crate) unsafe extern "system" fn CboInitUnicodeString(
    destination: PUNICODE_STRING,
    source: PCSTR,
) -> NTSTATUS {
    let (Some(destination), false) = (NonNull::new(destination), source.is_null()) else {
        return ntstatus(Status::INVALID_PARAMETER);
    };
    // SAFETY: not NULL, so it ends with 0.
    let Ok(text) = unsafe { CStr::from_ptr(source) }.to_str() else {
        return ntstatus(Status::OBJECT_NAME_INVALID);
    };
    let units: Box<[u16]> = text.encode_utf16().chain([0]).collect();
    if units.len() > MAX_UNITS {
        return ntstatus(Status::OBJECT_NAME_INVALID);
    }
    let maximum = bytes(units.len());
    let buffer = Box::into_raw(units).cast::<u16>();
    // SAFETY: not NULL, so there is room for a string.
    unsafe {
        destination.write(UNICODE_STRING { Length: maximum - 2, MaximumLength: maximum, Buffer: buffer })
    };
    STATUS_SUCCESS
}

pub(crate) unsafe extern "system" fn CboFreeUnicodeString(string: PUNICODE_STRING) {
    let Some(string) = NonNull::new(string) else { return };
    // SAFETY: not NULL, so it leads to a string.
    let UNICODE_STRING { MaximumLength, Buffer, .. } = unsafe { string.replace(EMPTY) };
    if Buffer.is_null() {
        return;
    }
    let units = ptr::slice_from_raw_parts_mut(Buffer, usize::from(MaximumLength / 2));
    // SAFETY: a string of `CboInitUnicodeString`, whose buffer is a box of as many units.
    drop(unsafe { Box::from_raw(units) });
}

pub(crate) unsafe extern "system" fn CboVersion() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

pub(crate) unsafe extern "system" fn CboImplementation() -> PVOID {
    implementation::identity()
}
