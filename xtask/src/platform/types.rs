//! Systems whose programs are not linked here: they are compiled as far as their types.

use anyhow::Result;

use super::add_target;
use crate::run::{cargo, step};

/// What is for development on Linux only.
const NOT_FOR_WINDOWS: [&str; 4] = ["pinvoke-conformance", "pinvoke-sandbox", "pinvoke-bench", "xtask"];

const MACOS: [&str; 2] = ["x86_64-apple-darwin", "aarch64-apple-darwin"];

const MICROSOFT: [&str; 2] = ["x86_64-pc-windows-msvc", "i686-pc-windows-msvc"];

/// Has the standard libraries installed.
pub(crate) fn prepare() -> Result<()> {
    MACOS.iter().chain(&MICROSOFT).try_for_each(|target| add_target(target))
}

/// Checks the library and the examples that name macOS's own libraries, for both of its architectures; and all
/// libraries and programs for Microsoft's toolchain, in both widths.
pub(crate) fn check() -> Result<()> {
    for target in MACOS {
        let mut check = cargo(&["check", "--locked", "-p", "pinvoke", "--lib", "--target", target]);
        for example in ["getpid", "ftw", "sort_and_search", "signals", "threads"] {
            check.args(["--example", example]);
        }
        step(&format!("types on {target}"), &mut check)?;
    }
    for target in MICROSOFT {
        let mut check = cargo(&["check", "--locked", "--workspace", "--target", target]);
        check.args(NOT_FOR_WINDOWS.iter().flat_map(|package| ["--exclude", package]));
        step(&format!("types on {target}"), &mut check)?;
    }
    Ok(())
}
