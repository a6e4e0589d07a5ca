//! Handles: what a library hands out to be given back to it exactly once.
//!
//! | declared | the function gets | owner afterwards |
//! |---|---|---|
//! | `h: &H` | the handle | this side |
//! | `h: Option<&H>` | the handle, or the invalid one | this side |
//! | `h: H` | the handle | the function; this side if it is not called |
//! | `h: HandleRef<'_, H>` | the handle | whoever it is borrowed from |
//! | `h: &mut Option<H>` | the address of the handle, or of the invalid one | this side: of what stands there, and of what stood there |
//! | `h: &mut H` | the address of the handle | as above |
//! | `h: Exchange<H>` | the address of the handle, or of the invalid one | this side: of what stands there |
//! | `-> H` | | this side; the invalid handle is a failure |
//! | `-> Option<H>` | | this side; the invalid handle is `None` |
//! | a callback's `HandleRef<'_, H>` | | native code |
//! | a callback's `-> H` | | native code |
//!
//! None can leak and none is closed twice: a Rust handle is not `Copy`, closes when it is dropped, and is
//! made of what the function wrote or returned before anything else is looked at, also if the function
//! reports failure, another value cannot be converted, or a callback has panicked. .NET's `SafeHandle` has
//! the same rules, at the price of a reference count at run time.
//!
//! What closing returns is not looked at; to see it, call the closing function with
//! [`into_raw`](Handle::into_raw). A newtype of a pointer stays on its thread; `unsafe impl Send for Database {}`
//! says that the library allows more.
//!
//! ```
//! # #[cfg(unix)] {
//! use core::ffi::c_void;
//! use pinvoke::dll_import;
//! use pinvoke::marshal::Handle;
//!
//! /// A stream of the C library.
//! #[derive(Debug, Handle)]
//! #[handle(close = fclose)]
//! pub struct Stream(*mut c_void);
//!
//! #[dll_import("libc", set_last_error)]
//! unsafe extern "C" {
//!     safe fn fopen(path: &str, mode: &str) -> Result<Stream, pinvoke::LastError>;
//!     safe fn fgetc(stream: &Stream) -> i32;
//!     fn fclose(stream: *mut c_void) -> i32;
//! }
//!
//! let stream = fopen("Cargo.toml", "r")?;
//! assert_eq!(fgetc(&stream), i32::from(b'['));
//! drop(stream); // closed
//! assert_eq!(fopen("no/such/file", "r").unwrap_err().name(), Some("ENOENT"));
//! # }
//! # Ok::<(), pinvoke::LastError>(())
//! ```

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use pinvoke_abi::layout::Layout;
pub use pinvoke_macros::Handle;

use super::{CharSet, FromNative, IntoNative, MarshalError, Null, Reason};
use crate::native::{NativeField, NativeType, Passing};

