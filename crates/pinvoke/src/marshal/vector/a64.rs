//! The types of `arm_neon.h` of 64 and 128 bits, and two to four of one in a structure, as `vld2` and its like return
//! them.

use core::arch::aarch64::{
    float32x2_t, float32x2x2_t, float32x2x3_t, float32x2x4_t, float32x4_t, float32x4x2_t, float32x4x3_t,
    float32x4x4_t, float64x1_t, float64x2_t, float64x2x2_t, float64x2x3_t, float64x2x4_t, int8x8_t,
    int8x8x2_t, int8x8x3_t, int8x8x4_t, int8x16_t, int8x16x2_t, int8x16x3_t, int8x16x4_t, int16x4_t,
    int16x8_t, int32x2_t, int32x4_t, int64x1_t, int64x2_t, poly8x8_t, poly8x16_t, poly16x4_t, poly16x8_t,
    poly64x1_t, poly64x2_t, uint8x8_t, uint8x8x2_t, uint8x8x3_t, uint8x8x4_t, uint8x16_t, uint8x16x2_t,
    uint8x16x3_t, uint8x16x4_t, uint16x4_t, uint16x8_t, uint32x2_t, uint32x4_t, uint64x1_t, uint64x2_t,
};

use pinvoke_abi::layout::{Layout, StructBuilder};
use pinvoke_abi::target::Target;

use super::{float, int, vectors};
use crate::native::{NativeType, Passing};

vectors! {
    float(4) => float32x2_t float32x4_t;
    float(8) => float64x1_t float64x2_t;
    int(1, true) => int8x8_t int8x16_t;
    int(2, true) => int16x4_t int16x8_t;
    int(4, true) => int32x2_t int32x4_t;
    int(8, true) => int64x1_t int64x2_t;
    int(1, false) => uint8x8_t uint8x16_t poly8x8_t poly8x16_t;
    int(2, false) => uint16x4_t uint16x8_t poly16x4_t poly16x8_t;
    int(4, false) => uint32x2_t uint32x4_t;
    int(8, false) => uint64x1_t uint64x2_t poly64x1_t poly64x2_t;
}

/// Structures of vectors: each is so many of one.
macro_rules! rows {
    ($($vector:ident => $($type:ident)*;)*) => { $( $(
        const _: () = assert!(size_of::<$type>().is_multiple_of(size_of::<$vector>()), "a row of vectors");

        // SAFETY: these structures of core::arch are repr(C) and have so many members of the vector.
        unsafe impl NativeType for $type {
            const PASSING: Passing = Passing::ByPlan;
            const ZEROABLE: bool = true;
            const RETURNED_BY_PLAN: bool = true;
            const PASSED_BY_PLAN: bool = true;
            const HAS_VECTORS: bool = true;
            fn layout() -> Layout {
                let mut row = StructBuilder::new(Target::HOST);
                for _ in 0..size_of::<$type>() / size_of::<$vector>() {
                    row.field($vector::layout(), None).expect("a few vectors");
                }
                row.finish(None).expect("a few vectors")
            }
        }

        crate::native_value!($type);
    )* )* };
}

rows! {
    float32x2_t => float32x2x2_t float32x2x3_t float32x2x4_t;
    float32x4_t => float32x4x2_t float32x4x3_t float32x4x4_t;
    float64x2_t => float64x2x2_t float64x2x3_t float64x2x4_t;
    int8x8_t => int8x8x2_t int8x8x3_t int8x8x4_t;
    int8x16_t => int8x16x2_t int8x16x3_t int8x16x4_t;
    uint8x8_t => uint8x8x2_t uint8x8x3_t uint8x8x4_t;
    uint8x16_t => uint8x16x2_t uint8x16x3_t uint8x16x4_t;
}
