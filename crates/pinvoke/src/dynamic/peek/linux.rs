//! `process_vm_readv` on this very process; where that is not permitted or not there (sandboxes, emulators), a pipe,
//! whose writer takes the bytes from memory with the same check.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

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
        // SAFETY: as promised to this function.
        Err(_) => unsafe { copy_through_a_pipe(address, to) },
    }
}

/// What any pipe holds without a reader.
const PART: usize = 4096;

/// # Safety
/// As for [`copy`].
unsafe fn copy_through_a_pipe(address: usize, to: &mut [u8]) -> Copied {
    let mut ends = [-1; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Copied::Unknown;
    }
    // SAFETY: the descriptors were made above and are nobody else's.
    let [reader, writer] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    let mut reader = File::from(reader);
    let mut from = address;
    for part in to.chunks_mut(PART) {
        let source = std::ptr::with_exposed_provenance(from);
        // SAFETY: the kernel reads as many bytes at most, and fails instead of faulting where it cannot.
        let written = unsafe { libc::write(writer.as_raw_fd(), source, part.len()) };
        match usize::try_from(written) {
            Ok(written) if written == part.len() => {}
            Ok(_) => return Copied::Unreadable,
            Err(_) if std::io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT) => {
                return Copied::Unreadable;
            }
            Err(_) => return Copied::Unknown,
        }
        match reader.read_exact(part) {
            Ok(()) => from = from.wrapping_add(part.len()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Copied::Unreadable,
            Err(_) => return Copied::Unknown,
        }
    }
    Copied::All
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_tells_as_well() {
        let source: Vec<u8> = (0..=250_u8).cycle().take(3 * PART + 5).collect();
        let mut copy = vec![0; source.len()];
        // SAFETY: the vector is alive.
        let copied = unsafe { copy_through_a_pipe(source.as_ptr().expose_provenance(), &mut copy) };
        assert_eq!((copied, copy == source), (Copied::All, true));
        // SAFETY: the first page is never mapped, and the kernel says so.
        assert_eq!(unsafe { copy_through_a_pipe(0x10, &mut copy) }, Copied::Unreadable);
    }

    #[test]
    fn memory_that_ends_in_the_middle_is_told() {
        const PAGE: usize = 1 << 16;
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: new memory of two pages, the second of which is taken away below.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), 2 * PAGE, rights, kind, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED);
        let address = memory.expose_provenance();
        // SAFETY: the second half of the mapping made above.
        let status = unsafe {
            libc::mprotect(std::ptr::with_exposed_provenance_mut(address + PAGE), PAGE, libc::PROT_NONE)
        };
        assert_eq!(status, 0);
        let mut to = vec![0; 2 * PAGE];
        // SAFETY: nobody writes there.
        assert_eq!(unsafe { copy_through_a_pipe(address, &mut to) }, Copied::Unreadable);
        // SAFETY: as above.
        assert_eq!(unsafe { copy_through_a_pipe(address, &mut to[..PAGE]) }, Copied::All);
        // SAFETY: as above; across the end of a part.
        assert_eq!(unsafe { copy_through_a_pipe(address + PAGE - 8, &mut to[..16]) }, Copied::Unreadable);
        // SAFETY: the mapping made above, which nobody uses any more.
        assert_eq!(unsafe { libc::munmap(memory, 2 * PAGE) }, 0);
    }
}
