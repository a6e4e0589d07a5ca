//! `&T` and `&mut T`: the address of one value.
//!
//! Where the native form is the Rust value itself, its address is passed and nothing is copied: native
//! code reads and writes the variable. Otherwise a native copy stands in for it during the call, and a
//! `&mut T` is read back from that.

use core::mem::MaybeUninit;

use super::{Element, FromNative, IntoNative, MarshalError, Reason};
use crate::native::NativeType;

/// A native copy of a value behind a reference, and what it points to.
#[derive(Debug)]
pub struct Copied<'a, T, N, G> {
    native: MaybeUninit<N>,
    guard: Option<G>,
    origin: Option<&'a mut T>,
}

impl<T, N, G> Copied<'_, T, N, G> {
    fn empty() -> Self {
        Copied { native: MaybeUninit::uninit(), guard: None, origin: None }
    }

    fn hold(&mut self, (native, guard): (N, G)) -> *mut N {
        self.guard = Some(guard);
        self.native.write(native)
    }
}

impl<'a, T: Element<M>, M: ?Sized> IntoNative<M> for &'a T {
    type Native = *const T::Native;
    type State = Copied<'a, T, T::Native, T::Guard>;

    #[inline]
    fn state() -> Self::State {
        Copied::empty()
    }

    #[inline]
    fn into_native(self, state: &mut Self::State) -> Result<*const T::Native, MarshalError> {
        if T::IN_PLACE {
            return Ok(core::ptr::from_ref(self).cast());
        }
        Ok(state.hold(self.to_native()?).cast_const())
    }
}

impl<'a, T: Element<M>, M: ?Sized> IntoNative<M> for &'a mut T {
    type Native = *mut T::Native;
    type State = Copied<'a, T, T::Native, T::Guard>;

    #[inline]
    fn state() -> Self::State {
        Copied::empty()
    }

    #[inline]
    fn into_native(self, state: &mut Self::State) -> Result<*mut T::Native, MarshalError> {
        if T::IN_PLACE {
            return Ok(core::ptr::from_mut(self).cast());
        }
        let native = self.to_native()?;
        state.origin = Some(self);
        Ok(state.hold(native))
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

/// A callback's look at a native structure. It has to be the native form itself, for there is no place
/// for a converted one; declare the argument as `T` to get a converted copy.
impl<'a, T: NativeType, M: super::CharSet> FromNative<M> for &'a T {
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
