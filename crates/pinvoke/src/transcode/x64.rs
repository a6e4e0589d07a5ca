//! With vectors: SSE2, which every x86-64 has, and AVX2 where there is.
#![allow(unsafe_code, reason = "vector loads and stores on raw pointers")]

use core::arch::x86_64::{
    __m128i, __m256i, _mm_and_si128, _mm_blendv_epi8, _mm_cmpeq_epi8, _mm_cmpeq_epi16, _mm_cmpgt_epi8,
    _mm_cmplt_epi16, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_packs_epi16,
    _mm_packus_epi16, _mm_packus_epi32, _mm_set_epi64x, _mm_set1_epi8, _mm_set1_epi16, _mm_set1_epi32,
    _mm_setzero_si128, _mm_shuffle_epi8, _mm_slli_epi16, _mm_srli_epi16, _mm_srli_epi32, _mm_storeu_si128,
    _mm_testz_si128, _mm_unpackhi_epi8, _mm_unpacklo_epi8, _mm256_and_si256, _mm256_blendv_epi8,
    _mm256_castsi256_ps, _mm256_castsi256_si128, _mm256_cmpgt_epi8, _mm256_cmpgt_epi32, _mm256_cvtepu8_epi16,
    _mm256_cvtepu16_epi32, _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_min_epu8,
    _mm256_movemask_epi8, _mm256_movemask_ps, _mm256_or_si256, _mm256_packus_epi16, _mm256_permute4x64_epi64,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_slli_epi32, _mm256_srli_epi32,
    _mm256_storeu_si256, _mm256_testz_si256,
};

use super::Encoded;
use super::scalar::{character, part_of_utf8, put_utf16, rest_of_utf16};
use super::tables::{ENDS, NONE, PAIRS, SPREADS, Shuffle, THREE, TWO};

/// As [`super::utf16_of`].
///
/// # Safety
/// As for [`super::utf16_of`].
#[inline]
pub(super) unsafe fn utf16_of(text: &str, to: *mut u16) -> Encoded {
    let text = text.as_bytes();
    if text.len() < 16 {
        // SAFETY: every x86-64 has SSE2; the text is UTF-8, the rest is this contract.
        return unsafe { utf16_short(text, to) };
    }
    if text.len() <= 32 {
        // SAFETY: as above, and at least sixteen bytes.
        let (is_ascii, encoded) = unsafe { utf16_ends(text, to) };
        if is_ascii {
            return encoded;
        }
    }
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2; the text is UTF-8, the rest is this contract.
        return unsafe { utf16_avx2(text, to) };
    }
    // SAFETY: the text is UTF-8, the rest is this contract.
    unsafe { utf16_sse2(text, to) }
}

/// Sixteen bytes at an index.
///
/// # Safety
/// They are readable.
#[inline]
#[target_feature(enable = "sse2")]
unsafe fn load(from: *const u8, at: usize) -> __m128i {
    // SAFETY: in range by contract.
    let from = unsafe { from.add(at) };
    // SAFETY: 16 readable bytes by contract; the load is unaligned.
    unsafe { _mm_loadu_si128(from.cast()) }
}

/// Stores sixteen bytes at an index of units.
///
/// # Safety
/// There is room.
#[inline]
#[target_feature(enable = "sse2")]
unsafe fn store<U>(to: *mut U, at: usize, v: __m128i) {
    // SAFETY: in range by contract.
    let to = unsafe { to.add(at) };
    // SAFETY: 16 writable bytes by contract; the store is unaligned.
    unsafe { _mm_storeu_si128(to.cast(), v) };
}

/// Thirty-two bytes at an index of units.
///
/// # Safety
/// The processor has AVX2; they are readable.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_wide<U>(from: *const U, at: usize) -> __m256i {
    // SAFETY: in range by contract.
    let from = unsafe { from.add(at) };
    // SAFETY: 32 readable bytes by contract; the load is unaligned.
    unsafe { _mm256_loadu_si256(from.cast()) }
}

/// Stores thirty-two bytes at an index of units.
///
/// # Safety
/// The processor has AVX2; there is room.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store_wide<U>(to: *mut U, at: usize, v: __m256i) {
    // SAFETY: in range by contract.
    let to = unsafe { to.add(at) };
    // SAFETY: 32 writable bytes by contract; the store is unaligned.
    unsafe { _mm256_storeu_si256(to.cast(), v) };
}

