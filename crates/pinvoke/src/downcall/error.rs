//! Why a call was refused, or what went wrong in it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use pinvoke_decl::marshaller::PlanError;

use super::{Outcome, Position};
use crate::call;
use crate::value::HandlerError;

/// Why a call was refused, or what went wrong in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Too few or too many arguments. Nothing was called.
    #[error("'{function}' takes {}{}, {given} given: {prototype}",
        arguments(*expected), if *variadic { " or more" } else { "" })]
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
    /// The prototype has a type that no value can be passed for.
    #[error("cannot prepare calls of '{prototype}'")]
    Prototype {
        /// The prototype in C.
        prototype: String,
        /// What cannot be passed.
        source: PlanError,
    },
    /// The call cannot be planned.
    #[error("cannot prepare calls of '{prototype}'")]
    Prepare {
        /// The prototype in C.
        prototype: String,
        /// Why.
        source: call::CallError,
    },
    /// There is no memory for the arguments.
    #[error("there is no memory for the arguments of '{function}'")]
    NoMemory {
        /// The function.
        function: Arc<str>,
    },
    /// A callback failed during the call; the call itself ran to its end.
    #[error("the callback for {} failed in its invocation number {}", .0.position, .0.invocation)]
    Callback(#[source] Box<CallbackFailure>),
    /// The function removed other than its arguments from the stack, as 32-bit x86 shows: its convention is not
    /// the declared one, or its arguments are not. The call ran to its end, and the stack was put right.
    #[error("'{prototype}' does not describe the function")]
    Convention {
        /// The prototype in C.
        prototype: String,
        /// What was seen.
        source: call::StackImbalance,
        /// What the call left behind.
        outcome: Box<Outcome>,
    },
    /// The callee wrote past the end of memory that it was given. The process may be damaged; what the call
    /// left behind can still be seen.
    #[error(
        "the callee wrote past the {len} bytes it was given for {position}; give a larger buffer, \
         and check the prototype"
    )]
    Overrun {
        /// Which argument.
        position: Position,
        /// Size of the memory in bytes.
        len: usize,
        /// What the call left behind.
        outcome: Box<Outcome>,
    },
}

fn arguments(n: usize) -> String {
    format!("{n} argument{}", if n == 1 { "" } else { "s" })
}

impl CallError {
    /// What the call left behind, if it took place all the same.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            CallError::Callback(failure) => Some(&failure.outcome),
            CallError::Overrun { outcome, .. } | CallError::Convention { outcome, .. } => Some(outcome),
            _ => None,
        }
    }
}

/// A callback that failed, and the outcome of the call that it belongs to. As an error it reads as its
/// cause.
#[derive(Debug)]
pub struct CallbackFailure {
    /// Where the callback was given.
    pub position: Position,
    /// Which invocation of a callback during the call failed, from 1.
    pub invocation: u64,
    /// Why.
    pub cause: HandlerError,
    /// What the call left behind all the same.
    pub outcome: Outcome,
}

impl fmt::Display for CallbackFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for CallbackFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
