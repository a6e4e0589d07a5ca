//! The imports of one block, together: bind them all, give their library back.

use core::fmt;

use super::{BindError, Import, ImportLibrary};
use crate::library::CloseError;

/// Every import of one block.
///
/// `#[dll_import("libc", imports = LIBC)]` makes a static of that name, which has a member for each
/// import and everything that is here:
///
/// ```
/// #[pinvoke::dll_import("libc", imports = LIBC)]
/// unsafe extern "C" {
///     safe fn getpid() -> i32;
///     safe fn no_such_function() -> i32;
/// }
///
/// assert!(LIBC.getpid.is_available());
/// assert!(!LIBC.no_such_function.is_available());
/// let report = LIBC.bind_all().unwrap_err();
/// assert_eq!(report.errors().len(), 1);
/// assert!(report.to_string().starts_with("1 of 2 imports cannot be bound\n"));
/// ```
#[derive(Debug)]
pub struct ImportTable {
    library: &'static ImportLibrary,
    imports: &'static [&'static Import],
    unloadable: bool,
}

impl ImportTable {
    /// The imports of a library. `unloadable` says that their calls are counted; without it the library
    /// is never given back.
    ///
    /// ```
    /// use pinvoke::import::{Import, ImportLibrary, ImportTable};
    ///
    /// static C: ImportLibrary = ImportLibrary::new(if cfg!(windows) { "msvcrt" } else { "libc" }, &[]);
    /// static ABS: Import = Import::new(&C, c"abs");
    /// static LABS: Import = Import::new(&C, c"labs");
    /// static TABLE: ImportTable = ImportTable::new(&C, &[&ABS, &LABS], false);
    /// assert!(TABLE.bind_all().is_ok());
    /// ```
    #[must_use]
    pub const fn new(
        library: &'static ImportLibrary,
        imports: &'static [&'static Import],
        unloadable: bool,
    ) -> ImportTable {
        ImportTable { library, imports, unloadable }
    }

    /// The imports, in the order of their declaration.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc", imports = LIBC)]
    /// unsafe extern "C" {
    ///     safe fn getpid() -> i32;
    ///     safe fn no_such_function() -> i32;
    /// }
    /// let names: Vec<&str> = LIBC.imports().iter().map(|import| import.name()).collect();
    /// assert_eq!(names, ["getpid", "no_such_function"]);
    /// ```
    #[must_use]
    pub fn imports(&self) -> &'static [&'static Import] {
        self.imports
    }

    /// The library.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc", imports = LIBC)]
    /// unsafe extern "C" {
    ///     safe fn getpid() -> i32;
    /// }
    /// # #[cfg(unix)] {
    /// let file = LIBC.library().open()?;
    /// println!("bound to {}", file.path().expect("the system knows it").display());
    /// # }
    /// # Ok::<(), pinvoke::library::LoadError>(())
    /// ```
    #[must_use]
    pub fn library(&self) -> &'static ImportLibrary {
        self.library
    }

    /// Binds every import now.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc", imports = LIBC)]
    /// unsafe extern "C" {
    ///     safe fn getpid() -> i32;
    ///     safe fn get_pid() -> i32;
    /// }
    /// # #[cfg(unix)] {
    /// // At the start of a program, to hear of everything at once:
    /// let report = LIBC.bind_all().unwrap_err();
    /// assert!(report.to_string().starts_with("1 of 2 imports cannot be bound\ncannot bind `get_pid`"));
    /// assert!(LIBC.getpid.is_available()); // the others are bound
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`BindReport`] with everything that is missing.
    pub fn bind_all(&self) -> Result<(), BindReport> {
        bind_all([self])
    }

    /// Gives the library back to the system's loader, and makes every import unbound: the next call of
    /// one loads the library again.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libm.so.6", imports = MATHS, unload)]
    /// unsafe extern "C" {
    ///     safe fn sqrt(x: f64) -> f64;
    /// }
    ///
    /// # #[cfg(target_os = "linux")] {
    /// assert_eq!(sqrt(81.0), 9.0);
    /// // SAFETY: nothing that came from the library is used any more.
    /// assert!(unsafe { MATHS.unload() }?.was_loaded);
    /// assert_eq!(sqrt(64.0), 8.0); // loaded again
    /// # }
    /// # }
    /// # Ok::<(), pinvoke::import::UnloadError>(())
    /// ```
    ///
    /// # Errors
    /// [`UnloadError`]; the library is loaded and bound as before.
    ///
    /// # Safety
    /// Nothing that came from the library is used after this: no function pointer, no data, no callback
    /// that returns into it, no thread that runs its code. Calls through these imports need no care: they
    /// are counted, and unloading is refused while there are any.
    pub unsafe fn unload(&self) -> Result<Unloaded, UnloadError> {
        let library = self.library.name();
        if !self.unloadable {
            return Err(UnloadError::NotDeclared { library });
        }
        let unload = || {
            let mut opened = core::mem::take(&mut *self.library.opened());
            if opened.is_empty() {
                return Ok(Unloaded { was_loaded: false, still_mapped: false });
            }
            // All of them, whichever of them tells where the library was.
            let unbound = self.imports.iter().filter_map(|import| import.unbind());
            let witness = unbound.fold(None, |_, code| Some(code));
            // The library itself last: if the loader refuses, it is loaded as before, and the next calls bind again.
            while let Some(last) = opened.pop() {
                let kept = last.clone();
                // SAFETY: the caller promises that nothing from it is used; calls are kept out.
                if let Err(error) = unsafe { last.close() } {
                    opened.push(kept);
                    *self.library.opened() = opened;
                    return Err(error.into());
                }
            }
            let still_mapped = witness.is_some_and(|code| crate::library::file_of(code.as_ptr()).is_some());
            Ok(Unloaded { was_loaded: true, still_mapped })
        };
        match self.library.calls().without(unload) {
            Ok(done) => done,
            Err(calls) => Err(UnloadError::InUse { library, calls }),
        }
    }
}

