//! The invoke thunks: load a [`Frame`] into the machine, call, store the results.
//!
//! Stack words are written by `Frame::fill` straight into their final place, so nothing is copied twice and a call with
//! a megabyte of them needs no heap. The area is touched page by page on the way down (an overflow meets the guard
//! page) and aligned as its most aligned argument asks, and to 16 bytes in any case. `ebp` is the machine's frame and `ebx` ours; the stack pointer
//! comes back from `ebp`, so whatever the callee removed, the thunk returns. What it removed is told: a function that
//! is called by a convention which is not its own shows there.
//!
//! `eax` and `edx` are always stored. The one that is on top of the x87 stack has to be popped if there is a result
//! there and must not be otherwise, and a `float` is stored as one: that makes the kinds.

use core::arch::naked_asm;
use core::mem::offset_of;

use pinvoke_abi::plan::{CallPlan, Location, RetPlan};
use pinvoke_abi::reg::Reg;

use super::{CallCode, Frame};

/// A thunk.
type Thunk = unsafe extern "C-unwind" fn(frame: *mut Frame);

/// The thunk that performs calls of this plan, if one does.
pub(crate) fn thunk_of(plan: &CallPlan) -> Option<CallCode> {
    let on_top = match plan.ret() {
        RetPlan::Void | RetPlan::Indirect { .. } => None,
        RetPlan::Direct(pieces) => pieces.iter().find(|piece| matches!(piece.at, Location::Reg(Reg::X87(_)))),
    };
    let thunk: Thunk = match on_top.map(|piece| piece.width) {
        None => ints,
        Some(4) => float,
        Some(8) => double,
        Some(10) => extended,
        Some(_) => return None,
    };
    // SAFETY: a thunk is such code, and part of the program.
    Some(unsafe { CallCode::new(thunk as *const core::ffi::c_void) })
}

macro_rules! thunk {
    ($name:ident, store $($store:literal)?) => {
        /// # Safety
        /// - `frame` is valid, its head is filled in, and its registers and the stack words that its
        ///   `fill` writes are what the target takes;
        /// - the caller may call the target.
        #[unsafe(naked)]
        unsafe extern "C-unwind" fn $name(frame: *mut Frame) {
            naked_asm!(
                ".cfi_startproc",
                "push ebp",
                ".cfi_def_cfa_offset 8; .cfi_offset ebp, -8",
                "mov ebp, esp",
                ".cfi_def_cfa_register ebp",
                "push ebx",
                ".cfi_offset ebx, -12",
                "push esi",
                ".cfi_offset esi, -16",
                "mov ebx, [ebp + 8]",
                "mov eax, [ebx + {stack}]",
                "test eax, eax",
                "jz 3f",
                // Room for the stack words: down to ecx, touching every page.
                "mov ecx, esp",
                "sub ecx, eax",
                "and ecx, [ebx + {stack_mask}]",
                "and ecx, -16",
                "2:",
                "lea edx, [esp - 4096]",
                "cmp edx, ecx",
                "jb 4f",
                "mov esp, edx",
                "or dword ptr [esp], 0",
                "jmp 2b",
                "4:",
                "mov esp, ecx",
                // fill(context, stack)
                "mov esi, esp",
                "sub esp, 16",
                "mov eax, [ebx + {fill_context}]",
                "mov [esp], eax",
                "mov [esp + 4], esi",
                "call [ebx + {fill}]",
                "mov esp, esi",
                "jmp 5f",
                "3:",
                "and esp, -16",
                "5:",
                "mov esi, esp",
                "mov ecx, [ebx + {ints}]",
                "mov edx, [ebx + {ints} + 4]",
                "call [ebx + {target}]",
                "mov ecx, esp",
                "sub ecx, esi",
                "mov [ebx + {removed}], ecx",
                "mov [ebx + {int_rets}], eax",
                "mov [ebx + {int_rets} + 4], edx",
                $($store,)?
                "lea esp, [ebp - 8]",
                "pop esi",
                "pop ebx",
                "pop ebp",
                ".cfi_def_cfa esp, 4",
                "ret",
                ".cfi_endproc",
                // One thunk leaves out what another needs:
                "# {x87_ret}",
                target = const offset_of!(Frame, target),
                stack = const offset_of!(Frame, stack),
                stack_mask = const offset_of!(Frame, stack_mask),
                fill = const offset_of!(Frame, fill),
                fill_context = const offset_of!(Frame, fill_context),
                ints = const offset_of!(Frame, ints),
                int_rets = const offset_of!(Frame, int_rets),
                x87_ret = const offset_of!(Frame, x87_ret),
                removed = const offset_of!(Frame, removed),
            )
        }
    };
}

thunk!(ints, store);
thunk!(float, store "fstp dword ptr [ebx + {x87_ret}]");
thunk!(double, store "fstp qword ptr [ebx + {x87_ret}]");
thunk!(extended, store "fstp tbyte ptr [ebx + {x87_ret}]");
