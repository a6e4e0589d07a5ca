//! `GUID`: sixteen bytes that name an interface, a class, a device.
//!
//! In memory the first three groups are numbers in the machine's byte order and the rest are bytes, as
//! `guiddef.h` has it and .NET's `Guid`. Behind `&Guid` stands the pointer that Windows functions want
//! (`REFGUID`, in .NET `UnmanagedType.LPStruct`); `Guid` travels by value.

use core::fmt;
use core::str::FromStr;

use crate::native::NativeType;

/// A globally unique identifier.
///
/// ```
/// use pinvoke::marshal::Guid;
///
/// let unknown: Guid = "00000000-0000-0000-c000-000000000046".parse()?;
/// assert_eq!(unknown, Guid::new(0, 0, 0, [0xc0, 0, 0, 0, 0, 0, 0, 0x46]));
/// assert_eq!(unknown.to_string(), "00000000-0000-0000-c000-000000000046");
/// assert_eq!("{00000000-0000-0000-C000-000000000046}".parse(), Ok(unknown));
/// # Ok::<(), pinvoke::marshal::ParseGuidError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, NativeType)]
#[repr(C)]
pub struct Guid {
    data1: u32,
    data2: u16,
    data3: u16,
    data4: [u8; 8],
}

impl Guid {
    /// Of its groups, as C declares them: `{ 0x..., 0x..., 0x..., { 0x.., ... } }`.
    ///
    /// ```
    /// use pinvoke::marshal::Guid;
    ///
    /// // As headers write it:
    /// const IID_IDISPATCH: Guid = Guid::new(0x0002_0400, 0, 0, [0xC0, 0, 0, 0, 0, 0, 0, 0x46]);
    /// assert_eq!(IID_IDISPATCH.to_string(), "00020400-0000-0000-c000-000000000046");
    /// ```
    #[must_use]
    pub const fn new(data1: u32, data2: u16, data3: u16, data4: [u8; 8]) -> Guid {
        Guid { data1, data2, data3, data4 }
    }

    /// Of its digits as one number.
    ///
    /// ```
    /// use pinvoke::marshal::Guid;
    ///
    /// const DISK: Guid = Guid::from_u128(0x53f56307_b6bf_11d0_94f2_00a0c91efb8b);
    /// assert_eq!(DISK.to_string(), "53f56307-b6bf-11d0-94f2-00a0c91efb8b");
    /// ```
    #[must_use]
    pub const fn from_u128(number: u128) -> Guid {
        let [a, b, c, d, e, f, g, h, data4 @ ..] = number.to_be_bytes();
        Guid {
            data1: u32::from_be_bytes([a, b, c, d]),
            data2: u16::from_be_bytes([e, f]),
            data3: u16::from_be_bytes([g, h]),
            data4,
        }
    }

    /// Its digits as one number.
    ///
    /// ```
    /// use pinvoke::marshal::Guid;
    ///
    /// let guid: Guid = "00000000-0000-0000-c000-000000000046".parse()?;
    /// assert_eq!(guid.to_u128(), 0xC000_0000_0000_0046);
    /// # Ok::<(), pinvoke::marshal::ParseGuidError>(())
    /// ```
    #[must_use]
    pub const fn to_u128(self) -> u128 {
        ((self.data1 as u128) << 96)
            | ((self.data2 as u128) << 80)
            | ((self.data3 as u128) << 64)
            | u64::from_be_bytes(self.data4) as u128
    }
}

/// Why a text is no GUID.
///
/// ```
/// use pinvoke::marshal::Guid;
///
/// let error = "{0002-0400}".parse::<Guid>().unwrap_err();
/// assert!(error.to_string().starts_with("'{0002-0400}' is no GUID: 32 hexadecimal digits are expected"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is no GUID: 32 hexadecimal digits are expected, in groups of 8-4-4-4-12 or in one, perhaps in braces or parentheses"
)]
pub struct ParseGuidError {
    text: String,
}

/// The forms that .NET calls D, N, B and P.
impl FromStr for Guid {
    type Err = ParseGuidError;

    fn from_str(text: &str) -> Result<Guid, ParseGuidError> {
        digits(text).map(Guid::from_u128).ok_or_else(|| ParseGuidError { text: text.to_owned() })
    }
}

fn digits(text: &str) -> Option<u128> {
    let braces = text.strip_prefix('{').map(|t| t.strip_suffix('}'));
    let parentheses = text.strip_prefix('(').map(|t| t.strip_suffix(')'));
    let is_enclosed = braces.is_some() || parentheses.is_some();
    let inner = match braces.or(parentheses) {
        Some(inner) => inner?,
        None => text,
    };
    let is_one_group = inner.len() == 32 && !is_enclosed;
    let hyphens = if is_one_group { &[][..] } else { &[8, 13, 18, 23] };
    if inner.len() != 32 + hyphens.len() {
        return None;
    }
    let mut number = 0;
    for (place, byte) in inner.bytes().enumerate() {
        if hyphens.contains(&place) {
            if byte != b'-' {
                return None;
            }
        } else {
            number = number << 4 | u128::from(char::from(byte).to_digit(16)?);
        }
    }
    Some(number)
}

/// The digits in groups, lower-case.
impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.to_u128();
        let group = |shift: u32, digits: u32| (number >> shift) & ((1 << (4 * digits)) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            group(96, 8),
            group(80, 4),
            group(64, 4),
            group(48, 4),
            group(0, 12)
        )
    }
}