/// What is known of a kind of handle. `#[derive(Handle)]` writes it for a newtype; write it for a marker to
/// use [`OwnedHandle`].
///
/// # Safety
/// [`HandleKind::close`] closes any valid handle of the kind, on any thread that may own one.
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::c_void;
/// use pinvoke::LastError;
/// use pinvoke::marshal::{HandleKind, OwnedHandle};
///
/// enum Directory {}
///
/// // SAFETY: closedir closes any `DIR *`.
/// unsafe impl HandleKind for Directory {
///     type Raw = *mut c_void;
///     const INVALID: *mut c_void = core::ptr::null_mut();
///     const NAME: &'static str = "DIR";
///     fn is_valid(raw: *mut c_void) -> bool {
///         !raw.is_null()
///     }
///     unsafe fn close(raw: *mut c_void) {
///         // SAFETY: as promised.
///         unsafe { closedir(raw) };
///     }
/// }
///
/// #[pinvoke::dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn opendir(path: &str) -> Result<OwnedHandle<Directory>, LastError>;
///     fn closedir(directory: *mut c_void) -> i32;
/// }
/// assert!(opendir("/").is_ok()); // and closed again
/// assert_eq!(opendir("/no/such/directory").unwrap_err().name(), Some("ENOENT"));
/// # }
/// ```
pub unsafe trait HandleKind: 'static {
    /// What travels.
    type Raw: NativeType + PartialEq;
    /// The value that stands for no handle.
    const INVALID: Self::Raw;
    /// How messages name the kind.
    const NAME: &'static str;

    /// Whether a value is a handle.
    ///
    /// ```
    /// use pinvoke::marshal::{Handle, HandleKind};
    ///
    /// /// A file descriptor.
    /// #[derive(Handle)]
    /// #[handle(close = libc::close, invalid = -1)]
    /// struct Descriptor(i32);
    ///
    /// assert!(Descriptor::is_valid(0));
    /// assert!(!Descriptor::is_valid(Descriptor::INVALID));
    /// ```
    fn is_valid(raw: Self::Raw) -> bool;

    /// Gives a handle back.
    ///
    /// # Safety
    /// The handle is valid and owned by the caller, and is not used again.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::marshal::{Handle, HandleKind};
    ///
    /// /// A file descriptor.
    /// #[derive(Handle)]
    /// #[handle(close = libc::close, invalid = -1)]
    /// struct Descriptor(i32);
    ///
    /// // SAFETY: a new descriptor, owned by nobody else and not used again.
    /// unsafe { Descriptor::close(libc::dup(1)) };
    /// # }
    /// ```
    unsafe fn close(raw: Self::Raw);
}

/// A Rust type that owns one handle.
///
/// # Safety
/// The type holds the raw handle it was made of, does not give it to anybody, and closes it when dropped.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::marshal::{Handle, HandleKind};
///
/// #[derive(Debug, Handle)]
/// #[handle(close = libc::close, invalid = -1)]
/// struct Descriptor(i32);
///
/// /// Whatever owns a handle can say so.
/// fn name_of<H: Handle>(_: &H) -> &'static str {
///     H::Kind::NAME
/// }
/// // SAFETY: a new descriptor, owned by nobody else.
/// let descriptor = unsafe { Descriptor::from_raw(libc::dup(1)) };
/// assert_eq!(descriptor.as_ref().map(name_of), Some("Descriptor"));
/// # }
/// ```
pub unsafe trait Handle: Sized {
    /// What kind of handle.
    type Kind: HandleKind;

    /// Owns a valid handle.
    ///
    /// # Safety
    /// It is valid, and nobody else closes it.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use std::os::fd::IntoRawFd;
    /// use pinvoke::marshal::Handle;
    ///
    /// #[derive(Handle)]
    /// #[handle(close = libc::close, invalid = -1)]
    /// struct Descriptor(i32);
    ///
    /// let file = std::fs::File::open("/dev/null")?;
    /// // SAFETY: open, and no longer the file's to close.
    /// let descriptor = unsafe { Descriptor::from_valid(file.into_raw_fd()) };
    /// assert!(descriptor.as_raw() >= 0);
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    unsafe fn from_valid(raw: <Self::Kind as HandleKind>::Raw) -> Self;

    /// The handle, which stays owned by this.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::marshal::Handle;
    ///
    /// #[derive(Handle)]
    /// #[handle(close = libc::close, invalid = -1)]
    /// struct Descriptor(i32);
    ///
    /// // SAFETY: a new descriptor, owned by nobody else.
    /// let descriptor = unsafe { Descriptor::from_valid(libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY)) };
    /// // For what is not declared with `&Descriptor`. SAFETY: three bytes are there.
    /// assert_eq!(unsafe { libc::write(descriptor.as_raw(), c"abc".as_ptr().cast(), 3) }, 3);
    /// # }
    /// ```
    fn as_raw(&self) -> <Self::Kind as HandleKind>::Raw;

    /// Owns a handle; `None` if it is the invalid one.
    ///
    /// # Safety
    /// If it is valid, nobody else closes it.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::marshal::Handle;
    ///
    /// #[derive(Handle)]
    /// #[handle(close = libc::close, invalid = -1)]
    /// struct Descriptor(i32);
    ///
    /// // SAFETY: a new descriptor or -1.
    /// let open = |path: &core::ffi::CStr| unsafe { Descriptor::from_raw(libc::open(path.as_ptr(), 0)) };
    /// assert!(open(c"/dev/null").is_some());
    /// assert!(open(c"/no/such/file").is_none());
    /// # }
    /// ```
    #[must_use]
    unsafe fn from_raw(raw: <Self::Kind as HandleKind>::Raw) -> Option<Self> {
        // SAFETY: the caller's promise, and it is valid.
        Self::Kind::is_valid(raw).then(|| unsafe { Self::from_valid(raw) })
    }

