//! Members that are the address of room for so many units or elements, which native code fills:
//! `char *path; int path_size;`.
//!
//! Before the call the room holds what the `String` or `Vec` has, and zeros behind it. Afterwards the value is
//! what native code has left: of text, the units before the first NUL; as many as the member that counts them
//! says, and never more than there is room for. No room is null, and null is empty. Sizes are units or elements;
//! with `bytes` they are bytes, and what is no whole number of elements is an error.

use core::marker::PhantomData;

use super::length::{Elements, elements_of, in_memory, make_room, within};
use super::structure::Held;
use super::text::Unit;
use super::{CharSet, Count, Element, MarshalError, Reason};

/// The form that `#[marshal(buffer(N))]` names: an address of room.
#[derive(Debug)]
pub struct Room<M: ?Sized>(PhantomData<M>);

/// A value in room whose size another member, or a constant, has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no buffer in the form `{M}`",
    note = "buffers are `String` and `Vec<T>` with elements that are native types"
)]
pub trait Roomy<M: ?Sized>: Element<M> {
    /// Room for so many units or elements, with the value in it.
    ///
    /// # Errors
    /// The value has more; it has no native form.
    fn put(&self, room: usize) -> Result<(Self::Native, Self::Guard), MarshalError>;

    /// What is in the room, of `used` units or elements if native code has counted them.
    ///
    /// # Errors
    /// There are more than there is room for; they are no value of the type.
    ///
    /// # Safety
    /// The room is there, or `native` is null.
    unsafe fn get(native: &Self::Native, room: usize, used: Option<usize>) -> Result<Self, MarshalError>;
}

/// The native form of a buffer member, released unless it is taken.
///
/// # Errors
/// As for [`Roomy::put`]; the error names the member.
#[doc(hidden)]
pub fn put<T: Roomy<M>, M: ?Sized>(
    value: &T,
    room: Result<usize, MarshalError>,
    member: &'static str,
) -> Result<(Held<T, M>, T::Guard), MarshalError> {
    let put = room.and_then(|room| value.put(room));
    put.map(|(native, guard)| (Held::around(native), guard)).map_err(|error| error.in_member(member))
}

/// The value of a buffer member.
///
/// # Errors
/// As for [`Roomy::get`], and of the counts; the error names the member.
///
/// # Safety
/// As for [`Roomy::get`].
#[doc(hidden)]
pub unsafe fn get<T: Roomy<M>, M: ?Sized>(
    native: &T::Native,
    room: Result<usize, MarshalError>,
    used: Option<Result<usize, MarshalError>>,
    member: &'static str,
) -> Result<T, MarshalError> {
    let value = room.and_then(|room| {
        // SAFETY: the caller's promise.
        unsafe { T::get(native, room, used.transpose()?) }
    });
    value.map_err(|error| error.in_member(member))
}

/// The count in a member.
///
/// # Errors
/// [`Reason::Count`].
#[doc(hidden)]
pub fn counted<N: Count>(count: N) -> Result<usize, MarshalError> {
    // SAFETY: a number, or an address that the structure's declaration vouches for.
    unsafe { count.count() }
}

/// How many units or elements of a buffer member so many bytes are.
///
/// # Errors
/// [`Reason::Count`] if one of them is there in part only.
#[doc(hidden)]
pub fn elements<T: Roomy<M, Native: Elements>, M: ?Sized>(
    bytes: Result<usize, MarshalError>,
) -> Result<usize, MarshalError> {
    elements_of::<T::Native>(bytes?)
}

/// Where nothing says how much room there is.
#[cold]
fn unsaid() -> MarshalError {
    MarshalError::custom("nothing says how much room there is: declare the member `#[marshal(buffer(n))]`")
}

/// Memory that native code fills, for the length of the call.
#[derive(Debug)]
#[doc(hidden)]
pub struct InRoom<N>(#[allow(dead_code, reason = "native code looks at it")] Vec<N>);

fn address<N>(room: &mut [N]) -> *mut N {
    if room.is_empty() { core::ptr::null_mut() } else { room.as_mut_ptr() }
}

// SAFETY: never in place.
unsafe impl<M: CharSet> Element<Room<M>> for String {
    type Native = *mut M::Unit;
    type Guard = InRoom<M::Unit>;
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<(*mut M::Unit, InRoom<M::Unit>), MarshalError> {
        <Self as Roomy<Room<M>>>::put(self, self.capacity())
    }

    unsafe fn from_element(_: &*mut M::Unit) -> Result<String, MarshalError> {
        Err(unsaid())
    }
}

impl<M: CharSet> Roomy<Room<M>> for String {
    fn put(&self, room: usize) -> Result<(*mut M::Unit, InRoom<M::Unit>), MarshalError> {
        if let Some(position) = self.bytes().position(|b| b == 0) {
            return Err(Reason::InteriorNul { position }.into());
        }
        let room = in_memory::<M::Unit>(room)?;
        let mut units = Vec::new();
        M::encode(self, &mut units)?;
        within(units.len(), room)?;
        let more = room - units.len();
        make_room(&mut units, more)?;
        units.resize(room, M::Unit::NUL);
        Ok((address(&mut units), InRoom(units)))
    }

    unsafe fn get(native: &*mut M::Unit, room: usize, used: Option<usize>) -> Result<String, MarshalError> {
        let units = used.map_or(Ok(room), |used| within(used, room))?;
        if native.is_null() {
            return Ok(String::new());
        }
        let units = in_memory::<M::Unit>(units)?;
        // SAFETY: so many are there, by contract, and the size fits into memory.
        let units = unsafe { core::slice::from_raw_parts(native.cast_const(), units) };
        match units.iter().position(|u| *u == M::Unit::NUL) {
            Some(end) => M::decode(&units[..end]),
            None if used.is_some() || room == 0 => M::decode(units),
            None => Err(Reason::Unterminated { units: room }.into()),
        }
    }
}

// SAFETY: never in place.
unsafe impl<T: Element<M>, M: ?Sized> Element<Room<M>> for Vec<T>
where
    T: Copy + crate::native::NativeField,
{
    type Native = *mut T;
    type Guard = InRoom<T>;
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<(*mut T, InRoom<T>), MarshalError> {
        <Self as Roomy<Room<M>>>::put(self, self.capacity())
    }

    unsafe fn from_element(_: &*mut T) -> Result<Vec<T>, MarshalError> {
        Err(unsaid())
    }
}

impl<T: Element<M>, M: ?Sized> Roomy<Room<M>> for Vec<T>
where
    T: Copy + crate::native::NativeField,
{
    fn put(&self, room: usize) -> Result<(*mut T, InRoom<T>), MarshalError> {
        const { assert!(T::IN_PLACE, "elements of a buffer member are native types") };
        let room = in_memory::<T>(room)?;
        within(self.len(), room)?;
        let mut elements = Vec::new();
        make_room(&mut elements, room)?;
        elements.extend_from_slice(self);
        elements.resize_with(room, super::lend::zero);
        Ok((address(&mut elements), InRoom(elements)))
    }

    unsafe fn get(native: &*mut T, room: usize, used: Option<usize>) -> Result<Vec<T>, MarshalError> {
        let count = used.map_or(Ok(room), |used| within(used, room))?;
        if native.is_null() {
            return Ok(Vec::new());
        }
        let count = in_memory::<T>(count)?;
        let mut elements = Vec::new();
        make_room(&mut elements, count)?;
        // SAFETY: so many are there, by contract, and the size fits into memory.
        elements.extend_from_slice(unsafe { core::slice::from_raw_parts(native.cast_const(), count) });
        Ok(elements)
    }
}