#[inline]
#[target_feature(enable = "sse2")]
fn has_zero(minimum: __m128i) -> bool {
    _mm_movemask_epi8(_mm_cmpeq_epi8(minimum, _mm_setzero_si128())) != 0
}

/// Up to 15 bytes.
///
/// # Safety
/// `text` is UTF-8; `to` is valid for writes of a unit per byte and the slack.
#[inline]
#[target_feature(enable = "sse2")]
unsafe fn utf16_short(text: &[u8], to: *mut u16) -> Encoded {
    let [low, high] = lanes(text);
    let v = _mm_set_epi64x(high.cast_signed(), low.cast_signed());
    // SAFETY: there is room for sixteen units.
    let (is_ascii, _) = unsafe { widen_if_ascii(v, to, 0) };
    if is_ascii {
        let zeros = _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128()));
        return Encoded { units: text.len(), has_nul: zeros & ((1 << text.len()) - 1) != 0 };
    }
    // SAFETY: this contract.
    unsafe { rest_of_utf16(text, 0, to, 0) }
}

/// The first and the last sixteen bytes, which are all of at most 32: whether that is ASCII, and what it is
/// then. The lengths of names and messages are worth a way without a call.
///
/// # Safety
/// `text` has 16 to 32 bytes; `to` is valid for writes of a unit per byte.
#[inline]
#[target_feature(enable = "sse2")]
unsafe fn utf16_ends(text: &[u8], to: *mut u16) -> (bool, Encoded) {
    let last = text.len() - 16;
    // SAFETY: there are at least sixteen bytes.
    let first_bytes = unsafe { load(text.as_ptr(), 0) };
    // SAFETY: as above.
    let last_bytes = unsafe { load(text.as_ptr(), last) };
    // SAFETY: there is room for a unit per byte.
    let (first_is_ascii, first_has_nul) = unsafe { widen_if_ascii(first_bytes, to, 0) };
    // SAFETY: as above.
    let (last_is_ascii, last_has_nul) = unsafe { widen_if_ascii(last_bytes, to, last) };
    let encoded = Encoded { units: text.len(), has_nul: first_has_nul | last_has_nul };
    (first_is_ascii & last_is_ascii, encoded)
}

/// Up to 15 bytes as two little-endian numbers with zeros behind them, from pieces that overlap.
#[inline]
fn lanes(text: &[u8]) -> [u64; 2] {
    let n = text.len();
    let eight = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&text[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    let four = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&text[at..at + 4]);
        u64::from(u32::from_le_bytes(bytes))
    };
    let one = |at: usize| u64::from(text[at]) << (8 * at);
    match n {
        8.. => [eight(0), eight(n - 8).unbounded_shr(8 * u32::try_from(16 - n).unwrap_or(0))],
        4..8 => [four(0) | four(n - 4) << (8 * (n - 4)), 0],
        1..4 => [one(0) | one(n / 2) | one(n - 1), 0],
        0 => [0, 0],
    }
}

/// ASCII in steps of sixteen, everything else one character at a time.
///
/// # Safety
/// `text` is UTF-8; `to` is valid for writes of a unit per byte and the slack.
pub(super) unsafe fn utf16_sse2(text: &[u8], to: *mut u16) -> Encoded {
    let (mut at, mut units, mut has_nul) = (0, 0, false);
    while at + 16 <= text.len() {
        // SAFETY: sixteen bytes are left.
        let v = unsafe { load(text.as_ptr(), at) };
        // SAFETY: every x86-64 has SSE2; there is room for a unit per byte.
        let (is_ascii, zero) = unsafe { widen_if_ascii(v, to, units) };
        if is_ascii {
            has_nul |= zero;
            (at, units) = (at + 16, units + 16);
            continue;
        }
        let (c, bytes) = character(text, at);
        has_nul |= c == 0;
        // SAFETY: no text has more units than bytes.
        let place = unsafe { to.add(units) };
        // SAFETY: as above, and there is the slack.
        units += unsafe { put_utf16(c, place) };
        at += bytes;
    }
    // SAFETY: a character starts here, and there is a unit per byte.
    let rest = unsafe { rest_of_utf16(text, at, to, units) };
    Encoded { units: rest.units, has_nul: has_nul || rest.has_nul }
}

