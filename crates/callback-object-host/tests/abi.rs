//! The binary interface: what the shared library exports, under which name it is asked for, and how the
//! structures are laid out. A change of any of these breaks programs that are compiled already.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSymbol};
use support::{Made, compile, library, passes};

/// Compares with a file that `cargo xtask bless` rewrites; what is taken out of it is a new soname.
fn check(name: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abi").join(name);
    if std::env::var_os("PINVOKE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == now, "the binary interface is not that of {}:\n{now}", path.display());
}

#[test]
fn exported_symbols() {
    let bytes = std::fs::read(library()).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let exported: BTreeSet<&str> = file
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.is_global())
        .map(|symbol| symbol.name().unwrap())
        .collect();
    let list: String = exported.iter().map(|name| format!("{name}\n")).collect();
    check("symbols.txt", &list);

    // And each of them is declared in the header, but for the one that hosts in Rust call.
    let header = std::fs::read_to_string(support::include().join("callback_object.h")).unwrap();
    for name in exported {
        let declared = header.contains(&format!("NTAPI {name}("));
        assert_eq!(declared, name != "CboAdoptImplementation", "{name}");
    }
}

#[test]
fn name_of_the_library() {
    let output = Command::new("readelf").args(["-d", "-W"]).arg(library()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Library soname: [libcallback_object.so.0]"), "{text}");
    // Programs keep the version they were linked with until that number changes.
    assert!(env!("CARGO_PKG_VERSION").starts_with("0."));
}

#[test]
fn layout_of_structures() {
    let program = compile("layouts.c", Made::Program, &[]);
    check(&format!("layouts-{}.txt", usize::BITS), &passes(&mut Command::new(program)));
}

/// The program above names everything that the header fixes.
#[test]
fn every_structure_and_constant_is_looked_at() {
    let header = std::fs::read_to_string(support::include().join("callback_object.h")).unwrap();
    let program = std::fs::read_to_string(support::source("layouts.c")).unwrap();
    let looked_at = |what: String| assert!(program.contains(&what), "layouts.c has no {what}");
    let mut structure = None;
    for line in header.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["typedef", "struct", name, "{"] => structure = name.strip_prefix('_'),
            ["}", _] => structure = None,
            ["#define", name, value] if value.starts_with("((") && !name.contains('(') => {
                looked_at(format!("VALUE({name})"));
            }
            [name, "=", _] => looked_at(format!("VALUE({name})")),
            _ => {}
        }
        if let Some(structure) = structure {
            looked_at(format!("SIZE({structure})"));
            if let Some(member) = member(line) {
                looked_at(format!("AT({structure}, {member})"));
            }
        }
    }
}

/// The name of the member that a line of a structure declares or begins to declare.
fn member(line: &str) -> Option<&str> {
    let declaration =
        line.strip_prefix("    ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    if let Some((_, function)) = declaration.split_once("(NTAPI *") {
        return function.split(')').next();
    }
    declaration.split_whitespace().last()?.trim_start_matches('*').split([';', '[']).next()
}
