//! What a file that the loader refused turns out to be.
//!
//! The loader has one sentence for many reasons. A look at the file tells a linker script from a damaged library,
//! a library for another machine from one for Windows, and a missing file from a missing dependency of a file
//! that is there. Any file may be looked at; nothing in it is trusted.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use pinvoke_abi::target::{Os, Target};

use super::error::{Attempt, LoaderMessage};
pub use super::finding::Finding;
use super::installed::{self, Source};
use super::probe::{self, Candidate, Place};
use super::{dependencies, file, pe};

/// What there is to say about a file that could not be loaded. Empty if it looks like a sound library.
///
/// ```
/// use pinvoke::library::diagnose::{Finding, examine};
///
/// // What development packages of Linux install as libc.so, and what the loader calls an "invalid ELF header":
/// let path = std::env::temp_dir().join(format!("pinvoke-examine-{}.so", std::process::id()));
/// std::fs::write(&path, "/* GNU ld script */\nGROUP ( /lib/libc.so.6 AS_NEEDED ( /lib/ld.so ) )\n")?;
/// let findings = examine(&path);
/// std::fs::remove_file(&path)?;
/// assert!(matches!(&findings[..], [Finding::LinkerScript { names }] if names[0] == "/lib/libc.so.6"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn examine(path: &Path) -> Vec<Finding> {
    examine_with(path, &installed::system())
}

/// [`examine`], with the places where libraries are installed at hand.
pub(super) fn examine_with(path: &Path, system: &[Source]) -> Vec<Finding> {
    match file::finding(path) {
        Some(finding) => vec![finding],
        None => match Target::HOST.os {
            Os::Linux => dependencies::findings(path, system),
            Os::WindowsMsvc | Os::WindowsGnu => pe::missing_dependencies(path, system),
            Os::MacOs => Vec::new(),
        },
    }
}

/// The file that a candidate means: the path itself, or where the loader finds the bare name. `None` if there is
/// none.
pub(super) fn locate(candidate: &OsStr, system: &[Source]) -> Option<PathBuf> {
    if probe::is_path(candidate, Target::HOST.os) {
        let path = PathBuf::from(candidate);
        return match fs::symlink_metadata(&path) {
            Ok(_) => Some(path),
            // A directory on the way may be closed to this process.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some(path),
            Err(_) => None,
        };
    }
    // A long name cannot be a file, and the system says so in many ways.
    if candidate.len() > 255 {
        return None;
    }
    system.iter().find_map(|source| source.find(candidate))
}

/// Looks at the file that the loader refused.
pub(super) fn attempt(candidate: Candidate, message: LoaderMessage, system: &[Source]) -> Attempt {
    let file = match candidate.place {
        Place::OwnProcess => None,
        _ => locate(&candidate.file, system),
    };
    let findings = file.as_deref().map(|file| examine_with(file, system)).unwrap_or_default();
    Attempt { candidate, message, file, findings }
}
