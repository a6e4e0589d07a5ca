//! 64-bit RISC-V, as Linux has it (LP64D).
//!
//! Calls run by the invoke thunk only: no stubs are made for this machine.

/// A function that our own machine code calls.
macro_rules! called_from_code {
    ($(#[$attribute:meta])* unsafe fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])*
        unsafe extern "C" fn $name $($rest)*
    };
}
pub(crate) use called_from_code;

mod frame;
mod invoke;
#[path = "../stored_results.rs"]
mod results;

pub(crate) use frame::{Fill, Frame};
pub(crate) use invoke::thunk_of;
pub(crate) use results::{CallCode, Results};
