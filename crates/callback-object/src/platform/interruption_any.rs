//! Where the system may interrupt a thread to have it pass a fence: anywhere. So nothing has to be done for it.

/// Whether this is a model of the program, which tries everything and so must not try anything often.
pub(crate) const IS_MODEL: bool = false;

/// Between two steps of a walk.
#[inline(always)]
pub(crate) fn step() {}

/// After the last step for now: what follows may block, or is not of a walk.
#[inline(always)]
pub(crate) fn last_step() {}
