//! UTF-8 to UTF-16 and UTF-32, and back, as fast as the machine moves bytes.
//!
//! Most text is ASCII for long stretches, and there a unit is a byte with a zero beside it: vectors of 32
//! bytes become twice as wide, or half. What is left is a question of lengths. Sixteen bytes of UTF-8 say
//! where their characters end; those bits are the index of a table that says how to bring the bytes of
//! each character into a lane of its own (at most six characters of two bytes, or four of three), where
//! shifts and masks put the character together. Back, the units of a vector say how many bytes each of
//! them takes, and a table says how to close the gaps between them. Characters outside of the basic
//! plane, and machines without AVX2, take one character at a time between the stretches of ASCII.
//!
//! Rust's text is valid, so that UTF-8 is never checked here. UTF-16 and UTF-32 come from anywhere: a
//! surrogate without its other half, or a number that is no character, is an error with its index.
//!
//! ```
//! use pinvoke::transcode;
//!
//! let mut units = Vec::new();
//! transcode::append_utf16("grüße 😀", &mut units);
//! assert_eq!(units, "grüße 😀".encode_utf16().collect::<Vec<_>>());
//! let mut text = String::new();
//! transcode::append_utf8(&units, &mut text)?;
//! assert_eq!(text, "grüße 😀");
//! assert_eq!(transcode::append_utf8(&[0x61, 0xD83D, 0x62], &mut text).unwrap_err().position, 1);
//! # Ok::<(), transcode::NotUtf16>(())
//! ```
#![allow(unsafe_code, reason = "writes into uninitialised memory behind vectors and on the stack")]

mod scalar;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod tables;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod x64;

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
use scalar as fast;
#[cfg(all(target_arch = "x86_64", not(miri)))]
use x64 as fast;

/// Units of room that the conversions may write behind the text.
pub(crate) const SLACK: usize = 32;

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    /// How many units were written.
    pub(crate) units: usize,
    /// Whether one of them is a NUL.
    pub(crate) has_nul: bool,
}

/// Units that are no UTF-16.
///
/// ```
/// use pinvoke::transcode::{NotUtf16, append_utf8};
///
/// // The first half of a pair, and then a letter.
/// let error = append_utf8(&[0x61, 0xd83d, 0x62], &mut String::new()).unwrap_err();
/// assert_eq!(error, NotUtf16 { position: 1 });
/// assert_eq!(error.to_string(), "the unit at index 1 is a surrogate without its other half");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the unit at index {position} is a surrogate without its other half")]
pub struct NotUtf16 {
    /// Index of the first surrogate without its other half.
    pub position: usize,
}

/// Writes the UTF-16 of a text.
///
/// # Safety
/// `to` is valid for writes of `text.len() + SLACK` units.
#[inline]
pub(crate) unsafe fn utf16_of(text: &str, to: *mut u16) -> Encoded {
    // SAFETY: the caller's promise.
    unsafe { fast::utf16_of(text, to) }
}

/// Writes the UTF-32 of a text.
///
/// # Safety
/// `to` is valid for writes of `text.len() + SLACK` units.
pub(crate) unsafe fn utf32_of(text: &str, to: *mut u32) -> Encoded {
    // SAFETY: the caller's promise.
    unsafe { scalar::utf32_of(text, to) }
}

/// Appends the UTF-16 of a text, without a NUL.
///
/// ```
/// use pinvoke::transcode::append_utf16;
///
/// // A list of texts, each with its NUL, as the registry of Windows has it.
/// let mut list = Vec::new();
/// for text in ["ü", "€"] {
///     append_utf16(text, &mut list);
///     list.push(0);
/// }
/// list.push(0);
/// assert_eq!(list, [0xfc, 0, 0x20ac, 0, 0]);
/// ```
pub fn append_utf16(text: &str, units: &mut Vec<u16>) {
    units.reserve(text.len() + SLACK);
    // SAFETY: the length is within the capacity.
    let end = unsafe { units.as_mut_ptr().add(units.len()) };
    // SAFETY: there is room for a unit per byte and the slack.
    let encoded = unsafe { utf16_of(text, end) };
    // SAFETY: so many more were written.
    unsafe { units.set_len(units.len() + encoded.units) };
}

/// Appends the UTF-8 of UTF-16.
///
/// # Errors
/// [`NotUtf16`]; then the text is what it was.
///
/// ```
/// use pinvoke::transcode::append_utf8;
///
/// let mut line = String::from("name: ");
/// append_utf8(&[0x4a, 0xfc, 0x72, 0x67], &mut line)?;
/// assert_eq!(line, "name: Jürg");
/// assert!(append_utf8(&[0x61, 0xdc00], &mut line).is_err());
/// assert_eq!(line, "name: Jürg");
/// # Ok::<(), pinvoke::transcode::NotUtf16>(())
/// ```
pub fn append_utf8(units: &[u16], text: &mut String) -> Result<(), NotUtf16> {
    text.reserve(3 * units.len() + SLACK);
    let length = text.len();
    // SAFETY: only whole characters are appended.
    let bytes = unsafe { text.as_mut_vec() };
    // SAFETY: the length is within the capacity.
    let end = unsafe { bytes.as_mut_ptr().add(length) };
    // SAFETY: there is room for three bytes per unit and the slack.
    let written = unsafe { fast::utf8_of(units, end) }.map_err(|position| NotUtf16 { position })?;
    // SAFETY: so many more were written.
    unsafe { bytes.set_len(length + written) };
    Ok(())
}

/// The text of UTF-16 units.
///
/// # Errors
/// The index of the first surrogate without its other half.
pub(crate) fn text_of_utf16(units: &[u16]) -> Result<String, usize> {
    let mut text = String::new();
    append_utf8(units, &mut text).map_err(|e| e.position)?;
    text.shrink_to_fit();
    Ok(text)
}

/// The text of UTF-32 units.
///
/// # Errors
/// The index of the first unit that is no character.
pub(crate) fn text_of_utf32(units: &[u32]) -> Result<String, usize> {
    let mut text = String::with_capacity(units.len());
    for (at, unit) in units.iter().enumerate() {
        text.push(char::from_u32(*unit).ok_or(at)?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
