//! Paths and other text of the system, which on Unix are any bytes without a NUL.

use core::ffi::c_char;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::{CharSet, as_bytes, units_at};
use crate::c_text::CText;
use crate::marshal::owner::Freed;
use crate::marshal::{FromNative, IntoNative, Length, MarshalError, Owned, Owner};

macro_rules! argument {
    ($($type:ty),*) => { $(
        impl<M: CharSet<Unit = c_char>> IntoNative<M> for $type {
            type Native = *const c_char;
            type State = CText;

            #[inline]
            fn state() -> CText {
                CText::new()
            }

            #[inline]
            fn into_native(self, state: &mut CText) -> Result<*const c_char, MarshalError> {
                let text: &OsStr = self.as_ref();
                Ok(state.terminate_bytes(text.as_bytes())?)
            }
        }

        impl<M: CharSet<Unit = c_char>> Length<M> for $type {
            #[inline]
            fn length(&self) -> usize {
                let text: &OsStr = self.as_ref();
                text.len()
            }
        }
    )* };
}

argument!(&OsStr, &Path, OsString, PathBuf);

/// Makes types results that look at native bytes, or copy them.
macro_rules! result {
    ($([$($generic:tt)*] $type:ty, |$bytes:ident| $make:expr;)*) => { $(
        impl<$($generic)* M: CharSet<Unit = c_char>> FromNative<M> for $type {
            type Native = *const c_char;

            #[inline]
            unsafe fn from_native(native: *const c_char) -> Result<$type, MarshalError> {
                // SAFETY: the caller's promise.
                let $bytes = as_bytes(unsafe { units_at(native) }?);
                Ok($make)
            }

            fn is_failure(native: &*const c_char) -> bool {
                native.is_null()
            }
        }
    )* };
}

result! {
    ['a,] &'a OsStr, |bytes| OsStr::from_bytes(bytes);
    ['a,] &'a Path, |bytes| Path::new(OsStr::from_bytes(bytes));
    [] OsString, |bytes| OsString::from_vec(bytes.to_vec());
    [] PathBuf, |bytes| OsString::from_vec(bytes.to_vec()).into();
}

macro_rules! owned {
    ($($type:ty),*) => { $(
        impl<M: CharSet<Unit = c_char>, O: Owner> FromNative<Owned<M, O>> for $type {
            type Native = *mut c_char;

            unsafe fn from_native(native: *mut c_char) -> Result<$type, MarshalError> {
                // SAFETY: the function gave it away.
                let _memory = unsafe { Freed::<O>::new(native) };
                // SAFETY: the caller's promise.
                unsafe { <$type as FromNative<M>>::from_native(native) }
            }

            fn is_failure(native: &*mut c_char) -> bool {
                native.is_null()
            }
        }
    )* };
}

owned!(OsString, PathBuf);
