//! Vectors of 128 bits, in declared imports: `__m128`, `__m128d`, `__m128i`; with AVX enabled for the whole
//! program also those of 256 bits, for rustc refuses to pass them otherwise.
//!
//! To a calling convention a vector of 128 bits is what a 128-bit float is: one vector register on System V
//! (class SSE, then SSEUP), a pointer to it on Windows. That is the layout which is told.

use core::arch::x86_64::{__m128, __m128d, __m128i};

use pinvoke_abi::layout::{Kind, Layout};

use crate::native::{NativeType, Passing};

macro_rules! vector {
    ($($type:ty)*) => { $(
        // SAFETY: rustc passes the vector types of core::arch as C passes its own.
        unsafe impl NativeType for $type {
            const PASSING: Passing = Passing::ByPlan;
            const ZEROABLE: bool = true;
            fn layout() -> Layout {
                let (size, align) = (size_of::<$type>() as u64, align_of::<$type>() as u64);
                Layout { size, align, kind: Kind::Float }
            }
        }

        crate::native_value!($type);
    )* };
}

vector!(__m128 __m128d __m128i);

#[cfg(target_feature = "avx")]
vector!(core::arch::x86_64::__m256 core::arch::x86_64::__m256d core::arch::x86_64::__m256i);
