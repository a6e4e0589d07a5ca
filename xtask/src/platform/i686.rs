//! Linux on 32-bit x86, which a kernel for x86-64 runs natively.
//!
//! The tests call the C compiler by its usual names; in front of those stand scripts that make it compile for 32 bits,
//! with the headers of the 64-bit system (`asm/errno.h` is in no package of the other).

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::foreign::{Foreign, OF_OTHERS};
use super::packages::unpacked;
use super::{add_target, folder, script};
use crate::conformance::{self, Machine, Sample};
use crate::run::Tally;
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

/// Libraries that tests and examples load.
const LIBRARIES: &[&str] = &["zlib1g", "libsqlite3-0", "libglib2.0-0", "libcurl4"];

/// What compilers are called, and what is started instead.
const TOOLS: &[(&str, &str)] = &[
    ("cc", "gcc"),
    ("gcc", "gcc"),
    ("c++", "g++"),
    ("g++", "g++"),
    ("clang", "clang"),
    ("clang++", "clang++"),
];

/// Tests that are left out, and why.
const LEFT_OUT: &[(&str, &[&str])] = &[
    ("Python has no 32-bit package beside that of 64 bits", &["python"]),
    (
        "they ask compilers about the machines of others, or what rustc says, which is the same from every machine",
        OF_OTHERS,
    ),
];

/// A part of the random signatures that takes half a minute.
const SAMPLE: Sample = Sample { count: 1_200, seed: 1 };

/// What builds and runs programs.
struct Tools {
    /// A folder with compilers.
    compilers: PathBuf,
    /// Where [`LIBRARIES`] are unpacked.
    libraries: PathBuf,
}

/// Installs what is needed.
fn set_up() -> Result<Tools> {
    system::install(NEEDS)?;
    add_target(TARGET)?;
    let folder = folder("i686")?;
    let compilers = compilers(&folder)?;
    let libraries = unpacked(&folder, "i386", LIBRARIES, &["libc6_"], |_| Ok(()))?;
    Ok(Tools { compilers, libraries })
}

/// Installs what is needed, so that [`run`] finds it there.
pub(crate) fn prepare() -> Result<()> {
    set_up().map(|_| ())
}

/// Compares random signatures with the compilers.
pub(crate) fn conformance(sample: Sample) -> Result<()> {
    let Tools { compilers, .. } = set_up()?;
    let linker = compilers.join("cc").display().to_string();
    conformance::compare(&Machine { target: TARGET, linker: &linker, runner: None }, sample)
}

/// Runs the lints, the tests and the examples; the number of tests.
pub(crate) fn run() -> Result<Tally> {
    let Tools { compilers, libraries } = set_up()?;
    let path = prepended(std::slice::from_ref(&compilers), "PATH");
    let libraries = ["usr/lib/i386-linux-gnu", "lib/i386-linux-gnu"].map(|part| libraries.join(part));
    let libraries = prepended(&libraries, "LD_LIBRARY_PATH");
    let with = |command: &mut Command| {
        command
            .env("PATH", &path)
            .env("LD_LIBRARY_PATH", &libraries)
            // Symbols would take most of the time that linking takes.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0");
    };
    let name = "Linux i686";
    let tally = Foreign {
        name,
        target: TARGET,
        with: &with,
        runner: None,
        own_tests: &["x86", "call_c", "upcall_c"],
        left_out: LEFT_OUT,
        examples_left_out: &[],
    }
    .run()?;
    let linker = compilers.join("cc").display().to_string();
    conformance::compare_built(&Machine { target: TARGET, linker: &linker, runner: None }, SAMPLE)?;
    Ok(tally)
}

/// Folders in front of those that a variable of the environment lists.
fn prepended(folders: &[PathBuf], variable: &str) -> OsString {
    let inherited = std::env::var_os(variable).unwrap_or_default();
    let all = folders.iter().cloned().chain(std::env::split_paths(&inherited));
    std::env::join_paths(all).unwrap_or(inherited)
}

/// A folder with compilers for 32 bits under their usual names.
fn compilers(folder: &Path) -> Result<PathBuf> {
    let folder = folder.join("bin");
    fs::create_dir_all(&folder)?;
    for (name, compiler) in TOOLS {
        let command = format!("exec /usr/bin/{compiler} -m32 -isystem /usr/include/x86_64-linux-gnu \"$@\"");
        script(&folder.join(name), &command)?;
    }
    Ok(folder)
}
