//! What to do when a closure cannot answer, decided with the declaration and not in the emergency.

/// What happens when a closure panics. The panic never reaches native code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnPanic {
    /// Return the fallback value, and go on panicking where the enclosing
    /// [`resume_after`](super::resume_after) returns. Where there is none, as on threads that
    /// native code started, report and abort.
    #[default]
    Resume,
    /// Return the fallback value and forget the panic; the panic hook has printed it.
    Return,
    /// Report and abort.
    Abort,
}

/// What happens when a callback that belongs to one thread is invoked on another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnWrongThread {
    /// Report the callback and both threads, and abort.
    #[default]
    Abort,
    /// Return the fallback value without running the closure.
    Return,
}
