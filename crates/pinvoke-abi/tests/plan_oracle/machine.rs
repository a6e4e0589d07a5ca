//! Machines to compile for and to run on: how a C compiler is asked for a target, how its assembly becomes
//! a program of this system, and how that runs.
//!
//! Compilers for other systems write assembly whose instructions are those of any system; what
//! surrounds them is not. [`for_elf`] rewrites directives and the names of relocations, so that calls
//! as made for macOS and Windows run on Linux.

use std::path::Path;
use std::process::{Command, Output};

use pinvoke_abi::target::{Arch, Os, Target};

use crate::oracle::{VECTORS, compile};

/// One compiler for one target.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    pub(crate) target: Target,
    pub(crate) compiler: &'static str,
    flags: &'static [&'static str],
}

impl Machine {
    pub(crate) const fn new(
        target: Target,
        compiler: &'static str,
        flags: &'static [&'static str],
    ) -> Machine {
        Machine { target, compiler, flags }
    }

    pub(crate) fn is_clang(self) -> bool {
        self.compiler == "clang"
    }

    /// The routines that write down registers.
    fn routines(self) -> &'static str {
        match self.target.arch {
            Arch::X86_64 => include_str!("x64.c"),
            Arch::X86 => include_str!("x86.c"),
            Arch::Aarch64 => include_str!("a64.c"),
            Arch::Riscv64 => include_str!("r64.c"),
        }
    }

    /// Compiles and runs generated functions; `None` without the compiler.
    pub(crate) fn run(self, dir: &Path, functions: &str) -> Option<Output> {
        std::fs::create_dir_all(dir).expect("a directory for the program");
        let at = |name: &str| dir.join(name);
        let header = include_str!("generated.h");
        std::fs::write(at("plans.c"), format!("{header}{VECTORS}{functions}")).expect("the functions");
        let runtime = format!("{}{}", include_str!("runtime.c"), self.routines());
        std::fs::write(at("runtime.c"), runtime).expect("the runtime");
        let foreign_bits = match self.target.os.is_windows() {
            true => "-DFOREIGN_BITS=gcc_struct",
            false => "-DFOREIGN_BITS=ms_struct",
        };
        let common = ["-S", "-O1", "-fno-pic", "-fno-stack-protector", foreign_bits];
        let addresses: &[&str] = if self.is_clang() { &["-fno-addrsig"] } else { &[] };
        let flags = [&common, addresses, self.flags].concat();
        if !compile(self.compiler, &flags, &at("plans.c"), &at("compiled.s")) {
            return None;
        }
        let assembly = std::fs::read_to_string(at("compiled.s")).expect("the assembly");
        std::fs::write(at("plans.s"), for_elf(self.target, &assembly)).expect("the assembly");
        let (linker, flags): (&str, &[&str]) = match self.target.arch {
            Arch::Aarch64 => ("aarch64-linux-gnu-gcc", &["-static", "-fno-builtin"]),
            Arch::Riscv64 => ("riscv64-linux-gnu-gcc", &["-static", "-fno-builtin"]),
            Arch::X86 => ("gcc", &["-m32", "-no-pie", "-fno-pic", "-fno-builtin", "-mgeneral-regs-only"]),
            _ => ("gcc", &["-no-pie", "-fno-pic", "-fno-builtin"]),
        };
        let plans = at("plans.s");
        let flags = [flags, &["-Wl,-z,noexecstack", plans.to_str().expect("a plain path")]].concat();
        if !compile(linker, &flags, &at("runtime.c"), &at("plans")) {
            return None;
        }
        let emulator = match self.target.arch {
            Arch::Aarch64 => Some("qemu-aarch64"),
            Arch::Riscv64 => Some("qemu-riscv64"),
            Arch::X86_64 | Arch::X86 => None,
        };
        let mut program = Command::new(emulator.map_or(at("plans"), Into::into));
        program.args(emulator.map(|_| at("plans")));
        match program.output() {
            Ok(output) => Some(output),
            Err(error) => {
                assert!(std::env::var_os("PINVOKE_REQUIRE_COMPILERS").is_none(), "{program:?}: {error}");
                eprintln!("{program:?} cannot be run ({error}): not checked");
                None
            }
        }
    }
}

/// Assembly of another system for the assembler of this one.
fn for_elf(target: Target, assembly: &str) -> String {
    let line = match target.os {
        Os::Linux => return assembly.to_owned(),
        Os::MacOs => from_mach_o,
        Os::WindowsMsvc | Os::WindowsGnu => from_coff,
    };
    assembly.lines().filter_map(line).fold(String::new(), |mut text, line| {
        text.push_str(&line);
        text.push('\n');
        text
    })
}

fn from_mach_o(line: &str) -> Option<String> {
    // What begins a comment separates statements elsewhere; data is written in strings.
    let line =
        if line.trim().starts_with(".asc") { line } else { line.split(';').next().unwrap_or("") }.trim();
    let (word, rest) = line.split_once(['\t', ' ']).unwrap_or((line, ""));
    let rest = rest.trim();
    match word {
        ".build_version" | ".subsections_via_symbols" | ".no_dead_strip" | ".loh" => None,
        ".section" if rest.contains("__text") => Some(".text".to_owned()),
        ".section" if rest.contains("__DATA") => Some(".data".to_owned()),
        ".section" => Some(".section .rodata".to_owned()),
        ".comm" => Some(common(&rest.split(',').collect::<Vec<_>>())),
        ".zerofill" => Some(common(&rest.split(',').skip(2).collect::<Vec<_>>())),
        _ => Some(relocations(line)),
    }
}

/// A variable without a value; the other systems give its alignment as a power of two.
fn common(words: &[&str]) -> String {
    let [name, size, power] = words else { panic!("a variable reads {words:?}") };
    let power: u32 = power.trim().parse().expect("a power of two");
    format!(".comm {name},{size},{}", 1_u64 << power)
}

/// `name@PAGEOFF` is `:lo12:name` elsewhere.
fn relocations(line: &str) -> String {
    for (theirs, ours) in
        [("@GOTPAGEOFF", ":got_lo12:"), ("@GOTPAGE", ":got:"), ("@PAGEOFF", ":lo12:"), ("@PAGE", "")]
    {
        if let Some((before, after)) = line.split_once(theirs) {
            let start = before.rfind([' ', '\t', ',', '[']).map_or(0, |at| at + 1);
            return format!("{}{ours}{}{after}", &before[..start], &before[start..]);
        }
    }
    line.to_owned()
}

fn from_coff(line: &str) -> Option<String> {
    let trimmed = line.trim();
    let (word, rest) = trimmed.split_once(['\t', ' ']).unwrap_or((trimmed, ""));
    match word {
        ".def" | ".scl" | ".type" | ".endef" | ".file" | ".ident" | ".addrsig" | ".addrsig_sym" => None,
        _ if word.starts_with(".seh_") || trimmed.contains("@feat.00") => None,
        ".section" if rest.contains(".drectve") => Some(".section .drectve".to_owned()),
        ".section" => Some(".section .rodata".to_owned()),
        ".comm" | ".lcomm" => Some(common(&rest.split(',').collect::<Vec<_>>())),
        _ => Some(line.to_owned()),
    }
}
