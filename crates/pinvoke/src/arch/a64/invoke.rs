//! The invoke thunk: loads a [`Frame`] into the machine, calls, stores the results.
//!
//! The code is fixed, so this way of calling works where no executable memory may be had. It comes in
//! kinds, because loading eight vector registers for `int f(int)` would double the cost of the call.
//! A thunk loads one of
//!
//! | [`Loads`] | |
//! |---|---|
//! | `Ints` | `x0` to `x8` |
//! | `Vectors` | and 8 bytes of `v0` to `v7` |
//! | `Wide` | and all 16 bytes of them |
//!
//! and then goes to the target in one of these ways:
//!
//! | [`Way`] | for calls | |
//! |---|---|---|
//! | `Jump` | without stack words | the target returns to the thunk's caller, with its result in registers |
//! | `Call` | with stack words | the thunk returns, with the target's result still in registers |
//! | `Store` | whose result is [`Stored`](pinvoke_abi::stub::a64::Delivery::Stored) | `x0 x1 v0 v1 v2 v3` are stored in the frame |
//!
//! Thunks that come back keep a frame pointer and describe themselves to unwinders; in the middle `x29`
//! is the machine's frame and `x19` ours. Stack words are written by `Frame::fill` straight into their
//! final place, so nothing is copied twice and a call with a megabyte of them needs no heap. The area is
//! touched page by page on the way down (an overflow meets the guard page).

use core::arch::naked_asm;
use core::mem::offset_of;

use pinvoke_abi::plan::{ArgPlan, CallPlan, Location};
use pinvoke_abi::reg::Bank;
use pinvoke_abi::stub::a64::delivery;

use super::{CallCode, Frame};

/// A thunk. Its arguments are those of [`CallCode`]; it looks at the frame only. Where it says that it
/// returns nothing, the target's result is in its registers.
type Thunk = unsafe extern "C-unwind" fn(frame: *mut Frame);

/// Which registers a thunk loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loads {
    Ints,
    Vectors,
    Wide,
}

/// How a thunk goes to its target, and what it does with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Jump,
    Call,
    Store,
}

/// The thunk that performs calls of this plan, if one does.
pub(crate) fn thunk_of(plan: &CallPlan) -> Option<CallCode> {
    let way = match delivery(plan) {
        delivery if delivery.is_stored() => Way::Store,
        _ if plan.stack() == 0 => Way::Jump,
        _ => Way::Call,
    };
    Some(thunk_for(Loads::of(plan), way))
}

impl Loads {
    fn of(plan: &CallPlan) -> Loads {
        let pieces = plan.args().iter().flat_map(|arg| match arg {
            ArgPlan::Direct(pieces) => &pieces[..],
            ArgPlan::ByReference { .. } => &[],
        });
        let each = pieces.map(|piece| match piece.at {
            Location::Reg(register) if register.bank() == Bank::Vec && piece.width > 8 => Loads::Wide,
            Location::Reg(register) if register.bank() == Bank::Vec => Loads::Vectors,
            Location::Reg(_) | Location::Stack(_) => Loads::Ints,
        });
        each.max().unwrap_or(Loads::Ints)
    }
}

/// The thunk of a kind. The one that stores loads whatever any call may need.
fn thunk_for(loads: Loads, way: Way) -> CallCode {
    let thunk: Thunk = match (way, loads) {
        (Way::Jump, Loads::Ints) => jump_ints,
        (Way::Jump, Loads::Vectors) => jump_vectors,
        (Way::Jump, Loads::Wide) => jump_wide,
        (Way::Call, Loads::Ints) => call_ints,
        (Way::Call, Loads::Vectors) => call_vectors,
        (Way::Call, Loads::Wide) => call_wide,
        (Way::Store, _) => store,
    };
    // SAFETY: thunks are such code: they take the frame first, ignore what else they are given, and are
    // part of the program.
    unsafe { CallCode::new(thunk as *const core::ffi::c_void) }
}

