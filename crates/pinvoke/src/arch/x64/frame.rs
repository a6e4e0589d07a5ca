//! The memory image of one downcall: argument registers before, result registers after.
//!
//! Rust fills the image by moves computed from a plan, the [thunk](super::invoke) loads it into the
//! machine, and the results come back in it. One picture serves both conventions, since a register has
//! its place whatever it is used for:
//!
//! ```text
//!   target, stack size, fill …      read once by the thunk
//!   rdi rsi rdx rcx r8 r9           8 bytes each
//!   xmm0 … xmm7                     16 bytes each, of which most calls use 8
//!   rax rdx · xmm0 xmm1 · st0 st1   results; only those that the thunk's kind stores
//! ```
//!
//! A frame starts out uninitialised but for its head: a register that the plan does not mention
//! carries whatever was there, as it would in compiled code.

use core::ffi::c_void;
use core::mem::offset_of;

use pinvoke_abi::reg::{Gpr, Reg};

/// Writes the outgoing stack words of a call: `context` as found in the frame, then the first word.
pub(crate) type Fill = unsafe extern "sysv64" fn(context: *const c_void, stack: *mut u8);

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
    /// `al`: number of vector registers of a variadic call.
    pub(crate) vector_regs: u64,
    /// `rdi rsi rdx rcx r8 r9`.
    pub(crate) ints: [u64; 6],
    /// `xmm0` to `xmm7`.
    pub(crate) vecs: [[u64; 2]; 8],
    /// Result registers `rax rdx`.
    pub(crate) int_rets: [u64; 2],
    /// Result registers `xmm0 xmm1`.
    pub(crate) vec_rets: [[u64; 2]; 2],
    /// Result registers `st(0) st(1)`, 10 bytes each.
    pub(crate) x87_rets: [[u64; 2]; 2],
}

impl Frame {
    /// Where the number of vector registers of a variadic call goes, in bytes from the start.
    pub(crate) const VECTOR_REGS: Option<usize> = Some(offset_of!(Frame, vector_regs));

    /// Callees remove nothing from the stack here, and nobody looks.
    pub(crate) const REMOVED: Option<usize> = None;

    /// Where an argument register lies, in bytes from the start; `None` if it carries no arguments.
    pub(crate) fn argument(reg: Reg) -> Option<u32> {
        let (base, index, size) = match reg {
            Reg::Int(r) => {
                let index = match r {
                    Gpr::Rdi => 0,
                    Gpr::Rsi => 1,
                    Gpr::Rdx => 2,
                    Gpr::Rcx => 3,
                    Gpr::R8 => 4,
                    Gpr::R9 => 5,
                    _ => return None,
                };
                (offset_of!(Frame, ints), index, 8)
            }
            Reg::Vec(n) if n < 8 => (offset_of!(Frame, vecs), usize::from(n), 16),
            _ => return None,
        };
        u32::try_from(base + index * size).ok()
    }

    /// Where a result register lies, in bytes from the start; `None` if it carries no results.
    pub(crate) fn result(reg: Reg) -> Option<u32> {
        let (base, index, size) = match reg {
            Reg::Int(Gpr::Rax) => (offset_of!(Frame, int_rets), 0, 8),
            Reg::Int(Gpr::Rdx) => (offset_of!(Frame, int_rets), 1, 8),
            Reg::Vec(n) if n < 2 => (offset_of!(Frame, vec_rets), usize::from(n), 16),
            Reg::X87(n) if n < 2 => (offset_of!(Frame, x87_rets), usize::from(n), 16),
            _ => return None,
        };
        u32::try_from(base + index * size).ok()
    }
}
