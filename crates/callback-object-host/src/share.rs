//! Making the shared library lead to this program's implementation.
//!
//! # Safety
//!
//! The library is this very crate, built as one; what its functions take and return is known from that. That
//! it is another version is found out by the shape of the table.
#![allow(unsafe_code, reason = "loads the library and calls it")]

use std::path::Path;
use std::ptr::NonNull;

use callback_object_sys::{NTSTATUS, STATUS_SUCCESS};

use crate::implementation::{decide, keep_visible};
use crate::interface::{Interface, OWN};
use crate::module::{Handle, LoadError};

/// Why the shared library does not lead to this implementation.
///
/// ```
/// use callback_object_host::{ShareError, share};
///
/// assert!(matches!(share("no/such/library.so"), Err(ShareError::Image(_))));
/// # #[cfg(all(target_os = "linux", target_env = "gnu"))]
/// assert!(matches!(share("libm.so.6"), Err(ShareError::Other(_))));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// The loader does not find the library or does not accept it.
    #[error("cannot load the shared library of callback objects: {0}")]
    Image(String),
    /// The file is something else.
    #[error("{0} is not the shared library of callback objects: it does not export CboAdoptImplementation")]
    Other(String),
    /// It has another version, or it is in use with objects of its own.
    #[error(
        "{0} does not lead to this program's implementation of callback objects: it is of another version, or \
         was used before with objects of its own; share the implementation first, from the same build"
    )]
    Refused(String),
}

type Adopt = unsafe extern "system" fn(*const Interface) -> NTSTATUS;

/// Makes the shared library lead to the implementation in this image, and its names visible to images that
/// are loaded from now on: see [`implementation`](crate::implementation). To be done before drivers are
/// loaded, and before the library is used. Doing it again is fine.
///
/// ```
/// use callback_object_host::{ShareError, share};
///
/// /// The library that was built with this program, wherever it is installed.
/// fn set_up(places: &[&str]) -> Result<(), ShareError> {
///     let mut outcome = Ok(());
///     for place in places {
///         outcome = share(place);
///         if outcome.is_ok() {
///             break;
///         }
///     }
///     outcome
/// }
/// assert!(set_up(&["no/such/libcallback_object.so.0"]).is_err());
/// ```
///
/// # Errors
/// See [`ShareError`].
pub fn share(library: impl AsRef<Path>) -> Result<(), ShareError> {
    let library = library.as_ref();
    let shown = || library.display().to_string();
    // SAFETY: the library of this very crate; if the file is another one, that is what it was asked for.
    let handle = unsafe { Handle::open(library, true) }
        .map_err(|error: LoadError| ShareError::Image(error.to_string()))?;
    let adopt = handle.symbol(c"CboAdoptImplementation").ok_or_else(|| ShareError::Other(shown()))?;
    // SAFETY: the library exports this function under this name.
    let adopt = unsafe { std::mem::transmute::<NonNull<_>, Adopt>(adopt) };
    decide(OWN.header());
    // SAFETY: the interface is a static of this image.
    let status = unsafe { adopt(&raw const OWN) };
    if status != STATUS_SUCCESS {
        return Err(ShareError::Refused(shown()));
    }
    keep_visible(handle);
    Ok(())
}

/// Makes this program's implementation that of the process, for drivers that are handed its functions and link with
/// no library (they export `CboReceiveFunctions`). [`share`] does that too. Doing it again is fine.
///
/// ```
/// use callback_object_host::{Driver, LoadError, provide};
///
/// /// Loads a driver without having the shared library anywhere.
/// ///
/// /// # Safety
/// /// The file is a driver.
/// unsafe fn load_alone(file: &str) -> Result<Driver, LoadError> {
///     provide();
///     // SAFETY: the caller's promise.
///     unsafe { Driver::load(file) }
/// }
/// // SAFETY: there is no such file, so nothing of it runs.
/// assert!(unsafe { load_alone("no/such/driver.so") }.is_err());
/// ```
pub fn provide() {
    decide(OWN.header());
}