    /// The handle, to be closed by somebody else.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::marshal::Handle;
    ///
    /// #[derive(Handle)]
    /// #[handle(close = libc::close, invalid = -1)]
    /// struct Descriptor(i32);
    ///
    /// // SAFETY: a new descriptor, owned by nobody else.
    /// let descriptor = unsafe { Descriptor::from_valid(libc::dup(1)) };
    /// // To see what closing says. SAFETY: nobody else closes it.
    /// assert_eq!(unsafe { libc::close(descriptor.into_raw()) }, 0);
    /// # }
    /// ```
    #[must_use]
    fn into_raw(self) -> <Self::Kind as HandleKind>::Raw {
        ManuallyDrop::new(self).as_raw()
    }

    /// The handle for as long as this lives.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use core::ffi::c_void;
    /// use pinvoke::marshal::{Handle, HandleRef};
    ///
    /// #[derive(Handle)]
    /// #[handle(close = fclose)]
    /// pub struct Stream(*mut c_void);
    ///
    /// #[pinvoke::dll_import("libc", set_last_error)]
    /// unsafe extern "C" {
    ///     safe fn tmpfile() -> Result<Stream, pinvoke::LastError>;
    ///     safe fn feof(stream: HandleRef<'_, Stream>) -> i32;
    ///     fn fclose(stream: *mut c_void) -> i32;
    /// }
    /// let stream = tmpfile().expect("room for a file");
    /// assert_eq!(feof(stream.borrow()), 0);
    /// # }
    /// ```
    #[must_use]
    fn borrow(&self) -> HandleRef<'_, Self::Kind> {
        HandleRef(HandleValue(self.as_raw()), PhantomData)
    }
}

/// An owned handle of a kind: what a newtype with `#[derive(Handle)]` is, for those who need no type of
/// their own.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::marshal::{Handle, HandleKind, OwnedHandle};
///
/// enum Descriptor {}
///
/// // SAFETY: close closes any descriptor.
/// unsafe impl HandleKind for Descriptor {
///     type Raw = i32;
///     const INVALID: i32 = -1;
///     const NAME: &'static str = "file descriptor";
///     fn is_valid(raw: i32) -> bool {
///         raw >= 0
///     }
///     unsafe fn close(raw: i32) {
///         // SAFETY: as promised.
///         unsafe { close(raw) };
///     }
/// }
///
/// #[pinvoke::dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn dup(fd: &OwnedHandle<Descriptor>) -> Result<OwnedHandle<Descriptor>, pinvoke::LastError>;
///     safe fn open(path: &str, flags: i32) -> Result<OwnedHandle<Descriptor>, pinvoke::LastError>;
///     fn close(fd: i32) -> i32;
/// }
///
/// let null = open("/dev/null", 0)?;
/// let second = dup(&null)?;
/// assert_ne!(null.as_raw(), second.as_raw());
/// # }
/// # Ok::<(), pinvoke::LastError>(())
/// ```
#[repr(transparent)]
pub struct OwnedHandle<K: HandleKind>(K::Raw);

impl<K: HandleKind> Drop for OwnedHandle<K> {
    fn drop(&mut self) {
        // SAFETY: valid and owned by this, which ends.
        unsafe { K::close(self.0) };
    }
}

impl<K: HandleKind> fmt::Debug for OwnedHandle<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(K::NAME).finish_non_exhaustive()
    }
}

// SAFETY: the field is the handle, and Drop closes it.
unsafe impl<K: HandleKind> Handle for OwnedHandle<K> {
    type Kind = K;
    unsafe fn from_valid(raw: K::Raw) -> Self {
        OwnedHandle(raw)
    }
    fn as_raw(&self) -> K::Raw {
        self.0
    }
}

