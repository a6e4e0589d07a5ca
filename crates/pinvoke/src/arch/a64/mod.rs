//! AArch64, as Linux and Apple have it.

mod code;
mod frame;
mod invoke;
mod results;

/// A function that our own machine code calls.
macro_rules! called_from_code {
    ($(#[$attribute:meta])* unsafe fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])*
        unsafe extern "C" fn $name $($rest)*
    };
}
pub(crate) use called_from_code;

pub(crate) use code::publish;
pub(crate) use frame::{Fill, Frame};
pub(crate) use invoke::thunk_of;
pub(crate) use results::{CallCode, Results};
