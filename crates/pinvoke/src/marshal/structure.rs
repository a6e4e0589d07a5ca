//! Structures whose native form differs member by member: what `#[derive(Marshal)]` is made of.
//!
//! The derive writes a native twin of the structure, `PersonNative` for `Person`, with C's layout, and an
//! [`Element`] that converts member by member. Everything else follows from that:
//!
//! | a declaration says | the function gets | after the call |
//! |---|---|---|
//! | `p: &Person` | the address of a twin | owned members freed |
//! | `p: &mut Person` | the address of a twin | read back, then owned members freed |
//! | `p: Option<&Person>`, `Option<&mut Person>` | that, or null | |
//! | `p: Out<Person>` | the address of zeros | read back, then owned members freed |
//! | `p: Person` | the twin by value | owned members freed |
//! | `p: Box<Person>` | the address of a twin | |
//! | `-> Person` | | read; owned members freed |
//! | `-> Box<Person>`, `-> Option<Box<Person>>` | | read where it stands, and left alone |
//!
//! As the result of a callback it is native code's, with all it owns; borrowed texts are refused then, for
//! they would be gone. A callback's `Box<Person>` is a pointer to a structure that it gets a copy of.
//!
//! Padding is zero: native code sees no byte of this program that was not given to it.

use core::fmt;
use core::mem::ManuallyDrop;

use super::{CharSet, Detached, Element, FromNative, IntoNative, MarshalError, Null, Owned, Owner, Reason};

/// The native form of one member, released unless it is taken.
#[doc(hidden)]
pub struct Held<T: Element<M>, M: ?Sized>(T::Native);

impl<T: Element<M>, M: ?Sized> Held<T, M> {
    /// Converts a member.
    ///
    /// # Errors
    /// It has no native form; the error names it.
    #[inline]
    pub fn new(value: &T, member: &'static str) -> Result<(Self, T::Guard), MarshalError> {
        Held::of(value).map_err(|error| error.in_member(member))
    }

    /// Converts an element.
    #[inline]
    pub(super) fn of(value: &T) -> Result<(Self, T::Guard), MarshalError> {
        let (native, guard) = value.to_native()?;
        Ok((Held(native), guard))
    }

    /// The native form, which is somebody else's to release now.
    #[inline]
    pub fn take(self) -> T::Native {
        ManuallyDrop::new(self).0
    }
}

impl<T: Element<M>, M: ?Sized> Drop for Held<T, M> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: made by `to_native`; native code never saw it.
        unsafe { T::release(&mut self.0) };
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for Held<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

/// A value that travels by value, its native form and what that points to.
#[doc(hidden)]
pub struct ByValue<T: Element<M>, M: ?Sized> {
    held: Option<(Held<T, M>, T::Guard, T)>,
}

impl<T: Element<M>, M: ?Sized> ByValue<T, M> {
    /// Nothing yet.
    #[inline]
    #[must_use]
    pub fn empty() -> Self {
        ByValue { held: None }
    }

    /// Converts and keeps.
    ///
    /// # Errors
    /// As for [`Element::to_native`].
    #[inline]
    pub fn hold(&mut self, value: T) -> Result<T::Native, MarshalError> {
        let (held, guard) = Held::of(&value)?;
        let native = held.0;
        self.held = Some((held, guard, value));
        Ok(native)
    }
}

/// The result of a callback is native code's, with all it owns.
impl<T: Element<M>, M: ?Sized> Detached for ByValue<T, M>
where
    T::Guard: Detached,
{
    fn detach(self) {
        if let Some((held, _, value)) = self.held {
            held.take();
            value.give_away();
        }
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for ByValue<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByValue").field("holds", &self.held.is_some()).finish_non_exhaustive()
    }
}

/// The value of a native form that is handed over with all it owns.
///
/// # Errors
/// As for [`Element::from_element`].
///
/// # Safety
/// As for [`Element::from_element`]; nobody else uses the form.
#[doc(hidden)]
#[inline]
pub unsafe fn take_over<T: Element<M>, M: ?Sized>(native: T::Native) -> Result<T, MarshalError> {
    let held = Held::<T, M>(native);
    // SAFETY: the caller's promise.
    unsafe { T::from_element(&held.0) }
}

/// A native structure in memory of this side's, and what it points to.
pub struct Boxed<T: Element<M>, M: ?Sized> {
    native: Box<T::Native>,
    _guard: T::Guard,
}

impl<T: Element<M>, M: ?Sized> Boxed<T, M> {
    fn new(value: &T) -> Result<Self, MarshalError> {
        let (native, guard) = value.to_native()?;
        Ok(Boxed { native: Box::new(native), _guard: guard })
    }
}

impl<T: Element<M>, M: ?Sized> Drop for Boxed<T, M> {
    fn drop(&mut self) {
        // SAFETY: made by `to_native`, perhaps changed by native code since; used for the last time.
        unsafe { T::release(&mut self.native) };
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for Boxed<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boxed").finish_non_exhaustive()
    }
}

/// The value at an address.
///
/// # Safety
/// Null, or a native form stands there.
unsafe fn read<T: Element<M>, M: ?Sized>(native: *const T::Native) -> Result<T, MarshalError> {
    // SAFETY: the caller's promise.
    let Some(native) = (unsafe { native.as_ref() }) else { return Err(Reason::Null.into()) };
    // SAFETY: as above.
    unsafe { T::from_element(native) }
}

