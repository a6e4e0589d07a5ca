//! The library of a block of imports: found, loaded, and given back.
#![allow(unsafe_code, reason = "gives a handle back that nobody uses")]

use core::ffi::CStr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::BindFailure;
use super::hook;
use crate::entry_point::EntryPointOptions;
use crate::library::Library;
use crate::library::probe::{ProbeOptions, SearchPath};
use crate::native::CodePtr;

/// The library of a block of imports, loaded when the first of them is bound.
///
/// ```
/// use pinvoke::dll_import;
///
/// #[dll_import("libc", imports = LIBC)]
/// unsafe extern "C" {
///     safe fn getpid() -> i32;
///     safe fn getppid() -> i32;
/// }
/// // All imports of a block have the same:
/// assert!(std::ptr::eq(LIBC.getpid.library(), LIBC.getppid.library()));
/// assert!(std::ptr::eq(LIBC.getpid.library(), LIBC.library()));
/// ```
#[derive(Debug)]
pub struct ImportLibrary {
    name: &'static str,
    directories: &'static [&'static str],
    search: SearchPath,
    /// Every opening of it that is to be given back: the library, then what a resolver opened for threads that came too
    /// late. That stays until all of them go, for the resolver may have looked things up in it.
    opened: Mutex<Vec<Library>>,
    calls: Calls,
}

impl ImportLibrary {
    /// The library of this name, searched for in `directories` before everywhere else.
    ///
    /// ```
    /// use pinvoke::import::ImportLibrary;
    ///
    /// // Found beside nothing but in a directory of its own, where there is one.
    /// static ACME: ImportLibrary = ImportLibrary::new("acme", &["/opt/acme/lib"]);
    /// # #[cfg(unix)] {
    /// let error = ACME.open().unwrap_err();
    /// assert!(error.attempts()[0].candidate.file.to_string_lossy().starts_with("/opt/acme/lib/"));
    /// # }
    /// ```
    #[must_use]
    pub const fn new(name: &'static str, directories: &'static [&'static str]) -> ImportLibrary {
        let calls = Calls(AtomicUsize::new(0));
        ImportLibrary { name, directories, search: SearchPath::Usual, opened: Mutex::new(Vec::new()), calls }
    }

    /// Says which of the usual places are searched.
    ///
    /// ```
    /// use pinvoke::import::ImportLibrary;
    /// use pinvoke::library::probe::{SearchPath, SearchPlaces};
    ///
    /// // What came with the program, and never what the system has under that name.
    /// const BESIDE: SearchPlaces = SearchPlaces {
    ///     assembly_directory: true,
    ///     use_dll_directory_for_dependencies: false,
    ///     application_directory: false,
    ///     user_directories: false,
    ///     system32: false,
    ///     safe_directories: false,
    /// };
    /// static C: ImportLibrary = ImportLibrary::new("libc", &[]).with_search(SearchPath::Only(BESIDE));
    /// assert!(C.open().is_err());
    /// ```
    #[must_use]
    pub const fn with_search(mut self, search: SearchPath) -> ImportLibrary {
        self.search = search;
        self
    }

    /// The declared name.
    ///
    /// ```
    /// use pinvoke::import::ImportLibrary;
    ///
    /// static C: ImportLibrary = ImportLibrary::new("libc", &[]);
    /// assert_eq!(C.name(), "libc"); // not the name of a file
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The library, loaded now if it is not yet: as the program's [resolver](super::set_resolver) says,
    /// else by [probing](crate::library::probe) for the name that the program's
    /// [name map](super::set_name_map) makes of the declared one.
    ///
    /// ```
    /// use pinvoke::import::ImportLibrary;
    ///
    /// static C: ImportLibrary = ImportLibrary::new(if cfg!(windows) { "msvcrt" } else { "libc" }, &[]);
    /// let library = C.open()?;
    /// // Not loaded twice:
    /// assert_eq!(C.open()?.as_raw(), library.as_raw());
    /// # Ok::<(), pinvoke::library::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// [`LoadError`](crate::library::LoadError) with every attempt.
    pub fn open(&self) -> Result<Library, crate::library::LoadError> {
        if let Some(library) = self.opened().first() {
            return Ok(library.clone());
        }
        // Not under the lock: the resolver and the initialisers of the library may come back here.
        if let Some(library) = hook::resolve(self.name) {
            return Ok(self.keep_answer(library));
        }
        let library = Library::open_with(hook::mapped_library(self.name), &self.options())?;
        Ok(self.keep(library))
    }

    /// Makes a library that was just opened this one, unless another thread came first: then it is given
    /// back, or it would stay loaded after [`unload`](super::ImportTable::unload).
    fn keep(&self, library: Library) -> Library {
        let first = {
            let mut opened = self.opened();
            match opened.first() {
                Some(first) => first.clone(),
                None => {
                    opened.push(library.clone());
                    return library;
                }
            }
        };
        // SAFETY: nothing was looked up through this handle, and it has no clone. A loader that refuses leaves
        // the library loaded, which is no error here.
        let _ = unsafe { library.close() };
        first
    }

    /// Makes what the resolver answered this one, unless another thread came first.
    fn keep_answer(&self, library: Library) -> Library {
        let mut opened = self.opened();
        let first = opened.first().unwrap_or(&library).clone();
        if !opened.iter().any(|known| known.is_same_opening(&library)) {
            opened.push(library);
        }
        first
    }

    /// Looks a name up, after the program's name map.
    pub(super) fn find(&self, name: &CStr, options: &EntryPointOptions) -> Result<CodePtr, BindFailure> {
        let library = self.open()?;
        let declared = name.to_str().unwrap_or("?");
        if let Some(mapped) = hook::mapped_entry_point(self.name, declared) {
            return Ok(library.entry_point(&mapped)?.code());
        }
        if let Some(code) = library.exact(name) {
            return Ok(code);
        }
        Ok(library.entry_point_with(declared, options)?.code())
    }

    pub(super) fn opened(&self) -> MutexGuard<'_, Vec<Library>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn options(&self) -> ProbeOptions {
        let options = ProbeOptions::default().search(self.search);
        self.directories.iter().fold(options, |options, directory| options.directory(directory))
    }

