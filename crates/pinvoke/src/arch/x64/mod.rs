//! x86-64: System V and Microsoft x64, one register file.

#[cfg(not(windows))]
#[path = "describe_dwarf.rs"]
#[macro_use]
mod describe;
#[cfg(windows)]
#[path = "describe_seh.rs"]
#[macro_use]
mod describe;

/// A function that our own machine code calls. It has System V's convention whatever the system's, so that there is
/// one text of that code.
macro_rules! called_from_code {
    ($(#[$attribute:meta])* unsafe fn $name:ident $($rest:tt)*) => {
        $(#[$attribute])*
        unsafe extern "sysv64" fn $name $($rest)*
    };
}
pub(crate) use called_from_code;

/// Lets every core run the code that was written to these bytes: nothing to do, caches of instructions follow those of
/// data here.
///
/// # Safety
/// None here; on other machines the bytes must be mapped, readable.
#[cfg_attr(windows, allow(dead_code, reason = "there the system has a function for it"))]
pub(crate) unsafe fn publish(_start: *const u8, _len: usize) {}

mod frame;
mod invoke;
mod results;

pub(crate) use describe::describe;
pub(crate) use frame::{Fill, Frame};
pub(crate) use invoke::thunk_of;
pub(crate) use results::{CallCode, Results};
