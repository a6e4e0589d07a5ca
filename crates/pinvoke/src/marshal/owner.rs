//! Who frees memory that crosses the border.
//!
//! Native code that hands over memory means one of two things: *look at it*, or *it is yours now, give it
//! back to that function when done*. A type cannot tell which, so the declaration says it: `borrowed` is
//! the plain form, everything else is [`Owned`] by somebody who frees it. The value is copied first, and
//! the memory is given back at once, exactly one time, also if it is no value of the type.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;

use super::{Ansi, com};

/// A pair of functions of native memory: what frees it, and, if declared, what allocates it.
///
/// `#[returns(free_with = f)]` makes one of a function of the block.
///
/// # Safety
/// [`Self::free`] takes every address that native code hands over under this owner, and every address of
/// [`Self::allocate`]. What `allocate` returns is null or aligned for every scalar and of that many bytes.
///
/// ```
/// use core::ffi::c_void;
/// use pinvoke::marshal::{Given, Owner};
///
/// /// Memory of malloc's that begins as zeros.
/// enum Zeroed {}
///
/// // SAFETY: calloc and free of one library; calloc aligns for every scalar.
/// unsafe impl Owner for Zeroed {
///     const NAME: &'static str = "free";
///     unsafe fn free(memory: *mut c_void) {
///         // SAFETY: as promised.
///         unsafe { libc::free(memory) }
///     }
///     fn allocate(bytes: usize) -> *mut c_void {
///         // SAFETY: any size may be asked for.
///         unsafe { libc::calloc(1, bytes.max(1)) }
///     }
/// }
///
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     #[returns(pinvoke::marshal::Owned<pinvoke::marshal::Ansi, Zeroed>)]
///     safe fn strdup(text: &str) -> String;
///     fn free(text: Given<&str, Zeroed>);
/// }
/// assert_eq!(strdup("freed by `Zeroed`"), "freed by `Zeroed`");
/// // SAFETY: free takes what calloc made.
/// unsafe { free(Given::new("made by `Zeroed`")) };
/// # }
/// ```
pub unsafe trait Owner: 'static {
    /// How messages name it.
    const NAME: &'static str;

    /// Gives memory back.
    ///
    /// # Safety
    /// The memory belongs to this owner and is not used again. It is not null.
    ///
    /// ```
    /// use pinvoke::marshal::{Free, Owner};
    ///
    /// // SAFETY: a text of malloc's, used for the last time.
    /// unsafe { Free::free(libc::strdup(c"copy".as_ptr()).cast()) };
    /// ```
    unsafe fn free(memory: *mut c_void);

    /// Memory of so many bytes that native code may free; null if there is none. By default there is
    /// none.
    ///
    /// ```
    /// use pinvoke::marshal::{Free, Nobody, Owner};
    ///
    /// let memory = Free::allocate(5).cast::<core::ffi::c_char>();
    /// // SAFETY: there is room for four characters and the NUL, until it is freed.
    /// unsafe {
    ///     assert_eq!(libc::strlen(libc::strcpy(memory, c"text".as_ptr())), 4);
    ///     Free::free(memory.cast());
    /// }
    /// assert!(Nobody::allocate(5).is_null());
    /// ```
    #[must_use]
    fn allocate(bytes: usize) -> *mut c_void {
        let _ = bytes;
        core::ptr::null_mut()
    }
}

/// The C library's `malloc` and `free`.
///
/// ```
/// # #[cfg(unix)] {
/// use core::ffi::{c_char, c_int};
/// use pinvoke::dll_import;
///
/// #[dll_import("libc", set_last_error)]
/// unsafe extern "C" {
///     /// Returns memory of malloc's, where it is given none.
///     #[returns(free)] // which is `Owned<Ansi, Free>`
///     fn realpath(path: &str, room: *mut c_char) -> Result<String, pinvoke::LastError>;
/// }
/// // SAFETY: no room is given.
/// assert_eq!(unsafe { realpath("/dev/..", core::ptr::null_mut()) }.as_deref(), Ok("/"));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Free {}

