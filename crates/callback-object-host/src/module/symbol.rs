//! Functions that an image does not export: their names stand in the file's own symbol table.

use object::{Object, ObjectSymbol, SymbolKind};

use super::Module;

/// The function at or before an address, and the distance from its beginning. `None` if the file cannot be
/// read or has been stripped.
pub(super) fn in_file(module: &Module, address: usize) -> Option<(String, usize)> {
    let bytes = std::fs::read(module.path()).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let wanted = u64::try_from(address.checked_sub(module.bias)?).ok()?;
    let symbol = file.symbols().find(|symbol| {
        symbol.kind() == SymbolKind::Text
            && (symbol.address()..symbol.address() + symbol.size().max(1)).contains(&wanted)
    })?;
    let offset = usize::try_from(wanted - symbol.address()).ok()?;
    Some((readable(symbol.name().ok()?), offset))
}

/// Rust and C++ names as their authors wrote them.
pub(super) fn readable(name: &str) -> String {
    let rust = rustc_demangle::demangle(name);
    let text = format!("{rust:#}");
    if text != name {
        return text;
    }
    cpp_demangle::Symbol::new(name)
        .ok()
        .and_then(|symbol| symbol.demangle().ok())
        .unwrap_or_else(|| name.to_owned())
}
