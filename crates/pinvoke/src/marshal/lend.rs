//! Room that native code fills, and arrays that it replaces: arguments whose length after the call is not
//! the one before.
//!
//! A **buffer** (`#[buffer]` before the parameter) is what .NET's `StringBuilder` is for. Native code gets
//! the address of room for so many units and what is in it so far; `#[capacity_of(...)]` tells it how many.
//! Afterwards the value is
//!
//! * as many units as native code says it has left there (`#[len_of(...)]` of a `&mut` count, a count that
//!   went in as the capacity, or `#[returns(len_of(...))]`), never more than there was room for;
//! * of text, only those before the first NUL. Where native code gives no count, there has to be one.
//!
//! The room is the capacity of the `String` or `Vec`, in units of the character set or in elements, or what
//! `#[buffer(N)]` says.
//!
//! ```
//! # #[cfg(unix)] {
//! use pinvoke::dll_import;
//!
//! #[dll_import("libc", set_last_error)]
//! unsafe extern "C" {
//!     safe fn gethostname(#[buffer] name: &mut String, #[capacity_of(name)] size: usize) -> Result<i32, pinvoke::Error>;
//!     #[returns(len_of(data))]
//!     safe fn getrandom(#[buffer(16)] data: &mut Vec<u8>, #[capacity_of(data)] size: usize, flags: u32) -> Result<isize, pinvoke::Error>;
//! }
//!
//! let mut name = String::with_capacity(256);
//! gethostname(&mut name)?;
//! let mut data = Vec::new();
//! getrandom(&mut data, 0)?;
//! assert_eq!(data.len(), 16);
//! # }
//! # Ok::<(), pinvoke::Error>(())
//! ```
//!
//! A **replaced array** (`#[returns(free, len = n)] values: &mut Vec<T>`) is a pointer to a pointer: native
//! code gets an array in memory of the owner, may free it and put another one there, and says how long
//! that is. What stands there after the call is copied and freed.

use core::fmt;
use core::marker::PhantomData;

use super::counted::{release, values};
use super::length::{in_memory, make_room, within, wrong};
use super::{CharSet, Element, MarshalError, Null, Owned, Owner, Reason, Unit};
use crate::native::{NativeField, NativeType};

/// An argument that native code fills or replaces, and whose length it then tells.
///
/// ```
/// use pinvoke::marshal::{Lend, MarshalError};
///
/// /// Room that is not a `Vec`.
/// #[derive(Default)]
/// struct Block {
///     bytes: [u8; 16],
///     used: usize,
/// }
///
/// impl<'a, M: ?Sized> Lend<M> for &'a mut Block {
///     type Native = *mut u8;
///     type State = Option<&'a mut Block>;
///     fn state() -> Self::State {
///         None
///     }
///     fn lend(self, _: Option<usize>, state: &mut Self::State) -> Result<*mut u8, MarshalError> {
///         Ok(state.insert(self).bytes.as_mut_ptr())
///     }
///     fn capacity(_: &Self::State) -> usize {
///         16
///     }
///     fn length(state: &Self::State) -> usize {
///         state.as_ref().map_or(0, |block| block.used)
///     }
///     unsafe fn take_back(state: &mut Self::State, used: Option<usize>) -> Result<(), MarshalError> {
///         if let Some(block) = state.take() {
///             block.used = used.unwrap_or(16).min(16);
///         }
///         Ok(())
///     }
/// }
///
/// # #[cfg(unix)] {
/// use std::os::fd::AsRawFd;
///
/// #[pinvoke::dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     #[returns(len_of(block))]
///     safe fn read(fd: i32, #[buffer] block: &mut Block, #[capacity_of(block)] size: usize) -> Result<isize, pinvoke::Error>;
/// }
/// let mut block = Block::default();
/// let file = std::fs::File::open("Cargo.toml")?;
/// read(file.as_raw_fd(), &mut block).expect("a file can be read");
/// assert_eq!((block.used, &block.bytes[..9]), (16, &b"[package]"[..]));
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no room that native code can fill in the form `{M}`",
    note = "buffers are `&mut String` and `&mut Vec<T>`, or the `Option` of one; arrays that native code replaces are `&mut Vec<T>`"
)]
pub trait Lend<M: ?Sized>: Sized {
    /// What travels.
    type Native: NativeType;
    /// What has to live until the call is over.
    type State;

