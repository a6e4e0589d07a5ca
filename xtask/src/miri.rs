//! The rules of callback objects under Miri, which knows what memory a pointer may be used for: those that say
//! how lists of registrations are made, read and freed. The others start processes, run for minutes there, or are
//! about threads, for which there are loom and the sanitizers.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::run::{Tally, test_step};

/// The rules.
const RULES: &[&str] = &["rule_02", "rule_05", "rule_06", "rule_07", "rule_10_a", "rule_26", "rule_29_a"];

/// Runs them; needs a nightly toolchain with the component `miri`.
pub(crate) fn run() -> Result<()> {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("rustup");
        command.args(["run", "nightly", "cargo", "miri"]).args(arguments).stdin(Stdio::null());
        command
    };
    let installed = cargo(&["--version"]).output().is_ok_and(|output| output.status.success());
    if !installed {
        bail!("Miri is not installed: rustup toolchain add nightly --component miri,rust-src");
    }
    let mut tally = Tally::default();
    let tests = ["test", "--locked", "-p", "callback-object", "--lib", "--test", "rules"];
    let mut tests = cargo(&[&tests[..], &["--target-dir", "target/miri", "--"], RULES].concat());
    // Threads of tests look at the clock.
    tests.env("MIRIFLAGS", "-Zmiri-disable-isolation");
    test_step("Miri", &mut tests, &mut tally)?;
    tally.print();
    Ok(())
}