/// A handle that travels.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::marshal::{Handle, HandleValue, IntoNative, MarshalError};
///
/// #[derive(Handle)]
/// #[handle(close = libc::close, invalid = -1)]
/// pub struct Descriptor(i32);
///
/// /// A type of your own that travels as the handle in it.
/// struct Console<'a>(&'a Descriptor);
///
/// impl<M: ?Sized> IntoNative<M> for Console<'_> {
///     type Native = HandleValue<Descriptor>;
///     type State = ();
///     fn state() {}
///     fn into_native(self, (): &mut ()) -> Result<Self::Native, MarshalError> {
///         Ok(HandleValue::new(self.0.as_raw()))
///     }
/// }
///
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     safe fn isatty(console: Console<'_>) -> i32;
/// }
/// // SAFETY: a new descriptor, owned by nobody else.
/// let console = unsafe { Descriptor::from_valid(libc::open(c"/dev/null".as_ptr(), 0)) };
/// assert_eq!(isatty(Console(&console)), 0);
/// # }
/// ```
#[repr(transparent)]
pub struct HandleValue<K: HandleKind>(K::Raw);

/// A handle that lies in memory; a reference to it travels as the handle itself.
///
/// ```
/// use pinvoke::marshal::{Ansi, Element, Handle, HandleSlot};
///
/// #[derive(Handle)]
/// #[handle(close = libc::close, invalid = -1)]
/// pub struct Descriptor(i32);
///
/// // The native form of a member `Option<Descriptor>`, as `int fd;` of `struct pollfd`: none is -1.
/// let (slot, _): (HandleSlot<Descriptor>, _) = Element::<Ansi>::to_native(&None::<Descriptor>)?;
/// assert_eq!(slot.get(), -1);
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[repr(transparent)]
pub struct HandleSlot<K: HandleKind>(K::Raw);

macro_rules! raw {
    ($($type:ident)*) => { $(
        impl<K: HandleKind> $type<K> {
            /// Of a raw handle.
            ///
            /// ```
            /// use pinvoke::marshal::{Handle, HandleSlot, HandleValue};
            ///
            /// #[derive(Handle)]
            /// #[handle(close = libc::close, invalid = -1)]
            /// pub struct Descriptor(i32);
            ///
            /// // Neither owns the standard output: it stays open.
            /// let (travels, lies) = (HandleValue::<Descriptor>::new(1), HandleSlot::<Descriptor>::new(1));
            /// assert_eq!((size_of_val(&travels), size_of_val(&lies)), (4, 4));
            /// ```
            #[must_use]
            pub fn new(raw: K::Raw) -> Self {
                $type(raw)
            }
            /// The raw handle.
            ///
            /// ```
            /// use pinvoke::marshal::{Handle, HandleValue, Null};
            ///
            /// #[derive(Handle)]
            /// #[handle(close = libc::close, invalid = -1)]
            /// pub struct Descriptor(i32);
            ///
            /// assert_eq!(HandleValue::<Descriptor>::new(1).get(), 1);
            /// assert_eq!(HandleValue::<Descriptor>::NULL.get(), -1);
            /// ```
            #[must_use]
            pub fn get(self) -> K::Raw {
                self.0
            }
        }

        impl<K: HandleKind> Clone for $type<K> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<K: HandleKind> Copy for $type<K> {}

        impl<K: HandleKind> fmt::Debug for $type<K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(K::NAME).finish_non_exhaustive()
            }
        }

        // SAFETY: the invalid handle is not valid, says the kind.
        unsafe impl<K: HandleKind> Null for $type<K> {
            const NULL: Self = $type(K::INVALID);
            #[inline]
            fn is_null(&self) -> bool {
                !K::is_valid(self.0)
            }
        }
    )* };
}

raw!(HandleValue HandleSlot);

// SAFETY: transparent over a native type.
unsafe impl<K: HandleKind> NativeType for HandleValue<K> {
    const PASSING: Passing = K::Raw::PASSING;
    const ZEROABLE: bool = K::Raw::ZEROABLE;
    fn layout() -> Layout {
        K::Raw::layout()
    }
}

