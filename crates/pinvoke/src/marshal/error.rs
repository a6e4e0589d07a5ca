//! Values that cannot be converted.

use core::fmt;
use std::error::Error;

/// A value that has no native form, or native bytes that are no value.
///
/// Its text names the function and the parameter: ``cannot convert argument `path` of `open`: the text
/// has a NUL character at byte 3, and C would end it there``.
///
/// One word, so that conversions which return it keep to registers.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::{Error, dll_import};
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     safe fn rmdir(path: &str) -> Result<i32, Error>;
/// }
/// let Err(Error::Marshal(error)) = rmdir("/tmp/a\0b") else { unreachable!("it cannot be converted") };
/// assert_eq!(
///     error.to_string(),
///     "cannot convert argument `path` of `rmdir`: the text has a NUL character at byte 6, and C would end it there"
/// );
/// # }
/// ```
#[derive(Debug)]
pub struct MarshalError(
    /// None is [`Reason::Null`], of which nobody has said yet where: the callback that meets it makes it
    /// without a call, and goes on in one that it need not come back from.
    Option<Box<Refused>>,
);

#[derive(Debug)]
struct Refused {
    place: Option<Place>,
    reason: Reason,
}

/// Which value of which function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    function: &'static str,
    value: &'static str,
}

/// Why a value cannot be converted.
///
/// ```
/// use pinvoke::marshal::{MarshalError, Reason};
///
/// let error = MarshalError::from(Reason::TooLong { units: 40, room: 31 });
/// assert!(matches!(error.reason(), Reason::TooLong { room: 31, .. }));
/// assert_eq!(error.to_string(), "the text has 40 units, and there is room for 31 before the NUL");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The text would be cut short.
    #[error("the text has a NUL character at byte {position}, and C would end it there")]
    InteriorNul {
        /// Byte offset of the first NUL.
        position: usize,
    },
    /// Native text is not Unicode.
    #[error("the text is not {encoding}: the first wrong unit is at index {position}")]
    NotUnicode {
        /// Which encoding was declared.
        encoding: &'static str,
        /// Index of the first unit that is wrong.
        position: usize,
    },
    /// A null pointer where the type has none.
    #[error("it is null; declare it as an `Option` if it may be")]
    Null,
    /// A number outside of the declared constants or of the type's range.
    #[error("the value {value} is none of {of}")]
    OutOfRange {
        /// The number, in decimal.
        value: String,
        /// Of which type.
        of: &'static str,
    },
    /// A count of elements that cannot be one.
    #[error("the count {count} is {wrong}")]
    Count {
        /// The count that was given, in decimal.
        count: String,
        /// What is wrong with it: `negative`, `larger than the buffer of 16 elements`.
        wrong: String,
    },
    /// The buffer holds no end of the text.
    #[error("the function left no NUL within the {units} units of the buffer")]
    Unterminated {
        /// Size of the buffer in units.
        units: usize,
    },
    /// Text that is longer than a member of a fixed size.
    #[error("the text has {units} units, and there is room for {room} before the NUL")]
    TooLong {
        /// Units of the text.
        units: usize,
        /// Units that fit.
        room: usize,
    },
    /// The value of a handle that stands for none.
    #[error("it is no valid handle of the kind `{kind}`; declare it as an `Option` if it may be none")]
    InvalidHandle {
        /// The kind's name.
        kind: &'static str,
    },
    /// A member of a structure.
    #[error("member `{member}`: {reason}")]
    Member {
        /// Its name in Rust.
        member: &'static str,
        /// What is wrong with it.
        reason: Box<Reason>,
    },
    /// A callback cannot be made.
    #[error(transparent)]
    Callback(#[from] crate::upcall::CallbackError),
    /// A marshaller's own reason.
    #[error(transparent)]
    Custom(Box<dyn Error + Send + Sync>),
}

impl MarshalError {
    /// Null where it must not be.
    #[inline(always)]
    pub(crate) fn null() -> MarshalError {
        MarshalError(None)
    }

    fn into_refused(self) -> Box<Refused> {
        self.0.unwrap_or_else(|| Box::new(Refused { place: None, reason: Reason::Null }))
    }

    /// A reason of a marshaller outside of this crate.
    ///
    /// ```
    /// use pinvoke::marshal::{MarshalError, Reason};
    ///
    /// let error = u8::try_from(300).map_err(MarshalError::custom).unwrap_err();
    /// assert!(matches!(error.reason(), Reason::Custom(_)));
    /// assert_eq!(MarshalError::custom("it is odd").to_string(), "it is odd");
    /// ```
    pub fn custom(reason: impl Into<Box<dyn Error + Send + Sync>>) -> MarshalError {
        MarshalError::from(Reason::Custom(reason.into()))
    }

    /// Says which value of which function it is about; what was said before stays.
    ///
    /// ```
    /// use pinvoke::marshal::{MarshalError, Reason};
    ///
    /// let error = MarshalError::from(Reason::Null).at("fclose", "stream").at("main", "file");
    /// assert!(error.to_string().starts_with("cannot convert argument `stream` of `fclose`: it is null"));
    /// ```
    #[cold]
    #[must_use]
    pub fn at(self, function: &'static str, value: &'static str) -> MarshalError {
        let mut refused = self.into_refused();
        refused.place.get_or_insert(Place { function, value });
        MarshalError(Some(refused))
    }

    /// Says which member of a structure it is about.
    ///
    /// ```
    /// use pinvoke::marshal::MarshalError;
    ///
    /// let error = MarshalError::custom("it is odd").in_member("pages").in_member("book");
    /// assert_eq!(error.to_string(), "member `book`: member `pages`: it is odd");
    /// ```
    #[cold]
    #[must_use]
    pub fn in_member(self, member: &'static str) -> MarshalError {
        let Refused { place, reason } = *self.into_refused();
        let reason = Reason::Member { member, reason: reason.into() };
        MarshalError(Some(Box::new(Refused { place, reason })))
    }

    /// Why.
    ///
    /// ```
    /// use pinvoke::marshal::{CharSet, Reason, Utf16};
    ///
    /// let error = Utf16::decode(&[0x61, 0xdc00]).unwrap_err();
    /// assert!(matches!(error.reason(), Reason::NotUnicode { encoding: "UTF-16", position: 1 }));
    /// ```
    #[must_use]
    pub fn reason(&self) -> &Reason {
        static NULL: Reason = Reason::Null;
        self.0.as_ref().map_or(&NULL, |refused| &refused.reason)
    }
}

impl From<Reason> for MarshalError {
    #[cold]
    fn from(reason: Reason) -> MarshalError {
        MarshalError(Some(Box::new(Refused { place: None, reason })))
    }
}

impl From<crate::c_text::InteriorNul> for MarshalError {
    #[cold]
    fn from(nul: crate::c_text::InteriorNul) -> MarshalError {
        Reason::InteriorNul { position: nul.position }.into()
    }
}

impl fmt::Display for MarshalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_ref().and_then(|refused| refused.place) {
            Some(Place { function, value: "" }) => write!(f, "cannot convert the result of `{function}`: ")?,
            Some(Place { function, value }) => {
                write!(f, "cannot convert argument `{value}` of `{function}`: ")?;
            }
            None => {}
        }
        self.reason().fmt(f)
    }
}

impl Error for MarshalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason().source()
    }
}

/// A number that is none of a type's.
#[doc(hidden)]
#[cold]
pub fn undeclared(value: impl fmt::Display, of: &'static str) -> MarshalError {
    Reason::OutOfRange { value: value.to_string(), of }.into()
}
