//! Libraries and a program in C and C++, for the tests of the engine and for comparison.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::machine::Machine;
use crate::platform::output;

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
