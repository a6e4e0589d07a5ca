//! Probing shown: every candidate with what became of it, for people who want to know why a library is or is not
//! found.

use core::fmt;
use core::ops::ControlFlow;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::error::Attempt;
use super::probe::{Candidate, ProbeOptions};
use super::{Library, LoadError, advice, check_name, diagnose, installed, load, search};

/// What probing for a library tries.
///
/// ```
/// use pinvoke::library::{explain, probe::ProbeOptions};
///
/// let report = explain(if cfg!(windows) { "msvcrt" } else { "libc" }, &ProbeOptions::default())?;
/// for step in &report.steps {
///     println!("{}: {:?}", step.candidate, step.status);
/// }
/// assert!(report.library.is_some() && report.advice.is_empty());
/// # Ok::<(), pinvoke::library::LoadError>(())
/// ```
#[derive(Debug)]
pub struct ProbeReport {
    /// The name that was asked for.
    pub name: OsString,
    /// The candidates, in order.
    pub steps: Vec<Step>,
    /// The library, if one was loaded.
    pub library: Option<Library>,
    /// What to do if none was loaded though all were tried; one sentence each.
    pub advice: Vec<String>,
}

/// A candidate and what became of it.
///
/// ```
/// use pinvoke::library::{Status, list, probe::ProbeOptions};
///
/// // Only a list, so that nothing has been tried.
/// let report = list("acme", &ProbeOptions::default())?;
/// assert!(report.steps.iter().all(|step| matches!(step.status, Status::NotTried)));
/// # Ok::<(), pinvoke::library::LoadError>(())
/// ```
#[derive(Debug)]
pub struct Step {
    /// The candidate.
    pub candidate: Candidate,
    /// What became of it.
    pub status: Status,
}

/// What became of a candidate.
///
/// ```
/// use pinvoke::library::{Status, explain, probe::ProbeOptions};
///
/// let report = explain("no-such-library", &ProbeOptions::default())?;
/// for step in &report.steps {
///     let Status::Refused(attempt) = &step.status else { unreachable!("there is no such library") };
///     assert_eq!(attempt.candidate, step.candidate);
/// }
/// # Ok::<(), pinvoke::library::LoadError>(())
/// ```
#[derive(Debug)]
pub enum Status {
    /// It was not tried: nothing is, in a listing, and nothing behind the one that was loaded.
    NotTried,
    /// The loader refused it.
    Refused(Box<Attempt>),
    /// It was loaded, from this file if the system knows it.
    Loaded(Option<PathBuf>),
}

/// Lists what probing for `name` would try, and loads nothing. Versioned files are listed if they are there.
///
/// ```
/// use pinvoke::library::{list, probe::ProbeOptions};
///
/// let report = list("z", &ProbeOptions::default())?;
/// assert!(report.library.is_none());
/// let file = if cfg!(windows) { "z.dll" } else { "libz.so" };
/// assert!(report.steps.iter().any(|step| step.candidate.file == *file));
/// # Ok::<(), pinvoke::library::LoadError>(())
/// ```
///
/// # Errors
///
/// The name is empty or contains a NUL.
pub fn list(name: impl AsRef<OsStr>, options: &ProbeOptions) -> Result<ProbeReport, LoadError> {
    report(name.as_ref(), options, |_| Status::NotTried)
}

/// Tries what probing for `name` tries, up to the first candidate that the loader accepts, and says what became of
/// each. The library stays loaded.
///
/// ```
/// use pinvoke::library::{explain, probe::ProbeOptions};
///
/// let report = explain("libc", &ProbeOptions::default())?;
/// println!("{report}");
/// assert!(report.library.is_some());
/// # Ok::<(), pinvoke::library::LoadError>(())
/// ```
///
/// # Errors
///
/// The name is empty or contains a NUL. A library that is not found is no error here.
pub fn explain(name: impl AsRef<OsStr>, options: &ProbeOptions) -> Result<ProbeReport, LoadError> {
    let name = name.as_ref();
    let mut loaded = None;
    let system = installed::system();
    let mut report = report(name, options, |candidate| {
        if loaded.is_some() {
            return Status::NotTried;
        }
        match load(name, candidate, options) {
            Ok(library) => {
                let path = library.path().map(ToOwned::to_owned);
                loaded = Some(library);
                Status::Loaded(path)
            }
            Err(message) => Status::Refused(Box::new(diagnose::attempt(candidate.clone(), message, &system))),
        }
    })?;
    if loaded.is_none() {
        let attempts = report.steps.iter().filter_map(|step| match &step.status {
            Status::Refused(attempt) => Some(&**attempt),
            Status::NotTried | Status::Loaded(_) => None,
        });
        report.advice = advice::advice(name, attempts);
    }
    report.library = loaded;
    Ok(report)
}

fn report(
    name: &OsStr,
    options: &ProbeOptions,
    mut status: impl FnMut(&Candidate) -> Status,
) -> Result<ProbeReport, LoadError> {
    check_name(name)?;
    let mut steps = Vec::new();
    let all = search::each_candidate(name, options, |candidate| {
        steps.push(Step { status: status(&candidate), candidate });
        ControlFlow::<core::convert::Infallible>::Continue(())
    });
    match all {
        ControlFlow::Continue(()) => {
            Ok(ProbeReport { name: name.to_owned(), steps, library: None, advice: Vec::new() })
        }
        ControlFlow::Break(never) => match never {},
    }
}

impl fmt::Display for ProbeReport {
    /// One line for each candidate, and below it what was found out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "probing for {:?}", self.name)?;
        for step in &self.steps {
            write!(f, "\n  {step}")?;
        }
        for advice in &self.advice {
            write!(f, "\n  help: {advice}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.status {
            Status::NotTried => write!(f, "{}", self.candidate),
            Status::Refused(attempt) => {
                write!(f, "{attempt}")?;
                attempt.write_findings(f)
            }
            Status::Loaded(Some(path)) => write!(f, "{}: loaded {}", self.candidate, path.display()),
            Status::Loaded(None) => write!(f, "{}: loaded", self.candidate),
        }
    }
}
