//! An import that cannot be bound.

use core::fmt;

use super::{Import, ImportLibrary};
use crate::entry_point::EntryPointError;
use crate::library::LoadError;

/// A declared import could not be bound: which, and why.
///
/// One word, so that calls which return it keep to registers.
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::import::BindError;
///
/// #[dll_import("no-such-library")]
/// unsafe extern "C" {
///     safe fn answer() -> Result<i32, BindError>;
/// }
///
/// let error = answer().unwrap_err();
/// assert_eq!((error.import(), error.library()), ("answer", "no-such-library"));
/// assert!(error.to_string().starts_with("cannot bind `answer` of the library \"no-such-library\": "));
/// ```
#[derive(Debug)]
pub struct BindError(Box<Failed>);

#[derive(Debug)]
struct Failed {
    import: &'static str,
    library: &'static str,
    failure: BindFailure,
}

/// Why an import could not be bound.
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::import::{BindError, BindFailure};
///
/// #[dll_import("no-such-library")]
/// unsafe extern "C" {
///     safe fn answer() -> Result<i32, BindError>;
/// }
///
/// let error = answer().unwrap_err();
/// let BindFailure::Library(load) = error.failure() else { unreachable!("there is no such library") };
/// assert!(!load.attempts().is_empty());
/// ```
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
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc", imports = LIBC)]
    /// unsafe extern "C" {
    ///     safe fn get_pid() -> i32; // a typing error
    /// }
    /// # #[cfg(unix)] {
    /// let report = LIBC.bind_all().unwrap_err();
    /// assert_eq!(report.errors()[0].import(), "get_pid");
    /// # }
    /// ```
    #[must_use]
    pub fn import(&self) -> &'static str {
        self.0.import
    }

    /// The declared name of its library.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("no-such-library", imports = TABLE)]
    /// unsafe extern "C" {
    ///     safe fn first() -> i32;
    ///     safe fn second() -> i32;
    /// }
    /// // One error for the library, none for its functions.
    /// let report = TABLE.bind_all().unwrap_err();
    /// assert_eq!((report.errors().len(), report.errors()[0].library()), (1, "no-such-library"));
    /// ```
    #[must_use]
    pub fn library(&self) -> &'static str {
        self.0.library
    }

    /// Why.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::dll_import;
    /// use pinvoke::entry_point::EntryPointError;
    /// use pinvoke::import::{BindError, BindFailure};
    ///
    /// #[dll_import("libc")]
    /// unsafe extern "C" {
    ///     safe fn get_pid() -> Result<i32, BindError>;
    /// }
    ///
    /// let error = get_pid().unwrap_err();
    /// let BindFailure::EntryPoint(EntryPointError::NotFound(missing)) = error.failure() else {
    ///     unreachable!("the library is there")
    /// };
    /// assert_eq!(missing.name, "get_pid");
    /// # }
    /// ```
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
