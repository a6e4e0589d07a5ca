//! Windows under Wine, in both widths: MinGW links, Wine runs, without a display.
//!
//! Everything lies below the target folder and is made once; a second run builds and runs only what changed.

mod callback_objects;
mod compiler;
mod fixtures;
mod machine;
mod unpacked;
mod wine;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use self::machine::{Machine, X64, X86};
use super::{add_target, folder, output};
use crate::conformance::{self, Sample};
use crate::run::{Tally, built, cargo, step, test_step};
use crate::system;

/// Packages whose tests make sense there. All are built by one command, and tested by one: cargo makes dependencies
/// anew for another set of packages.
const PACKAGES: &[&str] =
    &["-ppinvoke-abi", "-ppinvoke", "-ppinvoke-cli", "-pcallback-object", "-pcallback-object-host"];

/// Their tests that make sense there. The others speak of Linux: its files, its C library. One is of 32-bit x86 and is
/// empty elsewhere.
const TESTS: &[&str] = &[
    "--lib",
    "--bin=pinvoke",
    // pinvoke-abi
    "--test=plans",
    // pinvoke; those of the command have the first name too
    "--test=windows",
    "--test=native_type",
    "--test=call_c",
    "--test=call_contract",
    "--test=call_typed",
    "--test=x86",
    "--test=upcall_c",
    "--test=upcall_life",
    "--test=upcall_dynamic",
    "--test=upcall_queue",
    "--test=upcall_exceptions",
    "--test=import",
    "--test=dynamic",
    // callback-object
    "--test=model",
    "--test=quiet",
    "--test=stress",
    // callback-object and callback-object-host
    "--test=rules",
    // callback-object-host
    "--test=bad_input",
    "--test=drivers",
    "--test=unload",
    "--test=system_windows",
];

/// Examples, and what a run prints.
const EXAMPLES: &[(&str, &[&str], &str)] = &[
    ("message_box", &["--answer"], "the box said \"Command-line message box: Grüße, 你好, 👋\""),
    ("enum_windows", &[], " windows"),
    ("enum_font_families", &[], " families"),
    ("enum_printers", &[], "Drucker Süd"),
];

/// A part of the random signatures that takes half a minute.
const SAMPLE: Sample = Sample { count: 800, seed: 1 };

/// Runs the tests and the examples on x86-64; the number of tests.
pub(crate) fn run_64() -> Result<Tally> {
    run(&X64)
}

/// The same on 32-bit x86.
pub(crate) fn run_32() -> Result<Tally> {
    run(&X86)
}

/// Compares random signatures on x86-64 with MinGW's compilers.
pub(crate) fn conformance_64(sample: Sample) -> Result<()> {
    let (_, wine) = set_up(&X64)?;
    let _running = wine::Running::start(&wine)?;
    compare(&X64, &wine, sample)
}

/// The same on 32-bit x86.
pub(crate) fn conformance_32(sample: Sample) -> Result<()> {
    let (_, wine) = set_up(&X86)?;
    let _running = wine::Running::start(&wine)?;
    compare(&X86, &wine, sample)
}

fn compare(machine: &Machine, wine: &Path, sample: Sample) -> Result<()> {
    let other = conformance::Machine { target: machine.target, linker: machine.cc, runner: Some(wine) };
    conformance::compare(&other, sample)
}

/// Installs what is needed, so that [`run`] finds it there.
pub(crate) fn prepare_64() -> Result<()> {
    set_up(&X64).map(|_| ())
}

/// The same for 32-bit x86.
pub(crate) fn prepare_32() -> Result<()> {
    set_up(&X86).map(|_| ())
}

/// Installs what is needed; a folder for everything, and what runs programs.
fn set_up(machine: &Machine) -> Result<(PathBuf, PathBuf)> {
    system::install(machine.needs)?;
    add_target(machine.target)?;
    let folder = folder(machine.folder)?;
    let wine = wine::set_up(machine, &folder)?;
    Ok((folder, wine))
}

