//! A guide to declared imports, and where those who come from elsewhere find what they know.
//!
//! * [Step by step](step_by_step)

#[doc = include_str!("../docs/guide.md")]
pub mod step_by_step {}
