//! What only Windows has: its loader and names, its last error, windows and what calls back about them.
//!
//! `cargo xtask platform windows` and `windows-x86` build what the tests need and run them under Wine.
#![cfg(windows)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "tests call functions whose arguments they show"
)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod libraries;
mod pool;
mod system;
mod text;
mod windows;
#[cfg(target_arch = "x86_64")]
mod x64;
#[cfg(target_arch = "x86_64")]
mod x64_frames;
#[cfg(target_arch = "x86")]
mod x86;
#[cfg(target_arch = "x86")]
mod x86_frames;

/// The folder of the libraries that are built for these tests.
fn fixtures() -> std::path::PathBuf {
    let folder = std::env::var_os("PINVOKE_WINDOWS_FIXTURES");
    folder.expect("PINVOKE_WINDOWS_FIXTURES is set by `cargo xtask platform`, which runs these tests").into()
}
