//! Declared imports: a native function as a static, bound when it is first called.
//!
//! [`dll_import`](crate::dll_import) writes one [`Import`] for each function and one [`ImportLibrary`]
//! for each block. Nothing is loaded before the first call; that call finds and loads the library, looks
//! the entry point up, and keeps its address. Every call is *load, call*, the first one too:
//!
//! ```text
//! mov  rax, [IMPORT]      one load, no fence on any architecture this runs on but an acquire
//! call rax                the function; before it is bound, the import's binder
//! ```
//!
//! The *binder* is a function of the same native signature, written by the macro. It binds the import and
//! goes on to the function, as lazy binding between executables does; what it cannot bind is a panic with the
//! full report. Signatures that have a place for the error (`Result`, `Option`), have closures or
//! variable arguments, or whose arguments own something until the call, test instead: *load, compare, call*.
//!
//! # Rules
//!
//! * **Conventions.** On 32-bit x86 the stack pointer is compared before and behind a call. A function that removed other
//!   than its declared arguments, since it has another convention than its declaration or other arguments, is named on
//!   standard error with what to write instead, and the process is aborted: nothing can return to its caller.
//! * **Threads.** Any number of threads may bind the same import at once; all of them end with the same
//!   address. No lock is held while the loader runs, so initialisers of libraries may use imports.
//! * **Last error.** Binding leaves the thread's `errno` as it was.
//! * **Failure** is not remembered: the next call looks again, for the library may have come meanwhile.
#![allow(unsafe_code, reason = "an import calls whatever its declaration says stands there")]

#[doc(hidden)]
pub mod balance;
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
#[doc(hidden)]
pub use global::assert_element;
pub use hook::{AlreadySet, NameMap, Platforms, set_name_map, set_resolver};
pub use library::{CallInProgress, ImportLibrary};
pub use off_thread::OffThread;
pub use table::{BindReport, ImportTable, UnloadError, Unloaded, bind_all};

use crate::entry_point::{CharSet, EntryPointOptions};
use crate::last_error::LastError;
use crate::native::CodePtr;

/// One declared function or variable.
///
/// ```
/// use pinvoke::import::{Import, ImportLibrary};
///
/// static C: ImportLibrary = ImportLibrary::new(if cfg!(windows) { "msvcrt" } else { "libc" }, &[]);
/// static ABS: Import = Import::new(&C, c"abs");
///
/// // SAFETY: this is the type that C gives abs.
/// let abs: extern "C" fn(i32) -> i32 = unsafe { std::mem::transmute(ABS.code()?) };
/// assert_eq!(abs(-5), 5);
/// # Ok::<(), pinvoke::import::BindError>(())
/// ```
#[derive(Debug)]
pub struct Import {
    library: &'static ImportLibrary,
    entry_point: &'static CStr,
    options: EntryPointOptions,
    /// Where a call goes: the function, or what stands in for it until it is bound.
    code: AtomicPtr<c_void>,
    binder: Option<CodePtr>,
}

impl Import {
    /// An import that is not bound yet.
    ///
    /// ```
    /// use pinvoke::import::{Import, ImportLibrary};
    ///
    /// // Nothing is loaded yet, so nothing can fail yet.
    /// static NOWHERE: ImportLibrary = ImportLibrary::new("no-such-library", &[]);
    /// static FUNCTION: Import = Import::new(&NOWHERE, c"function");
    /// assert!(FUNCTION.code().is_err());
    /// ```
    #[must_use]
    pub const fn new(library: &'static ImportLibrary, entry_point: &'static CStr) -> Import {
        let options = EntryPointOptions { char_set: CharSet::Ansi, exact_spelling: false, decoration: None };
        Import { library, entry_point, options, code: AtomicPtr::new(null_mut()), binder: None }
    }

    /// Says which spellings of the name are tried; see [`EntryPointOptions`].
    ///
    /// ```
    /// use pinvoke::entry_point::{CharSet, Decoration, EntryPointOptions};
    /// use pinvoke::import::{Import, ImportLibrary};
    ///
    /// static USER32: ImportLibrary = ImportLibrary::new("user32", &[]);
    /// static MESSAGE_BOX: Import = Import::new(&USER32, c"MessageBox").with_options(EntryPointOptions {
    ///     char_set: CharSet::Unicode,
    ///     exact_spelling: false,
    ///     decoration: Some(Decoration::Stdcall { bytes: 16 }),
    /// });
    /// // On Windows this binds `MessageBoxW`; elsewhere there is no such library.
    /// assert_eq!(MESSAGE_BOX.is_available(), cfg!(windows));
    /// ```
    #[must_use]
    pub const fn with_options(self, options: EntryPointOptions) -> Import {
        Import { options, ..self }
    }

