//! The outcome of an operation.

use std::fmt;

use callback_object_sys::NTSTATUS;

/// A status that is not a success.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(NTSTATUS);

impl Status {
    /// An error of this value, such as [`STATUS_UNSUCCESSFUL`](callback_object_sys::STATUS_UNSUCCESSFUL).
    #[must_use]
    pub const fn new(value: NTSTATUS) -> Status {
        Status(value)
    }

    /// The documented value.
    #[must_use]
    pub const fn value(self) -> NTSTATUS {
        self.0
    }

    /// `Ok` for a success, which is what is not negative.
    pub(crate) fn check(value: NTSTATUS) -> Result<(), Status> {
        if value >= 0 { Ok(()) } else { Err(Status(value)) }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({:#010X})", self.0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {:#010X}", self.0)
    }
}

impl std::error::Error for Status {}
