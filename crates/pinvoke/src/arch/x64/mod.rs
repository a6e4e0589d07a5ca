//! x86-64: System V and Microsoft x64.

pub(crate) mod upcall;
