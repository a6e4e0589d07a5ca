//! Rust values as native values, and back: the marshallers of declared imports.
//!
//! A declaration says `text: &str`, C wants a `const char *`. What stands between is an implementation
//! of [`IntoNative`] for what goes in, and of [`FromNative`] for what comes out. A call made by
//! [`dll_import`](crate::dll_import) runs these stages, in this order:
//!
//! ```text
//! state        room for every argument, in the caller's frame        IntoNative::state
//! marshal      each argument to its native form                      IntoNative::into_native
//! hand over    what native code will free is its own from here on    IntoNative::hand_over
//! invoke       clear last error · call · read last error
//! unmarshal    the result first, then what the call changed          FromNative, IntoNative::copy_back
//! clean-up     states dropped, newest first, also after a failure    Drop of IntoNative::State
//! ```
//!
//! # Which form
//!
//! The same `&str` may become UTF-8 or UTF-16, the same `bool` one byte or four. The type parameter `M`
//! of the traits says which: for a whole declaration its character set ([`Ansi`], [`Utf8`], [`Utf16`],
//! [`Utf32`]), for one parameter whatever `#[marshal(M)]` names. A crate that wants a form of its own
//! for a type makes `M` a type of its own:
//!
//! ```
//! # #[cfg(unix)] {
//! use pinvoke::marshal::{IntoNative, MarshalError};
//!
//! /// Seconds as C's `struct timespec` has none: a count of milliseconds.
//! enum Millis {}
//!
//! impl IntoNative<Millis> for std::time::Duration {
//!     type Native = i32;
//!     type State = ();
//!     fn state() {}
//!     fn into_native(self, (): &mut ()) -> Result<i32, MarshalError> {
//!         self.as_millis().try_into().map_err(MarshalError::custom)
//!     }
//! }
//!
//! #[pinvoke::dll_import("libc")]
//! unsafe extern "C" {
//!     /// Waits until a descriptor is ready; with none given, it only waits.
//!     fn poll(fds: *mut u8, count: u64, #[marshal(Millis)] timeout: std::time::Duration) -> i32;
//! }
//!
//! // SAFETY: no descriptors are given.
//! let ready = unsafe { poll(core::ptr::null_mut(), 0, std::time::Duration::from_millis(1)) };
//! assert_eq!(ready, 0);
//! # }
//! ```
//!
//! Values that lie in memory, as elements of an array, members of a structure or behind a reference,
//! have a form there as well: [`Element`].
//!
//! # Values
//!
//! | C | Rust |
//! |---|---|
//! | `char`, `short`, `int`, `long long`, `size_t`, `float`, `double` | `i8` … `u64`, `isize`, `usize`, `f32`, `f64` |
//! | `long`, `unsigned long` | [`c_long`](core::ffi::c_long), [`c_ulong`](core::ffi::c_ulong): 64 bits, and 32 on Windows |
//! | `__int128` | `i128`, `u128` |
//! | `long double` | [`LongDouble`](crate::value::LongDouble), exact |
//! | `float _Complex`, `double _Complex` | [`Complex`] |
//! | `__m128`, `__m128d`, `__m128i`; `float32x4_t`, `int8x8_t`, `uint8x16x4_t` and theirs | the types of [`core::arch`] |
//! | `bool`; `BOOL`; `VARIANT_BOOL` | `bool`, by default and as [`Bool32`] and [`VariantBool`]: whatever is not 0 is true |
//! | one unit of text | `char`, in the character set of the declaration; what takes more units is an error |
//! | a number that is never 0 | [`NonZero`](core::num::NonZero) |
//! | an enumeration, a set of flags | a type that derives [`Marshal`], checked; one that derives [`NativeType`] |
//! | a structure, a union, a tagged union | [`structure`] |
//! | a pointer to one value | `&T`, `&mut T`, [`Out<T>`](Out), `Box<T>`; raw pointers, [`NonNull`](core::ptr::NonNull) |
//! | any pointer or handle that may be null | `Option` of its type |
//! | what is opened and closed | [`handle`] |
//! | `GUID`, `DECIMAL`, `CY`, `DATE` | [`Guid`], [`Decimal`], [`Currency`], [`OleDate`] |
//! | a function | closures and [`callback`](mod@callback) types; `Option<unsafe extern "C" fn(..)>` |
//!
//! # Text, arrays and lengths
//!
//! | of | read |
//! |---|---|
//! | text in every encoding, BSTR, and who owns it | [`text`] |
//! | who frees what crosses the border, and how to name an allocator | [`owner`] |
//! | slices, arrays, arrays of text and of structures | [`slice`](mod@slice) |
//! | counts in parameters of their own, sums of counts | [`length`] |
//! | buffers that native code fills, arrays that it replaces | [`lend`] |
//! | returned arrays, and arrays in callbacks | [`counted`] |
#![allow(unsafe_code, reason = "native values are read on the word of a declaration")]

