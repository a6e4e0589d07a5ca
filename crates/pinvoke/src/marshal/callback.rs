//! Arguments and results of callbacks.
//!
//! What native code hands to a callback is borrowed for the length of the invocation. Where it is no
//! value of the declared type, the closure cannot run: that is a panic of the callback, with the
//! [`MarshalError`] in its message, and goes on where the native call returns.

use super::{Detached, FromNative, IntoNative};

/// An argument that native code passed.
///
/// # Panics
/// If it is no value of the type.
///
/// # Safety
/// As for [`FromNative::from_native`].
#[doc(hidden)]
#[inline]
pub unsafe fn argument<T: FromNative<M>, M: ?Sized>(native: T::Native, callback: &'static str) -> T {
    // SAFETY: the caller's promise.
    match unsafe { T::from_native(native) } {
        Ok(value) => value,
        Err(error) => refuse(callback, &error),
    }
}

/// A result for native code.
///
/// # Panics
/// If it has no native form.
#[doc(hidden)]
#[inline]
pub fn result<T: IntoNative<M, State: Detached>, M: ?Sized>(value: T, callback: &'static str) -> T::Native {
    let mut state = T::state();
    match value.into_native(&mut state) {
        Ok(native) => {
            T::hand_over(&mut state);
            native
        }
        Err(error) => refuse(callback, &error),
    }
}

#[cold]
fn refuse(callback: &'static str, error: &super::MarshalError) -> ! {
    panic!("callback `{callback}`: {error}")
}
