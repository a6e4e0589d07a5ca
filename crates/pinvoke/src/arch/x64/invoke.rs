//! The invoke thunk: loads a [`Frame`] into the machine, calls, stores the results.
//!
//! The code is fixed, so this way of calling works where no executable memory may be had. It comes in
//! kinds, because loading eight vector registers for `int f(int)` would double the cost of the call.
//! A thunk loads one of
//!
//! | [`Loads`] | |
//! |---|---|
//! | `Ints` | integer registers |
//! | `Vectors` | and 8 bytes of each vector register |
//! | `Wide` | and all 16 bytes of each vector register |
//! | `Win64` | the four positional registers, both kinds |
//!
//! and then goes to the target in one of these ways:
//!
//! | [`Way`] | for calls | |
//! |---|---|---|
//! | `Jump` | without stack words | the target returns to the thunk's caller, with its result in registers |
//! | `Call` | with stack words | the thunk returns, with the target's result still in registers |
//! | `Store` | whose result is [`Stored`](pinvoke_abi::stub::x64::Delivery::Stored) | `rax rdx xmm0 xmm1` are stored in the frame |
//! | `X87`, `X87Pair` | the same | `st(0)`, or `st(0)` and `st(1)`, are |
//!
//! Thunks that come back keep a frame pointer and [describe](mod@super::describe) themselves to unwinders; in the middle `rbp`
//! is the machine's frame and `rbx` ours. Stack words are written by `Frame::fill` straight into their
//! final place, so nothing is copied twice and a call with a megabyte of them needs no heap. The area is
//! touched page by page on the way down (an overflow meets the guard page) and aligned as its most
//! aligned argument asks.
//!
//! Microsoft x64 preserves everything that System V does and more, so calling into it from here needs
//! no further saves; its 32 bytes of shadow space are part of the plan's stack.

use core::arch::naked_asm;
use core::mem::offset_of;

use pinvoke_abi::plan::{Abi, ArgPlan, CallPlan, Location, RetPlan};
use pinvoke_abi::reg::{Bank, Reg};
use pinvoke_abi::stub::x64::delivery;

use super::{CallCode, Frame};

/// A thunk. Its arguments are those of [`CallCode`]; it looks at the frame only. Where it says that it
/// returns nothing, the target's result is in its registers.
type Thunk = unsafe extern "sysv64-unwind" fn(frame: *mut Frame);

/// Which registers a thunk loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loads {
    Ints,
    Vectors,
    Wide,
    Win64,
}

/// How a thunk goes to its target, and what it does with the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Jump,
    Call,
    Store,
    X87,
    X87Pair,
}

/// The thunk that performs calls of this plan, if one does.
pub(crate) fn thunk_of(plan: &CallPlan) -> Option<CallCode> {
    let way = match plan.ret() {
        RetPlan::Direct(pieces) if delivery(plan).is_stored() => {
            pieces.iter().try_fold(Way::Store, |way, piece| way.storing(piece.at))?
        }
        _ if plan.stack() == 0 => Way::Jump,
        _ => Way::Call,
    };
    Some(thunk_for(Loads::of(plan), way))
}