mod array;
mod boolean;
pub mod callback;
mod character;
#[cfg(unix)]
#[path = "com_unix.rs"]
mod com;
#[cfg(windows)]
#[path = "com_windows.rs"]
mod com;
pub mod counted;
mod date;
mod decimal;
mod error;
mod fixed;
mod guid;
pub mod handle;
pub mod lend;
pub mod length;
#[cfg(any(
    all(any(target_arch = "x86_64", target_arch = "x86"), not(windows)),
    all(any(target_arch = "aarch64", target_arch = "riscv64"), target_os = "linux")
))]
pub mod long_double;
mod nullable;
mod number;
pub mod owner;
mod reference;
#[doc(hidden)]
pub mod room;
mod scalar;
pub mod slice;
pub mod structure;
pub mod text;
#[cfg(any(target_arch = "x86_64", all(target_arch = "x86", not(windows)), target_arch = "aarch64"))]
mod vector;

pub use array::Array;
pub use boolean::{Bool8, Bool32, Booleans, NativeBool, VariantBool};
pub use callback::As;
pub use character::CharUnit;
#[doc(hidden)]
pub use counted::counted_result;
pub use counted::{Counted, FromCounted};
pub use date::{OleDate, OleDateError};
pub use decimal::{Currency, Decimal, DecimalError};
#[doc(hidden)]
pub use error::undeclared;
pub use error::{MarshalError, Reason};
pub use fixed::{Fixed, Truncated};
pub use guid::{Guid, ParseGuidError};
pub use handle::{Exchange, Handle, HandleKind, HandleRef, HandleSlot, HandleValue, OwnedHandle};
pub use lend::{Lend, Nobody};
pub use length::{Count, Elements, Length, count};
#[doc(hidden)]
pub use length::{bytes, elements, product, sum};
pub use nullable::Null;
pub use number::Complex;
pub use owner::{CoTaskMem, Free, Owned, Owner};
pub use reference::{Copied, Out};
pub use room::{Room, Roomy};
pub use slice::NullTerminated;
pub use text::{
    AnsiBStr, BStr, CharSet, Given, NotTerminated, OwnedText, SysString, U16CStr, U32CStr, Unit, UnitStr,
    Utf8Text,
};

/// Gives a structure, an enumeration or a set of flags a native form of its own.
///
/// [`structure`] has the attributes and what follows from them.
///
/// ```
/// use core::ffi::c_long;
///
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Marshal;
///
/// /// `struct tm` of glibc.
/// #[derive(Default, Marshal)]
/// #[native(bool = pinvoke::marshal::Bool32)]
/// struct Time {
///     second: i32,
///     minute: i32,
///     hour: i32,
///     day: i32,
///     month: i32,
///     year: i32,
///     weekday: i32,
///     yearday: i32,
///     is_dst: bool,
///     offset: c_long,
///     zone: Option<String>,
/// }
///
/// # #[cfg(target_os = "linux")] {
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     /// Normalises what it gets and fills the rest.
///     safe fn timegm(time: &mut Time) -> c_long;
/// }
/// let mut time = Time { day: 32, year: 70, ..Time::default() };
/// assert_eq!(timegm(&mut time), 31 * 86_400);
/// assert_eq!((time.month, time.day, time.weekday), (1, 1, 0));
/// assert_eq!(time.zone.as_deref(), Some("GMT"));
/// # }
/// ```
pub use pinvoke_macros::Marshal;

use crate::native::{NativeField, NativeType};

