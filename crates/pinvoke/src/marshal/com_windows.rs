//! The memory of COM: the task allocator and that of BSTRs.

use core::ffi::c_void;
use core::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{SysAllocStringByteLen, SysFreeString};
use windows_sys::Win32::System::Com::{CoTaskMemAlloc, CoTaskMemFree};

/// Memory of so many bytes, at least one, or null.
pub(super) fn task_memory(bytes: usize) -> *mut c_void {
    // SAFETY: any size may be asked for; 0 as 1, so that the address is not null.
    unsafe { CoTaskMemAlloc(bytes.max(1)) }
}

/// # Safety
/// Memory of the task allocator, not used again.
pub(super) unsafe fn free_task_memory(memory: *mut c_void) {
    // SAFETY: of this allocator, by contract.
    unsafe { CoTaskMemFree(memory) }
}

/// Memory of so many bytes behind a length, or null.
pub(super) fn string(bytes: usize) -> *mut c_void {
    let Ok(bytes) = u32::try_from(bytes) else { return null_mut() };
    // SAFETY: without a text to copy, the memory is not filled.
    unsafe { SysAllocStringByteLen(null(), bytes) }.cast_mut().cast()
}

/// # Safety
/// A BSTR, not used again.
pub(super) unsafe fn free_string(text: *mut c_void) {
    // SAFETY: a BSTR, by contract.
    unsafe { SysFreeString(text.cast()) }
}
