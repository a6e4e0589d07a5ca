//! What the loader of Linux tells about a library beyond `dlopen`: its link map.
//!
//! # Safety
//!
//! As in [`os`](super::os): a [`Handle`] is open while anything uses it.
#![allow(unsafe_code, reason = "the loader's own records are C structures")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::{self, NonNull};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::os::Handle;

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

/// Whether this process runs with more rights than its user, in which case the loader ignores the environment.
pub(super) fn has_raised_privileges() -> bool {
    // SAFETY: getauxval only reads the vector that the kernel gave the process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