    /// Room for the conversion, before it.
    ///
    /// ```
    /// use pinvoke::marshal::{Lend, Utf8};
    ///
    /// // Made before any argument is converted: nothing is lent yet.
    /// let state = <&mut Vec<i32> as Lend<Utf8>>::state();
    /// assert_eq!(<&mut Vec<i32> as Lend<Utf8>>::capacity(&state), 0);
    /// ```
    fn state() -> Self::State;

    /// The address of the room: for `room` units, or as many as the value has capacity for.
    ///
    /// # Errors
    /// The value has no native form, or more units than there is room for.
    ///
    /// ```
    /// use pinvoke::marshal::{Lend, Utf8};
    ///
    /// let mut text = String::from("/tmp/XXXXXX");
    /// let mut state = <&mut String as Lend<Utf8>>::state();
    /// let address = Lend::<Utf8>::lend(&mut text, Some(64), &mut state)?;
    /// // SAFETY: what was in the text, and zeros behind it.
    /// assert_eq!(unsafe { libc::strlen(address) }, 11);
    ///
    /// let mut state = <&mut String as Lend<Utf8>>::state();
    /// let error = Lend::<Utf8>::lend(&mut String::from("four"), Some(3), &mut state).unwrap_err();
    /// assert_eq!(error.to_string(), "the count 4 is larger than the buffer of 3 elements");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn lend(self, room: Option<usize>, state: &mut Self::State) -> Result<Self::Native, MarshalError>;

    /// How many units there is room for.
    ///
    /// ```
    /// use pinvoke::marshal::{Lend, Utf16};
    ///
    /// let mut text = String::with_capacity(100);
    /// let mut state = <&mut String as Lend<Utf16>>::state();
    /// Lend::<Utf16>::lend(&mut text, Some(260), &mut state)?;
    /// assert_eq!(<&mut String as Lend<Utf16>>::capacity(&state), 260, "what `#[capacity_of(text)]` says");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn capacity(state: &Self::State) -> usize;

    /// How many units were lent with something in them.
    ///
    /// ```
    /// use pinvoke::marshal::{Lend, Utf16};
    ///
    /// let mut text = String::from("😀!");
    /// let mut state = <&mut String as Lend<Utf16>>::state();
    /// Lend::<Utf16>::lend(&mut text, Some(260), &mut state)?;
    /// assert_eq!(<&mut String as Lend<Utf16>>::length(&state), 3, "what `#[len_of(text)]` says");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn length(state: &Self::State) -> usize;

    /// Takes over what native code has left: so many units, if it said so.
    ///
    /// # Errors
    /// The units are no value of the type; the count is larger than the room; there is no NUL.
    ///
    /// # Safety
    /// Native code has left so many units, as declared.
    ///
    /// ```
    /// use pinvoke::marshal::{Lend, Utf8};
    ///
    /// let mut values = Vec::<i32>::new();
    /// let mut state = <&mut Vec<i32> as Lend<Utf8>>::state();
    /// let room = Lend::<Utf8>::lend(&mut values, Some(8), &mut state)?;
    /// // SAFETY: there is room for eight; native code fills two and says so.
    /// unsafe {
    ///     room.write(7);
    ///     room.add(1).write(9);
    ///     <&mut Vec<i32> as Lend<Utf8>>::take_back(&mut state, Some(2))?;
    /// }
    /// drop(state);
    /// assert_eq!(values, [7, 9]);
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn take_back(state: &mut Self::State, used: Option<usize>) -> Result<(), MarshalError>;
}