// SAFETY: malloc and free of one library; malloc aligns for every scalar.
unsafe impl Owner for Free {
    const NAME: &'static str = "free";

    unsafe fn free(memory: *mut c_void) {
        // SAFETY: malloc'ed, by contract.
        unsafe { libc::free(memory) }
    }

    fn allocate(bytes: usize) -> *mut c_void {
        // SAFETY: any size may be asked for; 0 as 1, so that the address is not null.
        unsafe { libc::malloc(bytes.max(1)) }
    }
}

/// The task allocator of COM: `CoTaskMemAlloc` and `CoTaskMemFree` on Windows, `malloc` and `free` elsewhere, as in
/// .NET.
///
/// ```
/// # #[cfg(windows)] {
/// use pinvoke::marshal::Guid;
///
/// #[pinvoke::dll_import("ole32", char_set = Unicode, preserve_sig = false)]
/// unsafe extern "system" {
///     #[returns(co_task_mem_free)]
///     safe fn StringFromCLSID(id: &Guid) -> Result<String, pinvoke::Error>;
/// }
/// let text = StringFromCLSID(&Guid::default()).expect("memory");
/// assert_eq!(text, "{00000000-0000-0000-0000-000000000000}");
/// # }
/// use pinvoke::marshal::{CoTaskMem, Owner};
///
/// let memory = CoTaskMem::allocate(16);
/// assert!(!memory.is_null());
/// // SAFETY: of this owner, and not used again.
/// unsafe { CoTaskMem::free(memory) };
/// ```
#[derive(Clone, Copy, Debug)]
pub enum CoTaskMem {}

// SAFETY: what `com` frees and allocates is one allocator, which aligns for every scalar.
unsafe impl Owner for CoTaskMem {
    const NAME: &'static str = "CoTaskMemFree";

    unsafe fn free(memory: *mut c_void) {
        // SAFETY: of this allocator, by contract.
        unsafe { com::free_task_memory(memory) }
    }

    fn allocate(bytes: usize) -> *mut c_void {
        com::task_memory(bytes)
    }
}

/// The form `M` of a value that native code gave away, or will replace: it is copied, and the native
/// memory is freed by `O`.
///
/// Written by the macro for `#[returns(free)]` and its kin; written by hand for a member of a structure
/// or the result of a callback.
///
/// ```
/// use pinvoke::marshal::{FromNative, Marshal, Owned, Utf8};
///
/// /// `struct entry { char *key; int hits; }`: whoever has the structure owns the key.
/// #[derive(Marshal)]
/// struct Entry {
///     #[marshal(Owned<Utf8>)]
///     key: String,
///     hits: i32,
/// }
///
/// // SAFETY: of malloc's, and used by nobody else; it is copied and freed.
/// let key: String = unsafe { FromNative::<Owned<Utf8>>::from_native(libc::strdup(c"key".as_ptr())) }?;
/// assert_eq!(Entry { key, hits: 1 }.key, "key");
/// # Ok::<(), pinvoke::marshal::MarshalError>(())
/// ```
pub struct Owned<M = Ansi, O = Free>(PhantomData<(M, O)>);

impl<M, O: Owner> fmt::Debug for Owned<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owned by {}", O::NAME)
    }
}

/// Memory of an owner that is freed when this is dropped.
pub(super) struct Freed<O: Owner>(*mut c_void, PhantomData<O>);

impl<O: Owner> Freed<O> {
    /// # Safety
    /// `memory` is null or belongs to the owner, and to nobody else.
    pub(super) unsafe fn new<T>(memory: *mut T) -> Freed<O> {
        Freed(memory.cast(), PhantomData)
    }
}

impl<O: Owner> Drop for Freed<O> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the owner's, not null; nothing reaches it any more.
            unsafe { O::free(self.0) };
        }
    }
}
