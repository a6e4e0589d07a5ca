//! Values that are their own native form: numbers, `bool`, pointers, function pointers, and whatever
//! derives [`NativeType`](crate::native::NativeType).

use super::{CharSet, FromNative, IntoNative, MarshalError};

/// Makes native types arguments, results and elements that travel as they are.
///
/// `#[derive(NativeType)]` does this for the type it derives. Generic parameters come first, the rule
/// for failure (a closure on the native value) last:
///
/// ```text
/// native_value!(i32, |v| *v == -1);
/// native_value!(@for [T,] *mut T, |p| p.is_null());
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! native_value {
    ($type:ty) => {
        $crate::native_value!(@for [] $type, |_| false);
    };
    ($type:ty, |$native:pat_param| $failure:expr) => {
        $crate::native_value!(@for [] $type, |$native| $failure);
    };
    (@for [$($generic:tt)*] $type:ty, |$native:pat_param| $failure:expr) => {
        impl<$($generic)* M: $crate::marshal::CharSet> $crate::marshal::IntoNative<M> for $type {
            type Native = $type;
            type State = ();
            const AS_IT_IS: ::core::option::Option<fn($type) -> $type> =
                ::core::option::Option::Some(::core::convert::identity);
            #[inline]
            fn state() {}
            #[inline]
            fn into_native(self, (): &mut ()) -> ::core::result::Result<$type, $crate::marshal::MarshalError> {
                ::core::result::Result::Ok(self)
            }
        }

        impl<$($generic)* M: $crate::marshal::CharSet> $crate::marshal::FromNative<M> for $type {
            type Native = $type;
            const AS_IT_IS: ::core::option::Option<fn($type) -> $type> =
                ::core::option::Option::Some(::core::convert::identity);
            #[inline]
            unsafe fn from_native(native: $type) -> ::core::result::Result<$type, $crate::marshal::MarshalError> {
                ::core::result::Result::Ok(native)
            }
            #[inline]
            fn is_failure($native: &$type) -> ::core::primitive::bool {
                $failure
            }
        }

        // SAFETY: the native form is the type itself.
        unsafe impl<$($generic)* M: $crate::marshal::CharSet> $crate::marshal::Element<M> for $type {
            type Native = $type;
            type Guard = ();
            const IN_PLACE: ::core::primitive::bool = true;
            #[inline]
            fn to_native(&self) -> ::core::result::Result<($type, ()), $crate::marshal::MarshalError> {
                ::core::result::Result::Ok((*self, ()))
            }
            #[inline]
            unsafe fn from_element(native: &$type) -> ::core::result::Result<$type, $crate::marshal::MarshalError> {
                ::core::result::Result::Ok(*native)
            }
        }
    };
}

native_value!(i8, |v| *v == -1);
native_value!(i16, |v| *v == -1);
native_value!(i32, |v| *v == -1);
native_value!(i64, |v| *v == -1);
native_value!(i128, |v| *v == -1);
native_value!(isize, |v| *v == -1);
native_value!(u8, |v| *v == u8::MAX);
native_value!(u16, |v| *v == u16::MAX);
native_value!(u32, |v| *v == u32::MAX);
native_value!(u64, |v| *v == u64::MAX);
native_value!(u128, |v| *v == u128::MAX);
native_value!(usize, |v| *v == usize::MAX);
native_value!(f32);
native_value!(f64);
native_value!(@for [T,] *const T, |p| p.is_null());
native_value!(@for [T,] *mut T, |p| p.is_null());

// Nothing comes back: `()` is a result only.
impl<M: CharSet> FromNative<M> for () {
    type Native = ();
    #[inline]
    unsafe fn from_native((): ()) -> Result<(), MarshalError> {
        Ok(())
    }
}

impl<M: CharSet> IntoNative<M> for () {
    type Native = ();
    type State = ();
    #[inline]
    fn state() {}
    #[inline]
    fn into_native(self, (): &mut ()) -> Result<(), MarshalError> {
        Ok(())
    }
}
