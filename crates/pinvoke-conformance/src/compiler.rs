//! Runs a C compiler.

use std::fmt;
use std::path::Path;
use std::process::{Command, Output};

use pinvoke_abi::target::{Arch, Os, Target};

use crate::machine::target;

/// A C compiler that is the other side of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// GNU C; on Windows that of MinGW.
    Gcc,
    /// LLVM's C compiler; on Windows with the headers and libraries of MinGW.
    Clang,
}

/// How hard it optimises. Both extremes are tested: without optimisation every argument is spilled
/// as the letter of the ABI says, with it the compiler relies on what the ABI promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Optimise {
    No,
    Yes,
}

/// GNU C for a machine, and the name that clang has for that machine; none for the machine whose compilers have no
/// names of their own.
fn cross(target: Target) -> Option<(&'static str, &'static str)> {
    match (target.arch, target.os) {
        (Arch::Aarch64, Os::Linux) => Some(("aarch64-linux-gnu-gcc", "aarch64-linux-gnu")),
        (Arch::Riscv64, Os::Linux) => Some(("riscv64-linux-gnu-gcc", "riscv64-linux-gnu")),
        (Arch::X86_64, Os::WindowsGnu) => Some(("x86_64-w64-mingw32-gcc", "x86_64-w64-mingw32")),
        (Arch::X86, Os::WindowsGnu) => Some(("i686-w64-mingw32-gcc", "i686-w64-mingw32")),
        _ => None,
    }
}

impl Compiler {
    pub(crate) const ALL: [Compiler; 2] = [Compiler::Gcc, Compiler::Clang];

    pub(crate) fn command(self) -> &'static str {
        match self {
            Compiler::Gcc => "gcc",
            Compiler::Clang => "clang",
        }
    }

    /// The compiler, told which machine is tested: that may be another than the one that compiles.
    fn for_target(self) -> Command {
        let target = target();
        match (self, cross(target)) {
            (Compiler::Gcc, Some((gcc, _))) => Command::new(gcc),
            (Compiler::Clang, Some((_, name))) => {
                let mut clang = Command::new("clang");
                clang.arg(format!("--target={name}"));
                clang
            }
            (Compiler::Gcc | Compiler::Clang, None) => {
                let mut compiler = Command::new(self.command());
                if target.arch == Arch::X86 {
                    // The headers of the 64-bit system: `asm/errno.h` is in no package for 32 bits.
                    compiler.args(["-m32", "-isystem", "/usr/include/x86_64-linux-gnu"]);
                }
                compiler
            }
        }
    }

    /// The first line of `--version`.
    pub(crate) fn version(self) -> Result<String, String> {
        let mut command = self.for_target();
        let output = command.arg("--version").output().map_err(|e| {
            let name = command.get_program().to_string_lossy().into_owned();
            format!("the C compiler `{name}` cannot be run ({e}); install it, both gcc and clang are needed")
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
        let mut command = self.for_target();
        command.args(["-std=gnu11", "-w", &optimise.to_string()]);
        if !target().os.is_windows() {
            return self.run(optimise, source, command.args(["-fPIC", "-shared"]).arg(source), object);
        }
        // Which libraries a DLL of MinGW wants, clang does not know: GNU C links for both.
        let unlinked = object.with_extension("o");
        self.run(optimise, source, command.arg("-c").arg(source), &unlinked)?;
        let mut link = Compiler::Gcc.for_target();
        self.run(optimise, source, link.arg("-shared").arg(&unlinked), object)
    }

    fn run(
        self,
        optimise: Optimise,
        source: &Path,
        command: &mut Command,
        output: &Path,
    ) -> Result<(), CompileError> {
        let output: Output = command.arg("-o").arg(output).output().map_err(|e| CompileError {
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
