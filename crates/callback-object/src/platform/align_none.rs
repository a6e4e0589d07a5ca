//! Where a loop stands in memory: nobody has measured here whether it matters.

/// Returns the word.
#[inline(always)]
pub(crate) fn align_loop(word: u64) -> u64 {
    word
}
