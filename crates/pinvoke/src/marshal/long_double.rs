//! `long double` where it is the x87's: [`LongDouble`], exact.
//!
//! As an argument it travels in memory on the stack, aligned to 16 bytes (System V x86-64, 3.2.3: class
//! X87 is passed as MEMORY), or to 4 on 32-bit x86. rustc has no such type, but passes a structure with a misaligned member the
//! same way, so the native form is one. A result comes back in an x87 register, which rustc cannot name:
//! such calls are made by the engine of [`crate::call`], after a plan.
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
//! assert_eq!(root.to_string(), "1.4142135623730950488");
//! assert_eq!(root.to_f64(), 2f64.sqrt());
//! ```

use pinvoke_abi::layout::Layout;
use pinvoke_abi::target::Target;

use super::{CharSet, Element, FromNative, IntoNative, LongDoubleAlign, MarshalError};
use crate::native::{NativeType, Passing};
use crate::value::LongDouble;

/// The ten bytes, as a type that rustc passes in memory: `middle` is misaligned.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Bytes {
    first: u8,
    middle: u32,
    rest: [u8; 5],
}

/// `long double` in memory: ten bytes of value and six of padding, of which 32-bit x86 has two.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct LongDoubleNative(Bytes, [LongDoubleAlign; 0]);

impl core::fmt::Debug for LongDoubleNative {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&LongDouble::from(*self), f)
    }
}

impl From<LongDouble> for LongDoubleNative {
    fn from(number: LongDouble) -> Self {
        let [first, b1, b2, b3, b4, rest @ ..] = number.to_bytes();
        LongDoubleNative(Bytes { first, middle: u32::from_le_bytes([b1, b2, b3, b4]), rest }, [])
    }
}

impl From<LongDoubleNative> for LongDouble {
    fn from(LongDoubleNative(Bytes { first, middle, rest }, []): LongDoubleNative) -> LongDouble {
        let ([b1, b2, b3, b4], [b5, b6, b7, b8, b9]) = (middle.to_le_bytes(), rest);
        LongDouble::from_bytes([first, b1, b2, b3, b4, b5, b6, b7, b8, b9])
    }
}

// SAFETY: the size and alignment of C's type; as an argument it travels in memory like C's, and as a
// result rustc is not asked.
unsafe impl NativeType for LongDoubleNative {
    const PASSING: Passing = Passing::ByPlan;
    const ZEROABLE: bool = true;
    const RETURNED_BY_PLAN: bool = true;
    fn layout() -> Layout {
        Layout::long_double(Target::HOST)
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
