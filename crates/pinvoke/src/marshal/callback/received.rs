//! Arguments of callbacks, one at a time.

use crate::marshal::text::CharSet;
use crate::marshal::{Booleans, FromNative, MarshalError, NativeBool, Utf16, Utf32};
use crate::native::NativeType;

/// An argument of a callback: whatever [`FromNative`] makes, and `&str` of wide text, which is converted
/// into memory that lives as long as the invocation, `'s`.
///
/// ```
/// use pinvoke::marshal::Utf16;
/// use pinvoke::marshal::callback::Received;
///
/// let native = [0x67_u16, 0xfc, 0];
/// let mut storage = Default::default();
/// // What a closure that takes a `&str` gets. SAFETY: a text that lives long enough.
/// let text = unsafe { <&str as Received<'_, Utf16>>::receive(native.as_ptr(), &mut storage) }?;
/// assert_eq!(text, "gü");
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot come from native code in the form `{M}`",
    note = "arguments of callbacks are native types, `bool`, text, handles, references, `Counted` slices, and types that derive `Marshal`, which are `&T` or `Box<T>` behind a pointer",
    note = "`&str` is text in UTF-8, UTF-16 or UTF-32: text of a character set of your own is `String` or `Cow<str>`"
)]
pub trait Received<'s, M: ?Sized>: Sized {
    /// What travels.
    type Native: NativeType;
    /// Room for what is converted and looked at.
    type Storage: Default;

    /// The value.
    ///
    /// # Errors
    /// As for [`FromNative::from_native`].
    ///
    /// # Safety
    /// As for [`FromNative::from_native`].
    ///
    /// ```
    /// use pinvoke::marshal::callback::Received;
    /// use pinvoke::marshal::{Reason, Utf8};
    ///
    /// // SAFETY: null is allowed.
    /// let none = unsafe { <&str as Received<'_, Utf8>>::receive(core::ptr::null(), &mut ()) };
    /// assert!(matches!(none.unwrap_err().reason(), Reason::Null));
    /// ```
    unsafe fn receive(native: Self::Native, storage: &'s mut Self::Storage) -> Result<Self, MarshalError>;
}

impl<T: FromNative<M>, M: ?Sized> Received<'_, M> for T {
    type Native = T::Native;
    type Storage = ();

    #[inline(always)]
    unsafe fn receive(native: T::Native, (): &mut ()) -> Result<T, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { T::from_native(native) }
    }
}

/// Text that no `&str` can look at where it is.
macro_rules! wide {
    ($([$($generic:tt)*] $set:ty;)*) => { $(
        impl<'s, $($generic)*> Received<'s, $set> for &'s str {
            type Native = *const <$set as CharSet>::Unit;
            type Storage = String;

            unsafe fn receive(native: Self::Native, storage: &'s mut String) -> Result<&'s str, MarshalError> {
                // SAFETY: the caller's promise.
                *storage = unsafe { <$set>::read(native) }?;
                Ok(storage)
            }
        }

        impl<'s, $($generic)*> Received<'s, $set> for Option<&'s str> {
            type Native = *const <$set as CharSet>::Unit;
            type Storage = String;

            unsafe fn receive(native: Self::Native, storage: &'s mut String) -> Result<Self, MarshalError> {
                if native.is_null() {
                    return Ok(None);
                }
                // SAFETY: the caller's promise.
                unsafe { <&str as Received<'s, $set>>::receive(native, storage) }.map(Some)
            }
        }
    )* };
}

wide! {
    [] Utf16;
    [] Utf32;
    [B: NativeBool + 'static] Booleans<Utf16, B>;
    [B: NativeBool + 'static] Booleans<Utf32, B>;
}
