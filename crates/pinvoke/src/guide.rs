//! A guide to declared imports, and where those who come from elsewhere find what they know.
//!
//! * [Step by step](step_by_step), from "call `getpid`" to "own a registration".
//! * [Coming from P/Invoke](from_pinvoke): every field of `DllImport`, every `UnmanagedType`.
//! * [Coming from bindgen, libloading or libffi](from_others).

#[doc = include_str!("../docs/guide.md")]
pub mod step_by_step {}

#[doc = include_str!("../docs/from_pinvoke.md")]
pub mod from_pinvoke {}

#[doc = include_str!("../docs/from_others.md")]
pub mod from_others {}
