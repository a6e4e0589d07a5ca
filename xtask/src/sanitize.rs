//! The tests of the crates with `unsafe` code, under AddressSanitizer and ThreadSanitizer.
//!
//! Both need a nightly toolchain with the component `rust-src`: ThreadSanitizer reports false races where
//! the standard library is not instrumented as well, so it is built anew. C libraries of the tests are
//! not instrumented; what they do with memory of ours is seen by the allocator's red zones alone.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::run::{Tally, test_step};
use crate::system;

/// What is run.
const PACKAGES: &[&str] = &["pinvoke", "callback-object"];

/// Tests that say nothing under a sanitizer, and why.
const SKIPPED: &[(&str, &str)] = &[
    ("what_cannot_be_native_is_refused", "compares messages of the stable compiler"),
    ("the_first_256_callbacks", "forbids system calls, which a sanitizer's allocator makes"),
    ("notifying_allocates_nothing", "counts what a sanitizer's allocator does not pass on"),
    ("a_library_has_thunks_of_its_own", "builds a library with the flags of the test, which does not link"),
];

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sanitizer {
    /// Memory used after it was freed, out of bounds, or never freed.
    Address,
    /// Data races.
    Thread,
}

/// Child processes of the tests crash on purpose and say how: the sanitizer must not.
const CRASHES: &str = "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:allocator_may_return_null=1";

/// Runs the tests under these sanitizers.
pub(crate) fn run(sanitizers: &[Sanitizer]) -> Result<()> {
    system::install_missing()?;
    check_toolchain()?;
    let mut tally = Tally::default();
    for sanitizer in sanitizers {
        let (name, flags) = match sanitizer {
            // Call stacks of leaks are found by frame pointers.
            Sanitizer::Address => ("address", "-Zsanitizer=address -Cforce-frame-pointers=yes"),
            Sanitizer::Thread => ("thread", "-Zsanitizer=thread"),
        };
        let mut tests = Command::new("rustup");
        tests.args(["run", "nightly", "cargo", "test", "--locked", "--no-fail-fast", "--lib", "--tests"]);
        tests.args(["--target", TARGET, "--target-dir", &format!("target/sanitize-{name}")]);
        tests.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
        if *sanitizer == Sanitizer::Thread {
            tests.arg("-Zbuild-std");
        }
        tests.arg("--").args(SKIPPED.iter().flat_map(|(test, _)| ["--skip", test]));
        tests.stdin(Stdio::null());
        tests.env("RUSTFLAGS", flags).env("RUST_BACKTRACE", "0");
        tests.env("ASAN_OPTIONS", format!("{CRASHES}:detect_leaks=1:detect_stack_use_after_return=1"));
        // A forked child has one thread, which ThreadSanitizer does not like to be told.
        tests.env("TSAN_OPTIONS", format!("{CRASHES}:die_after_fork=0"));
        tests.env("LSAN_OPTIONS", format!("suppressions={}", root("xtask/leaks.txt")));
        test_step(&format!("{name} sanitizer"), &mut tests, &mut tally)?;
    }
    tally.print();
    Ok(())
}

fn root(path: &str) -> String {
    format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))
}

fn check_toolchain() -> Result<()> {
    let components = Command::new("rustup")
        .args(["component", "list", "--installed", "--toolchain", "nightly"])
        .stdin(Stdio::null())
        .output();
    match components {
        Ok(output) if String::from_utf8_lossy(&output.stdout).lines().any(|line| line == "rust-src") => {
            Ok(())
        }
        _ => bail!(
            "sanitizers need a nightly toolchain: `rustup toolchain install nightly --component rust-src`"
        ),
    }
}
