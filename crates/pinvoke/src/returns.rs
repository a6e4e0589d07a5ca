//! When a native function has failed, and what says why: `#[fails(...)]`.
//!
//! | policy | failed if the result is | why |
//! |---|---|---|
//! | [`MinusOne`] | -1 | the last error |
//! | [`Negative`] | below 0 | the last error |
//! | [`Null`] | null | the last error |
//! | [`False`] | 0, as `BOOL` or C `bool` | the last error |
//! | [`NonZero`] | not 0 | the last error |
//! | [`Code`] | not 0 | the result, which is an `errno` (`pthread_create`) |
//! | [`Hresult`] | below 0 | the result |
//! | [`Ntstatus`] | an error severity | the result |
//!
//! Without `#[fails]`, a function with `set_last_error` that returns `Result<T, E>` has failed if its
//! value is the usual one of `T`: -1, null, false, an invalid handle. `Result<(), E>` means -1, and false
//! where the convention is `"system"`, as in the Windows API.
//!
//! ```
//! # #[cfg(unix)] {
//! use pinvoke::returns::{Code, Negative};
//!
//! #[pinvoke::dll_import("libc")]
//! unsafe extern "C" {
//!     /// Returns an error number and sets no `errno`. `off_t` is a `long`.
//!     #[fails(Code)]
//!     safe fn posix_fallocate(fd: i32, offset: isize, len: isize) -> Result<(), pinvoke::Error>;
//! }
//! assert_eq!(posix_fallocate(-1, 0, 1).unwrap_err().to_string(), "errno 9 EBADF, Bad file descriptor");
//! # }
//! ```
//!
//! A rule of your own is a type that implements [`FailurePolicy`].

use crate::Error;
use crate::last_error::LastError;
use crate::native::{CodePtr, NativeType};
use crate::status::{HResult, NtStatus};

/// A rule that tells failure by a native result of type `N`.
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::c_long;
/// use pinvoke::returns::FailurePolicy;
/// use pinvoke::{Error, LastError, dll_import};
///
/// /// Failed if the function has set the last error, for it may return any number.
/// enum LastErrorSet {}
///
/// impl FailurePolicy<c_long> for LastErrorSet {
///     fn failure(_: &c_long, last: LastError) -> Option<Error> {
///         (!last.is_none()).then_some(Error::Last(last))
///     }
/// }
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     #[fails(LastErrorSet)]
///     safe fn strtol(text: &str, end: Option<&mut *mut u8>, base: i32) -> Result<c_long, Error>;
/// }
/// assert_eq!(strtol("-1", None, 10).unwrap(), -1);
/// let error = strtol("99999999999999999999", None, 10).unwrap_err();
/// assert!(matches!(error, Error::Last(last) if last.name() == Some("ERANGE")));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell failure by a native result of type `{N}`",
    note = "choose a policy of `pinvoke::returns` for this type, or implement `FailurePolicy<{N}>`"
)]
pub trait FailurePolicy<N> {
    /// The error that a result stands for, if it stands for one; `last` is the last error of the call if
    /// the declaration says `set_last_error`.
    ///
    /// ```
    /// use pinvoke::returns::{Code, FailurePolicy, Negative};
    /// use pinvoke::{Error, LastError};
    ///
    /// let last = LastError(13);
    /// assert!(Negative::failure(&0_i32, last).is_none());
    /// assert!(matches!(Negative::failure(&-1_i32, last), Some(Error::Last(LastError(13)))));
    /// // The result is the code itself; the last error does not matter.
    /// assert!(matches!(Code::failure(&22, last), Some(Error::Last(LastError(22)))));
    /// ```
    fn failure(native: &N, last: LastError) -> Option<Error>;
}

/// A rule that says which native type a function has that is declared as `Result<(), E>`.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::returns::{FailurePolicy, UnitPolicy};
/// use pinvoke::{Error, LastError, dll_import};
///
/// /// Failed if the result, a `ssize_t`, is negative. The usual `Result<(), E>` is an `int`.
/// enum NegativeSize {}
///
/// impl FailurePolicy<isize> for NegativeSize {
///     fn failure(native: &isize, last: LastError) -> Option<Error> {
///         (*native < 0).then_some(Error::Last(last))
///     }
/// }
///
/// impl UnitPolicy for NegativeSize {
///     type Native = isize;
/// }
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     #[fails(NegativeSize)]
///     safe fn write(fd: i32, data: &[u8], #[len_of(data)] size: usize) -> Result<(), Error>;
/// }
/// let error = write(-1, b"nobody reads this").unwrap_err();
/// assert!(matches!(error, Error::Last(last) if last.name() == Some("EBADF")));
/// # }
/// ```
pub trait UnitPolicy: FailurePolicy<Self::Native> {
    /// What the function returns.
    type Native: NativeType;
}

