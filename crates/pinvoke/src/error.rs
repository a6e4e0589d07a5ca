//! What a declared call can fail of.

use std::cell::RefCell;
use std::io;

use crate::import::BindError;
use crate::last_error::LastError;
use crate::marshal::MarshalError;
use crate::status::{HResult, NtStatus};

/// The failure of a declared call, for signatures that return `Result<T, pinvoke::Error>`.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::{Error, dll_import};
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn close(fd: i32) -> Result<i32, Error>;
///     safe fn no_such_function() -> Result<i32, Error>;
///     safe fn strlen(text: &str) -> Result<usize, Error>;
/// }
///
/// assert!(matches!(close(-1), Err(Error::Last(last)) if last.name() == Some("EBADF")));
/// assert!(matches!(no_such_function(), Err(Error::Bind(_))));
/// assert!(matches!(strlen("cut\0short"), Err(Error::Marshal(_))));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The function is not there: its library, or the entry point.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// An argument or the result could not be converted.
    #[error(transparent)]
    Marshal(#[from] MarshalError),
    /// The function itself reported failure, and the last error says why.
    #[error(transparent)]
    Last(#[from] LastError),
    /// The function returned this.
    #[error(transparent)]
    HResult(#[from] HResult),
    /// The function returned this.
    #[error(transparent)]
    NtStatus(#[from] NtStatus),
}

thread_local! {
    static REPORT: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// What lay behind the last error code on this thread that a call returned without its function having
/// set it: `Result<T, LastError>` and `io::Result<T>` have no room for more than a number.
///
/// ```
/// use pinvoke::{LastError, dll_import};
///
/// #[dll_import("no-such-library")]
/// unsafe extern "C" {
///     safe fn answer() -> Result<i32, LastError>;
/// }
///
/// let code = answer().unwrap_err();
/// assert_eq!(code.name(), Some(if cfg!(windows) { "ERROR_MOD_NOT_FOUND" } else { "ELIBACC" }));
/// let report = pinvoke::error::take_report().unwrap();
/// assert!(report.to_string().starts_with("cannot bind `answer` of the library \"no-such-library\""));
/// ```
#[must_use]
pub fn take_report() -> Option<Error> {
    REPORT.with_borrow_mut(Option::take)
}

/// `ELIBACC` (a library is missing), `ENOSYS` (an entry point is missing) or `EINVAL` (a value cannot be
/// converted) stand for what is no error of the function; [`take_report`] has the rest. Windows has
/// `ERROR_MOD_NOT_FOUND`, `ERROR_PROC_NOT_FOUND` and `ERROR_INVALID_PARAMETER` for them.
impl From<Error> for LastError {
    #[inline]
    fn from(error: Error) -> LastError {
        if let Error::Last(last) = error {
            // Nothing to drop, which rustc does not see: failing calls are often the expected ones.
            core::mem::forget(error);
            return last;
        }
        stand_in(error)
    }
}

/// The code that stands for something else, which is kept as the report.
#[cold]
#[inline(never)]
fn stand_in(error: Error) -> LastError {
    let code = match &error {
        Error::Last(last) => return *last,
        Error::Bind(bind) => match bind.failure() {
            crate::import::BindFailure::Library(_) => LastError::LIBRARY_MISSING,
            _ => LastError::ENTRY_POINT_MISSING,
        },
        Error::Marshal(_) => LastError::INVALID_VALUE,
        Error::HResult(HResult(status)) | Error::NtStatus(NtStatus(status)) => LastError(*status),
    };
    REPORT.set(Some(error));
    code
}

impl From<Error> for io::Error {
    #[cold]
    fn from(error: Error) -> io::Error {
        match error {
            Error::Last(last) => last.into(),
            Error::Bind(_) => io::Error::new(io::ErrorKind::NotFound, error),
            Error::Marshal(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
            Error::HResult(_) | Error::NtStatus(_) => io::Error::other(error),
        }
    }
}

/// Only for imports that capture no last error: there is nothing else they can fail of.
impl From<Error> for BindError {
    #[cold]
    fn from(error: Error) -> BindError {
        match error {
            Error::Bind(bind) => bind,
            other => panic!("{other}"),
        }
    }
}
