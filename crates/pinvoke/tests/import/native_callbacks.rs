//! The library of `callbacks.c`, and children of this program that are expected to end badly.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// Compiles the library, once in a process; the imports look for it there.
pub(crate) fn library() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        // A child loads what its parent has built.
        if is_child() {
            return;
        }
        let own = Path::new(TMP).join(format!("callbacks-{}.so", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/callbacks.c");
        let status = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-pthread", "-o"])
            .arg(&own)
            .arg(source)
            .status();
        assert!(status.unwrap().success());
        // Whole at once, for a run of the tests beside this one.
        std::fs::rename(own, Path::new(TMP).join("libpinvoke_callbacks.so")).unwrap();
    });
}

const CHILD: &str = "PINVOKE_TEST_CHILD";

pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs one test of this program again, as a child.
fn child(test: &str) -> Output {
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
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{error}");
    for word in words {
        assert!(error.contains(word), "no {word:?} in: {error}");
    }
}
