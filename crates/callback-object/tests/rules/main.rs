//! The rules of the crate, one test or more for each; the numbers are those of the table in its
//! documentation. Rules about drivers and the C interface are tested where those are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calling;
mod faults;
#[cfg(unix)]
mod forks;
mod leaving;
mod limits;
mod names;
mod support;
