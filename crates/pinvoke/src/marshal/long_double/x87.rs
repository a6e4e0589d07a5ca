//! `long double` of the x87 in native memory.
//!
//! As an argument it travels in memory on the stack, aligned to 16 bytes (System V x86-64, 3.2.3: class
//! X87 is passed as MEMORY), or to 4 on 32-bit x86. rustc has no such type, but passes a structure with a misaligned member the
//! same way, so the native form is one. A result comes back in an x87 register, which rustc cannot name:
//! such calls are made by the engine of [`crate::call`], after a plan.

use pinvoke_abi::layout::Layout;
use pinvoke_abi::target::Target;

use super::LongDoubleAlign;
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
