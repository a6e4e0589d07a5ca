//! Tests that end their process: this program again, with one test selected and a variable that tells it
//! to go through with it.

use std::process::{Command, ExitStatus, Output};

pub(crate) const CHILD: &str = "PINVOKE_TEST_CHILD";

pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs one test of this program again, as a child.
pub(crate) fn child(test: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap()
}

/// The child must be killed by abort and say all of this.
pub(crate) fn aborts_saying(test: &str, words: &[&str]) {
    let output = child(test);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(is_abort(output.status), "{}: {error}", output.status);
    for word in words {
        assert!(error.contains(word), "no {word:?} in: {error}");
    }
}

#[cfg(unix)]
fn is_abort(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(libc::SIGABRT)
}

/// `STATUS_STACK_BUFFER_OVERRUN`, the code of every fast failure; or 3, of the C library's `abort`.
#[cfg(windows)]
fn is_abort(status: ExitStatus) -> bool {
    matches!(status.code().map(i32::cast_unsigned), Some(0xC000_0409 | 3))
}
