//! Arguments of callbacks that are looked at where native code has them, one at a time.

use core::ffi::CStr;
use core::fmt;
use core::marker::PhantomData;
#[cfg(unix)]
use std::{ffi::OsStr, path::Path};

use super::Received;
use crate::marshal::{Element, MarshalError, Null, Reason, UnitStr};
use crate::native::{NativeField, NativeType};

/// An argument of a callback at which it looks: `&T`, and the `Option` of it.
///
/// A value that is its own native form is looked at where it is, and so is text in the encoding that Rust has. Another is
/// converted, into memory that lives as long as the invocation, `'s`; what the native one owns, such as a handle, stays
/// native code's.
///
/// ```
/// use pinvoke::marshal::{Bool32, Marshal};
///
/// /// `struct { const char *name; BOOL known; }`
/// #[derive(Marshal)]
/// #[native(bool = Bool32)]
/// struct Person {
///     name: String,
///     known: bool,
/// }
///
/// #[pinvoke::callback(callable)]
/// type Visit = extern "C" fn(person: &Person, next: Option<&Person>) -> usize;
///
/// let mut known = Vec::new();
/// let visit = Visit::owned(move |person, next| {
///     known.extend(person.known.then(|| person.name.clone()));
///     assert!(next.is_none());
///     known.len()
/// })?;
/// let ada = Person { name: "Ada".to_owned(), known: true };
/// assert_eq!(visit.function().call(&ada, None), 1); // as native code would
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
///
/// A type that lies elsewhere behind its reference says so by a trait of its own:
///
/// ```
/// use pinvoke::marshal::MarshalError;
/// use pinvoke::marshal::callback::Seen;
///
/// /// A line of text, up to the first line feed.
/// struct Line(str);
///
/// impl<'s, M: ?Sized> Seen<'s, M> for &'s Line
/// where
///     &'s str: Seen<'s, M>,
/// {
///     type Native = <&'s str as Seen<'s, M>>::Native;
///     type Storage = <&'s str as Seen<'s, M>>::Storage;
///     unsafe fn receive(native: Self::Native, storage: &'s mut Self::Storage) -> Result<Self, MarshalError> {
///         // SAFETY: the caller's promise.
///         let text = unsafe { <&str as Seen<'s, M>>::receive(native, storage) }?;
///         let line = text.lines().next().unwrap_or_default();
///         # #[allow(clippy::transmute_ptr_to_ptr)]
///         // SAFETY: a structure of nothing but the text.
///         Ok(unsafe { &*(core::ptr::from_ref(line) as *const Line) })
///     }
/// }
///
/// #[pinvoke::callback]
/// type Read = extern "C" fn(line: &Line) -> i32;
/// ```
#[diagnostic::on_unimplemented(
    message = "a callback cannot look at `{Self}` in the form `{M}`",
    note = "callbacks look at native types, text, and types that derive `Marshal`",
    note = "`&str` is text in UTF-8, UTF-16 or UTF-32: text of a character set of your own is `String` or `Cow<str>`"
)]
pub trait Seen<'s, M: ?Sized>: Sized {
    /// The address.
    type Native: NativeType;
    /// Room for what is converted.
    type Storage: Default;

    /// The value.
    ///
    /// # Errors
    /// The address is null and the type has no `None`; what stands there is no value of the type.
    ///
    /// # Safety
    /// At the address is a value, which nobody changes during `'s`.
    ///
    /// ```
    /// use pinvoke::marshal::callback::Seen;
    /// use pinvoke::marshal::{Bool32, Reason};
    ///
    /// let native = Bool32::new(256);
    /// let mut storage = Default::default();
    /// // What a closure that takes a `&bool` gets. SAFETY: four bytes that stay.
    /// assert!(*unsafe { <&bool as Seen<'_, Bool32>>::receive(&native, &mut storage) }?);
    ///
    /// let mut storage = Default::default();
    /// // SAFETY: null is allowed.
    /// let none = unsafe { <&bool as Seen<'_, Bool32>>::receive(core::ptr::null(), &mut storage) };
    /// assert!(matches!(none.unwrap_err().reason(), Reason::Null));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn receive(native: Self::Native, storage: &'s mut Self::Storage) -> Result<Self, MarshalError>;
}

