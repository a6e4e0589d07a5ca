//! `long double` of quadruple precision in native memory, where it travels as an integer of its size does.
//!
//! That is so on RISC-V, whose registers for numbers hold 8 bytes: "passed the same way as aggregates of the same size"
//! (psABI, integer calling convention).

use pinvoke_abi::layout::Layout;
use pinvoke_abi::target::Target;

use crate::native::{NativeType, Passing};
use crate::value::LongDouble;

/// `long double` in memory: sixteen bytes.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct LongDoubleNative(u128);

impl From<LongDouble> for LongDoubleNative {
    fn from(number: LongDouble) -> Self {
        LongDoubleNative(u128::from_ne_bytes(number.to_bytes()))
    }
}

impl From<LongDoubleNative> for LongDouble {
    fn from(LongDoubleNative(bits): LongDoubleNative) -> LongDouble {
        LongDouble::from_bytes(bits.to_ne_bytes())
    }
}

// SAFETY: the size and alignment of C's type, and it travels as that does.
unsafe impl NativeType for LongDoubleNative {
    const PASSING: Passing = Passing::ByPlan;
    const ZEROABLE: bool = true;
    fn layout() -> Layout {
        Layout::long_double(Target::HOST)
    }
}
