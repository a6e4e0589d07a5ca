//! `String` in native memory: a pointer to text, as a member of a structure or an element of an array.
//!
//! By default the text is a copy that lives for the length of the call and is this side's: native code
//! looks at it, and may put the address of another text in its place, which is read and not freed. As
//! [`Owned`], it is allocated by its owner; native code may free it and put another one of the same owner
//! there, and what stands there after the call is freed here. .NET does that with every text
//! (`DestroyStructure`), and crashes where native code puts a text there that nobody may free.

use super::{CharSet, Element, MarshalError, Owned, Owner, Reason};

/// The number of units up to the NUL, and that NUL.
///
/// # Safety
/// There is one.
unsafe fn terminated_length<U: Default + PartialEq>(text: *const U) -> usize {
    let mut end = text;
    // SAFETY: up to the NUL, and no further.
    while unsafe { &*end } != &U::default() {
        // SAFETY: as above.
        end = unsafe { end.add(1) };
    }
    // SAFETY: two places of one text.
    unsafe { end.offset_from_unsigned(text) + 1 }
}

// SAFETY: never in place.
unsafe impl<M: CharSet> Element<M> for String {
    type Native = *const M::Unit;
    type Guard = Box<[M::Unit]>;
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<(*const M::Unit, Box<[M::Unit]>), MarshalError> {
        let mut buffer = M::buffer();
        let text = M::terminate(self, &mut buffer)?;
        // SAFETY: it was just terminated.
        let length = unsafe { terminated_length(text) };
        // SAFETY: as above.
        let copy: Box<[M::Unit]> = unsafe { core::slice::from_raw_parts(text, length) }.into();
        Ok((copy.as_ptr(), copy))
    }

    unsafe fn from_element(native: &*const M::Unit) -> Result<String, MarshalError> {
        if native.is_null() {
            return Err(Reason::Null.into());
        }
        // SAFETY: the caller's promise.
        unsafe { M::read(*native) }
    }
}

// SAFETY: never in place.
unsafe impl<M: CharSet, O: Owner> Element<Owned<M, O>> for String {
    type Native = *mut M::Unit;
    type Guard = ();
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<(*mut M::Unit, ()), MarshalError> {
        let mut buffer = M::buffer();
        let text = M::terminate(self, &mut buffer)?;
        // SAFETY: it was just terminated.
        let length = unsafe { terminated_length(text) };
        let copy = O::allocate(length * size_of::<M::Unit>()).cast::<M::Unit>();
        if copy.is_null() {
            return Err(MarshalError::custom(format!(
                "the owner of the text, `{}`, has no memory for it",
                O::NAME
            )));
        }
        // SAFETY: two allocations of at least that many units.
        unsafe { copy.copy_from_nonoverlapping(text, length) };
        Ok((copy, ()))
    }

    unsafe fn from_element(native: &*mut M::Unit) -> Result<String, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { <String as Element<M>>::from_element(&native.cast_const()) }
    }

    unsafe fn release(native: &mut *mut M::Unit) {
        if !native.is_null() {
            // SAFETY: the owner's, by contract.
            unsafe { O::free(native.cast()) };
        }
    }
}
