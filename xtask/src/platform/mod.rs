//! Platforms other than this machine: their tests, built here and run by an emulator, or natively where this machine
//! can.

mod aarch64;
pub(crate) mod beside;
mod emulated;
mod foreign;
mod i686;
mod packages;
mod riscv64;
pub(crate) mod types;
mod windows;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::conformance::Sample;
use crate::run::Tally;

/// A platform whose tests this machine can run.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Platform {
    /// Windows on x86-64, under Wine.
    #[value(alias = "x86_64-pc-windows-gnu")]
    Windows,
    /// Windows on 32-bit x86, under Wine.
    #[value(alias = "i686-pc-windows-gnu")]
    WindowsX86,
    /// Linux on 32-bit x86, natively.
    #[value(alias = "i686-unknown-linux-gnu")]
    I686,
    /// Linux on AArch64, under qemu-user.
    #[value(alias = "aarch64-unknown-linux-gnu")]
    Aarch64,
    /// Linux on 64-bit RISC-V, under qemu-user.
    #[value(alias = "riscv64gc-unknown-linux-gnu")]
    Riscv64,
}

/// How much of a platform's tests is run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent {
    /// All of them.
    Whole,
    /// What every run of the tests has time for.
    EveryRun,
}

impl Platform {
    /// As it is called in what is printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Platform::Windows => "Windows x86-64 (Wine)",
            Platform::WindowsX86 => "Windows x86 (Wine)",
            Platform::I686 => "Linux i686",
            Platform::Aarch64 => "Linux AArch64 (qemu-user)",
            Platform::Riscv64 => "Linux RISC-V (qemu-user)",
        }
    }
}

/// Installs what the platform needs, runs its tests and prints their number. A platform that cannot be set up is an
/// error, and so is one of which no test ran.
pub(crate) fn run(platform: Platform, extent: Extent) -> Result<Tally> {
    let start = Instant::now();
    let name = platform.name();
    let tally = match platform {
        Platform::Windows => windows::run_64(),
        Platform::WindowsX86 => windows::run_32(),
        Platform::I686 => i686::run(),
        Platform::Aarch64 => aarch64::run(),
        Platform::Riscv64 => riscv64::run(extent),
    };
    let tally = tally.with_context(|| format!("the platform {name}"))?;
    if tally.passed() == 0 {
        bail!("the platform {name}: no test ran");
    }
    println!("{name}: {tally}, {:.0} s", start.elapsed().as_secs_f64());
    Ok(tally)
}

/// Installs what the platform needs. One after the other, for neither apt-get nor rustup likes company.
pub(crate) fn prepare(platform: Platform) -> Result<()> {
    match platform {
        Platform::Windows => windows::prepare_64(),
        Platform::WindowsX86 => windows::prepare_32(),
        Platform::I686 => i686::prepare(),
        Platform::Aarch64 => aarch64::prepare(),
        Platform::Riscv64 => riscv64::prepare(),
    }
    .with_context(|| format!("the platform {}", platform.name()))
}

/// Compares random signatures on the platform with its compilers; installs what that needs.
pub(crate) fn conformance(platform: Platform, sample: Sample) -> Result<()> {
    match platform {
        Platform::Windows => windows::conformance_64(sample),
        Platform::WindowsX86 => windows::conformance_32(sample),
        Platform::I686 => i686::conformance(sample),
        Platform::Aarch64 => aarch64::conformance(sample),
        Platform::Riscv64 => riscv64::conformance(sample),
    }
}

/// A folder of these tasks' own below the target folder.
fn folder(name: &str) -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let folder = std::path::absolute(Path::new(&target).join("platform").join(name))?;
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Runs a command without input; what it printed, or why it failed.
fn output(what: &str, command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{what}: cannot start {command:?}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("{what}: {command:?} ended with {}\n{stdout}{stderr}", output.status);
    }
    Ok(stdout.into_owned())
}

/// Writes a program for the shell.
fn script(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n"))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Has the standard library of a target installed.
fn add_target(target: &str) -> Result<()> {
    output("installing the standard library", Command::new("rustup").args(["target", "add", target]))
        .map(|_| ())
}
