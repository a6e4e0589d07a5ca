//! 8-bit text of Windows: the active code page, which the user chooses and a program's manifest may override.
//!
//! There is no best fit: `∞` does not become `8`, as `WideCharToMultiByte` would have it, and nothing becomes `?`.
//! A character that the code page does not have is an error, and so are bytes that are no text in it.
//! ASCII, which every code page has at its place, is neither converted nor copied twice.

use core::ffi::c_char;
use core::ptr::{null, null_mut};
use std::borrow::Cow;

use windows_sys::Win32::Globalization::{
    CP_ACP, CP_UTF8, GetACP, MB_ERR_INVALID_CHARS, MultiByteToWideChar, WC_NO_BEST_FIT_CHARS,
    WideCharToMultiByte,
};

use super::{CharSet, Utf8Text, as_bytes};
use crate::c_text::{CText, InteriorNul};
use crate::marshal::{Ansi, Bool8, MarshalError, Reason};

impl CharSet for Ansi {
    type Unit = c_char;
    type Bool = Bool8;
    type Buffer = CText;
    const NAME: &'static str = "text of the active code page";
    // As far as it is ASCII, which is asked where it is looked at.
    const IS_UTF8: bool = true;

    #[inline]
    fn buffer() -> CText {
        CText::new()
    }

    fn encode(text: &str, units: &mut Vec<c_char>) -> Result<(), MarshalError> {
        let bytes = encoded(text)?;
        units.extend(bytes.iter().map(|b| c_char::from_ne_bytes([*b])));
        Ok(())
    }

    #[inline]
    fn terminate(text: &str, buffer: &mut CText) -> Result<*const c_char, MarshalError> {
        if text.is_ascii() {
            return Ok(buffer.terminate(text)?);
        }
        // Looked for where the position is that of the text.
        if let Some(position) = text.bytes().position(|b| b == 0) {
            return Err(InteriorNul { position }.into());
        }
        Ok(buffer.terminate_bytes(&encoded(text)?)?)
    }

    fn decode(units: &[c_char]) -> Result<String, MarshalError> {
        Self::look(units).map(Cow::into_owned)
    }

    fn look(units: &[c_char]) -> Result<Cow<'_, str>, MarshalError> {
        let bytes = as_bytes(units);
        match core::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() || is_utf8() => Ok(Cow::Borrowed(text)),
            Err(error) if is_utf8() => Err(wrong(error.valid_up_to())),
            Ok(_) | Err(_) => decoded(bytes).map(Cow::Owned),
        }
    }

    fn units_of(text: &str) -> usize {
        // What cannot be encoded is refused where it is.
        encoded(text).map_or(0, |bytes| bytes.len())
    }
}

impl Utf8Text for Ansi {}

/// Whether the active code page is UTF-8, as a program's manifest may say.
fn is_utf8() -> bool {
    // SAFETY: it has no precondition.
    (unsafe { GetACP() }) == CP_UTF8
}

/// The bytes of a text in the active code page.
fn encoded(text: &str) -> Result<Cow<'_, [u8]>, MarshalError> {
    if text.is_ascii() || is_utf8() {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    match encode_units(&units) {
        Some(bytes) => Ok(Cow::Owned(bytes)),
        None => Err(missing(text)),
    }
}

/// `None`: the code page does not have a character.
fn encode_units(units: &[u16]) -> Option<Vec<u8>> {
    let count = i32::try_from(units.len()).ok()?;
    let convert = |to: *mut u8, room: i32| {
        let mut replaced = 0;
        let (from, flags) = (units.as_ptr(), WC_NO_BEST_FIT_CHARS);
        // SAFETY: so many units, and so many bytes of room; a room of 0 asks for the number.
        let bytes =
            unsafe { WideCharToMultiByte(CP_ACP, flags, from, count, to, room, null(), &raw mut replaced) };
        (replaced == 0).then_some(bytes).filter(|bytes| *bytes > 0)
    };
    let room = convert(null_mut(), 0)?;
    let mut bytes = vec![0; usize::try_from(room).ok()?];
    let written = convert(bytes.as_mut_ptr(), room)?;
    bytes.truncate(usize::try_from(written).ok()?);
    Some(bytes)
}

/// The text of bytes in the active code page.
fn decoded(bytes: &[u8]) -> Result<String, MarshalError> {
    match decode_bytes(bytes).and_then(|units| String::from_utf16(&units).ok()) {
        Some(text) => Ok(text),
        None => {
            // The longest beginning that is text, a character that is cut short aside.
            let whole =
                (0..bytes.len()).rev().find(|end| *end == 0 || decode_bytes(&bytes[..*end]).is_some());
            Err(wrong(whole.unwrap_or(0)))
        }
    }
}

fn decode_bytes(bytes: &[u8]) -> Option<Vec<u16>> {
    let count = i32::try_from(bytes.len()).ok()?;
    let convert = |to: *mut u16, room: i32| {
        // SAFETY: so many bytes, and so many units of room; a room of 0 asks for the number.
        let units =
            unsafe { MultiByteToWideChar(CP_ACP, MB_ERR_INVALID_CHARS, bytes.as_ptr(), count, to, room) };
        (units > 0).then_some(units)
    };
    let room = convert(null_mut(), 0)?;
    let mut units = vec![0; usize::try_from(room).ok()?];
    convert(units.as_mut_ptr(), room)?;
    Some(units)
}

/// Which character the code page does not have.
#[cold]
fn missing(text: &str) -> MarshalError {
    // SAFETY: it has no precondition.
    let page = unsafe { GetACP() };
    let without = |c: &char| encode_units(c.encode_utf16(&mut [0; 2])).is_none();
    match text.char_indices().find(|(_, c)| without(c)) {
        Some((at, c)) => MarshalError::custom(format!(
            "the active code page {page} has no {c:?} (U+{:04X}, at byte {at}); declare `char_set = Unicode`, or \
             `Utf8` if the function takes that",
            u32::from(c)
        )),
        None => MarshalError::custom(format!("the text is too long for the active code page {page}")),
    }
}

#[cold]
fn wrong(position: usize) -> MarshalError {
    Reason::NotUnicode { encoding: Ansi::NAME, position }.into()
}
