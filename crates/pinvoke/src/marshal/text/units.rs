//! Native text that exists already, in units of any width: [`U16CStr`] and [`U32CStr`], the siblings of
//! [`CStr`].

use core::ffi::CStr;
use core::fmt;

use crate::marshal::CharUnit;
use crate::native::NativeType;

/// A unit of native text: `char`, `char16_t`, `char32_t`.
///
/// ```
/// use pinvoke::marshal::{CharSet, Unit, Utf16};
///
/// fn with_nul<M: CharSet>(text: &str) -> Vec<M::Unit> {
///     let mut units = Vec::new();
///     M::encode(text, &mut units).expect("every set has these");
///     units.push(M::Unit::NUL);
///     units
/// }
/// assert_eq!(with_nul::<Utf16>("a"), [0x61, 0]);
/// ```
pub trait Unit: NativeType + CharUnit + Eq + fmt::Debug + 'static {
    /// What ends a text.
    const NUL: Self;

    /// How many units stand before the NUL.
    ///
    /// # Safety
    /// There is a NUL-terminated text.
    ///
    /// ```
    /// use pinvoke::marshal::Unit;
    ///
    /// let text = [0x61_u16, 0x62, 0, 0x63];
    /// // SAFETY: there is a NUL.
    /// assert_eq!(unsafe { Unit::length(text.as_ptr()) }, 2);
    /// ```
    unsafe fn length(text: *const Self) -> usize;
}

macro_rules! byte {
    ($($type:ty),*) => { $(
        impl Unit for $type {
            const NUL: $type = 0;

            #[inline]
            unsafe fn length(text: *const $type) -> usize {
                // SAFETY: the caller's promise.
                unsafe { CStr::from_ptr(text.cast()) }.count_bytes()
            }
        }
    )* };
}

byte!(i8, u8);

macro_rules! wide {
    ($($type:ty),*) => { $(
        impl Unit for $type {
            const NUL: $type = 0;

            unsafe fn length(text: *const $type) -> usize {
                let mut length = 0;
                loop {
                    // SAFETY: no unit before this one was the NUL.
                    let unit = unsafe { text.add(length) };
                    // SAFETY: as above.
                    if unsafe { unit.read() } == 0 {
                        return length;
                    }
                    length += 1;
                }
            }
        }
    )* };
}

wide!(u16, u32);

/// Borrowed text of units that end with a NUL, which is the only one. Nothing is promised about the
/// encoding.
///
/// As an argument it is passed as it is; as a result or the argument of a callback it looks at the
/// native units in place.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::dll_import;
/// use pinvoke::marshal::{U16CStr, U32CStr, Utf16};
///
/// #[dll_import("libc")]
/// unsafe extern "C" {
///     # #[cfg(not(windows))]
///     safe fn wcslen(text: &U32CStr) -> usize;
/// }
///
/// let text = U32CStr::from_units_with_nul(&[0x1F600, 0x61, 0])?;
/// assert_eq!(wcslen(text), 2);
/// assert_eq!(text.to_string::<pinvoke::marshal::Utf32>()?, "😀a");
/// assert!(U16CStr::from_units_with_nul(&[1, 0, 2, 0]).is_err());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(PartialEq, Eq)]
#[repr(transparent)]
pub struct UnitStr<U>([U]);

/// Text of 16-bit units, as Windows has it.
pub type U16CStr = UnitStr<u16>;

/// Text of 32-bit units, as `wchar_t` is on Unix.
pub type U32CStr = UnitStr<u32>;

/// Units that do not end with the first NUL among them.
///
/// ```
/// use pinvoke::marshal::{NotTerminated, U16CStr};
///
/// assert_eq!(U16CStr::from_units_with_nul(&[0x61]), Err(NotTerminated::Missing));
/// assert_eq!(U16CStr::from_units_with_nul(&[0x61, 0, 0x62, 0]), Err(NotTerminated::Early(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTerminated {
    /// The text would be cut short.
    #[error("there is a NUL at index {0}, before the last unit")]
    Early(usize),
    /// The text would not end.
    #[error("there is no NUL at the end")]
    Missing,
}

