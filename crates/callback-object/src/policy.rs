//! What becomes of a panic in a routine.
//!
//! A panic never crosses the core or another language's frames: the shim around a closure catches it.
//! A routine of another library with its own standard library must catch its own and say so with
//! `report_panic`, for Rust cannot catch the panics of a foreign std.
//!
//! The remaining routines of the walk are called in every case but [`PanicPolicy::Abort`].

/// Per object: what becomes of a panic in one of its routines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum PanicPolicy {
    /// The remaining routines run, then the first panic goes on in the notifier; others are reported.
    #[default]
    ResumeInNotifier,
    /// The panic is reported and counted, see [`Object::panics`](crate::Object::panics).
    Count,
    /// The panic is reported and the process aborts. What the C interface chooses.
    Abort,
}