fn run(machine: &Machine) -> Result<Tally> {
    let (folder, wine) = set_up(machine)?;
    let fixtures = folder.join("fixtures");
    fixtures::build(machine, &fixtures)?;
    let c_library = folder.join("c-library");
    fixtures::c_library(machine, &c_library)?;
    let compiler = compiler::serve(machine.cc)?;
    let variable = machine.target.to_uppercase().replace('-', "_");
    let with = |command: &mut Command| {
        command
            .env(format!("CARGO_TARGET_{variable}_LINKER"), machine.cc)
            .env(format!("CARGO_TARGET_{variable}_RUNNER"), &wine)
            .env("PINVOKE_COMPILER", compiler.to_string())
            .env("PINVOKE_WINDOWS_FIXTURES", format!("Z:{}", fixtures.display()))
            // On 32-bit x86 programs import from `callback_object.dll` what they declare, even if it is linked in.
            .env("WINEPATH", format!("Z:{}", fixtures.display()))
            // Symbols would take most of the time that linking takes.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0");
    };
    let cargo = |subcommand: &str| {
        let mut command = cargo(&[subcommand, "--locked", "--target", machine.target]);
        with(command.args(PACKAGES));
        command
    };
    let mut lints = cargo("clippy");
    lints.args(TESTS).args(examples()).args(["--", "-D", "warnings"]);
    step(&format!("lints on {}", machine.name), &mut lints)?;
    let mut build = cargo("build");
    build.args(["-ppinvoke-conformance", "--lib", "--bins"]).args(examples());
    build.args(callback_objects::RUST.map(|driver| format!("--example={driver}")));
    step(&format!("programs and libraries for {}", machine.name), &mut build)?;
    callback_objects::fixtures(machine, &fixtures)?;
    fixtures::build_in_place_of_tests(machine)?;
    let _running = wine::Running::start(&wine)?;
    let mut tally = Tally::default();
    let mut tests = cargo("test");
    tests.arg("--no-fail-fast").args(TESTS);
    test_step(&format!("tests on {}", machine.name), &mut tests, &mut tally)?;
    let mut documented = cargo("test");
    documented.args(["--no-fail-fast", "--doc"]);
    documented.env("WINEPATH", format!("Z:{};Z:{}", fixtures.display(), c_library.display()));
    test_step(&format!("examples in the documentation on {}", machine.name), &mut documented, &mut tally)?;
    run_examples(machine, &fixtures, &wine, with)?;
    let other = conformance::Machine { target: machine.target, linker: machine.cc, runner: Some(&wine) };
    conformance::compare_built(&other, SAMPLE)?;
    Ok(tally)
}

/// The examples, as cargo is told of them.
fn examples() -> impl Iterator<Item = String> {
    EXAMPLES.iter().map(|(name, ..)| format!("--example={name}"))
}

/// Runs the examples and looks at what they print.
fn run_examples(machine: &Machine, fixtures: &Path, wine: &Path, with: impl Fn(&mut Command)) -> Result<()> {
    println!("== examples on {}", machine.name);
    for (name, arguments, expected) in EXAMPLES {
        let program = built(machine.target).join("examples").join(format!("{name}.exe"));
        let mut run = Command::new(wine);
        run.arg(program).args(*arguments);
        with(&mut run);
        let printed = output(name, &mut run)?;
        println!("-- {name}\n{printed}");
        ensure!(printed.contains(expected), "the example {name} does not print {expected:?}");
        if *name == "enum_printers" {
            ensure!(
                wine::PRINTERS.iter().all(|p| printed.contains(p)),
                "the printers are {:?}",
                wine::PRINTERS
            );
        }
        if *name == "enum_font_families" {
            let c = output("families.exe", Command::new(wine).arg(fixtures.join("families.exe")))?;
            let counts = printed.lines().last().context("the example prints a line")?;
            ensure!(counts == c.trim_end(), "the example counts {counts:?}, a program in C {c:?}");
        }
    }
    Ok(())
}