/// Room for text.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Reason;
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn getcwd(#[buffer] path: &mut String, #[capacity_of(path)] size: usize) -> Result<*mut u8, pinvoke::Error>;
///     /// Fills the room to the brim.
///     fn memset(#[buffer] text: &mut String, byte: i32, #[capacity_of(text)] size: usize) -> Result<*mut u8, pinvoke::Error>;
/// }
/// let mut path = String::with_capacity(4096);
/// getcwd(&mut path).unwrap();
/// assert_eq!(std::env::current_dir()?.to_str(), Some(&*path));
/// assert!(path.capacity() >= 4096); // for the next call
///
/// // SAFETY: as many bytes as there is room for.
/// let error = unsafe { memset(&mut String::with_capacity(8), b'x'.into()) }.unwrap_err();
/// assert!(matches!(error, pinvoke::Error::Marshal(e) if matches!(e.reason(), Reason::Unterminated { units: 8.. })));
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[doc(hidden)]
pub struct TextBuffer<'a, U> {
    units: Vec<U>,
    length: usize,
    origin: Option<&'a mut String>,
}

impl<'a, M: CharSet> Lend<M> for &'a mut String {
    type Native = *mut M::Unit;
    type State = TextBuffer<'a, M::Unit>;

    fn state() -> Self::State {
        TextBuffer { units: Vec::new(), length: 0, origin: None }
    }

    fn lend(self, room: Option<usize>, state: &mut Self::State) -> Result<*mut M::Unit, MarshalError> {
        let room = room.unwrap_or(self.capacity());
        if let Some(position) = self.bytes().position(|b| b == 0) {
            return Err(Reason::InteriorNul { position }.into());
        }
        make_room(&mut state.units, room)?;
        M::encode(self, &mut state.units)?;
        state.length = within(state.units.len(), room)?;
        state.units.resize(room, M::Unit::NUL);
        state.origin = Some(self);
        Ok(state.units.as_mut_ptr())
    }

    fn capacity(state: &Self::State) -> usize {
        state.units.len()
    }

    fn length(state: &Self::State) -> usize {
        state.length
    }

    unsafe fn take_back(state: &mut Self::State, used: Option<usize>) -> Result<(), MarshalError> {
        let Some(origin) = state.origin.take() else { return Ok(()) };
        let room = state.units.len();
        let units = &state.units[..used.map_or(Ok(room), |used| within(used, room))?];
        let units = match units.iter().position(|u| *u == M::Unit::NUL) {
            Some(end) => &units[..end],
            None if used.is_some() || room == 0 => units,
            None => return Err(Reason::Unterminated { units: room }.into()),
        };
        let text = M::look(units)?;
        // The capacity stays, for the next call.
        origin.clear();
        origin.push_str(&text);
        Ok(())
    }
}

/// Room for elements.
///
/// ```
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     #[returns(len_of(groups))]
///     safe fn getgroups(#[capacity_of(groups)] size: i32, #[buffer] groups: &mut Vec<u32>) -> Result<i32, pinvoke::Error>;
/// }
/// let mut groups = Vec::with_capacity(1024);
/// let count = getgroups(&mut groups).unwrap();
/// assert_eq!(groups.len(), count as usize);
/// # }
/// ```
#[doc(hidden)]
pub struct ElementBuffer<'a, T: Element<M>, M: ?Sized> {
    room: usize,
    /// Native forms, unless they are the elements themselves.
    natives: Vec<T::Native>,
    guards: Vec<T::Guard>,
    origin: Option<&'a mut Vec<T>>,
}

impl<T: Element<M>, M: ?Sized> Drop for ElementBuffer<'_, T, M> {
    fn drop(&mut self) {
        for native in &mut self.natives {
            // SAFETY: made by `to_native`, written by native code, or zero; read for the last time.
            unsafe { T::release(native) };
        }
    }
}

impl<T: Element<M>, M: ?Sized> fmt::Debug for ElementBuffer<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElementBuffer").field("room", &self.room).finish_non_exhaustive()
    }
}

impl<'a, T: Element<M>, M: CharSet> Lend<M> for &'a mut Vec<T> {
    type Native = *mut T::Native;
    type State = ElementBuffer<'a, T, M>;