/// 8-bit text in the system's encoding: UTF-8 on Unix, the active code page on Windows.
///
/// The default of a declaration, as in .NET. A character that the code page does not have is an error, without best
/// fit; bytes that are no text in it are one too. `&str` as a result looks at ASCII only where the code page is not
/// UTF-8; `String` and `Cow<str>` take everything. A `char` has to be ASCII.
///
/// Values known at run time ([`downcall`](crate::downcall)) have no `Ansi`: their `char *` is UTF-8 on every system.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Ansi;
///
/// #[dll_import("libc")] // as `char_set = Ansi` would
/// unsafe extern "C" {
///     safe fn strlen(text: &str) -> usize;
///     #[dll_import(entry_point = "strlen", char_set = Utf16)]
///     safe fn also_strlen(#[marshal(Ansi)] text: &str) -> usize;
/// }
/// assert_eq!(strlen("grüße"), 7); // 5 where the code page of Windows has one byte for each
/// assert_eq!(also_strlen("grüße"), 7);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Ansi {}

/// What the system prefers: UTF-16 on Windows, 8-bit text elsewhere.
#[cfg(windows)]
pub type Auto = Utf16;
/// What the system prefers: UTF-16 on Windows, 8-bit text elsewhere.
#[cfg(not(windows))]
pub type Auto = Ansi;

/// UTF-8 text, ended by a NUL, on every system.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
///
/// #[dll_import("libc", char_set = Utf8)]
/// unsafe extern "C" {
///     safe fn strlen(text: &str) -> usize;
/// }
/// assert_eq!(strlen("€"), 3);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Utf8 {}

/// UTF-16 text, ended by a NUL unit: `char16_t *`, Windows' `wchar_t *`.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Utf16;
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     fn memcpy(to: &mut [u16; 3], #[marshal(Utf16)] from: &str, bytes: usize) -> *mut u16;
/// }
/// let mut units = [9; 3];
/// // SAFETY: two units and the NUL.
/// unsafe { memcpy(&mut units, "😀", 6) };
/// assert_eq!(units, [0xd83d, 0xde00, 0]);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Utf16 {}

/// UTF-32 text, ended by a NUL unit: `char32_t *`, the `wchar_t *` of Linux and macOS.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use core::ffi::c_long;
/// use pinvoke::dll_import;
///
/// #[dll_import("libc", char_set = Utf32)]
/// unsafe extern "C" {
///     safe fn wcstol(text: &str, end: Option<&mut *mut u32>, base: i32) -> c_long;
/// }
/// assert_eq!(wcstol("-7", None, 10), -7);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Utf32 {}

/// The character set of `wchar_t`.
#[cfg(windows)]
pub type WideChars = Utf16;
/// The character set of `wchar_t`.
#[cfg(not(windows))]
pub type WideChars = Utf32;

/// What `wchar_t` is: one unit of [`WideChars`].
pub type WChar = <WideChars as CharSet>::Unit;

/// States that hold nothing that native code needs, once it was [handed over](IntoNative::hand_over):
/// what makes a value the result of a callback, which nothing outlives.
///
/// ```
/// use core::ffi::{CStr, c_char};
/// use std::ffi::CString;
/// use pinvoke::marshal::{Detached, IntoNative, MarshalError};
///
/// /// A text that native code may look at for ever once a callback has returned it.
/// struct Name(CString);
/// struct Kept(Option<CString>);
///
/// impl Detached for Kept {
///     fn detach(self) {
///         core::mem::forget(self);
///     }
/// }
///
/// impl<M: ?Sized> IntoNative<M> for Name {
///     type Native = *const c_char;
///     type State = Kept;
///     fn state() -> Kept {
///         Kept(None)
///     }
///     fn into_native(self, state: &mut Kept) -> Result<*const c_char, MarshalError> {
///         Ok(state.0.insert(self.0).as_ptr())
///     }
/// }
///
/// #[pinvoke::callback]
/// type Naming = extern "C" fn(n: i32) -> Name;
///
/// let naming = Naming::function(|n| Name(CString::new(n.to_string()).expect("digits")));
/// // What native code does and gets. SAFETY: a function of this kind; what it returns stays.
/// unsafe {
///     let call: extern "C" fn(i32) -> *const c_char = core::mem::transmute(naming.code());
///     assert_eq!(CStr::from_ptr(call(42)), c"42");
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "native code would keep an address in memory of this side, which is gone when it looks: in the result of a callback, in what it answers through an argument, or in a variable",
    note = "text that native code frees is `Given<String>` as a result, of the form `Owned<Utf8, Free>` as a variable or an answer, and `owned` or `fixed` as a member; or give an address of something that lives on"
)]
pub trait Detached: Sized {
    /// Ends without taking back what native code has got.
    ///
    /// ```
    /// use pinvoke::marshal::{Detached, Given, IntoNative, Utf8};
    ///
    /// // What happens to the result of a callback that gives a text away:
    /// let mut state = <Given<&str> as IntoNative<Utf8>>::state();
    /// let native = IntoNative::<Utf8>::into_native(Given::new("yours"), &mut state)?;
    /// <Given<&str> as IntoNative<Utf8>>::hand_over(&mut state);
    /// state.detach();
    /// // SAFETY: a text of malloc's, which nobody else frees.
    /// unsafe {
    ///     assert_eq!(libc::strlen(native), 5);
    ///     libc::free(native.cast());
    /// }
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    #[inline]
    fn detach(self) {}
}