// SAFETY: transparent over a native type.
unsafe impl<K: HandleKind> NativeField for HandleSlot<K> {
    const FIELD_ZEROABLE: bool = K::Raw::ZEROABLE;
    type Shared = HandleValue<K>;
    fn field_layout() -> Layout {
        K::Raw::layout()
    }
    #[inline]
    unsafe fn shared(place: *const Self) -> HandleValue<K> {
        // SAFETY: the caller's promise.
        HandleValue(unsafe { place.read() }.0)
    }
}

/// The owner of a handle that native code handed over.
///
/// # Errors
/// [`Reason::InvalidHandle`].
///
/// # Safety
/// If it is valid, nobody else closes it.
#[doc(hidden)]
#[inline]
pub unsafe fn owned<H: Handle>(raw: <H::Kind as HandleKind>::Raw) -> Result<H, MarshalError> {
    // SAFETY: the caller's promise.
    unsafe { H::from_raw(raw) }.ok_or_else(|| Reason::InvalidHandle { kind: H::Kind::NAME }.into())
}

/// Takes over what native code left in a place that held the handle of `handle`.
///
/// # Errors
/// [`Reason::InvalidHandle`]; the handle is what it was.
///
/// # Safety
/// What stands there is to nobody else to close.
#[doc(hidden)]
pub unsafe fn update<H: Handle>(
    handle: &mut H,
    raw: <H::Kind as HandleKind>::Raw,
) -> Result<(), MarshalError> {
    if handle.as_raw() != raw {
        // SAFETY: the caller's promise; the old one is closed, for a reference only lends it.
        *handle = unsafe { owned(raw) }?;
    }
    Ok(())
}

/// Makes types that implement [`Handle`] arguments, results, elements and members.
#[doc(hidden)]
#[macro_export]
macro_rules! handle_value {
    ([$($generic:tt)*] $type:ty, $kind:ty) => {
        impl<$($generic)* __M: $crate::marshal::CharSet> $crate::marshal::IntoNative<__M> for $type {
            type Native = $crate::marshal::HandleValue<$kind>;
            type State = ::core::option::Option<$type>;
            #[inline]
            fn state() -> Self::State {
                ::core::option::Option::None
            }
            #[inline]
            fn into_native(
                self,
                state: &mut Self::State,
            ) -> ::core::result::Result<Self::Native, $crate::marshal::MarshalError> {
                let raw = $crate::marshal::Handle::as_raw(&self);
                *state = ::core::option::Option::Some(self);
                ::core::result::Result::Ok($crate::marshal::HandleValue::new(raw))
            }
            #[inline]
            fn hand_over(state: &mut Self::State) {
                ::core::mem::forget(state.take());
            }
        }

        // Nothing is left of it when it was handed over.
        impl<$($generic)*> $crate::marshal::Detached for $type {}

        impl<$($generic)* __M: $crate::marshal::CharSet> $crate::marshal::FromNative<__M> for $type {
            type Native = $crate::marshal::HandleValue<$kind>;
            #[inline]
            unsafe fn from_native(
                native: Self::Native,
            ) -> ::core::result::Result<Self, $crate::marshal::MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { $crate::marshal::handle::owned(native.get()) }
            }
            #[inline]
            fn is_failure(native: &Self::Native) -> ::core::primitive::bool {
                $crate::marshal::Null::is_null(native)
            }
        }

        // SAFETY: never in place, for native code may leave another handle, or none.
        unsafe impl<$($generic)* __M: $crate::marshal::CharSet> $crate::marshal::Element<__M> for $type {
            type Native = $crate::marshal::HandleSlot<$kind>;
            type Guard = ();
            const IN_PLACE: ::core::primitive::bool = false;
            #[inline]
            fn to_native(&self) -> ::core::result::Result<(Self::Native, ()), $crate::marshal::MarshalError> {
                let raw = $crate::marshal::Handle::as_raw(self);
                ::core::result::Result::Ok(($crate::marshal::HandleSlot::new(raw), ()))
            }
            #[inline]
            unsafe fn from_element(
                native: &Self::Native,
            ) -> ::core::result::Result<Self, $crate::marshal::MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { $crate::marshal::handle::owned(native.get()) }
            }
            #[inline]
            fn give_away(self) {
                ::core::mem::forget(self);
            }
            #[inline]
            unsafe fn update(
                &mut self,
                native: &Self::Native,
            ) -> ::core::result::Result<(), $crate::marshal::MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { $crate::marshal::handle::update(self, native.get()) }
            }
        }
    };
}

