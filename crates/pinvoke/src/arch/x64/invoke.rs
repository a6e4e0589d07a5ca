//! The invoke thunk: loads a [`Frame`] into the machine, calls, stores the results.
//!
//! The code is fixed, so this way of calling works where no executable memory may be had. It comes in
//! kinds, because loading eight vector registers for `int f(int)` would double the cost of the call:
//!
//! | kind | loads | stores |
//! |---|---|---|
//! | `Ints` | integer registers | `rax rdx` |
//! | `Vectors` | and 8 bytes of each vector register | and `xmm0 xmm1` |
//! | `Wide` | all 16 bytes of each vector register | the same |
//! | `X87` | as `Wide` | `st(0)` |
//! | `X87Pair` | as `Wide` | `st(0)`, then `st(1)` |
//! | `Win64` | the four positional registers, both kinds | `rax xmm0` |
//!
//! All keep a frame pointer and describe themselves to unwinders: `rbp` is the frame, `rbx` the image.
//! Stack words are written by `Frame::fill` straight into their final place, so nothing is copied twice
//! and a call with a megabyte of them needs no heap. The area is touched page by page on the way down
//! (an overflow meets the guard page) and aligned as its most aligned argument asks.
//!
//! Microsoft x64 preserves everything that System V does and more, so calling into it from here needs
//! no further saves; its 32 bytes of shadow space are part of the plan's stack.

use core::arch::naked_asm;
use core::mem::offset_of;

use super::Frame;

/// Loads a frame, calls its target and stores the results into it.
pub(crate) type Thunk = unsafe extern "sysv64-unwind" fn(frame: *mut Frame);

/// What a thunk has to load and store beyond integer registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ThunkKind {
    Ints,
    Vectors,
    Wide,
    X87,
    X87Pair,
    Win64,
}

/// The thunk of a kind.
pub(crate) fn thunk_for(kind: ThunkKind) -> Thunk {
    match kind {
        ThunkKind::Ints => invoke_ints,
        ThunkKind::Vectors => invoke_vectors,
        ThunkKind::Wide => invoke_wide,
        ThunkKind::X87 => invoke_x87,
        ThunkKind::X87Pair => invoke_x87_pair,
        ThunkKind::Win64 => invoke_win64,
    }
}

