//! The outcome of an operation.

use std::fmt;

use callback_object_sys::NTSTATUS;

/// A status that is not a success.
///
/// ```
/// use callback_object_driver::Status;
///
/// let status = Status::new(0xC000_0034_u32.cast_signed()); // STATUS_OBJECT_NAME_NOT_FOUND
/// assert_eq!(status.to_string(), "status 0xC0000034");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(NTSTATUS);

impl Status {
    /// An error of this value, such as [`STATUS_UNSUCCESSFUL`](callback_object_sys::STATUS_UNSUCCESSFUL).
    ///
    /// ```
    /// use callback_object_driver::{Driver, Status};
    ///
    /// const STATUS_DEVICE_NOT_READY: Status = Status::new(0xC000_00A3_u32.cast_signed());
    ///
    /// /// A driver that is not loaded, and says why.
    /// struct Never;
    ///
    /// impl Driver for Never {
    ///     fn load(_: &str) -> Result<Never, Status> {
    ///         Err(STATUS_DEVICE_NOT_READY)
    ///     }
    /// }
    /// assert_eq!(Never::load("\\Driver\\never").err(), Some(STATUS_DEVICE_NOT_READY));
    /// ```
    #[must_use]
    pub const fn new(value: NTSTATUS) -> Status {
        Status(value)
    }

    /// The documented value.
    ///
    /// ```
    /// use callback_object_driver::Status;
    ///
    /// let status = Status::new(-1_073_741_772);
    /// assert_eq!(status.value().cast_unsigned(), 0xC000_0034);
    /// ```
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
