//! Runs a C compiler.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// A C compiler that is the other side of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// GNU C.
    Gcc,
    /// LLVM's C compiler.
    Clang,
}

/// How hard it optimises. Both extremes are tested: without optimisation every argument is spilled
/// as the letter of the ABI says, with it the compiler relies on what the ABI promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Optimise {
    No,
    Yes,
}

impl Compiler {
    pub(crate) const ALL: [Compiler; 2] = [Compiler::Gcc, Compiler::Clang];

    pub(crate) fn command(self) -> &'static str {
        match self {
            Compiler::Gcc => "gcc",
            Compiler::Clang => "clang",
        }
    }

    /// The first line of `--version`.
    pub(crate) fn version(self) -> Result<String, String> {
        let output = Command::new(self.command()).arg("--version").output().map_err(|e| {
            format!("the C compiler `{self}` cannot be run ({e}); install it, both gcc and clang are needed")
        })?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    /// Compiles `source` to a shared object.
    pub(crate) fn compile(self, optimise: Optimise, source: &Path, object: &Path) -> Result<(), String> {
        let output = Command::new(self.command())
            .args(["-std=gnu11", "-w", "-fPIC", "-shared", &optimise.to_string()])
            .arg("-o")
            .arg(object)
            .arg(source)
            .output()
            .map_err(|e| format!("the C compiler `{self}` cannot be run: {e}"))?;
        if output.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let first: Vec<&str> = errors.lines().take(12).collect();
        Err(format!("{self} {optimise} rejects {}:\n{}", source.display(), first.join("\n")))
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command())
    }
}

impl fmt::Display for Optimise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Optimise::No => "-O0",
            Optimise::Yes => "-O2",
        })
    }
}
