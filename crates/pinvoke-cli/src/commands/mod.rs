//! One module per command.

pub(crate) mod call;
pub(crate) mod explain;
pub(crate) mod exports;
pub(crate) mod finding;
pub(crate) mod get;
pub(crate) mod layout;
pub(crate) mod probe;
mod show;