/// Stores sixteen units if all bytes are ASCII; says so, and whether one is zero.
///
/// # Safety
/// There is room for sixteen units.
#[inline]
#[target_feature(enable = "sse2")]
unsafe fn widen_if_ascii(v: __m128i, to: *mut u16, at: usize) -> (bool, bool) {
    if _mm_movemask_epi8(v) != 0 {
        return (false, false);
    }
    let zero = _mm_setzero_si128();
    let lanes = _mm_unpacklo_epi8(v, zero);
    // SAFETY: the caller's promise.
    unsafe { store(to, at, lanes) };
    let lanes = _mm_unpackhi_epi8(v, zero);
    // SAFETY: as above.
    unsafe { store(to, at + 8, lanes) };
    (true, has_zero(v))
}

/// # Safety
/// The processor has AVX2; `text` is UTF-8 of at least sixteen bytes; `to` is valid for writes of a unit per
/// byte and the slack.
#[target_feature(enable = "avx2")]
unsafe fn utf16_avx2(text: &[u8], to: *mut u16) -> Encoded {
    let (length, from) = (text.len(), text.as_ptr());
    let (mut at, mut units) = (0, 0);
    let mut minimum = _mm_set1_epi8(-1);
    while at + BLOCK <= length {
        // SAFETY: there is room for a unit per byte.
        let (run, low) = unsafe { ascii_run(text, at, to, units) };
        minimum = _mm_min_epu8(minimum, low);
        (at, units) = (at + run, units + run);
        if at + BLOCK <= length {
            // SAFETY: a block is left, and there is room for a unit per byte and the slack.
            let (bytes, written, low) = unsafe { block(text, at, to, units) };
            minimum = _mm_min_epu8(minimum, low);
            (at, units) = (at + bytes, units + written);
        }
    }
    while at + 16 <= length {
        // SAFETY: sixteen bytes are left.
        let v = unsafe { load(from, at) };
        minimum = _mm_min_epu8(minimum, v);
        if _mm_movemask_epi8(v) == 0 {
            let lanes = _mm256_cvtepu8_epi16(v);
            // SAFETY: there is room for a unit per byte.
            unsafe { store_wide(to, units, lanes) };
            (at, units) = (at + 16, units + 16);
            continue;
        }
        // SAFETY: sixteen bytes are left, and there is room for a unit per byte and the slack.
        let (bytes, written) = unsafe { mixed(text, at, v, to, units) };
        (at, units) = (at + bytes, units + written);
    }
    if at < length {
        // SAFETY: there are at least sixteen bytes before the end.
        let v = unsafe { load(from, length - 16) };
        if _mm_movemask_epi8(v) == 0 {
            // The last sixteen units once more: each of them is one byte.
            minimum = _mm_min_epu8(minimum, v);
            units += length - at;
            let lanes = _mm256_cvtepu8_epi16(v);
            // SAFETY: these units are the last sixteen bytes.
            unsafe { store_wide(to, units - 16, lanes) };
        } else {
            // SAFETY: a character starts here, and there is a unit per byte.
            let rest = unsafe { rest_of_utf16(text, at, to, units) };
            return Encoded { units: rest.units, has_nul: rest.has_nul || has_zero(minimum) };
        }
    }
    Encoded { units, has_nul: has_zero(minimum) }
}

/// A run of ASCII that is this long is worth aligned stores: one in two would cross a cache line, and a
/// mebibyte takes a sixth longer.
const LONG_RUN: usize = 256;

/// Writes the ASCII from here on; returns how much that was and its lowest bytes.
///
/// # Safety
/// The processor has AVX2; `to` is valid for writes of a unit per byte.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn ascii_run(text: &[u8], start: usize, to: *mut u16, units: usize) -> (usize, __m128i) {
    let first = text.len().min(start + LONG_RUN);
    // SAFETY: this contract.
    let (mut run, mut minimum) = unsafe { ascii_steps(&text[..first], start, to, units) };
    if run < LONG_RUN || start + run + 16 > text.len() {
        return (run, minimum);
    }
    // SAFETY: sixteen bytes are left.
    let v = unsafe { load(text.as_ptr(), start + run) };
    // SAFETY: there is room for a unit per byte.
    let place = unsafe { to.add(units + run) };
    // At most fifteen units of two bytes.
    let skipped = place.align_offset(size_of::<__m256i>());
    if _mm_movemask_epi8(v) != 0 || skipped >= 16 {
        return (run, minimum);
    }
    let lanes = _mm256_cvtepu8_epi16(v);
    // SAFETY: as above.
    unsafe { store_wide(place, 0, lanes) };
    run += skipped;
    // SAFETY: this contract; what was skipped is written.
    let (rest, low) = unsafe { ascii_steps(text, start + run, to, units + run) };
    minimum = _mm_min_epu8(_mm_min_epu8(minimum, v), low);
    (run + rest, minimum)
}

