//! Copy and look for a zero byte in one pass, with the vectors of x86-64.
//!
//! Whole vectors are loaded, stored and folded into a running unsigned minimum, which is zero at the
//! end if and only if some byte was. The last vector overlaps its neighbour, so that no byte needs a
//! loop of its own.

#![allow(unsafe_code, reason = "vector loads and stores on raw pointers")]

use core::arch::x86_64::{
    __m128i, __m256i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_setzero_si128,
    _mm_storeu_si128, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_min_epu8,
    _mm256_storeu_si256,
};

/// Copies `from` to `to` and tells whether it is free of zero bytes.
///
/// # Safety
/// `to` is valid for writes of `from.len()` bytes and does not overlap `from`.
#[inline]
pub(super) unsafe fn copy_without_nul(from: &[u8], to: *mut u8) -> bool {
    match from.len() {
        // SAFETY: the length is in the range of the function, the rest is this contract.
        ..16 => unsafe { short(from, to) },
        // SAFETY: as above.
        16..=32 => unsafe { two_vectors(from, to) },
        // SAFETY: as above.
        _ => unsafe { long(from, to) },
    }
}

/// Copies `N` bytes at `at`, and tells whether one of them is zero.
///
/// # Safety
/// `at + N` bytes are readable in `from` and writable at `to`.
#[inline]
unsafe fn word<const N: usize>(from: *const u8, to: *mut u8, at: usize) -> bool {
    // SAFETY: in range by contract.
    let source = unsafe { from.add(at) };
    // SAFETY: in range by contract; an array of bytes has no alignment.
    let bytes: [u8; N] = unsafe { source.cast::<[u8; N]>().read() };
    // SAFETY: in range by contract.
    let target = unsafe { to.add(at) };
    // SAFETY: in range by contract; an array of bytes has no alignment.
    unsafe { target.cast::<[u8; N]>().write(bytes) };
    let mut wide = [1; 8];
    wide[..N].copy_from_slice(&bytes);
    let x = u64::from_le_bytes(wide);
    // A byte borrows into its top bit only if it was zero, or above 0x80, which `!x` masks.
    x.wrapping_sub(0x0101_0101_0101_0101) & !x & 0x8080_8080_8080_8080 != 0
}

/// # Safety
/// As [`copy_without_nul`], for fewer than 16 bytes.
#[inline]
unsafe fn short(from: &[u8], to: *mut u8) -> bool {
    let (n, p) = (from.len(), from.as_ptr());
    let zero = if n >= 8 {
        // SAFETY: 8 bytes from the start lie within n.
        let head = unsafe { word::<8>(p, to, 0) };
        // SAFETY: the last 8 bytes of n.
        head | unsafe { word::<8>(p, to, n - 8) }
    } else if n >= 4 {
        // SAFETY: 4 bytes from the start lie within n.
        let head = unsafe { word::<4>(p, to, 0) };
        // SAFETY: the last 4 bytes of n.
        head | unsafe { word::<4>(p, to, n - 4) }
    } else {
        let mut zero = false;
        for i in 0..n {
            // SAFETY: i is below n.
            zero |= unsafe { word::<1>(p, to, i) };
        }
        zero
    };
    !zero
}

/// Copies 16 bytes at `at` and returns them.
///
/// # Safety
/// `at + 16` bytes are readable in `from` and writable at `to`.
#[inline]
#[target_feature(enable = "sse2")]
unsafe fn vector(from: *const u8, to: *mut u8, at: usize) -> __m128i {
    // SAFETY: in range by contract.
    let source = unsafe { from.add(at) };
    // SAFETY: 16 readable bytes by contract; the load is unaligned.
    let v = unsafe { _mm_loadu_si128(source.cast()) };
    // SAFETY: in range by contract.
    let target = unsafe { to.add(at) };
    // SAFETY: 16 writable bytes by contract; the store is unaligned.
    unsafe { _mm_storeu_si128(target.cast(), v) };
    v
}

#[inline]
#[target_feature(enable = "sse2")]
fn no_zero(minimum: __m128i) -> bool {
    _mm_movemask_epi8(_mm_cmpeq_epi8(minimum, _mm_setzero_si128())) == 0
}

/// # Safety
/// As [`copy_without_nul`], for 16 to 32 bytes.
#[inline]
#[target_feature(enable = "sse2")]
unsafe fn two_vectors(from: &[u8], to: *mut u8) -> bool {
    let (n, p) = (from.len(), from.as_ptr());
    // SAFETY: 16 bytes from the start lie within n.
    let head = unsafe { vector(p, to, 0) };
    // SAFETY: the last 16 bytes of n.
    let tail = unsafe { vector(p, to, n - 16) };
    no_zero(_mm_min_epu8(head, tail))
}

/// # Safety
/// As [`copy_without_nul`], for more than 32 bytes.
#[inline]
unsafe fn long(from: &[u8], to: *mut u8) -> bool {
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, and more than 32 bytes are passed on.
        unsafe { long_avx2(from, to) }
    } else {
        // SAFETY: more than 32 bytes are passed on.
        unsafe { long_sse2(from, to) }
    }
}

/// # Safety
/// As [`copy_without_nul`], for at least 16 bytes.
#[target_feature(enable = "sse2")]
unsafe fn long_sse2(from: &[u8], to: *mut u8) -> bool {
    let (n, p) = (from.len(), from.as_ptr());
    // SAFETY: the last 16 bytes of n.
    let mut minimum = unsafe { vector(p, to, n - 16) };
    let mut at = 0;
    while at + 16 <= n {
        // SAFETY: `at + 16` is at most n.
        minimum = _mm_min_epu8(minimum, unsafe { vector(p, to, at) });
        at += 16;
    }
    no_zero(minimum)
}

/// Copies 32 bytes at `at` and returns them.
///
/// # Safety
/// The processor has AVX2; `at + 32` bytes are readable in `from` and writable at `to`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn vector_avx2(from: *const u8, to: *mut u8, at: usize) -> __m256i {
    // SAFETY: in range by contract.
    let source = unsafe { from.add(at) };
    // SAFETY: 32 readable bytes by contract; the load is unaligned.
    let v = unsafe { _mm256_loadu_si256(source.cast()) };
    // SAFETY: in range by contract.
    let target = unsafe { to.add(at) };
    // SAFETY: 32 writable bytes by contract; the store is unaligned.
    unsafe { _mm256_storeu_si256(target.cast(), v) };
    v
}

/// # Safety
/// The processor has AVX2; otherwise as [`copy_without_nul`], for at least 32 bytes.
#[target_feature(enable = "avx2")]
unsafe fn long_avx2(from: &[u8], to: *mut u8) -> bool {
    let (n, p) = (from.len(), from.as_ptr());
    // SAFETY: the last 32 bytes of n.
    let mut a = unsafe { vector_avx2(p, to, n - 32) };
    let mut b = a;
    let mut at = 0;
    // Two independent minima hide the latency of each other.
    while at + 64 <= n {
        // SAFETY: `at + 64` is at most n.
        a = _mm256_min_epu8(a, unsafe { vector_avx2(p, to, at) });
        // SAFETY: as above.
        b = _mm256_min_epu8(b, unsafe { vector_avx2(p, to, at + 32) });
        at += 64;
    }
    if at + 32 <= n {
        // SAFETY: `at + 32` is at most n.
        a = _mm256_min_epu8(a, unsafe { vector_avx2(p, to, at) });
    }
    let minimum = _mm256_min_epu8(a, b);
    no_zero(_mm_min_epu8(_mm256_castsi256_si128(minimum), _mm256_extracti128_si256::<1>(minimum)))
}
