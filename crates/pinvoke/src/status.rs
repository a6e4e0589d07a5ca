//! Status codes that Windows functions return instead of setting the last error.

use core::fmt;

/// An `HRESULT`: failure below 0, success with or without a meaning otherwise ([MS-ERREF] 2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HResult(pub i32);

/// An `NTSTATUS`: its two highest bits are the severity ([MS-ERREF] 2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NtStatus(pub i32);

impl HResult {
    /// `S_OK`.
    pub const OK: HResult = HResult(0);

    /// Whether it is a failure.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 < 0
    }

    /// The bits as the documentation writes them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// The code within its facility.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.bits() & 0xffff
    }

    /// The part of the system that it comes from.
    #[must_use]
    pub const fn facility(self) -> u32 {
        (self.bits() >> 16) & 0x7ff
    }

    /// The constant's name, for the common ones.
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
    pub const SUCCESS: NtStatus = NtStatus(0);

    /// Whether it is an error (severity 3); informational ones and warnings are not.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.bits() >> 30 == 3
    }

    /// The bits as the documentation writes them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// The constant's name, for the common ones.
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
