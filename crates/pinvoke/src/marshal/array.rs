//! Arrays that a member points to: `struct { int n; char **names; }`.

use core::marker::PhantomData;

use super::counted::elements;
use super::slice::{Natives, update_all};
use super::{Ansi, Element, MarshalError, Reason};

/// The form of a `Vec<T>` behind a member: the address of its elements in a row, each in the form `M`. What
/// `#[marshal(array)]` names.
///
/// The elements are copies that live for the call; behind `&mut` they are read back, so many as there were. How many
/// that is, another member says, which is the caller's to set. Native code that hands out an array of its own says
/// nothing that a `Vec` could be made of: such a member is a raw pointer.
///
/// ```
/// use core::ffi::CStr;
///
/// use pinvoke::marshal::{Array, Element, Marshal, Utf8};
/// use pinvoke::native::offset_of;
///
/// /// `struct { const char **names; unsigned count; }`
/// #[derive(Marshal)]
/// struct Names {
///     #[marshal(array)]
///     names: Vec<String>,
///     count: u32,
/// }
/// assert_eq!(offset_of::<Names>("count"), size_of::<usize>());
///
/// // What native code finds in the member, as long as the call lasts:
/// let names = vec!["Ada".to_owned(), "Grace".to_owned()];
/// let (address, _guard) = Element::<Array<Utf8>>::to_native(&names)?;
/// // SAFETY: two texts, as long as the guard lives.
/// assert_eq!(unsafe { CStr::from_ptr(*address.add(1)) }, c"Grace");
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[derive(Debug)]
pub struct Array<M: ?Sized = Ansi>(PhantomData<M>);

// SAFETY: never in place.
unsafe impl<T: Element<M>, M: ?Sized> Element<Array<M>> for Vec<T> {
    type Native = *mut T::Native;
    type Guard = Natives<T, M>;
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<(*mut T::Native, Natives<T, M>), MarshalError> {
        let mut natives = Natives::new();
        let address = natives.hold(self, 0)?;
        Ok((address, natives))
    }

    unsafe fn from_element(native: &*mut T::Native) -> Result<Vec<T>, MarshalError> {
        match native.is_null() {
            true => Err(Reason::Null.into()),
            false => Err(MarshalError::custom(
                "nothing says how many elements native code's array has: declare a raw pointer, or `buffer(n)` for room that it fills",
            )),
        }
    }

    unsafe fn update(&mut self, native: &*mut T::Native) -> Result<(), MarshalError> {
        // SAFETY: the caller's promise: native code has left as many elements as it was given.
        let natives = unsafe { elements(native.cast_const(), self.len()) }?;
        // SAFETY: as above.
        unsafe { update_all::<T, M>(self, natives) }
    }
}
