//! `char`: one unit of the declaration's character set.
//!
//! A Rust `char` is any Unicode scalar; a native one is 8, 16 or 32 bits. What does not fit is an error,
//! where .NET passes the first byte of the UTF-8 form or half a surrogate pair. In 8-bit text only ASCII
//! fits, for any other unit is a part of a character.

use super::{CharSet, Element, FromNative, IntoNative, MarshalError, Reason};

/// A unit of text that may hold a whole character.
///
/// ```
/// use pinvoke::marshal::CharUnit;
///
/// // What one unit can hold: half of `char`s in UTF-16, none of `ü` in UTF-8.
/// assert_eq!(u16::from_char('€')?, 0x20ac);
/// assert!(u16::from_char('😀').is_err());
/// assert!(u8::from_char('ü').is_err());
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
pub trait CharUnit: Copy {
    /// The unit for a character.
    ///
    /// # Errors
    /// [`Reason::OutOfRange`]: the character takes more than one.
    ///
    /// ```
    /// use pinvoke::marshal::{CharUnit, Reason};
    ///
    /// assert_eq!(u32::from_char('😀')?, 0x1f600);
    /// assert!(matches!(u16::from_char('😀').unwrap_err().reason(), Reason::OutOfRange { .. }));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn from_char(c: char) -> Result<Self, MarshalError>;

    /// The character of a unit.
    ///
    /// # Errors
    /// [`Reason::OutOfRange`]: the unit is a part of a character, or none.
    ///
    /// ```
    /// use pinvoke::marshal::CharUnit;
    ///
    /// assert_eq!(0xfc_u16.to_char()?, 'ü');
    /// assert!(0xd83d_u16.to_char().is_err(), "half of a character");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn to_char(self) -> Result<char, MarshalError>;
}

#[cold]
fn refused(value: u32, of: &'static str) -> MarshalError {
    Reason::OutOfRange { value: format!("U+{value:04X}"), of }.into()
}

macro_rules! unit {
    ($($unit:ty, $unsigned:ty, $max:expr, $of:literal;)*) => { $(
        impl CharUnit for $unit {
            #[inline]
            fn from_char(c: char) -> Result<$unit, MarshalError> {
                match <$unsigned>::try_from(u32::from(c)) {
                    Ok(unit) if unit <= $max => Ok(<$unit>::from_ne_bytes(unit.to_ne_bytes())),
                    _ => Err(refused(c.into(), $of)),
                }
            }
            #[inline]
            fn to_char(self) -> Result<char, MarshalError> {
                let unit = <$unsigned>::from_ne_bytes(self.to_ne_bytes());
                let c = char::from_u32(unit.into()).filter(|_| unit <= $max);
                c.ok_or_else(|| refused(unit.into(), $of))
            }
        }
    )* };
}

unit! {
    i8, u8, 0x7f, "the characters of one UTF-8 unit (ASCII)";
    u8, u8, 0x7f, "the characters of one UTF-8 unit (ASCII)";
    u16, u16, u16::MAX, "the characters of one UTF-16 unit";
    u32, u32, u32::MAX, "the characters of UTF-32";
}

impl<M: CharSet> IntoNative<M> for char {
    type Native = M::Unit;
    type State = ();
    #[inline]
    fn state() {}
    #[inline]
    fn into_native(self, (): &mut ()) -> Result<M::Unit, MarshalError> {
        M::Unit::from_char(self)
    }
}

impl<M: CharSet> FromNative<M> for char {
    type Native = M::Unit;
    #[inline]
    unsafe fn from_native(native: M::Unit) -> Result<char, MarshalError> {
        native.to_char()
    }
}

// SAFETY: never in place: native units need not be characters.
unsafe impl<M: CharSet> Element<M> for char {
    type Native = M::Unit;
    type Guard = ();
    const IN_PLACE: bool = false;
    #[inline]
    fn to_native(&self) -> Result<(M::Unit, ()), MarshalError> {
        Ok((M::Unit::from_char(*self)?, ()))
    }
    #[inline]
    unsafe fn from_element(native: &M::Unit) -> Result<char, MarshalError> {
        native.to_char()
    }
}
