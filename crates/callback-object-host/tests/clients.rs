//! The shared library as others use it: Python's ctypes, C with the README's program, a program that finds it
//! with pkg-config.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Made, passes, run};

#[test]
fn python() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/client.py");
    let output = run(Command::new("python3").arg(client).arg(support::library()));
    assert!(output.status.success(), "{}", support::stderr(&output));
    assert_eq!(output.stdout, b"ok\n");
}

/// The fenced blocks of the README in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let readme = include_str!("../README.md");
    let begin = format!("```{language}\n");
    readme.split(begin.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Installed as the README says, compiled as it says, printing what it says.
#[test]
fn the_quick_start_of_the_readme() {
    let prefix = support::scratch().join("prefix");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut install = Command::new(cargo);
    install.args(["run", "-q", "--locked", "-p", "xtask", "--", "install-callback-object", "--prefix"]);
    install.arg(&prefix).arg("--library").arg(support::library()).current_dir(&root);
    let installed = support::run_built(&mut install);
    assert!(installed.status.success(), "{}", support::stderr(&installed));

    std::fs::write(support::scratch().join("quick_start.c"), blocks("c")[0]).unwrap();
    let command = blocks("sh")[0].lines().nth(1).unwrap();
    // The program is started from here: a shell of this machine cannot start it where it is one for another.
    let (compile, start) = command.split_once(" && ").unwrap();
    let compiled = run(Command::new("sh")
        .args(["-c", compile])
        .current_dir(support::scratch())
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    assert!(compiled.status.success(), "{compile}: {}", support::stderr(&compiled));
    let output = run(Command::new(support::scratch().join(start)).env("LD_LIBRARY_PATH", prefix.join("lib")));
    assert!(output.status.success(), "{start}: {}", support::stderr(&output));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), blocks("console")[0]);
    a_documented_driver(&prefix);
}

/// A driver that includes what drivers include, compiled as the README says.
fn a_documented_driver(prefix: &Path) {
    let source = support::scratch().join("documented.c");
    let text = "#include <ntddk.h>\nNTSTATUS NTAPI DriverEntry(IN PDRIVER_OBJECT d, IN PUNICODE_STRING p)\n\
                { (void)d, (void)p; return STATUS_SUCCESS; }\n";
    std::fs::write(source, text).unwrap();
    let command = "cc -shared -fPIC documented.c -o documented.so $(pkg-config --cflags callback_object) \
                   -I$(pkg-config --variable=wdkdir callback_object)";
    let compiled = run(Command::new("sh")
        .args(["-c", command])
        .current_dir(support::scratch())
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    assert!(compiled.status.success(), "{command}: {}", support::stderr(&compiled));
}

/// The README's driver, loaded and unloaded by a host that is not in Rust either.
#[test]
fn the_driver_of_the_readme() {
    let source = support::scratch().join("readme_driver.c");
    std::fs::write(&source, blocks("c")[1]).unwrap();
    let driver = support::compile_file(&source, Made::Driver, &["-pedantic"]);
    let host = support::compile("host.cpp", Made::Program, &[]);
    passes(Command::new(host).arg("\\Callback\\TcpConnectionCallback").arg(driver));
}
