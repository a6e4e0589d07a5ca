//! Linux on AArch64 under qemu-user: GNU's cross compiler links, qemu runs.
//!
//! The tests compile C and start programs, themselves among them. Compilers run as they are, found by their usual names
//! in a folder of their own; programs for AArch64 are handed back to the emulator, by a library that is loaded into all
//! of them (`exec.c`).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::{add_target, folder, output};
use crate::conformance::{self, Machine, Sample};
use crate::run::{Tally, cargo, test_step};
use crate::system::{self, Evidence, Need};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const GCC: &str = "aarch64-linux-gnu-gcc";

const NEEDS: &[Need] = &[
    Need { package: "gcc-aarch64-linux-gnu", evidence: Evidence::Program(GCC) },
    Need { package: "g++-aarch64-linux-gnu", evidence: Evidence::Program("aarch64-linux-gnu-g++") },
    Need { package: "libc6-dev-arm64-cross", evidence: Evidence::File("/usr/aarch64-linux-gnu/lib/libc.a") },
    Need { package: "clang", evidence: Evidence::Program("clang") },
    Need { package: "qemu-user", evidence: Evidence::Program("qemu-aarch64") },
];

/// What compilers are called, and what is started instead.
const TOOLS: &[(&str, &str)] =
    &[("cc", GCC), ("gcc", GCC), ("c++", "aarch64-linux-gnu-g++"), ("g++", "aarch64-linux-gnu-g++")];

/// Packages whose unit tests are run.
const PACKAGES: &[&str] =
    &["pinvoke-abi", "pinvoke-decl", "pinvoke", "pinvoke-cli", "callback-object", "pinvoke-conformance"];

/// The integration tests of these packages that are run. Those that compare plans and layouts with the compilers of
/// several machines, or parse arbitrary text, say the same from whichever machine it is done; the command's tests have
/// a step of their own.
const TESTS: &[&str] = &[
    // Plans, as data.
    "notation plans refusals stubs",
    // The runtime.
    "call_c dynamic import library native_type verify",
    "upcall_c upcall_dynamic upcall_exceptions upcall_life upcall_queue",
    // Callback objects.
    "embedded model quiet rules stress",
    // Random signatures, against gcc and clang.
    "sample",
];

/// The command's tests that are run: those of native code that crashes or does not return. Parsing headers takes
/// an emulator minutes.
const COMMANDS_TESTS: &[&str] = &["isolation::", "native_library::", "then::"];

/// Tests that are left out, and why: all for reasons of the emulator or of what is not installed for AArch64.
const SKIPPED: &[(&str, &[&str])] = &[
    (
        "qemu-user has no process_vm_readv, by which bad addresses are told from good ones",
        &[
            "what_is_not_there_is_told",
            "text_at_an_address_that_is_not_mapped_stays_an_address",
            "calls::returned_structures_are_shown",
        ],
    ),
    (
        "qemu-user takes no seccomp filter",
        &[
            "the_first_256_callbacks_need_no_system_call",
            "the_pool_works_where_executable_memory_is_refused",
            "bad_input::executable_memory_refused",
        ],
    ),
    (
        "the emulator opens files of the emulated system, and knows nothing else of them",
        &["entry_point::EntryPoint::export", "library::exports", "library::Library::load_bias"],
    ),
    (
        "zlib and SQLite are not installed for AArch64",
        &[
            "marshal::callback (line",
            "system::zlib_says_its_version",
            "system::zlib_takes_bytes_as_text",
            "entry_points::another_library_has_it",
            "loading::libm_and_libz_with_and_without_development_packages",
            "calls::the_version_of_zlib_without_its_header",
            "bad_input::missing_entry_point",
            "pictures::probing_tells_what_was_tried",
        ],
    ),
    (
        "they run cargo or tools of this machine, which do not see the files of the emulated one",
        &[
            "what_cannot_be_native_is_refused",
            "a_library_has_thunks_of_its_own",
            "entry_points::exports_are_those_that_nm_lists",
            "bad_input::preprocessor_that_is_missing_or_refuses",
        ],
    ),
    (
        "their time limits are too short for an emulator",
        &[
            "isolation::hang_inside_a_callback",
            "isolation::hang_with_a_time_limit",
            "isolation::what_the_native_code_started_ends_with_it",
            "output::a_closed_pipe_ends_everything_quietly",
        ],
    ),
    ("the emulator has no guard page of its own below the stack", &["isolation::stack_overflow"]),
];

/// Examples, and what a run prints.
const EXAMPLES: &[(&str, &[&str], &str)] =
    &[("getpid", &[], ""), ("threads", &[], ""), ("sort_and_search", &[], ""), ("prototype", &[], "")];

