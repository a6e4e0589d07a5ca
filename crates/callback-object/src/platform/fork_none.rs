//! There is no `fork` here.

/// Nothing stands in the way of taking a lock.
#[derive(Debug)]
pub(super) struct Pass;

impl Pass {
    #[inline]
    pub(super) fn new() -> Pass {
        Pass
    }
}

pub(crate) fn after_fork(_action: fn()) {}
