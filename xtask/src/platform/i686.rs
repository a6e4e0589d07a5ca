//! Linux on 32-bit x86, which a kernel for x86-64 runs natively.
//!
//! The tests call the C compiler by its usual names; in front of those stand scripts that make it compile for 32 bits,
//! with the headers of the 64-bit system (`asm/errno.h` is in no package of the other).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::Result;

use super::{add_target, folder};
use crate::conformance::{self, Machine, Sample};
use crate::run::{Tally, cargo, test_step};
use crate::system::{self, Evidence, Need};

const TARGET: &str = "i686-unknown-linux-gnu";

const NEEDS: &[Need] = &[
    Need { package: "gcc", evidence: Evidence::Program("gcc") },
    Need { package: "clang", evidence: Evidence::Program("clang") },
    Need { package: "g++", evidence: Evidence::Program("g++") },
    // Not gcc-multilib, which excludes compilers for other machines.
    Need {
        package: "lib32gcc-12-dev",
        evidence: Evidence::File("/usr/lib/gcc/x86_64-linux-gnu/12/32/libgcc.a"),
    },
    Need {
        package: "lib32stdc++-12-dev",
        evidence: Evidence::File("/usr/lib/gcc/x86_64-linux-gnu/12/32/libstdc++.so"),
    },
    Need { package: "libc6-dev-i386", evidence: Evidence::File("/usr/include/gnu/stubs-32.h") },
    Need { package: "lib32z1", evidence: Evidence::File("/usr/lib32/libz.so.1") },
];

/// Packages and their tests that make sense there. What is left out is tested on the host and asks compilers for all
/// machines anyway (the oracles of plans and layouts), or takes minutes to compile (what the derives refuse), or needs
/// headers and libraries that have no 32-bit package beside those of 64 bits.
const TESTS: &[(&str, &[&str])] = &[
    ("pinvoke-abi", &["--lib", "--test=plans", "--test=notation", "--test=refusals"]),
    (
        "pinvoke-decl",
        &[
            "--lib",
            "--test=corpus",
            "--test=marshaller",
            "--test=traps",
            "--test=prototypes",
            "--test=diagnostics",
        ],
    ),
    (
        "pinvoke",
        &[
            "--lib",
            "--test=x86",
            "--test=upcall_c",
            "--test=upcall_dynamic",
            "--test=upcall_exceptions",
            "--test=upcall_life",
            "--test=upcall_queue",
            "--test=import",
            "--test=dynamic",
            "--test=library",
        ],
    ),
    // Some examples state what is true where addresses have 64 bits; one wants a library without a 32-bit package.
    (
        "pinvoke",
        &[
            "--doc",
            "--",
            "--skip=marshal::callback (line",
            "--skip=marshal::Marshal (line",
            "--skip=marshal::structure (line",
            "--skip=native.rs - native (line",
        ],
    ),
    ("callback-object", &["--lib", "--tests"]),
    ("pinvoke-conformance", &["--test=sample"]),
];

/// A part of the random signatures that takes half a minute.
const SAMPLE: Sample = Sample { count: 1_200, seed: 1 };

fn set_up() -> Result<()> {
    system::install(NEEDS)?;
    add_target(TARGET)
}

/// Compares random signatures with the compilers.
pub(crate) fn conformance(sample: Sample) -> Result<()> {
    set_up()?;
    let linker = compilers()?.join("cc").display().to_string();
    conformance::compare(&Machine { target: TARGET, linker: &linker, runner: None }, sample)
}

/// Runs the tests; their number.
pub(crate) fn run() -> Result<Tally> {
    set_up()?;
    let compilers = compilers()?;
    let mut path = compilers.into_os_string();
    if let Some(inherited) = std::env::var_os("PATH") {
        path.push(":");
        path.push(inherited);
    }
    let mut tally = Tally::default();
    for (package, arguments) in TESTS {
        let mut tests = cargo(&["test", "--locked", "--no-fail-fast", "-p", package, "--target", TARGET]);
        tests
            .args(*arguments)
            .env("PATH", &path)
            // Symbols would take most of the time that linking takes.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0");
        test_step(&format!("tests of {package} on i686 Linux"), &mut tests, &mut tally)?;
    }
    conformance(SAMPLE)?;
    Ok(tally)
}

/// A folder with compilers for 32 bits under their usual names.
fn compilers() -> Result<PathBuf> {
    let folder = folder("i686")?.join("bin");
    fs::create_dir_all(&folder)?;
    for (name, compiler) in [("cc", "gcc"), ("gcc", "gcc"), ("c++", "g++"), ("g++", "g++")] {
        let path = folder.join(name);
        let script = format!(
            "#!/bin/sh\nexec /usr/bin/{compiler} -m32 -isystem /usr/include/x86_64-linux-gnu \"$@\"\n"
        );
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(folder)
}
