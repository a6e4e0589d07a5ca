//! `long double` of quadruple precision in native memory.
//!
//! It travels in a SIMD register, as a vector of 16 bytes does (AAPCS64 6.8.2, C.1 and C.2), and that is how rustc is
//! told of it.

use core::arch::aarch64::uint8x16_t;

use pinvoke_abi::layout::Layout;
use pinvoke_abi::target::Target;

use crate::native::{NativeType, Passing};
use crate::value::LongDouble;

/// `long double` in memory: sixteen bytes.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct LongDoubleNative(uint8x16_t);

impl From<LongDouble> for LongDoubleNative {
    fn from(number: LongDouble) -> Self {
        // SAFETY: sixteen bytes either way, of which any are valid.
        LongDoubleNative(unsafe { core::mem::transmute::<[u8; 16], uint8x16_t>(number.to_bytes()) })
    }
}

impl From<LongDoubleNative> for LongDouble {
    fn from(LongDoubleNative(vector): LongDoubleNative) -> LongDouble {
        // SAFETY: sixteen bytes either way, of which any are valid.
        LongDouble::from_bytes(unsafe { core::mem::transmute::<uint8x16_t, [u8; 16]>(vector) })
    }
}

// SAFETY: the size and alignment of C's type, and it travels as that does.
unsafe impl NativeType for LongDoubleNative {
    const PASSING: Passing = Passing::Vec;
    const ZEROABLE: bool = true;
    fn layout() -> Layout {
        Layout::long_double(Target::HOST)
    }
}
