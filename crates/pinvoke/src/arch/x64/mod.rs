//! x86-64: System V and Microsoft x64, one register file.

#[cfg(not(windows))]
#[path = "describe_dwarf.rs"]
#[macro_use]
mod describe;
#[cfg(windows)]
#[path = "describe_seh.rs"]
#[macro_use]
mod describe;
mod frame;
mod invoke;
mod results;

pub(crate) use describe::describe;
pub(crate) use frame::{Fill, Frame};
pub(crate) use invoke::{Loads, Way, thunk_for};
pub(crate) use results::{CallCode, Results};
