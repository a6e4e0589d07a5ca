//! Named, kernel-style callback objects for user-space programs.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod directory;
pub mod irql;
mod name;
mod object;
mod platform;
mod policy;
pub mod report;
mod rundown;
mod status;
mod sync;
mod typed;

pub use directory::{AccessHook, Attributes, Directory, Disposition, HostToken, RESERVED};
pub use name::{MAX_UNITS, Name, upcase};
pub use object::{
    CallbackObject, Handle, Object, ObjectReference, RawRegistration, Registration, RegistrationEntry,
    Removed, Routine, notify_found, prepare_thread, raw_registrations, register_raw, report_panic, retire,
    revoke_raw, unregister_raw,
};
pub use policy::PanicPolicy;
pub use rundown::Fence;
pub use status::{Error, Status};
pub use typed::TypedObject;
