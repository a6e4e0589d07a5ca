//! Copy and look for a zero byte, on any machine.

#![allow(unsafe_code, reason = "writes through a raw pointer")]

/// Copies `from` to `to` and tells whether it is free of zero bytes.
///
/// # Safety
/// `to` is valid for writes of `from.len()` bytes and does not overlap `from`.
pub(super) unsafe fn copy_without_nul(from: &[u8], to: *mut u8) -> bool {
    // SAFETY: `to` has room for `from` and does not overlap it, by contract.
    unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
    !from.contains(&0)
}