    /// Counts a call of an import whose library may be unloaded; the library stays while the guard lives.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::dll_import;
    /// use pinvoke::import::UnloadError;
    ///
    /// #[dll_import("libc", imports = LIBC, unload)]
    /// unsafe extern "C" {
    ///     safe fn getpid() -> i32;
    /// }
    ///
    /// // A thread of ours is going to run in the library, in a way that nobody counts.
    /// let inside = LIBC.library().enter();
    /// // SAFETY: refused, as long as there is a call.
    /// let refused = unsafe { LIBC.unload() };
    /// assert!(matches!(refused, Err(UnloadError::InUse { calls: 1, .. })));
    /// drop(inside);
    /// # }
    /// ```
    #[inline]
    pub fn enter(&self) -> CallInProgress<'_> {
        self.calls.enter()
    }

    pub(super) fn calls(&self) -> &Calls {
        &self.calls
    }
}

/// How many calls are in the library; all bits set while it is being unloaded.
#[derive(Debug)]
pub(super) struct Calls(AtomicUsize);

/// One call into a library that may be unloaded. It keeps the library while it lives.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
///
/// #[dll_import("libc", imports = LIBC, unload)]
/// unsafe extern "C" {
///     safe fn getpid() -> i32;
/// }
///
/// {
///     let _inside = LIBC.library().enter();
///     // SAFETY: refused.
///     assert!(unsafe { LIBC.unload() }.is_err());
/// }
/// // SAFETY: nothing came from it.
/// assert!(unsafe { LIBC.unload() }.is_ok());
/// # }
/// ```
#[derive(Debug)]
pub struct CallInProgress<'a>(&'a Calls);

impl Calls {
    const UNLOADING: usize = usize::MAX;

    #[inline]
    fn enter(&self) -> CallInProgress<'_> {
        let mut calls = self.0.load(Ordering::Relaxed);
        loop {
            if calls == Self::UNLOADING {
                std::thread::yield_now();
                calls = self.0.load(Ordering::Relaxed);
                continue;
            }
            match self.0.compare_exchange_weak(calls, calls + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return CallInProgress(self),
                Err(now) => calls = now,
            }
        }
    }

    /// Keeps calls out while `unload` runs; the number of calls in progress, if there are any.
    pub(super) fn without<R>(&self, unload: impl FnOnce() -> R) -> Result<R, usize> {
        /// Lets calls in again, also after a panic.
        struct Reopen<'a>(&'a AtomicUsize);
        impl Drop for Reopen<'_> {
            fn drop(&mut self) {
                self.0.store(0, Ordering::Release);
            }
        }
        self.0.compare_exchange(0, Self::UNLOADING, Ordering::Acquire, Ordering::Relaxed)?;
        let _reopen = Reopen(&self.0);
        Ok(unload())
    }
}

impl Drop for CallInProgress<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Release);
    }
}
