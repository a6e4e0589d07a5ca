//! Text: `&str`, `String`, `Box<str>`, `Cow<str>`, `&CStr` and the `Option` of each, as units of a character
//! set that end with a NUL.
//!
//! In: a copy with a NUL behind it, on the stack while it is short, for the length of the call. A NUL
//! inside the text is an error, for C would see half of it. What is native text already, [`&CStr`](core::ffi::CStr),
//! `&`[`U16CStr`] and `&`[`U32CStr`], is passed as it is. `None` is null.
//!
//! Out: text that native code hands over belongs to it and is only read, unless the declaration names
//! an owner. `String` copies; `&str` looks at the native bytes and has to be UTF-8; `Cow<str>` looks at
//! them if they are UTF-8 and copies otherwise. Text that is not Unicode is an error that names the first
//! wrong unit, never a replacement character.
//!
//! On Unix, [`&Path`](std::path::Path), `&OsStr`, `PathBuf` and `OsString` are 8-bit text of any bytes.
//!
//! | declared | native code |
//! |---|---|
//! | `text: &str` | reads it during the call |
//! | `text: Given<&str>` | frees it: allocated with `malloc`, or with the owner that is named |
//! | `#[buffer] text: &mut String` | writes into the buffer; see [`Lend`](super::Lend) |
//! | `#[returns(borrowed)] text: &mut Option<String>` | puts the address of text of its own there |
//! | `#[returns(free)] text: &mut Option<String>` | puts text there, or replaces it; this side frees it |
//! | `#[returns(borrowed)] fn f() -> String` | returns text of its own |
//! | `#[returns(free)] fn f() -> String` | returns text that this side frees |
//! | `fn f() -> &'static str` | returns text that is never changed |
//!
//! ```
//! use pinvoke::dll_import;
//!
//! #[dll_import("libc")]
//! unsafe extern "C" {
//!     #[returns(free)]
//!     safe fn strdup(text: &str) -> String;
//!     # #[cfg(unix)]
//!     #[returns(borrowed)]
//!     safe fn gai_strerror(code: i32) -> String;
//!     safe fn wcslen(#[marshal(pinvoke::marshal::WideChars)] text: &str) -> usize;
//! }
//!
//! assert_eq!(strdup("grüße"), "grüße");
//! # #[cfg(unix)]
//! assert!(!gai_strerror(-2).is_empty());
//! assert_eq!(wcslen("a😀"), if cfg!(windows) { 3 } else { 2 });
//! ```

mod bstr;
#[cfg(windows)]
mod code_page;
mod element;
mod owned;
#[cfg(unix)]
mod path;
mod units;
mod value;
mod wide;

use core::ffi::c_char;
use std::borrow::Cow;

pub use bstr::{AnsiBStr, BStr, SysString};
pub use owned::{Given, OwnedText};
pub use units::{NotTerminated, U16CStr, U32CStr, Unit, UnitStr};

use super::{MarshalError, Reason, Utf8};
use crate::c_text::{CText, InteriorNul};