/// What is converted of a value that native code has, as long as a callback looks at it.
///
/// ```
/// use pinvoke::marshal::callback::Seen;
/// use pinvoke::marshal::{Bool32, Utf8};
///
/// let mut storage = Default::default();
/// // SAFETY: a number that stays.
/// let number = unsafe { <&i32 as Seen<'_, Utf8>>::receive(&7, &mut storage) }?;
/// assert_eq!(*number, 7);
/// assert_eq!(format!("{storage:?}"), "Sight { .. }", "not needed here");
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[doc(hidden)]
pub struct Sight<T: Element<M>, M: ?Sized>(Option<T>, PhantomData<M>);

impl<T: Element<M>, M: ?Sized> Default for Sight<T, M> {
    #[inline(always)]
    fn default() -> Self {
        Sight(None, PhantomData)
    }
}

impl<T: Element<M>, M: ?Sized> Drop for Sight<T, M> {
    /// What it owns, such as a handle, never stopped being native code's.
    #[inline(always)]
    fn drop(&mut self) {
        if !T::IN_PLACE
            && let Some(value) = self.0.take()
        {
            value.give_away();
        }
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for Sight<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sight").finish_non_exhaustive()
    }
}

/// What a reference to a type is as an argument, if that is the address of a value.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a reference to a handle is the handle in native code, and not its address",
    note = "callbacks look at a handle as `HandleRef<'_, H>`"
)]
pub trait AddressOf<N> {}

impl<N> AddressOf<N> for *const N {}

impl<'s, T: Element<M>, M: ?Sized> Seen<'s, M> for &'s T
where
    <T::Native as NativeField>::Shared: AddressOf<T::Native>,
{
    type Native = *const T::Native;
    type Storage = Sight<T, M>;

    #[inline(always)]
    unsafe fn receive(native: *const T::Native, storage: &'s mut Sight<T, M>) -> Result<&'s T, MarshalError> {
        if T::IN_PLACE {
            // SAFETY: null or, as the caller says, a value; the native one is that.
            return unsafe { native.cast::<T>().as_ref() }.ok_or_else(MarshalError::null);
        }
        // SAFETY: the caller's promise.
        let Some(native) = (unsafe { native.as_ref() }) else { return Err(Reason::Null.into()) };
        // SAFETY: as above.
        let value = unsafe { T::from_element(native) }?;
        Ok(storage.0.insert(value))
    }
}

/// References that are received like any other argument.
macro_rules! text {
    ($($(#[$attribute:meta])* [$($generic:tt)*] $text:ty;)*) => { $(
        $(#[$attribute])*
        impl<'s, $($generic)* M: ?Sized> Seen<'s, M> for &'s $text
        where
            &'s $text: Received<'s, M>,
        {
            type Native = <&'s $text as Received<'s, M>>::Native;
            type Storage = <&'s $text as Received<'s, M>>::Storage;

            #[inline(always)]
            unsafe fn receive(
                native: Self::Native,
                storage: &'s mut Self::Storage,
            ) -> Result<Self, MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { <&'s $text as Received<'s, M>>::receive(native, storage) }
            }
        }
    )* };
}

text! {
    [] str;
    [] CStr;
    [U,] UnitStr<U>;
    #[cfg(unix)]
    [] OsStr;
    #[cfg(unix)]
    [] Path;
}

/// Null is `None`.
impl<'s, T: Seen<'s, M>, M: ?Sized> Seen<'s, M> for Option<T>
where
    T::Native: Null,
{
    type Native = T::Native;
    type Storage = T::Storage;

    #[inline(always)]
    unsafe fn receive(native: T::Native, storage: &'s mut T::Storage) -> Result<Self, MarshalError> {
        if native.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { T::receive(native, storage) }.map(Some)
    }
}
