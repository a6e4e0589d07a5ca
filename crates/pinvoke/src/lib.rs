//! Platform invoke for Rust: find a native library, bind its functions, call them and be called back.
#![deny(unsafe_code)]

pub mod c_text;
pub mod call;
pub mod downcall;
pub mod entry_point;
pub mod last_error;
pub mod library;
pub mod native;
pub mod upcall;
pub mod value;

mod arch;
mod exec;
mod marshal;