/// Binds every import of several tables now.
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::import::bind_all;
///
/// #[dll_import("libc", imports = LIBC)]
/// unsafe extern "C" {
///     safe fn getpid() -> i32;
/// }
/// #[dll_import("no-such-library", imports = OTHER)]
/// unsafe extern "C" {
///     safe fn answer() -> i32;
/// }
/// let report = bind_all([&*LIBC, &*OTHER]).unwrap_err();
/// assert!(report.errors().iter().any(|error| error.library() == "no-such-library"));
/// ```
///
/// # Errors
/// [`BindReport`] with everything that is missing.
pub fn bind_all<'a>(tables: impl IntoIterator<Item = &'a ImportTable>) -> Result<(), BindReport> {
    let (mut errors, mut imports) = (Vec::new(), 0);
    for table in tables {
        imports += table.imports.len();
        // Functions may have a library of their own.
        let mut libraries: Vec<&'static ImportLibrary> = vec![table.library];
        for import in table.imports {
            if !libraries.iter().any(|library| core::ptr::eq(*library, import.library())) {
                libraries.push(import.library());
            }
        }
        for library in libraries {
            match library.open() {
                // Said once, not for every function of it.
                Err(error) => errors.push(BindError::of_library(library, error)),
                Ok(_) => {
                    let of_it = table.imports.iter().filter(|i| core::ptr::eq(i.library(), library));
                    errors.extend(of_it.filter_map(|import| import.code().err()));
                }
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(BindReport { errors, imports }) }
}

/// Everything that is missing of some imports.
///
/// ```
/// use pinvoke::dll_import;
///
/// #[dll_import("no-such-library", imports = OTHER)]
/// unsafe extern "C" {
///     safe fn first() -> i32;
///     safe fn second() -> i32;
/// }
/// let report = OTHER.bind_all().unwrap_err();
/// assert!(
///     report
///         .to_string()
///         .starts_with("imports cannot be bound\ncannot load the library \"no-such-library\"")
/// );
/// ```
#[derive(Debug)]
pub struct BindReport {
    errors: Vec<BindError>,
    imports: usize,
}

impl BindReport {
    /// One error for each missing library, and for each missing entry point of the others.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc", imports = LIBC)]
    /// unsafe extern "C" {
    ///     safe fn get_pid() -> i32;
    ///     safe fn get_ppid() -> i32;
    /// }
    /// # #[cfg(unix)] {
    /// let report = LIBC.bind_all().unwrap_err();
    /// let missing: Vec<&str> = report.errors().iter().map(|error| error.import()).collect();
    /// assert_eq!(missing, ["get_pid", "get_ppid"]);
    /// # }
    /// ```
    #[must_use]
    pub fn errors(&self) -> &[BindError] {
        &self.errors
    }
}

impl fmt::Display for BindReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, all) = (self.errors.len(), self.imports);
        if self.errors.iter().any(BindError::is_whole_library) {
            write!(f, "imports cannot be bound")?;
        } else {
            write!(f, "{failed} of {all} imports cannot be bound")?;
        }
        self.errors.iter().try_for_each(|error| write!(f, "\n{error}"))
    }
}

impl std::error::Error for BindReport {}

/// What became of a library that was given back.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::import::Unloaded;
///
/// #[dll_import("libc", imports = LIBC, unload)]
/// unsafe extern "C" {
///     safe fn getpid() -> i32;
/// }
///
/// // SAFETY: nothing that came from the library is used any more.
/// let unload = || unsafe { LIBC.unload() };
/// assert_eq!(unload()?, Unloaded { was_loaded: false, still_mapped: false });
/// getpid();
/// // Given back, and still there: the program itself needs it.
/// assert_eq!(unload()?, Unloaded { was_loaded: true, still_mapped: true });
/// # }
/// # Ok::<(), pinvoke::import::UnloadError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unloaded {
    /// Whether it was loaded at all.
    pub was_loaded: bool,
    /// Whether it is still there: someone else opened it too, or it cannot be unmapped (it has unique
    /// symbols or thread-local destructors).
    pub still_mapped: bool,
}

/// A library was not given back.
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::import::UnloadError;
///
/// #[dll_import("libc", imports = LIBC)]
/// unsafe extern "C" {
///     safe fn getpid() -> i32;
/// }
/// // SAFETY: refused, since the block does not say `unload`.
/// let error = unsafe { LIBC.unload() }.unwrap_err();
/// assert!(matches!(error, UnloadError::NotDeclared { library: "libc" }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnloadError {
    /// The block does not say `unload`.
    #[error(
        "the imports of the library {library:?} are not declared with `unload`, so their calls are not counted"
    )]
    NotDeclared {
        /// Its declared name.
        library: &'static str,
    },
    /// Calls are in progress.
    #[error("the library {library:?} cannot be unloaded: {calls} of its functions are running")]
    InUse {
        /// Its declared name.
        library: &'static str,
        /// How many.
        calls: usize,
    },
    /// The loader refuses.
    #[error(transparent)]
    Close(#[from] CloseError),
}
