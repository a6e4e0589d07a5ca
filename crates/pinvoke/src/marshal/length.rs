//! How many: counts that travel beside arrays and text, as integers of any width.
//!
//! .NET reads a count as `SizeConst + argument[SizeParamIndex]`. Here a declaration says `len = 4 + n`,
//! a parameter with `#[len_of(x, bytes)]` or `#[capacity_of(x, bytes)]` carries bytes instead of elements,
//! and a closure argument [`Counted`](super::Counted) has a third parameter for the constant. Sums and
//! products are checked: a count that is negative, or too large, is an error and never a size.

use core::fmt::Display;

use super::{MarshalError, Reason};
use crate::native::NativeType;

/// An integer that counts elements, or the address of one that native code has written.
///
/// ```
/// use pinvoke::marshal::{Count, MarshalError};
/// use pinvoke::native::NativeType;
///
/// /// A `size_t` with a name.
/// #[derive(Clone, Copy, NativeType)]
/// #[repr(transparent)]
/// struct Size(usize);
///
/// impl Count for Size {
///     unsafe fn count(self) -> Result<usize, MarshalError> {
///         Ok(self.0)
///     }
///     fn from_count(count: usize) -> Result<Size, MarshalError> {
///         Ok(Size(count))
///     }
/// }
///
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     fn memcmp(a: &[u8], b: &[u8], #[len_of(a)] size: Size) -> i32;
/// }
/// // SAFETY: the second is no shorter.
/// assert_eq!(unsafe { memcmp(b"same", b"same text") }, 0);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not count anything",
    note = "a count is an integer, or a reference to one"
)]
pub trait Count: NativeType {
    /// The count.
    ///
    /// # Errors
    /// [`Reason::Count`] if it is negative or larger than the address space; [`Reason::Null`].
    ///
    /// # Safety
    /// If it is an address, it is null or an integer is there.
    ///
    /// ```
    /// use pinvoke::marshal::{Count, Reason};
    ///
    /// // SAFETY: no addresses, and one of an integer.
    /// unsafe {
    ///     assert_eq!(12_i16.count()?, 12);
    ///     assert_eq!((&raw const *&12_u32).count()?, 12);
    ///     assert_eq!((-1_i32).count().unwrap_err().to_string(), "the count -1 is negative");
    ///     assert!(matches!(core::ptr::null::<u32>().count().unwrap_err().reason(), Reason::Null));
    /// }
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn count(self) -> Result<usize, MarshalError>;

    /// What native code takes for so many.
    ///
    /// # Errors
    /// [`Reason::Count`] if the type is too narrow.
    ///
    /// ```
    /// use pinvoke::marshal::Count;
    ///
    /// assert_eq!(i16::from_count(300)?, 300);
    /// assert_eq!(u8::from_count(300).unwrap_err().to_string(), "the count 300 is too large for u8");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn from_count(count: usize) -> Result<Self, MarshalError>;
}

#[cold]
pub(super) fn wrong(count: impl Display, wrong: impl Into<String>) -> MarshalError {
    Reason::Count { count: count.to_string(), wrong: wrong.into() }.into()
}

macro_rules! integer {
    ($($type:ident),*) => { $(
        impl Count for $type {
            #[inline]
            unsafe fn count(self) -> Result<usize, MarshalError> {
                usize::try_from(self).map_err(|_| {
                    #[allow(unused_comparisons, reason = "of unsigned types as well")]
                    wrong(self, if self < 0 { "negative" } else { "larger than the address space" })
                })
            }

            #[inline]
            fn from_count(count: usize) -> Result<$type, MarshalError> {
                count.try_into().map_err(|_| wrong(count, concat!("too large for ", stringify!($type))))
            }
        }
    )* };
}

integer!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize);

