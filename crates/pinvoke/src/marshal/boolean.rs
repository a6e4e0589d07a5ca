//! Booleans: C's `bool`, Windows' `BOOL`, OLE's `VARIANT_BOOL`.
//!
//! | form | native type | false, true are written as | read as true |
//! |---|---|---|---|
//! | `bool` (default) | `bool`, 1 byte | 0, 1 | anything but 0 |
//! | [`Bool32`] | `int`, `BOOL` | 0, 1 | anything but 0 |
//! | [`VariantBool`] | `VARIANT_BOOL`, `short` | 0, -1 | anything but 0 |
//!
//! .NET's default is the four bytes of `BOOL`, which C libraries rarely have, and its own default for
//! `bool` results is a known source of random truth: three of four bytes that nobody set. Here the default
//! is what C calls `bool`, and a block of imports from Windows says `bool = Bool32` once.
//!
//! That `VARIANT_BOOL` is true whenever it is not 0 is what .NET does; its documentation says that only -1
//! is true.

use super::{CharSet, Element, FromNative, IntoNative, MarshalError};
use crate::native::NativeType;

/// A native type that stands for a `bool`.
///
/// ```
/// use pinvoke::marshal::{Bool32, NativeBool, VariantBool};
///
/// /// How a flag that is set lies in native memory.
/// fn written<B: NativeBool>() -> B {
///     B::from_bool(true)
/// }
/// assert_eq!((written::<Bool32>().get(), written::<VariantBool>().get()), (1, -1));
/// ```
pub trait NativeBool: NativeType {
    /// The type, from Rust's.
    ///
    /// ```
    /// use pinvoke::marshal::{NativeBool, VariantBool};
    ///
    /// assert_eq!(VariantBool::from_bool(false).get(), 0);
    /// ```
    fn from_bool(value: bool) -> Self;
    /// Rust's, from the type.
    ///
    /// ```
    /// use pinvoke::marshal::{Bool8, NativeBool};
    ///
    /// // Whatever is not 0 is true.
    /// assert!(Bool8::new(200).to_bool());
    /// ```
    fn to_bool(self) -> bool;
}

/// One byte that native code wrote as a `bool`, whatever it is.
///
/// A Rust `bool` has two values; what lies in native memory may have 256.
///
/// ```
/// use pinvoke::marshal::Bool8;
///
/// let read = Bool8::new(2); // no `bool` of Rust could hold it
/// assert!(bool::from(read));
/// assert_eq!(Bool8::from(true).get(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, NativeType)]
#[repr(transparent)]
pub struct Bool8(u8);

/// A `bool` in four bytes: `BOOL` of Windows, an `int` of old C interfaces.
///
/// As a type it is the native form itself; as a form it makes a `bool` one:
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Bool32;
///
/// #[dll_import("libc", bool = Bool32)]
/// unsafe extern "C" {
///     safe fn isdigit(c: i32) -> bool;
/// }
/// assert!(isdigit('7' as i32) && !isdigit('x' as i32));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, NativeType)]
#[repr(transparent)]
pub struct Bool32(i32);

/// A `bool` in two bytes, true being -1: `VARIANT_BOOL` of OLE.
///
/// ```
/// use pinvoke::marshal::VariantBool;
/// assert_eq!(VariantBool::from(true).get(), -1);
/// assert!(bool::from(VariantBool::new(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, NativeType)]
#[repr(transparent)]
pub struct VariantBool(i16);

macro_rules! boolean {
    ($($type:ident($int:ty), $true:expr;)*) => { $(
        impl $type {
            /// From the number that native code has.
            ///
            /// ```
            /// use pinvoke::marshal::{Bool32, VariantBool};
            ///
            /// // What native code has written, whatever it is:
            /// assert!(bool::from(Bool32::new(-7)) && bool::from(VariantBool::new(1)));
            /// ```
            #[must_use]
            pub const fn new(number: $int) -> Self {
                Self(number)
            }
            /// The number that native code has.
            ///
            /// ```
            /// use pinvoke::marshal::{Bool8, Bool32, VariantBool};
            ///
            /// let numbers = (Bool8::from(true).get(), Bool32::from(true).get(), VariantBool::from(true).get());
            /// assert_eq!(numbers, (1, 1, -1));
            /// ```
            #[must_use]
            pub const fn get(self) -> $int {
                self.0
            }
        }

        impl NativeBool for $type {
            #[inline]
            fn from_bool(value: bool) -> Self {
                Self(if value { $true } else { 0 })
            }
            #[inline]
            fn to_bool(self) -> bool {
                self.0 != 0
            }
        }

        impl From<bool> for $type {
            fn from(value: bool) -> Self {
                Self::from_bool(value)
            }
        }

        impl From<$type> for bool {
            fn from(value: $type) -> bool {
                value.to_bool()
            }
        }
    )* };
}

boolean! {
    Bool8(u8), 1;
    Bool32(i32), 1;
    VariantBool(i16), -1;
}

/// The character set `S`, with `bool` as `B`: the form of a block that says `bool = B`.
///
/// ```
/// use pinvoke::dll_import;
/// use pinvoke::marshal::Bool32;
///
/// // `char_set` and `bool` of a block together are the form `Booleans<Utf16, Bool32>`.
/// #[dll_import("user32", char_set = Unicode, bool = Bool32)]
/// unsafe extern "system" {
///     safe fn SetWindowText(window: isize, text: &str) -> bool;
/// }
/// # let _ = SetWindowText;
/// ```
#[derive(Debug)]
pub struct Booleans<S, B>(core::marker::PhantomData<(S, B)>);

macro_rules! converted {
    ([$($generic:tt)*] $form:ty, $native:ty) => {
        impl<$($generic)*> IntoNative<$form> for bool {
            type Native = $native;
            type State = ();
            #[inline]
            fn state() {}
            #[inline]
            fn into_native(self, (): &mut ()) -> Result<$native, MarshalError> {
                Ok(NativeBool::from_bool(self))
            }
        }

        impl<$($generic)*> FromNative<$form> for bool {
            type Native = $native;
            #[inline]
            unsafe fn from_native(native: $native) -> Result<bool, MarshalError> {
                Ok(native.to_bool())
            }
            #[inline]
            fn is_failure(native: &$native) -> bool {
                !native.to_bool()
            }
        }

        // SAFETY: never in place.
        unsafe impl<$($generic)*> Element<$form> for bool {
            type Native = $native;
            type Guard = ();
            const IN_PLACE: bool = false;
            #[inline]
            fn to_native(&self) -> Result<($native, ()), MarshalError> {
                Ok((NativeBool::from_bool(*self), ()))
            }
            #[inline]
            unsafe fn from_element(native: &$native) -> Result<bool, MarshalError> {
                Ok(native.to_bool())
            }
        }
    };
}

converted!([M: CharSet] M, M::Bool);
converted!([] Bool32, Bool32);
converted!([] VariantBool, VariantBool);
