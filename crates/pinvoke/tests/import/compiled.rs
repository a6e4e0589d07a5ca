//! C libraries of these tests: compiled by the test that needs one, into the directory where its
//! declarations search.

use std::path::Path;
use std::process::Command;

/// Where declarations search: `search = [env!("CARGO_TARGET_TMPDIR")]`.
const DIRECTORY: &str = env!("CARGO_TARGET_TMPDIR");

/// Compiles `tests/import/<name>.c` to `lib<name>.so`. Call it once per process.
pub(crate) fn compile(name: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/import/{name}.c"));
    let unfinished = Path::new(DIRECTORY).join(format!("lib{name}.{}.so", std::process::id()));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(&compiler)
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&unfinished)
        .arg(source)
        .status()
        .unwrap_or_else(|e| panic!("the C compiler '{compiler}' does not run: {e}"));
    assert!(status.success(), "the C compiler failed");
    // Complete at once, for other test processes may load it now.
    std::fs::rename(&unfinished, Path::new(DIRECTORY).join(format!("lib{name}.so"))).unwrap();
}
