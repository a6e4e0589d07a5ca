//! Libraries and entry points: found, or the whole story of why not.

use std::path::PathBuf;

use pinvoke::decl::types::ResolvedFunction;
use pinvoke::entry_point::{Decoration, EntryPoint, EntryPointError, EntryPointOptions};
use pinvoke::library::probe::{OWN_PROCESS, ProbeOptions};
use pinvoke::library::{Attempt, Library, LoadError};
use serde_json::json;

use crate::failure::{Failure, Kind};
use crate::isolate::worker;
use crate::native::Phase;

/// The options that `--search` asks for. Relative directories are meant from where the command runs.
pub(crate) fn options(search: &[PathBuf]) -> ProbeOptions {
    let mut options = ProbeOptions::default();
    for directory in search {
        options = options.directory(std::path::absolute(directory).unwrap_or_else(|_| directory.clone()));
    }
    options
}

/// The name to probe for: `-` is the program itself, a path with a directory is taken from here.
pub(crate) fn library_name(name: &str) -> std::ffi::OsString {
    match name {
        "-" => OWN_PROCESS.into(),
        _ if name.starts_with("./") || name.starts_with("../") => {
            std::path::absolute(name).map_or_else(|_| name.into(), PathBuf::into_os_string)
        }
        _ => name.into(),
    }
}

/// Loads a library.
pub(crate) fn library(name: &str, search: &[PathBuf]) -> Result<Library, Failure> {
    worker::flight().enter(Phase::Loading);
    let library =
        Library::open_with(library_name(name), &options(search)).map_err(|error| not_loaded(&error));
    worker::flight().enter(Phase::Preparing);
    library
}

/// Looks up a function or a variable.
pub(crate) fn entry_point(library: &Library, name: &str) -> Result<EntryPoint, Failure> {
    library.entry_point(name).map_err(|error| not_exported(&error))
}

/// Looks up a function, also by the name that compilers make of its own by its signature.
pub(crate) fn function(
    library: &Library,
    name: &str,
    function: &ResolvedFunction,
) -> Result<EntryPoint, Failure> {
    let decoration = if function.ty.variadic { None } else { Decoration::of(&function.signature(&[])) };
    let options = EntryPointOptions { decoration, ..EntryPointOptions::default() };
    library.entry_point_with(name, &options).map_err(|error| not_exported(&error))
}

/// What a library is called in reports: its file, or the name it was asked for.
pub(crate) fn title(library: &Library) -> String {
    library.path().map_or_else(|| library.name().display().to_string(), |path| path.display().to_string())
}

/// The failure that tells every attempt.
pub(crate) fn not_loaded(error: &LoadError) -> Failure {
    let LoadError::Refused(refused) = error else {
        return Failure::from_error(Kind::NotFound, error);
    };
    let name = refused.name.display().to_string();
    let mut failure = Failure::new(Kind::NotFound, format!("cannot load the library '{name}'"));
    let mut tried = String::from("tried, in this order:");
    for attempt in &refused.attempts {
        tried.push_str(&format!("\n  {attempt}"));
        for finding in findings(attempt) {
            tried.push_str(&format!("\n    {finding}"));
        }
    }
    if !refused.attempts.is_empty() {
        failure = failure.note(tried);
    }
    for advice in &refused.advice {
        failure = failure.help(advice.clone());
    }
    let attempts: Vec<serde_json::Value> = refused.attempts.iter().map(attempt_json).collect();
    failure.fact("library", name).fact("attempts", attempts)
}

/// What a look at the file of a failed attempt shows, one line each.
pub(crate) fn findings(attempt: &Attempt) -> Vec<String> {
    let asked = std::path::Path::new(&attempt.candidate.file);
    let file = attempt.file.as_deref().unwrap_or(asked).display();
    attempt.findings.iter().map(|finding| format!("{file} {finding}")).collect()
}

/// An attempt for programs.
pub(crate) fn attempt_json(attempt: &Attempt) -> serde_json::Value {
    json!({
        "file": attempt.candidate.file.display().to_string(),
        "spelling": attempt.candidate.spelling.to_string(),
        "place": attempt.candidate.place.to_string(),
        "message": attempt.message.0,
        "findings": attempt.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The parts of the message that say more than what failed become notes and help.
fn not_exported(error: &EntryPointError) -> Failure {
    let EntryPointError::NotFound(missing) = error else {
        return Failure::from_error(Kind::NotFound, error);
    };
    let text = error.to_string();
    let mut lines = text.lines();
    let mut failure = Failure::new(Kind::NotFound, lines.next().unwrap_or_default());
    for line in lines {
        failure = match line.trim_start().strip_prefix("help: ") {
            Some(help) => failure.help(help),
            None => failure.note(line.trim_start()),
        };
    }
    failure
        .note(format!("the loader says: {}", missing.message))
        .fact("entry_point", missing.name.clone())
        .fact("near_misses", missing.near_misses.clone())
}
