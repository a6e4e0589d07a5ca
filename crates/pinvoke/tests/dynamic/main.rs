//! Calls with values: every marshalled family in both directions, against C code compiled here, the C
//! library and zlib. Expected values come from the C code, its documentation or the compiler.
#![allow(unsafe_code, reason = "calls native functions")]

mod harness;
mod system;
