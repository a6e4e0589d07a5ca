//! Calls with values: every marshalled family in both directions, against C code compiled here, the C
//! library and zlib. Expected values come from the C code, its documentation or the compiler.
#![allow(unsafe_code, reason = "calls native functions")]
#![allow(clippy::unwrap_used, reason = "a failing helper fails its test")]

mod arrays;
mod callbacks;
mod families;
mod harness;
mod pinvokelib;
mod process;
mod refusals;
mod roundtrip;
mod scalars;
mod structures;
#[path = "../support/mod.rs"]
mod support;
/// The libraries of Unix; those of Windows are in `tests/windows`, and called by the command there.
#[cfg(not(windows))]
mod system;
mod text;
mod variables;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod vectors;
