//! What is done with Linux on another machine: the lints, every test of the workspace, the examples.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::output;
use crate::examples::Examples;
use crate::run::{Tally, built, cargo, step, test_step};

/// Linux on another machine.
pub(super) struct Foreign<'a> {
    /// As it is called in what is printed.
    pub(super) name: &'a str,
    /// For cargo.
    pub(super) target: &'a str,
    /// Sets the compilers and their environment.
    pub(super) with: &'a dyn Fn(&mut Command),
    /// What starts a program, where the kernel cannot.
    pub(super) runner: Option<&'a Path>,
    /// Tests of which much is compiled for this machine only.
    pub(super) own_tests: &'a [&'a str],
    /// Tests that are left out, by a part of their names, and why.
    pub(super) left_out: &'a [(&'a str, &'a [&'a str])],
    /// Examples that are left out, and why.
    pub(super) examples_left_out: &'a [(&'a str, &'a [&'a str])],
}

/// Tests that say the same wherever they run, and take long: of `layout_oracle`, and of what rustc refuses.
pub(super) const OF_OTHERS: &[&str] = &[
    "clang_x86",
    "clang_aarch64",
    "clang_riscv64",
    "gcc_x86",
    "gcc_ms",
    "gcc_aarch64",
    "gcc_riscv64",
    "mingw_x86",
    "what_cannot_be_native_is_refused",
];

/// Packages of developers, which run on the machine that builds.
const OF_DEVELOPERS: [&str; 2] = ["xtask", "pinvoke-bench"];

impl Foreign<'_> {
    /// The lints, the tests and the examples; the number of tests.
    pub(super) fn run(&self) -> Result<Tally> {
        let tally = self.lint_and_test()?;
        let mut build = self.cargo("build", &["--quiet", "--examples", "--bins"]);
        step(&format!("examples for {}", self.name), &mut build)?;
        let examples = Examples {
            target: Some(self.target),
            runner: self.runner,
            with: self.with,
            left_out: self.examples_left_out,
        };
        examples.run_all()?;
        Ok(tally)
    }

    /// The lints of what is not the same for every target, and the tests; the number of tests.
    fn lint_and_test(&self) -> Result<Tally> {
        // What is the same for every target is looked at once, on the machine that builds.
        let mut lints = self.cargo("clippy", &["--lib", "--bins"]);
        lints.args(self.own_tests.iter().map(|test| format!("--test={test}")));
        step(&format!("lints on {}", self.name), lints.args(["--", "-D", "warnings"]))?;
        let mut tally = Tally::default();
        let mut tests = self.cargo("test", &["--no-fail-fast"]);
        // The compilers are the oracles; a test that finds none must not pass.
        tests.env("PINVOKE_REQUIRE_COMPILERS", "1");
        self.say_what_is_left_out();
        self.skip(&mut tests);
        test_step(&format!("tests on {}", self.name), &mut tests, &mut tally)?;
        Ok(tally)
    }

    fn say_what_is_left_out(&self) {
        for (reason, names) in self.left_out {
            println!("left out on {}, since {reason}: {}", self.name, names.join(", "));
        }
    }

    /// Has a run of tests leave out what is left out here.
    fn skip(&self, tests: &mut Command) {
        tests.arg("--");
        let names = self.left_out.iter().flat_map(|(_, names)| *names);
        tests.args(names.flat_map(|name| ["--skip", name]));
    }

    /// Builds the examples of a package, for tests of it that load them: cargo does so only beside all tests.
    pub(super) fn build_examples_of(&self, package: &str) -> Result<()> {
        let mut build = cargo(&["build", "--locked", "--target", self.target, "--examples", "-p", package]);
        (self.with)(&mut build);
        step(&format!("examples of {package} for {}", self.name), &mut build)
    }

    /// Tests of some packages, by name, but for those that are left out; their number.
    pub(super) fn run_some(&self, of: &[(&str, &[&str])]) -> Result<Tally> {
        let mut tally = Tally::default();
        self.say_what_is_left_out();
        for (package, names) in of {
            println!("on {}, of the tests of {package} these alone: {}", self.name, names.join(", "));
            let mut tests = cargo(&["test", "--locked", "--target", self.target, "--no-fail-fast"]);
            tests.args(["-p", package]).args(names.iter().flat_map(|name| ["--test", name]));
            (self.with)(&mut tests);
            tests.env("PINVOKE_REQUIRE_COMPILERS", "1");
            self.skip(&mut tests);
            test_step(&format!("tests of {package} on {}", self.name), &mut tests, &mut tally)?;
        }
        Ok(tally)
    }

    /// Runs command lines of `pinvoke`, and looks at what they print.
    pub(super) fn commands(&self, lines: &[(&[&str], &str)]) -> Result<()> {
        println!("== the command on {}", self.name);
        for (arguments, expected) in lines {
            let program = built(self.target).join("pinvoke");
            let mut run = match self.runner {
                Some(runner) => Command::new(runner),
                None => Command::new(&program),
            };
            if self.runner.is_some() {
                run.arg(&program);
            }
            run.args(*arguments);
            (self.with)(&mut run);
            let printed = output(&arguments.join(" "), &mut run)?;
            println!("-- pinvoke {}\n{printed}", arguments.join(" "));
            ensure!(printed.contains(expected), "{arguments:?} does not print {expected:?}");
        }
        Ok(())
    }

    fn cargo(&self, subcommand: &str, arguments: &[&str]) -> Command {
        let mut command = cargo(&[subcommand, "--workspace", "--locked", "--target", self.target]);
        command.args(OF_DEVELOPERS.iter().flat_map(|package| ["--exclude", package])).args(arguments);
        (self.with)(&mut command);
        command
    }
}
