//! What to do about a library that could not be loaded: at most a few sentences, the most specific first.

use std::ffi::OsStr;

use pinvoke_abi::target::{Os, Target};

use super::error::Attempt;
use super::finding::Finding;
use super::installed;
use super::probe;

pub(super) fn advice<'a>(name: &OsStr, attempts: impl Iterator<Item = &'a Attempt>) -> Vec<String> {
    let mut met_a_file = false;
    let mut advice = Vec::new();
    let mut add = |sentence: String| {
        if !advice.contains(&sentence) {
            advice.push(sentence);
        }
    };
    for attempt in attempts {
        met_a_file |= attempt.file.is_some();
        for finding in &attempt.findings {
            if let Some(sentence) = about_finding(finding) {
                add(sentence);
            }
        }
        if let Some(sentence) = about_message(&attempt.message.0) {
            add(sentence.to_owned());
        }
    }
    if !met_a_file {
        for sentence in about_absence(name) {
            add(sentence);
        }
    }
    advice
}

fn about_finding(finding: &Finding) -> Option<String> {
    Some(match finding {
        Finding::LinkerScript { names } => {
            let library = names.first()?;
            format!("use {library}, which the script stands for")
        }
        Finding::OtherMachine { process, .. } => {
            format!(
                "install the {process} build of the library, or run a program built for the library's machine"
            )
        }
        Finding::Foreign { .. } => "use the build of the library for this system".to_owned(),
        Finding::StaticLibrary => "use the shared library, or link the archive into one".to_owned(),
        Finding::MissingDependency { elsewhere: Some(path), .. } => {
            let directory = path.parent()?.display();
            match Target::HOST.os {
                Os::WindowsMsvc | Os::WindowsGnu => {
                    format!("put it beside the library, or add {directory} to PATH")
                }
                os @ Os::MacOs => format!("set {}={directory}", search_variable(os)),
                os @ Os::Linux => format!(
                    "set {}={directory}, or run ldconfig if it is a directory of /etc/ld.so.conf",
                    search_variable(os)
                ),
            }
        }
        Finding::MissingDependency { name, elsewhere: None, .. } => {
            format!("install the library that provides {}", name.display())
        }
        Finding::CutShort { .. } | Finding::Damaged { .. } | Finding::Empty => {
            "install the library again; the file is not whole".to_owned()
        }
        Finding::DanglingLink { .. } => {
            "install the library again; the file the link leads to is gone".to_owned()
        }
        Finding::BadDependency { finding, .. } => return about_finding(finding),
        Finding::Directory
        | Finding::NotAFile
        | Finding::NoPermission
        | Finding::Unreadable { .. }
        | Finding::Text { .. }
        | Finding::ObjectFile
        | Finding::Executable
        | Finding::NotALibrary
        | Finding::Unrecognised => return None,
    })
}

/// Messages of the loader that need an explanation.
fn about_message(message: &str) -> Option<&'static str> {
    if message.contains("version `GLIBC_") {
        return Some("the library was built for a newer C library than this system has");
    }
    if message.contains("version `GLIBCXX_") || message.contains("version `CXXABI_") {
        return Some("the library was built with a newer C++ compiler than this system's runtime belongs to");
    }
    if message.contains("failed to map segment") {
        return Some(
            "the file system may be mounted noexec, or a security policy forbids executing the file",
        );
    }
    if message.contains("static TLS") {
        return Some("load the library earlier, or start the program with LD_PRELOAD naming it");
    }
    if message.contains("undefined symbol") {
        return Some(
            "a library that should define the symbol is of another version, or was not linked with this one",
        );
    }
    None
}

/// Where a user adds directories for the loader.
fn search_variable(os: Os) -> &'static str {
    match os {
        Os::Linux => "LD_LIBRARY_PATH",
        Os::MacOs => "DYLD_LIBRARY_PATH",
        Os::WindowsMsvc | Os::WindowsGnu => "PATH",
    }
}

/// No attempt met a file.
fn about_absence(name: &OsStr) -> Vec<String> {
    let os = Target::HOST.os;
    let mut advice = Vec::new();
    let text = name.to_string_lossy();
    let foreign = [".dll", ".dylib", ".so"]
        .into_iter()
        .find(|suffix| *suffix != probe::suffix(os) && text.to_ascii_lowercase().ends_with(suffix));
    if let Some(suffix) = foreign {
        let stem = &text[..text.len() - suffix.len()];
        advice
            .push(format!("{suffix} is the suffix of another system; the name {stem:?} serves every system"));
    }
    let near = near_names(&text);
    if !near.is_empty() {
        advice.push(format!("libraries with similar names are installed: {}", near.join(", ")));
    }
    let variable = search_variable(os);
    advice.push(format!(
        "install the library, name its path, or add its directory to the search directories or to {variable}"
    ));
    advice
}

/// Installed libraries whose names, prefix, suffix and version aside, are like this one.
fn near_names(name: &str) -> Vec<String> {
    let wanted = core(name);
    let length = wanted.chars().count();
    let limit = match length {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    let mut near: Vec<(usize, String)> = installed::loader_cache()
        .into_iter()
        .filter_map(|entry| {
            let core = core(&entry.name);
            // A distance is at least the difference in length; measuring costs the product of the lengths.
            if core.chars().count().abs_diff(length) > limit {
                return None;
            }
            let distance = strsim::damerau_levenshtein(core, wanted);
            (distance <= limit).then_some((distance, entry.name))
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().map(|(_, name)| name).take(5).collect()
}

/// `z` of `libz.so.1`.
fn core(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = name.strip_prefix("lib").unwrap_or(name);
    name.split(".so").next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_need_an_explanation() {
        // As glibc writes them (elf/dl-version.c, elf/dl-load.c, elf/dl-reloc.c, elf/dl-lookup.c).
        let table = [
            ("/lib/libc.so.6: version `GLIBC_2.99' not found (required by ./liba.so)", "newer C library"),
            ("/lib/libstdc++.so.6: version `GLIBCXX_3.4.99' not found (required by ./a)", "C++"),
            ("/mnt/liba.so: failed to map segment from shared object", "noexec"),
            ("/lib/liba.so: cannot allocate memory in static TLS block", "LD_PRELOAD"),
            ("/lib/liba.so: undefined symbol: foo", "define the symbol"),
        ];
        for (message, expected) in table {
            let advice = about_message(message).unwrap_or_default();
            assert!(advice.contains(expected), "{message}: {advice}");
        }
        assert_eq!(about_message("a.so: cannot open shared object file: No such file or directory"), None);
    }

    #[test]
    fn the_core_of_a_name() {
        for (name, expected) in [("libz.so.1", "z"), ("z", "z"), ("/usr/lib/libz.so", "z"), ("libfoo", "foo")]
        {
            assert_eq!(core(name), expected);
        }
    }
}
