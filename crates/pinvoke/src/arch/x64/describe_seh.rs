//! What fixed code says about its frame to the unwinder of Windows, which wants to know what each instruction of the
//! way in does, and finds the way out by itself.
//!
//! `describe!` stands behind the instruction that it is about. The operand `thunk` of the code is its own name.

/// A directive of the assembler.
macro_rules! describe {
    (begin) => {
        ".seh_proc {thunk}"
    };
    (pushed rbp) => {
        ".seh_pushreg rbp"
    };
    (pushed rbx) => {
        ".seh_pushreg rbx"
    };
    (pushed a word) => {
        ".seh_stackalloc 8"
    };
    (frame is rbp) => {
        ".seh_setframe rbp, 0; .seh_endprologue"
    };
    (frame is gone) => {
        ""
    };
    (taken $bytes:literal) => {
        concat!(".seh_stackalloc ", $bytes)
    };
    (given back $bytes:literal) => {
        ""
    };
    (remember) => {
        ""
    };
    (restore) => {
        ""
    };
    (saved $kind:literal $register:literal at $place:literal) => {
        concat!(".seh_save", $kind, " ", $register, ", ", $place)
    };
    (entered) => {
        ".seh_endprologue"
    };
    (end) => {
        ".seh_endproc"
    };
}

pub(crate) use describe;
