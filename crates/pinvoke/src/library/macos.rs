//! What the loader of macOS tells about a library beyond `dlopen`: its list of images.
//!
//! A handle does not lead to its image, so the image is the one whose name opens as the same handle.
//!
//! # Safety
//!
//! As in [`os`](super::os): a [`Handle`] is open while anything uses it.
#![allow(unsafe_code, reason = "the loader's own records are C structures")]

use core::ffi::{CStr, c_char};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::os::Handle;

// <mach-o/dyld.h>
unsafe extern "C" {
    fn _dyld_image_count() -> u32;
    fn _dyld_get_image_name(number: u32) -> *const c_char;
    fn _dyld_get_image_vmaddr_slide(number: u32) -> isize;
}

/// The number of the image that this handle belongs to.
fn image(library: Handle) -> Option<u32> {
    // SAFETY: takes nothing.
    let count = unsafe { _dyld_image_count() };
    (0..count).find(|number| {
        // SAFETY: any number may be asked for; null for those that are gone.
        let name = unsafe { _dyld_get_image_name(*number) };
        if name.is_null() {
            return false;
        }
        // SAFETY: the name is a C string; RTLD_NOLOAD runs no foreign code.
        let handle = unsafe { libc::dlopen(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
        if handle.is_null() {
            return false;
        }
        // SAFETY: gives back what was just counted.
        unsafe { libc::dlclose(handle) };
        handle == library.as_raw()
    })
}

/// The file that the loader mapped for this library.
pub(super) fn path(library: Handle) -> Option<PathBuf> {
    // SAFETY: any number may be asked for.
    let name = unsafe { _dyld_get_image_name(image(library)?) };
    if name.is_null() {
        return None;
    }
    // SAFETY: the loader's own C string, copied here.
    let name = unsafe { CStr::from_ptr(name) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

/// What the loader added to every address that the library's file names.
pub(super) fn load_bias(library: Handle) -> Option<usize> {
    // SAFETY: any number may be asked for.
    let slide = unsafe { _dyld_get_image_vmaddr_slide(image(library)?) };
    Some(slide.cast_unsigned())
}

/// Whether this process runs with more rights than its user, in which case the loader ignores the environment.
pub(super) fn has_raised_privileges() -> bool {
    // SAFETY: takes nothing.
    unsafe { libc::issetugid() != 0 }
}
