//! The error code that a native function left behind, captured right after the call.

/// `errno` on Unix, `GetLastError` on Windows, as it stood right after a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LastError(pub i32);
