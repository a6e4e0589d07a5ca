//! The memory image of one downcall: argument registers before, result registers after.
//!
//! Rust fills the image by moves computed from a plan, the [thunk](super::invoke) loads it into the machine, and what
//! comes back is stored in it:
//!
//! ```text
//!   target, stack size, fill …   read once by the thunk
//!   a0 … a7                      8 bytes each
//!   fa0 … fa7                    8 bytes each: a `double`, or a `float` below ones
//!   a0 a1 · fa0 fa1              results
//! ```
//!
//! A frame starts out uninitialised but for its head: a register that the plan does not mention carries whatever was
//! there, as it would in compiled code.

use core::ffi::c_void;
use core::mem::offset_of;

use pinvoke_abi::reg::Reg;

/// Writes the outgoing stack words of a call: `context` as found in the frame, then the first word.
pub(crate) type Fill = unsafe extern "C" fn(context: *const c_void, stack: *mut u8);

/// Registers of one call in memory.
#[repr(C, align(16))]
pub(crate) struct Frame {
    /// Code to call.
    pub(crate) target: *const c_void,
    /// Bytes of outgoing stack, a multiple of 16.
    pub(crate) stack: usize,
    /// `-(alignment of the outgoing stack)`, to be anded to the stack pointer.
    pub(crate) stack_mask: isize,
    /// Called when there is outgoing stack, with `fill_context`.
    pub(crate) fill: Fill,
    /// What `fill` works from.
    pub(crate) fill_context: *const c_void,
    /// `a0` to `a7`.
    pub(crate) ints: [u64; 8],
    /// `fa0` to `fa7`.
    pub(crate) floats: [u64; 8],
    /// Result registers `a0 a1`.
    pub(crate) int_rets: [u64; 2],
    /// Result registers `fa0 fa1`.
    pub(crate) float_rets: [u64; 2],
}

impl Frame {
    /// Nothing is announced to variadic functions here.
    pub(crate) const VECTOR_REGS: Option<usize> = None;

    /// Callees remove nothing from the stack here, and nobody looks.
    pub(crate) const REMOVED: Option<usize> = None;

    /// Where an argument register lies, in bytes from the start; `None` if it carries no arguments.
    pub(crate) fn argument(reg: Reg) -> Option<u32> {
        let at = match reg {
            Reg::A(n @ 0..=7) => offset_of!(Frame, ints) + 8 * usize::from(n),
            Reg::Fa(n @ 0..=7) => offset_of!(Frame, floats) + 8 * usize::from(n),
            _ => return None,
        };
        u32::try_from(at).ok()
    }

    /// Where a result register lies, in bytes from the start; `None` if it carries no results.
    pub(crate) fn result(reg: Reg) -> Option<u32> {
        let at = match reg {
            Reg::A(n @ 0..=1) => offset_of!(Frame, int_rets) + 8 * usize::from(n),
            Reg::Fa(n @ 0..=1) => offset_of!(Frame, float_rets) + 8 * usize::from(n),
            _ => return None,
        };
        u32::try_from(at).ok()
    }
}
