//! Drivers: shared libraries with a `DriverEntry`, loaded, attributed and unloaded.
//!
//! A driver finds the callback functions by name, through the loader. So before the first driver is loaded
//! there has to be one image whose names everybody sees, and its functions have to lead to the one
//! implementation of the process: see [`crate::implementation`]. An image that brings an implementation of
//! its own is refused: its objects would be invisible to everybody else. Or a driver links with nothing and exports
//! `CboReceiveFunctions`: then it is handed a table of the functions before its `DriverEntry` is called.
//!
//! # Unloading
//!
//! `DriverUnload` is the driver's own way to undo what it has done. What it forgets would be fatal: the next
//! notification calls a routine that is not there any more. So after it has returned, the routines that are
//! still registered and lie in the image are listed in a report, as the kernel does with a bug check, and
//! then, by [`Leftovers`], either unregistered, which waits for their calls, or kept, and the driver with
//! them.
//!
//! The image goes when its last [pin](crate::module) goes. There is one for the driver and one for each of
//! its registrations, and the one of a registration outlives the calls of its routine. So a driver may be
//! unloaded from inside one of its own routines: the call returns [`Unloaded::Deferred`], the routine runs
//! on to its end, and then the image goes.
//!
//! What the loader does not promise is that an image really goes. It stays if it has thread-local values with
//! destructors that have not run yet (Rust's standard library has some), unique symbols, or other users. That
//! is reported, because the next loading of the same file will then find the old variables.

mod entry;
mod loaded;

use std::path::PathBuf;

use callback_object::Status;

pub use loaded::Driver;

/// What becomes of the routines that a driver leaves registered.
///
/// ```
/// use callback_object_host::{Driver, Leftovers, UnloadError};
///
/// /// Says what a driver has forgotten, and makes it go all the same.
/// fn unload(driver: Driver) -> Result<(), UnloadError> {
///     match driver.unload(Leftovers::Refuse) {
///         Ok(_) => Ok(()),
///         Err((driver, refused)) => {
///             eprintln!("{refused}");
///             driver.unload(Leftovers::Revoke).map(drop).map_err(|(_, error)| error)
///         }
///     }
/// }
/// # let _ = unload;
/// assert_eq!(Leftovers::default(), Leftovers::Revoke);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leftovers {
    /// They are reported and unregistered; then the image goes.
    #[default]
    Revoke,
    /// They are reported, and the driver stays loaded until it is unloaded with [`Leftovers::Revoke`].
    Refuse,
}

/// A routine that a driver has left registered.
///
/// ```
/// use callback_object_host::{Leftover, UnloadError};
///
/// fn report(error: &UnloadError) -> Vec<String> {
///     let UnloadError::Leftovers { leftovers, .. } = error else { return vec![error.to_string()] };
///     leftovers
///         .iter()
///         .map(|Leftover { object, routine }| format!("{object} still calls {routine}"))
///         .collect()
/// }
///
/// # #[allow(unused)]
/// let object = r"\Callback\Tcp".to_owned();
/// let routine = "on_connection in libaudit.so".to_owned();
/// let error = UnloadError::Leftovers {
///     driver: r"\Driver\audit".to_owned(),
///     leftovers: vec![Leftover { object, routine }],
/// };
/// assert_eq!(report(&error), [r"\Callback\Tcp still calls on_connection in libaudit.so"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The object's name.
    pub object: String,
    /// The routine, with its image.
    pub routine: String,
}

/// How an unloading has ended.
///
/// ```
/// use callback_object_host::{Driver, Leftovers, UnloadError, Unloaded};
///
/// /// Whether the file may be replaced now.
/// fn unload(driver: Driver) -> Result<bool, UnloadError> {
///     match driver.unload(Leftovers::Revoke).map_err(|(_, error)| error)? {
///         Unloaded::Now { still_mapped, .. } => Ok(!still_mapped),
///         // This runs in a routine of the driver itself.
///         Unloaded::Deferred { .. } => Ok(false),
///     }
/// }
/// # let _ = unload;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unloaded {
    /// The image is gone, or will go when the loader lets it: see the report.
    Now {
        /// What was registered still and has been revoked.
        leftovers: Vec<Leftover>,
        /// Whether the loader has kept the image.
        still_mapped: bool,
    },
    /// A routine of the driver is running; the image goes when it has returned.
    Deferred {
        /// What was registered still and has been revoked.
        leftovers: Vec<Leftover>,
    },
}