impl Detached for () {}
impl<A: Detached, B: Detached> Detached for (A, B) {}
impl<T: Detached> Detached for Option<T> {}
impl<T: Detached> Detached for Vec<T> {}
impl<T: Detached, const N: usize> Detached for [T; N] {}

/// A Rust value that native code takes: an argument, or the result of a callback.
///
/// Implemented by this crate for what the table of the crate's guide lists; implement it to make
/// a type of your own, or another form of a foreign type, an argument.
///
/// `State` is what the native value may point to. It is made before any argument is converted, stays
/// where it is while the native function runs, and is dropped after everything has been read back, also
/// if a later argument cannot be converted or a callback panics: clean-up belongs into its `Drop`.
///
/// ```
/// # #[cfg(unix)] {
/// use core::cmp::Ordering;
/// use core::ffi::c_int;
/// use pinvoke::dll_import;
/// use pinvoke::marshal::{IntoNative, MarshalError};
///
/// /// What a comparison tells `qsort`: a negative number, 0 or a positive one.
/// struct Order(Ordering);
///
/// impl<M: ?Sized> IntoNative<M> for Order {
///     type Native = c_int;
///     type State = ();
///     fn state() {}
///     fn into_native(self, (): &mut ()) -> Result<c_int, MarshalError> {
///         Ok(self.0 as c_int)
///     }
/// }
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     fn qsort(
///         numbers: &mut [f64],
///         #[len_of(numbers)] count: usize,
///         size: usize,
///         compare: impl FnMut(&f64, &f64) -> Order,
///     );
/// }
/// let mut numbers = [2.5, -1.0, 0.25];
/// // SAFETY: a double has 8 bytes.
/// unsafe { qsort(&mut numbers, 8, |a, b| Order(a.total_cmp(b))) };
/// assert_eq!(numbers, [-1.0, 0.25, 2.5]);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a native function in the form `{M}`",
    note = "arguments are native types, `&str`, slices, references, closures, handles, and types that derive `Marshal`; `#[marshal(...)]` before the parameter chooses a form"
)]
pub trait IntoNative<M: ?Sized>: Sized {
    /// What travels.
    type Native: NativeType;
    /// What has to live until the call is over; `()` for values that need nothing.
    type State;

    /// The conversion of a type that is its own native form, which needs no state and cannot fail.
    #[doc(hidden)]
    const AS_IT_IS: Option<fn(Self) -> Self::Native> = None;

    /// Room for the conversion, before it.
    ///
    /// ```
    /// use pinvoke::marshal::{IntoNative, Utf16};
    ///
    /// // Nothing is needed to pass a number; a text needs room for its units.
    /// assert_eq!(size_of_val(&<i32 as IntoNative<Utf16>>::state()), 0);
    /// assert_ne!(size_of_val(&<&str as IntoNative<Utf16>>::state()), 0);
    /// ```
    fn state() -> Self::State;

    /// The native value. It may point into `state`, which will not move before [`Self::copy_back`].
    ///
    /// # Errors
    /// The value has no native form; the function is not called then.
    ///
    /// ```
    /// use pinvoke::marshal::{IntoNative, Reason, Utf8};
    ///
    /// let mut state = <&str as IntoNative<Utf8>>::state();
    /// let text = IntoNative::<Utf8>::into_native("42", &mut state)?;
    /// // SAFETY: a text of C, which the state holds.
    /// assert_eq!(unsafe { libc::atoi(text) }, 42);
    ///
    /// let error = IntoNative::<Utf8>::into_native("4\02", &mut state).unwrap_err();
    /// assert!(matches!(error.reason(), Reason::InteriorNul { position: 1 }));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn into_native(self, state: &mut Self::State) -> Result<Self::Native, MarshalError>;

