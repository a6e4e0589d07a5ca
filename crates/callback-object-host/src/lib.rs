//! The host of [callback objects](callback_object): what a program needs in which not all of them are in
//! Rust, or not all in one image.
//!
//! A host program is the kernel, the shared libraries it loads are the drivers. A driver defines a callback
//! object by name; others, which know only the name and what its arguments mean, register routines with it.
//!
//! ```no_run
//! use callback_object::{Attributes, Directory};
//! use callback_object_host::{Driver, Leftovers};
//!
//! // The shared library that drivers are linked with leads to this program's implementation.
//! callback_object_host::share("/usr/local/lib/libcallback_object.so.0")?;
//! // SAFETY: these are drivers that we trust.
//! let connection = unsafe { Driver::load("drivers/libconnection.so") }?;
//! // What a driver has created is found by name, like everything else in the process.
//! let object = Directory::global()
//!     .open("\\Callback\\TcpConnectionCallback", Attributes::new().case_insensitive())?;
//! let registration = object.register(|number, _state| println!("connection {}", number.addr()))?;
//! drop(registration);
//! connection.unload(Leftovers::Revoke).map_err(|(_, error)| error)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to learn | read |
//! |---|---|
//! | how all images come to one implementation | [`implementation`] |
//! | how drivers are loaded and unloaded | [`driver`] |
//! | why a routine's image stays loaded | [`module`] |
//! | what happens to the system, as callback objects | [`system`] |
//! | how C's pointers are checked | `token`, `objects` |
//! | the C interface, function by function | `interface`, `ex`; `callback_object.h` |
//!
//! The C interface is that of the documented functions `ExCreateCallback` and so on; the crate
//! `callback-object-sys` declares it. What was decided where the documentation is silent stands in the
//! crate [`callback_object`].
#![deny(unsafe_code)]

pub mod driver;
mod ex;
pub mod implementation;
mod interface;
pub mod module;
mod objects;
mod security;
mod share;
pub mod system;
mod token;

pub use driver::{Driver, Leftover, Leftovers, LoadError, UnloadError, Unloaded};
pub use share::{ShareError, provide, share};
