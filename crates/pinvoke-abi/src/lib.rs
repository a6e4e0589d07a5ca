//! The rules of calling: targets, layouts, signatures, ABIs, call plans and stub bytes.
//!
//! Everything here is a pure function from data to data. Nothing asks the operating system, nothing
//! is `unsafe`, and every ABI is compiled and tested on every host: a plan for Windows x64 can be
//! computed, printed and checked on Linux.
//!
//! The way through the crate is
//! [`Signature`](signature::Signature) → [`CallPlan`](plan::CallPlan) → bytes of a stub.
#![forbid(unsafe_code)]

mod abi;
pub mod layout;
pub mod plan;
mod planner;
pub mod record;
pub mod reg;
pub mod signature;
pub mod stub;
pub mod target;
