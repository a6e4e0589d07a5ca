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

/// Tests of the host of callback objects that need no program but themselves, which is instrumented; what they load,
/// the shared library too, finds the sanitizer in it.
const HOST: &[&str] = &["--package", "callback-object-host", "--lib", "--test", "drivers"];

/// Those of them that start a program in C, or load a driver in Rust, which are not.
const HOST_SKIPPED: &[&str] = &[
    "a_library_with_objects_of_its_own_does_not_change_sides",
    "a_driver_in_rust_contains_its_panics",
    "a_second_implementation_is_refused",
    "rule_30_a_panic_in_a_driver_in_rust_ends_the_process",
    "rule_31_an_exception_stops_at_the_border",
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
        if *sanitizer == Sanitizer::Address {
            test_step("address sanitizer, drivers", &mut drivers(flags), &mut tally)?;
        }
    }
    tally.print();
    Ok(())
}

/// Drivers, loaded and unloaded by an instrumented host.
fn drivers(flags: &str) -> Command {
    let mut tests = Command::new("rustup");
    tests.args(["run", "nightly", "cargo", "test", "--locked", "--no-fail-fast"]).args(HOST);
    tests.args(["--target", TARGET, "--target-dir", "target/sanitize-drivers", "--"]);
    tests.args(HOST_SKIPPED.iter().flat_map(|test| ["--skip", test]));
    tests.stdin(Stdio::null());
    tests.env("RUSTFLAGS", format!("{flags} -Clink-arg=-rdynamic")).env("RUST_BACKTRACE", "0");
    tests.env("ASAN_OPTIONS", format!("{CRASHES}:detect_stack_use_after_return=1"));
    tests.env("LSAN_OPTIONS", format!("suppressions={}", root("xtask/leaks.txt")));
    tests
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
