//! `pinvoke exports`: what a library exports, read from its file.

use std::fmt::Write as _;
use std::path::Path;

use pinvoke::library::exports::{self, Export, ExportKind};
use serde_json::json;

use super::finding;
use crate::cli::Exports;
use crate::demangle::demangle;
use crate::failure::{Failure, Kind};
use crate::report::{Report, Shown};
use crate::terminal::{DIM, NAME, styled};

/// Lists the exports. A path is read as it is, even for another system; a name is probed for, which loads
/// the library.
pub(crate) fn run(command: &Exports) -> Result<Report, Failure> {
    let path = Path::new(&command.library);
    let is_path = command.library.contains(std::path::is_separator);
    let (title, list) = if is_path && path.is_file() {
        (command.library.clone(), exports::read(path))
    } else {
        let library = finding::library(&command.library, &command.search)?;
        (finding::title(&library), library.exports())
    };
    let mut list = list.map_err(|error| Failure::from_error(Kind::NotFound, &error))?;
    list.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = String::new();
    let mut found = Vec::new();
    for export in list.iter().filter(|export| command.all || export.kind.may_be_code()) {
        let demangled = demangle(&export.name);
        let readable = if command.mangled { None } else { demangled.as_deref() };
        let names = [Some(export.name.as_str()), demangled.as_deref()];
        let wanted = |filter: &String| names.iter().flatten().any(|name| matches(filter, name));
        if !command.filter.as_ref().is_none_or(wanted) {
            continue;
        }
        let _ = writeln!(text, "{}", line(export, readable, command.all));
        found.push(json!({
            "name": export.name,
            "demangled": demangled,
            "kind": export.kind.to_string(),
            "version": export.version.as_ref().map(|version| version.name.clone()),
            "default_version": export.version.as_ref().map(|version| version.default),
            "address": export.address,
            "size": export.size,
            "weak": export.weak,
            "ordinal": export.ordinal,
            "forwarded_to": export.forwarded_to,
        }));
    }
    if found.is_empty() {
        let what = if command.all { "symbol" } else { "function" };
        return Err(match &command.filter {
            Some(filter) => {
                Failure::new(Kind::NotFound, format!("{title} exports no {what} that matches '{filter}'"))
            }
            None => Failure::new(Kind::NotFound, format!("{title} exports no {what}")),
        });
    }
    Ok(Report::Rendered(Shown { text, json: json!({ "library": title, "exports": found }) }))
}

fn line(export: &Export, readable: Option<&str>, kinds: bool) -> String {
    let mut line = styled(NAME, readable.unwrap_or(&export.name));
    if let Some(version) = &export.version {
        let at = if version.default { "@@" } else { "@" };
        line.push_str(&styled(DIM, format!("{at}{}", version.name)));
    }
    if let Some(ordinal) = export.ordinal.filter(|number| export.name != format!("#{number}")) {
        line.push_str(&styled(DIM, format!("  #{ordinal}")));
    }
    if let Some(place) = &export.forwarded_to {
        line.push_str(&styled(DIM, format!(" -> {place}")));
    } else if kinds && !matches!(export.kind, ExportKind::Function) {
        line.push_str(&styled(DIM, format!("  ({})", export.kind)));
    }
    line
}

/// Whether a name contains the filter, or matches it where it has `*` (any text) or `?` (one character).
fn matches(filter: &str, name: &str) -> bool {
    if !filter.contains(['*', '?']) {
        return name.contains(filter);
    }
    let (filter, name): (Vec<char>, Vec<char>) = (filter.chars().collect(), name.chars().collect());
    // The last star and how much of the name it has swallowed: enough to go back to, as no earlier star
    // could do better.
    let (mut f, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match filter.get(f) {
            Some('*') => {
                star = Some((f, n));
                f += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                f += 1;
                n += 1;
            }
            _ => match star {
                Some((at, swallowed)) => {
                    f = at + 1;
                    n = swallowed + 1;
                    star = Some((at, n));
                }
                None => return false,
            },
        }
    }
    filter[f..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_substrings_or_patterns() {
        for (filter, name, expected) in [
            ("flate", "inflateInit_", true),
            ("flate", "crc32", false),
            ("inflate*", "inflateInit_", true),
            ("inflate*", "zinflate", false),
            ("*Init?", "inflateInit_", true),
            ("*Init?", "inflateInit2_", false),
            ("*a*b*c", "xaybzc", true),
            ("*a*b*c", "xaybz", false),
            ("*", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(filter, name), expected, "{filter} {name}");
        }
    }
}