handle_value!([K: HandleKind,] OwnedHandle<K>, K);

/// A handle that somebody else owns and keeps open for `'a`.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::LastError;
/// use pinvoke::marshal::{Handle, HandleRef};
///
/// #[derive(Debug, Handle)]
/// #[handle(close = libc::close, invalid = -1)]
/// pub struct Descriptor(i32);
///
/// #[pinvoke::dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn dup(from: HandleRef<'_, Descriptor>) -> Result<Descriptor, LastError>;
/// }
/// // SAFETY: the standard output stays open.
/// let output = unsafe { HandleRef::<Descriptor>::from_raw(1) }.expect("it is no -1");
/// let mine = dup(output).expect("it is open");
/// assert_ne!(mine.as_raw(), output.as_raw());
/// # }
/// ```
#[repr(transparent)]
pub struct HandleRef<'a, K: HandleKind>(HandleValue<K>, PhantomData<&'a K>);

impl<K: HandleKind> HandleRef<'_, K> {
    /// Borrows a raw handle; `None` if it is the invalid one.
    ///
    /// # Safety
    /// If it is valid, it stays so for `'a`.
    ///
    /// ```
    /// use pinvoke::marshal::{Handle, HandleRef};
    ///
    /// #[derive(Handle)]
    /// #[handle(close = libc::close, invalid = -1)]
    /// pub struct Descriptor(i32);
    ///
    /// // SAFETY: the standard error stays open, and -1 is none.
    /// unsafe {
    ///     assert!(HandleRef::<Descriptor>::from_raw(2).is_some());
    ///     assert!(HandleRef::<Descriptor>::from_raw(-1).is_none());
    /// }
    /// ```
    #[must_use]
    pub unsafe fn from_raw(raw: K::Raw) -> Option<Self> {
        K::is_valid(raw).then_some(HandleRef(HandleValue(raw), PhantomData))
    }

    /// The raw handle.
    ///
    /// ```
    /// use pinvoke::marshal::{Handle, HandleRef};
    ///
    /// #[derive(Handle)]
    /// #[handle(close = libc::close, invalid = -1)]
    /// pub struct Descriptor(i32);
    ///
    /// // SAFETY: the standard error stays open.
    /// let error = unsafe { HandleRef::<Descriptor>::from_raw(2) };
    /// assert_eq!(error.map(HandleRef::as_raw), Some(2));
    /// ```
    #[must_use]
    pub fn as_raw(self) -> K::Raw {
        self.0.0
    }
}

impl<K: HandleKind> Clone for HandleRef<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: HandleKind> Copy for HandleRef<'_, K> {}

impl<K: HandleKind> fmt::Debug for HandleRef<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<K: HandleKind, M: CharSet> IntoNative<M> for HandleRef<'_, K> {
    type Native = HandleValue<K>;
    type State = ();
    #[inline]
    fn state() {}
    #[inline]
    fn into_native(self, (): &mut ()) -> Result<HandleValue<K>, MarshalError> {
        Ok(self.0)
    }
}

impl<K: HandleKind, M: CharSet> FromNative<M> for HandleRef<'_, K> {
    type Native = HandleValue<K>;
    #[inline]
    unsafe fn from_native(native: HandleValue<K>) -> Result<Self, MarshalError> {
        // SAFETY: the caller's promise.
        unsafe { HandleRef::from_raw(native.0) }.ok_or_else(|| Reason::InvalidHandle { kind: K::NAME }.into())
    }
    #[inline]
    fn is_failure(native: &HandleValue<K>) -> bool {
        native.is_null()
    }
}

