//! `__m128`, `__m128d`, `__m128i`; with AVX or AVX-512 enabled for the whole program also `__m256` and `__m512` and
//! theirs.

use super::arch::{__m128, __m128d, __m128i};
#[cfg(target_feature = "avx")]
use super::arch::{__m256, __m256d, __m256i};
#[cfg(target_feature = "avx512f")]
use super::arch::{__m512, __m512d, __m512i};

use super::{float, int, vectors};

vectors! {
    float(4) => __m128;
    float(8) => __m128d;
    int(8, true) => __m128i;
}

#[cfg(target_feature = "avx")]
vectors! {
    float(4) => __m256;
    float(8) => __m256d;
    int(8, true) => __m256i;
}

#[cfg(target_feature = "avx512f")]
vectors! {
    float(4) => __m512;
    float(8) => __m512d;
    int(8, true) => __m512i;
}
