//! What the tests of callback objects load on Windows: the library under its own name, and programs and drivers in
//! C and C++ that import from it, one file per set of flags. The tests find them by the same rule of naming.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::machine::Machine;
use crate::import_library;
use crate::platform::output;
use crate::run::built;

/// Where the sources are.
const HERE: &str = "crates/callback-object-host";

/// Examples that are drivers in Rust.
pub(super) const RUST: [&str; 3] = ["panicking", "second_implementation", "audit"];

const PROGRAMS: &[(&str, &[&str])] = &[
    ("rules.c", &[]),
    ("order.c", &[]),
    ("names.c", &[]),
    ("levels.c", &[]),
    ("bad_input.c", &[]),
    ("unload.c", &["-O2"]),
    ("adopt.c", &[]),
    ("host.cpp", &[]),
];

const DRIVERS: &[(&str, &[&str])] = &[
    ("driver.c", &["-DOBJECT=\"\\\\Callback\\\\Clean\""]),
    ("driver.c", &["-DOBJECT=\"\\\\Callback\\\\Left\"", "-DLEAVE"]),
    ("driver.c", &["-DOBJECT=\"\\\\Callback\\\\Refused\"", "-DLEAVE"]),
    ("driver.c", &["-DOBJECT=\"\\\\Callback\\\\Dropped\"", "-DLEAVE"]),
    ("driver.c", &["-DOBJECT=\"\\\\Callback\\\\Own\"", "-DUNLOAD", "-DLEAVE"]),
    ("driver.c", &["-DOBJECT=\"\\\\Callback\\\\NoEntry\"", "-DNO_ENTRY"]),
    ("driver.c", &["-DOBJECT=\"\\\\Callback\\\\Twice\""]),
    ("driver.c", &["-DOBJECT=\"\\\\Callback\\\\Failed\"", "-DFAIL"]),
    ("unlinked.c", &["-Wl,--as-needed"]),
    ("poisoned.c", &["-DPLAIN", "-O2"]),
    ("poisoned.c", &["-DRELEASE", "-O2"]),
    ("poisoned.c", &["-DLEAVE", "-O2"]),
    ("throws.cpp", &[]),
    ("throws.cpp", &["-DENTRY"]),
];

/// Has all of it in `folder`, with what has been built in Rust.
pub(super) fn fixtures(machine: &Machine, folder: &Path) -> Result<()> {
    let built = built(machine.target);
    let copy = |from: &Path, to: &str| {
        fs::copy(from, folder.join(to)).with_context(|| format!("{} is missing", from.display())).map(|_| ())
    };
    copy(&built.join("callback_object_host.dll"), "callback_object.dll")?;
    for example in RUST {
        let file = format!("{example}.dll");
        copy(&built.join("examples").join(&file), &file)?;
    }
    import_library::make(machine.dlltool, machine.is_x86(), folder)?;
    for (source, flags) in PROGRAMS {
        compile(machine, folder, source, flags, ".exe")?;
    }
    for (source, flags) in DRIVERS {
        compile(machine, folder, source, flags, ".dll")?;
    }
    Ok(())
}

fn compile(machine: &Machine, folder: &Path, source: &str, flags: &[&str], extension: &str) -> Result<()> {
    let cpp = Path::new(source).extension().is_some_and(|e| e == "cpp");
    let mut file = Path::new(source).with_extension("").display().to_string();
    for flag in flags {
        let words = flag.split(|c: char| !c.is_ascii_alphanumeric());
        file.extend(words.filter(|word| !word.is_empty()).map(|word| format!("_{word}")));
    }
    let mut compile = Command::new(if cpp { machine.cpp } else { machine.cc });
    compile
        .arg(if cpp { "-std=c++17" } else { "-std=gnu11" })
        .args(["-g", "-O1", "-Wall", "-Wextra", "-Werror", "-static"])
        .args(if extension == ".dll" { &["-shared"][..] } else { &[] })
        .args(flags)
        .arg("-Icrates/callback-object-sys/include")
        .arg(Path::new(HERE).join("tests/c").join(source))
        .arg("-o")
        .arg(folder.join(file + extension))
        .arg(folder.join("libcallback_object.dll.a"))
        .arg("-lpthread");
    output("building what the tests of callback objects load", &mut compile).map(|_| ())
}
