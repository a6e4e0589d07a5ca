//! Makes written code the code that runs: caches of instructions do not follow caches of data here.
//!
//! *Arm Architecture Reference Manual*, B2.4.4 "Concurrent modification and execution of instructions": what was
//! written is cleaned from the data cache to where the instruction caches read (`dc cvau`), that is waited for
//! (`dsb ish`), stale instructions are thrown out of the instruction caches of all cores (`ic ivau`), that is waited
//! for, and this core forgets what it fetched ahead (`isb`). Other cores have fetched nothing there: nobody jumps to a
//! stub before its address is handed out, behind the lock of the table of stubs. The register `ctr_el0` tells the
//! sizes of cache lines, and which of the steps this machine does by itself.

use core::arch::asm;

/// Lets every core run the code that was written to these bytes. `start` is where it will run; it may have been
/// written through another mapping of the same memory.
///
/// # Safety
/// The bytes are mapped, readable.
pub(crate) unsafe fn publish(start: *const u8, len: usize) {
    let facts: u64;
    // SAFETY: a register that programs may read.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) facts, options(nomem, nostack, preserves_flags)) };
    let line = |log_of_words: u64| 4_usize << (log_of_words & 15);
    let (data_line, instruction_line) = (line(facts >> 16), line(facts));
    let (no_cleaning, no_invalidating) = (facts >> 28 & 1 != 0, facts >> 29 & 1 != 0);
    let lines = |size: usize| (start.addr() & !(size - 1)..start.addr() + len).step_by(size);
    if !no_cleaning {
        for address in lines(data_line) {
            // SAFETY: the line of a readable byte; what it holds stays the same.
            unsafe { asm!("dc cvau, {}", in(reg) address, options(nostack, preserves_flags)) };
        }
    }
    // SAFETY: waits, no more.
    unsafe { asm!("dsb ish", options(nostack, preserves_flags)) };
    if !no_invalidating {
        for address in lines(instruction_line) {
            // SAFETY: the line of a readable byte; what it holds stays the same.
            unsafe { asm!("ic ivau, {}", in(reg) address, options(nostack, preserves_flags)) };
        }
        // SAFETY: waits, no more.
        unsafe { asm!("dsb ish", options(nostack, preserves_flags)) };
    }
    // SAFETY: has what follows fetched again, no more.
    unsafe { asm!("isb", options(nostack, preserves_flags)) };
}
