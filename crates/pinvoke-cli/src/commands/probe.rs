//! `pinvoke probe`: what would be tried to find a library, and what is found.

use std::fmt::Write as _;

use pinvoke::library::probe::{Candidate, candidates};
use pinvoke::library::{Library, LoadError};
use pinvoke_abi::target::Os;
use serde_json::json;

use super::finding;
use crate::cli::{Probe, ProbeOs};
use crate::failure::{Failure, Kind};
use crate::isolate::worker;
use crate::native::Phase;
use crate::report::{Report, Shown};
use crate::terminal::{BAD, DIM, GOOD, styled};

/// What another system would try. Nothing is loaded, so this needs no worker.
pub(crate) fn elsewhere(probe: &Probe, os: ProbeOs) -> Shown {
    let os = match os {
        ProbeOs::Linux => Os::Linux,
        ProbeOs::Macos => Os::MacOs,
        ProbeOs::Windows => Os::WindowsMsvc,
    };
    // The options as given: a directory of that system means nothing here.
    let options = probe.search.iter().fold(Default::default(), |options: pinvoke::library::probe::ProbeOptions, d| {
        options.directory(d)
    });
    let list = candidates(probe.library.as_ref(), os, None, &options);
    let mut text = String::new();
    for (i, candidate) in list.iter().enumerate() {
        let _ = writeln!(text, "{:>3}  {candidate}", i + 1);
    }
    let json = list.iter().map(candidate_json).collect::<Vec<_>>();
    Shown { text, json: json!({ "library": probe.library, "candidates": json }) }
}

fn candidate_json(candidate: &Candidate) -> serde_json::Value {
    json!({
        "file": candidate.file.display().to_string(),
        "spelling": candidate.spelling.to_string(),
        "place": candidate.place.to_string(),
    })
}

/// Looks for the library here.
pub(crate) fn run(probe: &Probe) -> Result<Report, Failure> {
    let name = finding::library_name(&probe.library);
    let options = finding::options(&probe.search);
    worker::flight().enter(Phase::Loading);
    let opened = Library::open_with(&name, &options);
    worker::flight().enter(Phase::Preparing);
    let library = match opened {
        Ok(library) => library,
        Err(error @ LoadError::Refused(_)) => return Err(finding::not_loaded(&error)),
        Err(error) => return Err(Failure::from_error(Kind::NotFound, &error)),
    };
    let title = finding::title(&library);
    let mut text = String::new();
    let mut json = json!({ "library": probe.library, "path": title });
    let _ = writeln!(text, "{} {title}", styled(GOOD, "found"));
    if let Some(entry) = &probe.entry {
        let found = finding::entry_point(&library, entry)?;
        let _ = writeln!(text, "{} {} at {:#x}", styled(GOOD, "found"), found.name(), found.code().addr());
        json["entry_point"] = found.name().into();
        json["address"] = format!("{:#x}", found.code().addr()).into();
    }
    let _ = (BAD, DIM);
    Ok(Report::Rendered(Shown { text, json }))
}
