//! Text that changes its owner at the border.

use core::fmt;
use core::marker::PhantomData;

use super::{CharSet, Unit, terminated};
use crate::marshal::counted::elements;
use crate::marshal::owner::Freed;
use crate::marshal::{Element, Free, FromCounted, FromNative, IntoNative, MarshalError, Owned, Owner};

/// A form of text whose memory an owner allocates and frees: character sets with any owner,
/// [`BStr`](super::BStr) with its own.
///
/// ```
/// use pinvoke::marshal::{Free, OwnedText, Owner, Utf8};
///
/// let text = <Utf8 as OwnedText<Free>>::give("yours")?;
/// // SAFETY: a text of malloc's, which is freed once.
/// unsafe {
///     assert_eq!(<Utf8 as OwnedText<Free>>::take(text)?, "yours");
///     Free::free(text.cast());
/// }
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
pub trait OwnedText<O: Owner>: Sized {
    /// One unit of text.
    type Unit: Unit;

    /// A text in memory of the owner.
    ///
    /// # Errors
    /// The text has no such form; the owner has no memory.
    ///
    /// ```
    /// use pinvoke::marshal::{Free, Nobody, OwnedText, Utf8};
    ///
    /// let text = <Utf8 as OwnedText<Free>>::give("seven")?;
    /// // SAFETY: a text of malloc's, which is freed once.
    /// unsafe {
    ///     assert_eq!(libc::strlen(text), 5);
    ///     libc::free(text.cast());
    /// }
    /// assert!(<Utf8 as OwnedText<Nobody>>::give("seven").is_err(), "nobody has memory");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn give(text: &str) -> Result<*mut Self::Unit, MarshalError>;

    /// The text at an address.
    ///
    /// # Errors
    /// [`Reason::Null`](crate::marshal::Reason::Null), [`Reason::NotUnicode`](crate::marshal::Reason::NotUnicode).
    ///
    /// # Safety
    /// There is a text of this form, or `text` is null.
    ///
    /// ```
    /// use pinvoke::marshal::{Free, OwnedText, Utf8};
    ///
    /// // SAFETY: a text that lives for ever; `take` copies it and frees nothing.
    /// assert_eq!(unsafe { <Utf8 as OwnedText<Free>>::take(c"text".as_ptr()) }?, "text");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn take(text: *const Self::Unit) -> Result<String, MarshalError>;
}

impl<M: CharSet, O: Owner> OwnedText<O> for M {
    type Unit = M::Unit;

    fn give(text: &str) -> Result<*mut M::Unit, MarshalError> {
        let units = terminated::<M>(text)?;
        let memory = O::allocate(size_of_val(&*units)).cast::<M::Unit>();
        if memory.is_null() {
            return Err(MarshalError::custom(format!(
                "`{}` has no memory for a text: declare `alloc_with`, start with `None`, or take `Out<String>` if the function does not look at it",
                O::NAME
            )));
        }
        // SAFETY: new memory for so many units, aligned for every scalar.
        unsafe { memory.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
        Ok(memory)
    }

    unsafe fn take(text: *const M::Unit) -> Result<String, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { M::read(text) }
    }
}

/// Reads a text and frees it.
///
/// # Safety
/// `native` is null or a text of this form that the owner frees, used by nobody else.
unsafe fn consume<M: OwnedText<O>, O: Owner>(native: *mut M::Unit) -> Result<String, MarshalError> {
    // SAFETY: the caller's promise.
    let _memory = unsafe { Freed::<O>::new(native) };
    // SAFETY: the caller's promise.
    unsafe { M::take(native) }
}

