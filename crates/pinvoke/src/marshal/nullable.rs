//! `Option<T>`: what may be null.
//!
//! Every type whose native form is an address, a code address or a handle has a null of its own, and
//! `None` is that null, in every place: argument, result, element, member. `T` alone says that null is an
//! error.

use core::ptr::NonNull;

use super::{CharSet, Element, FromNative, IntoNative, MarshalError, Reason};
use crate::native::CodePtr;

/// A native type with a value that stands for nothing.
///
/// # Safety
/// [`Null::is_null`] is true of [`Null::NULL`].
///
/// ```
/// use pinvoke::marshal::Null;
/// use pinvoke::native::CodePtr;
///
/// fn or_null<N: Null>(value: Option<N>) -> N {
///     value.unwrap_or(N::NULL)
/// }
/// assert!(or_null::<*const u8>(None).is_null());
/// assert!(Null::is_null(&or_null::<Option<CodePtr>>(None)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no null, so that `None` would have no native form",
    note = "`Option` is for pointers, text, references, function pointers and handles"
)]
pub unsafe trait Null: Copy {
    /// The value.
    const NULL: Self;
    /// Whether this is it.
    ///
    /// ```
    /// use pinvoke::marshal::Null;
    /// use pinvoke::native::CodePtr;
    ///
    /// assert!(Null::is_null(&None::<CodePtr>));
    /// assert!(!Null::is_null(&CodePtr::new(libc::abs as *const _)));
    /// ```
    fn is_null(&self) -> bool;
}

macro_rules! null_pointer {
    ($($pointer:ty, $null:expr;)*) => { $(
        // SAFETY: the null pointer is null.
        unsafe impl<T> Null for $pointer {
            const NULL: Self = $null;
            #[inline]
            fn is_null(&self) -> bool {
                (*self).is_null()
            }
        }
    )* };
}

null_pointer! {
    *const T, core::ptr::null();
    *mut T, core::ptr::null_mut();
}

impl<T: IntoNative<M>, M: ?Sized> IntoNative<M> for Option<T>
where
    T::Native: Null,
{
    type Native = T::Native;
    type State = T::State;

    #[inline]
    fn state() -> T::State {
        T::state()
    }

    #[inline]
    fn into_native(self, state: &mut T::State) -> Result<T::Native, MarshalError> {
        self.map_or(Ok(T::Native::NULL), |value| value.into_native(state))
    }

    #[inline]
    fn hand_over(state: &mut T::State) {
        T::hand_over(state);
    }

    #[inline]
    fn copy_back(state: &mut T::State) -> Result<(), MarshalError> {
        T::copy_back(state)
    }
}

impl<T: FromNative<M>, M: ?Sized> FromNative<M> for Option<T>
where
    T::Native: Null,
{
    type Native = T::Native;

    #[inline]
    unsafe fn from_native(native: T::Native) -> Result<Option<T>, MarshalError> {
        if native.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { T::from_native(native) }.map(Some)
    }

    #[inline]
    fn is_failure(native: &T::Native) -> bool {
        T::is_failure(native)
    }
}

// SAFETY: where `None` has the bytes of null, and the rest is the value itself, is for `T` to say; it is
// never claimed here.
unsafe impl<T: Element<M>, M: ?Sized> Element<M> for Option<T>
where
    T::Native: Null,
{
    type Native = T::Native;
    type Guard = Option<T::Guard>;
    const IN_PLACE: bool = false;

    #[inline]
    fn to_native(&self) -> Result<(T::Native, Option<T::Guard>), MarshalError> {
        let Some(value) = self else { return Ok((T::Native::NULL, None)) };
        let (native, guard) = value.to_native()?;
        Ok((native, Some(guard)))
    }

    #[inline]
    unsafe fn from_element(native: &T::Native) -> Result<Option<T>, MarshalError> {
        if native.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { T::from_element(native) }.map(Some)
    }

    unsafe fn update(&mut self, native: &T::Native) -> Result<(), MarshalError> {
        match self {
            // SAFETY: the caller's promise.
            Some(value) if !native.is_null() => unsafe { value.update(native) },
            _ => {
                // SAFETY: as above.
                *self = unsafe { Self::from_element(native) }?;
                Ok(())
            }
        }
    }

    #[inline]
    fn give_away(self) {
        if let Some(value) = self {
            value.give_away();
        }
    }

    #[inline]
    unsafe fn release(native: &mut T::Native) {
        if !native.is_null() {
            // SAFETY: the caller's promise.
            unsafe { T::release(native) };
        }
    }
}

