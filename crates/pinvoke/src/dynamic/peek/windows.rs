//! `ReadProcessMemory` on this very process.

use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::Copied;

/// # Safety
/// Nobody writes to the memory at `address` meanwhile.
pub(super) unsafe fn copy(address: usize, to: &mut [u8]) -> Copied {
    let from = std::ptr::with_exposed_provenance(address);
    // SAFETY: no argument; the handle of this process needs no closing.
    let own = unsafe { GetCurrentProcess() };
    let mut copied = 0;
    // SAFETY: the system writes at most `to.len()` bytes to `to`, and fails instead of faulting where `address` is
    // not readable.
    let done = unsafe { ReadProcessMemory(own, from, to.as_mut_ptr().cast(), to.len(), &raw mut copied) };
    if done != 0 && copied == to.len() { Copied::All } else { Copied::Unreadable }
}
