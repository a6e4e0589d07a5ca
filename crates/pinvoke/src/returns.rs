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
//! use pinvoke::returns::{Code, Negative};
//!
//! #[pinvoke::dll_import("libc")]
//! unsafe extern "C" {
//!     /// Returns an error number and sets no `errno`.
//!     #[fails(Code)]
//!     safe fn posix_fallocate(fd: i32, offset: i64, len: i64) -> Result<(), pinvoke::Error>;
//! }
//! assert_eq!(posix_fallocate(-1, 0, 1).unwrap_err().to_string(), "errno 9 EBADF, Bad file descriptor");
//! ```
//!
//! A rule of your own is a type that implements [`FailurePolicy`].

use crate::Error;
use crate::last_error::LastError;
use crate::native::{CodePtr, NativeType};
use crate::status::{HResult, NtStatus};

/// A rule that tells failure by a native result of type `N`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell failure by a native result of type `{N}`",
    note = "choose a policy of `pinvoke::returns` for this type, or implement `FailurePolicy<{N}>`"
)]
pub trait FailurePolicy<N> {
    /// The error that a result stands for, if it stands for one; `last` is the last error of the call if
    /// the declaration says `set_last_error`.
    fn failure(native: &N, last: LastError) -> Option<Error>;
}

/// A rule that says which native type a function has that is declared as `Result<(), E>`.
pub trait UnitPolicy: FailurePolicy<Self::Native> {
    /// What the function returns.
    type Native: NativeType;
}

/// Failed if the result is -1.
#[derive(Clone, Copy, Debug)]
pub enum MinusOne {}
/// Failed if the result is below 0.
#[derive(Clone, Copy, Debug)]
pub enum Negative {}
/// Failed if the result is null.
#[derive(Clone, Copy, Debug)]
pub enum Null {}
/// Failed if the result is 0, as a `BOOL` of Windows or a C `bool`.
#[derive(Clone, Copy, Debug)]
pub enum False {}
/// Failed if the result is not 0; the last error says why.
#[derive(Clone, Copy, Debug)]
pub enum NonZero {}
/// Failed if the result is not 0; it is an `errno` itself.
#[derive(Clone, Copy, Debug)]
pub enum Code {}
/// Failed if the result, an `HRESULT`, is below 0. `S_FALSE` and its like are successes.
#[derive(Clone, Copy, Debug)]
pub enum Hresult {}
/// Failed if the result, an `NTSTATUS`, has the severity of an error (3). Warnings are successes.
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