/// Makes types that are their own `Option`'s non-null values arguments, results and members.
#[doc(hidden)]
#[macro_export]
macro_rules! nullable_value {
    ([$($generic:tt)*] $type:ty) => {
        // SAFETY: `None` is null: the guaranteed representation.
        unsafe impl<$($generic)*> $crate::marshal::Null for ::core::option::Option<$type> {
            const NULL: Self = ::core::option::Option::None;
            #[inline]
            fn is_null(&self) -> ::core::primitive::bool {
                self.is_none()
            }
        }

        impl<$($generic)* M: $crate::marshal::CharSet> $crate::marshal::IntoNative<M> for $type {
            type Native = ::core::option::Option<$type>;
            type State = ();
            #[inline]
            fn state() {}
            #[inline]
            fn into_native(self, (): &mut ()) -> ::core::result::Result<Self::Native, $crate::marshal::MarshalError> {
                ::core::result::Result::Ok(::core::option::Option::Some(self))
            }
        }

        impl<$($generic)* M: $crate::marshal::CharSet> $crate::marshal::FromNative<M> for $type {
            type Native = ::core::option::Option<$type>;
            #[inline]
            unsafe fn from_native(native: Self::Native) -> ::core::result::Result<$type, $crate::marshal::MarshalError> {
                native.ok_or_else(|| $crate::marshal::Reason::Null.into())
            }
            #[inline]
            fn is_failure(native: &Self::Native) -> ::core::primitive::bool {
                native.is_none()
            }
        }

        // SAFETY: never in place: native code may leave null.
        unsafe impl<$($generic)* M: $crate::marshal::CharSet> $crate::marshal::Element<M> for $type {
            type Native = ::core::option::Option<$type>;
            type Guard = ();
            const IN_PLACE: ::core::primitive::bool = false;
            #[inline]
            fn to_native(&self) -> ::core::result::Result<(Self::Native, ()), $crate::marshal::MarshalError> {
                ::core::result::Result::Ok((::core::option::Option::Some(*self), ()))
            }
            #[inline]
            unsafe fn from_element(native: &Self::Native) -> ::core::result::Result<$type, $crate::marshal::MarshalError> {
                native.ok_or_else(|| $crate::marshal::Reason::Null.into())
            }
        }
    };
}

nullable_value!([] CodePtr);

impl<T, M: CharSet> IntoNative<M> for NonNull<T> {
    type Native = *mut T;
    type State = ();
    #[inline]
    fn state() {}
    #[inline]
    fn into_native(self, (): &mut ()) -> Result<*mut T, MarshalError> {
        Ok(self.as_ptr())
    }
}

impl<T, M: CharSet> FromNative<M> for NonNull<T> {
    type Native = *mut T;
    #[inline]
    unsafe fn from_native(native: *mut T) -> Result<NonNull<T>, MarshalError> {
        NonNull::new(native).ok_or_else(|| Reason::Null.into())
    }
    #[inline]
    fn is_failure(native: &*mut T) -> bool {
        native.is_null()
    }
}

// SAFETY: never in place: native code may leave null.
unsafe impl<T, M: CharSet> Element<M> for NonNull<T> {
    type Native = *mut T;
    type Guard = ();
    const IN_PLACE: bool = false;
    #[inline]
    fn to_native(&self) -> Result<(*mut T, ()), MarshalError> {
        Ok((self.as_ptr(), ()))
    }
    #[inline]
    unsafe fn from_element(native: &*mut T) -> Result<NonNull<T>, MarshalError> {
        NonNull::new(*native).ok_or_else(|| Reason::Null.into())
    }
}