impl<U: Unit> UnitStr<U> {
    /// The text of these units.
    ///
    /// # Errors
    /// [`NotTerminated`] unless the last unit is the first NUL.
    ///
    /// ```
    /// use pinvoke::marshal::U16CStr;
    ///
    /// let text = U16CStr::from_units_with_nul(&[0x61, 0x62, 0])?;
    /// assert_eq!(text.units().len(), 2);
    /// # Ok::<(), pinvoke::marshal::NotTerminated>(())
    /// ```
    pub fn from_units_with_nul(units: &[U]) -> Result<&UnitStr<U>, NotTerminated> {
        match units.iter().position(|u| *u == U::NUL) {
            // SAFETY: checked.
            Some(at) if at + 1 == units.len() => Ok(unsafe { UnitStr::new(units) }),
            Some(at) => Err(NotTerminated::Early(at)),
            None => Err(NotTerminated::Missing),
        }
    }

    /// The text at an address.
    ///
    /// # Safety
    /// There is a NUL-terminated text that lives for `'a` unchanged.
    ///
    /// ```
    /// use pinvoke::marshal::U32CStr;
    ///
    /// static TEXT: [u32; 3] = [0x1f600, 0x61, 0];
    /// // SAFETY: a text that lives for ever.
    /// let text: &'static U32CStr = unsafe { U32CStr::from_ptr(TEXT.as_ptr()) };
    /// assert_eq!(text.units(), [0x1f600, 0x61]);
    /// ```
    #[must_use]
    pub unsafe fn from_ptr<'a>(text: *const U) -> &'a UnitStr<U> {
        // SAFETY: the caller's promise.
        let length = unsafe { U::length(text) };
        // SAFETY: so many units and the NUL are there.
        let units = unsafe { core::slice::from_raw_parts(text, length + 1) };
        // SAFETY: the NUL that was found is the last.
        unsafe { UnitStr::new(units) }
    }

    /// # Safety
    /// The last unit is the first NUL.
    unsafe fn new(units: &[U]) -> &UnitStr<U> {
        let units: *const [U] = units;
        // SAFETY: a transparent wrapper.
        unsafe { &*(units as *const UnitStr<U>) }
    }

    /// The address, for native code.
    ///
    /// ```
    /// use pinvoke::marshal::U16CStr;
    ///
    /// let units = [0x61, 0];
    /// assert_eq!(U16CStr::from_units_with_nul(&units)?.as_ptr(), units.as_ptr());
    /// # Ok::<(), pinvoke::marshal::NotTerminated>(())
    /// ```
    #[must_use]
    pub fn as_ptr(&self) -> *const U {
        self.0.as_ptr()
    }

    /// The units before the NUL.
    ///
    /// ```
    /// use pinvoke::marshal::U16CStr;
    ///
    /// assert_eq!(U16CStr::from_units_with_nul(&[0x61, 0])?.units(), [0x61]);
    /// # Ok::<(), pinvoke::marshal::NotTerminated>(())
    /// ```
    #[must_use]
    pub fn units(&self) -> &[U] {
        &self.0[..self.0.len() - 1]
    }

    /// The text, if it is one of the character set `M`.
    ///
    /// # Errors
    /// [`Reason::NotUnicode`](crate::marshal::Reason::NotUnicode).
    ///
    /// ```
    /// use pinvoke::marshal::{U16CStr, Utf16};
    ///
    /// let text = U16CStr::from_units_with_nul(&[0xd83d, 0xde00, 0])?;
    /// assert_eq!(text.to_string::<Utf16>()?, "😀");
    /// let half = U16CStr::from_units_with_nul(&[0xd83d, 0])?;
    /// assert!(half.to_string::<Utf16>().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_string<M: super::CharSet<Unit = U>>(&self) -> Result<String, crate::marshal::MarshalError> {
        M::decode(self.units())
    }
}

impl<U: Unit> fmt::Debug for UnitStr<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.units()).finish()
    }
}
