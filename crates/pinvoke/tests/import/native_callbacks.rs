//! The library of `callbacks.c`.

#[cfg(not(windows))]
use std::path::Path;
#[cfg(not(windows))]
use std::process::Command;
#[cfg(not(windows))]
use std::sync::OnceLock;

#[path = "../support/child.rs"]
#[allow(dead_code, reason = "this test uses a part")]
mod child;

pub(crate) use child::{aborts_saying, is_child};

#[cfg(not(windows))]
const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// It has been compiled under the name that the imports look for.
#[cfg(windows)]
pub(crate) fn library() {
    crate::compiled::compile("pinvoke_callbacks");
}

/// Compiles the library, once in a process; the imports look for it there.
#[cfg(not(windows))]
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
