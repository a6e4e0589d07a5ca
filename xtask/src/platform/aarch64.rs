//! Linux on AArch64 under qemu-user.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::emulated::{self, Emulated};
use super::foreign::Foreign;
use super::packages::unpacked;
use super::{add_target, folder};
use crate::conformance::{self, Machine, Sample};
use crate::run::Tally;
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

const MACHINE: Emulated = Emulated { gnu: "aarch64-linux-gnu", elf: "EM_AARCH64", qemu: "qemu-aarch64" };

/// Libraries that tests and examples load.
const LIBRARIES: &[&str] = &["zlib1g", "libsqlite3-0", "libglib2.0-0", "libcurl4"];

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
    let folder = folder("aarch64")?;
    let libraries = unpacked(&folder, "arm64", LIBRARIES, &["libc6_"], |_| Ok(()))?;
    // Real paths, for not every call for a file is led to those of the emulated system.
    let libraries = ["usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu"].map(|part| libraries.join(part));
    MACHINE.runner(&folder, &libraries)
}

/// Installs what is needed, so that [`run`] finds it there.
pub(crate) fn prepare() -> Result<()> {
    set_up().map(|_| ())
}

/// Compares random signatures with the compilers.
pub(crate) fn conformance(sample: Sample) -> Result<()> {
    let runner = set_up()?;
    conformance::compare(&Machine { target: TARGET, linker: GCC, runner: Some(&runner) }, sample)
}

/// Runs the lints, the tests, the examples and the command; the number of tests.
pub(crate) fn run() -> Result<Tally> {
    let runner = set_up()?;
    let with = |command: &mut Command| {
        command
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", GCC)
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", &runner)
            // Symbols would take most of the time that linking takes, and an emulated trace most of a test's.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0")
            .env("RUST_BACKTRACE", "0")
            // An emulated program needs a second to begin with anything.
            .env("PINVOKE_TEST_TIME_LIMIT", "4")
            .env("CALLBACK_OBJECT_UNLOAD_ROUNDS", "15")
            .env("PROPTEST_CASES", "32")
            // What starts programs is loaded before the sanitizer, which stops no thread there to look for leaks.
            .env("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0");
    };
    let name = "Linux AArch64 (qemu-user)";
    let linux = Foreign {
        name,
        target: TARGET,
        with: &with,
        runner: Some(&runner),
        own_tests: &["call_c", "upcall_c"],
        left_out: emulated::LEFT_OUT,
        examples_left_out: &[],
    };
    let tally = linux.run()?;
    linux.commands(COMMANDS)?;
    let machine = Machine { target: TARGET, linker: GCC, runner: Some(&runner) };
    conformance::compare_built(&machine, SAMPLE)?;
    Ok(tally)
}
