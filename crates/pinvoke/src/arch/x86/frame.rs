//! The memory image of one downcall: argument registers before, result registers after.
//!
//! Rust fills the image by moves computed from a plan, the [thunk](super::invoke) loads it into the machine, and what
//! comes back is stored in it. One picture serves all conventions:
//!
//! ```text
//!   target, stack size, fill …   read once by the thunk
//!   ecx edx                      4 bytes each: fastcall and thiscall
//!   eax edx · st0                results
//!   removed                      bytes of arguments that the callee removed
//! ```
//!
//! A frame starts out uninitialised but for its head: a register that the plan does not mention carries whatever was
//! there, as it would in compiled code.

use core::ffi::c_void;
use core::mem::offset_of;

use pinvoke_abi::reg::{Gpr, Reg};

/// Writes the outgoing stack words of a call: `context` as found in the frame, then the first word.
pub(crate) type Fill = unsafe extern "C" fn(context: *const c_void, stack: *mut u8);

/// Registers of one call in memory.
#[repr(C, align(16))]
pub(crate) struct Frame {
    /// Code to call.
    pub(crate) target: *const c_void,
    /// Bytes of outgoing stack.
    pub(crate) stack: usize,
    /// `-(alignment of the outgoing stack)`, to be anded to the stack pointer.
    pub(crate) stack_mask: isize,
    /// Called when there is outgoing stack, with `fill_context`.
    pub(crate) fill: Fill,
    /// What `fill` works from.
    pub(crate) fill_context: *const c_void,
    /// `ecx edx`.
    pub(crate) ints: [u32; 2],
    /// Result registers `eax edx`.
    pub(crate) int_rets: [u32; 2],
    /// Result register `st(0)`, in the width of the result.
    pub(crate) x87_ret: [u8; 16],
    /// By how much the stack pointer was higher behind the call than before it.
    pub(crate) removed: u32,
}

impl Frame {
    /// Nothing is announced to variadic functions here.
    pub(crate) const VECTOR_REGS: Option<usize> = None;

    /// Where the thunk says how many bytes the callee removed from the stack, in bytes from the start.
    pub(crate) const REMOVED: Option<usize> = Some(offset_of!(Frame, removed));

    /// Where an argument register lies, in bytes from the start; `None` if it carries no arguments.
    pub(crate) fn argument(reg: Reg) -> Option<u32> {
        let index = match reg {
            Reg::Int32(Gpr::Rcx) => 0,
            Reg::Int32(Gpr::Rdx) => 1,
            _ => return None,
        };
        u32::try_from(offset_of!(Frame, ints) + index * 4).ok()
    }

    /// Where a result register lies, in bytes from the start; `None` if it carries no results.
    pub(crate) fn result(reg: Reg) -> Option<u32> {
        let at = match reg {
            Reg::Int32(Gpr::Rax) => offset_of!(Frame, int_rets),
            Reg::Int32(Gpr::Rdx) => offset_of!(Frame, int_rets) + 4,
            Reg::X87(0) => offset_of!(Frame, x87_ret),
            _ => return None,
        };
        u32::try_from(at).ok()
    }
}
