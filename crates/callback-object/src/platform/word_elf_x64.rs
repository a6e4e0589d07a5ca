//! The word of a thread, on x86-64 with ELF and the C library of GNU: two loads.
//!
//! A thread-local variable of Rust is found by a call of `__tls_get_addr` when it is that of a shared library, and a
//! notification through the C interface would spend a quarter of its time on that. This variable says that it wants
//! a place at a fixed distance from the thread pointer (the *initial-exec* model of the ABI, System V psABI for
//! x86-64, and Drepper, "ELF Handling For Thread-Local Storage", 4.1.6). A library that is loaded later gets one of
//! the places that glibc keeps for that: eight bytes of more than a thousand.
//!
//! # Safety
//! The variable is eight bytes, aligned, zero at first, and each thread has its own. Only the functions below use it.
#![allow(unsafe_code, reason = "a thread-local variable in assembly language")]

use core::arch::{asm, global_asm};

use super::stand_in::no_word;

/// The name of the variable, which is hidden in the image; two versions of this crate may be in one.
macro_rules! name {
    () => {
        concat!(
            "callback_object_thread_word_",
            env!("CARGO_PKG_VERSION_MAJOR"),
            "_",
            env!("CARGO_PKG_VERSION_MINOR"),
            "_",
            env!("CARGO_PKG_VERSION_PATCH")
        )
    };
}

global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    concat!(".globl ", name!()),
    concat!(".hidden ", name!()),
    concat!(".type ", name!(), ",@object"),
    concat!(".size ", name!(), ",8"),
    ".p2align 3",
    concat!(name!(), ":"),
    ".zero 8",
    ".popsection",
);

#[inline(always)]
pub(crate) fn thread_word() -> *const () {
    let word: *const ();
    // SAFETY: reads the variable.
    unsafe {
        asm!(
            concat!("mov {word}, qword ptr [rip + ", name!(), "@GOTTPOFF]"),
            "mov {word}, qword ptr fs:[{word}]",
            word = out(reg) word,
            options(nostack, preserves_flags, readonly, pure)
        );
    }
    if word.is_null() { no_word() } else { word }
}

pub(crate) fn set_thread_word(word: *const ()) {
    // SAFETY: writes the variable.
    unsafe {
        asm!(
            concat!("mov {place}, qword ptr [rip + ", name!(), "@GOTTPOFF]"),
            "mov qword ptr fs:[{place}], {word}",
            place = out(reg) _,
            word = in(reg) word,
            options(nostack, preserves_flags)
        );
    }
}