    /// The function is about to be called, with all of its arguments converted: what the native value
    /// gives away belongs to the function from here on.
    ///
    /// ```
    /// use core::ffi::c_char;
    /// use pinvoke::marshal::{IntoNative, MarshalError, Utf8};
    ///
    /// /// A text for `putenv`, which belongs to the environment from then on.
    /// struct Setting(&'static str);
    ///
    /// impl IntoNative<Utf8> for Setting {
    ///     type Native = *mut c_char;
    ///     type State = Vec<u8>;
    ///     fn state() -> Vec<u8> {
    ///         Vec::new()
    ///     }
    ///     fn into_native(self, state: &mut Vec<u8>) -> Result<*mut c_char, MarshalError> {
    ///         *state = format!("{}\0", self.0).into_bytes();
    ///         Ok(state.as_mut_ptr().cast())
    ///     }
    ///     fn hand_over(state: &mut Vec<u8>) {
    ///         core::mem::take(state).leak();
    ///     }
    /// }
    ///
    /// # #[cfg(unix)] {
    /// #[pinvoke::dll_import("libc", char_set = Utf8)]
    /// unsafe extern "C" {
    ///     fn putenv(setting: Setting) -> i32;
    /// }
    /// // SAFETY: nobody else uses the environment now.
    /// assert_eq!(unsafe { putenv(Setting("PINVOKE_COLOR=green")) }, 0);
    /// assert_eq!(std::env::var("PINVOKE_COLOR").as_deref(), Ok("green"));
    /// # }
    /// ```
    #[inline]
    fn hand_over(state: &mut Self::State) {
        let _ = state;
    }

    /// Takes over what the function changed. Called once, after it has returned.
    ///
    /// # Errors
    /// What the function wrote is not a value of the type.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime, UNIX_EPOCH};
    /// use pinvoke::marshal::{IntoNative, MarshalError};
    ///
    /// /// A time that the function writes.
    /// struct Written<'a>(&'a mut SystemTime);
    ///
    /// impl<'a, M: ?Sized> IntoNative<M> for Written<'a> {
    ///     type Native = *mut libc::time_t;
    ///     type State = (libc::time_t, Option<&'a mut SystemTime>);
    ///     fn state() -> Self::State {
    ///         (0, None)
    ///     }
    ///     fn into_native(self, state: &mut Self::State) -> Result<Self::Native, MarshalError> {
    ///         state.1 = Some(self.0);
    ///         Ok(&raw mut state.0)
    ///     }
    ///     fn copy_back((seconds, place): &mut Self::State) -> Result<(), MarshalError> {
    ///         let seconds = u64::try_from(*seconds).map_err(MarshalError::custom)?;
    ///         if let Some(place) = place.take() {
    ///             *place = UNIX_EPOCH + Duration::from_secs(seconds);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[cfg(unix)] {
    /// #[pinvoke::dll_import("libc")]
    /// unsafe extern "C" {
    ///     safe fn time(now: Written<'_>) -> libc::time_t;
    /// }
    /// let mut now = UNIX_EPOCH;
    /// time(Written(&mut now));
    /// assert!(now > UNIX_EPOCH);
    /// # }
    /// ```
    #[inline]
    fn copy_back(state: &mut Self::State) -> Result<(), MarshalError> {
        let _ = state;
        Ok(())
    }
}

