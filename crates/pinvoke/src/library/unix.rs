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

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::{self, NonNull};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

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

/// Loads a library; the error is in the loader's own words.
pub(super) fn open(file: &CStr) -> Result<Handle, String> {
    open_raw(file.as_ptr())
}

/// The running program and everything that is visible in it.
pub(super) fn own_process() -> Result<Handle, String> {
    open_raw(ptr::null())
}

/// Whether the loader has a library of this name (or file) already. Loads nothing.
pub(super) fn is_loaded(name: &OsStr) -> bool {
    let Ok(name) = c_name(name) else { return false };
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

// `dlfcn.h` of glibc and of musl, which agree; the `libc` crate has them for glibc alone.
const RTLD_DI_LINKMAP: c_int = 2;
unsafe extern "C" {
    fn dlinfo(handle: *mut c_void, request: c_int, answer: *mut c_void) -> c_int;
}

/// The start of glibc's and musl's `struct link_map`, the part that `<link.h>` documents.
#[repr(C)]
struct LinkMap {
    load_bias: usize,
    name: *const c_char,
}

/// The file that the loader mapped for this library. `None` for the program itself, whose entry has no name.
pub(super) fn path(library: Handle) -> Option<PathBuf> {
    let map = link_map(library)?;
    // SAFETY: `link_map` returns a pointer to the loader's live entry of an open library.
    let name = unsafe { (*map.as_ptr()).name };
    if name.is_null() {
        return None;
    }
    // SAFETY: `l_name` is documented as the name of the file, a C string; the loader keeps it while the library
    // is open, and it is copied here.
    let name = unsafe { CStr::from_ptr(name) };
    let path = Path::new(OsStr::from_bytes(name.to_bytes()));
    if path.as_os_str().is_empty() {
        return None;
    }
    Some(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// What the loader added to every address that the library's file names.
pub(super) fn load_bias(library: Handle) -> Option<usize> {
    let map = link_map(library)?;
    // SAFETY: `link_map` returns a pointer to the loader's live entry of an open library.
    Some(unsafe { (*map.as_ptr()).load_bias })
}

fn link_map(library: Handle) -> Option<NonNull<LinkMap>> {
    let mut map: *mut LinkMap = ptr::null_mut();
    let out: *mut *mut LinkMap = &raw mut map;
    // SAFETY: RTLD_DI_LINKMAP stores one pointer to a link_map into the place given, which `out` is; the handle
    // is open by the invariant of `Handle`.
    let status: c_int = unsafe { dlinfo(library.as_raw(), RTLD_DI_LINKMAP, out.cast()) };
    if status == 0 { NonNull::new(map) } else { None }
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

/// Whether this process runs with more rights than its user, in which case the loader ignores the environment.
pub(super) fn has_raised_privileges() -> bool {
    // SAFETY: getauxval only reads the vector that the kernel gave the process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// A file name as the loader takes it: the bytes, and a NUL that is not among them. The error is its offset.
pub(super) fn c_name(name: &OsStr) -> Result<std::ffi::CString, usize> {
    std::ffi::CString::new(name.as_bytes()).map_err(|nul| nul.nul_position())
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
