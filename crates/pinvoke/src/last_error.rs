//! The error code that a native function left behind, captured right after the call.
//!
//! `errno` is one integer per thread that any library call may change, so what a native function left
//! there must be read before anything else runs: before results are converted, memory is freed or a
//! message is printed. A call that captures therefore does three things on one line, and nothing in
//! between: *clear*, *invoke*, *read* (.NET's `SetLastError = true`). Clearing first makes the answer
//! meaningful: a function that does not report through `errno` leaves 0, not yesterday's error.
//!
//! ```
//! use pinvoke::last_error::LastError;
//! assert_eq!(LastError(2).to_string(), "errno 2 ENOENT, No such file or directory");
//! let error: std::io::Error = LastError(2).into();
//! assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
//! ```
#![allow(unsafe_code, reason = "errno is a thread-local variable of the C library")]

use std::cell::Cell;
use std::ffi::{CStr, c_int};
use std::fmt;
use std::io;

mod names;

/// `errno` on Unix, `GetLastError` on Windows, as it stood right after a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LastError(pub i32);

impl LastError {
    /// No error.
    pub const NONE: LastError = LastError(0);

    /// The calling thread's `errno` as it stands now.
    #[inline]
    #[must_use]
    pub fn current() -> LastError {
        ErrnoCell::of_this_thread().get()
    }

    /// Makes this the calling thread's `errno`.
    #[inline]
    pub fn set_current(self) {
        ErrnoCell::of_this_thread().set(self);
    }

    /// What the last call of an import with `set_last_error` left on this thread, if its signature has no
    /// place for it (.NET's `Marshal.GetLastPInvokeError`). Other calls do not change it.
    ///
    /// ```
    /// use pinvoke::{LastError, dll_import};
    ///
    /// #[dll_import("libc", set_last_error)]
    /// unsafe extern "C" {
    ///     safe fn close(fd: i32) -> i32;
    /// }
    /// assert_eq!((close(-1), LastError::of_last_import().name()), (-1, Some("EBADF")));
    /// ```
    #[inline]
    #[must_use]
    pub fn of_last_import() -> LastError {
        OF_LAST_IMPORT.get()
    }

    /// Makes this the answer of [`of_last_import`](Self::of_last_import).
    #[inline]
    pub fn remember(self) {
        OF_LAST_IMPORT.set(self);
    }

    /// Whether nothing was reported.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The constant's name, `ENOENT`; `None` for 0 and numbers that this system does not use.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        names::of(self.0)
    }

    /// The C library's text for it in the current locale, as `strerror` gives.
    #[must_use]
    pub fn message(self) -> String {
        let mut buffer = [0_u8; 256];
        // SAFETY: writes at most `len` bytes including the NUL to `buffer` (the POSIX variant, which is
        // what the libc crate binds).
        let failed = unsafe { libc::strerror_r(self.0, buffer.as_mut_ptr().cast(), buffer.len()) };
        match CStr::from_bytes_until_nul(&buffer) {
            Ok(text) if failed == 0 || !text.is_empty() => text.to_string_lossy().into_owned(),
            _ => format!("Unknown error {}", self.0),
        }
    }
}

thread_local! {
    static OF_LAST_IMPORT: Cell<LastError> = const { Cell::new(LastError::NONE) };
}

/// `errno 2 ENOENT, No such file or directory`; `errno 0, Success`.
impl fmt::Display for LastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "errno {} {name}, {}", self.0, self.message()),
            None => write!(f, "errno {}, {}", self.0, self.message()),
        }
    }
}

impl std::error::Error for LastError {}

impl From<LastError> for io::Error {
    fn from(error: LastError) -> io::Error {
        io::Error::from_raw_os_error(error.0)
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
        let errno = unsafe { libc::__errno_location() };
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(other.is_none());
        assert_eq!(LastError::current(), LastError(libc::EBADF));
        assert_eq!(io::Error::from(LastError::current()).raw_os_error(), Some(libc::EBADF));
    }
}