    fn state() -> Self::State {
        ElementBuffer { room: 0, natives: Vec::new(), guards: Vec::new(), origin: None }
    }

    fn lend(self, room: Option<usize>, state: &mut Self::State) -> Result<*mut T::Native, MarshalError> {
        state.room = room.unwrap_or(self.capacity());
        within(self.len(), state.room)?;
        let values = state.origin.insert(self);
        if T::IN_PLACE {
            make_room(values, state.room - values.len())?;
            return Ok(values.as_mut_ptr().cast());
        }
        make_room(&mut state.natives, state.room)?;
        for value in values.iter() {
            let (native, guard) = value.to_native()?;
            state.natives.push(native);
            state.guards.push(guard);
        }
        state.natives.resize_with(state.room, zero);
        Ok(state.natives.as_mut_ptr())
    }

    fn capacity(state: &Self::State) -> usize {
        state.room
    }

    fn length(state: &Self::State) -> usize {
        state.origin.as_ref().map_or(0, |values| values.len())
    }

    unsafe fn take_back(state: &mut Self::State, used: Option<usize>) -> Result<(), MarshalError> {
        let Some(origin) = state.origin.take() else { return Ok(()) };
        let used = used.map_or(Ok(origin.len()), |used| within(used, state.room))?;
        if T::IN_PLACE {
            // SAFETY: there was room, and native code has left so many elements, by contract.
            unsafe { origin.set_len(used) };
            return Ok(());
        }
        let natives = &state.natives[..used];
        // SAFETY: native code has left them, by contract.
        *origin = unsafe { values::<T, M>(natives.as_ptr(), used) }?;
        Ok(())
    }
}

pub(super) fn zero<N: NativeField>() -> N {
    const { assert!(N::FIELD_ZEROABLE, "all bytes zero is no value of this element") };
    // SAFETY: all bytes zero is a value of the type, as asserted.
    unsafe { core::mem::zeroed() }
}

/// The place of an array that native code may replace.
///
/// ```
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     /// Puts an array of malloc's there, whatever stood there before.
///     fn asprintf(#[returns(free, len = 4)] digits: &mut Vec<u8>, format: &str, ...) -> i32;
/// }
/// let mut digits = Vec::new();
/// // SAFETY: the format asks for one `int` and makes four digits of it.
/// unsafe { asprintf(&mut digits, "%04d", (17,)) };
/// assert_eq!(digits, b"0017");
/// # }
/// ```
#[doc(hidden)]
pub struct Replaced<'a, T: Element<M>, M, O: Owner> {
    /// What native code sees.
    slot: *mut T::Native,
    /// What it saw first, and how many elements that has.
    given: *mut T::Native,
    length: usize,
    guards: Vec<T::Guard>,
    origin: Option<&'a mut Vec<T>>,
    owner: PhantomData<O>,
}

impl<T: Element<M>, M, O: Owner> Replaced<'_, T, M, O> {
    fn give(&mut self, values: &[T]) -> Result<(), MarshalError> {
        if values.is_empty() {
            return Ok(());
        }
        let bytes = size_of::<T::Native>() * in_memory::<T::Native>(values.len())?;
        let memory = O::allocate(bytes).cast::<T::Native>();
        if memory.is_null() {
            return Err(MarshalError::custom(format!(
                "`{}` has no memory for an array: declare `alloc_with`, or start with an empty one",
                O::NAME
            )));
        }
        (self.slot, self.given) = (memory, memory);
        for value in values {
            let (native, guard) = value.to_native()?;
            // SAFETY: there is room for all of them, and so many were written.
            let place = unsafe { memory.add(self.length) };
            // SAFETY: as above; aligned for every scalar.
            unsafe { place.write(native) };
            self.guards.push(guard);
            self.length += 1;
        }
        Ok(())
    }
}

