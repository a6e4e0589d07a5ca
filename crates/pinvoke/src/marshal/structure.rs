//! Structures, enumerations and sets of flags whose native form is another one: `#[derive(Marshal)]`.
//!
//! What is the same in C and in Rust derives [`NativeType`](crate::native::NativeType), and native code
//! works on the Rust value itself. Where a member is text, a `bool` of four bytes, an owned handle, a fixed
//! array behind a `Vec`, or a number that has to be checked, [`Marshal`](super::Marshal) writes a native twin,
//! `PersonNative` for `Person`, with C's layout, and converts member by member.
//!
//! ```
//! # #[cfg(unix)] {
//! use pinvoke::dll_import;
//! use pinvoke::marshal::{Marshal, Out};
//!
//! /// `struct utsname` of Linux: six texts of 65 bytes.
//! #[derive(Debug, Default, Marshal)]
//! struct System {
//!     #[marshal(fixed(65))]
//!     name: String,
//!     #[marshal(fixed(65))]
//!     node: String,
//!     #[marshal(fixed(65))]
//!     release: String,
//!     #[marshal(fixed(65))]
//!     version: String,
//!     #[marshal(fixed(65))]
//!     machine: String,
//!     #[marshal(fixed(65))]
//!     domain: String,
//! }
//!
//! #[dll_import("libc", set_last_error)]
//! unsafe extern "C" {
//!     safe fn uname(system: Out<'_, System>) -> Result<(), pinvoke::Error>;
//! }
//!
//! let mut system = System::default();
//! uname(Out(&mut system))?;
//! # #[cfg(target_os = "linux")]
//! assert_eq!(system.name, "Linux");
//! # }
//! # Ok::<(), pinvoke::Error>(())
//! ```
//!
//! # What a declaration says
//!
//! | | the function gets | after the call |
//! |---|---|---|
//! | `p: &Person` | the address of a twin | owned members freed |
//! | `p: &mut Person` | the address of a twin | read back, then owned members freed |
//! | `p: Option<&Person>`, `Option<&mut Person>` | that, or null | |
//! | `p: Out<Person>` | the address of zeros | read, then owned members freed |
//! | `p: Person` | the twin by value | owned members freed |
//! | `p: Box<Person>` | the address of a twin | |
//! | `p: &[Person]`, `&mut [Person]` | the address of twins in a row | as for one |
//! | `-> Person` | | read; owned members freed |
//! | `-> Box<Person>`, `-> Option<Box<Person>>` | | read where it stands, and left alone |
//! | `#[returns(free)]` before that | | read; owned members freed, then the structure |
//!
//! As the result of a callback it is native code's, with all it owns; borrowed texts are refused then, for
//! they would be gone. A callback's `&Person` is a pointer to a structure, of which it sees a copy until it returns, and its
//! `Box<Person>` a copy to keep; what the structure owns stays native code's.
//!
//! All of this holds also if a later argument cannot be converted, the function fails or a callback
//! panics. Members are read back one by one: what can be converted of them has changed when an error is
//! reported, which names the function, the parameter and the member. Padding is zero: native code sees no
//! byte of this program that was not given to it.
//!
//! # Attributes of the structure
//!
//! | `#[native(...)]` | |
//! |---|---|
//! | `char_set = Utf16` | of texts and `char`s that say no form; `Ansi`, as .NET has it, if nothing is said. The set of the function does not matter |
//! | `bool = Bool32` | what `bool`s are that say no form |
//! | `pack = 1` | no member is aligned to more |
//! | `size = 64` | the size of the whole; zeros behind the last member. It has to be a multiple of the alignment, which .NET does not ask |
//! | `explicit` | each member says where it is: `#[offset(8)]`. Where members overlap, the last one is written, and all are read |
//!
//! # Attributes of a member
//!
//! | `#[marshal(...)]` | native form |
//! |---|---|
//! | none | that of the type: [the tables](crate::guide::from_pinvoke) |
//! | `Bool32`, `Utf16`, any form | that of the type in this form |
//! | `fixed(16)` | of `String`: 16 units of text in place; of `Vec<T>`: 16 elements in place ([`Fixed`](super::Fixed)) |
//! | `array` | of `Vec<T>`: the address of the elements, which another member counts ([`Array`](super::Array)) |
//! | `truncated(16)` | of `String`: the same, but longer text is cut ([`Truncated`](super::Truncated)) |
//! | `buffer(n)` | of `String`, `Vec<T>` of native types: the address of room for `n` units or elements, which native code fills; `n` is a number or the member that has it. What is left there is read back: of text up to the NUL |
//! | `buffer(n, len = m)` | the same; member `m` says how many are valid. `n` itself may |
//! | `buffer(n, bytes)`, `buffer(n, len = m, bytes)` | the same; all of the sizes are in bytes, as in `UNICODE_STRING`. One that is no whole number of elements is an error |
//! | `owned` | of `String`, `Box<T>`: a pointer to memory of the C allocator. Native code may free it and put another one there; what stands there after the call is freed |
//! | `owned(SomeOwner)` | the same, with an [`Owner`] |
//!
//! `String` and `Box<T>` that are not `owned` are pointers to copies that live for the call; native code may
//! put another address there, which is read and not freed. .NET frees what it finds in every case, and
//! crashes where native code puts there what nobody may free. `&str`, `&[T]`, `&T` and
//! [`Function`](crate::Function) borrow; `Option` of any pointer, text or handle may be null; `[T; N]` stands
//! in place, as does a structure that derives `Marshal` or `NativeType`.
//!
//! Buffers that native code fills, behind members:
//!
//! ```
//! # #[cfg(unix)]
//! use std::os::fd::AsRawFd;
//!
//! use pinvoke::dll_import;
//! use pinvoke::marshal::Marshal;
//!
//! /// `struct iovec { void *base; size_t size; }`
//! #[derive(Marshal)]
//! struct Part {
//!     #[marshal(buffer(size))]
//!     base: Vec<u8>,
//!     size: usize,
//! }
//!
//! #[dll_import("libc", set_last_error)]
//! unsafe extern "C" {
//!     safe fn readv(fd: i32, parts: &mut [Part], #[len_of(parts)] n: i32) -> Result<isize, pinvoke::Error>;
//! }
//!
//! # #[cfg(target_os = "linux")] {
//! let file = std::fs::File::open("/proc/version")?;
//! let mut parts = [5, 9].map(|size| Part { base: Vec::new(), size });
//! assert_eq!(readv(file.as_raw_fd(), &mut parts).unwrap(), 14);
//! assert_eq!((&*parts[0].base, &*parts[1].base), (&b"Linux"[..], &b" version "[..]));
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # The twin
//!
//! `PersonNative` is as visible as `Person`, `#[repr(C)]`, and a
//! [`NativeType`](crate::native::NativeType); its layout is compared with C's rules when it is compiled.
//! [`Structure`](crate::native::Structure) has size and offsets as constants, and
//! [`verify::against_c`](crate::verify::against_c) compares them with a header.
//!
//! # Enumerations and flags
//!
//! Native code may leave any number where a constant is expected. An enumeration with a primitive
//! representation that derives `Marshal`, or `NativeType`, travels as its integer, and a number that is
//! none of its constants is an error, or a panic where the signature has no `Result`. So is an unknown bit
//! in a newtype with `#[native(flags = ...)]`; a newtype that derives `NativeType` keeps unknown bits.
//!
//! ```
//! use pinvoke::dll_import;
//! use pinvoke::marshal::Marshal;
//!
//! #[derive(Debug, PartialEq, Marshal)]
//! #[repr(i32)]
//! enum Sign {
//!     Zero = 0,
//!     One = 1,
//! }
//!
//! #[derive(Debug, PartialEq, Marshal)]
//! #[native(flags = 0o777)]
//! struct Mode(u32);
//!
//! #[dll_import("libc")]
//! unsafe extern "C" {
//!     safe fn abs(n: i32) -> Result<Sign, pinvoke::Error>;
//!     safe fn umask(mask: Mode) -> Mode;
//! }
//!
//! assert_eq!(abs(-1).unwrap(), Sign::One);
//! let error = abs(-5).unwrap_err();
//! assert_eq!(error.to_string(), "cannot convert the result of `abs`: the value 5 is none of Sign");
//! let old = umask(Mode(0o022));
//! umask(old);
//! ```
//!
//! # Tagged unions
//!
//! Which member of a union is there is mostly said by a number beside it. An enumeration with data is that
//! in Rust: its twin is C's `struct { int tag; union { … } payload; }`, and a tag that no variant has is an
//! error. A union without a tag derives `NativeType`.
//!
//! ```
//! use pinvoke::dll_import;
//! use pinvoke::marshal::Marshal;
//!
//! /// `struct { int kind; union { int key; double moved; } u; }`
//! #[derive(Debug, PartialEq, Marshal)]
//! #[repr(i32)]
//! enum Event {
//!     Idle,
//!     Key(i32),
//!     Moved(f64) = 5,
//! }
//!
//! #[dll_import("libc")]
//! unsafe extern "C" {
//!     fn memcpy(to: &mut [u8; 16], from: &Event, size: usize) -> *mut u8;
//! }
//!
//! # #[cfg(not(target_arch = "x86"))] { // A double is aligned to 4 there.
//! let mut bytes = [9; 16];
//! // SAFETY: both have 16 bytes.
//! unsafe { memcpy(&mut bytes, &Event::Key(258), 16) };
//! assert_eq!(bytes, [1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
//! # }
//! ```

