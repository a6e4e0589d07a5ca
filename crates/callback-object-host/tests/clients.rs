//! The shared library as others use it: Python's ctypes, C with the README's program, a program that finds it
//! with pkg-config.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{passes, run};

#[test]
fn python() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/client.py");
    let output = run(Command::new("python3").arg(client).arg(support::library()));
    assert!(output.status.success(), "{}", support::stderr(&output));
    assert_eq!(output.stdout, b"ok\n");
}
