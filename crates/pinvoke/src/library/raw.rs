//! The two operations on a library whose correctness only the caller can know: taking over a handle of the
//! system's loader, and giving one back.
//!
//! # Safety
//!
//! Nothing here is proved; each function hands its caller's promise on.
#![allow(unsafe_code, reason = "both functions are contracts for their callers")]

use core::ffi::c_void;
use std::ffi::OsString;
use std::sync::Arc;

use super::{CloseError, Library, Loaded, LoaderMessage, loaded_path, os};

impl Library {
    /// Wraps a handle that the system's loader gave to someone else, under a name for messages. `None` if it is
    /// null.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_env = "gnu"))] {
    /// use pinvoke::library::Library;
    ///
    /// // SAFETY: a C string; initialisers of libm do nothing of note.
    /// let handle = unsafe { libc::dlopen(c"libm.so.6".as_ptr(), libc::RTLD_NOW) };
    /// // SAFETY: dlopen gave the handle, and nobody closes it.
    /// let maths = unsafe { Library::from_raw("maths", handle) }.expect("it could be opened");
    /// assert!(maths.entry_point("cos").is_ok());
    /// // SAFETY: null is allowed.
    /// assert!(unsafe { Library::from_raw("nothing", std::ptr::null_mut()) }.is_none());
    /// # }
    /// ```
    ///
    /// # Safety
    ///
    /// `handle` is what `dlopen` (on Windows `LoadLibraryEx`) returned, and the library stays open as long as this value, its clones, or
    /// anything obtained through them is used.
    #[must_use]
    pub unsafe fn from_raw(name: impl Into<OsString>, handle: *mut c_void) -> Option<Library> {
        let handle = os::Handle::from_raw(handle)?;
        Some(Library(Arc::new(Loaded { name: name.into(), path: loaded_path(handle), handle })))
    }

    /// Gives the library back to the loader, which unloads it if no one else has opened it.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let has_it = c.entry_point("strnlen").is_ok();
    /// // SAFETY: nothing that came from this value is used any more.
    /// unsafe { c.close() }?;
    /// assert!(has_it);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The loader refuses.
    ///
    /// # Safety
    ///
    /// After the call nothing is used that came from this library through this value or a clone of it: no entry
    /// point, no function pointer (those that native code keeps included), no data, no clone. No other thread
    /// runs code of the library, or will when it ends (thread-local destructors).
    pub unsafe fn close(self) -> Result<(), CloseError> {
        // SAFETY: the caller promises that nothing from this library is used any more, this handle included.
        let closed = unsafe { os::close(self.0.handle) };
        closed.map_err(|message| CloseError { name: self.0.name.clone(), message: LoaderMessage(message) })
    }
}
