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
//! # #[cfg(unix)]
//! assert_eq!(LastError(2).to_string(), "errno 2 ENOENT, No such file or directory");
//! # #[cfg(windows)]
//! # assert!(LastError(2).to_string().starts_with("error 2 ERROR_FILE_NOT_FOUND, "));
//! let error: std::io::Error = LastError(2).into();
//! assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
//! ```
//!
//! On Windows all this is said of `GetLastError`, and a system's own words stand in the messages:
//! `error 3 ERROR_PATH_NOT_FOUND, Path not found`.
#![allow(unsafe_code, reason = "errno is a thread-local variable of the C library")]

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod errno;
#[cfg(target_vendor = "apple")]
#[path = "macos.rs"]
mod errno;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

use std::cell::Cell;
use std::fmt;
use std::io;

pub(crate) use system::{ErrnoCell, Sheltered};

/// `errno` on Unix, `GetLastError` on Windows, as it stood right after a call.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::{LastError, dll_import};
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn chdir(path: &str) -> Result<(), LastError>;
/// }
///
/// let error = chdir("/no/such/directory").unwrap_err();
/// assert_eq!((error.0, error.name()), (2, Some("ENOENT")));
/// assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::NotFound);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LastError(pub i32);

impl LastError {
    /// No error.
    pub const NONE: LastError = LastError(0);

    /// The calling thread's `errno` as it stands now.
    ///
    /// ```
    /// use pinvoke::LastError;
    ///
    /// // A callback that native code asks about failure by `errno` reads what was there...
    /// LastError(2).set_current();
    /// assert_eq!(LastError::current(), LastError(2));
    /// // ...and other code of the thread may change it at any time, so a call is better captured.
    /// LastError::NONE.set_current();
    /// assert!(LastError::current().is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn current() -> LastError {
        ErrnoCell::of_this_thread().get()
    }

    /// Makes this the calling thread's `errno`.
    ///
    /// In a callback, what native code will find there:
    ///
    /// ```
    /// use pinvoke::LastError;
    ///
    /// extern "C" fn read_nothing(_buffer: *mut u8, _size: usize) -> isize {
    ///     LastError(5).set_current(); // EIO
    ///     -1
    /// }
    ///
    /// let (result, error) = pinvoke::call::capture(|| read_nothing(std::ptr::null_mut(), 0));
    /// assert_eq!((result, error), (-1, LastError(5)));
    /// ```
    #[inline]
    pub fn set_current(self) {
        ErrnoCell::of_this_thread().set(self);
    }

    /// What the last call of an import with `set_last_error` left on this thread, if its signature has no
    /// place for it (.NET's `Marshal.GetLastPInvokeError`). Other calls do not change it.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::{LastError, dll_import};
    ///
    /// #[dll_import("libc", set_last_error)]
    /// unsafe extern "C" {
    ///     safe fn close(fd: i32) -> i32;
    /// }
    /// assert_eq!((close(-1), LastError::of_last_import().name()), (-1, Some("EBADF")));
    /// # }
    /// ```
    #[inline]
    #[must_use]
    pub fn of_last_import() -> LastError {
        OF_LAST_IMPORT.get()
    }

    /// Makes this the answer of [`of_last_import`](Self::of_last_import).
    ///
    /// For a wrapper that makes the call itself and has its users ask as they ask after an import:
    ///
    /// ```
    /// use pinvoke::LastError;
    ///
    /// fn remove(path: &std::path::Path) -> bool {
    ///     let result = std::fs::remove_file(path);
    ///     let code = result.as_ref().err().and_then(std::io::Error::raw_os_error);
    ///     LastError(code.unwrap_or(0)).remember();
    ///     result.is_ok()
    /// }
    /// assert!(!remove("no-such-file".as_ref()));
    /// assert_eq!(LastError::of_last_import(), LastError(2));
    /// ```
    #[inline]
    pub fn remember(self) {
        OF_LAST_IMPORT.set(self);
    }

    /// Whether nothing was reported.
    ///
    /// ```
    /// use pinvoke::call::capture;
    ///
    /// let (absolute, error) = capture(|| i32::abs(-5));
    /// assert!(absolute == 5 && error.is_none());
    /// let (_, error) = capture(|| std::fs::metadata("no-such-file"));
    /// assert!(!error.is_none());
    /// ```
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The constant's name, `ENOENT`; `None` for 0 and numbers that this system does not use.
    ///
    /// ```
    /// use pinvoke::LastError;
    ///
    /// assert_eq!(LastError(2).name(), Some(if cfg!(windows) { "ERROR_FILE_NOT_FOUND" } else { "ENOENT" }));
    /// assert_eq!(LastError::NONE.name(), None);
    /// assert_eq!(LastError(-1).name(), None);
    /// ```
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        system::name(self.0)
    }

    /// The system's text for it: `strerror` in the current locale, or `FormatMessage`.
    ///
    /// ```
    /// use pinvoke::LastError;
    ///
    /// // In the language of the system or the locale, so for people only:
    /// let message = LastError(2).message();
    /// assert!(!message.is_empty());
    /// # #[cfg(target_os = "linux")]
    /// assert_eq!(message, "No such file or directory");
    /// ```
    #[must_use]
    pub fn message(self) -> String {
        system::message(self.0)
    }

    /// What stands for a library that is missing, in signatures that have room for a code only.
    pub(crate) const LIBRARY_MISSING: LastError = LastError(system::LIBRARY_MISSING);
    /// The same for an entry point.
    pub(crate) const ENTRY_POINT_MISSING: LastError = LastError(system::ENTRY_POINT_MISSING);
    /// The same for a value that cannot be converted.
    pub(crate) const INVALID_VALUE: LastError = LastError(system::INVALID_VALUE);
}

thread_local! {
    static OF_LAST_IMPORT: Cell<LastError> = const { Cell::new(LastError::NONE) };
}

/// `errno 2 ENOENT, No such file or directory`; `errno 0, Success`; on Windows
/// `error 3 ERROR_PATH_NOT_FOUND, Path not found`.
impl fmt::Display for LastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {} {name}, {}", system::WORD, system::shown(self.0), self.message()),
            None => write!(f, "{} {}, {}", system::WORD, system::shown(self.0), self.message()),
        }
    }
}

impl std::error::Error for LastError {}

impl From<LastError> for io::Error {
    fn from(error: LastError) -> io::Error {
        io::Error::from_raw_os_error(error.0)
    }
}
