//! Copy, terminate and look for a zero byte in one pass, with the vectors of x86-64.
//!
//! Whole vectors are loaded, stored and folded into a running unsigned minimum, which is zero at the
//! end if and only if some byte was. The last vector overlaps its neighbour, so that no byte needs a
//! loop of its own.
//!
//! A text of up to 31 bytes is put together in a register, zeros behind it, and stored at once. The
//! callee, which will look for the NUL in vectors of 32 bytes, then finds all of them in one store of
//! the store buffer; were text and NUL stored apart, its load would have to wait for both to reach
//! the cache, which costs more than the rest of this function.

#![allow(unsafe_code, reason = "vector loads and stores on raw pointers")]

use core::arch::x86_64::{
    __m128i, __m256i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_setzero_si128,
    _mm_shuffle_epi8, _mm_storeu_si128, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_loadu_si256,
    _mm256_min_epu8, _mm256_set_epi64x, _mm256_set_m128i, _mm256_storeu_si256,
};

/// Bytes that [`terminated`] may write, however short the text.
pub(super) const ROOM: usize = 32;

/// Copies `text` and a NUL behind it to `to`; false if the text has a NUL of its own.
///
/// # Safety
/// `to` is valid for writes of `text.len() + 1` bytes and at least [`ROOM`], and does not overlap
/// `text`.
#[inline]
pub(super) unsafe fn terminated(text: &[u8], to: *mut u8) -> bool {
    let avx2 = std::arch::is_x86_feature_detected!("avx2");
    match text.len() {
        ..16 => {
            let (lanes, clean) = short(text);
            if avx2 {
                // SAFETY: the processor has AVX2, `to` has room for 32 bytes by contract.
                unsafe { store_zero_extended(lanes, to) };
            } else {
                // SAFETY: `to` has room for 32 bytes by contract; an array of bytes has no alignment.
                unsafe { to.cast::<[u64; 2]>().write_unaligned(lanes) };
            }
            clean
        }
        // SAFETY: the processor has AVX2, the length is in range, the rest is this contract.
        16..32 if avx2 => unsafe { one_vector(text, to) },
        n => {
            let clean = if avx2 {
                // SAFETY: the processor has AVX2 and there are at least 32 bytes.
                unsafe { long_avx2(text, to) }
            } else {
                // SAFETY: there are at least 16 bytes.
                unsafe { long_sse2(text, to) }
            };
            // SAFETY: one byte behind the text is within the room, by contract.
            let end = unsafe { to.add(n) };
            // SAFETY: as above.
            unsafe { end.write(0) };
            clean
        }
    }
}

/// Up to 15 bytes as two little-endian lanes with zeros behind them, and whether none of them is zero.
#[inline]
fn short(text: &[u8]) -> ([u64; 2], bool) {
    let n = text.len();
    let word = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&text[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    let half = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&text[at..at + 4]);
        u64::from(u32::from_le_bytes(bytes))
    };
    // The second of two overlapping pieces is shifted down by as much as they overlap.
    let lanes = match n {
        8.. => [word(0), (word(n - 8) >> 8).unbounded_shr(8 * u32::try_from(15 - n).unwrap_or(0))],
        4..8 => [half(0) | (half(n - 4) >> (8 * (8 - n))) << 32, 0],
        1..4 => [
            u64::from(text[0])
                | u64::from(text[n / 2]) << (8 * (n / 2))
                | u64::from(text[n - 1]) << (8 * (n - 1)),
            0,
        ],
        0 => [0, 0],
    };
    // Ones where there is no text, so that only a zero of the text counts.
    let fill =
        |lane: usize| u64::MAX.unbounded_shl(u32::try_from(8 * n.saturating_sub(8 * lane)).unwrap_or(64));
    let clean = !has_zero(lanes[0] | fill(0)) && !has_zero(lanes[1] | fill(1));
    (lanes, clean)
}

/// Whether one of the eight bytes is zero.
#[inline]
fn has_zero(x: u64) -> bool {
    // A byte borrows into its top bit only if it was zero, or above 0x80, which `!x` masks.
    x.wrapping_sub(0x0101_0101_0101_0101) & !x & 0x8080_8080_8080_8080 != 0
}

/// Stores two lanes and two lanes of zeros behind them.
///
/// # Safety
/// The processor has AVX2; `to` is valid for writes of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store_zero_extended(lanes: [u64; 2], to: *mut u8) {
    let v = _mm256_set_epi64x(0, 0, lanes[1].cast_signed(), lanes[0].cast_signed());
    // SAFETY: 32 writable bytes by contract; the store is unaligned.
    unsafe { _mm256_storeu_si256(to.cast(), v) };
}

/// Indices for a byte shuffle that moves a vector down by n bytes and lets zeros follow: n from 0.
const SHIFT_DOWN: [u8; 32] = {
    let mut table = [0x80; 32];
    let mut i = 0;
    while i < 16 {
        table[i as usize] = i;
        i += 1;
    }
    table
};

/// As [`terminated`], for 16 to 31 bytes.
///
/// # Safety
/// The processor has AVX2; `to` is valid for writes of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn one_vector(text: &[u8], to: *mut u8) -> bool {
    let (n, p) = (text.len(), text.as_ptr());
    // SAFETY: 16 bytes from the start lie within n.
    let low = unsafe { _mm_loadu_si128(p.cast()) };
    // SAFETY: n is at least 16.
    let tail = unsafe { p.add(n - 16) };
    // SAFETY: the last 16 bytes of n.
    let tail = unsafe { _mm_loadu_si128(tail.cast()) };
    // SAFETY: n is at least 16, so that at most 16 entries of 32 lie before these 16.
    let indices = unsafe { SHIFT_DOWN.as_ptr().add(32 - n) };
    // SAFETY: as above.
    let indices = unsafe { _mm_loadu_si128(indices.cast()) };
    let high = _mm_shuffle_epi8(tail, indices);
    let v = _mm256_set_m128i(high, low);
    // SAFETY: 32 writable bytes by contract; the store is unaligned.
    unsafe { _mm256_storeu_si256(to.cast(), v) };
    no_zero(_mm_min_epu8(low, tail))
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

/// Copies the text alone; false if it has a NUL.
///
/// # Safety
/// `to` is valid for writes of the length of the text, which is at least 16 bytes.
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

/// As [`long_sse2`].
///
/// # Safety
/// The processor has AVX2; `to` is valid for writes of the length of the text, at least 32 bytes.
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
