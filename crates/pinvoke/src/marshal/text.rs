//! Text: `&str`, `String`, `&CStr`, as NUL-terminated units of a character set.
//!
//! In: a copy with a NUL behind it, on the stack while it is short, for the length of the call. A NUL
//! inside the text is an error, for C would see half of it. `&CStr` is passed as it is.
//!
//! Out: text that native code hands over belongs to it and is only read, unless the declaration names
//! an owner. `String` copies; `&str` looks at the native bytes and has to be UTF-8.

use core::ffi::{CStr, c_char};

use super::{Ansi, FromNative, IntoNative, MarshalError, Reason, Utf8};
use crate::c_text::CText;
use crate::native::NativeType;

/// How text is encoded for a native function: the form `M` of everything in a declaration.
///
/// [`Ansi`], [`Utf8`], [`Utf16`](super::Utf16) and [`Utf32`](super::Utf32) are character sets; values
/// that are not text take the same form in all of them.
pub trait CharSet: Sized + 'static {
    /// One unit of text: `char`, `char16_t`, `char32_t`.
    type Unit: NativeType + super::character::CharUnit + Default + PartialEq;
    /// What a `bool` is: C's, unless the declaration says otherwise (see [`Booleans`](super::Booleans)).
    type Bool: super::NativeBool;
    /// Room for one text.
    type Buffer;
    /// Room for one text.
    fn buffer() -> Self::Buffer;

    /// The text, encoded and terminated, in the buffer.
    ///
    /// # Errors
    /// [`Reason::InteriorNul`]; a character that the set does not have.
    fn terminate(text: &str, buffer: &mut Self::Buffer) -> Result<*const Self::Unit, MarshalError>;

    /// The text that starts at an address.
    ///
    /// # Errors
    /// [`Reason::Null`], [`Reason::NotUnicode`].
    ///
    /// # Safety
    /// There is a NUL-terminated text of this set, or `text` is null.
    unsafe fn read(text: *const Self::Unit) -> Result<String, MarshalError>;
}

macro_rules! utf8 {
    ($set:ty) => {
        impl CharSet for $set {
            type Unit = c_char;
            type Bool = super::boolean::Bool8;
            type Buffer = CText;

            #[inline]
            fn buffer() -> CText {
                CText::new()
            }

            #[inline]
            fn terminate(text: &str, buffer: &mut CText) -> Result<*const c_char, MarshalError> {
                Ok(buffer.terminate(text)?)
            }

            unsafe fn read(text: *const c_char) -> Result<String, MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { borrowed(text) }.map(str::to_owned)
            }
        }
    };
}

utf8!(Utf8);
utf8!(Ansi);

/// Native UTF-8 text, looked at in place.
///
/// # Safety
/// `text` is null or a NUL-terminated string that lives for `'a` unchanged.
unsafe fn borrowed<'a>(text: *const c_char) -> Result<&'a str, MarshalError> {
    if text.is_null() {
        return Err(Reason::Null.into());
    }
    // SAFETY: not null; the rest is the caller's promise.
    let bytes = unsafe { CStr::from_ptr(text) };
    let text = bytes.to_str();
    text.map_err(|e| Reason::NotUnicode { encoding: "UTF-8", position: e.valid_up_to() }.into())
}

impl<S: CharSet, B: super::NativeBool + 'static> CharSet for super::Booleans<S, B> {
    type Unit = S::Unit;
    type Bool = B;
    type Buffer = S::Buffer;

    #[inline]
    fn buffer() -> S::Buffer {
        S::buffer()
    }

    #[inline]
    fn terminate(text: &str, buffer: &mut S::Buffer) -> Result<*const S::Unit, MarshalError> {
        S::terminate(text, buffer)
    }

    unsafe fn read(text: *const S::Unit) -> Result<String, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { S::read(text) }
    }
}

impl<M: CharSet> IntoNative<M> for &str {
    type Native = *const M::Unit;
    type State = M::Buffer;
    #[inline]
    fn state() -> M::Buffer {
        M::buffer()
    }
    #[inline]
    fn into_native(self, state: &mut M::Buffer) -> Result<*const M::Unit, MarshalError> {
        M::terminate(self, state)
    }
}

impl<'a, M: CharSet<Unit = c_char>> FromNative<M> for &'a str {
    type Native = *const c_char;
    #[inline]
    unsafe fn from_native(native: *const c_char) -> Result<&'a str, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { borrowed(native) }
    }
    fn is_failure(native: &*const c_char) -> bool {
        native.is_null()
    }
}

impl<M: CharSet> FromNative<M> for String {
    type Native = *const M::Unit;
    unsafe fn from_native(native: *const M::Unit) -> Result<String, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { M::read(native) }
    }
    fn is_failure(native: &*const M::Unit) -> bool {
        native.is_null()
    }
}

impl<M: CharSet> IntoNative<M> for &CStr {
    type Native = *const c_char;
    type State = ();
    #[inline]
    fn state() {}
    #[inline]
    fn into_native(self, (): &mut ()) -> Result<*const c_char, MarshalError> {
        Ok(self.as_ptr())
    }
}
