//! Platforms tested beside this machine: while one side waits for a linker, an emulator or cargo's lock, the other works.
//!
//! Each runs in a process of its own, whose words are kept in a file and printed when everything is over, so that they
//! do not mix.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use clap::ValueEnum;

use super::{Platform, folder, prepare};
use crate::run::Tally;

/// All platforms, of which one is always at work.
pub(crate) struct Others {
    waiting: Waiting,
    beside: JoinHandle<Result<Vec<Report>>>,
}

/// How the tests of a platform ended.
struct Report {
    platform: Platform,
    log: PathBuf,
    status: ExitStatus,
}

/// Platforms that nobody has begun with; the last comes first.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<Vec<Platform>>>);

impl Waiting {
    fn set(&self, platforms: &[Platform]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = platforms.to_vec();
    }

    fn next(&self) -> Option<Platform> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Runs what is waiting until nothing is.
    fn work(&self) -> Result<Vec<Report>> {
        std::iter::from_fn(|| self.next()).map(run_apart).collect()
    }
}

impl Others {
    /// Begins beside the caller, with what needs to be installed for any of them.
    pub(crate) fn begin() -> Others {
        let waiting = Waiting::default();
        let theirs = waiting.clone();
        let beside = thread::spawn(move || {
            let all = Platform::value_variants();
            all.iter().try_for_each(|platform| prepare(*platform))?;
            // Those that are emulated stand last and take longest: one that began late would end alone.
            theirs.set(all);
            theirs.work()
        });
        Others { waiting, beside }
    }

    /// Takes part in what is left, prints what all have printed; the number of tests. Fails when all have ended, and
    /// names every platform that failed, with its tests that did.
    pub(crate) fn finish(self) -> Result<Tally> {
        let mut reports = self.waiting.work()?;
        reports.extend(joined(self.beside)?);
        let mut tally = Tally::default();
        let mut failed = Vec::new();
        for report in &reports {
            let printed = report.print()?;
            tally += Tally::of(&printed);
            if !report.status.success() {
                failed.push(format!("{}: {}", report.platform.name(), failures(&printed)));
            }
        }
        ensure!(reports.len() == Platform::value_variants().len(), "a platform is missing among the reports");
        ensure!(failed.is_empty(), "failed, see above, on\n{}", failed.join("\n"));
        Ok(tally)
    }

    /// Begins with no other one, and waits until the one that runs has ended: it must not outlive this program.
    pub(crate) fn give_up(self) {
        self.waiting.set(&[]);
        let _ = joined(self.beside);
    }
}

fn joined(beside: JoinHandle<Result<Vec<Report>>>) -> Result<Vec<Report>> {
    beside.join().map_err(|_| anyhow!("what tests the platforms has panicked"))?
}

/// `cargo xtask platform … --quick` by this very program, which cargo may replace meanwhile.
fn run_apart(platform: Platform) -> Result<Report> {
    let log = folder("logs")?.join(format!("{platform:?}.txt"));
    let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let name = platform.to_possible_value().context("every platform has a name")?.get_name().to_owned();
    // The lines that say so go another way than those of the tests, whose output is locked for a whole step.
    eprintln!("-- beside this: {}, into {}", platform.name(), log.display());
    let start = Instant::now();
    let mut command = Command::new("/proc/self/exe");
    command
        .args(["platform", "--quick", &name])
        .stdin(Stdio::null())
        .stderr(output.try_clone()?)
        .stdout(output);
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    let ended = if status.success() { "passed" } else { "FAILED" };
    eprintln!("-- beside this: {} {ended}, {:.0} s", platform.name(), start.elapsed().as_secs_f64());
    Ok(Report { platform, log, status })
}

impl Report {
    /// Prints all of it; what it is.
    fn print(&self) -> Result<String> {
        let text = fs::read(&self.log).with_context(|| format!("cannot read {}", self.log.display()))?;
        println!("== {}", self.platform.name());
        std::io::stdout().lock().write_all(&text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// The tests that failed, by the test runner's lines; if there are none, how the job ended.
fn failures(text: &str) -> String {
    let failed = |line: &str| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.to_owned());
    let tests: Vec<String> = text.lines().filter_map(failed).collect();
    if tests.is_empty() {
        let error = text.lines().rfind(|line| line.starts_with("Error: "));
        return error.unwrap_or("ended without a word").to_owned();
    }
    tests.join(", ")
}

#[cfg(test)]
mod tests {
    use super::failures;

    #[test]
    fn what_failed_is_found_in_the_output() {
        let tests = "test a::b ... ok\ntest a::c ... FAILED\ntest src/x.rs - y (line 3) - compile fail ... FAILED\n\
                     test result: FAILED. 1 passed; 2 failed; 0 ignored\nError: cargo ended\n";
        assert_eq!(failures(tests), "a::c, src/x.rs - y (line 3) - compile fail");
        assert_eq!(failures("test a ... ok\nError: no Wine\n\nStack\n"), "Error: no Wine");
        assert_eq!(failures(""), "ended without a word");
    }
}
