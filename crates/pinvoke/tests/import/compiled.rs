//! C libraries of these tests: compiled by the test that needs one, into the directory where its
//! declarations search. Where no compiler runs beside the tests, on Windows, `cargo xtask platform` has compiled them.

use std::path::Path;
#[cfg(not(windows))]
use std::process::Command;

/// Where declarations search: `search = [directory!()]`. Wine has the file system of the machine that builds as its drive
/// `Z:`, without which the path would be a relative one there.
pub(crate) const DIRECTORY: &str = match env!("CARGO_TARGET_TMPDIR").as_bytes() {
    [b'/', ..] if cfg!(windows) => concat!("Z:", env!("CARGO_TARGET_TMPDIR")),
    _ => env!("CARGO_TARGET_TMPDIR"),
};

/// Looks for what has been compiled of `tests/import/<name>.c`.
#[cfg(windows)]
pub(crate) fn compile(name: &str) {
    let file = Path::new(DIRECTORY).join(format!("{name}.dll"));
    assert!(file.exists(), "{} is missing: `cargo xtask platform` builds it", file.display());
}

/// Compiles `tests/import/<name>.c` to `lib<name>.so`. Call it once per process.
#[cfg(not(windows))]
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
