//! The invoke thunks: load a [`Frame`] into the machine, call, store the results.
//!
//! Stack words are written by `Frame::fill` straight into their final place, so nothing is copied twice and a call with
//! a megabyte of them needs no heap. The area is touched page by page on the way down (an overflow meets the guard
//! page). `s0` is the machine's frame and `s1` ours.
//!
//! All result registers are always stored. That floating-point registers are loaded makes the kinds: most calls have no
//! number in them.

use core::arch::naked_asm;
use core::mem::offset_of;

use pinvoke_abi::plan::{ArgPlan, CallPlan, Location};
use pinvoke_abi::reg::Bank;

use super::{CallCode, Frame};

/// A thunk.
type Thunk = unsafe extern "C-unwind" fn(frame: *mut Frame);

/// The thunk that performs calls of this plan.
#[expect(clippy::unnecessary_wraps, reason = "on other machines there are plans that none performs")]
pub(crate) fn thunk_of(plan: &CallPlan) -> Option<CallCode> {
    let loads_floats = plan.args().iter().any(|arg| match arg {
        ArgPlan::Direct(pieces) => {
            pieces.iter().any(|piece| matches!(piece.at, Location::Reg(reg) if reg.bank() == Bank::Vec))
        }
        ArgPlan::ByReference { .. } => false,
    });
    let thunk: Thunk = if loads_floats { all } else { ints };
    // SAFETY: a thunk is such code, and part of the program.
    Some(unsafe { CallCode::new(thunk as *const core::ffi::c_void) })
}

macro_rules! thunk {
    ($name:ident, load [$($load:literal),*]) => {
        /// # Safety
        /// - `frame` is valid, its head is filled in, and its registers and the stack words that its
        ///   `fill` writes are what the target takes;
        /// - the caller may call the target.
        #[unsafe(naked)]
        unsafe extern "C-unwind" fn $name(frame: *mut Frame) {
            naked_asm!(
                ".cfi_startproc",
                "addi sp, sp, -32",
                ".cfi_def_cfa_offset 32",
                "sd ra, 24(sp)",
                ".cfi_offset ra, -8",
                "sd s0, 16(sp)",
                ".cfi_offset s0, -16",
                "sd s1, 8(sp)",
                ".cfi_offset s1, -24",
                "addi s0, sp, 32",
                ".cfi_def_cfa s0, 0",
                "mv s1, a0",
                "ld t0, {stack}(s1)",
                "beqz t0, 3f",
                // Room for the stack words: down to t1, touching every page.
                "sub t1, sp, t0",
                "ld t2, {stack_mask}(s1)",
                "and t1, t1, t2",
                "lui t0, 1",
                "2:",
                "sub t2, sp, t0",
                "bltu t2, t1, 4f",
                "mv sp, t2",
                "sd zero, 0(sp)",
                "j 2b",
                "4:",
                "mv sp, t1",
                "ld a0, {fill_context}(s1)",
                "mv a1, sp",
                "ld t1, {fill}(s1)",
                "jalr t1",
                "3:",
                "ld a0, {ints}(s1)",
                "ld a1, {ints} + 8(s1)",
                "ld a2, {ints} + 16(s1)",
                "ld a3, {ints} + 24(s1)",
                "ld a4, {ints} + 32(s1)",
                "ld a5, {ints} + 40(s1)",
                "ld a6, {ints} + 48(s1)",
                "ld a7, {ints} + 56(s1)",
                $($load,)*
                "ld t1, {target}(s1)",
                "jalr t1",
                "sd a0, {int_rets}(s1)",
                "sd a1, {int_rets} + 8(s1)",
                "fsd fa0, {float_rets}(s1)",
                "fsd fa1, {float_rets} + 8(s1)",
                "addi sp, s0, -32",
                ".cfi_def_cfa sp, 32",
                "ld s1, 8(sp)",
                ".cfi_restore s1",
                "ld s0, 16(sp)",
                ".cfi_restore s0",
                "ld ra, 24(sp)",
                ".cfi_restore ra",
                "addi sp, sp, 32",
                ".cfi_def_cfa_offset 0",
                "ret",
                ".cfi_endproc",
                // One thunk leaves out what the other needs:
                "# {floats}",
                target = const offset_of!(Frame, target),
                stack = const offset_of!(Frame, stack),
                stack_mask = const offset_of!(Frame, stack_mask),
                fill = const offset_of!(Frame, fill),
                fill_context = const offset_of!(Frame, fill_context),
                ints = const offset_of!(Frame, ints),
                floats = const offset_of!(Frame, floats),
                int_rets = const offset_of!(Frame, int_rets),
                float_rets = const offset_of!(Frame, float_rets),
            )
        }
    };
}

thunk!(ints, load[]);
thunk!(all, load [
    "fld fa0, {floats}(s1)",
    "fld fa1, {floats} + 8(s1)",
    "fld fa2, {floats} + 16(s1)",
    "fld fa3, {floats} + 24(s1)",
    "fld fa4, {floats} + 32(s1)",
    "fld fa5, {floats} + 40(s1)",
    "fld fa6, {floats} + 48(s1)",
    "fld fa7, {floats} + 56(s1)"
]);
