//! Arguments and results of callbacks: what stands between native code and a closure.
//!
//! # What a closure gets
//!
//! The traits are those of a declared function, in reverse: arguments come by [`FromNative`](super::FromNative), the result
//! goes by [`IntoNative`]. What native code hands over is borrowed for the length of the invocation, so
//! an argument is a `&str` or a `&Stat`, and nothing can keep it; what has another form in native code, such as wide text or
//! a structure that derives [`Marshal`](derive@super::Marshal), is converted for as long ([`Seen`]). To keep a structure,
//! take a `Box<Stat>`. A pointer to several elements is
//! spelled `Counted<&[T], I>`, where `I` is the index, from 0, of the argument that has their count
//! (`Counted<&[T], I, C>`: `C` more than that); the closure sees the slice. Elements of a `&mut` slice that
//! have another native form are written back when the closure has returned. `UserData`, as the first or
//! the last argument, is the `void *` of the API and not seen by the closure at all. Through `&mut T` and
//! [`Out<T>`](crate::marshal::Out) a closure answers, in every form: [`Changed`].
//!
//! Each argument and the result are in the form that the declaration says (`char_set`, `bool`). One that is in another
//! form is spelled [`As<T, Form>`](As), since attributes cannot stand there: a text `As<&str, Utf16>`, a flag
//! `As<bool, Bool32>`, or in a form of your own:
//!
//! ```
//! use std::cmp::Ordering;
//! use pinvoke::dll_import;
//! use pinvoke::marshal::{IntoNative, MarshalError};
//!
//! /// How C says it: a number below, at or above 0.
//! enum Sign {}
//!
//! impl IntoNative<Sign> for Ordering {
//!     type Native = i32;
//!     type State = ();
//!     fn state() {}
//!     fn into_native(self, (): &mut ()) -> Result<i32, MarshalError> {
//!         Ok(self as i32)
//!     }
//! }
//!
//! #[dll_import("libc")]
//! unsafe extern "C" {
//!     fn qsort(base: *mut i32, n: usize, size: usize, compare: impl FnMut(&i32, &i32) -> As<Ordering, Sign>);
//! }
//!
//! let mut numbers = [5, 3, 9];
//! // SAFETY: three elements of four bytes.
//! unsafe { qsort(numbers.as_mut_ptr(), 3, 4, |a, b| b.cmp(a)) };
//! assert_eq!(numbers, [9, 5, 3]);
//! ```
//!
//! Native code that has arrays and user data:
//!
//! ```
//! # #[cfg(unix)] {
//! use pinvoke::dll_import;
//!
//! #[dll_import("sqlite3")]
//! unsafe extern "C" {
//!     fn sqlite3_open(path: &str, connection: &mut *mut u8) -> i32;
//!     // int callback(void *user, int columns, char **values, char **names)
//!     fn sqlite3_exec(
//!         connection: *mut u8,
//!         sql: &str,
//!         row: impl FnMut(UserData, i32, Counted<&[Option<&str>], 0>, Counted<&[&str], 0>) -> i32,
//!         user: UserData,
//!         message: Option<&mut *mut u8>,
//!     ) -> Result<i32, pinvoke::Error>;
//! }
//!
//! let mut connection = core::ptr::null_mut();
//! let mut seen = Vec::new();
//! let row = |_, values: &[Option<&str>], names: &[&str]| {
//!     seen.push(format!("{names:?} {values:?}"));
//!     0
//! };
//! // SAFETY: as SQLite's manual says.
//! unsafe {
//!     sqlite3_open(":memory:", &mut connection);
//!     sqlite3_exec(connection, "SELECT 'a' AS x, NULL AS y", row, None)?;
//! }
//! assert_eq!(seen, [r#"["x", "y"] [Some("a"), None]"#]);
//! # }
//! # Ok::<(), pinvoke::Error>(())
//! ```
//!
//! An `Option<impl FnMut(..)>` may be `None`, which is null; say `None::<fn(A) -> B>`, for the type.
//!
//! # What cannot be converted
//!
//! Native text that is no text, a null pointer, a count below zero: the closure does not run, native
//! code gets the callback's fallback value, and later invocations within the same call get it too. Where
//! the call returns, a signature with `Result` gives [`Error::Marshal`](crate::Error::Marshal); others
//! panic with the same text. Nothing unwinds on the way.
//!
//! # Last error
//!
//! `errno` at the moment a native function returns belongs to that function. A closure may call whatever
//! it likes, other imports with captures of their own included, and native code that called it finds
//! `errno` as it left it: closures passed to an import that captures (`set_last_error`) and all
//! [`callback`](crate::callback) types keep it. A C API that asks its callbacks to set `errno` is declared
//! so, with `#[set_last_error]` on the parameter or the callback type.
//!
//! # Which closures need a thunk
//!
//! | bounds | user data | native code gets |
//! |---|---|---|
//! | `FnMut(..)` | no | a thunk; one invocation at a time, on the calling thread, both checked |
//! | `Fn(..)` | no | a thunk; invocations may nest, on the calling thread, checked |
//! | `Fn(..) + Sync` | no | a thunk; any thread; the call ends when the last invocation has |
//! | `Fn(..) + Send + Sync` that captures nothing | no | a function of its own |
//! | any | yes | a function of its own, and the closure's address as user data |
//!
//! A closure that captures nothing is a plain function only under `Fn + Send + Sync`. An `FnMut` closure
//! of size 0 might have captured a value of size 0, which its type does not tell from none; running it
//! without the checks could hand out two `&mut` to it, or use it on a thread that it must not reach.

mod changed;
mod form;
mod function;
mod received;
mod seen;

use core::marker::PhantomData;
use std::error::Error;

