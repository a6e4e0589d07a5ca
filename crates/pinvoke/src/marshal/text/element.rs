//! Text in native memory: an array or a structure holds its address.
//!
//! By default the text is a copy that lives for the length of the call and is this side's: native code
//! looks at it, and may put the address of another text in its place, which is read and not freed. As
//! [`Owned`](crate::marshal::Owned), it is allocated by its owner; native code may free it and put another
//! one of the same owner there, and what stands there after the call is freed here. .NET does that with
//! every text (`DestroyStructure`), and crashes where native code puts a text there that nobody may free.

use core::ffi::{CStr, c_char};
use std::borrow::Cow;

use super::{CharSet, Unit, UnitStr, terminated, units_at};
use crate::marshal::{Element, FromNative, MarshalError};

macro_rules! element {
    ($([$($generic:tt)*] $type:ty, |$native:ident| $read:expr $(, else $changed:expr)?;)*) => { $(
        // SAFETY: not in place.
        unsafe impl<$($generic)* M: CharSet> Element<M> for $type {
            type Native = *const M::Unit;
            type Guard = Vec<M::Unit>;
            const IN_PLACE: bool = false;

            fn to_native(&self) -> Result<(*const M::Unit, Vec<M::Unit>), MarshalError> {
                let units = terminated::<M>(self)?;
                Ok((units.as_ptr(), units))
            }

            unsafe fn from_element($native: &*const M::Unit) -> Result<$type, MarshalError> {
                $read
            }

            $(
                // What stands there may be the copy of this side, which ends with the call: no borrow of
                // it may get out.
                unsafe fn update(&mut self, native: &*const M::Unit) -> Result<(), MarshalError> {
                    // SAFETY: the caller's promise.
                    let text = M::look(unsafe { units_at(*native) }?)?;
                    if text.as_ref() != &**self {
                        *self = $changed(text)?;
                    }
                    Ok(())
                }
            )?
        }
    )* };
}

/// A borrowed text cannot become one that native code keeps, or has written over the copy.
#[cold]
fn changed<'a>(_: Cow<'_, str>) -> Result<&'a str, MarshalError> {
    Err(MarshalError::custom("the function changed a borrowed text: declare `String` or `Cow<str>`"))
}

/// Native text, looked at in place.
///
/// # Safety
/// As for [`units_at`].
unsafe fn look<'a, M: CharSet>(native: *const M::Unit) -> Result<&'a str, MarshalError> {
    const {
        assert!(M::IS_UTF8, "`&str` can only look at UTF-8: declare `String` or `Cow<str>` for other text");
    }
    // SAFETY: the caller's promise.
    super::look::<M>(unsafe { units_at(native) }?)
}

element! {
    // SAFETY: the caller's promise.
    ['a,] &'a str, |native| unsafe { look::<M>(*native) }, else changed;
    // SAFETY: the caller's promise.
    [] String, |native| unsafe { M::read(*native) };
    // SAFETY: the caller's promise.
    [] Box<str>, |native| unsafe { M::read(*native) }.map(String::into_boxed_str);
    // SAFETY: the caller's promise.
    ['a,] Cow<'a, str>, |native| M::look(unsafe { units_at(*native) }?),
        else |text: Cow<'_, str>| Ok::<_, MarshalError>(Cow::Owned(text.into_owned()));
}

/// Native text that exists already: its address is stored.
macro_rules! passed {
    ($([$($generic:tt)*] $type:ty, $unit:ty;)*) => { $(
        // SAFETY: not in place.
        unsafe impl<$($generic)*> Element<M> for $type {
            type Native = *const $unit;
            type Guard = ();
            const IN_PLACE: bool = false;

            #[inline]
            fn to_native(&self) -> Result<(*const $unit, ()), MarshalError> {
                Ok((self.as_ptr(), ()))
            }

            #[inline]
            unsafe fn from_element(native: &*const $unit) -> Result<$type, MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { <$type as FromNative<M>>::from_native(*native) }
            }
        }
    )* };
}

passed! {
    ['a, M: CharSet] &'a CStr, c_char;
    ['a, U: Unit, M: CharSet] &'a UnitStr<U>, U;
}
