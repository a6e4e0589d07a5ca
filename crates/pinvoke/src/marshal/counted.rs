//! Arrays and text that native code hands over with a count: results with `len = ...`, and arguments of
//! callbacks.

use core::fmt;
use core::marker::PhantomData;

use super::length::{in_memory, make_room};
use super::owner::Freed;
use super::structure::Held;
use super::{Detached, Element, MarshalError, Null, Owned, Owner, Reason};
use crate::native::NativeType;

/// An argument of a closure whose elements another argument counts: the closure gets a `T`.
///
/// `INDEX` is the place of the counting argument among those of the native callback, from 0, as .NET's
/// `SizeParamIndex`; `PLUS` is added to it, as `SizeConst`.
///
/// ```no_run
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Counted;
///
/// #[dll_import("statistics")]
/// unsafe extern "C" {
///     // void each_row(int (*visit)(int n, const double *values));
///     fn each_row(visit: impl FnMut(i32, Counted<&[f64], 0>) -> bool);
/// }
///
/// // SAFETY: as declared.
/// unsafe { each_row(|_, values| values.iter().sum::<f64>() < 10.0) };
/// ```
#[derive(Debug)]
pub struct Counted<T, const INDEX: usize, const PLUS: usize = 0>(PhantomData<T>);

/// A value made of an address and a count.
///
/// `'s` is how long the value may look at [`Self::Storage`]: elements whose native form is another one
/// are converted into it.
///
/// ```
/// use pinvoke::marshal::{FromCounted, MarshalError};
///
/// /// The sum of an array of which nothing is kept.
/// struct Sum(u32);
///
/// impl<'s, M: ?Sized> FromCounted<'s, M> for Sum {
///     type Native = *const u8;
///     type Storage = ();
///     unsafe fn from_counted(native: *const u8, count: usize, (): &'s mut ()) -> Result<Sum, MarshalError> {
///         // SAFETY: so many elements are there, by contract.
///         let bytes = unsafe { core::slice::from_raw_parts(native, count) };
///         Ok(Sum(bytes.iter().map(|b| u32::from(*b)).sum()))
///     }
/// }
///
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     #[returns(len = size)]
///     fn memmove(to: &mut [u8], from: &[u8], size: usize) -> Sum;
/// }
/// // SAFETY: three bytes on both sides.
/// assert_eq!(unsafe { memmove(&mut [0; 3], &[1, 2, 200], 3) }.0, 203);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made of an address and a count in the form `{M}`",
    note = "slices, `Vec`, `Box<[T]>`, text, and the `Option` of each can"
)]
pub trait FromCounted<'s, M: ?Sized>: Sized {
    /// The address.
    type Native: NativeType;
    /// Room for converted elements.
    type Storage: Default;
    /// Whether the value looks at the storage, so that it cannot outlive it.
    const LOOKS_AT_STORAGE: bool = false;

    /// The value.
    ///
    /// # Errors
    /// The address is null though the count is not 0 and the type has no `None`; an element is no value
    /// of its type; the elements would not fit into memory.
    ///
    /// # Safety
    /// As for [`FromNative::from_native`](super::FromNative::from_native): at `native` are `count`
    /// elements, which live as long as the type says; mutable slices are to nobody else's use.
    ///
    /// ```
    /// use pinvoke::marshal::{FromCounted, Reason, Utf16};
    ///
    /// let native = [0x67_u16, 0x6f];
    /// let mut storage = Vec::new();
    /// // SAFETY: two elements.
    /// let text = unsafe { <&[char] as FromCounted<'_, Utf16>>::from_counted(native.as_ptr(), 2, &mut storage) }?;
    /// assert_eq!(text, ['g', 'o']);
    ///
    /// // SAFETY: null is allowed.
    /// let none = unsafe { <Vec<i32> as FromCounted<'_, Utf16>>::from_counted(core::ptr::null(), 2, &mut ()) };
    /// assert!(matches!(none.unwrap_err().reason(), Reason::Null));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn from_counted(
        native: Self::Native,
        count: usize,
        storage: &'s mut Self::Storage,
    ) -> Result<Self, MarshalError>;

    /// Writes converted elements back to where they came from, once nobody uses the value any more.
    ///
    /// # Errors
    /// One of them has no native form; native code keeps its own elements then, all of them.
    ///
    /// # Safety
    /// [`Self::from_counted`] was given the two, and the elements are still there.
    ///
    /// ```
    /// use pinvoke::marshal::{FromCounted, Utf16};
    ///
    /// let mut native = [0x67_u16, 0x6f];
    /// let mut storage = Default::default();
    /// // What happens around a closure that takes `&mut [char]`. SAFETY: two elements, used by nobody else.
    /// unsafe {
    ///     let text = <&mut [char] as FromCounted<'_, Utf16>>::from_counted(native.as_mut_ptr(), 2, &mut storage)?;
    ///     text[1] = 'ü';
    ///     <&mut [char] as FromCounted<'_, Utf16>>::write_back(native.as_mut_ptr(), &mut storage)?;
    /// }
    /// assert_eq!(native, [0x67, 0xfc]);
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    #[inline]
    unsafe fn write_back(native: Self::Native, storage: &mut Self::Storage) -> Result<(), MarshalError> {
        let _ = (native, storage);
        Ok(())
    }

    /// As [`FromNative::is_failure`](super::FromNative::is_failure).
    ///
    /// ```
    /// use pinvoke::marshal::{FromCounted, Utf8};
    ///
    /// assert!(<Vec<i32> as FromCounted<'_, Utf8>>::is_failure(&core::ptr::null()));
    /// // `None` is a value, not a failure.
    /// assert!(!<Option<Vec<i32>> as FromCounted<'_, Utf8>>::is_failure(&core::ptr::null()));
    /// ```
    #[inline]
    fn is_failure(native: &Self::Native) -> bool {
        let _ = native;
        false
    }
}

