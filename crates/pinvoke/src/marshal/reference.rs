//! `&T` and `&mut T`: the address of one value.
//!
//! Where the native form is the Rust value itself, its address is passed and nothing is copied: native
//! code reads and writes the variable. Otherwise a native copy stands in for it during the call, and a
//! `&mut T` is read back from that. `None` of an `Option` around either is a null pointer.

use core::fmt;
use core::mem::MaybeUninit;

use super::{Element, FromNative, IntoNative, MarshalError, Reason};
use crate::native::NativeField;

/// A native copy of a value behind a reference, and what it points to.
pub struct Copied<'a, T: Element<M>, M: ?Sized> {
    /// Written if there is a guard.
    native: MaybeUninit<T::Native>,
    guard: Option<T::Guard>,
    origin: Option<&'a mut T>,
}

impl<T: Element<M>, M: ?Sized> Copied<'_, T, M> {
    #[inline]
    fn empty() -> Self {
        Copied { native: MaybeUninit::uninit(), guard: None, origin: None }
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
            // SAFETY: made by `to_native`, perhaps changed by native code since; read for the last time.
            unsafe { T::release(native) };
        }
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for Copied<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copied").field("holds", &self.guard.is_some()).finish_non_exhaustive()
    }
}

impl<'a, T: Element<M>, M: ?Sized> IntoNative<M> for &'a T {
    type Native = *const T::Native;
    type State = Copied<'a, T, M>;

    #[inline]
    fn state() -> Self::State {
        Copied::empty()
    }

    #[inline]
    fn into_native(self, state: &mut Self::State) -> Result<*const T::Native, MarshalError> {
        if T::IN_PLACE {
            return Ok(core::ptr::from_ref(self).cast());
        }
        Ok(state.hold(self)?.cast_const())
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
    fn copy_back(state: &mut Self::State) -> Result<(), MarshalError> {
        if let Some(origin) = state.origin.take() {
            // SAFETY: written by `into_native`, which set the origin.
            let native = unsafe { state.native.assume_init_ref() };
            // SAFETY: native code had it, as declared.
            *origin = unsafe { T::from_element(native) }?;
        }
        Ok(())
    }
}

/// Pointers, which have a value for "none".
pub(super) trait Nullable {
    const NULL: Self;
}

impl<T> Nullable for *const T {
    const NULL: Self = core::ptr::null();
}

impl<T> Nullable for *mut T {
    const NULL: Self = core::ptr::null_mut();
}

/// Makes the `Option` of an argument that travels as a pointer an argument: `None` is null.
macro_rules! nullable {
    ($(for [$($generic:tt)*] $type:ty;)*) => { $(
        impl<$($generic)*> $crate::marshal::IntoNative<M> for Option<$type> {
            type Native = <$type as $crate::marshal::IntoNative<M>>::Native;
            type State = <$type as $crate::marshal::IntoNative<M>>::State;

            #[inline]
            fn state() -> Self::State {
                <$type as $crate::marshal::IntoNative<M>>::state()
            }

            #[inline]
            fn into_native(self, state: &mut Self::State) -> Result<Self::Native, $crate::marshal::MarshalError> {
                match self {
                    Some(value) => value.into_native(state),
                    None => Ok($crate::marshal::reference::Nullable::NULL),
                }
            }

            #[inline]
            fn copy_back(state: &mut Self::State) -> Result<(), $crate::marshal::MarshalError> {
                <$type as $crate::marshal::IntoNative<M>>::copy_back(state)
            }
        }
    )* };
}
pub(super) use nullable;

nullable! {
    for ['a, T: Element<M>, M: ?Sized] &'a T;
    for ['a, T: Element<M>, M: ?Sized] &'a mut T;
}

/// A callback's look at a native structure or array. It has to be the native form itself, for there is
/// no place for a converted one; declare the argument as `T` to get a converted copy.
impl<'a, T: NativeField, M: super::CharSet> FromNative<M> for &'a T {
    type Native = *const T;

    #[inline]
    unsafe fn from_native(native: *const T) -> Result<&'a T, MarshalError> {
        // SAFETY: null or, as the caller says, a value that lives for 'a.
        unsafe { native.as_ref() }.ok_or_else(|| Reason::Null.into())
    }

    fn is_failure(native: &*const T) -> bool {
        native.is_null()
    }
}
