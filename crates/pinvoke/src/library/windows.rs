//! The loader of Windows: `LoadLibraryEx` and its family.
//!
//! A missing file and a missing dependency must be errors of the call and no dialog box, so every load runs with
//! `SEM_FAILCRITICALERRORS`. The loader counts how often a library was opened; the module handle is the address
//! that its image was mapped at, which makes it the load bias as well.
//!
//! # Safety
//!
//! Opening a library runs its `DllMain` and its dependencies', which may do anything; that is what loading means.
//! Everything else rests on one invariant: a [`Handle`] holds what the loader returned and is not closed while
//! anything uses it, which is the promise that the `unsafe` function `Library::close` asks for.
#![allow(unsafe_code, reason = "the system's loader is a C interface")]

use core::ffi::{CStr, c_void};
use core::ptr::{NonNull, null, null_mut};
use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use windows_sys::Win32::Foundation::{FreeLibrary, HMODULE};
use windows_sys::Win32::System::Diagnostics::Debug::{SEM_FAILCRITICALERRORS, SetThreadErrorMode};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleFileNameW,
    GetModuleHandleExW, GetModuleHandleW, GetProcAddress, LoadLibraryExW,
};
use windows_sys::Win32::System::ProcessStatus::K32EnumProcessModules;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::LoadFlags;
use crate::last_error::LastError;

/// An open library, as the loader knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Handle(NonNull<c_void>);

// SAFETY: a module handle is an address and a key into the loader's table; it belongs to no thread, and the loader
// locks its table itself.
unsafe impl Send for Handle {}
// SAFETY: as for Send; no operation on a handle changes it.
unsafe impl Sync for Handle {}

impl Handle {
    pub(super) fn from_raw(handle: *mut c_void) -> Option<Handle> {
        NonNull::new(handle).map(Handle)
    }

    pub(super) fn as_raw(self) -> *mut c_void {
        self.0.as_ptr()
    }
}

/// A file name as the loader takes it: UTF-16 that ends with NUL.
pub(super) struct NativeName(Vec<u16>);

/// The name, and a NUL that is not among its units; the error is its offset, in units.
pub(super) fn native_name(name: &OsStr) -> Result<NativeName, usize> {
    let mut units: Vec<u16> = name.encode_wide().collect();
    match units.iter().position(|unit| *unit == 0) {
        Some(offset) => Err(offset),
        None => {
            units.push(0);
            Ok(NativeName(units))
        }
    }
}

/// Loads a library; the error is in the system's words.
pub(super) fn open(file: &NativeName, how: LoadFlags) -> Result<Handle, String> {
    let _quiet = NoDialogs::begin();
    // SAFETY: the name ends with NUL and outlives the call; the third argument is reserved and null.
    let handle = unsafe { LoadLibraryExW(file.0.as_ptr(), null_mut(), how.0) };
    Handle::from_raw(handle).ok_or_else(refusal)
}

/// Errors are returned and not shown in a dialog box, on this thread, until this is dropped.
struct NoDialogs(u32);

impl NoDialogs {
    fn begin() -> NoDialogs {
        let mut before = 0;
        // SAFETY: stores the former mode in `before`. It fails for unknown modes only.
        unsafe { SetThreadErrorMode(SEM_FAILCRITICALERRORS, &raw mut before) };
        NoDialogs(before)
    }
}

impl Drop for NoDialogs {
    fn drop(&mut self) {
        let error = LastError::current();
        // SAFETY: as above; the former mode may be left unasked.
        unsafe { SetThreadErrorMode(self.0, null_mut()) };
        error.set_current();
    }
}

/// The running program. Lookups in it go through every library that is loaded.
pub(super) fn own_process() -> Result<Handle, String> {
    // SAFETY: null names the program.
    Handle::from_raw(unsafe { GetModuleHandleW(null()) }).ok_or_else(refusal)
}

/// Whether a library of this name (or file) is loaded already. Loads nothing.
pub(super) fn is_loaded(name: &OsStr) -> bool {
    let Ok(name) = native_name(name) else { return false };
    // SAFETY: the name ends with NUL and outlives the call.
    !unsafe { GetModuleHandleW(name.0.as_ptr()) }.is_null()
}

