//! Numbers that Rust has no type for, and numbers that are not zero.

use core::num::NonZero;

use pinvoke_abi::layout::Layout;
use pinvoke_abi::target::{Arch, Target};

use super::{CharSet, Element, FromNative, IntoNative, MarshalError, undeclared};
use crate::native::{NativeType, Passing};

/// A complex number of C: `float _Complex` is `Complex<f32>`, `double _Complex` is `Complex<f64>`.
///
/// C has the parts one behind the other (C17 6.2.5), and the calling conventions pass them as they pass
/// a structure of the two.
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Complex;
///
/// #[dll_import("libm")]
/// unsafe extern "C" {
///     safe fn cabs(z: Complex<f64>) -> f64;
///     safe fn conjf(z: Complex<f32>) -> Complex<f32>;
/// }
/// assert_eq!(cabs(Complex { re: 3.0, im: -4.0 }), 5.0);
/// assert_eq!(conjf(Complex { re: 1.0, im: 2.0 }), Complex { re: 1.0, im: -2.0 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct Complex<T> {
    /// The real part.
    pub re: T,
    /// The imaginary part.
    pub im: T,
}

macro_rules! complex {
    ($($part:ty),*) => { $(
        // SAFETY: two floats in a row, which travel as the structure does; where a result does not, rustc is
        // not asked.
        unsafe impl NativeType for Complex<$part> {
            const PASSING: Passing = Passing::ByPlan;
            const ZEROABLE: bool = true;
            // On 32-bit x86 the two of 4 bytes come in registers, and a structure in memory.
            const RETURNED_BY_PLAN: bool = matches!(Target::HOST.arch, Arch::X86);
            fn layout() -> Layout {
                Layout::complex(&Layout::float(Target::HOST, size_of::<$part>() as u64))
            }
        }

        crate::native_value!(Complex<$part>);
    )* };
}

complex!(f32, f64);

macro_rules! non_zero {
    ($($int:ty)*) => { $(
        impl<M: CharSet> IntoNative<M> for NonZero<$int> {
            type Native = $int;
            type State = ();
            #[inline]
            fn state() {}
            #[inline]
            fn into_native(self, (): &mut ()) -> Result<$int, MarshalError> {
                Ok(self.get())
            }
        }

        impl<M: CharSet> FromNative<M> for NonZero<$int> {
            type Native = $int;
            #[inline]
            unsafe fn from_native(native: $int) -> Result<Self, MarshalError> {
                NonZero::new(native).ok_or_else(|| undeclared(native, core::any::type_name::<Self>()))
            }
            #[inline]
            fn is_failure(native: &$int) -> bool {
                *native == 0
            }
        }

        // SAFETY: not in place, for native code may leave 0.
        unsafe impl<M: CharSet> Element<M> for NonZero<$int> {
            type Native = $int;
            type Guard = ();
            const IN_PLACE: bool = false;
            #[inline]
            fn to_native(&self) -> Result<($int, ()), MarshalError> {
                Ok((self.get(), ()))
            }
            #[inline]
            unsafe fn from_element(native: &$int) -> Result<Self, MarshalError> {
                NonZero::new(*native).ok_or_else(|| undeclared(native, core::any::type_name::<Self>()))
            }
        }
    )* };
}

non_zero!(i8 u8 i16 u16 i32 u32 i64 u64 isize usize);