macro_rules! thunk {
    ($(#[$doc:meta])* $name:ident: load [$($load:literal)*] store [$($store:literal)*]) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// - `frame` is valid, its head is filled in, and its registers and the stack words that its
        ///   `fill` writes are what the target takes;
        /// - the caller may call the target.
        #[unsafe(naked)]
        unsafe extern "sysv64-unwind" fn $name(frame: *mut Frame) {
            naked_asm!(
                ".cfi_startproc",
                "endbr64",
                "push rbp",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset rbp, -16",
                "mov rbp, rsp",
                ".cfi_def_cfa_register rbp",
                "push rbx",
                ".cfi_offset rbx, -24",
                "push rax", // keeps the stack aligned
                "mov rbx, rdi",
                "mov rax, [rbx + {stack}]",
                "test rax, rax",
                "jnz 2f",
                "3:",
                $($load,)*
                "mov r11, [rbx + {target}]",
                "mov eax, [rbx + {vector_regs}]",
                "call r11",
                $($store,)*
                "lea rsp, [rbp - 8]",
                "pop rbx",
                "pop rbp",
                ".cfi_remember_state",
                ".cfi_def_cfa rsp, 8",
                "ret",
                ".cfi_restore_state",
                // A thunk of one kind leaves out what another needs:
                "# {ints} {vecs} {int_rets} {vec_rets} {x87_rets}",
                // Room for the stack words: down to rcx, touching every page.
                "2:",
                "mov rcx, rsp",
                "sub rcx, rax",
                "and rcx, [rbx + {stack_mask}]",
                "4:",
                "lea rdx, [rsp - 4096]",
                "cmp rdx, rcx",
                "jb 5f",
                "mov rsp, rdx",
                "or qword ptr [rsp], 0",
                "jmp 4b",
                "5:",
                "mov rsp, rcx",
                "mov rdi, [rbx + {fill_context}]",
                "mov rsi, rsp",
                "call [rbx + {fill}]",
                "jmp 3b",
                ".cfi_endproc",
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

thunk!(
    /// Integer registers only.
    invoke_ints: load [
        "mov rdi, [rbx + {ints}]" "mov rsi, [rbx + {ints} + 8]" "mov rdx, [rbx + {ints} + 16]"
        "mov rcx, [rbx + {ints} + 24]" "mov r8, [rbx + {ints} + 32]" "mov r9, [rbx + {ints} + 40]"
    ]
    store [
        "mov [rbx + {int_rets}], rax" "mov [rbx + {int_rets} + 8], rdx"
    ]
);
thunk!(
    /// Integer registers and 8 bytes of each vector register.
    invoke_vectors: load [
        "movsd xmm0, [rbx + {vecs} + 0]" "movsd xmm1, [rbx + {vecs} + 16]"
        "movsd xmm2, [rbx + {vecs} + 32]" "movsd xmm3, [rbx + {vecs} + 48]"
        "movsd xmm4, [rbx + {vecs} + 64]" "movsd xmm5, [rbx + {vecs} + 80]"
        "movsd xmm6, [rbx + {vecs} + 96]" "movsd xmm7, [rbx + {vecs} + 112]"
        "mov rdi, [rbx + {ints}]" "mov rsi, [rbx + {ints} + 8]" "mov rdx, [rbx + {ints} + 16]"
        "mov rcx, [rbx + {ints} + 24]" "mov r8, [rbx + {ints} + 32]" "mov r9, [rbx + {ints} + 40]"
    ]
    store [
        "mov [rbx + {int_rets}], rax" "mov [rbx + {int_rets} + 8], rdx"
        "movups [rbx + {vec_rets}], xmm0" "movups [rbx + {vec_rets} + 16], xmm1"
    ]
);
thunk!(
    /// Integer registers and vector registers whole.
    invoke_wide: load [
        "movaps xmm0, [rbx + {vecs} + 0]" "movaps xmm1, [rbx + {vecs} + 16]"
        "movaps xmm2, [rbx + {vecs} + 32]" "movaps xmm3, [rbx + {vecs} + 48]"
        "movaps xmm4, [rbx + {vecs} + 64]" "movaps xmm5, [rbx + {vecs} + 80]"
        "movaps xmm6, [rbx + {vecs} + 96]" "movaps xmm7, [rbx + {vecs} + 112]"
        "mov rdi, [rbx + {ints}]" "mov rsi, [rbx + {ints} + 8]" "mov rdx, [rbx + {ints} + 16]"
        "mov rcx, [rbx + {ints} + 24]" "mov r8, [rbx + {ints} + 32]" "mov r9, [rbx + {ints} + 40]"
    ]
    store [
        "mov [rbx + {int_rets}], rax" "mov [rbx + {int_rets} + 8], rdx"
        "movups [rbx + {vec_rets}], xmm0" "movups [rbx + {vec_rets} + 16], xmm1"
    ]
);
thunk!(
    /// A result in `st(0)`.
    invoke_x87: load [
        "movaps xmm0, [rbx + {vecs} + 0]" "movaps xmm1, [rbx + {vecs} + 16]"
        "movaps xmm2, [rbx + {vecs} + 32]" "movaps xmm3, [rbx + {vecs} + 48]"
        "movaps xmm4, [rbx + {vecs} + 64]" "movaps xmm5, [rbx + {vecs} + 80]"
        "movaps xmm6, [rbx + {vecs} + 96]" "movaps xmm7, [rbx + {vecs} + 112]"
        "mov rdi, [rbx + {ints}]" "mov rsi, [rbx + {ints} + 8]" "mov rdx, [rbx + {ints} + 16]"
        "mov rcx, [rbx + {ints} + 24]" "mov r8, [rbx + {ints} + 32]" "mov r9, [rbx + {ints} + 40]"
    ]
    store [
        "fstp tbyte ptr [rbx + {x87_rets}]"
    ]
);
thunk!(
    /// A result in `st(0)` and `st(1)`.
    invoke_x87_pair: load [
        "movaps xmm0, [rbx + {vecs} + 0]" "movaps xmm1, [rbx + {vecs} + 16]"
        "movaps xmm2, [rbx + {vecs} + 32]" "movaps xmm3, [rbx + {vecs} + 48]"
        "movaps xmm4, [rbx + {vecs} + 64]" "movaps xmm5, [rbx + {vecs} + 80]"
        "movaps xmm6, [rbx + {vecs} + 96]" "movaps xmm7, [rbx + {vecs} + 112]"
        "mov rdi, [rbx + {ints}]" "mov rsi, [rbx + {ints} + 8]" "mov rdx, [rbx + {ints} + 16]"
        "mov rcx, [rbx + {ints} + 24]" "mov r8, [rbx + {ints} + 32]" "mov r9, [rbx + {ints} + 40]"
    ]
    store [
        "fstp tbyte ptr [rbx + {x87_rets}]"
        "fstp tbyte ptr [rbx + {x87_rets} + 16]"
    ]
);
thunk!(
    /// Microsoft x64: four positions, each an integer and a vector register.
    invoke_win64: load [
        "movsd xmm0, [rbx + {vecs} + 0]" "movsd xmm1, [rbx + {vecs} + 16]"
        "movsd xmm2, [rbx + {vecs} + 32]" "movsd xmm3, [rbx + {vecs} + 48]"
        "mov rdx, [rbx + {ints} + 16]" "mov rcx, [rbx + {ints} + 24]"
        "mov r8, [rbx + {ints} + 32]" "mov r9, [rbx + {ints} + 40]"
    ]
    store [
        "mov [rbx + {int_rets}], rax" "movups [rbx + {vec_rets}], xmm0"
    ]
);