use core::fmt;
use core::mem::ManuallyDrop;

use super::{CharSet, Detached, Element, FromNative, IntoNative, MarshalError, Null, Owned, Owner, Reason};

/// The native form of one member, released unless it is taken.
#[doc(hidden)]
pub struct Held<T: Element<M>, M: ?Sized>(T::Native);

#[doc(hidden)]
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
    pub(crate) fn of(value: &T) -> Result<(Self, T::Guard), MarshalError> {
        let (native, guard) = value.to_native()?;
        Ok((Held(native), guard))
    }

    /// Of a native form that was just made.
    pub(super) fn around(native: T::Native) -> Self {
        Held(native)
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

#[doc(hidden)]
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
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::c_long;
/// use pinvoke::dll_import;
/// use pinvoke::native::NativeType;
///
/// #[derive(Clone, Copy, Debug, NativeType)]
/// #[repr(C)]
/// struct Timespec {
///     seconds: c_long,
///     nanoseconds: c_long,
/// }
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     /// The structure behind the box is there for the length of the call, and gone afterwards.
///     safe fn nanosleep(time: Box<Timespec>, rest: Option<&mut Timespec>) -> i32;
/// }
/// assert_eq!(nanosleep(Box::new(Timespec { seconds: 0, nanoseconds: 1000 }), None), 0);
/// # }
/// ```
#[doc(hidden)]
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
                        "a member can only borrow values that are their own native form: write `Box<T>`, and for several `#[marshal(array)]` before a `Vec<T>`"
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
