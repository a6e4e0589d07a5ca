//! x86-64: System V and Microsoft x64, one register file.

mod frame;
mod invoke;
mod results;

pub(crate) use frame::{Fill, Frame};
pub(crate) use invoke::{Loads, Way, thunk_for};
pub(crate) use results::{CallCode, Results};
