//! Where in a call a value stands, as messages say it.

use std::fmt;
use std::sync::Arc;

/// Where in a call something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Position {
    /// A named parameter, counted from 0; `Display` counts from 1 and adds the name.
    Parameter {
        /// Its index.
        index: usize,
        /// Its name.
        name: Option<Arc<str>>,
    },
    /// An argument for `...`.
    Variable {
        /// Its index among all arguments.
        index: usize,
    },
    /// The result.
    Result,
}

impl Position {
    /// The index of the argument; `None` for the result.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        match self {
            Position::Parameter { index, .. } | Position::Variable { index } => Some(*index),
            Position::Result => None,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Parameter { index, name: Some(name) } => write!(f, "parameter {} '{name}'", index + 1),
            Position::Parameter { index, name: None } => write!(f, "parameter {}", index + 1),
            Position::Variable { index } => write!(f, "argument {} (variable)", index + 1),
            Position::Result => f.write_str("the result"),
        }
    }
}
