//! `&T` and `&mut T`: the address of one value.
//!
//! Where the native form is the Rust value itself, its address is passed and nothing is copied: native
//! code reads and writes the variable. Otherwise a native copy stands in for it during the call, and a
//! `&mut T` is read back from that. `None` of an `Option` around either is a null pointer.

use core::fmt;
use core::mem::MaybeUninit;

use super::{Element, FromNative, IntoNative, MarshalError};
use crate::native::NativeField;

/// A native copy of a value behind a reference, and what it points to.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Bool32;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     /// Four bytes stand in for the `bool` during the call.
///     fn memset(#[marshal(Bool32)] flag: &mut bool, byte: i32, size: usize) -> *mut u8;
/// }
/// let mut flag = false;
/// // SAFETY: there are four bytes.
/// unsafe { memset(&mut flag, 0x40, 4) };
/// assert!(flag);
/// # }
/// ```
#[doc(hidden)]
pub struct Copied<'a, T: Element<M>, M: ?Sized> {
    /// Written if there is a guard.
    native: MaybeUninit<T::Native>,
    guard: Option<T::Guard>,
    origin: Option<&'a mut T>,
    /// Whether native code had the copy.
    called: bool,
}

impl<T: Element<M>, M: ?Sized> Copied<'_, T, M> {
    #[inline]
    fn empty() -> Self {
        Copied { native: MaybeUninit::uninit(), guard: None, origin: None, called: false }
    }

    fn hold(&mut self, value: &T) -> Result<*mut T::Native, MarshalError> {
        let (native, guard) = value.to_native()?;
        self.guard = Some(guard);
        Ok(self.native.write(native))
    }
}

impl<T: Element<M>, M: ?Sized> Drop for Copied<'_, T, M> {
    #[inline]
    fn drop(&mut self) {
        if !T::IN_PLACE && self.guard.is_some() {
            // SAFETY: written together with the guard.
            let native = unsafe { self.native.assume_init_mut() };
            let abandoned = self.origin.take().filter(|_| self.called);
            // SAFETY: made by `to_native`; native code had it if it was called.
            unsafe { let_go(native, abandoned) };
        }
    }
}

/// The end of a native form. A value that was not read back was left alone because a callback had
/// panicked; native code may have written it before, perhaps a handle.
///
/// # Safety
/// If there is a value, native code has written the form. It is not used again.
#[inline]
unsafe fn let_go<T: Element<M>, M: ?Sized>(native: &mut T::Native, abandoned: Option<&mut T>) {
    if let Some(value) = abandoned {
        // SAFETY: native code wrote it, as declared.
        let _ = unsafe { value.update(native) };
    }
    // SAFETY: read for the last time.
    unsafe { T::release(native) };
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for Copied<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copied").field("holds", &self.guard.is_some()).finish_non_exhaustive()
    }
}

impl<'a, T: Element<M>, M: ?Sized> IntoNative<M> for &'a T {
    type Native = <T::Native as NativeField>::Shared;
    type State = Copied<'a, T, M>;

    #[inline]
    fn state() -> Self::State {
        Copied::empty()
    }

    #[inline]
    fn into_native(self, state: &mut Self::State) -> Result<Self::Native, MarshalError> {
        let place =
            if T::IN_PLACE { core::ptr::from_ref(self).cast() } else { state.hold(self)?.cast_const() };
        // SAFETY: the native form of the value stands there.
        Ok(unsafe { T::Native::shared(place) })
    }
}

impl<'a, T: Element<M>, M: ?Sized> IntoNative<M> for &'a mut T {
    type Native = *mut T::Native;
    type State = Copied<'a, T, M>;

    #[inline]
    fn state() -> Self::State {
        Copied::empty()
    }

    #[inline]
    fn into_native(self, state: &mut Self::State) -> Result<*mut T::Native, MarshalError> {
        if T::IN_PLACE {
            return Ok(core::ptr::from_mut(self).cast());
        }
        let native = state.hold(self)?;
        state.origin = Some(self);
        Ok(native)
    }

    #[inline]
    fn hand_over(state: &mut Self::State) {
        state.called = true;
    }

    #[inline]
    fn copy_back(state: &mut Self::State) -> Result<(), MarshalError> {
        let Some(origin) = state.origin.take() else { return Ok(()) };
        // SAFETY: written by `into_native`, which set the origin.
        let native = unsafe { state.native.assume_init_ref() };
        // SAFETY: native code had it, as declared.
        unsafe { origin.update(native) }
    }
}

