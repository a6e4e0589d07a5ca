//! Status codes that Windows functions return instead of setting the last error.

use core::fmt;

/// An `HRESULT`: failure below 0, success with or without a meaning otherwise ([MS-ERREF] 2.1).
///
/// ```
/// use pinvoke::Error;
/// use pinvoke::last_error::LastError;
/// use pinvoke::returns::{FailurePolicy, Hresult};
/// use pinvoke::status::HResult;
///
/// let status = HResult(0x8007_000e_u32.cast_signed());
/// assert_eq!(status.to_string(), "HRESULT 0x8007000e E_OUTOFMEMORY");
/// // What a function with `#[fails(Hresult)]` that returns it reports:
/// let error = Hresult::failure(&status.0, LastError::NONE);
/// assert!(matches!(error, Some(Error::HResult(s)) if s == status));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HResult(pub i32);

/// An `NTSTATUS`: its two highest bits are the severity ([MS-ERREF] 2.3).
///
/// ```
/// use pinvoke::status::NtStatus;
///
/// let denied = NtStatus(0xc000_0022_u32.cast_signed());
/// assert!(denied.is_error());
/// assert_eq!(denied.to_string(), "NTSTATUS 0xc0000022 STATUS_ACCESS_DENIED");
/// // The severity of a warning: there was more to tell, and what came is good.
/// let buffer_overflow = NtStatus(0x8000_0005_u32.cast_signed());
/// assert!(!buffer_overflow.is_error());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NtStatus(pub i32);

impl HResult {
    /// `S_OK`.
    ///
    /// ```
    /// use pinvoke::status::HResult;
    ///
    /// assert_eq!(HResult::OK, HResult::default());
    /// assert_eq!(HResult::OK.to_string(), "HRESULT 0x00000000 S_OK");
    /// ```
    pub const OK: HResult = HResult(0);

    /// Whether it is a failure.
    ///
    /// ```
    /// use pinvoke::status::HResult;
    ///
    /// let (s_false, e_fail) = (HResult(1), HResult(0x8000_4005_u32.cast_signed()));
    /// assert!(!s_false.is_error());
    /// assert!(e_fail.is_error());
    /// ```
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 < 0
    }

    /// The bits as the documentation writes them.
    ///
    /// ```
    /// use pinvoke::status::HResult;
    ///
    /// assert_eq!(HResult(-2_147_467_259).bits(), 0x8000_4005);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// The code within its facility.
    ///
    /// ```
    /// use pinvoke::status::HResult;
    ///
    /// const FACILITY_WIN32: u32 = 7;
    /// const ERROR_ACCESS_DENIED: u32 = 5;
    /// let status = HResult(0x8007_0005_u32.cast_signed());
    /// assert_eq!((status.facility(), status.code()), (FACILITY_WIN32, ERROR_ACCESS_DENIED));
    /// ```
    #[must_use]
    pub const fn code(self) -> u32 {
        self.bits() & 0xffff
    }

    /// The part of the system that it comes from.
    ///
    /// ```
    /// use pinvoke::status::HResult;
    ///
    /// // RPC_E_CHANGED_MODE: the apartment of the thread is of another kind, says COM.
    /// let status = HResult(0x8001_0106_u32.cast_signed());
    /// assert_eq!(status.facility(), 1, "FACILITY_RPC");
    /// ```
    #[must_use]
    pub const fn facility(self) -> u32 {
        (self.bits() >> 16) & 0x7ff
    }

    /// The constant's name, for the common ones.
    ///
    /// ```
    /// use pinvoke::status::HResult;
    ///
    /// assert_eq!(HResult(0x8000_4001_u32.cast_signed()).name(), Some("E_NOTIMPL"));
    /// assert_eq!(HResult(0x8123_4567_u32.cast_signed()).name(), None);
    /// ```
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.bits() {
            0 => "S_OK",
            1 => "S_FALSE",
            0x8000_4001 => "E_NOTIMPL",
            0x8000_4002 => "E_NOINTERFACE",
            0x8000_4003 => "E_POINTER",
            0x8000_4004 => "E_ABORT",
            0x8000_4005 => "E_FAIL",
            0x8000_ffff => "E_UNEXPECTED",
            0x8007_0005 => "E_ACCESSDENIED",
            0x8007_0006 => "E_HANDLE",
            0x8007_000e => "E_OUTOFMEMORY",
            0x8007_0057 => "E_INVALIDARG",
            _ => return None,
        })
    }
}

