//! What the tests of this crate share: the shared library, compilers, and programs that are run.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part; a test fails by panicking"
)]

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

use system::is_abort;
pub(crate) use system::*;

/// Longer than any program of these tests takes, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(60);

/// What a C or C++ file is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Program,
    Driver,
}

/// Longer than cargo takes to build a small program, on a busy machine too.
const BUILD_LIMIT: Duration = Duration::from_secs(600);

/// Runs a program to its end, which has to come.
pub(crate) fn run(command: &mut Command) -> Output {
    run_within(LIMIT, command)
}

/// Has cargo run a program of this workspace, which it may have to build.
pub(crate) fn run_built(command: &mut Command) -> Output {
    run_within(BUILD_LIMIT, command)
}

fn run_within(limit: Duration, command: &mut Command) -> Output {
    // Files, for a pipe that nobody reads meanwhile would stop a program that has much to say.
    let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let start = Instant::now();
    let ended = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if start.elapsed() > limit => break None,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let status = ended.unwrap_or_else(|| {
        child.kill().unwrap();
        child.wait().unwrap()
    });
    let output = Output { status, stdout: written(&mut stdout), stderr: written(&mut stderr) };
    assert!(ended.is_some(), "{command:?} did not end: {}", self::stderr(&output));
    output
}

/// What a program has written to a file.
fn written(file: &mut std::fs::File) -> Vec<u8> {
    use std::io::{Read, Seek};
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a program that checks itself; its standard error.
pub(crate) fn passes(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, stderr(&output));
    stderr(&output)
}

/// Runs a program that is to be aborted; its standard error.
pub(crate) fn aborts(command: &mut Command) -> String {
    let output = run(command);
    assert!(is_abort(output.status), "{command:?}: {}\n{}", output.status, stderr(&output));
    stderr(&output)
}
