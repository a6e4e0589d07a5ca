//! One character at a time.
#![allow(unsafe_code, reason = "writes into uninitialised memory")]

use super::Encoded;

/// As [`super::utf16_of`].
///
/// # Safety
/// As for [`super::utf16_of`].
pub(super) unsafe fn utf16_of(text: &str, to: *mut u16) -> Encoded {
    let mut units = 0;
    let mut has_nul = false;
    for unit in text.encode_utf16() {
        // SAFETY: no text has more units than bytes.
        let place = unsafe { to.add(units) };
        // SAFETY: as above.
        unsafe { place.write(unit) };
        has_nul |= unit == 0;
        units += 1;
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