/// As [`ascii_run`], in steps of sixty-four.
///
/// # Safety
/// As for [`ascii_run`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn ascii_steps(text: &[u8], start: usize, to: *mut u16, units: usize) -> (usize, __m128i) {
    let mut run = 0;
    let mut minimum = _mm256_set1_epi8(-1);
    while start + run + 64 <= text.len() {
        // SAFETY: so many bytes are left.
        let a = unsafe { load_wide(text.as_ptr(), start + run) };
        // SAFETY: as above.
        let b = unsafe { load_wide(text.as_ptr(), start + run + 32) };
        if _mm256_movemask_epi8(_mm256_or_si256(a, b)) != 0 {
            break;
        }
        for i in (0..64).step_by(16) {
            // Loaded once more: halves of a vector would have to change places.
            // SAFETY: as above.
            let lanes = _mm256_cvtepu8_epi16(unsafe { load(text.as_ptr(), start + run + i) });
            // SAFETY: there is room for a unit per byte.
            unsafe { store_wide(to, units + run + i, lanes) };
        }
        minimum = _mm256_min_epu8(minimum, _mm256_min_epu8(a, b));
        run += 64;
    }
    (run, _mm_min_epu8(_mm256_castsi256_si128(minimum), _mm256_extracti128_si256::<1>(minimum)))
}

/// The shuffle at a place of a table.
#[inline]
#[target_feature(enable = "sse2")]
fn shuffle(table: &Shuffle) -> __m128i {
    // SAFETY: sixteen bytes.
    unsafe { load(table.as_ptr(), 0) }
}

/// Bytes that a block looks at: sixty-four whose ends of characters are found together, the one behind them,
/// and as many more as a vector that starts in them has.
const BLOCK: usize = 80;

/// Writes the characters of about sixty-four bytes; returns how many bytes and units those were, and the
/// lowest bytes.
///
/// Where the characters of the next step start depends on the lengths of those before, so that the steps
/// are a chain. All that it has to pass through is a shift and a look into a table.
///
/// # Safety
/// The processor has AVX2; at `at` a character starts and there are [`BLOCK`] bytes; `to` is valid for
/// writes of `units`, a unit per byte and the slack.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn block(text: &[u8], at: usize, to: *mut u16, units: usize) -> (usize, usize, __m128i) {
    let from = text.as_ptr();
    let mut ends = 0_u64;
    for half in [32, 0] {
        // A byte is the last of its character if the next one continues none.
        // SAFETY: within the block.
        let next = unsafe { load_wide(from, at + half + 1) };
        // Bytes that continue a character are the lowest as signed numbers.
        let continued = _mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_set1_epi8(-64), next));
        ends = ends << 32 | u64::from(!continued.cast_unsigned());
    }
    let mut minimum = _mm_set1_epi8(-1);
    let (mut bytes, mut written) = (0, 0);
    // Twelve ends are known of every place up to here, sixteen of those before 49.
    while bytes <= 52 {
        // SAFETY: within the block.
        let v = unsafe { load(from, at + bytes) };
        minimum = _mm_min_epu8(minimum, v);
        // SAFETY: there is room for a unit per byte and the slack.
        let (step, more) = unsafe { step(text, at + bytes, v, ends, bytes <= 48, to, units + written) };
        ends >>= step;
        (bytes, written) = (bytes + step, written + more);
    }
    (bytes, written, minimum)
}

/// Writes the first characters of sixteen bytes; returns how many bytes those have, and how many units.
///
/// # Safety
/// As for [`step`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn mixed(text: &[u8], at: usize, v: __m128i, to: *mut u16, units: usize) -> (usize, usize) {
    let continued = _mm_movemask_epi8(_mm_cmpgt_epi8(_mm_set1_epi8(-64), v)).cast_unsigned();
    // SAFETY: the caller's promise.
    unsafe { step(text, at, v, u64::from((!continued & 0xFFFF) >> 1), false, to, units) }
}

