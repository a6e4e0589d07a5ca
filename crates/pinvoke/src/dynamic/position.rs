//! Where in a call a value stands, as messages say it.

use std::fmt;
use std::sync::Arc;

/// Where in a call something stands.
///
/// ```
/// use pinvoke::downcall::Position;
///
/// let path = Position::Parameter { index: 0, name: Some("path".into()) };
/// assert_eq!(path.to_string(), "parameter 1 'path'");
/// assert_eq!(Position::Variable { index: 2 }.to_string(), "argument 3 (variable)");
/// ```
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
    ///
    /// ```
    /// use pinvoke::downcall::Position;
    ///
    /// assert_eq!(Position::Variable { index: 2 }.index(), Some(2));
    /// assert_eq!(Position::Result.index(), None);
    /// ```
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
