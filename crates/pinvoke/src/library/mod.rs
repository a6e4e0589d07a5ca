//! Native libraries: found by probing, loaded by the system's loader.
//!
//! [`Library::open`] takes the name that a declaration gives, [probes](probe) for the file it means, and loads
//! the first candidate that the loader accepts. Where none is accepted, the [error](LoadError) has every attempt
//! in the loader's own words and what the file in question really is.
//!
//! ```
//! use pinvoke::library::Library;
//!
//! let c = Library::open("libc")?;
//! let getpid = c.entry_point("getpid")?;
//! assert_eq!(getpid.name(), "getpid");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is not handed to the loader
//!
//! A path that leads to a pipe or a device, where opening would wait, and an ELF file that ends before its segments
//! do, which the loader would map and the process die of. Whatever else is wrong with a file, the loader finds out.
//! Loading runs the library's initialisers; what they do is up to them.
//!
//! # How long a library stays
//!
//! A library is never unloaded by itself, whatever happens to the [`Library`] values that name it, as in .NET:
//! function pointers into it may be anywhere, in native code too, and no one could tell when the last is gone.
//! Who knows better calls [`Library::close`], which is `unsafe` for that reason.

mod advice;
mod dependencies;
pub mod diagnose;
mod elf;
mod error;
pub mod exports;
mod file;
mod finding;
mod installed;
pub mod ld_cache;
mod near_miss;
mod pe;
pub mod probe;
mod raw;
mod report;
mod search;
pub mod versioned;

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod image;
#[cfg(target_vendor = "apple")]
#[path = "macos.rs"]
mod image;
#[cfg(unix)]
#[path = "unix.rs"]
mod os;
#[cfg(windows)]
#[path = "windows.rs"]
mod os;

use core::ffi::c_void;
use core::ops::ControlFlow;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinvoke_abi::target::Target;

pub use elf::Machine;
pub use error::{Attempt, CloseError, LoadError, LoadFailure, LoaderMessage};
pub(crate) use near_miss::near_misses;
use probe::{Candidate, LoadFlags, Place, ProbeOptions, Spelling};
pub use report::{ProbeReport, Status, Step, explain, list};

/// A loaded library. Cheap to clone; clones are the same library.
///
/// ```
/// use pinvoke::library::Library;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let same = c.clone();
/// drop(c); // does not unload it
/// assert!(same.entry_point("qsort").is_ok());
/// # Ok::<(), pinvoke::library::LoadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Library(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    name: OsString,
    path: Option<PathBuf>,
    handle: os::Handle,
}

impl Library {
    /// Finds and loads the library that `name` means, with the usual options.
    ///
    /// ```
    /// use pinvoke::library::{Library, LoadError};
    ///
    /// # #[cfg(target_os = "linux")]
    /// assert!(Library::open("libm")?.entry_point("cos").is_ok()); // libm.so.6, found by its plain name
    ///
    /// let error = Library::open("no-such-library").unwrap_err();
    /// // Everything that was tried, in order:
    /// let tried: Vec<_> =
    ///     error.attempts().iter().map(|attempt| attempt.candidate.file.display().to_string()).collect();
    /// assert!(tried.iter().any(|file| file.contains("no-such-library")));
    /// assert!(matches!(Library::open(""), Err(LoadError::NoName)));
    /// # Ok::<(), LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The name is empty or contains a NUL, or the loader accepts no candidate.
    pub fn open(name: impl AsRef<OsStr>) -> Result<Library, LoadError> {
        Self::open_with(name, &ProbeOptions::default())
    }

    /// Finds and loads the library that `name` means.
    ///
    /// ```no_run
    /// use pinvoke::library::{Library, probe::ProbeOptions};
    ///
    /// let options = ProbeOptions::default().directory("/opt/acme/lib");
    /// let acme = Library::open_with("acme", &options)?;
    /// println!("loaded {}", acme.path().unwrap().display());
    /// # Ok::<(), pinvoke::library::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The name is empty or contains a NUL, or the loader accepts no candidate.
    pub fn open_with(name: impl AsRef<OsStr>, options: &ProbeOptions) -> Result<Library, LoadError> {
        let name = name.as_ref();
        check_name(name)?;
        let mut refused = Vec::new();
        let found =
            search::each_candidate(name, options, |candidate| match load(name, &candidate, options) {
                Ok(library) => ControlFlow::Break(library),
                Err(message) => {
                    refused.push((candidate, message));
                    ControlFlow::Continue(())
                }
            });
        if let ControlFlow::Break(library) = found {
            return Ok(library);
        }
        Err(failure(name, refused))
    }

    /// Loads exactly this file. What stands in `file` goes to the loader as it is: there is no probing, but a
    /// bare name is still searched for by the loader itself.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_env = "gnu"))] {
    /// use pinvoke::library::Library;
    ///
    /// assert!(Library::load_exact("libm.so.6").is_ok());
    /// // No suffix or prefix is added, so this is no library:
    /// let error = Library::load_exact("m").unwrap_err();
    /// assert_eq!(error.attempts().len(), 1);
    /// # }
    /// # Ok::<(), pinvoke::library::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The name is empty or contains a NUL, or the loader does not accept the file.
    pub fn load_exact(file: impl AsRef<Path>) -> Result<Library, LoadError> {
        let name = file.as_ref().as_os_str();
        check_name(name)?;
        let place = if file.as_ref().is_absolute() { Place::Absolute } else { Place::System };
        let candidate = Candidate { file: name.to_owned(), spelling: Spelling::AsGiven, place };
        load(name, &candidate, &ProbeOptions::default())
            .map_err(|message| failure(name, vec![(candidate, message)]))
    }

