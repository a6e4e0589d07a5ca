//! What fixed code says about its frame to unwinders: call frame information in DWARF's terms.
//!
//! `describe!` stands behind the instruction that it is about. Windows has its own terms for the same frames; so that
//! both can be said, code pushes `rbp` first, `rbx` and a word next, and only then makes `rbp` the frame.

/// A directive of the assembler.
macro_rules! describe {
    (begin) => {
        ".cfi_startproc"
    };
    (pushed rbp) => {
        ".cfi_def_cfa_offset 16; .cfi_offset rbp, -16"
    };
    (pushed rbx) => {
        ".cfi_def_cfa_offset 24; .cfi_offset rbx, -24"
    };
    (pushed a word) => {
        ".cfi_def_cfa_offset 32"
    };
    (frame is rbp) => {
        ".cfi_def_cfa_register rbp"
    };
    (frame is gone) => {
        ".cfi_def_cfa rsp, 8"
    };
    (taken $bytes:literal) => {
        concat!(".cfi_adjust_cfa_offset ", $bytes)
    };
    (given back $bytes:literal) => {
        concat!(".cfi_adjust_cfa_offset -", $bytes)
    };
    // Where a way out stands amid the code: what holds before it holds again behind it.
    (remember) => {
        ".cfi_remember_state"
    };
    (restore) => {
        ".cfi_restore_state"
    };
    // Registers that System V does not preserve are nobody's concern here.
    (saved $kind:literal $register:literal at $place:literal) => {
        ""
    };
    (entered) => {
        ""
    };
    (end) => {
        ".cfi_endproc"
    };
}

pub(crate) use describe;