// SAFETY: never in place.
unsafe impl<T: Element<M>, M: CharSet> Element<M> for Box<T> {
    type Native = *mut T::Native;
    type Guard = Boxed<T, M>;
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<(*mut T::Native, Boxed<T, M>), MarshalError> {
        let mut boxed = Boxed::new(&**self)?;
        Ok((&raw mut *boxed.native, boxed))
    }

    unsafe fn from_element(native: &*mut T::Native) -> Result<Box<T>, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { read::<T, M>(*native) }.map(Box::new)
    }

    unsafe fn update(&mut self, native: &*mut T::Native) -> Result<(), MarshalError> {
        // SAFETY: the caller's promise.
        let Some(native) = (unsafe { native.as_ref() }) else { return Err(Reason::Null.into()) };
        // SAFETY: the caller's promise.
        unsafe { (**self).update(native) }
    }
}

// SAFETY: never in place.
unsafe impl<T: Element<M>, M: CharSet, O: Owner> Element<Owned<M, O>> for Box<T> {
    type Native = *mut T::Native;
    type Guard = T::Guard;
    const IN_PLACE: bool = false;

    fn to_native(&self) -> Result<(*mut T::Native, T::Guard), MarshalError> {
        let place = O::allocate(size_of::<T::Native>()).cast::<T::Native>();
        if place.is_null() {
            let name = O::NAME;
            return Err(MarshalError::custom(format!(
                "the owner of the structure, `{name}`, has no memory for it"
            )));
        }
        // SAFETY: the owner's, and used by nobody if the conversion fails.
        let memory = unsafe { super::owner::Freed::<O>::new(place) };
        let (native, guard) = (**self).to_native()?;
        core::mem::forget(memory);
        // SAFETY: allocated with this size, aligned for every scalar.
        unsafe { place.write(native) };
        Ok((place, guard))
    }

    unsafe fn from_element(native: &*mut T::Native) -> Result<Box<T>, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { read::<T, M>(*native) }.map(Box::new)
    }

    unsafe fn release(native: &mut *mut T::Native) {
        // SAFETY: the owner's, by contract.
        let _memory = unsafe { super::owner::Freed::<O>::new(*native) };
        // SAFETY: null, or a native form that nobody uses again.
        if let Some(native) = unsafe { native.as_mut() } {
            // SAFETY: as above.
            unsafe { T::release(native) };
        }
    }
}

impl<T: Element<M>, M: CharSet> IntoNative<M> for Box<T> {
    type Native = *mut T::Native;
    type State = Option<(Boxed<T, M>, Box<T>)>;

    fn state() -> Self::State {
        None
    }

    fn into_native(self, state: &mut Self::State) -> Result<*mut T::Native, MarshalError> {
        let boxed = Boxed::new(&*self)?;
        let (boxed, _) = state.insert((boxed, self));
        Ok(&raw mut *boxed.native)
    }
}

/// A copy of what native code points to.
impl<T: Element<M>, M: CharSet> FromNative<M> for Box<T> {
    type Native = *mut T::Native;

    unsafe fn from_native(native: *mut T::Native) -> Result<Box<T>, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { read::<T, M>(native) }.map(Box::new)
    }

    fn is_failure(native: &*mut T::Native) -> bool {
        native.is_null()
    }
}

/// A structure that native code gives away: read, released, freed.
impl<T: Element<M>, M: CharSet, O: Owner> FromNative<Owned<M, O>> for Box<T> {
    type Native = *mut T::Native;

    unsafe fn from_native(native: *mut T::Native) -> Result<Box<T>, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { take_over::<Box<T>, Owned<M, O>>(native) }
    }

    fn is_failure(native: &*mut T::Native) -> bool {
        Null::is_null(native)
    }
}

/// Members that borrow what native code may look at in place: the address is stored.
macro_rules! borrowed {
    ($($type:ty, |$value:ident| $address:expr;)*) => { $(
        // SAFETY: never in place.
        unsafe impl<'a, T: Element<M>, M: CharSet> Element<M> for $type {
            type Native = *const T::Native;
            type Guard = ();
            const IN_PLACE: bool = false;

            #[inline]
            fn to_native(&self) -> Result<(*const T::Native, ()), MarshalError> {
                const {
                    assert!(
                        T::IN_PLACE,
                        "a member can only borrow values that are their own native form: write `Box<T>` or `Vec<T>`"
                    );
                }
                let $value = self;
                Ok(($address.cast(), ()))
            }

            unsafe fn from_element(_: &*const T::Native) -> Result<$type, MarshalError> {
                Err(MarshalError::custom(
                    "a borrowed value cannot be made of a native address: declare `Box<T>`, or a pointer",
                ))
            }

            unsafe fn update(&mut self, native: &*const T::Native) -> Result<(), MarshalError> {
                let $value = &*self;
                let is_same = core::ptr::eq($address.cast(), *native);
                // SAFETY: the caller's promise.
                if is_same { Ok(()) } else { unsafe { Self::from_element(native) }.map(|v| *self = v) }
            }
        }
    )* };
}

borrowed! {
    &'a T, |value| core::ptr::from_ref(*value);
    &'a [T], |value| value.as_ptr();
}