/// A place that native code only writes: C's out parameter.
///
/// The function gets zeros instead of the native form of the old value. What it leaves there is this
/// side's: texts in it that are owned are read and freed, as .NET does with an `out` structure. Use
/// `&mut T` where the function reads the old value first.
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Out;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     safe fn frexp(x: f64, exponent: Out<'_, i32>) -> f64;
/// }
/// let mut exponent = 77;
/// assert_eq!(frexp(8.0, Out(&mut exponent)), 0.5);
/// assert_eq!(exponent, 4);
/// ```
#[derive(Debug)]
pub struct Out<'a, T>(pub &'a mut T);

impl<'a, T: Element<M>, M: ?Sized> IntoNative<M> for Out<'a, T> {
    type Native = *mut T::Native;
    type State = Written<'a, T, M>;

    #[inline]
    fn state() -> Self::State {
        Written { native: MaybeUninit::zeroed(), origin: None, called: false }
    }

    #[inline]
    fn into_native(self, state: &mut Self::State) -> Result<*mut T::Native, MarshalError> {
        const {
            assert!(
                T::Native::FIELD_ZEROABLE,
                "zeros are no value of this type: pass it as `&mut T` instead of `Out<T>`"
            );
        }
        state.origin = Some(self.0);
        Ok(state.native.as_mut_ptr())
    }

    #[inline]
    fn hand_over(state: &mut Self::State) {
        state.called = true;
    }

    #[inline]
    fn copy_back(state: &mut Self::State) -> Result<(), MarshalError> {
        let Some(origin) = state.origin.take() else { return Ok(()) };
        // SAFETY: zeros are a value of the type, and native code had it.
        let native = unsafe { state.native.assume_init_ref() };
        // SAFETY: native code wrote it, as declared.
        unsafe { origin.update(native) }
    }
}

/// Room for the native form that an [`Out`] lets be written.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::{Bool32, Out};
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     /// Begins as zeros, whatever the variable has.
///     fn memset(#[marshal(Bool32)] flag: Out<'_, bool>, byte: i32, size: usize) -> *mut u8;
/// }
/// let mut flag = true;
/// // SAFETY: nothing is written.
/// unsafe { memset(Out(&mut flag), 1, 0) };
/// assert!(!flag);
/// # }
/// ```
#[doc(hidden)]
pub struct Written<'a, T: Element<M>, M: ?Sized> {
    native: MaybeUninit<T::Native>,
    origin: Option<&'a mut T>,
    /// Whether native code had it.
    called: bool,
}

impl<T: Element<M>, M: ?Sized> Drop for Written<'_, T, M> {
    #[inline]
    fn drop(&mut self) {
        if self.called {
            // SAFETY: zeros are a value of the type, and native code had it.
            let native = unsafe { self.native.assume_init_mut() };
            // SAFETY: native code had it.
            unsafe { let_go(native, self.origin.take()) };
        }
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for Written<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").finish_non_exhaustive()
    }
}

/// A look at a native structure or array. It is the native form itself, for there is no place for a converted one; that
/// is a `Box<T>`. What callbacks look at has a place: see [`Seen`](super::callback::Seen).
impl<'a, T: NativeField, M: super::CharSet> FromNative<M> for &'a T {
    type Native = *const T;

    #[inline]
    unsafe fn from_native(native: *const T) -> Result<&'a T, MarshalError> {
        // SAFETY: null or, as the caller says, a value that lives for 'a.
        unsafe { native.as_ref() }.ok_or_else(MarshalError::null)
    }

    fn is_failure(native: &*const T) -> bool {
        native.is_null()
    }
}

/// What a callback may change where it is; otherwise as `&T`.
impl<'a, T: NativeField, M: super::CharSet> FromNative<M> for &'a mut T {
    type Native = *mut T;

    #[inline]
    unsafe fn from_native(native: *mut T) -> Result<&'a mut T, MarshalError> {
        // SAFETY: null or, as the caller says, a value that lives for 'a and is used by nobody else.
        unsafe { native.as_mut() }.ok_or_else(MarshalError::null)
    }

    fn is_failure(native: &*mut T) -> bool {
        native.is_null()
    }
}