impl Loads {
    fn of(plan: &CallPlan) -> Loads {
        if plan.abi() == Abi::Win64 {
            return Loads::Win64;
        }
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

impl Way {
    /// What stores a piece of a result there as well; `None` if no thunk does.
    fn storing(self, at: Location) -> Option<Way> {
        match (at, self) {
            (Location::Reg(Reg::X87(0)), Way::Store) => Some(Way::X87),
            (Location::Reg(Reg::X87(1)), Way::X87) => Some(Way::X87Pair),
            // No ABI mixes x87 registers with others.
            (Location::Reg(register), Way::Store) if register.bank() != Bank::X87 => Some(Way::Store),
            _ => None,
        }
    }
}

/// The thunk of a kind. Those that store load whatever any call may need.
fn thunk_for(loads: Loads, way: Way) -> CallCode {
    let thunk: Thunk = match (way, loads) {
        (Way::Jump, Loads::Ints) => jump_ints,
        (Way::Jump, Loads::Vectors) => jump_vectors,
        (Way::Jump, Loads::Wide) => jump_wide,
        // Shadow space is stack, so Microsoft x64 never jumps.
        (Way::Jump | Way::Call, Loads::Win64) => call_win64,
        (Way::Call, Loads::Ints) => call_ints,
        (Way::Call, Loads::Vectors) => call_vectors,
        (Way::Call, Loads::Wide) => call_wide,
        (Way::Store, _) => store,
        (Way::X87, _) => store_x87,
        (Way::X87Pair, _) => store_x87_pair,
    };
    // SAFETY: thunks are such code: they take the frame first, ignore what else they are given, and are
    // part of the program.
    unsafe { CallCode::new(thunk as *const core::ffi::c_void) }
}

/// Instructions that load registers, from the frame in `r11`.
macro_rules! load {
    (ints) => {
        "mov rdi, [r11 + {ints}]; mov rsi, [r11 + {ints} + 8]; mov rdx, [r11 + {ints} + 16]
        mov rcx, [r11 + {ints} + 24]; mov r8, [r11 + {ints} + 32]; mov r9, [r11 + {ints} + 40]"
    };
    (halves) => {
        "movsd xmm0, [r11 + {vecs}]; movsd xmm1, [r11 + {vecs} + 16]; movsd xmm2, [r11 + {vecs} + 32]
        movsd xmm3, [r11 + {vecs} + 48]; movsd xmm4, [r11 + {vecs} + 64]; movsd xmm5, [r11 + {vecs} + 80]
        movsd xmm6, [r11 + {vecs} + 96]; movsd xmm7, [r11 + {vecs} + 112]"
    };
    (vectors) => {
        "movaps xmm0, [r11 + {vecs}]; movaps xmm1, [r11 + {vecs} + 16]; movaps xmm2, [r11 + {vecs} + 32]
        movaps xmm3, [r11 + {vecs} + 48]; movaps xmm4, [r11 + {vecs} + 64]; movaps xmm5, [r11 + {vecs} + 80]
        movaps xmm6, [r11 + {vecs} + 96]; movaps xmm7, [r11 + {vecs} + 112]"
    };
    (win64) => {
        "movsd xmm0, [r11 + {vecs}]; movsd xmm1, [r11 + {vecs} + 16]; movsd xmm2, [r11 + {vecs} + 32]
        movsd xmm3, [r11 + {vecs} + 48]; mov rcx, [r11 + {ints} + 24]; mov rdx, [r11 + {ints} + 16]
        mov r8, [r11 + {ints} + 32]; mov r9, [r11 + {ints} + 40]"
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
        unsafe extern "sysv64-unwind" fn $name(frame: *mut Frame) {
            naked_asm!(
                "endbr64",
                "mov r11, rdi",
                $($load,)*
                "mov eax, [r11 + {vector_regs}]",
                "jmp [r11 + {target}]",
                // A thunk of one kind leaves out what another needs:
                "# {vecs}",
                target = const offset_of!(Frame, target),
                vector_regs = const offset_of!(Frame, vector_regs),
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
        unsafe extern "sysv64-unwind" fn $name(frame: *mut Frame) {
            naked_asm!(
                describe!(begin),
                "endbr64",
                "push rbp",
                describe!(pushed rbp),
                "push rbx",
                describe!(pushed rbx),
                "push rax", // keeps the stack aligned
                describe!(pushed a word),
                "mov rbp, rsp",
                describe!(frame is rbp),
                "mov rbx, rdi",
                "mov r8, [rbx + {stack}]",
                "test r8, r8",
                "jz 3f",
                // Room for the stack words: down to rcx, touching every page.
                "mov rcx, rsp",
                "sub rcx, r8",
                "and rcx, [rbx + {stack_mask}]",
                "2:",
                "lea rdx, [rsp - 4096]",
                "cmp rdx, rcx",
                "jb 4f",
                "mov rsp, rdx",
                "or qword ptr [rsp], 0",
                "jmp 2b",
                "4:",
                "mov rsp, rcx",
                "mov rdi, [rbx + {fill_context}]",
                "mov rsi, rsp",
                "call [rbx + {fill}]",
                "3:",
                "mov r11, rbx",
                $($load,)*
                "mov eax, [r11 + {vector_regs}]",
                "call [r11 + {target}]",
                $($store,)*
                "lea rsp, [rbp + 8]",
                "pop rbx",
                "pop rbp",
                describe!(frame is gone),
                "ret",
                describe!(end),
                // A thunk of one kind leaves out what another needs, and so does a system:
                "# {vecs} {int_rets} {vec_rets} {x87_rets} {thunk}",
                thunk = sym $name,
                target = const offset_of!(Frame, target),
                stack = const offset_of!(Frame, stack),
                stack_mask = const offset_of!(Frame, stack_mask),
                fill = const offset_of!(Frame, fill),
                fill_context = const offset_of!(Frame, fill_context),
                vector_regs = const offset_of!(Frame, vector_regs),
                ints = const offset_of!(Frame, ints),
                vecs = const offset_of!(Frame, vecs),
                int_rets = const offset_of!(Frame, int_rets),
                vec_rets = const offset_of!(Frame, vec_rets),
                x87_rets = const offset_of!(Frame, x87_rets),
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
call!(call_win64, load [load!(win64)], store []);
call!(
    store,
    load [load!(ints), load!(vectors)],
    store [
        "mov [rbx + {int_rets}], rax",
        "mov [rbx + {int_rets} + 8], rdx",
        "movups [rbx + {vec_rets}], xmm0",
        "movups [rbx + {vec_rets} + 16], xmm1"
    ]
);
call!(store_x87, load [load!(ints), load!(vectors)], store ["fstp tbyte ptr [rbx + {x87_rets}]"]);
call!(
    store_x87_pair,
    load [load!(ints), load!(vectors)],
    store ["fstp tbyte ptr [rbx + {x87_rets}]", "fstp tbyte ptr [rbx + {x87_rets} + 16]"]
);
