//! Why a call was refused, or what went wrong in it.

use std::fmt;
use std::sync::Arc;

use super::Outcome;
use crate::value::HandlerError;

/// Where in a call something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// A parameter, counted from 0; `Display` counts from 1 and adds the name.
    Parameter {
        /// Its index.
        index: usize,
        /// Its name.
        name: Option<Arc<str>>,
    },
    /// The result.
    Result,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Parameter { index, name: Some(name) } => write!(f, "parameter {} '{name}'", index + 1),
            Position::Parameter { index, name: None } => write!(f, "parameter {}", index + 1),
            Position::Result => f.write_str("the result"),
        }
    }
}

/// Why a call was refused, or what went wrong in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Too few or too many arguments.
    #[error("'{function}' takes {expected} {}{}, {given} given: {prototype}",
        if *expected == 1 { "argument" } else { "arguments" }, if *variadic { " or more" } else { "" })]
    ArgumentCount {
        /// The function.
        function: Arc<str>,
        /// Number of parameters.
        expected: usize,
        /// Whether more are allowed.
        variadic: bool,
        /// Number of arguments.
        given: usize,
        /// The prototype in C.
        prototype: String,
    },
    /// An argument that its parameter cannot take. Nothing was called.
    #[error("{message}")]
    Argument {
        /// Which one.
        position: Position,
        /// The whole message, position and type included.
        message: String,
    },
    /// The prototype has a type that cannot be passed or returned.
    #[error("cannot prepare a call of '{function}': {message}")]
    Prototype {
        /// The function.
        function: Arc<str>,
        /// What cannot be passed.
        message: String,
    },
    /// A callback failed during the call; the call itself ran to its end.
    #[error("{0}")]
    Callback(Box<CallbackFailure>),
    /// The body is not there yet.
    #[error("not there yet")]
    Unfinished,
}

/// A callback that failed, and the outcome of the call that it belongs to.
#[derive(Debug, thiserror::Error)]
#[error("the callback given for {position} failed in its invocation number {invocation}")]
pub struct CallbackFailure {
    /// Where the callback was given.
    pub position: Position,
    /// Which of its invocations failed, from 1.
    pub invocation: u64,
    /// Why.
    #[source]
    pub cause: HandlerError,
    /// What the call left behind all the same.
    pub outcome: Outcome,
}
