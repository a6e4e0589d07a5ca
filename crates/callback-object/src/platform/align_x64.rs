//! Where a loop stands in memory.
//!
//! # Safety
//! Advice to the assembler, no instruction.
#![allow(unsafe_code, reason = "an assembler directive")]

/// Has the loop that follows begin where a line of the instruction cache does.
///
/// A walk over routines that do nothing is bound by how fast the processor finds the next branch: a loop of
/// less than a line costs nothing beyond the calls if it stands in one line, and a cycle more for every routine
/// if it stands in two.
#[inline(always)]
pub(crate) fn align_loop() {
    // SAFETY: a directive that fills up with instructions that do nothing.
    unsafe { core::arch::asm!(".p2align 6", options(nomem, nostack, preserves_flags)) };
}