/// Failed if the result is -1.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::returns::MinusOne;
/// use pinvoke::{Error, dll_import};
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     #[fails(MinusOne)]
///     safe fn rmdir(path: &str) -> Result<(), Error>;
/// }
/// let error = rmdir("/no/such/directory").unwrap_err();
/// assert!(matches!(error, Error::Last(last) if last.name() == Some("ENOENT")));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum MinusOne {}
/// Failed if the result is below 0.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::returns::Negative;
/// use pinvoke::{Error, dll_import};
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     /// Any negative number is an error, says C.
///     #[fails(Negative)]
///     fn dprintf(fd: i32, format: &str, ...) -> Result<i32, Error>;
/// }
/// // SAFETY: the format asks for one `int`.
/// let error = unsafe { dprintf(-1, "%d", (5,)) }.unwrap_err();
/// assert!(matches!(error, Error::Last(last) if last.name() == Some("EBADF")));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Negative {}
/// Failed if the result is null.
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::c_void;
/// use pinvoke::returns::Null;
/// use pinvoke::{Error, dll_import};
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     #[fails(Null)]
///     safe fn fopen(path: &str, mode: &str) -> Result<*mut c_void, Error>;
/// }
/// let error = fopen("/no/such/file", "r").unwrap_err();
/// assert!(matches!(error, Error::Last(last) if last.name() == Some("ENOENT")));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Null {}
/// Failed if the result is 0, as a `BOOL` of Windows or a C `bool`.
///
/// ```
/// # #[cfg(windows)] {
/// use pinvoke::returns::False;
/// use pinvoke::{Error, dll_import};
///
/// #[dll_import("kernel32", set_last_error)]
/// unsafe extern "system" {
///     #[fails(False)]
///     safe fn DeleteFileA(path: &str) -> Result<(), Error>;
/// }
/// let error = DeleteFileA(r"C:\no\such\file").unwrap_err();
/// assert!(matches!(error, Error::Last(last) if last.name() == Some("ERROR_PATH_NOT_FOUND")));
/// # }
/// # #[cfg(unix)] {
/// # use pinvoke::returns::False;
/// # use pinvoke::{Error, dll_import};
/// // So report some functions of Unix, `isatty` being one:
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     #[fails(False)]
///     safe fn isatty(fd: i32) -> Result<(), Error>;
/// }
/// let error = isatty(-1).unwrap_err();
/// assert!(matches!(error, Error::Last(last) if last.name() == Some("EBADF")));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum False {}
/// Failed if the result is not 0; the last error says why.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::returns::NonZero;
/// use pinvoke::{Error, dll_import};
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     /// C promises no more than a number that is not 0.
///     #[fails(NonZero)]
///     safe fn rename(from: &str, to: &str) -> Result<(), Error>;
/// }
/// let error = rename("/no/such/file", "/no/such/name").unwrap_err();
/// assert!(matches!(error, Error::Last(last) if last.name() == Some("ENOENT")));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum NonZero {}
/// Failed if the result is not 0; it is an `errno` itself.
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::c_void;
/// use pinvoke::returns::Code;
/// use pinvoke::{Error, dll_import};
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     #[fails(Code)]
///     safe fn posix_memalign(memory: &mut *mut c_void, align: usize, size: usize) -> Result<(), Error>;
/// }
/// // 3 is no power of two.
/// let error = posix_memalign(&mut core::ptr::null_mut(), 3, 64).unwrap_err();
/// assert!(matches!(error, Error::Last(code) if code.name() == Some("EINVAL")));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Code {}
/// Failed if the result, an `HRESULT`, is below 0. `S_FALSE` and its like are successes.
///
/// ```
/// use pinvoke::returns::{FailurePolicy, Hresult};
/// use pinvoke::{Error, LastError};
///
/// # #[cfg(windows)] {
/// #[pinvoke::dll_import("ole32", char_set = Unicode)]
/// unsafe extern "system" {
///     #[fails(Hresult)]
///     safe fn CLSIDFromString(text: &str, id: &mut pinvoke::marshal::Guid) -> Result<(), Error>;
/// }
/// let mut id = "00000000-0000-0000-c000-000000000046".parse().expect("that of IUnknown");
/// let error = CLSIDFromString("{no class}", &mut id).unwrap_err();
/// assert_eq!(error.to_string(), "HRESULT 0x800401f3");
/// # }
/// // What such a function makes of S_FALSE and of E_FAIL:
/// assert!(Hresult::failure(&1, LastError::NONE).is_none());
/// let e_fail = Hresult::failure(&0x8000_4005_u32.cast_signed(), LastError::NONE);
/// assert_eq!(e_fail.map(|e| e.to_string()).as_deref(), Some("HRESULT 0x80004005 E_FAIL"));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Hresult {}
/// Failed if the result, an `NTSTATUS`, has the severity of an error (3). Warnings are successes.
///
/// ```
/// use pinvoke::returns::{FailurePolicy, Ntstatus};
/// use pinvoke::{Error, LastError};
///
/// # #[cfg(windows)] {
/// #[pinvoke::dll_import("ntdll")]
/// unsafe extern "system" {
///     #[fails(Ntstatus)]
///     safe fn NtClose(handle: isize) -> Result<(), Error>;
/// }
/// let error = NtClose(0x7ffc).unwrap_err();
/// assert_eq!(error.to_string(), "NTSTATUS 0xc0000008 STATUS_INVALID_HANDLE");
/// # }
/// // What such a function makes of a warning, STATUS_NO_MORE_FILES, and of an error:
/// assert!(Ntstatus::failure(&0x8000_0006_u32.cast_signed(), LastError::NONE).is_none());
/// let denied = Ntstatus::failure(&0xc000_0022_u32.cast_signed(), LastError::NONE);
/// assert!(matches!(denied, Some(Error::NtStatus(status)) if status.is_error()));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Ntstatus {}

