//! An import that cannot be bound.

use core::fmt;

use super::{Import, ImportLibrary};
use crate::entry_point::EntryPointError;
use crate::library::LoadError;

/// A declared import could not be bound: which, and why.
///
/// One word, so that calls which return it keep to registers.
#[derive(Debug)]
pub struct BindError(Box<Failed>);

#[derive(Debug)]
struct Failed {
    import: &'static str,
    library: &'static str,
    failure: BindFailure,
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
        BindError(Box::new(Failed { import: import.name(), library: import.library().name(), failure }))
    }

    pub(super) fn of_library(library: &ImportLibrary, error: LoadError) -> BindError {
        BindError(Box::new(Failed { import: "", library: library.name(), failure: error.into() }))
    }

    /// Whether it is about all imports of the library.
    pub(super) fn is_whole_library(&self) -> bool {
        self.0.import.is_empty()
    }

    /// The name of the function or variable; empty if the error is about all of a library.
    #[must_use]
    pub fn import(&self) -> &'static str {
        self.0.import
    }

    /// The declared name of its library.
    #[must_use]
    pub fn library(&self) -> &'static str {
        self.0.library
    }

    /// Why.
    #[must_use]
    pub fn failure(&self) -> &BindFailure {
        &self.0.failure
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole_library() {
            return self.0.failure.fmt(f);
        }
        let Failed { import, library, failure } = &*self.0;
        write!(f, "cannot bind `{import}` of the library {library:?}: {failure}")
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.failure.source()
    }
}