macro_rules! address {
    ($($type:ty),*) => { $(
        impl<T: Count> Count for $type {
            #[inline]
            unsafe fn count(self) -> Result<usize, MarshalError> {
                if self.is_null() {
                    return Err(Reason::Null.into());
                }
                // SAFETY: an integer is there, by contract.
                let count = unsafe { self.read_unaligned() };
                // SAFETY: as above.
                unsafe { count.count() }
            }

            fn from_count(count: usize) -> Result<Self, MarshalError> {
                Err(wrong(count, "given where only a place for one can stand"))
            }
        }
    )* };
}

address!(*const T, *mut T);

/// The count in `native`, and `plus` more: `SizeConst + SizeParamIndex`.
///
/// # Errors
/// As for [`Count::count`]; also if the sum overflows.
///
/// # Safety
/// As for [`Count::count`].
///
/// ```
/// use pinvoke::marshal::count;
///
/// // SAFETY: no addresses.
/// assert_eq!(unsafe { count(3_i32, 2) }?, 5);
/// // SAFETY: as above.
/// assert!(unsafe { count(usize::MAX, 1) }.is_err());
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[inline]
pub unsafe fn count<N: Count>(native: N, plus: usize) -> Result<usize, MarshalError> {
    // SAFETY: the caller's promise.
    sum(unsafe { native.count() }, Ok(plus))
}

/// One count and another.
#[doc(hidden)]
#[inline]
pub fn sum(a: Result<usize, MarshalError>, b: Result<usize, MarshalError>) -> Result<usize, MarshalError> {
    let (a, b) = (a?, b?);
    a.checked_add(b).ok_or_else(|| wrong(format_args!("{a} + {b}"), "larger than the address space"))
}

/// So many times as many.
#[doc(hidden)]
#[inline]
pub fn product(
    a: Result<usize, MarshalError>,
    b: Result<usize, MarshalError>,
) -> Result<usize, MarshalError> {
    let (a, b) = (a?, b?);
    a.checked_mul(b).ok_or_else(|| wrong(format_args!("{a} * {b}"), "larger than the address space"))
}

/// A native address of elements of one size, whose bytes a declaration may count.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Elements;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     safe fn memset(values: &mut [u16], byte: i32, #[len_of(values, bytes)] size: usize) -> *mut u16;
/// }
/// assert_eq!(<*mut u16 as Elements>::SIZE, 2); // so that three elements are six bytes
/// let mut values = [0; 3];
/// memset(&mut values, 0x11);
/// assert_eq!(values, [0x1111; 3]);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no address of elements, so that its bytes cannot be counted",
    note = "`bytes` is for slices, vectors, buffers and text"
)]
pub trait Elements: NativeType {
    /// Bytes of one element.
    const SIZE: usize;
}

impl<T> Elements for *const T {
    const SIZE: usize = size_of::<T>();
}

impl<T> Elements for *mut T {
    const SIZE: usize = size_of::<T>();
}

/// How many bytes so many elements have.
///
/// # Errors
/// As for [`product`].
#[doc(hidden)]
#[inline]
pub fn bytes<N: Elements>(_: N, elements: usize) -> Result<usize, MarshalError> {
    product(Ok(elements), Ok(N::SIZE))
}

/// How many elements so many bytes are.
///
/// # Errors
/// [`Reason::Count`] if one of them is there in part only.
#[doc(hidden)]
#[inline]
pub fn elements<N: Elements>(_: N, bytes: Result<usize, MarshalError>) -> Result<usize, MarshalError> {
    elements_of::<N>(bytes?)
}

/// How many elements behind an address of this type so many bytes are.
pub(super) fn elements_of<N: Elements>(bytes: usize) -> Result<usize, MarshalError> {
    // Elements of no size are never there.
    let size = N::SIZE.max(1);
    match bytes % size {
        0 => Ok(bytes / size),
        _ => {
            Err(wrong(format_args!("{bytes} bytes"), format!("no whole number of elements of {size} bytes")))
        }
    }
}

