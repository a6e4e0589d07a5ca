//! Copies out of memory that may not be there.
//!
//! A `char *` in a structure that the callee did not fill may be any number. Following it must not end the
//! process if it can be helped: where the system offers to copy memory and to say no instead of faulting,
//! that is how native memory is read; elsewhere it is read as any program reads it.
#![allow(unsafe_code, reason = "reads native memory")]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

#[cfg(not(any(target_os = "linux", windows)))]
mod any;
#[cfg(not(any(target_os = "linux", windows)))]
use any as system;

/// What the system says to a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copied {
    /// Done.
    #[allow(dead_code, reason = "no answer of systems without such a copy")]
    All,
    /// The memory cannot be read.
    #[allow(dead_code, reason = "as above")]
    Unreadable,
    /// It cannot say.
    #[allow(dead_code, reason = "no answer of systems that always can")]
    Unknown,
}

/// Fills `to` from native memory; false if the system says that it cannot be read.
///
/// # Safety
/// `address` is not written to meanwhile, and belongs to memory whose pages stay mapped or unmapped as they
/// are. It need not be readable: where the system can tell, that is reported.
pub(crate) unsafe fn copy_from(address: usize, to: &mut [u8]) -> bool {
    if to.is_empty() {
        return true;
    }
    // SAFETY: promised by the caller.
    match unsafe { system::copy(address, to) } {
        Copied::All => true,
        Copied::Unreadable => false,
        Copied::Unknown => {
            let from = std::ptr::with_exposed_provenance::<u8>(address);
            // SAFETY: promised by the caller, as far as can be told.
            unsafe { from.copy_to_nonoverlapping(to.as_mut_ptr(), to.len()) };
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_copied() {
        let source = [1_u8, 2, 3];
        let mut copy = [0; 3];
        // SAFETY: the array is alive.
        assert!(unsafe { copy_from(source.as_ptr().expose_provenance(), &mut copy) });
        assert_eq!(copy, source);
    }

    #[cfg(any(target_os = "linux", windows))]
    #[test]
    fn what_is_not_there_is_told() {
        let mut copy = [0; 3];
        // SAFETY: the first page is never mapped, and the kernel says so.
        assert!(!unsafe { copy_from(0x10, &mut copy) });
        // SAFETY: nothing is read.
        assert!(unsafe { copy_from(0x10, &mut []) });
    }
}
