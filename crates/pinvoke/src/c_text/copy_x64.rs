//! Copy, terminate and look for a zero byte in one pass, with the vectors of x86-64.
//!
//! Whole vectors are loaded, stored and folded into a running unsigned minimum, which is zero at the
//! end if and only if some byte was. The last vector overlaps its neighbour, so that no byte needs a
//! loop of its own.
//!
//! A text of up to 31 bytes is put together in a register, zeros behind it, and stored at once. The
//! callee, which will look for the NUL in vectors of 32 bytes, then finds all of them in one store of
//! the store buffer; were text and NUL stored apart, its load would have to wait for both to reach
//! the cache, which costs more than the rest of this function. These few instructions are written by
//! hand: compilers split a store of 32 bytes in two where they do not know the processor, and do not
//! inline a function for AVX2 into one without.

#![allow(unsafe_code, reason = "vector loads and stores on raw pointers")]

use core::arch::asm;
use core::arch::x86_64::{
    __m128i, __m256i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_setzero_si128,
    _mm_storeu_si128, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_min_epu8,
    _mm256_storeu_si256,
};

/// Bytes that [`terminated`] may write behind the text.
pub(super) const ROOM: usize = 32;

/// Copies `text` and a NUL behind it to `to`; false if the text has a NUL of its own.
///
/// # Safety
/// `to` is valid for writes of `text.len() + ROOM` bytes and does not overlap `text`.
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
            // SAFETY: behind the text there is room, by contract.
            let end = unsafe { to.add(n) };
            if avx2 {
                // First and in one vector, for the reason that short texts are stored in one.
                // SAFETY: the processor has AVX2, and there is room for 32 bytes.
                unsafe { store_zero_extended([0; 2], end) };
                // SAFETY: the processor has AVX2 and there are at least 32 bytes.
                unsafe { long_avx2(text, to) }
            } else {
                // SAFETY: there is room for one byte.
                unsafe { end.write(0) };
                // SAFETY: there are at least 16 bytes.
                unsafe { long_sse2(text, to) }
            }
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

/// Runs AVX2 instructions, from wherever it is inlined. The upper halves of all vector registers are
/// clear afterwards, since code that knows nothing of them runs slower where they are not.
macro_rules! avx2 {
    ($($instruction:literal,)* $(; $($operands:tt)*)?) => {
        asm!(
            $($instruction,)*
            "vzeroupper",
            $($($operands)*,)?
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
            out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
            options(nostack),
        )
    };
}

/// Stores two lanes and two lanes of zeros behind them.
///
/// # Safety
/// The processor has AVX2; `to` is valid for writes of 32 bytes.
#[inline(always)]
unsafe fn store_zero_extended(lanes: [u64; 2], to: *mut u8) {
    // SAFETY: 32 writable bytes by contract; a vector instruction for 16 bytes clears those above.
    unsafe {
        avx2!(
            "vmovq xmm0, {low}",
            "vpinsrq xmm0, xmm0, {high}, 1",
            "vmovdqu [{to}], ymm0",
            ; low = in(reg) lanes[0], high = in(reg) lanes[1], to = in(reg) to
        );
    }
}

/// Indices for a byte shuffle that moves a vector down by n bytes and lets zeros follow: n from 0.
static SHIFT_DOWN: [u8; 32] = {
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
#[inline(always)]
unsafe fn one_vector(text: &[u8], to: *mut u8) -> bool {
    let (n, p) = (text.len(), text.as_ptr());
    // SAFETY: n is at least 16.
    let tail = unsafe { p.add(n - 16) };
    // SAFETY: n is at least 16, so that at most 16 entries of 32 lie before the 16 that are read.
    let indices = unsafe { SHIFT_DOWN.as_ptr().add(32 - n) };
    let zeros: u32;
    // SAFETY: reads the first and the last 16 bytes of n, and 16 indices; writes 32 writable bytes by
    // contract. What follows the first 16 bytes is shifted to where they end.
    unsafe {
        avx2!(
            "vmovdqu xmm0, [{text}]",
            "vmovdqu xmm1, [{tail}]",
            "vpshufb xmm2, xmm1, [{indices}]",
            "vinserti128 ymm2, ymm0, xmm2, 1",
            "vmovdqu [{to}], ymm2",
            "vpminub xmm0, xmm0, xmm1",
            "vpxor xmm1, xmm1, xmm1",
            "vpcmpeqb xmm0, xmm0, xmm1",
            "vpmovmskb {zeros:e}, xmm0",
            ; text = in(reg) p, tail = in(reg) tail, indices = in(reg) indices, to = in(reg) to,
            zeros = lateout(reg) zeros
        );
    }
    zeros == 0
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

/// Whether a copy from start to end would load, each time, what looks like bytes just stored: processors
/// compare the lowest 12 bits of addresses first, and a load that seems to overlap a store which has not
/// reached the cache waits for it. From end to start it does not, then.
fn loads_follow_stores(from: *const u8, to: *mut u8) -> bool {
    to.addr().wrapping_sub(from.addr()) % 4096 < 2048
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
    let pairs = n / 64;
    let (mut at, step) =
        if loads_follow_stores(p, to) { (pairs.saturating_sub(1) * 64, -64) } else { (0, 64) };
    // Two independent minima hide the latency of each other.
    for _ in 0..pairs {
        // SAFETY: `at` is 64 times the number of one of the pairs, all of which end within n.
        a = _mm256_min_epu8(a, unsafe { vector_avx2(p, to, at) });
        // SAFETY: as above.
        b = _mm256_min_epu8(b, unsafe { vector_avx2(p, to, at + 32) });
        at = at.wrapping_add_signed(step);
    }
    let at = pairs * 64;
    if at + 32 <= n {
        // SAFETY: `at + 32` is at most n.
        a = _mm256_min_epu8(a, unsafe { vector_avx2(p, to, at) });
    }
    let minimum = _mm256_min_epu8(a, b);
    no_zero(_mm_min_epu8(_mm256_castsi256_si128(minimum), _mm256_extracti128_si256::<1>(minimum)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ways that processors without AVX2 go, whatever this one is.
    #[test]
    fn sse2_alone_copies_every_length() {
        let text: Vec<u8> = (0..200_u8).map(|i| b'!' + i % 90).collect();
        for n in 0..text.len() {
            for nul in [None, Some(0), Some(n / 2), Some(n.saturating_sub(1))] {
                let mut text = text[..n].to_vec();
                let nul = nul.filter(|at| *at < n);
                nul.inspect(|at| text[*at] = 0);
                let mut to = [0xAA_u8; 256];
                let clean = if n < 16 {
                    let (lanes, clean) = short(&text);
                    to[..8].copy_from_slice(&lanes[0].to_le_bytes());
                    to[8..16].copy_from_slice(&lanes[1].to_le_bytes());
                    assert!(to[n..16].iter().all(|b| *b == 0), "{n} bytes: no zeros behind the text");
                    clean
                } else {
                    // SAFETY: at least 16 bytes, and room for them.
                    unsafe { long_sse2(&text, to.as_mut_ptr()) }
                };
                assert_eq!(to[..n], text, "{n} bytes");
                assert_eq!(clean, nul.is_none(), "{n} bytes, NUL at {nul:?}");
            }
        }
    }
}
