//! More thunks on other Unix systems: copies of the template in private memory, made executable instead of writable
//! for good (`mmap`, `mprotect`).
//!
//! A system that refuses that has the pool alone, and the error says so. macOS on Arm processors does, for programs
//! that do not ask for just-in-time compilation.

use core::ptr::null_mut;
use std::io;

use super::CallbackError;
use super::machine::{Flavour, STRIDE, TEMPLATE_SIZE};
use super::thunk_table::Block;
use crate::last_error::LastError;

/// Blocks grow up to this many pages.
const MAX_PAGES: usize = 32;

/// Makes a block for a flavour that has `blocks` already.
///
/// The thread's `errno` is left as it was.
#[cold]
pub(crate) fn map(flavour: Flavour, blocks: usize) -> Result<Block, CallbackError> {
    let before = LastError::current();
    let block = copy(flavour, (1 << blocks.min(16)).min(MAX_PAGES));
    before.set_current();
    block.map_err(|error| CallbackError::NoThunk {
        tried: format!("copying thunks to private memory: {error}"),
    })
}

fn copy(flavour: Flavour, pages: usize) -> io::Result<Block> {
    let len = pages * STRIDE;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
    // SAFETY: a new mapping at an address of the system's choice touches no existing one.
    let start = unsafe { libc::mmap(null_mut(), len, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    for page in 0..pages {
        let at = start.wrapping_byte_add(page * STRIDE);
        // SAFETY: a page of new memory, and the template's page.
        unsafe { at.cast::<u8>().copy_from_nonoverlapping(flavour.template(), TEMPLATE_SIZE) };
        // SAFETY: a page of our own mapping.
        if unsafe { libc::mprotect(at, TEMPLATE_SIZE, libc::PROT_READ | libc::PROT_EXEC) } != 0 {
            let error = io::Error::last_os_error();
            // SAFETY: our own mapping, of which nothing has been handed out.
            unsafe { libc::munmap(start, len) };
            return Err(error);
        }
    }
    // SAFETY: every page was written; slots are new memory, all zero, and the range belongs to nobody else.
    Ok(unsafe { Block::mapped(flavour, start.cast(), pages) })
}

#[cfg(test)]
mod tests {
    use super::super::machine::named_slot;
    use super::*;

    #[test]
    fn copies_name_their_own_slots() {
        for flavour in Flavour::ALL {
            let block = map(flavour, 1).unwrap();
            for (slot, code) in [block.thunk(0).unwrap(), block.thunk(block.len() - 1).unwrap()] {
                assert_eq!(named_slot(code).addr(), core::ptr::from_ref(slot).addr());
            }
        }
    }
}
