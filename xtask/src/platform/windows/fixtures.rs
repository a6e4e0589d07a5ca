//! Libraries and a program in C and C++, for the tests of the engine and for comparison.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::machine::Machine;
use crate::platform::output;
use crate::run::built;

/// Builds all of it into `folder`.
pub(super) fn build(machine: &Machine, folder: &Path) -> Result<()> {
    let sources = std::path::absolute("crates/pinvoke/tests/windows")?;
    fs::create_dir_all(folder)?;
    let build = |compiler: &str, file: &str, arguments: &[&str]| {
        let mut compile = Command::new(compiler);
        compile.current_dir(folder).arg("-I").arg(&sources).args(["-O1", "-o", file]);
        for argument in arguments {
            match argument.strip_prefix('@') {
                Some(source) => compile.arg(sources.join(source)),
                None => compile.arg(argument),
            };
        }
        output("building what the tests load", &mut compile).map(|_| ())
    };
    let cc = machine.cc;
    build(cc, "numbered.dll", &["-shared", "@numbered.c", "@numbered.def"])?;
    build(machine.other_cc, "other.dll", &["-shared", "@absent.c"])?;
    build(cc, "absent.dll", &["-shared", "@absent.c"])?;
    build(cc, "needs.dll", &["-shared", "@needs.c", "absent.dll"])?;
    build(cc, "outer.dll", &["-shared", "@outer.c", "needs.dll", "absent.dll"])?;
    fs::remove_file(folder.join("absent.dll"))?;
    build(cc, "families.exe", &["@families.c", "-lgdi32"])?;
    // With the runtime of C++ in it, which nobody has installed there. Unoptimised: its faults are to stay.
    build(machine.cpp, "exceptions.dll", &["-O0", "-shared", "-static", "@../exceptions.cpp"])?;
    // What only 32-bit x86 has; elsewhere all conventions are one.
    if machine.is_x86() {
        build(cc, "conventions.dll", &["-shared", "@conventions.c", "-Wl,--kill-at"])?;
        build(cc, "decorated.dll", &["-shared", "@decorated.c", "@decorated.def"])?;
        build(cc, "linked.dll", &["-shared", "@decorated.c"])?;
    }
    Ok(())
}

/// Builds, into a folder of its own, the library of C that the examples of the documentation open. Tests look for none
/// there: Windows has it under other names.
pub(super) fn c_library(machine: &Machine, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for name in ["libc", "libm"] {
        let mut link = Command::new(machine.cc);
        link.args(["-shared", "-static", "-o"]).arg(folder.join(format!("{name}.dll")));
        link.arg(format!("crates/pinvoke/tests/windows/{name}.def"));
        output("building the library of C for examples", &mut link)?;
    }
    Ok(())
}

/// Builds what the tests of declared imports and of calls by prototype compile for themselves where a compiler runs beside
/// them, into the folder in which they look for it.
pub(super) fn build_in_place_of_tests(machine: &Machine) -> Result<()> {
    // Cargo's `CARGO_TARGET_TMPDIR`.
    let folder = built(machine.target).with_file_name("tmp");
    fs::create_dir_all(&folder)?;
    let mut sources =
        vec![("dynamic".to_owned(), Path::new("crates/pinvoke/tests/dynamic/native.c").to_owned())];
    for entry in fs::read_dir("crates/pinvoke/tests/import")? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "c") || !is_for(machine, &path) {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // One is asked for by another name.
        let name = if name == "callbacks" { "pinvoke_callbacks".to_owned() } else { name };
        sources.push((name, path));
    }
    for (name, source) in sources {
        let mut compile = Command::new(machine.cc);
        compile.args(["-shared", "-static", "-O1", "-Wall", "-Werror", "-o"]);
        compile.arg(folder.join(format!("{name}.dll"))).arg(source).args(["-lpthread", "-loleaut32"]);
        output("building what the tests load", &mut compile)?;
    }
    Ok(())
}

/// Whether C has the types of a source on a machine: integers of 128 bits are for 64 bits.
fn is_for(machine: &Machine, source: &Path) -> bool {
    !machine.is_x86() || !source.ends_with("wide.c")
}