/// Converted elements that native code still has, and that may change.
///
/// ```
/// use pinvoke::marshal::counted::Changing;
/// use pinvoke::marshal::{FromCounted, Utf16};
///
/// let native = [0xfc_u16].as_mut_ptr();
/// let mut changing = Changing::<char, Utf16>::default();
/// // SAFETY: one element, used by nobody else.
/// unsafe { <&mut [char] as FromCounted<'_, Utf16>>::from_counted(native, 1, &mut changing) }?;
/// assert_eq!(format!("{changing:?}"), "Changing { len: 1, .. }");
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[doc(hidden)]
pub struct Changing<T: Element<M>, M: ?Sized>(Vec<T>, PhantomData<M>);

impl<T: Element<M>, M: ?Sized> Default for Changing<T, M> {
    fn default() -> Self {
        Changing(Vec::new(), PhantomData)
    }
}

impl<T: Element<M>, M: ?Sized> Drop for Changing<T, M> {
    /// What they own, such as a handle, never stopped being native code's.
    fn drop(&mut self) {
        self.0.drain(..).for_each(T::give_away);
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for Changing<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changing").field("len", &self.0.len()).finish_non_exhaustive()
    }
}

/// The native elements.
///
/// # Safety
/// `native` is null or there are `count` elements, which live for `'a` unchanged.
pub(super) unsafe fn elements<'a, N>(native: *const N, count: usize) -> Result<&'a [N], MarshalError> {
    let count = in_memory::<N>(count)?;
    match (native.is_null(), count) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Reason::Null.into()),
        // SAFETY: not null, and the size fits into memory; the rest is the caller's promise.
        (false, _) => Ok(unsafe { core::slice::from_raw_parts(native, count) }),
    }
}

/// The values of native elements.
///
/// # Safety
/// As for [`elements`].
pub(super) unsafe fn values<T: Element<M>, M: ?Sized>(
    native: *const T::Native,
    count: usize,
) -> Result<Vec<T>, MarshalError> {
    // SAFETY: the caller's promise.
    let natives = unsafe { elements(native, count) }?;
    let mut values = Vec::new();
    make_room(&mut values, natives.len())?;
    for native in natives {
        // SAFETY: as above.
        values.push(unsafe { T::from_element(native) }?);
    }
    Ok(values)
}

impl<'s, T: Element<M>, M: ?Sized> FromCounted<'s, M> for &'s [T] {
    type Native = *const T::Native;
    type Storage = Vec<T>;
    const LOOKS_AT_STORAGE: bool = !T::IN_PLACE;

    #[inline]
    unsafe fn from_counted(
        native: *const T::Native,
        count: usize,
        storage: &'s mut Vec<T>,
    ) -> Result<&'s [T], MarshalError> {
        if T::IN_PLACE {
            // SAFETY: the caller's promise; the native elements are the values.
            return unsafe { elements(native.cast::<T>(), count) };
        }
        // SAFETY: the caller's promise.
        *storage = unsafe { values::<T, M>(native, count) }?;
        Ok(storage)
    }

    fn is_failure(native: &*const T::Native) -> bool {
        native.is_null()
    }
}

