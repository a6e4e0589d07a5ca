//! Why a value was refused, told from the inside out.
//!
//! The marshaller that refuses knows the type and the reason; the ones around it know the way there
//! (`element 3 of member 'points' of`); only the call knows which parameter it was. Each adds its part, and
//! the last one makes the sentence: `300 does not fit parameter 2 'n' of type 'unsigned char' (0 to 255)`.

use std::fmt;

use pinvoke_decl::types::{TypeId, TypeTable};

use crate::value::{TypeRef, Value};

/// A refused value, its position still missing.
#[derive(Debug)]
pub(crate) struct Mismatch {
    path: String,
    ty: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    /// The right kind of value, outside the range of the type.
    Range { value: String, range: String },
    /// The wrong kind of value.
    Kind { accepts: String, given: String },
    /// Anything else, as a clause.
    Because(String),
}

impl Mismatch {
    fn new(types: &TypeTable, id: TypeId, problem: Problem) -> Mismatch {
        Mismatch { path: String::new(), ty: TypeRef::new(types, id).to_string(), problem }
    }

    /// `value` lies outside `range` (`0 to 255`).
    pub(crate) fn range(types: &TypeTable, id: TypeId, value: &Value, range: String) -> Mismatch {
        Mismatch::new(types, id, Problem::Range { value: excerpt(value), range })
    }

    /// `value` is of a kind that the type does not take; `accepts` completes "takes ...".
    pub(crate) fn kind(types: &TypeTable, id: TypeId, value: &Value, accepts: &str) -> Mismatch {
        let given = match value {
            Value::Null | Value::Void | Value::Callback(_) => value.noun().to_owned(),
            _ => format!("{} ({})", value.noun(), excerpt(value)),
        };
        Mismatch::new(types, id, Problem::Kind { accepts: accepts.to_owned(), given })
    }

    /// Refused for another reason, a clause that follows a colon.
    pub(crate) fn because(types: &TypeTable, id: TypeId, reason: impl Into<String>) -> Mismatch {
        Mismatch::new(types, id, Problem::Because(reason.into()))
    }

    /// The same, met inside something larger: `step` is `element 3` or `member 'x'`.
    #[must_use]
    pub(crate) fn inside(mut self, step: impl fmt::Display) -> Mismatch {
        self.path = format!("{}{step} of ", self.path);
        self
    }

    /// The whole sentence for a value at `position` (`parameter 2 'n'`).
    pub(crate) fn at(&self, position: impl fmt::Display) -> String {
        let Mismatch { path, ty, problem } = self;
        match problem {
            Problem::Range { value, range } => {
                format!("{value} does not fit {path}{position} of type '{ty}' ({range})")
            }
            Problem::Kind { accepts, given } => {
                format!("{path}{position} of type '{ty}' takes {accepts}, not {given}")
            }
            Problem::Because(reason) => format!("{path}{position} of type '{ty}': {reason}"),
        }
    }
}

/// A value as it stands in a message: cut where it is long.
fn excerpt(value: &Value) -> String {
    const LIMIT: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LIMIT) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text,
    }
}
