//! C declarations: parsed without ever failing, resolved for a target, laid out.
#![forbid(unsafe_code)]

pub mod marshaller;
pub mod types;
