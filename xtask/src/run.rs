//! The tasks themselves: each is a list of cargo commands.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::platform::beside::Others;
use crate::platform::{self, Extent, Platform};
use crate::{concurrency, examples, refused, system};

/// Counted from the test runner's own summary lines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    pub(crate) fn passed(self) -> u64 {
        self.passed
    }

    /// Of everything that was printed.
    pub(crate) fn of(text: &str) -> Tally {
        let mut tally = Tally::default();
        text.lines().for_each(|line| tally.add_line(line));
        tally
    }

    pub(crate) fn print(self) {
        println!("total: {self}");
    }

    /// Adds a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
    fn add_line(&mut self, line: &str) {
        let Some(rest) = line.trim_start().strip_prefix("test result:") else { return };
        for part in rest.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(what)) = (words.next(), words.next()) else { continue };
            let Ok(count) = count.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored)
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Tally) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.ignored += more.ignored;
    }
}

pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).stdin(Stdio::null());
    command
}

/// Where cargo puts what it builds for a target, seen from the workspace.
pub(crate) fn built(target: &str) -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Path::new(&folder).join(target).join("debug")
}

pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    println!("== {name}");
    let start = Instant::now();
    let status = command.status().with_context(|| format!("{name}: cannot start {command:?}"))?;
    if !status.success() {
        bail!("{name}: {command:?} ended with {status}");
    }
    println!("== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Like [`step`], passing the output on while counting the tests in it.
pub(crate) fn test_step(name: &str, command: &mut Command, tally: &mut Tally) -> Result<()> {
    println!("== {name}");
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name}: cannot start {command:?}"))?;
    let output = child.stdout.take().context("the output was piped")?;
    let mut stdout = std::io::stdout().lock();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        stdout.write_all(&line)?;
        stdout.write_all(b"\n")?;
        tally.add_line(&String::from_utf8_lossy(&line));
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{name}: {command:?} ended with {status}");
    }
    println!("== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Format and lints, then everything else here and, beside that, on the other platforms; closes with the number of
/// tests.
pub(crate) fn test() -> Result<()> {
    system::install_missing()?;
    platform::types::prepare()?;
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    step(
        "lints",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    )?;
    let others = Others::begin();
    let mut tally = match here() {
        Ok(tally) => tally,
        Err(error) => {
            others.give_up();
            return Err(error);
        }
    };
    tally += others.finish()?;
    tally.print();
    Ok(())
}

/// Tests, examples, docs, types on systems of others; the number of tests.
fn here() -> Result<Tally> {
    let mut tally = Tally::default();
    let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    // The compilers are the oracles; a test that finds none must not pass.
    test_step("tests", tests.env("PINVOKE_REQUIRE_COMPILERS", "1"), &mut tally)?;
    // The tests have built them.
    examples::run_all()?;
    refused::run(&mut tally)?;
    concurrency::run(&mut tally)?;
    // The command and the library have one name, and so have their pages: one after the other.
    for (name, packages) in [
        ("docs", ["--workspace", "--exclude", "pinvoke-cli"].as_slice()),
        ("docs of the command", &["--package", "pinvoke-cli"]),
    ] {
        let mut docs = cargo(&["doc", "--no-deps", "--locked", "--document-private-items"]);
        step(name, docs.args(packages).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    platform::types::check()?;
    Ok(tally)
}

/// The tests where no code can be generated.
pub(crate) fn refused() -> Result<()> {
    let mut tally = Tally::default();
    refused::run(&mut tally)?;
    tally.print();
    Ok(())
}

/// The tests on another platform; closes with their number.
pub(crate) fn platform(platform: Platform, extent: Extent) -> Result<()> {
    platform::run(platform, extent).map(|_| ())
}

/// Runs the snapshot tests in the mode that rewrites their expected files.
pub(crate) fn bless() -> Result<()> {
    step("bless", cargo(&["test", "--workspace", "--locked"]).env("PINVOKE_BLESS", "1"))
}

/// The benchmarks.
pub(crate) fn bench() -> Result<()> {
    system::install_missing()?;
    step("bench", &mut cargo(&["bench", "--locked", "-p", "pinvoke-bench"]))
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn counts_what_the_runner_prints() {
        let mut tally = Tally::of(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n\
             test foo ... ok\n",
        );
        assert_eq!((tally.passed, tally.failed, tally.ignored), (15, 2, 1));
        tally += tally;
        assert_eq!(tally.to_string(), "30 passed, 4 failed, 2 skipped");
    }
}
