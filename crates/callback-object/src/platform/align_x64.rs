//! Where a loop stands in memory.
//!
//! # Safety
//! Advice to the assembler, no instruction.
#![allow(unsafe_code, reason = "an assembler directive")]

/// Has the loop that follows begin where a line of the instruction cache does. Returns the word, which the loop is
/// to keep in a register: else it might be fetched between here and the loop.
///
/// A walk over routines that do nothing is bound by how fast the processor finds the next branch: a loop of
/// less than a line costs nothing beyond the calls if it stands in one line, and a cycle more for every routine
/// if it stands in two.
#[inline(always)]
pub(crate) fn align_loop(word: u64) -> u64 {
    let mut word = word;
    // SAFETY: a directive that fills up with instructions that do nothing.
    unsafe {
        core::arch::asm!(".p2align 6", "/* {0} */", inout(reg) word, options(nomem, nostack, preserves_flags))
    };
    word
}
