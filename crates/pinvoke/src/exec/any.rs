//! Systems on which it is not known how memory for code may be had, and machines that no stubs are made for: there is
//! none, and every call runs by the invoke thunk.

use core::ptr::NonNull;

use super::Attempt;
use crate::last_error::LastError;

/// No memory for code.
pub(super) struct Pages(());

impl Pages {
    pub(super) fn new() -> Pages {
        Pages(())
    }

    pub(super) fn mapped_bytes(&self) -> usize {
        0
    }

    pub(super) fn add(&mut self, _code: &[u8]) -> Result<NonNull<u8>, Vec<Attempt>> {
        Err(vec![Attempt { operation: "no way is known on this system", error: LastError::NONE }])
    }
}

/// Without stubs there is nothing to describe.
pub(crate) mod unwind {
    /// Whether stubs can be described.
    pub(crate) fn is_offered() -> bool {
        false
    }
}
