//! The loader of Unix: `dlopen` and its family.
//!
//! Libraries are opened lazily (functions are bound at their first call, as .NET does it) and locally (their
//! symbols do not become visible to libraries loaded later). `dlerror` keeps its message per thread and until
//! the next call, so every function here reads it on the same thread right after the call it belongs to.
//!
//! # Safety
//!
//! Opening a library runs its initialisers, which may do anything; that is what loading means, and no more can
//! be proved about it here than about starting a program. Everything else rests on one invariant: a [`Handle`]
//! holds what `dlopen` returned and is not closed while anything uses it, which is the promise that the
//! `unsafe` function `Library::close` asks for.
#![allow(unsafe_code, reason = "the system's loader is a C interface")]

use core::ffi::{CStr, c_char, c_void};
use core::ptr::{self, NonNull};
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::LoadFlags;
pub(super) use super::image::{has_raised_privileges, load_bias, path};

/// An open library, as the loader knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Handle(NonNull<c_void>);

// SAFETY: a handle is a key into the loader's own table. POSIX gives dlopen, dlsym and dlclose no thread to
// belong to, and the loader locks its table itself.
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

/// A file name as the loader takes it.
pub(super) type NativeName = CString;

/// Loads a library; the error is in the loader's own words. The search path of a declaration is Windows'
/// own, so `how` is not looked at.
pub(super) fn open(file: &NativeName, _how: LoadFlags) -> Result<Handle, String> {
    open_raw(file.as_ptr())
}

/// The running program and everything that is visible in it.
pub(super) fn own_process() -> Result<Handle, String> {
    open_raw(ptr::null())
}

/// Whether the loader has a library of this name (or file) already. Loads nothing.
pub(super) fn is_loaded(name: &OsStr) -> bool {
    let Ok(name) = native_name(name) else { return false };
    // SAFETY: `name` ends with NUL and outlives the call; RTLD_NOLOAD runs no foreign code.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
    let Some(handle) = Handle::from_raw(handle) else { return false };
    // SAFETY: the handle is the one that was just counted, and nothing else knows it; whoever loaded the library
    // still holds it.
    let _ = unsafe { close(handle) };
    true
}

fn open_raw(file: *const c_char) -> Result<Handle, String> {
    forget_message();
    // SAFETY: `file` is null or, as a `CStr`, a string that ends with NUL and outlives the call.
    let handle = unsafe { libc::dlopen(file, libc::RTLD_LAZY | libc::RTLD_LOCAL) };
    match Handle::from_raw(handle) {
        Some(handle) => Ok(handle),
        None => Err(message().unwrap_or_else(|| "the loader gave no reason".to_owned())),
    }
}

/// The address of a symbol, which may be null; the error is in the loader's own words.
pub(super) fn symbol(library: Handle, name: &CStr) -> Result<*mut c_void, String> {
    forget_message();
    // SAFETY: the handle is open by the invariant of `Handle`; the name ends with NUL.
    let address = unsafe { libc::dlsym(library.as_raw(), name.as_ptr()) };
    if address.is_null() {
        // A symbol may have the value null. Only the message tells that from a missing one.
        return message().map_or(Ok(address), Err);
    }
    Ok(address)
}

/// No loader of Unix numbers exports.
pub(super) fn by_ordinal(_library: Handle, number: u16) -> Result<*mut c_void, String> {
    Err(format!("#{number}: this system does not number exports"))
}

/// Gives a library back to the loader.
///
/// # Safety
///
/// Nothing that came from this handle is used after the call: no code, no data, no copy of the handle.
pub(super) unsafe fn close(library: Handle) -> Result<(), String> {
    forget_message();
    // SAFETY: the handle is open by the invariant of `Handle`, and the caller promises not to use it again.
    let status = unsafe { libc::dlclose(library.as_raw()) };
    if status == 0 {
        return Ok(());
    }
    Err(message().unwrap_or_else(|| "the loader gave no reason".to_owned()))
}

/// The file of the loaded library that contains an address.
pub(super) fn file_of(address: *const c_void) -> Option<PathBuf> {
    let mut info = libc::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: dladdr takes any address at all, only compares it, and fills the structure it is given.
    let found = unsafe { libc::dladdr(address, &raw mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: dladdr succeeded, so `dli_fname` is the C string of the loader's entry; it is copied here.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(PathBuf::from(OsString::from_vec(name.to_bytes().to_vec())))
}

/// A file name as the loader takes it: the bytes, and a NUL that is not among them. The error is its offset.
pub(super) fn native_name(name: &OsStr) -> Result<NativeName, usize> {
    CString::new(name.as_bytes()).map_err(|nul| nul.nul_position())
}

fn forget_message() {
    // SAFETY: dlerror has no precondition; the message it returns is not looked at.
    unsafe { libc::dlerror() };
}

fn message() -> Option<String> {
    // SAFETY: dlerror has no precondition.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return None;
    }
    // SAFETY: a message that is not null is a C string that stays until this thread's next call of a dl
    // function; it is copied here.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}
