//! 32-bit x86: cdecl, stdcall, fastcall and thiscall, one register file.
//!
//! Calls run by the invoke thunk only. A stub saves the interpretation of moves and the loading of registers that a
//! call does not use; here nearly everything travels on the stack, and what the callee removed from it has to be looked
//! at behind every call, so that no stub could end in a jump as most of those of x86-64 do.

/// A function that our own machine code calls: cdecl.
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
