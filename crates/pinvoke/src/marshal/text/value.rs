//! Text as an argument and as a result that is only read.

use core::ffi::{CStr, c_char};
use std::borrow::Cow;
use std::ffi::CString;

use super::{CharSet, Unit, UnitStr, Utf8Text, look, units_at};
use crate::marshal::counted::elements;
use crate::marshal::{FromCounted, FromNative, IntoNative, Length, MarshalError, Reason};

macro_rules! argument {
    ($([$($generic:tt)*] $type:ty;)*) => { $(
        impl<$($generic)* M: CharSet> IntoNative<M> for $type {
            type Native = *const M::Unit;
            type State = M::Buffer;

            #[inline]
            fn state() -> M::Buffer {
                M::buffer()
            }

            #[inline]
            fn into_native(self, state: &mut M::Buffer) -> Result<*const M::Unit, MarshalError> {
                M::terminate(&self, state)
            }
        }

        impl<$($generic)* M: CharSet> Length<M> for $type {
            #[inline]
            fn length(&self) -> usize {
                M::units_of(self)
            }
        }

        impl<$($generic)* M: CharSet> Length<M> for Option<$type> {
            #[inline]
            fn length(&self) -> usize {
                self.as_ref().map_or(0, |text| M::units_of(text))
            }
        }
    )* };
}

argument! {
    ['a,] &'a str;
    [] String;
    [] Box<str>;
    ['a,] Cow<'a, str>;
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

impl<M: CharSet> IntoNative<M> for CString {
    type Native = *const c_char;
    type State = Option<CString>;
    #[inline]
    fn state() -> Option<CString> {
        None
    }
    #[inline]
    fn into_native(self, state: &mut Option<CString>) -> Result<*const c_char, MarshalError> {
        Ok(state.insert(self).as_ptr())
    }
}

impl<U: Unit, M: CharSet> IntoNative<M> for &UnitStr<U> {
    type Native = *const U;
    type State = ();
    #[inline]
    fn state() {}
    #[inline]
    fn into_native(self, (): &mut ()) -> Result<*const U, MarshalError> {
        Ok(self.as_ptr())
    }
}

/// Makes types results that are read in place or copied.
macro_rules! result {
    ($([$($generic:tt)*] $type:ty, $unit:ty, $set:ty, |$native:ident| $read:expr;)*) => { $(
        impl<$($generic)*> FromNative<M> for $type {
            type Native = *const $unit;

            #[inline]
            unsafe fn from_native($native: *const $unit) -> Result<$type, MarshalError> {
                $read
            }

            fn is_failure(native: &*const $unit) -> bool {
                native.is_null()
            }
        }
    )* };
}

result! {
    // SAFETY: the caller's promise.
    ['a, M: Utf8Text] &'a str, c_char, M, |native| look::<M>(unsafe { units_at(native) }?);
    // SAFETY: the caller's promise.
    [M: CharSet] String, M::Unit, M, |native| unsafe { M::read(native) };
    // SAFETY: the caller's promise.
    [M: CharSet] Box<str>, M::Unit, M, |native| unsafe { M::read(native) }.map(String::into_boxed_str);
    // SAFETY: the caller's promise.
    ['a, M: CharSet] Cow<'a, str>, M::Unit, M, |native| M::look(unsafe { units_at(native) }?);
    ['a, M: CharSet] &'a CStr, c_char, M, |native| match native.is_null() {
        true => Err(Reason::Null.into()),
        // SAFETY: not null; the rest is the caller's promise.
        false => Ok(unsafe { CStr::from_ptr(native) }),
    };
    [M: CharSet] CString, c_char, M, |native| {
        // SAFETY: the caller's promise.
        unsafe { <&CStr as FromNative<M>>::from_native(native) }.map(CStr::to_owned)
    };
    ['a, U: Unit, M: CharSet] &'a UnitStr<U>, U, M, |native| match native.is_null() {
        true => Err(Reason::Null.into()),
        // SAFETY: not null; the rest is the caller's promise.
        false => Ok(unsafe { UnitStr::from_ptr(native) }),
    };
}

/// Of UTF-8, the text where it is; of other sets, a copy.
impl<'s, M: CharSet> FromCounted<'s, M> for &'s str {
    type Native = *const M::Unit;
    type Storage = String;
    const LOOKS_AT_STORAGE: bool = !M::IS_UTF8;

    #[inline]
    unsafe fn from_counted(
        native: *const M::Unit,
        count: usize,
        storage: &'s mut String,
    ) -> Result<&'s str, MarshalError> {
        // SAFETY: the caller's promise.
        let units = unsafe { elements(native, count) }?;
        if const { M::IS_UTF8 } {
            return look::<M>(units);
        }
        *storage = M::decode(units)?;
        Ok(storage)
    }

    fn is_failure(native: &*const M::Unit) -> bool {
        native.is_null()
    }
}

impl<M: CharSet> FromCounted<'_, M> for String {
    type Native = *const M::Unit;
    type Storage = ();

    unsafe fn from_counted(
        native: *const M::Unit,
        count: usize,
        (): &mut (),
    ) -> Result<String, MarshalError> {
        // SAFETY: the caller's promise.
        M::decode(unsafe { elements(native, count) }?)
    }

    fn is_failure(native: &*const M::Unit) -> bool {
        native.is_null()
    }
}

impl<'s, M: CharSet> FromCounted<'s, M> for Cow<'s, str> {
    type Native = *const M::Unit;
    type Storage = ();

    unsafe fn from_counted(
        native: *const M::Unit,
        count: usize,
        (): &'s mut (),
    ) -> Result<Cow<'s, str>, MarshalError> {
        // SAFETY: the caller's promise.
        M::look(unsafe { elements(native, count) }?)
    }
}