/// A Rust value that native code hands over: a result, or an argument of a callback.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// use pinvoke::marshal::{FromNative, MarshalError};
///
/// /// A `time_t`; -1 is no time.
/// struct Time(SystemTime);
///
/// impl<M: ?Sized> FromNative<M> for Time {
///     type Native = libc::time_t;
///     unsafe fn from_native(native: libc::time_t) -> Result<Time, MarshalError> {
///         let seconds = u64::try_from(native).map_err(MarshalError::custom)?;
///         Ok(Time(UNIX_EPOCH + Duration::from_secs(seconds)))
///     }
///     fn is_failure(native: &libc::time_t) -> bool {
///         *native == -1
///     }
/// }
///
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn time(now: Option<&mut libc::time_t>) -> Result<Time, pinvoke::Error>;
/// }
/// assert!(time(None).unwrap().0 > UNIX_EPOCH);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot come from a native function in the form `{M}`",
    note = "results are native types, `bool`, text whose owner is stated (`#[returns(borrowed)]`, `#[returns(free)]`), handles, and types that derive `Marshal`, which are `Box<T>` behind a pointer",
    note = "`&str` looks at UTF-8 where it is: text of another character set is `String` or `Cow<str>`, which are converted"
)]
pub trait FromNative<M: ?Sized>: Sized {
    /// What travels.
    type Native: NativeType;

    /// The value.
    ///
    /// # Errors
    /// The native value is none of this type: a null pointer, text that is not Unicode, an undeclared
    /// constant.
    ///
    /// # Safety
    /// `native` came from the function that the declaration is about, and the declaration is true: what
    /// it points to is there, and lives as long as the type says.
    ///
    /// ```
    /// use pinvoke::marshal::{FromNative, Reason, Utf8};
    ///
    /// // SAFETY: a text that lives for ever, or null.
    /// let read = |text| unsafe { <&'static str as FromNative<Utf8>>::from_native(text) };
    /// assert_eq!(read(c"grüße".as_ptr())?, "grüße");
    /// assert!(matches!(read(core::ptr::null()).unwrap_err().reason(), Reason::Null));
    /// assert!(matches!(read(c"gr\xfc\xdfe".as_ptr()).unwrap_err().reason(), Reason::NotUnicode { position: 2, .. }));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn from_native(native: Self::Native) -> Result<Self, MarshalError>;

    /// The conversion of a type that is its own native form, which looks at nothing and cannot fail.
    #[doc(hidden)]
    const AS_IT_IS: Option<fn(Self::Native) -> Self> = None;

    /// Whether a function that reports failure through the last error means failure by this value: -1,
    /// null, false, an invalid handle. Declarations may state other rules.
    ///
    /// ```
    /// use pinvoke::marshal::{Ansi, FromNative};
    ///
    /// assert!(<i32 as FromNative<Ansi>>::is_failure(&-1));
    /// assert!(!<i32 as FromNative<Ansi>>::is_failure(&0));
    /// assert!(<*mut u8 as FromNative<Ansi>>::is_failure(&core::ptr::null_mut()));
    /// ```
    #[inline]
    fn is_failure(native: &Self::Native) -> bool {
        let _ = native;
        false
    }
}

/// A Rust value with a form in native memory: an element of an array, a member of a structure, what a
/// reference points to.
///
/// # Safety
/// If `IN_PLACE`, `Self` and `Self::Native` have the same size, alignment and bytes, and every value
/// that native code may leave there is one of `Self`.
///
/// ```
/// use pinvoke::marshal::{Element, MarshalError};
///
/// /// A number in the byte order of the network.
/// struct Port(u16);
///
/// // SAFETY: never in place.
/// unsafe impl<M: ?Sized> Element<M> for Port {
///     type Native = u16;
///     type Guard = ();
///     const IN_PLACE: bool = false;
///     fn to_native(&self) -> Result<(u16, ()), MarshalError> {
///         Ok((self.0.to_be(), ()))
///     }
///     unsafe fn from_element(native: &u16) -> Result<Port, MarshalError> {
///         Ok(Port(u16::from_be(*native)))
///     }
/// }
///
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     fn memcpy(to: &mut [u8; 4], from: &[Port], bytes: usize) -> *mut u8;
/// }
/// let mut bytes = [0; 4];
/// // SAFETY: four bytes on both sides.
/// unsafe { memcpy(&mut bytes, &[Port(80), Port(0x1234)], 4) };
/// assert_eq!(bytes, [0, 80, 0x12, 0x34]);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no form in native memory as `{M}`",
    note = "elements and members are native types, text, handles, arrays, and types that derive `Marshal`"
)]
pub unsafe trait Element<M: ?Sized>: Sized {
    /// What lies in memory.
    type Native: NativeField;
    /// What the native form points to; freed when dropped.
    type Guard;
    /// Whether native code may work on the Rust value itself.
    const IN_PLACE: bool;

