//! Random signatures against the C compilers: for this machine, and for another whose programs an emulator runs.
//!
//! Choosing, generating and compiling is done here; a program that is built for the other machine only makes the calls.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::run::{built, cargo, step};
use crate::system;

/// How many signatures of which seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) count: u64,
    pub(crate) seed: u64,
}

/// A machine whose programs run here.
#[derive(Debug)]
pub(crate) struct Machine<'a> {
    /// As Rust calls it.
    pub(crate) target: &'a str,
    /// What links its programs.
    pub(crate) linker: &'a str,
    /// What runs its programs, if they do not run by themselves.
    pub(crate) runner: Option<&'a Path>,
}

/// The full comparison on this machine.
pub(crate) fn here(sample: Sample) -> Result<()> {
    system::install_missing()?;
    let mut run = cargo(&["run", "--release", "--locked", "-p", "pinvoke-conformance", "--"]);
    step("conformance", with_sample(&mut run, sample))
}

/// A comparison on another machine.
pub(crate) fn compare(machine: &Machine<'_>, sample: Sample) -> Result<()> {
    let name = format!("CARGO_TARGET_{}_LINKER", machine.target.to_uppercase().replace('-', "_"));
    let mut build =
        cargo(&["build", "--quiet", "--locked", "-p", "pinvoke-conformance", "--target", machine.target]);
    // Symbols would take most of the time that linking takes.
    build.env(name, machine.linker).env("CARGO_PROFILE_DEV_DEBUG", "0");
    step(&format!("building what calls on {}", machine.target), &mut build)?;
    compare_built(machine, sample)
}

/// The same with a program for the other machine that is there already.
pub(crate) fn compare_built(machine: &Machine<'_>, sample: Sample) -> Result<()> {
    let mut run = cargo(&["run", "--quiet", "--locked", "-p", "pinvoke-conformance", "--"]);
    run.args(["--target", machine.target]).arg("--child").arg(program(machine.target));
    if let Some(runner) = machine.runner {
        run.arg("--runner").arg(runner);
    }
    step(&format!("random signatures on {}", machine.target), with_sample(&mut run, sample))
}

fn with_sample(command: &mut Command, sample: Sample) -> &mut Command {
    command.args(["--count", &sample.count.to_string(), "--seed", &sample.seed.to_string()])
}

fn program(target: &str) -> PathBuf {
    let ending = if target.contains("windows") { "exe" } else { "" };
    built(target).join("conformance").with_extension(ending)
}
