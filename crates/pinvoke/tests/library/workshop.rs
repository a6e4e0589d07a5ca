//! Real libraries for the tests, built by the system's C compiler in a directory that goes away with the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A directory to build libraries in.
pub(crate) struct Workshop(TempDir);

impl Workshop {
    pub(crate) fn new() -> Workshop {
        Workshop(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Builds `name` from C source, with more arguments for the compiler.
    #[track_caller]
    pub(crate) fn build(&self, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
        let file = self.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let code = self.path().join("source.c");
        std::fs::write(&code, source).unwrap();
        let output = Command::new("gcc")
            .current_dir(self.path())
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&file)
            .arg(&code)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "gcc: {}", String::from_utf8_lossy(&output.stderr));
        file
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    }
}

/// The source of a library that returns a number.
pub(crate) fn answer(number: i32) -> String {
    format!("int answer(void) {{ return {number}; }}")
}
