//! The memory of COM where there is none: that of the C library, as .NET's runtime has it on Unix.

use core::ffi::c_void;

/// Bytes before the units of a BSTR: the length, behind padding to the alignment of an allocation.
const PREFIX: usize = size_of::<usize>();

/// Memory of so many bytes, at least one, or null.
pub(super) fn task_memory(bytes: usize) -> *mut c_void {
    // SAFETY: any size may be asked for; 0 as 1, so that the address is not null.
    unsafe { libc::malloc(bytes.max(1)) }
}

/// # Safety
/// Memory that came from [`task_memory`] or from `malloc`, not used again.
pub(super) unsafe fn free_task_memory(memory: *mut c_void) {
    // SAFETY: malloc'ed, by contract.
    unsafe { libc::free(memory) }
}

/// Memory of so many bytes behind room for a length, or null.
pub(super) fn string(bytes: usize) -> *mut c_void {
    let Some(whole) = bytes.checked_add(PREFIX) else { return core::ptr::null_mut() };
    // SAFETY: any size may be asked for.
    let start = unsafe { libc::malloc(whole) };
    if start.is_null() {
        return start;
    }
    // SAFETY: the prefix lies within the allocation.
    unsafe { start.byte_add(PREFIX) }
}

/// # Safety
/// A text that came from [`string`] or has its layout, not null and not used again.
pub(super) unsafe fn free_string(text: *mut c_void) {
    // SAFETY: the allocation begins before the text, by contract.
    let start = unsafe { text.byte_sub(PREFIX) };
    // SAFETY: malloc'ed, by contract.
    unsafe { libc::free(start) }
}
