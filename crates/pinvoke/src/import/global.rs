//! Variables of a native library: `static` items of a block.

use core::fmt;
use core::marker::PhantomData;

use super::{BindError, Import};
use crate::Error;
use crate::marshal::structure::Held;
use crate::marshal::{Detached, Element};

/// A variable of a native library, looked up when it is first used.
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::c_char;
///
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     static environ: *const *const c_char;
///     static mut optind: i32;
/// }
///
/// // SAFETY: no other thread changes the environment or parses options.
/// unsafe {
///     assert!(!environ.read()?.is_null());
///     optind.write(3)?;
///     assert_eq!(optind.read()?, 3);
/// }
/// # }
/// # Ok::<(), pinvoke::Error>(())
/// ```
///
/// `T` is the Rust type; in memory lies its native form for `M`. `MUT` says that the declaration is
/// `static mut`.
pub struct Global<T, M: ?Sized, const MUT: bool = false> {
    import: &'static Import,
    types: PhantomData<fn(&M) -> T>,
}

impl<T, M: ?Sized, const MUT: bool> Global<T, M, MUT> {
    /// The variable that an import finds.
    ///
    /// ```
    /// use pinvoke::import::{Global, Import, ImportLibrary};
    /// use pinvoke::marshal::Utf8;
    ///
    /// // What `#[dll_import("libc")] static optind: i32;` is:
    /// static C: ImportLibrary = ImportLibrary::new("libc", &[]);
    /// static IMPORT: Import = Import::new(&C, c"optind");
    /// static OPTIND: Global<i32, Utf8> = Global::new(&IMPORT);
    /// # #[cfg(unix)] {
    /// // SAFETY: the C library has this variable, and nobody parses options meanwhile.
    /// assert!(unsafe { OPTIND.read() }? >= 1);
    /// # }
    /// # Ok::<(), pinvoke::Error>(())
    /// ```
    #[must_use]
    pub const fn new(import: &'static Import) -> Self {
        Global { import, types: PhantomData }
    }

    /// What it is bound by.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc")]
    /// unsafe extern "C" {
    ///     static a_variable_of_the_year_2100: i32;
    /// }
    /// assert!(!a_variable_of_the_year_2100.import().is_available());
    /// ```
    #[must_use]
    pub fn import(&self) -> &'static Import {
        self.import
    }
}

/// What a declaration asks the compiler: whether the type has a form in native memory.
#[doc(hidden)]
pub fn assert_element<T: Element<M>, M: ?Sized>() {}

impl<T: Element<M>, M: ?Sized, const MUT: bool> Global<T, M, MUT> {
    /// The address.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc")]
    /// unsafe extern "C" {
    ///     static optind: i32;
    /// }
    /// # #[cfg(unix)] {
    /// // For whoever watches the variable:
    /// let address: *mut i32 = optind.as_ptr()?;
    /// assert!(address.is_aligned());
    /// # }
    /// # Ok::<(), pinvoke::import::BindError>(())
    /// ```
    ///
    /// # Errors
    /// [`BindError`]: the library cannot be loaded or has no such variable.
    pub fn as_ptr(&self) -> Result<*mut T::Native, BindError> {
        self.import.code().map(|address| address.as_ptr().cast_mut().cast())
    }

    /// The value as it is now.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc")]
    /// unsafe extern "C" {
    ///     static stdout: *const core::ffi::c_void;
    /// }
    /// # #[cfg(target_os = "linux")] {
    /// // SAFETY: the C library has this variable, and nobody changes it.
    /// assert!(!unsafe { stdout.read() }?.is_null());
    /// # }
    /// # Ok::<(), pinvoke::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Bind`]; [`Error::Marshal`] if what lies there is no value of the type.
    ///
    /// # Safety
    /// The library has a variable of this type under this name, and no one changes it meanwhile.
    pub unsafe fn read(&self) -> Result<T, Error> {
        let address = self.as_ptr()?;
        // SAFETY: the declaration is true, as the caller says.
        let native = unsafe { address.read_unaligned() };
        // SAFETY: as above.
        unsafe { T::from_element(&native) }.map_err(|e| e.at(self.import.name(), "value").into())
    }
}

/// What `MUT` of a [`Global`] says.
#[doc(hidden)]
#[derive(Debug)]
pub struct Declared<const MUT: bool>;

/// The variable is `static mut`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the variable is declared `static`: nothing is written to it",
    label = "declared without `mut`",
    note = "write `static mut` in its declaration, if native code lets others change it"
)]
pub trait Writable {}

impl Writable for Declared<true> {}

impl<T: Element<M>, M: ?Sized, const MUT: bool> Global<T, M, MUT> {
    /// Changes the value, which is native code's from then on with all it owns; what the old one owned is not freed.
    /// Text and arrays that this side would only lend are refused: they would be gone when native code looks.
    ///
    /// ```
    /// use pinvoke::dll_import;
    ///
    /// #[dll_import("libc")]
    /// unsafe extern "C" {
    ///     static mut opterr: i32;
    /// }
    /// # #[cfg(unix)] {
    /// // SAFETY: the C library has this variable; nobody parses options meanwhile.
    /// unsafe { opterr.write(0) }?; // no messages of getopt's own
    /// # }
    /// # Ok::<(), pinvoke::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Bind`]; [`Error::Marshal`] if the value has no native form.
    ///
    /// # Safety
    /// The library has a variable of this type under this name that may be written, and no one uses it
    /// meanwhile.
    pub unsafe fn write(&self, value: T) -> Result<(), Error>
    where
        Declared<MUT>: Writable,
        T::Guard: Detached,
    {
        let address = self.as_ptr()?;
        let (native, guard) = Held::of(&value).map_err(|e| e.at(self.import.name(), "value"))?;
        // SAFETY: the declaration is true, as the caller says.
        unsafe { address.write_unaligned(native.take()) };
        value.give_away();
        guard.detach();
        Ok(())
    }
}

impl<T, M: ?Sized, const MUT: bool> fmt::Debug for Global<T, M, MUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Global").field(&self.import.name()).finish()
    }
}
