//! Callback objects for drivers written in Rust.
//!
//! A driver is a `cdylib` that a host loads. It has its own copy of the standard library, which may be of
//! another version than the host's: neither closures nor panics may cross the border between the two. So
//! this crate only *calls* the implementation, through the C interface that the loader resolves to the one
//! copy in the process, and closures and panics stay inside the driver.
//!
//! ```
//! use callback_object_driver::{Attributes, CallbackObject, Driver, Registration, Status, driver};
//!
//! struct Audit {
//!     registration: Registration,
//! }
//!
//! impl Driver for Audit {
//!     fn load(_name: &str) -> Result<Audit, Status> {
//!         let object = CallbackObject::open("\\Callback\\TcpConnectionCallback")?;
//!         let registration = object.register(|number, _state| println!("connection {}", number.addr()))?;
//!         Ok(Audit { registration })
//!     }
//! }
//!
//! driver!(Audit);
//! # fn main() {}
//! ```
//!
//! When the driver is unloaded, the value that [`Driver::load`] returned is dropped, and its registrations
//! with it. `callback-object` itself is not for drivers: linked into one it would be a second
//! implementation with a second, empty namespace, and the host refuses such an image.
#![deny(unsafe_code)]

mod entry;
mod object;
mod routine;
mod status;
mod thread;

#[doc(hidden)]
pub use callback_object_sys as sys;
pub use entry::Driver;
#[doc(hidden)]
pub use entry::{load, unload};
pub use object::{Attributes, CallbackObject, Registration};
pub use status::Status;
pub use thread::prepare_thread;
