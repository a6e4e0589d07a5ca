//! Systems whose programs are not linked here: they are compiled as far as their types.

use anyhow::Result;

use super::add_target;
use crate::run::{cargo, step};

/// Checks the library and the examples that name macOS's own libraries, for both of its architectures.
pub(crate) fn check() -> Result<()> {
    for target in ["x86_64-apple-darwin", "aarch64-apple-darwin"] {
        add_target(target)?;
        let mut check = cargo(&["check", "--locked", "-p", "pinvoke", "--lib", "--target", target]);
        for example in ["getpid", "ftw", "sort_and_search", "signals", "threads"] {
            check.args(["--example", example]);
        }
        step(&format!("types on {target}"), &mut check)?;
    }
    Ok(())
}