/// Writes the first characters of sixteen bytes; returns how many bytes those have, and how many units.
/// `ends` has a bit for every last byte among the first twelve, or among all sixteen.
///
/// # Safety
/// The processor has AVX2; `v` are the sixteen bytes at `at`, where a character starts; `to` is valid for
/// writes of `units` and sixteen more.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn step(
    text: &[u8],
    at: usize,
    v: __m128i,
    ends: u64,
    sixteen: bool,
    to: *mut u16,
    units: usize,
) -> (usize, usize) {
    if sixteen && ends & 0xFFFF == 0xFFFF {
        let lanes = _mm256_cvtepu8_epi16(v);
        // SAFETY: there is room for sixteen units.
        unsafe { store_wide(to, units, lanes) };
        return (16, 16);
    }
    if sixteen && ends & 0xFFFF == 0xAAAA {
        let lead = _mm_slli_epi16::<6>(_mm_and_si128(v, _mm_set1_epi16(0x1F)));
        let low = _mm_and_si128(_mm_srli_epi16::<8>(v), _mm_set1_epi16(0x3F));
        let lanes = _mm_or_si128(lead, low);
        // SAFETY: there is room for eight units.
        unsafe { store(to, units, lanes) };
        return (16, 8);
    }
    let spread = ENDS[(ends & 0xFFF) as usize];
    if spread.shuffle < PAIRS {
        let lanes = _mm_shuffle_epi8(v, shuffle(&SPREADS[usize::from(spread.shuffle)]));
        let low = _mm_and_si128(lanes, _mm_set1_epi16(0x7F));
        let high = _mm_srli_epi16::<2>(_mm_and_si128(lanes, _mm_set1_epi16(0x1F00)));
        let characters = _mm_or_si128(low, high);
        // SAFETY: there is room for eight units.
        unsafe { store(to, units, characters) };
        return (usize::from(spread.bytes), 6);
    }
    if spread.shuffle != NONE {
        let lanes = _mm_shuffle_epi8(v, shuffle(&SPREADS[usize::from(spread.shuffle)]));
        let low = _mm_and_si128(lanes, _mm_set1_epi32(0x7F));
        let middle = _mm_srli_epi32::<2>(_mm_and_si128(lanes, _mm_set1_epi32(0x3F00)));
        let high = _mm_srli_epi32::<4>(_mm_and_si128(lanes, _mm_set1_epi32(0x0F_0000)));
        let characters = _mm_or_si128(_mm_or_si128(low, middle), high);
        let lanes = _mm_packus_epi32(characters, characters);
        // SAFETY: there is room for eight units.
        unsafe { store(to, units, lanes) };
        return (usize::from(spread.bytes), 4);
    }
    // SAFETY: there is room for sixteen units.
    unsafe { with_four_bytes(text, at, to, units) }
}

/// Writes characters up to one of four bytes, one by one, but not behind twelve bytes.
///
/// # Safety
/// As for [`step`].
#[inline(never)]
unsafe fn with_four_bytes(text: &[u8], at: usize, to: *mut u16, units: usize) -> (usize, usize) {
    let (mut bytes, mut written) = (0, 0);
    while bytes < 9 {
        let (c, length) = character(text, at + bytes);
        // SAFETY: within the room.
        let place = unsafe { to.add(units + written) };
        // SAFETY: as above.
        written += unsafe { put_utf16(c, place) };
        bytes += length;
        if length == 4 {
            break;
        }
    }
    (bytes, written)
}

/// As [`super::scalar::utf8_of`].
///
/// # Errors
/// As for [`super::scalar::utf8_of`].
///
/// # Safety
/// `to` is valid for writes of three bytes per unit and the slack.
pub(super) unsafe fn utf8_of(units: &[u16], to: *mut u8) -> Result<usize, usize> {
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2; the rest is this contract.
        return unsafe { utf8_avx2(units, to) };
    }
    // SAFETY: this contract.
    unsafe { utf8_sse2(units, to) }
}

