//! Copy, terminate and look for a zero byte, on any machine.

#![allow(unsafe_code, reason = "writes through a raw pointer")]

/// Bytes that [`terminated`] may write behind the text.
pub(super) const ROOM: usize = 1;

/// Copies `text` and a NUL behind it to `to`; false if the text has a NUL of its own.
///
/// # Safety
/// `to` is valid for writes of `text.len() + ROOM` bytes and does not overlap `text`.
pub(super) unsafe fn terminated(text: &[u8], to: *mut u8) -> bool {
    // SAFETY: `to` has room for `text` and does not overlap it, by contract.
    unsafe { to.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    // SAFETY: one byte behind the text is within the room, by contract.
    let end = unsafe { to.add(text.len()) };
    // SAFETY: as above.
    unsafe { end.write(0) };
    !text.contains(&0)
}
