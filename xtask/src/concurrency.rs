//! What the tests of one run cannot show about threads: every interleaving (loom), a stress test that is
//! known to notice what it looks for, and the sanitizers.
//!
//! The sanitizers need a nightly toolchain. ThreadSanitizer must see the standard library too, so that is
//! built along, from the component rust-src; AddressSanitizer works without.

use std::process::Command;

use anyhow::{Context, Result};

use crate::run::{Tally, cargo, step, test_step};

/// The target that the sanitizers are for; naming it keeps build scripts out of their flags.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Loom, the stress test with its negative control, and callback objects on a platform of the test's own.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    let mut loom = cargo(&["test", "--locked", "--release", "-p", "callback-object", "--test", "loom"]);
    // Apart from everything else, which these flags would make cargo build anew.
    loom.env("RUSTFLAGS", "--cfg loom").env("CARGO_TARGET_DIR", "target/loom");
    test_step("loom", &mut loom, tally)?;
    let stress = ["test", "--locked", "--release", "-p", "callback-object", "--test", "stress"];
    let mut stress = cargo(&[&stress[..], &["--features", "negative-control"]].concat());
    test_step("stress with its negative control", &mut stress, tally)?;
    let embedded =
        ["test", "--locked", "-p", "callback-object", "--no-default-features", "--test", "embedded"];
    test_step("without the standard library", &mut cargo(&embedded), tally)
}

/// A sanitizer, what it is asked to do, and the tests that it runs.
struct Sanitizer {
    name: &'static str,
    options: (&'static str, &'static str),
    build_std: bool,
    tests: &'static [&'static [&'static str]],
}

const SANITIZERS: &[Sanitizer] = &[
    Sanitizer {
        name: "address",
        options: ("ASAN_OPTIONS", "detect_stack_use_after_return=1"),
        build_std: false,
        tests: &[&["-p", "callback-object", "--tests"], &["-p", "pinvoke", "--lib"]],
    },
    Sanitizer {
        name: "thread",
        // A forked child has one thread, which ThreadSanitizer does not like to be told.
        options: ("TSAN_OPTIONS", "die_after_fork=0"),
        build_std: true,
        tests: &[&["-p", "callback-object", "--tests"]],
    },
];

/// The tests under the sanitizers.
pub(crate) fn sanitize() -> Result<()> {
    let installed = Command::new("rustup")
        .args(["component", "list", "--toolchain", "nightly", "--installed"])
        .output()
        .context("the sanitizers need rustup and a nightly toolchain")?;
    if !String::from_utf8_lossy(&installed.stdout).contains("rust-src") {
        let mut add = Command::new("rustup");
        step("rust-src", add.args(["toolchain", "install", "nightly", "-c", "rust-src"]))?;
    }
    let mut tally = Tally::default();
    for sanitizer in SANITIZERS {
        for tests in sanitizer.tests {
            let mut command = Command::new("cargo");
            command.args(["+nightly", "test", "--locked", "--target", TARGET]).args(*tests);
            if sanitizer.build_std {
                command.arg("-Zbuild-std");
            }
            command
                .env("RUSTFLAGS", format!("-Zsanitizer={}", sanitizer.name))
                .env("CARGO_TARGET_DIR", format!("target/{}", sanitizer.name))
                .env(sanitizer.options.0, sanitizer.options.1);
            // Set by the cargo that runs this.
            command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
            test_step(
                &format!("{} sanitizer: {}", sanitizer.name, tests.join(" ")),
                &mut command,
                &mut tally,
            )?;
        }
    }
    tally.print();
    Ok(())
}