    /// Makes `binder` what is called until the import is bound; then
    /// [`code_or_binder`](Import::code_or_binder) may be used.
    ///
    /// ```
    /// use core::ffi::c_void;
    ///
    /// use pinvoke::import::{Import, ImportLibrary};
    ///
    /// static C: ImportLibrary = ImportLibrary::new(if cfg!(windows) { "msvcrt" } else { "libc" }, &[]);
    /// // SAFETY: the binder takes and returns what abs does.
    /// static ABS: Import = unsafe { Import::new(&C, c"abs").bound_by(bind_abs as *const c_void) };
    ///
    /// /// Stands for `abs` until that is bound.
    /// extern "C" fn bind_abs(j: i32) -> i32 {
    ///     // SAFETY: this is the type that C gives abs.
    ///     let abs: extern "C" fn(i32) -> i32 = unsafe { std::mem::transmute(ABS.code_or_panic()) };
    ///     abs(j)
    /// }
    ///
    /// // SAFETY: there is a binder, and both functions have this type.
    /// let abs: extern "C" fn(i32) -> i32 = unsafe { std::mem::transmute(ABS.code_or_binder()) };
    /// assert_eq!(abs(-5), 5);
    /// ```
    ///
    /// # Panics
    /// If it is null.
    ///
    /// # Safety
    /// It is a function that may be called as the entry point may.
    #[must_use]
    pub const unsafe fn bound_by(self, binder: *const c_void) -> Import {
        let Some(binder) = CodePtr::new(binder) else { panic!("a binder is a function") };
        Import { code: AtomicPtr::new(binder.as_ptr().cast_mut()), binder: Some(binder), ..self }
    }

