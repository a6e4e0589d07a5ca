//! The import library of `callback_object.dll`, which MinGW's linker wants: cargo's names a file that is called otherwise.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Where the header is.
pub(crate) const INCLUDE: &str = "crates/callback-object-sys/include";

/// Makes `libcallback_object.dll.a` in `folder`, and the list of names it comes from. On 32-bit x86 C programs ask for
/// names that say how many bytes a function removes from the stack; the library exports plain ones.
pub(crate) fn make(dlltool: &str, is_x86: bool, folder: &Path) -> Result<()> {
    let names = fs::read_to_string("crates/callback-object-host/tests/abi/symbols.txt")?;
    let header = fs::read_to_string(Path::new(INCLUDE).join("callback_object.h"))?;
    let mut text = String::from("LIBRARY callback_object.dll\nEXPORTS\n");
    for name in names.lines() {
        if is_x86 {
            writeln!(text, "{name}@{}", argument_bytes(&header, name)?)?;
        } else {
            writeln!(text, "{name}")?;
        }
    }
    let definitions = folder.join("callback_object.def");
    fs::write(&definitions, text)?;
    let mut make = Command::new(dlltool);
    make.arg("--kill-at").arg("-d").arg(&definitions).arg("-l").arg(folder.join("libcallback_object.dll.a"));
    let status = make.stdin(Stdio::null()).status().with_context(|| format!("{dlltool} does not start"))?;
    ensure!(status.success(), "{make:?} ended with {status}");
    Ok(())
}

/// What the arguments of a function of the interface take on the stack of 32-bit x86: pointers and integers of 4 bytes
/// or less, so a word each.
fn argument_bytes(header: &str, name: &str) -> Result<usize> {
    // The one that is not in the header: images of Rust hand each other an address.
    if name == "CboAdoptImplementation" {
        return Ok(4);
    }
    let begin = format!("NTAPI {name}(");
    let Some((_, rest)) = header.split_once(&begin) else { bail!("{name} is not in the header") };
    let (parameters, _) = rest.split_once(");").context("the declaration ends")?;
    ensure!(
        !parameters.contains("64") && !parameters.contains('('),
        "the size of {parameters:?} is not known"
    );
    Ok(match parameters.trim() {
        "void" => 0,
        parameters => 4 * parameters.split(',').count(),
    })
}

#[cfg(test)]
mod tests {
    use super::argument_bytes;

    #[test]
    fn arguments_are_words() {
        let header = "LONG_PTR NTAPI One(PVOID Object);\nKIRQL NTAPI None(void);\nVOID NTAPI Three(\n  A a,\n  B b,\n  C *c);\n";
        let bytes = |name| argument_bytes(header, name).ok();
        assert_eq!(
            (bytes("One"), bytes("None"), bytes("Three"), bytes("Four")),
            (Some(4), Some(0), Some(12), None)
        );
    }
}
