//! Random signatures against the C compilers: for this machine, and for another whose programs an emulator runs.
//!
//! Choosing, generating and compiling is done here; a program that is built for the other machine only makes the calls.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::run::{cargo, step};
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
    let Machine { target, linker, runner } = machine;
    let name = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
    let mut build = cargo(&["build", "--quiet", "--locked", "-p", "pinvoke-conformance", "--target", target]);
    // Symbols would take most of the time that linking takes.
    build.env(name, linker).env("CARGO_PROFILE_DEV_DEBUG", "0");
    step(&format!("building what calls on {target}"), &mut build)?;
    let mut run = cargo(&["run", "--quiet", "--locked", "-p", "pinvoke-conformance", "--"]);
    run.args(["--target", target]).arg("--child").arg(program(target));
    if let Some(runner) = runner {
        run.arg("--runner").arg(runner);
    }
    step(&format!("random signatures on {target}"), with_sample(&mut run, sample))
}

fn with_sample(command: &mut Command, sample: Sample) -> &mut Command {
    command.args(["--count", &sample.count.to_string(), "--seed", &sample.seed.to_string()])
}

fn program(target: &str) -> PathBuf {
    let built = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let ending = if target.contains("windows") { "exe" } else { "" };
    Path::new(&built).join(target).join("debug/conformance").with_extension(ending)
}