/// How text is encoded for a native function: the form `M` of everything in a declaration.
///
/// [`Ansi`](super::Ansi), [`Utf8`], [`Utf16`](super::Utf16) and [`Utf32`](super::Utf32) are character sets; values
/// that are not text take the same form in all of them. Implement it for a marker of your own to have
/// another one:
///
/// ```
/// use pinvoke::marshal::{CharSet, MarshalError};
///
/// /// ISO 8859-1: a byte is the character of that number.
/// enum Latin1 {}
///
/// impl CharSet for Latin1 {
///     type Unit = core::ffi::c_char;
///     type Bool = pinvoke::marshal::Bool8;
///     type Buffer = Vec<core::ffi::c_char>;
///     const NAME: &'static str = "Latin-1";
///     fn buffer() -> Self::Buffer {
///         Vec::new()
///     }
///     fn encode(text: &str, units: &mut Self::Buffer) -> Result<(), MarshalError> {
///         for c in text.chars() {
///             let byte = u8::try_from(c).map_err(MarshalError::custom)?;
///             units.push(core::ffi::c_char::from_ne_bytes([byte]));
///         }
///         Ok(())
///     }
///     fn terminate(text: &str, buffer: &mut Self::Buffer) -> Result<*const Self::Unit, MarshalError> {
///         Self::encode(text, buffer)?;
///         buffer.push(0);
///         Ok(buffer.as_ptr())
///     }
///     fn decode(units: &[Self::Unit]) -> Result<String, MarshalError> {
///         Ok(units.iter().flat_map(|unit| unit.to_ne_bytes()).map(char::from).collect())
///     }
/// }
///
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     safe fn strlen(#[marshal(Latin1)] text: &str) -> usize;
/// }
/// assert_eq!(strlen("grüße"), 5);
/// ```
pub trait CharSet: Sized + 'static {
    /// One unit of text: `char`, `char16_t`, `char32_t`.
    type Unit: Unit;
    /// What a `bool` is: C's, unless the declaration says otherwise (see [`Booleans`](super::Booleans)).
    type Bool: super::NativeBool;
    /// Room for one text.
    type Buffer;
    /// What messages call it.
    const NAME: &'static str;
    /// Whether the units are UTF-8, so that `&str` is a look at them where they are. Then implement
    /// [`Utf8Text`], and [`look`](CharSet::look) without a copy.
    const IS_UTF8: bool = false;

    /// Room for one text.
    ///
    /// ```
    /// use pinvoke::marshal::{CharSet, Utf8};
    ///
    /// // Of 8-bit text, room for the usual length on the stack; the heap is for longer ones.
    /// let mut room = Utf8::buffer();
    /// let text = Utf8::terminate("7", &mut room)?;
    /// // SAFETY: a text of C, which the room holds.
    /// assert_eq!(unsafe { libc::atoi(text) }, 7);
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn buffer() -> Self::Buffer;

    /// Appends the units of a text, without a NUL at the end.
    ///
    /// # Errors
    /// A character that the set does not have.
    ///
    /// ```
    /// use pinvoke::marshal::{CharSet, Utf16};
    ///
    /// let mut units = vec![0xfeff]; // a byte-order mark
    /// Utf16::encode("€", &mut units)?;
    /// assert_eq!(units, [0xfeff, 0x20ac]);
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn encode(text: &str, units: &mut Vec<Self::Unit>) -> Result<(), MarshalError>;

    /// The text, encoded and terminated, in the buffer.
    ///
    /// # Errors
    /// [`Reason::InteriorNul`]; a character that the set does not have.
    ///
    /// ```
    /// use pinvoke::marshal::{CharSet, Reason, Utf32};
    ///
    /// let mut room = Utf32::buffer();
    /// let text = Utf32::terminate("ü", &mut room)?;
    /// // SAFETY: one unit and the NUL, which the room holds.
    /// assert_eq!(unsafe { (text.read(), text.add(1).read()) }, (0xfc, 0));
    /// let error = Utf32::terminate("a\0b", &mut room).unwrap_err();
    /// assert!(matches!(error.reason(), Reason::InteriorNul { position: 1 }));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn terminate(text: &str, buffer: &mut Self::Buffer) -> Result<*const Self::Unit, MarshalError>;

    /// The text of these units.
    ///
    /// # Errors
    /// [`Reason::NotUnicode`].
    ///
    /// ```
    /// use pinvoke::marshal::{CharSet, Utf16};
    ///
    /// assert_eq!(Utf16::decode(&[0x67, 0xfc])?, "gü");
    /// let error = Utf16::decode(&[0x67, 0xd83d]).unwrap_err();
    /// assert_eq!(error.to_string(), "the text is not UTF-16: the first wrong unit is at index 1");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn decode(units: &[Self::Unit]) -> Result<String, MarshalError>;

    /// The text of these units, without a copy if they are UTF-8.
    ///
    /// # Errors
    /// As [`Self::decode`].
    ///
    /// ```
    /// use std::borrow::Cow;
    /// use pinvoke::marshal::{CharSet, Utf8, Utf16};
    ///
    /// let units = b"text".map(|b| b as core::ffi::c_char);
    /// assert!(matches!(Utf8::look(&units)?, Cow::Borrowed("text")));
    /// assert!(matches!(Utf16::look(&[0x67, 0x6f])?, Cow::Owned(text) if text == "go"));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    #[inline]
    fn look(units: &[Self::Unit]) -> Result<Cow<'_, str>, MarshalError> {
        Self::decode(units).map(Cow::Owned)
    }

    /// How many units a text has.
    ///
    /// ```
    /// use pinvoke::marshal::{CharSet, Utf8, Utf16, Utf32};
    ///
    /// let text = "a😀";
    /// assert_eq!((Utf8::units_of(text), Utf16::units_of(text), Utf32::units_of(text)), (5, 3, 2));
    /// ```
    fn units_of(text: &str) -> usize {
        let mut units = Vec::new();
        Self::encode(text, &mut units).map_or(0, |()| units.len())
    }

    /// The text that starts at an address.
    ///
    /// # Errors
    /// [`Reason::Null`], [`Reason::NotUnicode`].
    ///
    /// # Safety
    /// There is a NUL-terminated text of this set, or `text` is null.
    ///
    /// ```
    /// use pinvoke::marshal::{CharSet, Reason, Utf16};
    ///
    /// let text = [0x67_u16, 0x6f, 0, 0x21];
    /// // SAFETY: there is a NUL.
    /// assert_eq!(unsafe { Utf16::read(text.as_ptr()) }?, "go");
    /// // SAFETY: null is allowed.
    /// let error = unsafe { Utf16::read(core::ptr::null()) }.unwrap_err();
    /// assert!(matches!(error.reason(), Reason::Null));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn read(text: *const Self::Unit) -> Result<String, MarshalError> {
        // SAFETY: the caller's promise.
        Self::decode(unsafe { units_at(text) }?)
    }
}

