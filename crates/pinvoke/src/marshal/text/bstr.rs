//! BSTR: text with its length in front.
//!
//! ```text
//!            ┌────────────┬───────────────────────┬─────┐
//!            │ u32 bytes  │ units                 │ NUL │
//!            └────────────┴───────────────────────┴─────┘
//!                         ▲ the pointer
//! ```
//!
//! The length counts bytes without the NUL, so that text with a NUL inside is whole. It stands directly
//! before the units; the allocation begins there, or on 64-bit systems four bytes earlier, so that it is
//! aligned for every scalar. On Windows the system allocates such texts (`SysAllocStringLen`,
//! `SysFreeString`). There is no such system service on Unix: here they lie in memory of `malloc`, in the layout
//! of .NET's own runtime there, so that both sides of a border may free them: `free(pointer - 8)`.
//!
//! A null BSTR is an empty text. Source: "BSTR" in the Windows Automation documentation.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;

use super::{CharSet, OwnedText, Unit};
use crate::marshal::com;
use crate::marshal::owner::Freed;
use crate::marshal::{Ansi, Element, FromNative, IntoNative, MarshalError, Owner, Reason, Utf16};

/// The form of text with its length in front, of units of the character set `S`.
///
/// ```
/// use pinvoke::marshal::{BStr, FromNative, Owned, OwnedText, SysString};
///
/// // A NUL inside is part of the text.
/// let text = <BStr as OwnedText<SysString>>::give("a\0b")?;
/// // SAFETY: a text of this form, which is read and freed.
/// let back: String = unsafe { FromNative::<Owned<BStr, SysString>>::from_native(text) }?;
/// assert_eq!(back, "a\0b");
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
pub struct LengthPrefixed<S>(PhantomData<S>);

impl<S: CharSet> fmt::Debug for LengthPrefixed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "length-prefixed {}", S::NAME)
    }
}

/// The form `BSTR`: UTF-16 with its length in front.
pub type BStr = LengthPrefixed<Utf16>;

/// The form of 8-bit text with its length in front.
pub type AnsiBStr = LengthPrefixed<Ansi>;

/// The owner of BSTRs: `SysFreeString`.
///
/// ```
/// use pinvoke::marshal::{BStr, Owner, OwnedText, SysString};
///
/// let text = <BStr as OwnedText<SysString>>::give("grüße")?;
/// // SAFETY: the length in bytes stands before the units; then the text is freed.
/// unsafe {
///     assert_eq!(text.cast::<u32>().sub(1).read(), 10);
///     SysString::free(text.cast());
/// }
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum SysString {}

// SAFETY: what `com` frees and allocates is one allocator, and the memory lies behind a prefix; both the prefix and
// the allocator's alignment are multiples of the largest scalar's in a text.
unsafe impl Owner for SysString {
    const NAME: &'static str = "SysFreeString";

    unsafe fn free(memory: *mut c_void) {
        // SAFETY: a text of this owner, by contract.
        unsafe { com::free_string(memory) }
    }

    fn allocate(bytes: usize) -> *mut c_void {
        com::string(bytes)
    }
}

impl<S: CharSet> OwnedText<SysString> for LengthPrefixed<S> {
    type Unit = S::Unit;

    fn give(text: &str) -> Result<*mut S::Unit, MarshalError> {
        let mut units = Vec::with_capacity(text.len() + 1);
        S::encode(text, &mut units)?;
        let bytes = u32::try_from(size_of_val(&*units)).map_err(MarshalError::custom)?;
        units.push(S::Unit::NUL);
        let memory = SysString::allocate(size_of_val(&*units)).cast::<S::Unit>();
        if memory.is_null() {
            return Err(MarshalError::custom("there is no memory for a text"));
        }
        // SAFETY: the prefix before the text has room for it.
        let length = unsafe { memory.byte_sub(size_of::<u32>()) };
        // SAFETY: as above, and aligned for the largest scalar less four bytes.
        unsafe { length.cast::<u32>().write(bytes) };
        // SAFETY: new memory for so many units.
        unsafe { memory.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
        Ok(memory)
    }

    /// Null is empty text. The length in front of 8-bit text is not looked at: native code that takes such
    /// text for a `char *` leaves it wrong.
    unsafe fn take(text: *const S::Unit) -> Result<String, MarshalError> {
        if text.is_null() {
            return Ok(String::new());
        }
        if size_of::<S::Unit>() == 1 {
            // SAFETY: the caller's promise.
            return unsafe { S::read(text) };
        }
        // SAFETY: the length stands before the text.
        let length = unsafe { text.byte_sub(size_of::<u32>()) };
        // SAFETY: as above.
        let bytes = unsafe { length.cast::<u32>().read_unaligned() } as usize;
        if !bytes.is_multiple_of(size_of::<S::Unit>()) {
            let wrong = "no whole number of units".to_owned();
            return Err(Reason::Count { count: format!("{bytes} bytes"), wrong }.into());
        }
        // SAFETY: so many bytes of text are there.
        S::decode(unsafe { core::slice::from_raw_parts(text, bytes / size_of::<S::Unit>()) })
    }
}

/// A BSTR for the length of a call.
#[doc(hidden)]
pub struct ForTheCall(Option<Freed<SysString>>);

impl fmt::Debug for ForTheCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ForTheCall").field(&self.0.is_some()).finish()
    }
}

macro_rules! argument {
    ($($type:ty),*) => { $(
        impl<S: CharSet> IntoNative<LengthPrefixed<S>> for $type {
            type Native = *mut S::Unit;
            type State = ForTheCall;

            fn state() -> ForTheCall {
                ForTheCall(None)
            }

            fn into_native(self, state: &mut ForTheCall) -> Result<*mut S::Unit, MarshalError> {
                let (native, guard) = for_the_call::<S>(&self)?;
                *state = guard;
                Ok(native)
            }
        }
    )* };
}

argument!(&str, String, Box<str>);

fn for_the_call<S: CharSet>(text: &str) -> Result<(*mut S::Unit, ForTheCall), MarshalError> {
    let native = <LengthPrefixed<S> as OwnedText<SysString>>::give(text)?;
    // SAFETY: just made; native code only reads it.
    Ok((native, ForTheCall(Some(unsafe { Freed::new(native) }))))
}

macro_rules! value {
    ($($type:ty, |$native:ident| $read:expr;)*) => { $(
        impl<S: CharSet> FromNative<LengthPrefixed<S>> for $type {
            type Native = *mut S::Unit;

            unsafe fn from_native($native: *mut S::Unit) -> Result<$type, MarshalError> {
                $read
            }
        }

        // SAFETY: not in place.
        unsafe impl<S: CharSet> Element<LengthPrefixed<S>> for $type {
            type Native = *mut S::Unit;
            type Guard = ForTheCall;
            const IN_PLACE: bool = false;

            fn to_native(&self) -> Result<(*mut S::Unit, ForTheCall), MarshalError> {
                for_the_call::<S>(self)
            }

            unsafe fn from_element(native: &*mut S::Unit) -> Result<$type, MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { <$type as FromNative<LengthPrefixed<S>>>::from_native(*native) }
            }
        }
    )* };
}

value! {
    // SAFETY: the caller's promise.
    String, |native| unsafe { <LengthPrefixed<S> as OwnedText<SysString>>::take(native) };
    // SAFETY: as above.
    Box<str>, |native| unsafe { <LengthPrefixed<S> as OwnedText<SysString>>::take(native) }.map(Into::into);
}