impl NtStatus {
    /// `STATUS_SUCCESS`.
    ///
    /// ```
    /// use pinvoke::status::NtStatus;
    ///
    /// assert_eq!(NtStatus::SUCCESS, NtStatus::default());
    /// assert_eq!(NtStatus::SUCCESS.to_string(), "NTSTATUS 0x00000000 STATUS_SUCCESS");
    /// ```
    pub const SUCCESS: NtStatus = NtStatus(0);

    /// Whether it is an error (severity 3); informational ones and warnings are not.
    ///
    /// ```
    /// use pinvoke::status::NtStatus;
    ///
    /// // STATUS_PENDING, STATUS_OBJECT_NAME_EXISTS and STATUS_NO_MORE_FILES: success, information, warning.
    /// for bits in [0x0000_0103_u32, 0x4000_0000, 0x8000_0006] {
    ///     assert!(!NtStatus(bits.cast_signed()).is_error());
    /// }
    /// let not_found = NtStatus(0xc000_0034_u32.cast_signed());
    /// assert!(not_found.is_error());
    /// ```
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.bits() >> 30 == 3
    }

    /// The bits as the documentation writes them.
    ///
    /// ```
    /// use pinvoke::status::NtStatus;
    ///
    /// assert_eq!(NtStatus(-1_073_741_819).bits(), 0xc000_0005, "STATUS_ACCESS_VIOLATION");
    /// ```
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// The constant's name, for the common ones.
    ///
    /// ```
    /// use pinvoke::status::NtStatus;
    ///
    /// assert_eq!(NtStatus(0xc000_0008_u32.cast_signed()).name(), Some("STATUS_INVALID_HANDLE"));
    /// assert_eq!(NtStatus(0x0000_0103).name(), None);
    /// ```
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.bits() {
            0 => "STATUS_SUCCESS",
            0xc000_0001 => "STATUS_UNSUCCESSFUL",
            0xc000_0002 => "STATUS_NOT_IMPLEMENTED",
            0xc000_0005 => "STATUS_ACCESS_VIOLATION",
            0xc000_0008 => "STATUS_INVALID_HANDLE",
            0xc000_000d => "STATUS_INVALID_PARAMETER",
            0xc000_0017 => "STATUS_NO_MEMORY",
            0xc000_0022 => "STATUS_ACCESS_DENIED",
            0xc000_0023 => "STATUS_BUFFER_TOO_SMALL",
            0xc000_0034 => "STATUS_OBJECT_NAME_NOT_FOUND",
            _ => return None,
        })
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_status(f, "HRESULT", self.bits(), self.name())
    }
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_status(f, "NTSTATUS", self.bits(), self.name())
    }
}

fn write_status(f: &mut fmt::Formatter<'_>, kind: &str, bits: u32, name: Option<&str>) -> fmt::Result {
    write!(f, "{kind} {bits:#010x}")?;
    name.map_or(Ok(()), |name| write!(f, " {name}"))
}

impl std::error::Error for HResult {}
impl std::error::Error for NtStatus {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_decides() {
        assert!(!HResult(1).is_error());
        assert!(HResult(0x8000_4005_u32.cast_signed()).is_error());
        // STATUS_OBJECT_NAME_EXISTS and STATUS_BUFFER_OVERFLOW are no errors.
        assert!(!NtStatus(0x4000_0000).is_error());
        assert!(!NtStatus(0x8000_0005_u32.cast_signed()).is_error());
        assert!(NtStatus(0xc000_0034_u32.cast_signed()).is_error());
    }

    #[test]
    fn texts_have_the_bits_and_the_name() {
        assert_eq!(HResult(0x8007_0057_u32.cast_signed()).to_string(), "HRESULT 0x80070057 E_INVALIDARG");
        assert_eq!(HResult(0x8123_4567_u32.cast_signed()).to_string(), "HRESULT 0x81234567");
        assert_eq!(
            (
                HResult(0x8007_0057_u32.cast_signed()).facility(),
                HResult(0x8007_0057_u32.cast_signed()).code()
            ),
            (7, 0x57)
        );
        assert_eq!(
            NtStatus(0xc000_000d_u32.cast_signed()).to_string(),
            "NTSTATUS 0xc000000d STATUS_INVALID_PARAMETER"
        );
    }
}
