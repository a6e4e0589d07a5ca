//! Linux on a machine that qemu-user emulates: GNU's cross compiler links, qemu runs.
//!
//! The tests compile C and start programs, themselves among them. Compilers run as they are, found by their usual names
//! in a folder of their own; programs for the other machine are handed back to the emulator, by a library that is loaded
//! into all of them (`exec.c`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::foreign::OF_OTHERS;
use super::{output, script};

/// A machine that is emulated.
#[derive(Debug)]
pub(super) struct Emulated {
    /// As GNU's tools call it; the folder of its C library has this name, too.
    pub(super) gnu: &'static str,
    /// What its programs have in their headers, as `elf.h` calls it.
    pub(super) elf: &'static str,
    /// The emulator.
    pub(super) qemu: &'static str,
}

/// Tests that are left out on every such machine, and why: all for reasons of the emulator or of the tools that are not
/// emulated.
pub(super) const LEFT_OUT: &[(&str, &[&str])] = &[
    ("Python is not emulated", &["python"]),
    (
        "qemu-user takes no seccomp filter",
        &[
            "the_first_256_callbacks_need_no_system_call",
            "the_pool_works_where_executable_memory_is_refused",
            "refused_executable_memory_leaves_the_thunk",
            "without_memory_files_pages_are_replaced",
            "bad_input::executable_memory_refused",
            "rule_15_notifying_asks_nothing_of_the_system",
        ],
    ),
    (
        "who starts a program under qemu-user is not told that there is none",
        &["bad_input::preprocessor_that_is_missing_or_refuses"],
    ),
    (
        "they ask compilers about the machines of others, or what rustc says, which is the same from every machine",
        OF_OTHERS,
    ),
    (
        "they have cargo build for the machine that cargo runs on",
        &["a_library_has_thunks_of_its_own", "the_quick_start_of_the_readme"],
    ),
];

impl Emulated {
    /// What links its programs.
    pub(super) fn linker(&self) -> String {
        format!("{}-gcc", self.gnu)
    }

    /// Makes, in `folder`, what starts a program: one that finds the compilers for the machine under their usual names
    /// and loads libraries from these folders besides those of the C library.
    pub(super) fn runner(&self, folder: &Path, libraries: &[PathBuf]) -> Result<PathBuf> {
        let (tools, runner, start) = (folder.join("tools"), folder.join("run"), folder.join("start"));
        let library = folder.join("exec.so");
        fs::create_dir_all(&tools)?;
        let gnu = self.gnu;
        for (name, program) in [
            ("cc", format!("{gnu}-gcc")),
            ("gcc", format!("{gnu}-gcc")),
            ("c++", format!("{gnu}-g++")),
            ("g++", format!("{gnu}-g++")),
            ("clang", format!("/usr/bin/clang --target={gnu}")),
            ("clang++", format!("/usr/bin/clang++ --target={gnu}")),
        ] {
            script(&tools.join(name), &format!("exec {program} \"$@\""))?;
        }
        let libraries: String = libraries.iter().map(|folder| format!(":{}", folder.display())).collect();
        // The emulator takes memory from GLib's slices, whose lock another thread may hold when a program forks: the
        // child waited for ever. `malloc` is made for that.
        script(
            &start,
            &format!(
                "G_SLICE=always-malloc exec /usr/bin/{} -U G_SLICE -L /usr/{gnu} -E LD_PRELOAD=\"{}\" \\\n\
                 -E LD_LIBRARY_PATH=\"${{LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}}/usr/{gnu}/lib{libraries}\" \"$@\"",
                self.qemu,
                library.display(),
            ),
        )?;
        script(&runner, &format!("PATH=\"{}:$PATH\" exec \"{}\" \"$@\"", tools.display(), start.display()))?;
        let mut compile = Command::new(self.linker());
        compile.args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(&library);
        compile.arg(format!("-DRUNNER=\"{}\"", start.display())).arg(format!("-DMACHINE={}", self.elf));
        output("building what starts programs", compile.arg("xtask/src/platform/exec.c"))?;
        Ok(runner)
    }
}