/// ASCII in steps of eight, everything else one unit at a time.
///
/// # Safety
/// As for [`utf8_of`].
pub(super) unsafe fn utf8_sse2(units: &[u16], to: *mut u8) -> Result<usize, usize> {
    let (mut at, mut written) = (0, 0);
    while at + 8 <= units.len() {
        // SAFETY: eight units are left.
        let v = unsafe { load(units.as_ptr().cast(), 2 * at) };
        // SAFETY: every x86-64 has SSE2; there is room for sixteen bytes.
        if unsafe { narrow_if_ascii(v, to, written) } {
            (at, written) = (at + 8, written + 8);
            continue;
        }
        // SAFETY: there is room for three bytes per unit.
        (at, written) = unsafe { part_of_utf8(units, at, at + 1, to, written) }?;
    }
    // SAFETY: as above.
    unsafe { part_of_utf8(units, at, units.len(), to, written) }.map(|(_, written)| written)
}

/// Stores eight bytes, and zeros behind them, if all units are ASCII.
///
/// # Safety
/// There is room for sixteen bytes.
#[inline]
#[target_feature(enable = "sse2")]
unsafe fn narrow_if_ascii(v: __m128i, to: *mut u8, at: usize) -> bool {
    let high = _mm_and_si128(v, _mm_set1_epi16(!0x7F));
    let is_ascii = _mm_movemask_epi8(_mm_cmpeq_epi16(high, _mm_setzero_si128())) == 0xFFFF;
    if is_ascii {
        let lanes = _mm_packus_epi16(v, _mm_setzero_si128());
        // SAFETY: the caller's promise.
        unsafe { store(to, at, lanes) };
    }
    is_ascii
}

/// # Safety
/// The processor has AVX2; as for [`utf8_of`].
#[target_feature(enable = "avx2")]
unsafe fn utf8_avx2(units: &[u16], to: *mut u8) -> Result<usize, usize> {
    let (mut at, mut written) = (0, 0);
    while at + 8 <= units.len() {
        // SAFETY: eight units are left.
        let v = unsafe { load(units.as_ptr().cast(), 2 * at) };
        if _mm_testz_si128(v, _mm_set1_epi16(!0x7F)) != 0 {
            let lanes = _mm_packus_epi16(v, v);
            // SAFETY: there is room for three bytes per unit and the slack.
            unsafe { store(to, written, lanes) };
            // SAFETY: as above.
            let run = unsafe { ascii_units(units, at + 8, to, written + 8) };
            (at, written) = (at + 8 + run, written + 8 + run);
        } else if _mm_testz_si128(v, _mm_set1_epi16(!0x7FF)) != 0 {
            // SAFETY: there is room for three bytes per unit and the slack.
            written += unsafe { two_bytes(v, to, written) };
            at += 8;
        } else {
            // Zero below U+0800, and what surrogates have in common.
            let kinds = _mm_and_si128(v, _mm_set1_epi16(!0x7FF));
            let surrogates = _mm_cmpeq_epi16(kinds, _mm_set1_epi16(0xD800_u16.cast_signed()));
            if _mm_testz_si128(surrogates, surrogates) != 0 {
                // SAFETY: as above.
                written += unsafe { three_bytes(v, to, written) };
                at += 8;
            } else {
                // What is before the first surrogate as if there were none; then as many as follow each
                // other one by one.
                let places = _mm_movemask_epi8(surrogates).cast_unsigned();
                let first = places.trailing_zeros() / 2;
                let follow = (places >> (2 * first)).trailing_ones() / 2;
                // SAFETY: as above.
                unsafe { three_bytes(v, to, written) };
                (at, written) = (at + first as usize, written + bytes_of(v, kinds, first));
                let end = at + follow as usize;
                // SAFETY: as above.
                (at, written) = unsafe { part_of_utf8(units, at, end, to, written) }?;
            }
        }
    }
    // SAFETY: there is room for three bytes per unit.
    unsafe { part_of_utf8(units, at, units.len(), to, written) }.map(|(_, written)| written)
}

/// How many bytes the first units of a vector take; `kinds` are zero for those below U+0800.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes_of(v: __m128i, kinds: __m128i, first: u32) -> usize {
    let zero = _mm_setzero_si128();
    let ones = _mm_cmpeq_epi16(_mm_and_si128(v, _mm_set1_epi16(!0x7F)), zero);
    let twos = _mm_cmpeq_epi16(kinds, zero);
    // Two bits for each unit.
    let among = (1_u32 << (2 * first)) - 1;
    let of = |lanes| (_mm_movemask_epi8(lanes).cast_unsigned() & among).count_ones() / 2;
    (3 * first - of(ones) - of(twos)) as usize
}

