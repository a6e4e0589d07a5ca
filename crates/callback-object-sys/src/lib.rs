//! Callback objects as a driver sees them: the documented names, types and constants.
//!
//! A *driver* is a shared library that a host program loads. It finds callback objects by name, registers
//! routines with them and notifies them through the functions declared here. None of them is defined here:
//! they are resolved, when the driver is loaded, to the one implementation of the process. So a driver
//! depends on this crate (or on `callback-object-driver`, which is safe) and never on `callback-object`
//! itself, whose second copy would have a second, empty namespace.
//!
//! The same declarations in C are [`include/callback_object.h`](../include/callback_object.h). That file is
//! generated from this crate's sources; a test keeps it current. The documentation comments here are its
//! comments.
//!
//! | module | holds |
//! |---|---|
//! | [`types`] | scalar names, strings, attributes, the driver object |
//! | [`constants`] | status values, `OBJ_*`, levels, `PO_CB_*` |
//! | [`functions`] | the functions with documented names |
//! | [`extensions`] | what this implementation adds, prefixed `Cbo` |
//! | [`table`] | all functions as a table, for drivers that do not link with the library |
#![no_std]
#![deny(unsafe_code)]
#![allow(non_camel_case_types, non_snake_case, reason = "the names are those of the documentation")]

pub mod constants;
pub mod extensions;
pub mod functions;
pub mod table;
pub mod types;

pub use constants::*;
pub use extensions::*;
pub use functions::*;
pub use table::*;
pub use types::*;
