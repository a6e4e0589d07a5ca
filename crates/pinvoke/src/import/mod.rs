//! Declared imports: a native function as a static, bound when it is first called.
//!
//! [`dll_import`](crate::dll_import) writes one [`Import`] for each function and one [`ImportLibrary`]
//! for each block. Nothing is loaded before the first call; that call finds and loads the library, looks
//! the entry point up, and keeps its address. Every later one is *load, test, call*:
//!
//! ```text
//! mov  rax, [IMPORT]      one load, no fence on any architecture this runs on but an acquire
//! test rax, rax
//! je   cold               library, entry point, or the error with everything that was tried
//! call rax
//! ```
//!
//! # Rules
//!
//! * **Threads.** Any number of threads may bind the same import at once; all of them end with the same
//!   address. No lock is held while the loader runs, so initialisers of libraries may use imports.
//! * **Last error.** Binding leaves the thread's `errno` as it was.
//! * **Failure** is not remembered: the next call looks again, for the library may have come meanwhile.
#![allow(unsafe_code, reason = "an import calls whatever its declaration says stands there")]

mod error;
mod global;
mod hook;
mod library;
mod off_thread;
#[doc(hidden)]
pub mod planned;
mod table;
pub mod variadic;

use core::ffi::{CStr, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

pub use error::{BindError, BindFailure};
pub use global::Global;
pub use hook::{AlreadySet, NameMap, Platforms, set_name_map, set_resolver};
pub use library::{CallInProgress, ImportLibrary};
pub use off_thread::OffThread;
pub use table::{BindReport, ImportTable, UnloadError, Unloaded, bind_all};

use crate::entry_point::{CharSet, EntryPointOptions};
use crate::last_error::LastError;
use crate::native::CodePtr;

/// One declared function or variable.
#[derive(Debug)]
pub struct Import {
    library: &'static ImportLibrary,
    entry_point: &'static CStr,
    options: EntryPointOptions,
    bound: AtomicPtr<c_void>,
}

impl Import {
    /// An import that is not bound yet.
    #[must_use]
    pub const fn new(library: &'static ImportLibrary, entry_point: &'static CStr) -> Import {
        let options =
            EntryPointOptions { char_set: CharSet::Ansi, exact_spelling: false, stdcall_bytes: None };
        Import { library, entry_point, options, bound: AtomicPtr::new(null_mut()) }
    }

    /// Says which spellings of the name are tried; see [`EntryPointOptions`].
    #[must_use]
    pub const fn with_options(self, options: EntryPointOptions) -> Import {
        Import { library: self.library, entry_point: self.entry_point, options, bound: self.bound }
    }

    /// The name that is looked up.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry_point.to_str().unwrap_or("?")
    }

    /// The library that it comes from.
    #[must_use]
    pub fn library(&self) -> &'static ImportLibrary {
        self.library
    }

    /// The address, bound now if it is not yet.
    ///
    /// # Errors
    /// [`BindError`]: the library cannot be loaded or has no such entry point.
    #[inline]
    pub fn code(&self) -> Result<CodePtr, BindError> {
        match CodePtr::new(self.bound.load(Ordering::Acquire)) {
            Some(code) => Ok(code),
            None => self.bind(),
        }
    }

    /// The address, for a call whose signature has no place for an error.
    ///
    /// # Panics
    /// If it cannot be bound, with the full report.
    #[inline]
    #[track_caller]
    pub fn code_or_panic(&self) -> CodePtr {
        match CodePtr::new(self.bound.load(Ordering::Acquire)) {
            Some(code) => code,
            None => self.bind_or_panic(),
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn bind_or_panic(&self) -> CodePtr {
        match self.bind() {
            Ok(code) => code,
            Err(error) => self.fail(&error),
        }
    }

    /// Whether it can be bound; binds it.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.code().is_ok()
    }

    #[cold]
    #[inline(never)]
    fn bind(&self) -> Result<CodePtr, BindError> {
        let errno = LastError::current();
        let bound = self.library.find(self.entry_point, &self.options);
        errno.set_current();
        let code = bound.map_err(|failure| BindError::new(self, failure))?;
        self.bound.store(code.as_ptr().cast_mut(), Ordering::Release);
        Ok(code)
    }

    /// Forgets the address; the next call looks again.
    fn unbind(&self) -> Option<CodePtr> {
        CodePtr::new(self.bound.swap(null_mut(), Ordering::AcqRel))
    }

    /// Ends a call whose signature has no place for the error.
    ///
    /// # Panics
    /// Always, with the full report.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub fn fail(&self, error: &dyn core::fmt::Display) -> ! {
        panic!("{error}")
    }
}
