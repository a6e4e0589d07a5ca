//! UTF-8 to UTF-16 and UTF-32, and back.
#![allow(unsafe_code, reason = "writes into uninitialised memory behind vectors of native code")]

mod scalar;

use scalar as fast;

/// Units of room that the conversions may write behind the text.
pub const SLACK: usize = 32;

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// How many units were written.
    pub units: usize,
    /// Whether one of them is a NUL.
    pub has_nul: bool,
}

/// Writes the UTF-16 of a text.
///
/// # Safety
/// `to` is valid for writes of `text.len() + SLACK` units.
#[inline]
pub unsafe fn utf16_of(text: &str, to: *mut u16) -> Encoded {
    // SAFETY: the caller's promise.
    unsafe { fast::utf16_of(text, to) }
}

/// Writes the UTF-32 of a text.
///
/// # Safety
/// `to` is valid for writes of `text.len() + SLACK` units.
#[inline]
pub unsafe fn utf32_of(text: &str, to: *mut u32) -> Encoded {
    // SAFETY: the caller's promise.
    unsafe { scalar::utf32_of(text, to) }
}

/// The text of UTF-16 units.
///
/// # Errors
/// The index of the first surrogate without its other half.
pub fn text_of_utf16(units: &[u16]) -> Result<String, usize> {
    let mut text = String::with_capacity(units.len());
    let mut at = 0;
    for c in char::decode_utf16(units.iter().copied()) {
        let c = c.map_err(|_| at)?;
        at += c.len_utf16();
        text.push(c);
    }
    Ok(text)
}

/// The text of UTF-32 units.
///
/// # Errors
/// The index of the first unit that is no character.
pub fn text_of_utf32(units: &[u32]) -> Result<String, usize> {
    let mut text = String::with_capacity(units.len());
    for (at, unit) in units.iter().enumerate() {
        text.push(char::from_u32(*unit).ok_or(at)?);
    }
    Ok(text)
}
