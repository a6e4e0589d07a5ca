//! The libraries that a library needs, found as the loader of Linux finds them, to name the one that is missing.
//!
//! When a dependency is missing the loader refuses the whole library and names only the first it did not find,
//! in a message that reads as if the library itself were missing. Here the needed names (`DT_NEEDED`) are followed
//! breadth first through every library, in the order of `ld.so(8)`: what is loaded already; the `RPATH` of the
//! library and of those that lead to it, unless it has a `RUNPATH`; `LD_LIBRARY_PATH`; the `RUNPATH`; the cache and
//! the default directories. `$ORIGIN`, `$LIB` and `$PLATFORM` are replaced as there.

use std::collections::{HashSet, VecDeque};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinvoke_abi::target::{Arch, Target};

use super::elf::{self, Elf, Machine};
use super::finding::Finding;
use super::installed::{self, Source};
use super::probe::Place;
use super::{file, os};

/// More libraries than this are not followed.
const MAX_LIBRARIES: usize = 1000;

/// A library whose dependencies are to be found.
struct Requester {
    path: PathBuf,
    elf: Elf,
    /// The `RPATH` directories of this library and of those that lead to it.
    inherited: Arc<Vec<PathBuf>>,
}

/// Everything that is wrong with the dependencies of the library at `path`.
pub(super) fn findings(path: &Path, sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = HashSet::new();
    let mut queue: VecDeque<Requester> = requester(path, &Arc::default()).into_iter().collect();
    while let Some(library) = queue.pop_front() {
        for name in &library.elf.needed {
            if seen.len() >= MAX_LIBRARIES || !seen.insert(name.clone()) || os::is_loaded(name) {
                continue;
            }
            match resolve(name, &library, sources) {
                Some(found) => match file::finding(&found) {
                    Some(finding) => {
                        findings.push(Finding::BadDependency { path: found, finding: Box::new(finding) });
                    }
                    None => queue.extend(requester(&found, &library.inherited)),
                },
                None => findings.push(Finding::MissingDependency {
                    name: name.clone(),
                    needed_by: (library.path != path).then(|| library.path.clone()),
                    elsewhere: elsewhere(name, &library, sources),
                }),
            }
        }
    }
    findings
}

fn requester(path: &Path, inherited: &Arc<Vec<PathBuf>>) -> Option<Requester> {
    let elf = elf::read(path).ok()??;
    let inherited = match (&elf.rpath, &elf.runpath) {
        (Some(rpath), None) => {
            let mut directories = expand(rpath, path);
            directories.extend_from_slice(inherited);
            Arc::new(directories)
        }
        _ => Arc::clone(inherited),
    };
    Some(Requester { path: path.to_owned(), elf, inherited })
}

/// The file that the loader takes for a needed name.
fn resolve(name: &OsStr, library: &Requester, sources: &[Source]) -> Option<PathBuf> {
    if name.as_encoded_bytes().contains(&b'/') {
        return expand(name, &library.path).into_iter().find(|path| path.exists());
    }
    let in_directories = |directories: &[PathBuf]| {
        directories.iter().map(|directory| directory.join(name)).find(|path| usable(path))
    };
    // A library with a RUNPATH neither uses nor hands on any RPATH, its own or another's.
    if library.elf.runpath.is_none()
        && let Some(path) = in_directories(&library.inherited)
    {
        return Some(path);
    }
    let in_sources = |wanted: fn(&Place) -> bool| {
        let sources = sources.iter().filter(|source| source.loader_looks && wanted(&source.place));
        sources.filter_map(|source| source.find(name)).find(|path| usable(path))
    };
    if let Some(path) = in_sources(|place| *place == Place::Environment) {
        return Some(path);
    }
    if let Some(runpath) = &library.elf.runpath
        && let Some(path) = in_directories(&expand(runpath, &library.path))
    {
        return Some(path);
    }
    if library.elf.no_default_directories {
        return None;
    }
    in_sources(|place| *place != Place::Environment)
}

/// The loader passes over files for another machine, and goes on.
fn usable(path: &Path) -> bool {
    path.exists() && !matches!(elf::read(path), Ok(Some(elf)) if elf.machine != Machine::HOST)
}

/// Where a file of this name stands although the loader does not look there: beside the library, or in a directory
/// of the configuration that the cache does not know yet.
fn elsewhere(name: &OsStr, library: &Requester, sources: &[Source]) -> Option<PathBuf> {
    let beside = library.path.parent().map(|directory| directory.join(name));
    beside
        .into_iter()
        .chain(sources.iter().filter(|source| !source.loader_looks).filter_map(|source| source.find(name)))
        .find(|path| usable(path))
}

/// The directories of a path list, with the loader's tokens replaced. `$LIB` has one value per distribution, so
/// each is given.
fn expand(list: &OsStr, library: &Path) -> Vec<PathBuf> {
    let origin = std::path::absolute(library).unwrap_or_else(|_| library.to_owned());
    let origin = origin.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned();
    let (platform, word) = match Target::HOST.arch {
        Arch::X86_64 => ("x86_64", "lib64"),
        Arch::X86 => ("i686", "lib"),
        Arch::Aarch64 => ("aarch64", "lib64"),
        Arch::Riscv64 => ("riscv64", "lib64"),
    };
    let replace = |text: &str, token: &str, value: &str| {
        text.replace(&format!("${{{token}}}"), value).replace(&format!("${token}"), value)
    };
    let mut directories = Vec::new();
    for element in list.to_string_lossy().split(':').filter(|element| !element.is_empty()) {
        let element = replace(&replace(element, "ORIGIN", &origin), "PLATFORM", platform);
        if element.contains("$LIB") || element.contains("${LIB}") {
            let multiarch = format!("lib/{}", installed::multiarch(Target::HOST.arch)[0]);
            for value in [multiarch.as_str(), word, "lib"] {
                directories.push(PathBuf::from(replace(&element, "LIB", value)));
            }
        } else {
            directories.push(PathBuf::from(element));
        }
    }
    directories
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced() {
        let expand = |list: &str| expand(OsStr::new(list), Path::new("/opt/x/liba.so"));
        assert_eq!(expand("$ORIGIN/../lib:/y"), [Path::new("/opt/x/../lib"), Path::new("/y")]);
        assert_eq!(expand("${ORIGIN}"), [Path::new("/opt/x")]);
        assert_eq!(expand("::"), Vec::<PathBuf>::new());
        let lib = expand("/usr/$LIB");
        assert!(lib.contains(&PathBuf::from("/usr/lib")), "{lib:?}");
    }
}
