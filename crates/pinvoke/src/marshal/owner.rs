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
pub unsafe trait Owner: 'static {
    /// How messages name it.
    const NAME: &'static str;

    /// Gives memory back.
    ///
    /// # Safety
    /// The memory belongs to this owner and is not used again. It is not null.
    unsafe fn free(memory: *mut c_void);

    /// Memory of so many bytes that native code may free; null if there is none. By default there is
    /// none.
    #[must_use]
    fn allocate(bytes: usize) -> *mut c_void {
        let _ = bytes;
        core::ptr::null_mut()
    }
}

/// The C library's `malloc` and `free`.
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
