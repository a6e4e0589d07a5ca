//! `long double` where it is more than a `double`: [`LongDouble`], exact.
//!
//! ```
//! use pinvoke::dll_import;
//! use pinvoke::value::LongDouble;
//!
//! #[dll_import("libm")]
//! unsafe extern "C" {
//!     safe fn sqrtl(x: LongDouble) -> LongDouble;
//! }
//! let root = sqrtl(LongDouble::from(2.0));
//! assert!(root.to_string().starts_with("1.4142135623730950488"));
//! assert_eq!(root.to_f64(), 2f64.sqrt());
//! ```

#[cfg(target_arch = "aarch64")]
#[path = "quad.rs"]
mod native;
#[cfg(target_arch = "riscv64")]
#[path = "quad_in_integers.rs"]
mod native;
#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
#[path = "x87.rs"]
mod native;

use super::{CharSet, Element, FromNative, IntoNative, MarshalError};
use crate::value::LongDouble;

pub use native::LongDoubleNative;

/// What is aligned as `long double` is.
#[cfg(target_arch = "x86_64")]
type LongDoubleAlign = u128;
/// What is aligned as `long double` is.
#[cfg(target_arch = "x86")]
type LongDoubleAlign = u32;

impl core::fmt::Debug for LongDoubleNative {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&LongDouble::from(*self), f)
    }
}

impl<M: CharSet> IntoNative<M> for LongDouble {
    type Native = LongDoubleNative;
    type State = ();
    #[inline]
    fn state() {}
    #[inline]
    fn into_native(self, (): &mut ()) -> Result<LongDoubleNative, MarshalError> {
        Ok(self.into())
    }
}

impl<M: CharSet> FromNative<M> for LongDouble {
    type Native = LongDoubleNative;
    #[inline]
    unsafe fn from_native(native: LongDoubleNative) -> Result<LongDouble, MarshalError> {
        Ok(native.into())
    }
}

// SAFETY: never in place.
unsafe impl<M: CharSet> Element<M> for LongDouble {
    type Native = LongDoubleNative;
    type Guard = ();
    const IN_PLACE: bool = false;
    #[inline]
    fn to_native(&self) -> Result<(LongDoubleNative, ()), MarshalError> {
        Ok(((*self).into(), ()))
    }
    #[inline]
    unsafe fn from_element(native: &LongDoubleNative) -> Result<LongDouble, MarshalError> {
        Ok((*native).into())
    }
}
