//! Linux on 64-bit RISC-V under qemu-user.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::emulated::{self, Emulated};
use super::foreign::Foreign;
use super::{Extent, add_target, folder};
use crate::conformance::{self, Machine, Sample};
use crate::run::Tally;
use crate::system::{self, Evidence, Need};

const TARGET: &str = "riscv64gc-unknown-linux-gnu";
const GCC: &str = "riscv64-linux-gnu-gcc";

const NEEDS: &[Need] = &[
    Need { package: "gcc-riscv64-linux-gnu", evidence: Evidence::Program(GCC) },
    Need { package: "g++-riscv64-linux-gnu", evidence: Evidence::Program("riscv64-linux-gnu-g++") },
    Need {
        package: "libc6-dev-riscv64-cross",
        evidence: Evidence::File("/usr/riscv64-linux-gnu/lib/libc.a"),
    },
    Need { package: "clang", evidence: Evidence::Program("clang") },
    Need { package: "qemu-user", evidence: Evidence::Program("qemu-riscv64") },
];

const MACHINE: Emulated = Emulated { gnu: "riscv64-linux-gnu", elf: "EM_RISCV", qemu: "qemu-riscv64" };

const NO_PACKAGES: &str = "Debian 12 has no packages for this machine, of zlib, SQLite, GLib and curl";

/// Tests that are left out on this machine alone, and why.
const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        NO_PACKAGES,
        &[
            "zlib",
            "bad_input::missing_entry_point",
            "pictures::probing_tells_what_was_tried",
            "libm_and_libz_with_and_without_development_packages",
            "another_library_has_it",
            "exports_are_those_that_nm_lists",
            "marshal::callback (line",
        ],
    ),
    (
        "AddressSanitizer of GCC 12 is made for addresses of 38 bits, and the emulator gives out longer ones",
        &["rule_34_drivers_are_unloaded_in_flight_under_address_sanitizer"],
    ),
];

/// Examples that are left out, and why.
const EXAMPLES_LEFT_OUT: &[(&str, &[&str])] = &[(NO_PACKAGES, &["curl", "glib", "sqlite", "zlib"])];

/// Tests for which there is time in every run: of plans, of what machine code is written for, and of the rules of
/// callback objects in Rust and C, with drivers that are unloaded while they run.
const EVERY_RUN: &[(&str, &[&str])] = &[
    ("pinvoke-abi", &["notation", "plans", "properties", "refusals"]),
    (
        "pinvoke",
        &[
            "call_c",
            "call_contract",
            "call_rustc",
            "call_typed",
            "upcall_c",
            "upcall_dynamic",
            "upcall_exceptions",
        ],
    ),
    ("callback-object", &["rules"]),
    ("callback-object-host", &["rules", "drivers", "unload"]),
];

/// A part of the random signatures that takes half a minute.
const SAMPLE: Sample = Sample { count: 600, seed: 1 };

/// One for every run.
const SMALL_SAMPLE: Sample = Sample { count: 200, seed: 1 };

/// Installs what is needed; what runs programs.
fn set_up() -> Result<PathBuf> {
    system::install(NEEDS)?;
    add_target(TARGET)?;
    MACHINE.runner(&folder("riscv64")?, &[])
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

/// Runs the lints, the tests and the examples, or the tests of [`EVERY_RUN`]; the number of tests.
pub(crate) fn run(extent: Extent) -> Result<Tally> {
    let runner = set_up()?;
    let with = |command: &mut Command| {
        command
            .env("CARGO_TARGET_RISCV64GC_UNKNOWN_LINUX_GNU_LINKER", GCC)
            .env("CARGO_TARGET_RISCV64GC_UNKNOWN_LINUX_GNU_RUNNER", &runner)
            // Symbols would take most of the time that linking takes, and an emulated trace most of a test's.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0")
            .env("RUST_BACKTRACE", "0")
            // An emulated program needs a second to begin with anything.
            .env("PINVOKE_TEST_TIME_LIMIT", "4")
            .env("CALLBACK_OBJECT_UNLOAD_ROUNDS", "15")
            .env("PROPTEST_CASES", "32");
    };
    let name = "Linux RISC-V (qemu-user)";
    let linux = Foreign {
        name,
        target: TARGET,
        with: &with,
        runner: Some(&runner),
        own_tests: &["call_c", "upcall_c"],
        left_out: &[LEFT_OUT, emulated::LEFT_OUT].concat(),
        examples_left_out: EXAMPLES_LEFT_OUT,
    };
    let (tally, sample) = match extent {
        Extent::Whole => (linux.run()?, SAMPLE),
        Extent::EveryRun => {
            linux.build_examples_of("callback-object-host")?;
            (linux.run_some(EVERY_RUN)?, SMALL_SAMPLE)
        }
    };
    conformance(sample)?;
    Ok(tally)
}
