//! Platform invoke for Rust: find a native library, bind its functions, call them and be called back.
//!
//! | you have | you want | read |
//! |---|---|---|
//! | a library's name | its functions' addresses | [`library`], [`entry_point`] |
//! | a C prototype as text, values | one call | [`downcall`], with [`value`] for what goes in and out |
//! | a signature at run time, bytes | many fast calls | [`call::PreparedCall`] |
//! | a signature at run time, Rust types | a function pointer | [`call::typed`](fn@call::typed) |
//! | a closure | a function pointer | [`upcall`] |
//! | a `&str` | a `char *` | [`c_text`] |
//! | UTF-8 | UTF-16, or back | [`transcode`] |
//! | a failed call | its `errno` | [`call::capture`], [`last_error`] |
//!
//! ```
//! use pinvoke::abi::target::Target;
//! use pinvoke::decl::Unit;
//! use pinvoke::downcall::{Downcall, DowncallOptions};
//! use pinvoke::library::Library;
//! use pinvoke::value::Value;
//!
//! let mut unit = Unit::new(Target::HOST);
//! let function = unit.parse_prototype("int abs(int j)").map_err(|d| d[0].to_string())?;
//! let entry = Library::open("libc")?.entry_point("abs")?;
//! let abs = Downcall::new(&function, &entry, DowncallOptions::default())?;
//! // SAFETY: the prototype is that of C; abs takes any int but the smallest.
//! let outcome = unsafe { abs.call(&[Value::Int(-5).into()]) }?;
//! assert_eq!(outcome.ret, Value::Int(5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Everything that a declaration alone decides is computed by the crates [`abi`] and [`decl`], which
//! ask no operating system; this crate does what must be done on the machine itself.
#![deny(unsafe_code)]

// What the derives write names this crate from outside.
extern crate self as pinvoke;

pub use pinvoke_abi as abi;
pub use pinvoke_decl as decl;
#[doc = include_str!("../docs/callback.md")]
pub use pinvoke_macros::callback;
#[doc = include_str!("../docs/dll_import.md")]
pub use pinvoke_macros::dll_import;

pub use error::Error;
pub use last_error::LastError;
pub use marshal::callback::{Function, Registered};

pub mod c_text;
pub mod call;
pub mod downcall;
pub mod entry_point;
pub mod error;
pub mod guide;
pub mod import;
pub mod last_error;
pub mod library;
pub mod marshal;
pub mod native;
pub mod returns;
pub mod status;
pub mod transcode;
pub mod upcall;
pub mod value;
pub mod verify;

mod arch;
mod dynamic;
mod exec;

/// The examples of the README are tests.
#[cfg(all(doctest, unix))]
#[doc = include_str!("../../../README.md")]
mod readme {}
