//! Arguments of callbacks that are changed where native code has them, one at a time.

use core::fmt;
use core::marker::PhantomData;

use crate::marshal::counted::Changing;
use crate::marshal::structure::Held;
use crate::marshal::{Detached, Element, FromCounted, MarshalError, Out, Reason};
use crate::native::NativeType;

/// An argument of a callback through which it answers: `&mut T`, `Out<T>`, and the `Option` of each.
///
/// A value that is its own native form is changed where it is. Another is converted, and written back when the
/// closure has returned; what the old one owned is freed as the form says, and what the new one owns is native code's.
/// If the closure panics or the value has no native form, native code keeps what it had. Behind [`Out`] nothing is
/// read: the closure finds a default value there.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::marshal::{Bool32, Free, Marshal, Out, Owned, Utf8};
///
/// /// `struct { char *name; BOOL known; }`
/// #[derive(Debug, PartialEq, Marshal)]
/// #[native(bool = Bool32)]
/// struct Person {
///     #[marshal(owned)]
///     name: String,
///     known: bool,
/// }
///
/// #[pinvoke::callback(callable)]
/// type Rename = extern "C" fn(person: &mut Person, #[marshal(Owned<Utf8, Free>)] old: Out<'_, String>);
///
/// let rename = Rename::function(|person, old| {
///     *old.0 = std::mem::replace(&mut person.name, "Ada".to_owned());
///     person.known = true;
/// });
/// let mut person = Person { name: "Countess".to_owned(), known: false };
/// let mut old = String::new();
/// rename.call(&mut person, Out(&mut old)); // as native code would
/// assert_eq!((person, old.as_str()), (Person { name: "Ada".to_owned(), known: true }, "Countess"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be changed where native code has it, in the form `{M}`",
    note = "a callback answers through `&mut T` and `Out<T>` of native types, owned text, and types that derive `Marshal`"
)]
pub trait Changed<'s, M: ?Sized>: Sized {
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
    /// At the address is a value, behind `Out` room for one, and nobody else uses it.
    ///
    /// ```
    /// use pinvoke::marshal::callback::Changed;
    /// use pinvoke::marshal::{Reason, Utf8};
    ///
    /// let mut storage = Default::default();
    /// // SAFETY: null is allowed.
    /// let none = unsafe { <&mut i32 as Changed<'_, Utf8>>::receive(core::ptr::null_mut(), &mut storage) };
    /// assert!(matches!(none.unwrap_err().reason(), Reason::Null));
    /// ```
    unsafe fn receive(native: Self::Native, storage: &'s mut Self::Storage) -> Result<Self, MarshalError>;

    /// Writes a converted value back, once nobody uses it any more.
    ///
    /// # Errors
    /// It has no native form.
    ///
    /// # Safety
    /// [`Self::receive`] was given the two, and the place is still there.
    ///
    /// ```
    /// use pinvoke::marshal::Utf16;
    /// use pinvoke::marshal::callback::Changed;
    ///
    /// let mut native = 0x67_u16;
    /// let mut storage = Default::default();
    /// // What happens around a closure that takes `&mut char`. SAFETY: one unit, used by nobody else.
    /// unsafe {
    ///     let letter = <&mut char as Changed<'_, Utf16>>::receive(&raw mut native, &mut storage)?;
    ///     *letter = 'ü';
    ///     <&mut char as Changed<'_, Utf16>>::write_back(&raw mut native, &mut storage)?;
    /// }
    /// assert_eq!(native, 0xfc);
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn write_back(native: Self::Native, storage: &mut Self::Storage) -> Result<(), MarshalError>;
}

impl<'s, T: Element<M>, M: ?Sized> Changed<'s, M> for &'s mut T
where
    T::Guard: Detached,
{
    type Native = *mut T::Native;
    type Storage = Changing<T, M>;

    #[inline]
    unsafe fn receive(
        native: *mut T::Native,
        storage: &'s mut Changing<T, M>,
    ) -> Result<&'s mut T, MarshalError> {
        // SAFETY: the caller's promise, of one element.
        let slice = unsafe { <&mut [T] as FromCounted<'s, M>>::from_counted(native, 1, storage) }?;
        slice.first_mut().ok_or_else(|| Reason::Null.into())
    }

    #[inline]
    unsafe fn write_back(native: *mut T::Native, storage: &mut Changing<T, M>) -> Result<(), MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { <&mut [T] as FromCounted<'_, M>>::write_back(native, storage) }
    }
}

/// What a closure puts where native code has room.
///
/// ```
/// use pinvoke::marshal::callback::{Changed, Filled};
/// use pinvoke::marshal::{Out, Utf8};
///
/// let mut room = core::mem::MaybeUninit::<i32>::uninit();
/// let mut filled = Filled::<i32, Utf8>::default();
/// // SAFETY: room for one, used by nobody else.
/// let found = unsafe { <Out<'_, i32> as Changed<'_, Utf8>>::receive(room.as_mut_ptr(), &mut filled) }?;
/// assert_eq!(*found.0, 0, "nothing is read");
/// assert_eq!(format!("{filled:?}"), "Filled { .. }");
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[doc(hidden)]
pub struct Filled<T, M: ?Sized>(Option<T>, PhantomData<M>);

impl<T, M: ?Sized> Default for Filled<T, M> {
    fn default() -> Self {
        Filled(None, PhantomData)
    }
}

impl<T, M: ?Sized> fmt::Debug for Filled<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled").finish_non_exhaustive()
    }
}

impl<'s, T: Element<M> + Default, M: ?Sized> Changed<'s, M> for Out<'s, T>
where
    T::Guard: Detached,
{
    type Native = *mut T::Native;
    type Storage = Filled<T, M>;

    #[inline]
    unsafe fn receive(
        native: *mut T::Native,
        storage: &'s mut Filled<T, M>,
    ) -> Result<Out<'s, T>, MarshalError> {
        match native.is_null() {
            true => Err(Reason::Null.into()),
            false => Ok(Out(storage.0.insert(T::default()))),
        }
    }

    #[inline]
    unsafe fn write_back(native: *mut T::Native, storage: &mut Filled<T, M>) -> Result<(), MarshalError> {
        let Some(value) = storage.0.take() else { return Ok(()) };
        let (held, guard) = Held::<T, M>::of(&value)?;
        // SAFETY: there is room for one, by contract; what stands there is nobody's.
        unsafe { native.write(held.take()) };
        value.give_away();
        guard.detach();
        Ok(())
    }
}

/// Null is `None`.
impl<'s, C: Changed<'s, M, Native = *mut N>, N, M: ?Sized> Changed<'s, M> for Option<C>
where
    *mut N: NativeType,
{
    type Native = *mut N;
    type Storage = C::Storage;

    #[inline]
    unsafe fn receive(native: *mut N, storage: &'s mut C::Storage) -> Result<Option<C>, MarshalError> {
        if native.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { C::receive(native, storage) }.map(Some)
    }

    #[inline]
    unsafe fn write_back(native: *mut N, storage: &mut C::Storage) -> Result<(), MarshalError> {
        if native.is_null() {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        unsafe { C::write_back(native, storage) }
    }
}
