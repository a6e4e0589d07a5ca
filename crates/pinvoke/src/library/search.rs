//! The search: candidates in the order of probing, then versioned files, handed out one at a time.

use core::ops::ControlFlow;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pinvoke_abi::target::Target;

use super::probe::{self, Candidate, ProbeOptions};
use super::{installed, versioned};

/// Hands every candidate for `name` to `visit` until that breaks.
///
/// The directories that versioned files come from are listed only when all other candidates have been visited.
pub(super) fn each_candidate<B>(
    name: &OsStr,
    options: &ProbeOptions,
    mut visit: impl FnMut(Candidate) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let os = Target::HOST.os;
    let program = program_directory();
    for candidate in probe::candidates(name, os, program.as_deref(), options) {
        visit(candidate)?;
    }
    if !options.versioned {
        return ControlFlow::Continue(());
    }
    let sources = installed::sources(options, program.as_deref());
    // The same file may be in the cache and in a directory.
    let mut visited = HashSet::new();
    for stem in versioned::stems(name, os) {
        for source in &sources {
            for candidate in stem.newest_first(source.files(), &source.place) {
                if visited.insert(candidate.file.clone()) {
                    visit(candidate)?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

fn program_directory() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.parent().map(Path::to_owned)
}