macro_rules! owned {
    ($($type:ty),*) => { $(
        impl<M: OwnedText<O>, O: Owner> FromNative<Owned<M, O>> for $type {
            type Native = *mut M::Unit;

            unsafe fn from_native(native: *mut M::Unit) -> Result<$type, MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { consume::<M, O>(native) }.map(Into::into)
            }

            fn is_failure(native: &*mut M::Unit) -> bool {
                native.is_null()
            }
        }

        // SAFETY: not in place.
        unsafe impl<M: OwnedText<O>, O: Owner> Element<Owned<M, O>> for $type {
            type Native = *mut M::Unit;
            type Guard = ();
            const IN_PLACE: bool = false;

            fn to_native(&self) -> Result<(*mut M::Unit, ()), MarshalError> {
                Ok((M::give(self)?, ()))
            }

            unsafe fn from_element(native: &*mut M::Unit) -> Result<$type, MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { M::take(*native) }.map(Into::into)
            }

            unsafe fn release(native: &mut *mut M::Unit) {
                // SAFETY: it was given to native code to replace, or came from there.
                drop(unsafe { Freed::<O>::new(core::mem::replace(native, core::ptr::null_mut())) });
            }
        }
    )* };
}

owned!(String, Box<str>);

impl<M: CharSet, O: Owner> FromCounted<'_, Owned<M, O>> for String {
    type Native = *mut M::Unit;
    type Storage = ();

    unsafe fn from_counted(native: *mut M::Unit, count: usize, (): &mut ()) -> Result<String, MarshalError> {
        // SAFETY: the function gave it away.
        let _memory = unsafe { Freed::<O>::new(native) };
        // SAFETY: the caller's promise.
        M::decode(unsafe { elements(native.cast_const(), count) }?)
    }

    fn is_failure(native: &*mut M::Unit) -> bool {
        native.is_null()
    }
}

/// A text that native code gets to keep and frees: an argument that the function takes over, or the
/// result of a callback. It is allocated by `O`.
///
/// `T` is any text, or the `Option` of one.
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Given;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     fn free(text: Given<&str>);
/// }
///
/// // SAFETY: free takes what malloc made.
/// unsafe { free(Given::new("here you are")) };
/// ```
#[derive(Clone, Copy)]
pub struct Given<T, O = Free>(T, PhantomData<O>);

impl<T, O> Given<T, O> {
    /// A text to give away.
    ///
    /// ```
    /// use pinvoke::marshal::{Free, Given};
    ///
    /// let (text, none) = (Given::<_, Free>::new("text"), Given::<_, Free>::new(None::<&str>));
    /// assert_eq!(format!("{text:?} {none:?}"), r#"Given("text") Given(None)"#);
    /// ```
    pub const fn new(text: T) -> Given<T, O> {
        Given(text, PhantomData)
    }
}

impl<T: fmt::Debug, O> fmt::Debug for Given<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Given").field(&self.0).finish()
    }
}

/// Text that may be there.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text that could be given away",
    note = "`Given` is for `&str`, `String`, `Box<str>`, `Cow<str>` and the `Option` of each"
)]
pub trait MaybeText {
    fn maybe(&self) -> Option<&str>;
}

macro_rules! text {
    ($($type:ty),*) => { $(
        impl MaybeText for $type {
            fn maybe(&self) -> Option<&str> {
                Some(self)
            }
        }

        impl MaybeText for Option<$type> {
            fn maybe(&self) -> Option<&str> {
                self.as_deref()
            }
        }
    )* };
}

text!(&str, String, Box<str>, std::borrow::Cow<'_, str>);

/// A text on its way to native code: freed here, unless it was handed over.
#[doc(hidden)]
pub struct OnItsWay<O: Owner>(Option<Freed<O>>);

impl<O: Owner> fmt::Debug for OnItsWay<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnItsWay").field(&self.0.is_some()).finish()
    }
}

impl<O: Owner> crate::marshal::Detached for OnItsWay<O> {}

impl<T: MaybeText, M: OwnedText<O>, O: Owner> IntoNative<M> for Given<T, O> {
    type Native = *mut M::Unit;
    type State = OnItsWay<O>;

    fn state() -> OnItsWay<O> {
        OnItsWay(None)
    }

    fn into_native(self, state: &mut OnItsWay<O>) -> Result<*mut M::Unit, MarshalError> {
        let Some(text) = self.0.maybe() else { return Ok(core::ptr::null_mut()) };
        let native = M::give(text)?;
        // SAFETY: just made, and nobody else has it yet.
        state.0 = Some(unsafe { Freed::new(native) });
        Ok(native)
    }

    fn hand_over(state: &mut OnItsWay<O>) {
        core::mem::forget(state.0.take());
    }
}
