//! Runs a C compiler.

use std::fmt;
use std::path::Path;
use std::process::Command;

use pinvoke_abi::target::Arch;

use crate::model::TARGET;

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

    /// The compiler, told which machine this program is for: that may be another than the one that compiles.
    fn for_target(self) -> Command {
        match (self, TARGET.arch) {
            (Compiler::Gcc, Arch::Aarch64) => Command::new("aarch64-linux-gnu-gcc"),
            (Compiler::Clang, Arch::Aarch64) => {
                let mut clang = Command::new("clang");
                clang.arg("--target=aarch64-linux-gnu");
                clang
            }
            (_, Arch::X86) => {
                let mut compiler = Command::new(self.command());
                // The headers of the 64-bit system: `asm/errno.h` is in no package for 32 bits.
                compiler.args(["-m32", "-isystem", "/usr/include/x86_64-linux-gnu"]);
                compiler
            }
            (Compiler::Gcc | Compiler::Clang, _) => Command::new(self.command()),
        }
    }

    /// The first line of `--version`.
    pub(crate) fn version(self) -> Result<String, String> {
        let output = self.for_target().arg("--version").output().map_err(|e| {
            format!("the C compiler `{self}` cannot be run ({e}); install it, both gcc and clang are needed")
        })?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    /// Compiles `source` to a shared object.
    pub(crate) fn compile(
        self,
        optimise: Optimise,
        source: &Path,
        object: &Path,
    ) -> Result<(), CompileError> {
        let output = self
            .for_target()
            .args(["-std=gnu11", "-w", "-fPIC", "-shared", &optimise.to_string()])
            .arg("-o")
            .arg(object)
            .arg(source)
            .output()
            .map_err(|e| CompileError {
                message: format!("the C compiler `{self}` cannot be run: {e}"),
                crashed: false,
            })?;
        if output.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let crashed =
            ["internal compiler error", "PLEASE submit a bug report"].iter().any(|w| errors.contains(w));
        if crashed {
            return Err(CompileError { message: format!("{self} {optimise} itself crashes"), crashed });
        }
        let first: Vec<&str> = errors.lines().take(12).collect();
        let message = format!("{self} {optimise} rejects {}:\n{}", source.display(), first.join("\n"));
        Err(CompileError { message, crashed })
    }
}

/// Why there is no object.
#[derive(Clone, Debug)]
pub(crate) struct CompileError {
    pub(crate) message: String,
    /// The compiler broke down, which says nothing about the source.
    pub(crate) crashed: bool,
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
