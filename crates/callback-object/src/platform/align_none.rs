//! Where a loop stands in memory: nobody has measured here whether it matters.

#[inline(always)]
pub(crate) fn align_loop() {}
