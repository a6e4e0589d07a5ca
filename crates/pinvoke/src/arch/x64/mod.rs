//! x86-64: System V and Microsoft x64, one register file.

mod frame;
mod invoke;

pub(crate) use frame::{Fill, Frame};
pub(crate) use invoke::{Thunk, ThunkKind, thunk_for};