/// Writes the ASCII from here on, in steps of thirty-two; returns how much that was.
///
/// # Safety
/// The processor has AVX2; `to` is valid for writes of a byte per unit.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn ascii_units(units: &[u16], start: usize, to: *mut u8, written: usize) -> usize {
    let mut run = 0;
    while start + run + 32 <= units.len() {
        // SAFETY: so many units are left.
        let a = unsafe { load_wide(units.as_ptr(), start + run) };
        // SAFETY: as above.
        let b = unsafe { load_wide(units.as_ptr(), start + run + 16) };
        if _mm256_testz_si256(_mm256_or_si256(a, b), _mm256_set1_epi16(!0x7F)) == 0 {
            break;
        }
        // Packing goes by halves of the vectors; put them in order.
        let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(a, b));
        // SAFETY: there is room for a byte per unit.
        unsafe { store_wide(to, written + run, packed) };
        run += 32;
    }
    run
}

/// Writes eight units below U+0800; returns how many bytes that took.
///
/// # Safety
/// The processor has AVX2; there is room for sixteen bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn two_bytes(v: __m128i, to: *mut u8, written: usize) -> usize {
    let lead = _mm_srli_epi16::<6>(v);
    let low = _mm_slli_epi16::<8>(_mm_and_si128(v, _mm_set1_epi16(0x3F)));
    let marks = _mm_set1_epi16(0x80C0_u16.cast_signed());
    let pairs = _mm_or_si128(_mm_or_si128(lead, low), marks);
    let is_ascii = _mm_cmplt_epi16(v, _mm_set1_epi16(0x80));
    let lanes = _mm_blendv_epi8(pairs, v, is_ascii);
    let bits = _mm_movemask_epi8(_mm_packs_epi16(is_ascii, _mm_setzero_si128()));
    let closing = &TWO[bits.cast_unsigned() as usize & 0xFF];
    let lanes = _mm_shuffle_epi8(lanes, shuffle(&closing.shuffle));
    // SAFETY: the caller's promise.
    unsafe { store(to, written, lanes) };
    usize::from(closing.bytes)
}

/// Writes eight units that are no surrogates; returns how many bytes that took.
///
/// # Safety
/// The processor has AVX2; there is room for 28 bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn three_bytes(v: __m128i, to: *mut u8, written: usize) -> usize {
    let c = _mm256_cvtepu16_epi32(v);
    let one = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x80), c);
    let two = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x800), c);
    // The last byte in byte 2 of the lane, the one before it in byte 1, the first of three in byte 0.
    let low = _mm256_or_si256(_mm256_and_si256(c, _mm256_set1_epi32(0x3F)), _mm256_set1_epi32(0x80));
    let last = _mm256_slli_epi32::<16>(_mm256_blendv_epi8(low, c, one));
    let middle = _mm256_and_si256(_mm256_slli_epi32::<2>(c), _mm256_set1_epi32(0x3F00));
    let mark = _mm256_or_si256(_mm256_set1_epi32(0x80E0), _mm256_and_si256(two, _mm256_set1_epi32(0x4000)));
    let first = _mm256_srli_epi32::<12>(c);
    let lanes = _mm256_or_si256(_mm256_or_si256(last, middle), _mm256_or_si256(first, mark));
    let ones = _mm256_movemask_ps(_mm256_castsi256_ps(one)).cast_unsigned() as usize;
    let twos = _mm256_movemask_ps(_mm256_castsi256_ps(two)).cast_unsigned() as usize;
    let a = &THREE[(ones & 0xF) | (twos & 0xF) << 4];
    let b = &THREE[ones >> 4 | (twos >> 4) << 4];
    let low = _mm_shuffle_epi8(_mm256_castsi256_si128(lanes), shuffle(&a.shuffle));
    let high = _mm_shuffle_epi8(_mm256_extracti128_si256::<1>(lanes), shuffle(&b.shuffle));
    // SAFETY: the caller's promise.
    unsafe { store(to, written, low) };
    // SAFETY: as above.
    unsafe { store(to, written + usize::from(a.bytes), high) };
    usize::from(a.bytes) + usize::from(b.bytes)
}
