//! `process_vm_readv` on this very process.

use super::Copied;

/// # Safety
/// Nobody writes to the memory at `address` meanwhile.
pub(super) unsafe fn copy(address: usize, to: &mut [u8]) -> Copied {
    let local = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: to.len() };
    let remote = libc::iovec { iov_base: std::ptr::with_exposed_provenance_mut(address), iov_len: to.len() };
    // SAFETY: asks for the id of this process; cannot fail.
    let own = unsafe { libc::getpid() };
    // SAFETY: the kernel writes at most `to.len()` bytes to `to`, and fails instead of faulting where
    // `address` is not readable.
    let copied = unsafe { libc::process_vm_readv(own, &raw const local, 1, &raw const remote, 1, 0) };
    match usize::try_from(copied) {
        Ok(copied) if copied == to.len() => Copied::All,
        Ok(_) => Copied::Unreadable,
        Err(_) if std::io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT) => Copied::Unreadable,
        // Not permitted here: a sandbox.
        Err(_) => Copied::Unknown,
    }
}
