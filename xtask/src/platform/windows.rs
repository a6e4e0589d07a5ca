//! Windows x86-64 under Wine: MinGW links, Wine runs, without a display.
//!
//! Everything lies below the target folder: a Wine prefix whose windows need no screen (its driver is `null`), with two
//! printers, and with a `bcryptprimitives.dll`, which Wine 8 lacks and the standard library of Rust wants. All of it is
//! made once; a second run builds and runs only what changed.

mod callback_objects;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{add_target, folder, output};
use crate::run::{Tally, cargo, test_step};
use crate::system::{self, Evidence, Need};

const TARGET: &str = "x86_64-pc-windows-gnu";
const LINKER: &str = "x86_64-w64-mingw32-gcc-win32";
const CPP: &str = "x86_64-w64-mingw32-g++-win32";
const LINKER_32: &str = "i686-w64-mingw32-gcc-win32";
const WINE: &str = "/usr/lib/wine/wine64";

const NEEDS: &[Need] = &[
    Need { package: "gcc-mingw-w64-x86-64-win32", evidence: Evidence::Program(LINKER) },
    Need { package: "g++-mingw-w64-x86-64-win32", evidence: Evidence::Program(CPP) },
    Need { package: "gcc-mingw-w64-i686-win32", evidence: Evidence::Program(LINKER_32) },
    Need { package: "wine64", evidence: Evidence::File(WINE) },
    Need {
        package: "fonts-dejavu-core",
        evidence: Evidence::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    },
];

/// Packages and their tests that make sense there. The others speak of Linux: its files, its C library, compilers that
/// run beside the test.
const TESTS: &[(&str, &[&str])] = &[
    (
        "pinvoke",
        &["--lib", "--test=windows", "--test=native_type", "--test=upcall_queue", "--test=upcall_exceptions"],
    ),
    ("pinvoke-cli", &["--bins", "--test=windows"]),
    ("callback-object", &["--lib", "--tests"]),
    (
        "callback-object-host",
        &[
            "--lib",
            "--test=rules",
            "--test=bad_input",
            "--test=drivers",
            "--test=unload",
            "--test=system_windows",
        ],
    ),
];

/// Examples, and what a run prints.
const EXAMPLES: &[(&str, &[&str], &str)] = &[
    ("message_box", &["--answer"], "the box said \"Command-line message box: Grüße, 你好, 👋\""),
    ("enum_windows", &[], " windows"),
    ("enum_font_families", &[], " families"),
    ("enum_printers", &[], "Drucker Süd"),
];

/// The printers of the prefix.
const PRINTERS: [&str; 2] = ["Test Printer", "Drucker Süd"];

/// Runs the tests and the examples; the number of tests.
pub(crate) fn run() -> Result<Tally> {
    system::install(NEEDS)?;
    add_target(TARGET)?;
    let folder = folder("windows")?;
    let wine = runner(&folder)?;
    prefix(&folder, &wine)?;
    fixtures(&folder)?;
    let with = |command: &mut Command| {
        command
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", LINKER)
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", &wine)
            .env("PINVOKE_WINDOWS_FIXTURES", format!("Z:{}", folder.join("fixtures").display()))
            // Symbols would take most of the time that linking takes.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0");
    };
    let mut tally = Tally::default();
    callback_objects::fixtures(&folder.join("fixtures"), with)?;
    for (package, arguments) in TESTS {
        let mut tests = cargo(&["test", "--locked", "--no-fail-fast", "-p", package, "--target", TARGET]);
        with(tests.args(*arguments));
        test_step(&format!("tests of {package} on Windows x86-64 (Wine)"), &mut tests, &mut tally)?;
    }
    examples(&folder, &wine, with)?;
    Ok(tally)
}

/// A program that starts Windows programs, each with a limit: one that waits for a window must not wait for ever.
fn runner(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("wine");
    let script = format!(
        "#!/bin/sh\nunset DISPLAY\nexport WINEPREFIX='{}' WINEARCH=win64 WINEDEBUG=${{WINEDEBUG--all}}\nexec timeout 300 {WINE} \"$@\"\n",
        folder.join("prefix").display()
    );
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// What Wine 8 lacks and Rust wants.
pub(super) const BCRYPT_PRIMITIVES: &str = r"
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T bytes)
{
    while (bytes) {
        ULONG part = bytes > 0x40000000 ? 0x40000000 : (ULONG)bytes;
        if (!SystemFunction036(to, part)) return FALSE;
        to += part, bytes -= part;
    }
    return TRUE;
}
";

/// No display; and a program that faults just ends, instead of waiting for somebody in front of a debugger.
const SETTINGS: &str = r#"Windows Registry Editor Version 5.00

[HKEY_CURRENT_USER\Software\Wine\Drivers]
"Graphics"="null"

[HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\AeDebug]
"Auto"="1"
"Debugger"="cmd.exe /c exit"
"#;

fn prefix(folder: &Path, wine: &Path) -> Result<()> {
    let done = folder.join("prefix.done");
    let settings = settings()?;
    if fs::read_to_string(&done).is_ok_and(|made| made == settings) {
        return Ok(());
    }
    let prefix = folder.join("prefix");
    let _ = fs::remove_dir_all(&prefix);
    output("making a Wine prefix", Command::new(wine).args(["wineboot", "-i"]))?;
    let system = prefix.join("drive_c/windows/system32");
    if !system.join("bcryptprimitives.dll").exists() {
        let source = folder.join("bcryptprimitives.c");
        fs::write(&source, BCRYPT_PRIMITIVES)?;
        let library = system.join("bcryptprimitives.dll");
        let mut compile = Command::new(LINKER);
        compile.args(["-O2", "-shared", "-o"]).arg(&library).arg(&source).arg("-ladvapi32");
        output("building bcryptprimitives.dll", &mut compile)?;
    }
    let units = std::iter::once(0xFEFF).chain(settings.encode_utf16());
    fs::write(prefix.join("drive_c/settings.reg"), units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    output("setting the Wine prefix up", Command::new(wine).args(["regedit", "/S", "C:\\settings.reg"]))?;
    fs::write(done, settings)?;
    Ok(())
}

/// What is written into the registry.
pub(super) fn settings() -> Result<String> {
    let mut text = String::from(SETTINGS);
    for printer in PRINTERS {
        write!(
            text,
            "\n[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Control\\Print\\Printers\\{printer}]\n\
             \"Name\"=\"{printer}\"\n\"Port\"=\"FILE:\"\n\"Printer Driver\"=\"PS Driver\"\n\
             \"Attributes\"=dword:00000040\n"
        )?;
    }
    Ok(text.replace('\n', "\r\n"))
}

/// Libraries and a program in C, for the tests and for comparison.
fn fixtures(folder: &Path) -> Result<()> {
    let sources = std::path::absolute("crates/pinvoke/tests/windows")?;
    let folder = folder.join("fixtures");
    fs::create_dir_all(&folder)?;
    let build = |output_file: &str, arguments: &[&str]| {
        let mut compile = Command::new(LINKER);
        compile.current_dir(&folder).arg("-I").arg(&sources).args(["-o", output_file]);
        for argument in arguments {
            match argument.strip_prefix('@') {
                Some(source) => compile.arg(sources.join(source)),
                None => compile.arg(argument),
            };
        }
        output("building what the tests load", &mut compile).map(|_| ())
    };
    build("numbered.dll", &["-shared", "@numbered.c", "@numbered.def"])?;
    let mut narrow = Command::new(LINKER_32);
    narrow.args(["-shared", "-o"]).arg(folder.join("x86.dll")).arg(sources.join("absent.c"));
    output("building a 32-bit library", &mut narrow)?;
    build("absent.dll", &["-shared", "@absent.c"])?;
    build("needs.dll", &["-shared", "@needs.c", "absent.dll"])?;
    fs::remove_file(folder.join("absent.dll"))?;
    let mut exceptions = Command::new(CPP);
    // With the runtime of C++ in it, which nobody has installed there.
    exceptions.args(["-shared", "-static", "-o"]).arg(folder.join("exceptions.dll"));
    exceptions.arg(sources.join("../exceptions.cpp"));
    output("building a library in C++", &mut exceptions)?;
    build("families.exe", &["@families.c", "-lgdi32"])
}

/// Runs the examples and looks at what they print.
fn examples(folder: &Path, wine: &Path, with: impl Fn(&mut Command)) -> Result<()> {
    println!("== examples on Windows x86-64 (Wine)");
    for (name, arguments, expected) in EXAMPLES {
        let mut run = cargo(&[
            "run",
            "--quiet",
            "--locked",
            "-p",
            "pinvoke",
            "--target",
            TARGET,
            "--example",
            name,
            "--",
        ]);
        run.args(*arguments);
        with(&mut run);
        let printed = output(name, &mut run)?;
        println!("-- {name}\n{printed}");
        ensure!(printed.contains(expected), "the example {name} does not print {expected:?}");
        if *name == "enum_printers" {
            ensure!(PRINTERS.iter().all(|p| printed.contains(p)), "the printers are {PRINTERS:?}");
        }
        if *name == "enum_font_families" {
            let c = output("families.exe", Command::new(wine).arg(folder.join("fixtures/families.exe")))?;
            let counts = printed.lines().last().context("the example prints a line")?;
            ensure!(counts == c.trim_end(), "the example counts {counts:?}, a program in C {c:?}");
        }
    }
    Ok(())
}
