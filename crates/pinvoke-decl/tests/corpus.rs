//! Texts and what is understood of them, as a dump that people can read and check.
//!
//! `PINVOKE_BLESS=1 cargo test -p pinvoke-decl --test corpus` writes the dumps anew; the difference is
//! then read by a person before it is committed.

use std::fmt::Write as _;
use std::path::Path;

use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;
use pinvoke_decl::types::{TypeId, TypeKind, TypeTable};

fn members(out: &mut String, types: &TypeTable, id: TypeId, base: u64, indent: usize) {
    let (TypeKind::Struct(record) | TypeKind::Union(record)) = &types.get(id).kind else { return };
    for field in &record.fields {
        let name = field.name.as_deref().unwrap_or("");
        let at = base + field.offset;
        _ = write!(out, "{:indent$}{at:>4}  {}", "", types.declare(field.ty, name));
        match field.bits {
            Some(bits) => _ = writeln!(out, " : {} (from bit {})", bits.width, bits.start),
            None => out.push('\n'),
        }
        if field.name.is_none() {
            members(out, types, field.ty, at, indent + 2);
        }
    }
}

fn dump(name: &str, text: &str, target: Target) -> String {
    let mut unit = Unit::new(target);
    let mut out = format!("== {target}\n");
    for problem in unit.parse(name, text) {
        out.push_str(&problem.render());
    }
    for declared in unit.last_declared().map(|d| d.name).collect::<Vec<_>>() {
        if let Ok(function) = unit.function(&declared) {
            _ = writeln!(out, "{function};");
        } else if let Ok(variable) = unit.variable(&declared) {
            _ = writeln!(out, "extern {};", variable.types.declare(variable.ty, &declared));
        }
    }
    for name in unit.type_names() {
        let Ok((types, id)) = unit.type_named(&name) else { continue };
        match (&types.get(id).layout, &types.get(id).kind) {
            (Some(layout), kind) => {
                _ = writeln!(out, "{name}: size {}, align {}", layout.size, layout.align);
                if let TypeKind::Enum(e) = kind {
                    for (name, value) in &e.constants {
                        _ = writeln!(out, "  {name} = {value}");
                    }
                }
                members(&mut out, &types, id, 0, 2);
            }
            (None, _) => _ = writeln!(out, "{name}: incomplete"),
        }
    }
    out
}

#[track_caller]
fn check(name: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let text = std::fs::read_to_string(dir.join(name)).expect("a corpus file");
    let targets = [Target::X86_64_LINUX, Target::X86_64_WINDOWS];
    let found = targets.map(|target| dump(name, &text, target)).concat();
    let file = dir.join(name).with_extension("txt");
    if std::env::var_os("PINVOKE_BLESS").is_some() {
        std::fs::write(&file, &found).expect("a writable corpus");
    }
    let expected = std::fs::read_to_string(&file).expect("a dump; run with PINVOKE_BLESS=1 once");
    assert_eq!(found, expected, "{}", file.display());
}

#[test]
fn traps() {
    check("traps.h");
}

#[test]
fn manual() {
    check("manual.h");
}

#[test]
fn errors() {
    check("errors.h");
}
