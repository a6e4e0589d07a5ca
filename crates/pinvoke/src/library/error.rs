//! What went wrong when a library could not be loaded: every attempt, in order and in the loader's words, with
//! what a look at the file adds to them.
//!
//! The loader's own message is seldom enough. It says "cannot open shared object file" about the library when a
//! dependency is missing, "invalid ELF header" about a text file, and when several names were tried the last
//! message tends to hide the one that matters. So nothing is dropped here, and a [`Finding`] says in plain words
//! what the file is.

use core::fmt;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::probe::Candidate;

/// A library could not be loaded.
///
/// ```
/// use pinvoke::library::{Library, LoadError};
///
/// assert!(matches!(Library::open(""), Err(LoadError::NoName)));
/// assert!(matches!(Library::open("lib\0c"), Err(LoadError::NulInName { offset: 3, .. })));
/// assert!(matches!(Library::open("no-such-library"), Err(LoadError::Refused(_))));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The name is empty.
    #[error("cannot load a library without a name")]
    NoName,
    /// The name contains a NUL, where the loader would stop reading it.
    #[error("cannot load the library {name:?}: its name has a NUL character at offset {offset}")]
    NulInName {
        /// The name.
        name: OsString,
        /// Where the first NUL stands, in bytes.
        offset: usize,
    },
    /// No candidate could be loaded.
    #[error(transparent)]
    Refused(Box<LoadFailure>),
}

/// The loader gave a library back only with an error, or not at all.
///
/// ```
/// use pinvoke::library::{CloseError, LoaderMessage};
///
/// let error = CloseError { name: "acme".into(), message: LoaderMessage("invalid handle".into()) };
/// assert_eq!(error.to_string(), "cannot close the library \"acme\"");
/// assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "invalid handle");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("cannot close the library {name:?}")]
pub struct CloseError {
    /// The name under which the library was asked for.
    pub name: OsString,
    /// The loader's reason.
    #[source]
    pub message: LoaderMessage,
}

/// What the system's loader said, word for word; or, for a file that would hang it or kill the process, why it was
/// not asked.
///
/// ```
/// use pinvoke::library::Library;
///
/// let error = Library::load_exact("no-such-library").unwrap_err();
/// let message = &error.attempts()[0].message;
/// # #[cfg(all(target_os = "linux", target_env = "gnu"))]
/// assert_eq!(message.0, "no-such-library: cannot open shared object file: No such file or directory");
/// # let _ = message;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LoaderMessage(pub String);

/// One candidate that the loader refused.
///
/// ```
/// use pinvoke::library::Library;
/// use pinvoke::library::probe::Spelling;
///
/// let error = Library::load_exact("Cargo.toml").unwrap_err();
/// let attempt = &error.attempts()[0];
/// assert_eq!(attempt.candidate.spelling, Spelling::AsGiven);
/// // The loader searches for a bare name. That of Windows does so in this directory, too.
/// assert_eq!(attempt.file.is_some(), cfg!(windows));
/// ```
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What was tried, and why.
    pub candidate: Candidate,
    /// What the loader said.
    pub message: LoaderMessage,
    /// The file it means, if there is one.
    pub file: Option<PathBuf>,
    /// What a look at that file shows.
    pub findings: Vec<Finding>,
}

/// Every attempt to load a library, none of which succeeded.
///
/// Its text has one line for the failure, one for each attempt, below it what the file turned out to be, and
/// advice at the end.
///
/// ```
/// use pinvoke::library::{Library, LoadError};
///
/// let Err(LoadError::Refused(failure)) = Library::open("no-such-library") else {
///     unreachable!("there is none")
/// };
/// assert_eq!(failure.name, "no-such-library");
/// let lines = failure.to_string();
/// assert!(lines.starts_with("cannot load the library \"no-such-library\"\n  "));
/// assert_eq!(lines.lines().filter(|line| line.starts_with("  help: ")).count(), failure.advice.len());
/// ```
#[derive(Debug)]
pub struct LoadFailure {
    /// The name that was asked for.
    pub name: OsString,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// What to do, one sentence each.
    pub advice: Vec<String>,
}

impl LoadError {
    /// The attempts, in order; none if the name was not worth one.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let error = Library::open("no-such-library").unwrap_err();
    /// for attempt in error.attempts() {
    ///     println!("{attempt}"); // libno-such-library.so (prefix lib and suffix .so added; …): …
    /// }
    /// # #[cfg(target_os = "linux")]
    /// assert!(error.attempts().iter().any(|attempt| attempt.candidate.file == *"libno-such-library.so"));
    /// ```
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            LoadError::NoName | LoadError::NulInName { .. } => &[],
            LoadError::Refused(failure) => &failure.attempts,
        }
    }
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot load the library {:?}", self.name)?;
        for attempt in &self.attempts {
            write!(f, "\n  {attempt}")?;
            attempt.write_findings(f)?;
        }
        for advice in &self.advice {
            write!(f, "\n  help: {advice}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Attempt {
    /// The file and what the loader said about it, without the file's name twice. The findings are not in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.candidate.file.display().to_string();
        let said = self.message.0.strip_prefix(&file).and_then(|rest| rest.strip_prefix(": "));
        write!(f, "{}: {}", self.candidate, said.unwrap_or(&self.message.0))
    }
}

impl Attempt {
    /// What was found out about the file, a line for each finding.
    pub(super) fn write_findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_deref().unwrap_or(Path::new(&self.candidate.file));
        self.findings.iter().try_for_each(|finding| write!(f, "\n    {} {finding}", file.display()))
    }
}

impl core::error::Error for LoadFailure {
    /// The message of the most telling attempt: the first whose file is there, else the first of all.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        let telling = self.attempts.iter().find(|attempt| attempt.file.is_some());
        let attempt = telling.or_else(|| self.attempts.first())?;
        Some(&attempt.message)
    }
}