/// What the elements point to after a change has to live on: texts are `Owned`, and members `owned` or `fixed`.
impl<'s, T: Element<M>, M: ?Sized> FromCounted<'s, M> for &'s mut [T]
where
    T::Guard: Detached,
{
    type Native = *mut T::Native;
    type Storage = Changing<T, M>;
    const LOOKS_AT_STORAGE: bool = !T::IN_PLACE;

    #[inline]
    unsafe fn from_counted(
        native: *mut T::Native,
        count: usize,
        storage: &'s mut Changing<T, M>,
    ) -> Result<&'s mut [T], MarshalError> {
        if !T::IN_PLACE {
            // SAFETY: the caller's promise.
            storage.0 = unsafe { values::<T, M>(native, count) }?;
            return Ok(&mut storage.0);
        }
        let count = in_memory::<T>(count)?;
        match (native.is_null(), count) {
            (_, 0) => Ok(&mut []),
            (true, _) => Err(Reason::Null.into()),
            // SAFETY: not null, and the size fits into memory; the rest is the caller's promise.
            (false, _) => Ok(unsafe { core::slice::from_raw_parts_mut(native.cast(), count) }),
        }
    }

    #[inline]
    unsafe fn write_back(native: *mut T::Native, storage: &mut Changing<T, M>) -> Result<(), MarshalError> {
        let mut changed = Vec::new();
        make_room(&mut changed, storage.0.len())?;
        for value in &storage.0 {
            changed.push(Held::<T, M>::of(value)?);
        }
        if changed.is_empty() {
            return Ok(());
        }
        // SAFETY: so many elements are there, by contract; not null, for there are some.
        let places = unsafe { core::slice::from_raw_parts_mut(native, changed.len()) };
        for (place, (new, guard)) in places.iter_mut().zip(changed) {
            // SAFETY: of native code's own form, read before; it is replaced.
            unsafe { T::release(place) };
            *place = new.take();
            guard.detach();
        }
        Ok(())
    }

    fn is_failure(native: &*mut T::Native) -> bool {
        native.is_null()
    }
}

macro_rules! collections {
    ($($type:ty),*) => { $(
        impl<'s, T: Element<M>, M: super::CharSet> FromCounted<'s, M> for $type {
            type Native = *const T::Native;
            type Storage = ();

            unsafe fn from_counted(
                native: *const T::Native,
                count: usize,
                (): &'s mut (),
            ) -> Result<$type, MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { values::<T, M>(native, count) }.map(Into::into)
            }

            fn is_failure(native: &*const T::Native) -> bool {
                native.is_null()
            }
        }

        impl<'s, T: Element<M>, M, O: Owner> FromCounted<'s, Owned<M, O>> for $type {
            type Native = *mut T::Native;
            type Storage = ();

            unsafe fn from_counted(
                native: *mut T::Native,
                count: usize,
                (): &'s mut (),
            ) -> Result<$type, MarshalError> {
                // SAFETY: the function gave it away.
                let _memory = unsafe { Freed::<O>::new(native) };
                // SAFETY: the caller's promise.
                let values = unsafe { values::<T, M>(native, count) };
                // SAFETY: as above.
                unsafe { release::<T, M>(native, count) };
                values.map(Into::into)
            }

            fn is_failure(native: &*mut T::Native) -> bool {
                native.is_null()
            }
        }
    )* };
}

collections!(Vec<T>, Box<[T]>);

/// Releases what the elements own.
///
/// # Safety
/// `native` is null or there are `count` elements, not used again.
pub(super) unsafe fn release<T: Element<M>, M: ?Sized>(native: *mut T::Native, count: usize) {
    if T::IN_PLACE || native.is_null() || in_memory::<T::Native>(count).is_err() {
        return;
    }
    // SAFETY: not null, and the size fits into memory; the rest is the caller's promise.
    for native in unsafe { core::slice::from_raw_parts_mut(native, count) } {
        // SAFETY: the caller's promise.
        unsafe { T::release(native) };
    }
}

/// `None` where the address is null.
impl<'s, T: FromCounted<'s, M>, M: ?Sized> FromCounted<'s, M> for Option<T>
where
    T::Native: Null,
{
    type Native = T::Native;
    type Storage = T::Storage;
    const LOOKS_AT_STORAGE: bool = T::LOOKS_AT_STORAGE;

    unsafe fn from_counted(
        native: T::Native,
        count: usize,
        storage: &'s mut T::Storage,
    ) -> Result<Option<T>, MarshalError> {
        if native.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        unsafe { T::from_counted(native, count, storage) }.map(Some)
    }

    #[inline]
    unsafe fn write_back(native: T::Native, storage: &mut T::Storage) -> Result<(), MarshalError> {
        if native.is_null() {
            return Ok(());
        }
        // SAFETY: the caller's promise.
        unsafe { T::write_back(native, storage) }
    }
}

/// A result with a count.
///
/// # Errors
/// As for [`FromCounted::from_counted`], and of the count itself; what the function gave away is freed.
///
/// # Safety
/// As for [`FromCounted::from_counted`].
#[doc(hidden)]
pub unsafe fn counted_result<'s, T: FromCounted<'s, M> + 's, M: ?Sized + 's>(
    native: T::Native,
    count: Result<usize, MarshalError>,
) -> Result<T, MarshalError> {
    const {
        assert!(
            !T::LOOKS_AT_STORAGE,
            "the elements of a returned slice are looked at where they are, and these have another native form: return `Vec<T>`"
        );
    }
    let mut storage = T::Storage::default();
    let storage = &raw mut storage;
    // SAFETY: it is there, and the value does not look at it, as asserted.
    let storage = unsafe { &mut *storage };
    match count {
        // SAFETY: the caller's promise.
        Ok(count) => unsafe { T::from_counted(native, count, storage) },
        Err(error) => {
            // SAFETY: as above; no elements can always be had.
            drop(unsafe { T::from_counted(native, 0, storage) });
            Err(error)
        }
    }
}