    /// The running program itself: its own exported symbols and those of every library it was started with.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let own = Library::main_program()?;
    /// assert!(own.entry_point("malloc").is_ok());
    /// # Ok::<(), pinvoke::library::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// None that a system is known for.
    pub fn main_program() -> Result<Library, LoadError> {
        Self::open(probe::OWN_PROCESS)
    }

    /// The name that was asked for.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let name = if cfg!(windows) { "msvcrt" } else { "libc" };
    /// assert_eq!(Library::open(name)?.name(), name); // not the name of the file
    /// # Ok::<(), pinvoke::library::LoadError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &OsStr {
        &self.0.name
    }

    /// The file that was loaded; `None` where the system does not know it.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let file = c.path().expect("the system knows it");
    /// assert!(file.is_absolute());
    /// # #[cfg(all(target_os = "linux", target_env = "gnu"))]
    /// assert!(file.ends_with("libc.so.6"));
    /// # Ok::<(), pinvoke::library::LoadError>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The handle that the system's loader knows the library by. It stays the library's: closing it is
    /// [`close`](Self::close)'s matter.
    ///
    /// For the functions of the loader that this crate does not wrap:
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open("libc")?;
    /// // SAFETY: the handle is that of an open library, the name a C string.
    /// let strlen = unsafe { libc::dlsym(c.as_raw(), c"strlen".as_ptr()) };
    /// assert!(!strlen.is_null());
    /// # }
    /// # Ok::<(), pinvoke::library::LoadError>(())
    /// ```
    #[must_use]
    pub fn as_raw(&self) -> *mut c_void {
        self.0.handle.as_raw()
    }

    /// What the loader added to every address of the library's file: an export's address and this make the address
    /// in this process.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open("libc")?;
    /// let getpid = c.entry_point("getpid")?;
    /// let in_file = getpid.export()?.expect("libc exports it itself").address;
    /// let bias = c.load_bias().expect("the loader says it");
    /// assert_eq!(bias.wrapping_add(in_file as usize), getpid.code().addr());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn load_bias(&self) -> Option<usize> {
        os::load_bias(self.0.handle)
    }

    /// Whether it is a clone, which the loader knows nothing of.
    pub(crate) fn is_same_opening(&self, other: &Library) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn symbol(&self, name: &core::ffi::CStr) -> Result<*mut c_void, LoaderMessage> {
        os::symbol(self.0.handle, name).map_err(LoaderMessage)
    }

    /// The address of a numbered export.
    pub(crate) fn by_ordinal(&self, number: u16) -> Result<*mut c_void, LoaderMessage> {
        os::by_ordinal(self.0.handle, number).map_err(LoaderMessage)
    }
}

/// The files are looked at only now that all attempts have failed.
fn failure(name: &OsStr, refused: Vec<(Candidate, LoaderMessage)>) -> LoadError {
    let system = installed::system();
    let attempt = |(candidate, message)| diagnose::attempt(candidate, message, &system);
    let attempts: Vec<Attempt> = refused.into_iter().map(attempt).collect();
    let advice = advice::advice(name, attempts.iter());
    LoadError::Refused(Box::new(LoadFailure { name: name.to_owned(), attempts, advice }))
}

fn check_name(name: &OsStr) -> Result<(), LoadError> {
    if name.is_empty() {
        return Err(LoadError::NoName);
    }
    match os::native_name(name) {
        Ok(_) => Ok(()),
        Err(offset) => Err(LoadError::NulInName { name: name.to_owned(), offset }),
    }
}

fn load(name: &OsStr, candidate: &Candidate, options: &ProbeOptions) -> Result<Library, LoaderMessage> {
    let opened = match candidate.place {
        Place::OwnProcess => os::own_process(),
        _ => match (os::native_name(&candidate.file), danger(&candidate.file)) {
            (Err(offset), _) => Err(format!("the path has a NUL character at offset {offset}")),
            (Ok(_), Some(danger)) => Err(danger),
            (Ok(file), None) => os::open(&file, LoadFlags::of(candidate, options)),
        },
    };
    let handle = opened.map_err(LoaderMessage)?;
    Ok(Library(Arc::new(Loaded { name: name.to_owned(), path: loaded_path(handle), handle })))
}

/// Why this candidate must not be handed to the loader. A bare name is the loader's own business.
fn danger(file: &OsStr) -> Option<String> {
    if probe::is_path(file, Target::HOST.os) { file::danger(Path::new(file)) } else { None }
}

/// The file of the loaded library that an address belongs to.
pub(crate) fn file_of(address: *const c_void) -> Option<PathBuf> {
    os::file_of(address)
}

fn loaded_path(handle: os::Handle) -> Option<PathBuf> {
    os::path(handle).or_else(|| std::env::current_exe().ok())
}
