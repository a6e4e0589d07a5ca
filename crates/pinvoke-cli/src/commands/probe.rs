//! `pinvoke probe`: what would be tried to find a library, and what is found.

use std::fmt::Write as _;

use pinvoke::library::probe::{Candidate, ProbeOptions, candidates};
use pinvoke::library::{self, Status};
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
    let options = probe.search.iter().fold(ProbeOptions::default(), ProbeOptions::directory);
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
    worker::flight().enter(Phase::Loading);
    let report = library::explain(&name, &finding::options(&probe.search));
    worker::flight().enter(Phase::Preparing);
    let report = report.map_err(|error| Failure::from_error(Kind::NotFound, &error))?;
    let mut text = String::new();
    let mut steps = Vec::new();
    for (i, step) in report.steps.iter().enumerate() {
        let mut json = candidate_json(&step.candidate);
        let number = i + 1;
        match &step.status {
            Status::NotTried => {
                let _ =
                    writeln!(text, "{}", styled(DIM, format!("{number:>3}  not tried  {}", step.candidate)));
                json["status"] = "not tried".into();
            }
            Status::Refused(attempt) => {
                let _ = writeln!(text, "{number:>3}  {}    {attempt}", styled(BAD, "refused"));
                for finding in finding::findings(attempt) {
                    let _ = writeln!(text, "                  {finding}");
                }
                json = finding::attempt_json(attempt);
                json["status"] = "refused".into();
            }
            Status::Loaded(path) => {
                let path = path.as_ref().map(|path| path.display().to_string());
                let from = path.as_ref().map(|path| format!(" -> {path}")).unwrap_or_default();
                let _ =
                    writeln!(text, "{number:>3}  {}     {}{from}", styled(GOOD, "loaded"), step.candidate);
                json["status"] = "loaded".into();
                json["path"] = path.into();
            }
        }
        steps.push(json);
    }
    let Some(library) = &report.library else {
        // The same list, as a failure with advice.
        let loaded = finding::library(&probe.library, &probe.search);
        return Err(loaded
            .err()
            .unwrap_or_else(|| Failure::new(Kind::NotFound, "the library came and went")));
    };
    let mut json = json!({ "library": probe.library, "path": finding::title(library), "steps": steps });
    if let Some(entry) = &probe.entry {
        let found = finding::entry_point(library, entry)?;
        let _ = writeln!(
            text,
            "     {}      {} at {:#x}",
            styled(GOOD, "found"),
            found.name(),
            found.code().addr()
        );
        json["entry_point"] = found.name().into();
        json["address"] = format!("{:#x}", found.code().addr()).into();
    }
    Ok(Report::Rendered(Shown { text, json }))
}
