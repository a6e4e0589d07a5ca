//! Why a command did not succeed, and the exit status that says so.
//!
//! Every failure has a [`Kind`]; the kind alone decides the exit status, so scripts can rely on the
//! table in `pinvoke --help`. A failure crosses from the worker process to the command as JSON, which
//! is why it is plain text by then: message, notes and help, already rendered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, as far as a script cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The system refused something the command itself needed (a pipe, a file, a process).
    System,
    /// The command line does not make sense. Clap's own status.
    Usage,
    /// A library or an entry point was not found.
    NotFound,
    /// A declaration does not parse or resolve.
    Declaration,
    /// An argument does not parse, does not fit its parameter, or there are too many or too few.
    Argument,
    /// A callback expression threw, returned the wrong type, or was called where it must not be.
    Callback,
    /// The native code raised a fatal signal.
    Crash,
    /// The native code ended the process.
    Exited,
    /// The native code did not return in time.
    Timeout,
}

impl Kind {
    /// Every kind, for the table in the help text.
    pub(crate) const ALL: [Kind; 9] = [
        Kind::System,
        Kind::Usage,
        Kind::NotFound,
        Kind::Declaration,
        Kind::Argument,
        Kind::Callback,
        Kind::Crash,
        Kind::Exited,
        Kind::Timeout,
    ];

    /// The exit status of the command.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Kind::System => 1,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Declaration => 4,
            Kind::Argument => 5,
            Kind::Callback => 6,
            Kind::Crash => 7,
            Kind::Exited => 8,
            Kind::Timeout => 9,
        }
    }

    /// One line for the table in the help text.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Kind::System => "the system refused something the command needs, such as a file or a process",
            Kind::Usage => "the command line is not understood",
            Kind::NotFound => "the library or the entry point is not found",
            Kind::Declaration => "a declaration does not parse or does not resolve",
            Kind::Argument => "an argument does not parse or does not fit its parameter",
            Kind::Callback => "a callback expression failed while the call ran",
            Kind::Crash => "the native code crashed (a fatal signal or exception)",
            Kind::Exited => "the native code ended its process",
            Kind::Timeout => "the native code did not return within --timeout",
        }
    }
}

/// A failure, ready to be shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// Decides the exit status.
    pub(crate) kind: Kind,
    /// What failed: one line, or lines with an excerpt of the text at fault.
    pub(crate) message: String,
    /// Everything else; apart, because a failure is returned through every function.
    #[serde(flatten)]
    pub(crate) more: Box<Details>,
}

/// What is known about a failure beyond its message.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Details {
    /// What is known about it, one entry per line or paragraph.
    pub(crate) notes: Vec<String>,
    /// What to do about it.
    pub(crate) help: Vec<String>,
    /// Facts for programs: signal, address, attempts and so on.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub(crate) facts: serde_json::Map<String, serde_json::Value>,
}

impl Failure {
    /// A failure with nothing but its message.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into(), more: Box::default() }
    }

    /// With one more thing that is known.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Failure {
        self.more.notes.push(note.into());
        self
    }

    /// With one more piece of advice.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Failure {
        self.more.help.push(help.into());
        self
    }

    /// With a fact for programs.
    pub(crate) fn fact(mut self, name: &str, value: impl Into<serde_json::Value>) -> Failure {
        self.more.facts.insert(name.to_owned(), value.into());
        self
    }

    /// With an error and all its causes as message and notes.
    pub(crate) fn from_error(kind: Kind, error: &dyn std::error::Error) -> Failure {
        let mut failure = Failure::new(kind, error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            failure.more.notes.push(format!("because {error}"));
            cause = error.source();
        }
        failure
    }

    /// A failed operation on a file, pipe or process.
    pub(crate) fn system(operation: impl fmt::Display, error: &std::io::Error) -> Failure {
        Failure::new(Kind::System, format!("cannot {operation}: {error}"))
    }
}
