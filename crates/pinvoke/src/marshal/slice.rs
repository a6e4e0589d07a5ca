//! Arrays: `&[T]`, `&mut [T]`, `Vec<T>`, `[T; N]`, as the address of their first element.
//!
//! Elements whose native form is the Rust value itself stay where they are: native code reads and writes
//! the slice. Others are converted into an array of native forms for the length of the call; `&mut [T]`
//! is read back from it, element by element, and then every element releases what it owns. The length
//! does not travel with the address: a parameter with `#[len_of(...)]` carries it, or a terminator at the
//! end ([`NullTerminated`]).
//!
//! An array of arrays is flat memory, one row after the other, as C has it: `&[[f64; 4]]` is a
//! `double (*)[4]`. An array of slices has no native form.
//!
//! ```
//! # #[cfg(unix)] {
//! use pinvoke::dll_import;
//!
//! #[dll_import("libc")]
//! unsafe extern "C" {
//!     /// Three numbers that the function changes.
//!     safe fn erand48(state: &mut [u16; 3]) -> f64;
//!     /// How many load averages there are: at most as many as there is room for.
//!     safe fn getloadavg(averages: &mut [f64], #[len_of(averages)] n: i32) -> i32;
//! }
//!
//! assert!((0.0..1.0).contains(&erand48(&mut [1, 2, 3])));
//! let mut averages = [0.0; 3];
//! assert_eq!(getloadavg(&mut averages), 3);
//! # }
//! ```

use core::fmt;

use super::lend::zero;
use super::length::make_room;
use super::{Element, IntoNative, MarshalError};

/// Native forms of the elements of a slice, and what they point to.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Bool32;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     /// Truth values of four bytes each, in a row for the length of the call.
///     fn memset(#[marshal(Bool32)] flags: &mut [bool], byte: i32, size: usize) -> *mut u8;
/// }
/// let mut flags = [false, false, true];
/// // SAFETY: three times four bytes are there.
/// unsafe { memset(&mut flags, 1, 8) };
/// assert_eq!(flags, [true, true, true]);
/// // SAFETY: as above.
/// unsafe { memset(&mut flags, 0, 12) };
/// assert_eq!(flags, [false; 3]);
/// # }
/// ```
#[doc(hidden)]
pub struct Natives<T: Element<M>, M: ?Sized> {
    natives: Vec<T::Native>,
    guards: Vec<T::Guard>,
}

impl<T: Element<M>, M: ?Sized> Natives<T, M> {
    #[inline]
    pub(super) const fn new() -> Self {
        Natives { natives: Vec::new(), guards: Vec::new() }
    }

    /// Converts the elements, with room for `spare` more behind them.
    pub(super) fn hold(&mut self, values: &[T], spare: usize) -> Result<*mut T::Native, MarshalError> {
        make_room(&mut self.natives, values.len() + spare)?;
        make_room(&mut self.guards, values.len())?;
        for value in values {
            let (native, guard) = value.to_native()?;
            self.natives.push(native);
            self.guards.push(guard);
        }
        Ok(self.natives.as_mut_ptr())
    }

    /// Reads the elements back, all of them, and returns the first error.
    fn read_back(&self, values: &mut [T]) -> Result<(), MarshalError> {
        // SAFETY: native code had them, as declared.
        unsafe { update_all::<T, M>(values, &self.natives) }
    }
}

impl<T: Element<M>, M: ?Sized> Drop for Natives<T, M> {
    #[inline]
    fn drop(&mut self) {
        for native in &mut self.natives {
            // SAFETY: made by `to_native`, perhaps changed by native code since; read for the last time.
            unsafe { T::release(native) };
        }
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for Natives<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Natives").field("len", &self.natives.len()).finish_non_exhaustive()
    }
}

impl<T: Element<M>, M: ?Sized> IntoNative<M> for &[T] {
    type Native = *const T::Native;
    type State = Natives<T, M>;

    #[inline]
    fn state() -> Self::State {
        Natives::new()
    }

    #[inline]
    fn into_native(self, state: &mut Self::State) -> Result<*const T::Native, MarshalError> {
        if T::IN_PLACE {
            return Ok(self.as_ptr().cast());
        }
        Ok(state.hold(self, 0)?.cast_const())
    }
}

impl<'a, T: Element<M>, M: ?Sized> IntoNative<M> for &'a mut [T] {
    type Native = *mut T::Native;
    type State = (Natives<T, M>, Option<&'a mut [T]>);

    #[inline]
    fn state() -> Self::State {
        (Natives::new(), None)
    }

    #[inline]
    fn into_native(self, state: &mut Self::State) -> Result<*mut T::Native, MarshalError> {
        if T::IN_PLACE {
            return Ok(self.as_mut_ptr().cast());
        }
        let natives = state.0.hold(self, 0)?;
        state.1 = Some(self);
        Ok(natives)
    }

    #[inline]
    fn copy_back(state: &mut Self::State) -> Result<(), MarshalError> {
        state.1.take().map_or(Ok(()), |values| state.0.read_back(values))
    }
}

/// Values that moved into a call, and their native forms where those are others.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     /// The vector is dropped when the call is over.
///     safe fn write(fd: i32, data: Vec<u8>, #[len_of(data)] size: usize) -> isize;
/// }
/// use std::os::fd::AsRawFd;
/// let null = std::fs::File::create("/dev/null")?;
/// assert_eq!(write(null.as_raw_fd(), b"into the void".to_vec()), 13);
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(hidden)]
pub struct Moved<T: Element<M>, M: ?Sized> {
    values: Vec<T>,
    natives: Natives<T, M>,
}