/// The address of an export; the error is in the system's words.
pub(super) fn symbol(library: Handle, name: &CStr) -> Result<*mut c_void, String> {
    let found = exported(library.as_raw(), name.as_ptr().cast());
    found.or_else(|error| {
        if own_process() != Ok(library) {
            return Err(error);
        }
        loaded_modules()
            .into_iter()
            .find_map(|module| exported(module, name.as_ptr().cast()).ok())
            .ok_or(error)
    })
}

/// The address of a numbered export; the error is in the system's words.
pub(super) fn by_ordinal(library: Handle, number: u16) -> Result<*mut c_void, String> {
    // `MAKEINTRESOURCE`: a number where the address of a name would be, in the page that is never mapped.
    exported(library.as_raw(), core::ptr::without_provenance(usize::from(number)))
}

fn exported(module: HMODULE, name_or_ordinal: *const u8) -> Result<*mut c_void, String> {
    // SAFETY: the module is open by the invariant of `Handle`, or is one of the process; the name ends with NUL or
    // is an ordinal.
    let address = unsafe { GetProcAddress(module, name_or_ordinal) };
    address.map(|function| function as *mut c_void).ok_or_else(refusal)
}

/// Every module of the process, in the order in which they were loaded.
fn loaded_modules() -> Vec<HMODULE> {
    let mut modules: Vec<HMODULE> = vec![null_mut(); 256];
    loop {
        let room = u32::try_from(size_of_val(&*modules)).unwrap_or(u32::MAX);
        let mut needed = 0;
        // SAFETY: no argument; the handle of this process needs no closing.
        let process = unsafe { GetCurrentProcess() };
        // SAFETY: `room` bytes may be written to `modules`, and a number to `needed`.
        let done = unsafe { K32EnumProcessModules(process, modules.as_mut_ptr(), room, &raw mut needed) };
        if done == 0 {
            return Vec::new();
        }
        let found = needed as usize / size_of::<HMODULE>();
        if found <= modules.len() {
            modules.truncate(found);
            return modules;
        }
        modules.resize(found, null_mut());
    }
}

/// Gives a library back to the loader.
///
/// # Safety
///
/// Nothing that came from this handle is used after the call: no code, no data, no copy of the handle.
pub(super) unsafe fn close(library: Handle) -> Result<(), String> {
    // SAFETY: the handle is open by the invariant of `Handle`, and the caller promises not to use it again.
    let closed = unsafe { FreeLibrary(library.as_raw()) };
    if closed == 0 { Err(refusal()) } else { Ok(()) }
}

/// The file that the loader mapped for this library.
pub(super) fn path(library: Handle) -> Option<PathBuf> {
    file_of_module(library.as_raw())
}

fn file_of_module(module: HMODULE) -> Option<PathBuf> {
    let mut units = vec![0_u16; 260];
    loop {
        let room = u32::try_from(units.len()).ok()?;
        // SAFETY: at most `room` units are written; the module is open by the invariant of `Handle`.
        let length = unsafe { GetModuleFileNameW(module, units.as_mut_ptr(), room) };
        match length {
            0 => return None,
            // It was cut.
            full if full == room => units.resize(units.len() * 2, 0),
            length => return Some(OsString::from_wide(units.get(..length as usize)?).into()),
        }
    }
}

/// What the loader added to every address that the library's file names, counted from the image's start.
#[expect(clippy::unnecessary_wraps, reason = "other systems may not know it")]
pub(super) fn load_bias(library: Handle) -> Option<usize> {
    Some(library.as_raw().addr())
}

/// The file of the loaded library that contains an address.
pub(super) fn file_of(address: *const c_void) -> Option<PathBuf> {
    let mut module = null_mut();
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    // SAFETY: with these flags the second argument is any address, which is only compared; the handle is stored in
    // `module`.
    let found = unsafe { GetModuleHandleExW(flags, address.cast(), &raw mut module) };
    if found == 0 { None } else { file_of_module(module) }
}

/// No environment variable of the search is taken away from programs with raised rights.
pub(super) fn has_raised_privileges() -> bool {
    false
}

/// The last error in the system's words, with its number, which is how people look it up.
fn refusal() -> String {
    let error = LastError::current();
    format!("{} ({error})", error.message(), error = format_args!("error {}", error.0))
}