    /// The native form and what keeps it valid.
    ///
    /// # Errors
    /// The value has no native form.
    ///
    /// ```
    /// use pinvoke::marshal::{Element, Utf8};
    ///
    /// let (native, guard) = Element::<Utf8>::to_native(&String::from("grüße"))?;
    /// // SAFETY: a text of C, as long as the guard lives.
    /// assert_eq!(unsafe { libc::strlen(native) }, 7);
    /// drop(guard);
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    fn to_native(&self) -> Result<(Self::Native, Self::Guard), MarshalError>;

    /// The value of a native form.
    ///
    /// # Errors
    /// As for [`FromNative::from_native`].
    ///
    /// # Safety
    /// As for [`FromNative::from_native`].
    ///
    /// ```
    /// use pinvoke::marshal::{Element, Marshal, Reason, Utf8};
    ///
    /// #[derive(Debug, PartialEq, Marshal)]
    /// #[repr(u8)]
    /// enum Level {
    ///     Low = 1,
    ///     High = 2,
    /// }
    /// // SAFETY: numbers point nowhere.
    /// let read = |native: u8| unsafe { <Level as Element<Utf8>>::from_element(&native.into()) };
    /// assert_eq!(read(2)?, Level::High);
    /// assert!(matches!(read(3).unwrap_err().reason(), Reason::OutOfRange { .. }));
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    unsafe fn from_element(native: &Self::Native) -> Result<Self, MarshalError>;

    /// Takes the value of a native form that native code may have changed.
    ///
    /// # Errors
    /// As for [`Self::from_element`]. What could be converted of a structure has changed.
    ///
    /// # Safety
    /// As for [`Self::from_element`]; the form began as that of `self`, or as zeros.
    ///
    /// ```
    /// use pinvoke::marshal::{Element, Utf8};
    ///
    /// let mut text = String::from("before");
    /// let there = c"after".as_ptr();
    /// // SAFETY: a text that lives for ever.
    /// unsafe { Element::<Utf8>::update(&mut text, &there) }?;
    /// assert_eq!(text, "after");
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    #[inline]
    unsafe fn update(&mut self, native: &Self::Native) -> Result<(), MarshalError> {
        // SAFETY: the caller's promise.
        *self = unsafe { Self::from_element(native) }?;
        Ok(())
    }

    /// Native code owns the value from now on, by the native form that was made of it: what the value
    /// would do when dropped, such as to close a handle, is native code's to do. Types made of elements
    /// pass it on to each of them.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use core::ffi::c_void;
    /// use pinvoke::dll_import;
    /// use pinvoke::marshal::{Ansi, Element, Handle};
    ///
    /// #[derive(Handle)]
    /// #[handle(close = free)]
    /// struct Memory(*mut c_void);
    ///
    /// #[dll_import("libc")]
    /// unsafe extern "C" {
    ///     safe fn malloc(size: usize) -> Memory;
    ///     fn free(memory: *mut c_void);
    /// }
    /// let memory = malloc(16);
    /// let address = memory.as_raw();
    /// Element::<Ansi>::give_away(memory); // `free` is not called
    /// // SAFETY: nobody else frees it.
    /// unsafe { free(address) };
    /// # }
    /// ```
    #[inline]
    fn give_away(self) {}

    /// Frees what the native form owns by now: memory that native code put there to be freed, or
    /// that it was given to replace and left. Called once for each native form that is not
    /// [`IN_PLACE`](Element::IN_PLACE), after it was read for the last time, whether or not that
    /// succeeded. Types made of elements pass it on to each of them.
    ///
    /// # Safety
    /// `native` came from [`Self::to_native`] or from native code, as declared, and is not used again.
    ///
    /// ```
    /// use pinvoke::marshal::{Element, Owned, Utf8};
    ///
    /// type Form = Owned<Utf8>; // in memory of malloc's
    /// let (mut native, ()) = Element::<Form>::to_native(&String::from("text"))?;
    /// // SAFETY: made by `to_native`, and used for the last time: freed.
    /// unsafe { <String as Element<Form>>::release(&mut native) };
    /// assert!(native.is_null());
    /// # Ok::<(), pinvoke::marshal::MarshalError>(())
    /// ```
    #[inline]
    unsafe fn release(native: &mut Self::Native) {
        let _ = native;
    }
}