/// Why a driver was not loaded.
///
/// ```
/// use callback_object::irql;
/// use callback_object_host::{Driver, LoadError};
///
/// // SAFETY: there is no such file, so nothing of it runs.
/// let load = || unsafe { Driver::load("no/such/driver.so") };
/// assert!(matches!(load(), Err(LoadError::Image { .. })));
///
/// let raised = irql::raise(irql::DISPATCH)?;
/// assert!(matches!(load(), Err(LoadError::Level { .. })));
/// # drop(raised);
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The loader does not find the file or does not accept it.
    #[error("cannot load driver {}: {reason}", path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// The loader's words.
        reason: String,
    },
    /// The file is a library but not a driver.
    #[error("cannot load driver {}: it exports no DriverEntry", path.display())]
    NoEntry {
        /// The file.
        path: PathBuf,
    },
    /// The driver is loaded already.
    #[error("cannot load driver {}: it is loaded already, and an image has one set of variables", path.display())]
    AlreadyLoaded {
        /// The file.
        path: PathBuf,
    },
    /// The driver has its own copy of this library, so its objects would not be those of the process.
    #[error(
        "cannot load driver {}: it brings a second implementation of callback objects, in {second}, beside that \
         in {first}; link it with -lcallback_object, or depend on the crate callback-object-driver, not on \
         callback-object",
        path.display()
    )]
    SecondImplementation {
        /// The file.
        path: PathBuf,
        /// The image with the implementation of the process.
        first: String,
        /// The image with the other one.
        second: String,
    },
    /// `DriverEntry` has returned an error.
    #[error("cannot load driver {}: its DriverEntry returned {status}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// What it has returned.
        status: Status,
    },
    /// The thread's level does not allow it.
    #[error("cannot load driver {}: {status}", path.display())]
    Level {
        /// The file.
        path: PathBuf,
        /// Always [`Status::INVALID_DEVICE_STATE`].
        status: Status,
    },
}

/// Why a driver was not unloaded. It is loaded as before.
///
/// ```
/// use callback_object_host::{Driver, Leftovers, UnloadError};
///
/// /// Unloads, and waits while the driver is being started or stopped by somebody else.
/// fn unload(mut driver: Driver) -> Result<(), UnloadError> {
///     loop {
///         match driver.unload(Leftovers::Revoke) {
///             Ok(_) => return Ok(()),
///             Err((same, UnloadError::Busy { .. })) => driver = same,
///             Err((_, error)) => return Err(error),
///         }
///         std::thread::yield_now();
///     }
/// }
/// # let _ = unload;
/// let error = UnloadError::NoUnload { driver: r"\Driver\audit".to_owned() };
/// assert_eq!(error.to_string(), r"cannot unload \Driver\audit: it has no DriverUnload routine");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnloadError {
    /// `DriverEntry` has set no `DriverUnload`.
    #[error("cannot unload {driver}: it has no DriverUnload routine")]
    NoUnload {
        /// The driver's name.
        driver: String,
    },
    /// Its `DriverEntry` or `DriverUnload` is running, or it is unloaded already.
    #[error("cannot unload {driver}: it is being loaded or unloaded")]
    Busy {
        /// The driver's name.
        driver: String,
    },
    /// It has left routines registered, and the caller wants to keep them.
    #[error("cannot unload {driver}: it has left {} routines registered, the first of them {} with {}",
        leftovers.len(), leftovers[0].routine, leftovers[0].object)]
    Leftovers {
        /// The driver's name.
        driver: String,
        /// The routines; not empty.
        leftovers: Vec<Leftover>,
    },
    /// The thread's level does not allow it.
    #[error("cannot unload {driver}: {status}")]
    Level {
        /// The driver's name.
        driver: String,
        /// Always [`Status::INVALID_DEVICE_STATE`].
        status: Status,
    },
}