pub use changed::{Changed, Filled};
pub use form::As;
pub use function::{
    CallbackType, Function, LeakedRegistration, MaySend, Registered, Sendable, Sends, code_of,
};
pub use received::Received;
pub use seen::{AddressOf, Seen, Sight};

use super::{Detached, IntoNative, MarshalError};
use crate::last_error::{ErrnoCell, LastError};
use crate::native::NativeType;
use crate::upcall::{Declaration, Prototype};

/// What a function returned, until somebody asks for it: given up, which takes over what it owns and
/// drops that, if it never happens because a callback has panicked.
#[doc(hidden)]
pub struct Unclaimed<N: Copy, F: Fn(N)> {
    native: N,
    give_up: F,
}

#[doc(hidden)]
impl<N: Copy, F: Fn(N)> Unclaimed<N, F> {
    #[inline]
    pub fn new(native: N, give_up: F) -> Self {
        Unclaimed { native, give_up }
    }

    /// The native result. The way to give it up borrows and owns nothing.
    #[inline]
    #[must_use]
    pub fn claim(self) -> N {
        core::mem::ManuallyDrop::new(self).native
    }
}

impl<N: Copy, F: Fn(N)> core::fmt::Debug for Unclaimed<N, F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Unclaimed").finish_non_exhaustive()
    }
}

impl<N: Copy, F: Fn(N)> Drop for Unclaimed<N, F> {
    fn drop(&mut self) {
        (self.give_up)(self.native);
    }
}

/// A result for native code.
///
/// # Errors
/// It has no native form.
#[doc(hidden)]
#[inline(always)]
pub fn result<T: IntoNative<M, State: Detached>, M: ?Sized>(value: T) -> Result<T::Native, MarshalError> {
    let mut state = T::state();
    let native = value.into_native(&mut state)?;
    T::hand_over(&mut state);
    state.detach();
    Ok(native)
}

/// Why a callback within a call could not run its closure.
#[doc(hidden)]
#[cold]
#[must_use]
pub fn refusal(reason: Box<dyn Error + Send + Sync>) -> MarshalError {
    match reason.downcast::<MarshalError>() {
        Ok(error) => *error,
        Err(other) => MarshalError::custom(other),
    }
}

/// What to do with a value that has no conversion: give native code a fallback value.
#[doc(hidden)]
pub trait Refuser<R> {
    /// The reason goes where the callback's policy says.
    fn take(&self, reason: MarshalError, callback: &'static str, value: &'static str) -> R;
}

impl<P: Prototype> Refuser<P::Ret> for Declaration<P> {
    #[inline(always)]
    fn take(&self, reason: MarshalError, callback: &'static str, value: &'static str) -> P::Ret {
        refuse_quietly(self, reason, callback, value)
    }
}

/// Out of the way of invocations that do not need it; `extern "C"`, as nothing unwinds from here.
#[cold]
#[inline(never)]
#[expect(improper_ctypes_definitions, reason = "only Rust calls it")]
extern "C" fn refuse_quietly<P: Prototype>(
    declaration: &Declaration<P>,
    reason: MarshalError,
    callback: &'static str,
    value: &'static str,
) -> P::Ret {
    declaration.refuse(reason.at(callback, value))
}

/// In closures that run as jobs of a queue, the reason is a panic, for that comes out of the queue.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Panicking;

impl<R> Refuser<R> for Panicking {
    #[cold]
    #[inline(never)]
    fn take(&self, reason: MarshalError, callback: &'static str, value: &'static str) -> R {
        panic!("{}", reason.at(callback, value))
    }
}

/// Refuses a value of a callback.
#[doc(hidden)]
#[inline(always)]
pub fn refuse<R>(
    refuser: &impl Refuser<R>,
    reason: MarshalError,
    callback: &'static str,
    value: &'static str,
) -> R {
    refuser.take(reason, callback, value)
}

/// Tells whether zero is a value of a result type: for native types they say it themselves, by an inherent
/// constant; others are converted, and [`MayBeZero`] says that their native form decides.
#[doc(hidden)]
#[derive(Debug)]
pub struct ZeroOf<T>(PhantomData<T>);

impl<T: NativeType> ZeroOf<T> {
    /// What the type says.
    pub const IS_VALUE: bool = T::ZEROABLE;
}

/// Types that are no native types.
#[doc(hidden)]
pub trait MayBeZero {
    /// Not for this type to say.
    const IS_VALUE: bool = true;
}

impl<T> MayBeZero for ZeroOf<T> {}

/// The last error of the native code that invoked a callback, put back when the callback returns.
#[doc(hidden)]
#[derive(Debug)]
pub struct KeptLastError {
    /// Looked up once: the thread stays the same.
    errno: ErrnoCell,
    kept: LastError,
}

#[doc(hidden)]
impl KeptLastError {
    /// Remembers the thread's last error.
    #[inline]
    #[must_use]
    pub fn now() -> KeptLastError {
        let errno = ErrnoCell::of_this_thread();
        KeptLastError { errno, kept: errno.get() }
    }
}

impl Drop for KeptLastError {
    #[inline]
    fn drop(&mut self) {
        self.errno.set(self.kept);
    }
}

/// The type of a function with a convention that only 32-bit x86 has; elsewhere that of C stands for all of them.
#[cfg(target_arch = "x86")]
#[doc(hidden)]
#[macro_export]
macro_rules! x86_function {
    ($convention:literal $($rest:tt)*) => { unsafe extern $convention $($rest)* };
}

/// The type of a function with a convention that only 32-bit x86 has; elsewhere that of C stands for all of them.
#[cfg(not(target_arch = "x86"))]
#[doc(hidden)]
#[macro_export]
macro_rules! x86_function {
    ($convention:literal $($rest:tt)*) => { unsafe extern "C" $($rest)* };
}