/// Refuses a count that native code reports of a buffer that is smaller.
pub(super) fn within(count: usize, capacity: usize) -> Result<usize, MarshalError> {
    if count <= capacity {
        return Ok(count);
    }
    Err(wrong(count, format!("larger than the buffer of {capacity} elements")))
}

/// Refuses a count of elements that no memory can hold.
pub(super) fn in_memory<T>(count: usize) -> Result<usize, MarshalError> {
    match count.checked_mul(size_of::<T>()) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(count),
        _ => Err(wrong(count, "larger than the address space")),
    }
}

/// Makes room for so many more elements, or says that there is no memory for them: a count may be anything.
pub(super) fn make_room<T>(vec: &mut Vec<T>, more: usize) -> Result<(), MarshalError> {
    vec.try_reserve_exact(more).map_err(|_| no_memory::<T>(more))
}

/// Refuses a count of elements that there is no memory for now. What is made of them is allocated elsewhere, so
/// small ones are not asked for.
pub(super) fn enough_memory<T>(count: usize) -> Result<(), MarshalError> {
    const SMALL: usize = 1 << 20;
    if count <= SMALL { Ok(()) } else { make_room(&mut Vec::<T>::new(), count) }
}

#[cold]
fn no_memory<T>(count: usize) -> MarshalError {
    wrong(count, format!("more than there is memory for: an element takes {} bytes", size_of::<T>()))
}

/// A value whose length another parameter carries: `#[len_of(...)]`.
///
/// ```
/// use pinvoke::marshal::{IntoNative, Length, MarshalError};
///
/// /// Bytes behind a type of your own.
/// struct Packet<'a>(&'a [u8]);
///
/// impl<M: ?Sized> IntoNative<M> for Packet<'_> {
///     type Native = *const u8;
///     type State = ();
///     fn state() {}
///     fn into_native(self, (): &mut ()) -> Result<*const u8, MarshalError> {
///         Ok(self.0.as_ptr())
///     }
/// }
///
/// impl<M: ?Sized> Length<M> for Packet<'_> {
///     fn length(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     safe fn memchr(packet: Packet<'_>, byte: i32, #[len_of(packet)] size: usize) -> *const u8;
/// }
/// let bytes = [1, 2, 3];
/// assert_eq!(memchr(Packet(&bytes), 3), &raw const bytes[2]);
/// assert!(memchr(Packet(&bytes), 4).is_null());
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no length in the form `{M}`",
    note = "slices, vectors and text have one; `None` has length 0"
)]
pub trait Length<M: ?Sized> {
    /// Elements; of text, units of the character set without the NUL.
    ///
    /// ```
    /// use pinvoke::marshal::{Length, Utf8, Utf16};
    ///
    /// let (text, numbers) = ("😀", &[7, 8, 9][..]);
    /// assert_eq!((Length::<Utf8>::length(&text), Length::<Utf16>::length(&text)), (4, 2));
    /// assert_eq!(Length::<Utf8>::length(&numbers), 3);
    /// assert_eq!(Length::<Utf8>::length(&None::<&[i32]>), 0);
    /// ```
    fn length(&self) -> usize;
}

macro_rules! slices {
    ($($type:ty),*) => { $(
        impl<T, M: ?Sized> Length<M> for $type {
            #[inline]
            fn length(&self) -> usize {
                self.len()
            }
        }

        impl<T, M: ?Sized> Length<M> for Option<$type> {
            #[inline]
            fn length(&self) -> usize {
                self.as_ref().map_or(0, |s| s.len())
            }
        }
    )* };
}

slices!(&[T], &mut [T], Vec<T>, Box<[T]>);

impl<T, const N: usize, M: ?Sized> Length<M> for &[T; N] {
    #[inline]
    fn length(&self) -> usize {
        N
    }
}

impl<T, const N: usize, M: ?Sized> Length<M> for &mut [T; N] {
    #[inline]
    fn length(&self) -> usize {
        N
    }
}