/// Instructions that load registers, from the frame in `x9`.
macro_rules! load {
    (ints) => {
        "ldp x0, x1, [x9, #{ints}]; ldp x2, x3, [x9, #{ints} + 16]; ldp x4, x5, [x9, #{ints} + 32]
        ldp x6, x7, [x9, #{ints} + 48]; ldr x8, [x9, #{ints} + 64]"
    };
    (halves) => {
        "ldr d0, [x9, #{vecs}]; ldr d1, [x9, #{vecs} + 16]; ldr d2, [x9, #{vecs} + 32]
        ldr d3, [x9, #{vecs} + 48]; ldr d4, [x9, #{vecs} + 64]; ldr d5, [x9, #{vecs} + 80]
        ldr d6, [x9, #{vecs} + 96]; ldr d7, [x9, #{vecs} + 112]"
    };
    (vectors) => {
        "ldp q0, q1, [x9, #{vecs}]; ldp q2, q3, [x9, #{vecs} + 32]
        ldp q4, q5, [x9, #{vecs} + 64]; ldp q6, q7, [x9, #{vecs} + 96]"
    };
}

/// A thunk that ends in the target.
macro_rules! jump {
    ($name:ident, load [$($load:expr),*]) => {
        /// # Safety
        /// - `frame` is valid, its head is filled in, and its registers are what the target takes, which
        ///   takes no stack words;
        /// - the caller may call the target.
        #[unsafe(naked)]
        unsafe extern "C-unwind" fn $name(frame: *mut Frame) {
            naked_asm!(
                "hint #34", // bti c
                "mov x9, x0",
                $($load,)*
                "ldr x16, [x9, #{target}]",
                "br x16",
                // A thunk of one kind leaves out what another needs:
                "// {vecs}",
                target = const offset_of!(Frame, target),
                ints = const offset_of!(Frame, ints),
                vecs = const offset_of!(Frame, vecs),
            )
        }
    };
}

/// A thunk that comes back.
macro_rules! call {
    ($name:ident, load [$($load:expr),*], store [$($store:literal),*]) => {
        /// # Safety
        /// - `frame` is valid, its head is filled in, and its registers and the stack words that its
        ///   `fill` writes are what the target takes;
        /// - the caller may call the target.
        #[unsafe(naked)]
        unsafe extern "C-unwind" fn $name(frame: *mut Frame) {
            naked_asm!(
                ".cfi_startproc",
                "hint #34", // bti c
                "stp x29, x30, [sp, #-32]!",
                ".cfi_def_cfa_offset 32",
                ".cfi_offset x29, -32",
                ".cfi_offset x30, -24",
                "mov x29, sp",
                ".cfi_def_cfa x29, 32",
                "str x19, [sp, #16]",
                ".cfi_offset x19, -16",
                "mov x19, x0",
                "ldr x9, [x19, #{stack}]",
                "cbz x9, 3f",
                // Room for the stack words: down to x10, touching every page.
                "mov x10, sp",
                "sub x10, x10, x9",
                "ldr x11, [x19, #{stack_mask}]",
                "and x10, x10, x11",
                "2:",
                "sub x11, sp, #1, lsl #12",
                "cmp x11, x10",
                "b.lo 4f",
                "mov sp, x11",
                "str xzr, [sp]",
                "b 2b",
                "4:",
                "mov sp, x10",
                "ldr x0, [x19, #{fill_context}]",
                "mov x1, sp",
                "ldr x9, [x19, #{fill}]",
                "blr x9",
                "3:",
                "mov x9, x19",
                $($load,)*
                "ldr x16, [x9, #{target}]",
                "blr x16",
                $($store,)*
                "mov sp, x29",
                ".cfi_def_cfa sp, 32",
                "ldr x19, [sp, #16]",
                "ldp x29, x30, [sp], #32",
                ".cfi_def_cfa_offset 0",
                ".cfi_restore x19",
                ".cfi_restore x29",
                ".cfi_restore x30",
                "ret",
                ".cfi_endproc",
                // A thunk of one kind leaves out what another needs:
                "// {vecs} {int_rets} {vec_rets}",
                target = const offset_of!(Frame, target),
                stack = const offset_of!(Frame, stack),
                stack_mask = const offset_of!(Frame, stack_mask),
                fill = const offset_of!(Frame, fill),
                fill_context = const offset_of!(Frame, fill_context),
                ints = const offset_of!(Frame, ints),
                vecs = const offset_of!(Frame, vecs),
                int_rets = const offset_of!(Frame, int_rets),
                vec_rets = const offset_of!(Frame, vec_rets),
            )
        }
    };
}

jump!(jump_ints, load[load!(ints)]);
jump!(jump_vectors, load [load!(ints), load!(halves)]);
jump!(jump_wide, load [load!(ints), load!(vectors)]);
call!(call_ints, load [load!(ints)], store []);
call!(call_vectors, load [load!(ints), load!(halves)], store []);
call!(call_wide, load [load!(ints), load!(vectors)], store []);
call!(
    store,
    load [load!(ints), load!(vectors)],
    store [
        "stp x0, x1, [x19, #{int_rets}]",
        "stp q0, q1, [x19, #{vec_rets}]",
        "stp q2, q3, [x19, #{vec_rets} + 32]"
    ]
);
