//! One character at a time.
#![allow(unsafe_code, reason = "writes into uninitialised memory")]

use super::Encoded;

/// The character that starts at `at`, and its bytes. The text is UTF-8.
#[inline]
pub(super) fn character(text: &[u8], at: usize) -> (u32, usize) {
    let byte = |i: usize| u32::from(text[at + i]);
    let more = |i: usize| byte(i) & 0x3F;
    match byte(0) {
        lead @ ..0x80 => (lead, 1),
        lead @ ..0xE0 => ((lead & 0x1F) << 6 | more(1), 2),
        lead @ ..0xF0 => ((lead & 0x0F) << 12 | more(1) << 6 | more(2), 3),
        lead => ((lead & 0x07) << 18 | more(1) << 12 | more(2) << 6 | more(3), 4),
    }
}

/// Writes a character as one unit or two, and returns how many.
///
/// # Safety
/// `to` is valid for writes of two units.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the parts of a character fit into units")]
pub(super) unsafe fn put_utf16(character: u32, to: *mut u16) -> usize {
    if character < 0x1_0000 {
        // SAFETY: the caller's promise.
        unsafe { to.write(character as u16) };
        return 1;
    }
    let above = character - 0x1_0000;
    let pair = [0xD800 | (above >> 10) as u16, 0xDC00 | (above & 0x3FF) as u16];
    // SAFETY: the caller's promise; an array of units has their alignment at least here.
    unsafe { to.cast::<[u16; 2]>().write_unaligned(pair) };
    2
}

/// As [`super::utf16_of`].
///
/// # Safety
/// As for [`super::utf16_of`].
#[allow(dead_code, reason = "used where there is no faster way")]
pub(super) unsafe fn utf16_of(text: &str, to: *mut u16) -> Encoded {
    // SAFETY: the caller's promise.
    unsafe { rest_of_utf16(text.as_bytes(), 0, to, 0) }
}

/// Writes what is left of a text, after `units` units.
///
/// # Safety
/// `text` is UTF-8 and `at` the start of a character or the end; `to` is valid for writes of `units` and as
/// many more as there are bytes left.
pub(super) unsafe fn rest_of_utf16(text: &[u8], mut at: usize, to: *mut u16, mut units: usize) -> Encoded {
    let mut has_nul = false;
    while at < text.len() {
        let (c, bytes) = character(text, at);
        has_nul |= c == 0;
        // SAFETY: no text has more units than bytes.
        let place = unsafe { to.add(units) };
        // SAFETY: as above; a character of two units has four bytes.
        units += unsafe { put_utf16(c, place) };
        at += bytes;
    }
    Encoded { units, has_nul }
}

/// As [`super::utf32_of`].
///
/// # Safety
/// As for [`super::utf32_of`].
pub(super) unsafe fn utf32_of(text: &str, to: *mut u32) -> Encoded {
    let mut units = 0;
    let mut has_nul = false;
    for c in text.chars() {
        // SAFETY: no text has more characters than bytes.
        let place = unsafe { to.add(units) };
        // SAFETY: as above.
        unsafe { place.write(u32::from(c)) };
        has_nul |= c == '\0';
        units += 1;
    }
    Encoded { units, has_nul }
}

/// Writes the UTF-8 of UTF-16, and returns its length.
///
/// # Errors
/// The index of the first surrogate without its other half.
///
/// # Safety
/// `to` is valid for writes of three bytes per unit.
#[allow(dead_code, reason = "used where there is no faster way")]
pub(super) unsafe fn utf8_of(units: &[u16], to: *mut u8) -> Result<usize, usize> {
    // SAFETY: the caller's promise.
    unsafe { part_of_utf8(units, 0, units.len(), to, 0) }.map(|(_, written)| written)
}

/// Writes the units from `at` at least to `end`, after `written` bytes; a pair is not parted. Returns where
/// it stopped and how many bytes there are.
///
/// # Errors
/// As for [`utf8_of`].
///
/// # Safety
/// `to` is valid for writes of `written` and three bytes for each unit from `at`.
pub(super) unsafe fn part_of_utf8(
    units: &[u16],
    mut at: usize,
    end: usize,
    to: *mut u8,
    mut written: usize,
) -> Result<(usize, usize), usize> {
    while at < end {
        let unit = u32::from(units[at]);
        let c = match unit {
            0xD800..0xDC00 => match units.get(at + 1) {
                Some(low @ 0xDC00..0xE000) => 0x1_0000 + ((unit - 0xD800) << 10 | (u32::from(*low) - 0xDC00)),
                _ => return Err(at),
            },
            0xDC00..0xE000 => return Err(at),
            unit => unit,
        };
        let c = char::from_u32(c).ok_or(at)?;
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len();
        // SAFETY: within the room.
        let place = unsafe { to.add(written) };
        // SAFETY: a unit has at most three bytes, a pair four.
        unsafe { place.copy_from_nonoverlapping(bytes.as_ptr(), length) };
        at += c.len_utf16();
        written += length;
    }
    Ok((at, written))
}