    /// The name that is looked up.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc", imports = LIBC)]
    /// unsafe extern "C" {
    ///     #[dll_import(entry_point = "getpid")]
    ///     safe fn process_id() -> i32;
    /// }
    /// // The name in the library, whatever the function is called here:
    /// assert_eq!(LIBC.process_id.name(), "getpid");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry_point.to_str().unwrap_or("?")
    }

    /// The library that it comes from.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libm.so.6", imports = MATHS)]
    /// unsafe extern "C" {
    ///     safe fn cbrt(x: f64) -> f64;
    /// }
    /// assert_eq!(MATHS.cbrt.library().name(), "libm.so.6");
    /// ```
    #[must_use]
    pub fn library(&self) -> &'static ImportLibrary {
        self.library
    }

    /// The address, bound now if it is not yet.
    ///
    /// ```
    /// use pinvoke::import::{BindFailure, Import, ImportLibrary};
    ///
    /// static C: ImportLibrary = ImportLibrary::new(if cfg!(windows) { "msvcrt" } else { "libc" }, &[]);
    /// static TYPO: Import = Import::new(&C, c"strlenn");
    /// static STRLEN: Import = Import::new(&C, c"strlen");
    ///
    /// // The address goes into a table of functions that native code is given, say.
    /// let table = [STRLEN.code()?.as_ptr()];
    /// assert!(!table[0].is_null());
    /// let error = TYPO.code().unwrap_err();
    /// assert!(matches!(error.failure(), BindFailure::EntryPoint(_)));
    /// assert_eq!((error.import(), error.library()), ("strlenn", C.name()));
    /// # Ok::<(), pinvoke::import::BindError>(())
    /// ```
    ///
    /// # Errors
    /// [`BindError`]: the library cannot be loaded or has no such entry point.
    #[inline]
    pub fn code(&self) -> Result<CodePtr, BindError> {
        match self.bound() {
            Some(code) => Ok(code),
            None => {
                // As a call is counted: or the address could be kept when the library is unloaded already.
                let _in_use = self.library.enter();
                self.bind()
            }
        }
    }

    /// Binds it now, without calling it.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc", imports = LIBC)]
    /// unsafe extern "C" {
    ///     safe fn strlen(text: &str) -> usize;
    ///     safe fn strlenn(text: &str) -> usize;
    /// }
    /// # #[cfg(unix)] {
    /// LIBC.strlen.try_bind()?;
    /// let error = LIBC.strlenn.try_bind().unwrap_err();
    /// // With every attempt, and what may have been meant:
    /// assert!(error.to_string().starts_with("cannot bind `strlenn` of the library \"libc\""));
    /// assert!(error.to_string().contains("strlen"));
    /// # }
    /// # Ok::<(), pinvoke::import::BindError>(())
    /// ```
    ///
    /// # Errors
    /// [`BindError`]: the library cannot be loaded or has no such entry point.
    pub fn try_bind(&self) -> Result<(), BindError> {
        self.code().map(drop)
    }

    /// The address, within a call, which is counted if the library may be unloaded.
    ///
    /// # Errors
    /// As for [`code`](Import::code).
    #[doc(hidden)]
    #[inline]
    pub fn code_in_call(&self) -> Result<CodePtr, BindError> {
        match self.bound() {
            Some(code) => Ok(code),
            None => self.bind(),
        }
    }

    /// The address, for a call whose signature has no place for an error.
    ///
    /// ```
    /// use pinvoke::import::{Import, ImportLibrary};
    ///
    /// static C: ImportLibrary = ImportLibrary::new(if cfg!(windows) { "msvcrt" } else { "libc" }, &[]);
    /// static LABS: Import = Import::new(&C, c"labs");
    ///
    /// fn labs(x: std::ffi::c_long) -> std::ffi::c_long {
    ///     // SAFETY: this is the type that C gives labs.
    ///     let labs: extern "C" fn(_) -> _ = unsafe { std::mem::transmute(LABS.code_or_panic()) };
    ///     labs(x)
    /// }
    /// assert_eq!(labs(-70_000), 70_000);
    /// ```
    ///
    /// # Panics
    /// If it cannot be bound, with the full report.
    #[inline]
    #[track_caller]
    pub fn code_or_panic(&self) -> CodePtr {
        match self.bound() {
            Some(code) => code,
            None => self.bind_or_panic(),
        }
    }

    /// The address, or that of the binder, which binds the import, goes on to its function, and panics if
    /// there is none.
    ///
    /// ```
    /// use core::ffi::c_void;
    ///
    /// use pinvoke::import::{Import, ImportLibrary};
    ///
    /// extern "C" fn binder() {}
    ///
    /// static C: ImportLibrary = ImportLibrary::new(if cfg!(windows) { "msvcrt" } else { "libc" }, &[]);
    /// // SAFETY: the binder is never called here.
    /// static ABORT: Import = unsafe { Import::new(&C, c"abort").bound_by(binder as *const c_void) };
    ///
    /// // SAFETY: there is a binder.
    /// let code = || unsafe { ABORT.code_or_binder() };
    /// assert_eq!(code().as_ptr(), binder as *const c_void); // nothing is bound yet
    /// assert_eq!(ABORT.code()?, code());
    /// # Ok::<(), pinvoke::import::BindError>(())
    /// ```
    ///
    /// # Safety
    /// The import has a [binder](Import::bound_by).
    #[inline]
    #[must_use]
    pub unsafe fn code_or_binder(&self) -> CodePtr {
        // SAFETY: with a binder, it or a function stands there.
        unsafe { CodePtr::new_unchecked(self.code.load(Ordering::Acquire)) }
    }

    /// The address, if it is bound.
    #[inline]
    fn bound(&self) -> Option<CodePtr> {
        let code = CodePtr::new(self.code.load(Ordering::Acquire));
        if code == self.binder { None } else { code }
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
    ///
    /// For what newer systems have, with a way to do without:
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc", imports = LIBC)]
    /// unsafe extern "C" {
    ///     safe fn a_call_of_the_year_2100() -> i32;
    /// }
    ///
    /// let answer = if LIBC.a_call_of_the_year_2100.is_available() { a_call_of_the_year_2100() } else { 42 };
    /// assert_eq!(answer, 42);
    /// ```
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.try_bind().is_ok()
    }

    #[cold]
    #[inline(never)]
    fn bind(&self) -> Result<CodePtr, BindError> {
        let errno = LastError::current();
        let bound = self.library.find(self.entry_point, &self.options);
        errno.set_current();
        let code = bound.map_err(|failure| BindError::new(self, failure))?;
        self.code.store(code.as_ptr().cast_mut(), Ordering::Release);
        Ok(code)
    }

    /// Forgets the address; the next call looks again.
    fn unbind(&self) -> Option<CodePtr> {
        let unbound = self.binder.map_or(null_mut(), |binder| binder.as_ptr().cast_mut());
        let code = CodePtr::new(self.code.swap(unbound, Ordering::AcqRel));
        if code == self.binder { None } else { code }
    }

    /// Ends a call whose signature has no place for the error.
    ///
    /// ```
    /// use pinvoke::import::{Import, ImportLibrary};
    ///
    /// static C: ImportLibrary = ImportLibrary::new("libc", &[]);
    /// static SQUARE: Import = Import::new(&C, c"square");
    ///
    /// let ended = std::panic::catch_unwind(|| SQUARE.fail(&"`square` takes no negative numbers"));
    /// let message = ended.unwrap_err();
    /// assert_eq!(message.downcast_ref::<String>().unwrap(), "`square` takes no negative numbers");
    /// ```
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
