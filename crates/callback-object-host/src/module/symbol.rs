//! Functions that an image does not export: their names stand in the file's own symbol table.

use object::{Architecture, BinaryFormat, Object, ObjectSymbol, SymbolKind};

use super::Module;

/// The function at or before an address, and the distance from its beginning. `None` if the file cannot be
/// read or has been stripped.
pub(super) fn in_file(module: &Module, address: usize) -> Option<(String, usize)> {
    let bytes = std::fs::read(module.path()).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    // Files of Windows name the address that the image would like; others begin at 0.
    let base = file.relative_address_base();
    let wanted = base.checked_add(u64::try_from(address.checked_sub(module.bias)?).ok()?)?;
    // Where files say how long a function is, it has to reach that far.
    let sized = |symbol: &object::Symbol<'_, '_>| match symbol.size() {
        0 => true,
        size => wanted < symbol.address() + size,
    };
    let symbol = file
        .symbols()
        .filter(|s| s.kind() == SymbolKind::Text && s.is_definition() && s.address() <= wanted && sized(s))
        .max_by_key(ObjectSymbol::address)?;
    let offset = usize::try_from(wanted - symbol.address()).ok()?;
    let name = symbol.name().ok()?;
    let is_decorated = file.architecture() == Architecture::I386 && file.format() == BinaryFormat::Pe;
    Some((readable(if is_decorated { undecorated(name) } else { name }), offset))
}

/// Without what 32-bit Windows adds to names in C: `_cdecl`, `_stdcall@8`, `@fastcall@8`.
fn undecorated(name: &str) -> &str {
    let plain = name.strip_prefix(['_', '@']).unwrap_or(name);
    match plain.rsplit_once('@') {
        Some((before, bytes)) if !before.is_empty() && bytes.bytes().all(|b| b.is_ascii_digit()) => before,
        _ => plain,
    }
}

/// Rust and C++ names as their authors wrote them. Whatever else is a name of C, short ones too, which a demangler takes
/// for types of C++.
pub(super) fn readable(name: &str) -> String {
    let rust = rustc_demangle::demangle(name);
    let text = format!("{rust:#}");
    if text != name {
        return text;
    }
    let cpp = name.starts_with("_Z").then(|| cpp_demangle::Symbol::new(name).ok()?.demangle().ok());
    cpp.flatten().unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{readable, undecorated};

    #[test]
    fn names_are_those_of_their_languages() {
        for (name, readable_) in [
            ("_Z7routinePvS_S_", "routine(void*, void*, void*)"),
            ("_ZN7Monitor5everyEPvS0_S0_", "Monitor::every(void*, void*, void*)"),
            ("_RNvC5audit6follow", "audit::follow"),
            ("DriverEntry", "DriverEntry"),
            ("Rt", "Rt"),
            ("i", "i"),
            ("PKc", "PKc"),
            ("_Zebra", "_Zebra"),
        ] {
            assert_eq!(readable(name), readable_);
        }
    }

    #[test]
    fn decorations_are_taken_off() {
        for (decorated, plain) in [
            ("_routine@12", "routine"),
            ("@quick@8", "quick"),
            ("_main", "main"),
            ("__ZN4core3fmt5writeE", "_ZN4core3fmt5writeE"),
            ("routine", "routine"),
            ("_odd@name", "odd@name"),
        ] {
            assert_eq!(undecorated(decorated), plain);
        }
    }
}
