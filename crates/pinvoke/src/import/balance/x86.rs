//! The stack pointer before a call and behind it, and the way out if they differ.
//!
//! If they do, nothing in the frame can be relied on: what it keeps in memory may be addressed by the stack pointer, and
//! so may be the mark itself. Three things follow.
//!
//! * The mark is kept *sealed*, so that no other value of the frame, an address on the stack above all, is mistaken for
//!   it: whatever is read in its place, the comparison fails.
//! * What reports is called with nothing from the frame but that value. Which function was called is a type.
//! * The stack pointer goes down first, below everything that the frame may have there. It never comes back.

use core::arch::asm;

use super::report::{Declared, report};

/// What a kept stack pointer is combined with: odd, so that no address of a word looks so.
pub(super) const SEAL: usize = 0x6B8F_53C9;

/// Bytes below the stack pointer that the report leaves alone: a frame whose arguments the callee removed lies there, and
/// is [searched](super::report) for the mark.
pub(super) const KEPT: usize = 1024;

/// The stack pointer before a call.
#[derive(Debug)]
pub struct Mark {
    sealed: usize,
}

impl Mark {
    /// Immediately before the call.
    #[allow(clippy::new_without_default, reason = "there is no such thing as a usual place on the stack")]
    #[allow(clippy::inline_always, reason = "it is the caller's stack pointer that is read")]
    #[inline(always)]
    #[must_use]
    pub fn new() -> Mark {
        let sealed;
        // SAFETY: it writes the register of the result and the flags, both of which it may, and reads the stack pointer.
        // It is not `nomem` and so stands in the order of calls, none of which is moved over it.
        unsafe {
            asm!("mov {0}, esp", "xor {0}, {seal}", out(reg) sealed, seal = const SEAL, options(nostack));
        }
        Mark { sealed }
    }

    /// Immediately behind the call; does not return if the stack pointer is another one.
    #[allow(clippy::inline_always, reason = "it is the caller's stack pointer that is read")]
    #[inline(always)]
    pub fn check<D: Declared>(self) {
        let mut lower = self.sealed;
        // SAFETY: as in `new`.
        unsafe {
            asm!("xor {0}, {seal}", "sub {0}, esp", inout(reg) lower, seal = const SEAL, options(nostack));
        }
        if lower == 0 {
            return;
        }
        // SAFETY: it is left by no way, so that the stack pointer, which is another now, need not come back, and no
        // register either. Memory below the stack pointer is the thread's and in use by nobody; 1 KiB is less than what
        // a guard page has. `report` is called as C is: its arguments on the stack, which is aligned to 16 bytes.
        unsafe {
            asm!(
                "mov ecx, esp",
                "lea esp, [esp - {kept}]",
                "and esp, -16",
                "sub esp, 8",
                "push ecx",
                "push eax",
                "call {report}",
                "ud2",
                kept = const KEPT,
                report = sym report::<D>,
                in("eax") lower,
                options(noreturn),
            )
        }
    }
}