/// A place whose handle native code takes, and where it may leave another: `void free(T **)`,
/// `int renew(T **)`.
///
/// A plain `&mut Option<H>` lends the handle, and closes it if another one, or none, stands there after
/// the call. Here the function closes what it found, or leaves it there.
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::{CStr, c_char};
/// use pinvoke::dll_import;
/// use pinvoke::marshal::{Exchange, Handle};
///
/// /// Memory of `malloc`.
/// #[derive(Handle)]
/// #[handle(close = free)]
/// struct Line(*mut c_char);
///
/// #[derive(Debug, Handle)]
/// #[handle(close = fclose)]
/// struct Stream(*mut u8);
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     safe fn fopen(path: &str, mode: &str) -> Result<Stream, pinvoke::LastError>;
///     fn fclose(stream: *mut u8) -> i32;
///     /// Puts the line into the memory that it finds, or into larger one, having freed the first.
///     fn getline(line: Exchange<'_, Line>, size: &mut usize, stream: &Stream) -> isize;
///     fn free(memory: *mut c_char);
/// }
/// let (mut line, mut size) = (None, 0);
/// let file = fopen("Cargo.toml", "r").expect("tests run beside it");
/// // SAFETY: the size is that of the memory, and at first there is none.
/// assert_eq!(unsafe { getline(Exchange(&mut line), &mut size, &file) }, 10);
/// // SAFETY: there is a text.
/// assert_eq!(line.map(|l| unsafe { CStr::from_ptr(l.as_raw()) }.to_owned()).as_deref(), Some(c"[package]\n"));
/// # }
/// ```
#[derive(Debug)]
pub struct Exchange<'a, H>(pub &'a mut Option<H>);

/// The handle of an [`Exchange`] on its way.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::marshal::{Exchange, Handle, IntoNative, Utf8};
///
/// #[derive(Handle)]
/// #[handle(close = libc::close, invalid = -1)]
/// pub struct Descriptor(i32);
///
/// // SAFETY: a new descriptor, owned by nobody else.
/// let mut place = unsafe { Descriptor::from_raw(libc::dup(1)) };
/// let mut on_its_way = <Exchange<'_, Descriptor> as IntoNative<Utf8>>::state();
/// IntoNative::<Utf8>::into_native(Exchange(&mut place), &mut on_its_way)?;
/// // Another argument cannot be converted: the function is not called, and the handle is back.
/// drop(on_its_way);
/// assert!(place.is_some());
/// # }
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
#[doc(hidden)]
pub struct Exchanged<'a, H: Handle> {
    raw: <H::Kind as HandleKind>::Raw,
    /// As long as the function is not called.
    held: Option<H>,
    origin: Option<&'a mut Option<H>>,
}

impl<H: Handle> Exchanged<'_, H> {
    fn take_over(&mut self) {
        if let Some(origin) = self.origin.take() {
            *origin = match self.held.take() {
                // The function was not called.
                Some(handle) => Some(handle),
                // SAFETY: the function left it, and nobody else closes it.
                None => unsafe { H::from_raw(self.raw) },
            };
        }
    }
}

impl<H: Handle> Drop for Exchanged<'_, H> {
    fn drop(&mut self) {
        self.take_over();
    }
}

impl<H: Handle> fmt::Debug for Exchanged<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanged").finish_non_exhaustive()
    }
}

impl<'a, H: Handle, M: CharSet> IntoNative<M> for Exchange<'a, H> {
    type Native = *mut <H::Kind as HandleKind>::Raw;
    type State = Exchanged<'a, H>;

    fn state() -> Exchanged<'a, H> {
        Exchanged { raw: H::Kind::INVALID, held: None, origin: None }
    }

    fn into_native(self, state: &mut Self::State) -> Result<Self::Native, MarshalError> {
        state.held = self.0.take();
        if let Some(handle) = &state.held {
            state.raw = handle.as_raw();
        }
        state.origin = Some(self.0);
        Ok(&raw mut state.raw)
    }

    fn hand_over(state: &mut Self::State) {
        core::mem::forget(state.held.take());
    }

    fn copy_back(state: &mut Self::State) -> Result<(), MarshalError> {
        state.take_over();
        Ok(())
    }
}
