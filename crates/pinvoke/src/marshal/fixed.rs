//! Text and arrays of a fixed size inside a structure: `char name[32]`, `int grades[4]`.
//!
//! Text takes at most one unit less than the member has, and a NUL is always written. What is longer is
//! an error; .NET cuts it silently, on a byte, which makes half a character of it. A declaration that
//! wants the cut says [`Truncated`], and is cut between characters. Reading ends at the first NUL, or at
//! the end of the member: C's `strncpy` leaves no NUL where the text just fits.
//!
//! An array must have exactly the declared number of elements, or none, which stands for zeros.

use core::marker::PhantomData;

use super::structure::Held;
use super::text::{Unit, terminated};
use super::{Ansi, CharSet, Element, MarshalError, Reason};
use crate::native::NativeField;

/// A member of `N` units of text or `N` elements: the form that `#[marshal(fixed(N))]` names.
///
/// ```
/// use pinvoke::marshal::{Element, Fixed, Reason, Utf16};
///
/// let (member, ()) = Element::<Fixed<4, Utf16>>::to_native(&String::from("ab"))?;
/// assert_eq!(member, [0x61, 0x62, 0, 0]);
/// let error = Element::<Fixed<4, Utf16>>::to_native(&String::from("abcd")).unwrap_err();
/// assert!(matches!(error.reason(), Reason::TooLong { units: 4, room: 3 }));
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[derive(Debug)]
pub struct Fixed<const N: usize, M: ?Sized = Ansi>(PhantomData<M>);

/// As [`Fixed`], but longer text is cut after the last character that fits: `#[marshal(truncated(N))]`.
///
/// ```
/// use pinvoke::marshal::{Element, Truncated, Utf16};
///
/// let (member, ()) = Element::<Truncated<3, Utf16>>::to_native(&String::from("a😀"))?;
/// assert_eq!(member, [0x61, 0, 0], "half of a character is not left");
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[derive(Debug)]
pub struct Truncated<const N: usize, M: ?Sized = Ansi>(PhantomData<M>);

/// The member that holds these units, which end with a NUL.
fn member<U: Unit, const N: usize>(units: &[U]) -> Option<[U; N]> {
    const { assert!(N > 0, "a fixed text of no units has no place for its NUL") };
    let mut member = [U::NUL; N];
    member.get_mut(..units.len())?.copy_from_slice(units);
    Some(member)
}

fn read<M: CharSet, const N: usize>(member: &[M::Unit; N]) -> Result<String, MarshalError> {
    let end = member.iter().position(|u| *u == M::Unit::NUL).unwrap_or(N);
    M::decode(&member[..end])
}

// SAFETY: never in place.
unsafe impl<M: CharSet, const N: usize> Element<Fixed<N, M>> for String {
    type Native = [M::Unit; N];
    type Guard = ();
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<([M::Unit; N], ()), MarshalError> {
        let units = terminated::<M>(self)?;
        match member(&units) {
            Some(member) => Ok((member, ())),
            None => Err(Reason::TooLong { units: units.len() - 1, room: N - 1 }.into()),
        }
    }

    unsafe fn from_element(native: &[M::Unit; N]) -> Result<String, MarshalError> {
        read::<M, N>(native)
    }
}

// SAFETY: never in place.
unsafe impl<M: CharSet, const N: usize> Element<Truncated<N, M>> for String {
    type Native = [M::Unit; N];
    type Guard = ();
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<([M::Unit; N], ()), MarshalError> {
        // Checks the whole text, also what is cut.
        let mut units = terminated::<M>(self)?;
        if units.len() > N {
            units.clear();
            for (start, c) in self.char_indices() {
                let before = units.len();
                M::encode(&self[start..start + c.len_utf8()], &mut units)?;
                if units.len() >= N {
                    units.truncate(before);
                    break;
                }
            }
        }
        Ok((member(&units).unwrap_or([M::Unit::NUL; N]), ()))
    }

    unsafe fn from_element(native: &[M::Unit; N]) -> Result<String, MarshalError> {
        read::<M, N>(native)
    }
}

// SAFETY: never in place.
unsafe impl<T: Element<M>, M: CharSet, const N: usize> Element<Fixed<N, M>> for Vec<T> {
    type Native = [T::Native; N];
    type Guard = Vec<T::Guard>;
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<([T::Native; N], Vec<T::Guard>), MarshalError> {
        const { assert!(N > 0, "C has no array of no elements") };
        if self.is_empty() {
            const { assert!(T::Native::FIELD_ZEROABLE, "zeros are no value of this element") };
            // SAFETY: all bytes zero is a value, as asserted.
            return Ok((unsafe { core::mem::zeroed() }, Vec::new()));
        }
        if self.len() != N {
            let wrong = format!("not that of the fixed array, {N}");
            return Err(Reason::Count { count: self.len().to_string(), wrong }.into());
        }
        let mut held = Vec::with_capacity(N);
        let mut guards = Vec::with_capacity(N);
        for value in self {
            let (native, guard) = Held::<T, M>::of(value)?;
            held.push(native);
            guards.push(guard);
        }
        let mut held = held.into_iter();
        let natives = core::array::from_fn(|_| match held.next() {
            Some(native) => native.take(),
            None => unreachable!("there are as many elements as were counted"),
        });
        Ok((natives, guards))
    }

    unsafe fn from_element(native: &[T::Native; N]) -> Result<Vec<T>, MarshalError> {
        // SAFETY: the caller's promise.
        native.iter().map(|n| unsafe { T::from_element(n) }).collect()
    }

    unsafe fn update(&mut self, native: &[T::Native; N]) -> Result<(), MarshalError> {
        if self.len() == N {
            // SAFETY: the caller's promise.
            return unsafe { super::slice::update_all::<T, M>(self, native) };
        }
        // SAFETY: as above.
        *self = unsafe { <Self as Element<Fixed<N, M>>>::from_element(native) }?;
        Ok(())
    }

    fn give_away(self) {
        self.into_iter().for_each(T::give_away);
    }

    unsafe fn release(native: &mut [T::Native; N]) {
        for element in native {
            // SAFETY: the caller's promise.
            unsafe { T::release(element) };
        }
    }
}