/// Command lines of the README, and what they print.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["call", "libm", "double pow(double, double)", "2", "10"], "1024.0"),
    (&["call", "libm", "long double sqrtl(long double)", "2"], "1.414213562373095048801688724209698"),
    (
        &[
            "call",
            "libc",
            "void qsort(int *base, size_t n, size_t size, int (*cmp)(const int *, const int *))",
            "[5,3,9]",
            "3",
            "4",
            "|a, b| a - b",
        ],
        "base = [3, 5, 9]",
    ),
    (&["explain", "int f(float, long double)"], "16  v1"),
];

/// A part of the random signatures that takes half a minute.
const SAMPLE: Sample = Sample { count: 600, seed: 1 };

/// Installs what is needed; what runs programs.
fn set_up() -> Result<PathBuf> {
    system::install(NEEDS)?;
    add_target(TARGET)?;
    runner(&folder("aarch64")?)
}

/// Compares random signatures with the compilers.
pub(crate) fn conformance(sample: Sample) -> Result<()> {
    let runner = set_up()?;
    conformance::compare(&Machine { target: TARGET, linker: GCC, runner: Some(&runner) }, sample)
}

/// Runs the tests, the examples and the command; the number of tests.
pub(crate) fn run() -> Result<Tally> {
    let runner = set_up()?;
    let with = |command: &mut Command| {
        command
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", GCC)
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", &runner)
            // Symbols would take most of the time that linking takes, and an emulated trace most of a test's.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0")
            .env("RUST_BACKTRACE", "0");
    };
    let mut tally = Tally::default();
    for (reason, names) in SKIPPED {
        println!("left out on AArch64, since {reason}: {}", names.join(", "));
    }
    let skipped = || SKIPPED.iter().flat_map(|(_, names)| *names).flat_map(|name| ["--skip", name]);
    let mut tests = cargo(&["test", "--locked", "--no-fail-fast", "--target", TARGET, "--lib", "--bins"]);
    tests.args(PACKAGES.iter().flat_map(|package| ["-p", package]));
    tests.args(TESTS.iter().flat_map(|names| names.split(' ')).flat_map(|name| ["--test", name]));
    with(tests.arg("--").args(skipped()));
    test_step("tests on Linux AArch64 (qemu-user)", &mut tests, &mut tally)?;
    let mut command =
        cargo(&["test", "--locked", "--target", TARGET, "-p", "pinvoke-cli", "--test", "cli", "--"]);
    with(command.args(COMMANDS_TESTS).args(skipped()));
    test_step("tests of the command on Linux AArch64 (qemu-user)", &mut command, &mut tally)?;
    let mut docs = cargo(&["test", "--locked", "--target", TARGET, "-p", "pinvoke", "--doc", "--"]);
    with(docs.args(skipped()));
    test_step("tests in the documentation on Linux AArch64 (qemu-user)", &mut docs, &mut tally)?;
    programs(with)?;
    conformance(SAMPLE)?;
    Ok(tally)
}

/// What starts a program for AArch64.
fn runner(folder: &Path) -> Result<PathBuf> {
    let (tools, runner, library) = (folder.join("tools"), folder.join("run"), folder.join("exec.so"));
    fs::create_dir_all(&tools)?;
    for (name, program) in TOOLS {
        script(&tools.join(name), &format!("exec {program} \"$@\""))?;
    }
    script(
        &runner,
        &format!(
            "PATH=\"{}:$PATH\" exec qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_PRELOAD=\"{}\" \"$@\"",
            tools.display(),
            library.display()
        ),
    )?;
    let mut compile = Command::new(GCC);
    compile.args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(&library);
    compile.arg(format!("-DRUNNER=\"{}\"", runner.display())).arg("xtask/src/platform/exec.c");
    output("building what starts programs", &mut compile)?;
    Ok(runner)
}

fn script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, format!("#!/bin/sh\n{text}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Runs examples and the command, and looks at what they print.
fn programs(with: impl Fn(&mut Command)) -> Result<()> {
    println!("== examples and the command on Linux AArch64 (qemu-user)");
    let check = |what: &[&str], arguments: &[&str], expected: &str| -> Result<()> {
        let mut run = cargo(&["run", "--quiet", "--locked", "--target", TARGET]);
        run.args(what).arg("--").args(arguments);
        with(&mut run);
        let printed = output(&arguments.join(" "), &mut run)?;
        println!("-- {} {}\n{printed}", what.join(" "), arguments.join(" "));
        ensure!(printed.contains(expected), "{what:?} {arguments:?} does not print {expected:?}");
        Ok(())
    };
    for (name, arguments, expected) in EXAMPLES {
        check(&["-p", "pinvoke", "--example", name], arguments, expected)?;
    }
    for (arguments, expected) in COMMANDS {
        check(&["-p", "pinvoke-cli"], arguments, expected)?;
    }
    Ok(())
}