macro_rules! signed {
    ($($int:ty)*) => { $(
        impl FailurePolicy<$int> for MinusOne {
            #[inline]
            fn failure(native: &$int, last: LastError) -> Option<Error> {
                (*native == -1).then_some(Error::Last(last))
            }
        }
        impl FailurePolicy<$int> for Negative {
            #[inline]
            fn failure(native: &$int, last: LastError) -> Option<Error> {
                (*native < 0).then_some(Error::Last(last))
            }
        }
    )* };
}
signed!(i8 i16 i32 i64 isize);

macro_rules! integer {
    ($($int:ty)*) => { $(
        impl FailurePolicy<$int> for False {
            #[inline]
            fn failure(native: &$int, last: LastError) -> Option<Error> {
                (*native == 0).then_some(Error::Last(last))
            }
        }
        impl FailurePolicy<$int> for NonZero {
            #[inline]
            fn failure(native: &$int, last: LastError) -> Option<Error> {
                (*native != 0).then_some(Error::Last(last))
            }
        }
    )* };
}
integer!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

impl FailurePolicy<bool> for False {
    #[inline]
    fn failure(native: &bool, last: LastError) -> Option<Error> {
        (!native).then_some(Error::Last(last))
    }
}

macro_rules! null {
    ($([$($generic:ident)*] $pointer:ty, |$native:pat_param| $is_null:expr;)*) => { $(
        impl<$($generic)*> FailurePolicy<$pointer> for Null {
            #[inline]
            fn failure($native: &$pointer, last: LastError) -> Option<Error> {
                $is_null.then_some(Error::Last(last))
            }
        }
    )* };
}
null! {
    [T] *const T, |p| p.is_null();
    [T] *mut T, |p| p.is_null();
    [] Option<CodePtr>, |p| p.is_none();
}

impl FailurePolicy<i32> for Code {
    #[inline]
    fn failure(native: &i32, _: LastError) -> Option<Error> {
        (*native != 0).then_some(Error::Last(LastError(*native)))
    }
}

impl FailurePolicy<i32> for Hresult {
    #[inline]
    fn failure(native: &i32, _: LastError) -> Option<Error> {
        (*native < 0).then_some(Error::HResult(HResult(*native)))
    }
}

impl FailurePolicy<i32> for Ntstatus {
    #[inline]
    fn failure(native: &i32, _: LastError) -> Option<Error> {
        let status = NtStatus(*native);
        status.is_error().then_some(Error::NtStatus(status))
    }
}

macro_rules! unit {
    ($($policy:ty),*) => { $(
        impl UnitPolicy for $policy {
            type Native = i32;
        }
    )* };
}
unit!(MinusOne, Negative, False, NonZero, Code, Hresult, Ntstatus);
