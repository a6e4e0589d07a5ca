//! Object names: UTF-16 units, separated by backslashes, compared by a simple table.
//!
//! The object manager knows no text, only 16-bit units. A unit that is half of a surrogate pair is as
//! good as any other; a name is not normalised. Two names are equal *case-insensitively* when they are
//! equal after each unit is replaced by its upper-case partner, one unit by one unit: `ß` has none,
//! neither has `ı`. The partner of a unit is its Unicode upper-case mapping where that mapping is one
//! unit long and leads back, which keeps the relation a pairing.
//!
//! A path is read from left to right and the first component that is wrong decides the answer, as
//! Windows answers (the vectors are in `tests/names.rs`): a missing directory is *path not found* even
//! when an empty component follows, an empty component that is reached is *name invalid*.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::status::Status;

/// The separator between components.
const SEPARATOR: u16 = b'\\' as u16;

/// Longest name in UTF-16 units: 65,532 bytes, for a terminator must still fit a 16-bit byte count.
pub const MAX_UNITS: usize = 32_766;

/// A name as given by a caller: UTF-16 units, not yet checked.
///
/// Made from `&str`, from `&[u16]`, or from the bytes of a `UNICODE_STRING` by [`Name::from_bytes`].
///
/// ```
/// use callback_object::{Attributes, Directory, Name};
///
/// // A name that no text can be: half of a surrogate pair is a unit like any other.
/// let mut units: Vec<u16> = r"\Callback\".encode_utf16().collect();
/// units.push(0xD800);
/// let object = Directory::new().create(&units[..], Attributes::new())?;
/// assert_eq!(object.name_units(), units);
/// assert_eq!(Name::from(&units[..]).to_string(), "\\Callback\\\u{FFFD}");
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Name<'a>(Cow<'a, [u16]>);

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Name<'a> {
        let mut units = Vec::with_capacity(text.len());
        units.extend(text.encode_utf16());
        Name(Cow::Owned(units))
    }
}

impl<'a> From<&'a String> for Name<'a> {
    fn from(text: &'a String) -> Name<'a> {
        Name::from(text.as_str())
    }
}

impl<'a> From<&'a [u16]> for Name<'a> {
    fn from(units: &'a [u16]) -> Name<'a> {
        Name(Cow::Borrowed(units))
    }
}

impl<'a> Name<'a> {
    /// The name in the buffer of a `UNICODE_STRING` whose `Length` is that of `bytes`, native endian.
    ///
    /// ```
    /// use callback_object::{Name, Status};
    ///
    /// let bytes: Vec<u8> = "Tcp".encode_utf16().flat_map(u16::to_ne_bytes).collect();
    /// assert_eq!(Name::from_bytes(&bytes)?, Name::from("Tcp"));
    /// assert_eq!(Name::from_bytes(&bytes[..5]), Err(Status::OBJECT_NAME_INVALID));
    /// # Ok::<(), Status>(())
    /// ```
    ///
    /// # Errors
    /// [`Status::OBJECT_NAME_INVALID`] for an odd number of bytes or more than `2 * MAX_UNITS`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Name<'static>, Status> {
        let (units, rest) = bytes.as_chunks::<2>();
        if !rest.is_empty() || units.len() > MAX_UNITS {
            return Err(Status::OBJECT_NAME_INVALID);
        }
        Ok(Name(units.iter().map(|unit| u16::from_ne_bytes(*unit)).collect()))
    }

    /// Its units.
    ///
    /// ```
    /// use callback_object::Name;
    ///
    /// assert_eq!(Name::from("Tü").units(), [0x54, 0xFC]);
    /// ```
    #[must_use]
    pub fn units(&self) -> &[u16] {
        &self.0
    }
}

impl fmt::Display for Name<'_> {
    /// As text; a lone surrogate shows as U+FFFD.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_units(&self.0, f)
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

pub(crate) fn fmt_units(units: &[u16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;
    char::decode_utf16(units.iter().copied())
        .try_for_each(|c| f.write_char(c.unwrap_or(char::REPLACEMENT_CHARACTER)))
}

/// The upper-case partner of a unit, or the unit itself.
///
/// ```
/// # use callback_object::upcase;
/// assert_eq!(upcase(u16::from(b'q')), u16::from(b'Q'));
/// assert_eq!(upcase(0xE9), 0xC9); // é, É
/// assert_eq!(upcase(0xDF), 0xDF); // ß has no partner of one unit
/// assert_eq!(upcase(0x131), 0x131); // ı: its upper case I leads back to i
/// ```
#[must_use]
pub fn upcase(unit: u16) -> u16 {
    if let Ok(ascii) = u8::try_from(unit)
        && ascii.is_ascii()
    {
        return u16::from(ascii.to_ascii_uppercase());
    }
    let Some(lower) = char::from_u32(u32::from(unit)) else { return unit };
    let single = |mut chars: core::iter::Fuse<core::char::ToUppercase>| match (chars.next(), chars.next()) {
        (Some(c), None) => Some(c),
        _ => None,
    };
    let Some(upper) = single(lower.to_uppercase().fuse()) else { return unit };
    let mut back = upper.to_lowercase();
    if back.next() != Some(lower) || back.next().is_some() {
        return unit;
    }
    u16::try_from(u32::from(upper)).unwrap_or(unit)
}

/// Where the last component of a path is separated from those before.
pub(crate) fn last_separator(path: &[u16]) -> Option<usize> {
    // Without a branch at every unit, for the compiler takes eight at once.
    let (first, rows) = path.as_rchunks::<8>();
    let has_one = |row: &[u16; 8]| row.iter().fold(false, |found, unit| found | (*unit == SEPARATOR));
    let is_one = |unit: &u16| *unit == SEPARATOR;
    match rows.iter().rposition(has_one) {
        Some(at) => rows[at].iter().rposition(is_one).map(|within| first.len() + at * 8 + within),
        None => first.iter().rposition(is_one),
    }
}

/// What stands before a fully qualified name can be walked.
pub(crate) enum Root<'a> {
    /// The name has no units.
    Unnamed,
    /// What follows the leading backslash.
    Path(&'a [u16]),
}

/// Checks length and root of a name that is not relative to a directory.
pub(crate) fn qualified(units: &[u16]) -> Result<Root<'_>, Status> {
    match units {
        _ if units.len() > MAX_UNITS => Err(Status::OBJECT_NAME_INVALID),
        [] => Ok(Root::Unnamed),
        [SEPARATOR, path @ ..] => Ok(Root::Path(path)),
        _ => Err(Status::OBJECT_PATH_SYNTAX_BAD),
    }
}

/// Checks a name that is relative to a directory.
pub(crate) fn relative(units: &[u16]) -> Result<&[u16], Status> {
    match units {
        _ if units.len() > MAX_UNITS => Err(Status::OBJECT_NAME_INVALID),
        [] => Err(Status::OBJECT_NAME_INVALID),
        [SEPARATOR, ..] => Err(Status::OBJECT_PATH_SYNTAX_BAD),
        _ => Ok(units),
    }
}

/// Splits the first component off: the component, and what follows its separator if it has one.
pub(crate) fn split(path: &[u16]) -> Result<(&[u16], Option<&[u16]>), Status> {
    let (component, rest) = match path.iter().position(|unit| *unit == SEPARATOR) {
        Some(at) => (&path[..at], Some(&path[at + 1..])),
        None => (path, None),
    };
    if component.is_empty() { Err(Status::OBJECT_NAME_INVALID) } else { Ok((component, rest)) }
}
