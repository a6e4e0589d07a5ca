//! Functions that an image does not export: their names stand in the file's own symbol table.

use object::{Object, ObjectSymbol, SymbolKind};

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