impl<T: Element<M>, M, O: Owner> Drop for Replaced<'_, T, M, O> {
    fn drop(&mut self) {
        if self.slot.is_null() {
            return;
        }
        // How many elements another array has is not known unless it was read.
        if self.slot == self.given {
            // SAFETY: so many elements are there.
            unsafe { release::<T, M>(self.slot, self.length) };
        }
        // SAFETY: not null, and the owner's by declaration.
        unsafe { O::free(self.slot.cast()) };
    }
}

impl<T: Element<M>, M, O: Owner> fmt::Debug for Replaced<'_, T, M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replaced").field("owner", &O::NAME).finish_non_exhaustive()
    }
}

impl<'a, T: Element<M>, M, O: Owner> Lend<Owned<M, O>> for &'a mut Vec<T> {
    type Native = *mut *mut T::Native;
    type State = Replaced<'a, T, M, O>;

    fn state() -> Self::State {
        let null = core::ptr::null_mut();
        Replaced { slot: null, given: null, length: 0, guards: Vec::new(), origin: None, owner: PhantomData }
    }

    fn lend(self, _: Option<usize>, state: &mut Self::State) -> Result<Self::Native, MarshalError> {
        state.give(self)?;
        state.origin = Some(self);
        Ok(&raw mut state.slot)
    }

    fn capacity(state: &Self::State) -> usize {
        state.length
    }

    fn length(state: &Self::State) -> usize {
        state.length
    }

    unsafe fn take_back(state: &mut Self::State, used: Option<usize>) -> Result<(), MarshalError> {
        let Some(origin) = state.origin.take() else { return Ok(()) };
        let Some(used) = used else { return Err(wrong("none", "missing")) };
        // SAFETY: so many elements are there, by contract.
        let read = unsafe { values::<T, M>(state.slot, used) };
        // Released once, with all of them: `Drop` frees the array.
        (state.given, state.length) = (state.slot, used);
        *origin = read?;
        Ok(())
    }
}

/// Null is `None`: no room, and nothing to take back.
///
/// ```
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     /// Without room, only the number of groups.
///     #[returns(len_of(groups))]
///     safe fn getgroups(#[capacity_of(groups)] size: i32, #[buffer] groups: Option<&mut Vec<u32>>) -> Result<i32, pinvoke::Error>;
/// }
/// let count = getgroups(None).unwrap() as usize;
/// let mut groups = Vec::with_capacity(count + 1);
/// getgroups(Some(&mut groups)).unwrap();
/// assert_eq!(groups.len(), count);
/// # }
/// ```
impl<L: Lend<M>, M: ?Sized> Lend<M> for Option<L>
where
    L::Native: Null,
{
    type Native = L::Native;
    type State = Option<L::State>;

    fn state() -> Self::State {
        None
    }

    fn lend(self, room: Option<usize>, state: &mut Self::State) -> Result<L::Native, MarshalError> {
        match self {
            Some(lent) => lent.lend(room, state.insert(L::state())),
            None => Ok(L::Native::NULL),
        }
    }

    fn capacity(state: &Self::State) -> usize {
        state.as_ref().map_or(0, L::capacity)
    }

    fn length(state: &Self::State) -> usize {
        state.as_ref().map_or(0, L::length)
    }

    unsafe fn take_back(state: &mut Self::State, used: Option<usize>) -> Result<(), MarshalError> {
        match state {
            // SAFETY: the caller's promise.
            Some(state) => unsafe { L::take_back(state, used) },
            None => Ok(()),
        }
    }
}

/// The owner of memory that stays native code's: nothing is freed.
///
/// ```
/// use pinvoke::marshal::{FromNative, Nobody, Owned, Utf8};
///
/// let constant = c"never freed".as_ptr().cast_mut();
/// for _ in 0..2 {
///     // SAFETY: a text that lives for ever.
///     let text: String = unsafe { FromNative::<Owned<Utf8, Nobody>>::from_native(constant) }?;
///     assert_eq!(text, "never freed");
/// }
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Nobody {}

// SAFETY: frees nothing and allocates nothing.
unsafe impl Owner for Nobody {
    const NAME: &'static str = "borrowed";
    unsafe fn free(_: *mut core::ffi::c_void) {}
}
