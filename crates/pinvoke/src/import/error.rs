//! An import that cannot be bound.

use core::fmt;

use super::{Import, ImportLibrary};
use crate::entry_point::EntryPointError;
use crate::library::LoadError;

/// A declared import could not be bound: which, and why.
#[derive(Debug)]
pub struct BindError {
    import: &'static str,
    library: &'static str,
    failure: Box<BindFailure>,
}

/// Why an import could not be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindFailure {
    /// The library.
    #[error(transparent)]
    Library(#[from] LoadError),
    /// The entry point.
    #[error(transparent)]
    EntryPoint(#[from] EntryPointError),
}

impl BindError {
    pub(super) fn new(import: &Import, failure: BindFailure) -> BindError {
        BindError { import: import.name(), library: import.library().name(), failure: Box::new(failure) }
    }

    pub(super) fn of_library(library: &ImportLibrary, error: LoadError) -> BindError {
        BindError { import: "", library: library.name(), failure: Box::new(error.into()) }
    }

    /// Whether it is about all imports of the library.
    pub(super) fn is_whole_library(&self) -> bool {
        self.import.is_empty()
    }

    /// The name of the function or variable; empty if the error is about all of a library.
    #[must_use]
    pub fn import(&self) -> &'static str {
        self.import
    }

    /// The declared name of its library.
    #[must_use]
    pub fn library(&self) -> &'static str {
        self.library
    }

    /// Why.
    #[must_use]
    pub fn failure(&self) -> &BindFailure {
        &self.failure
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole_library() {
            return self.failure.fmt(f);
        }
        write!(f, "cannot bind `{}` of the library {:?}: {}", self.import, self.library, self.failure)
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failure.source()
    }
}