impl<T: Element<M> + fmt::Debug, M: ?Sized> fmt::Debug for Moved<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moved").field("values", &self.values).finish_non_exhaustive()
    }
}

macro_rules! moved {
    ($($type:ty),*) => { $(
        impl<T: Element<M> , M: ?Sized> IntoNative<M> for $type {
            type Native = *mut T::Native;
            type State = Moved<T, M>;

            #[inline]
            fn state() -> Self::State {
                Moved { values: Vec::new(), natives: Natives::new() }
            }

            #[inline]
            fn into_native(self, state: &mut Self::State) -> Result<*mut T::Native, MarshalError> {
                state.values = self.into();
                if T::IN_PLACE {
                    return Ok(state.values.as_mut_ptr().cast());
                }
                state.natives.hold(&state.values, 0)
            }
        }
    )* };
}

moved!(Vec<T>, Box<[T]>);

/// An array that ends with an element whose bytes are all zero, as `argv` does: the function gets the
/// elements and one more. `#[null_terminated]` before a parameter makes one of its slice.
///
/// ```
/// use pinvoke::dll_import;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     /// Replaces the program; fails if there is none of this name.
///     fn execv(path: &str, #[null_terminated] arguments: &[&str]) -> i32;
/// }
///
/// // SAFETY: it fails.
/// assert_eq!(unsafe { execv("/no/such/program", &["program", "--help"]) }, -1);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NullTerminated<'a, T>(pub &'a [T]);

impl<T: Element<M>, M: ?Sized> IntoNative<M> for NullTerminated<'_, T> {
    type Native = *const T::Native;
    type State = Natives<T, M>;

    fn state() -> Self::State {
        Natives::new()
    }

    fn into_native(self, state: &mut Self::State) -> Result<*const T::Native, MarshalError> {
        state.hold(self.0, 1)?;
        // It owns nothing: released like the others, it is null.
        state.natives.push(zero());
        Ok(state.natives.as_ptr())
    }
}

// SAFETY: an array is its elements in a row, in Rust as in C.
unsafe impl<T: Element<M>, M: ?Sized, const N: usize> Element<M> for [T; N] {
    type Native = [T::Native; N];
    type Guard = [T::Guard; N];
    const IN_PLACE: bool = T::IN_PLACE;

    fn to_native(&self) -> Result<(Self::Native, Self::Guard), MarshalError> {
        let mut natives = Vec::with_capacity(N);
        let mut guards = Vec::with_capacity(N);
        for value in self {
            match value.to_native() {
                Ok((native, guard)) => {
                    natives.push(native);
                    guards.push(guard);
                }
                Err(error) => {
                    for native in &mut natives {
                        // SAFETY: made by `to_native` and used by nobody.
                        unsafe { T::release(native) };
                    }
                    return Err(error);
                }
            }
        }
        match (natives.try_into(), guards.try_into()) {
            (Ok(natives), Ok(guards)) => Ok((natives, guards)),
            _ => unreachable!("each element was pushed once"),
        }
    }

    unsafe fn from_element(natives: &Self::Native) -> Result<Self, MarshalError> {
        let mut values = Vec::with_capacity(N);
        for native in natives {
            // SAFETY: the caller's promise.
            values.push(unsafe { T::from_element(native) }?);
        }
        match values.try_into() {
            Ok(values) => Ok(values),
            Err(_) => unreachable!("each element was pushed once"),
        }
    }

    unsafe fn update(&mut self, natives: &Self::Native) -> Result<(), MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { update_all::<T, M>(self, natives) }
    }

    fn give_away(self) {
        self.into_iter().for_each(T::give_away);
    }

    #[inline]
    unsafe fn release(natives: &mut Self::Native) {
        for native in natives {
            // SAFETY: the caller's promise.
            unsafe { T::release(native) };
        }
    }
}

/// Updates every value, and returns the first error.
///
/// # Safety
/// As for [`Element::update`], of each.
pub(super) unsafe fn update_all<T: Element<M>, M: ?Sized>(
    values: &mut [T],
    natives: &[T::Native],
) -> Result<(), MarshalError> {
    let mut result = Ok(());
    for (value, native) in values.iter_mut().zip(natives) {
        // SAFETY: the caller's promise.
        result = result.and(unsafe { value.update(native) });
    }
    result
}
