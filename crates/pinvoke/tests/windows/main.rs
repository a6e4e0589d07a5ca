//! What only Windows has: its loader and names, its last error, windows and what calls back about them.
//!
//! `cargo xtask platform windows` builds what the tests need and runs them under Wine.
#![cfg(windows)]
#![allow(clippy::undocumented_unsafe_blocks, reason = "tests call functions whose arguments they show")]

mod calls;
mod exceptions;
mod libraries;
mod system;
mod text;
mod windows;