/// Character sets whose units are UTF-8: what lets `&str` be a result or an argument of a callback.
///
/// Text of other sets has to be converted, and a `&str` has no place for what comes of it.
///
/// ```
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc", char_set = Utf8)]
/// unsafe extern "C" {
///     fn strerror(number: i32) -> &'static str; // looked at where it is
/// }
/// // SAFETY: the text of a number that there is does not change.
/// assert!(unsafe { strerror(libc::ENOENT) }.contains("No such file"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`&str` cannot look at native text of the character set `{Self}`, which is not UTF-8",
    label = "not UTF-8",
    note = "write `String` or `Cow<str>`, which are converted by the character set, or `&CStr` or `&UnitStr<U>` for the text as it is"
)]
pub trait Utf8Text: CharSet<Unit = c_char> {}

/// The units before the NUL.
///
/// # Safety
/// `text` is null or the address of a NUL-terminated text that lives for `'a` unchanged.
unsafe fn units_at<'a, U: Unit>(text: *const U) -> Result<&'a [U], MarshalError> {
    if text.is_null() {
        return Err(Reason::Null.into());
    }
    // SAFETY: not null; the rest is the caller's promise.
    let length = unsafe { U::length(text) };
    // SAFETY: so many units stand before the NUL.
    Ok(unsafe { core::slice::from_raw_parts(text, length) })
}

/// The units of a text with a NUL behind them, on the heap.
pub(super) fn terminated<M: CharSet>(text: &str) -> Result<Vec<M::Unit>, MarshalError> {
    if let Some(position) = text.bytes().position(|b| b == 0) {
        return Err(InteriorNul { position }.into());
    }
    let mut units = Vec::with_capacity(text.len() + 1);
    M::encode(text, &mut units)?;
    units.push(M::Unit::NUL);
    Ok(units)
}

/// Bytes as C has them.
pub(super) fn as_bytes(units: &[c_char]) -> &[u8] {
    // SAFETY: signed or not, a char is a byte, and any byte will do.
    unsafe { core::slice::from_raw_parts(units.as_ptr().cast(), units.len()) }
}

fn utf8(units: &[c_char]) -> Result<&str, MarshalError> {
    let text = core::str::from_utf8(as_bytes(units));
    text.map_err(|e| Reason::NotUnicode { encoding: "UTF-8", position: e.valid_up_to() }.into())
}

macro_rules! utf8 {
    ($set:ty, $name:literal) => {
        impl CharSet for $set {
            type Unit = c_char;
            type Bool = super::Bool8;
            type Buffer = CText;
            const NAME: &'static str = $name;
            const IS_UTF8: bool = true;

            #[inline]
            fn buffer() -> CText {
                CText::new()
            }

            fn encode(text: &str, units: &mut Vec<c_char>) -> Result<(), MarshalError> {
                units.extend(text.bytes().map(|b| c_char::from_ne_bytes([b])));
                Ok(())
            }

            #[inline]
            fn terminate(text: &str, buffer: &mut CText) -> Result<*const c_char, MarshalError> {
                Ok(buffer.terminate(text)?)
            }

            fn decode(units: &[c_char]) -> Result<String, MarshalError> {
                utf8(units).map(str::to_owned)
            }

            #[inline]
            fn look(units: &[c_char]) -> Result<Cow<'_, str>, MarshalError> {
                utf8(units).map(Cow::Borrowed)
            }

            #[inline]
            fn units_of(text: &str) -> usize {
                text.len()
            }
        }

        impl Utf8Text for $set {}
    };
}

utf8!(Utf8, "UTF-8");
#[cfg(not(windows))]
utf8!(super::Ansi, "UTF-8");

/// Native text that is looked at in place.
#[inline]
fn look<M: CharSet>(units: &[M::Unit]) -> Result<&str, MarshalError> {
    match M::look(units)? {
        Cow::Borrowed(text) => Ok(text),
        Cow::Owned(_) => Err(MarshalError::custom(format!(
            "`&str` cannot look at {}: declare `String` or `Cow<str>`",
            M::NAME
        ))),
    }
}

/// The same text with other truth values.
impl<S: CharSet, B: super::NativeBool + 'static> CharSet for super::Booleans<S, B> {
    type Unit = S::Unit;
    type Bool = B;
    type Buffer = S::Buffer;
    const NAME: &'static str = S::NAME;
    const IS_UTF8: bool = S::IS_UTF8;

    #[inline]
    fn buffer() -> S::Buffer {
        S::buffer()
    }

    fn encode(text: &str, units: &mut Vec<S::Unit>) -> Result<(), MarshalError> {
        S::encode(text, units)
    }

    #[inline]
    fn terminate(text: &str, buffer: &mut S::Buffer) -> Result<*const S::Unit, MarshalError> {
        S::terminate(text, buffer)
    }

    fn decode(units: &[S::Unit]) -> Result<String, MarshalError> {
        S::decode(units)
    }

    #[inline]
    fn look(units: &[S::Unit]) -> Result<Cow<'_, str>, MarshalError> {
        S::look(units)
    }

    #[inline]
    fn units_of(text: &str) -> usize {
        S::units_of(text)
    }
}

impl<S: Utf8Text, B: super::NativeBool + 'static> Utf8Text for super::Booleans<S, B> {}
