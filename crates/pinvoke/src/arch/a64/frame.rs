//! The memory image of one downcall: argument registers before, result registers after.
//!
//! Rust fills the image by moves computed from a plan, the [thunk](super::invoke) loads it into the
//! machine, and the results that it has to store come back in it:
//!
//! ```text
//!   target, stack size, fill …      read once by the thunk
//!   x0 … x7, x8                     8 bytes each; x8 is the address of a result in memory
//!   v0 … v7                         16 bytes each, of which most calls use 4 or 8
//!   x0 x1 · v0 … v3                 results
//! ```
//!
//! A frame starts out uninitialised but for its head: a register that the plan does not mention
//! carries whatever was there, as it would in compiled code.

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
    /// `x0` to `x8`.
    pub(crate) ints: [u64; 9],
    /// `v0` to `v7`.
    pub(crate) vecs: [[u64; 2]; 8],
    /// Result registers `x0 x1`.
    pub(crate) int_rets: [u64; 2],
    /// Result registers `v0` to `v3`.
    pub(crate) vec_rets: [[u64; 2]; 4],
}

impl Frame {
    /// Where the number of vector registers of a variadic call goes: nobody asks for it here.
    pub(crate) const VECTOR_REGS: Option<usize> = None;

    /// Callees remove nothing from the stack here, and nobody looks.
    pub(crate) const REMOVED: Option<usize> = None;

    /// Where an argument register lies, in bytes from the start; `None` if it carries no arguments.
    pub(crate) fn argument(reg: Reg) -> Option<u32> {
        let at = match reg {
            Reg::X(n @ 0..=8) => offset_of!(Frame, ints) + 8 * usize::from(n),
            Reg::V(n @ 0..=7) => offset_of!(Frame, vecs) + 16 * usize::from(n),
            _ => return None,
        };
        u32::try_from(at).ok()
    }

    /// Where a result register lies, in bytes from the start; `None` if it carries no results.
    pub(crate) fn result(reg: Reg) -> Option<u32> {
        let at = match reg {
            Reg::X(n @ 0..=1) => offset_of!(Frame, int_rets) + 8 * usize::from(n),
            Reg::V(n @ 0..=3) => offset_of!(Frame, vec_rets) + 16 * usize::from(n),
            _ => return None,
        };
        u32::try_from(at).ok()
    }
}
