//! `errno` of Unix: an integer of the thread, in the C library.
#![allow(unsafe_code, reason = "errno is a thread-local variable of the C library")]

use core::ffi::{CStr, c_int};

use super::LastError;
use super::errno;

/// What a code is called in messages.
pub(super) const WORD: &str = "errno";

pub(super) use super::errno::LIBRARY_MISSING;
/// An entry point is missing.
pub(super) const ENTRY_POINT_MISSING: c_int = libc::ENOSYS;
/// A value cannot be converted.
pub(super) const INVALID_VALUE: c_int = libc::EINVAL;

pub(super) fn name(errno: c_int) -> Option<&'static str> {
    errno::of(errno)
}

/// The code as messages show it.
pub(super) fn shown(errno: c_int) -> i32 {
    errno
}

pub(super) fn message(errno: c_int) -> String {
    let mut buffer = [0_u8; 256];
    // SAFETY: writes at most `len` bytes including the NUL to `buffer` (the POSIX variant, which is
    // what the libc crate binds).
    let failed = unsafe { libc::strerror_r(errno, buffer.as_mut_ptr().cast(), buffer.len()) };
    match CStr::from_bytes_until_nul(&buffer) {
        Ok(text) if failed == 0 || !text.is_empty() => text.to_string_lossy().into_owned(),
        _ => format!("Unknown error {errno}"),
    }
}

/// The calling thread's `errno`, looked up once and used for clearing and reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrnoCell {
    /// Not `Send`: valid on the thread that looked it up.
    errno: *mut c_int,
}

impl ErrnoCell {
    #[inline]
    pub(crate) fn of_this_thread() -> ErrnoCell {
        // SAFETY: takes nothing, and gives an address that is valid for the life of the thread.
        let errno = unsafe { errno::location() };
        ErrnoCell { errno }
    }

    #[inline]
    pub(crate) fn get(self) -> LastError {
        // SAFETY: the address is valid and of this thread, the only one to touch it. Volatile, because
        // the call between `set` and `get` changes it behind the compiler's back.
        LastError(unsafe { self.errno.read_volatile() })
    }

    #[inline]
    pub(crate) fn set(self, value: LastError) {
        // SAFETY: as in `get`.
        unsafe { self.errno.write_volatile(value.0) }
    }
}

/// The last error that native code and a closure leave each other: nothing between the two changes `errno` here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sheltered(());

impl Sheltered {
    #[inline(always)]
    pub(crate) fn now() -> Sheltered {
        Sheltered(())
    }

    #[inline(always)]
    pub(crate) fn put_back(self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ffi::CStr;
    use std::io;

    #[test]
    fn names_are_those_of_the_c_library() {
        type NameOf = unsafe extern "C" fn(c_int) -> *const core::ffi::c_char;
        // glibc 2.32 and later; other libraries have no such function.
        // SAFETY: a C string.
        let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"strerrorname_np".as_ptr()) };
        if address.is_null() {
            return;
        }
        // SAFETY: the function of this name has this type.
        let name_of = unsafe { core::mem::transmute::<*mut core::ffi::c_void, NameOf>(address) };
        for errno in (-1..=200).filter(|e| *e != 0) {
            // SAFETY: takes any number.
            let name = unsafe { name_of(errno) };
            // SAFETY: the name is a C string, if there is one.
            let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) });
            assert_eq!(LastError(errno).name().map(str::as_bytes), name.map(CStr::to_bytes), "errno {errno}");
        }
    }

    #[test]
    fn every_number_has_a_text() {
        assert_eq!(LastError(13).to_string(), "errno 13 EACCES, Permission denied");
        assert_eq!(LastError(0).to_string(), "errno 0, Success");
        assert_eq!(LastError(9999).to_string(), "errno 9999, Unknown error 9999");
        assert_eq!(LastError(-5).to_string(), "errno -5, Unknown error -5");
    }

    #[test]
    fn current_is_the_threads_own() {
        LastError(libc::EBADF).set_current();
        let other = std::thread::spawn(LastError::current).join().unwrap();
        // Not zero everywhere: a system call of the thread's own beginning may have failed.
        assert_ne!(other, LastError(libc::EBADF));
        assert_eq!(LastError::current(), LastError(libc::EBADF));
        assert_eq!(io::Error::from(LastError::current()).raw_os_error(), Some(libc::EBADF));
    }
}
