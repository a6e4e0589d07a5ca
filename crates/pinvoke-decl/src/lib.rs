//! C declarations: parsed without ever failing, resolved for a target, laid out.
//!
//! The way through the crate is text → [facts](model) → [types] of a target:
//!
//! ```
//! use pinvoke_abi::target::Target;
//! use pinvoke_decl::Unit;
//!
//! let mut unit = Unit::new(Target::X86_64_LINUX);
//! let stat = unit.parse_prototype("int stat(const char *restrict path, struct stat *restrict buf)")?;
//! assert_eq!(stat.to_string(), "int stat(const char *path, struct stat *buf)");
//! # Ok::<(), Vec<pinvoke_decl::Diagnostic>>(())
//! ```
//!
//! What a text does not declare comes from [built-in declarations](Unit): the type names of C99 and
//! POSIX and the common POSIX structures, per target. Nothing here asks the operating system; a
//! `struct stat` of macOS can be laid out on Linux.
#![forbid(unsafe_code)]

mod builtin;
pub mod diagnostic;
mod emit;
mod facts;
mod front;
mod lex;
pub mod marshaller;
pub mod model;
mod resolve;
pub mod span;
pub mod types;
mod unit;

pub use diagnostic::{Diagnostic, Severity};
pub use emit::DisplayType;
pub use unit::{Declared, Unit};
