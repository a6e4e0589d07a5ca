//! A word per thread that is there as long as the thread is: one of those that Windows numbers (`TlsAlloc`).
//!
//! Where programs are made by MinGW, `thread_local!` puts every value into memory of its own, which it frees when the
//! thread begins to end, and allocates once more if the value is used after that, for good.
//!
//! # Safety
//! The functions are called with numbers that were given out and not given back; the words are not followed here.
#![allow(unsafe_code, reason = "four functions of kernel32")]

use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, Ordering};

#[link(name = "kernel32")]
unsafe extern "system" {
    safe fn TlsAlloc() -> u32;
    fn TlsFree(index: u32) -> i32;
    fn TlsGetValue(index: u32) -> *mut c_void;
    fn TlsSetValue(index: u32, value: *const c_void) -> i32;
}

/// A word per thread, null at first.
#[derive(Debug)]
pub(super) struct Index {
    /// Its number and one more; 0 before there is one. `TlsAlloc` fails with the largest number.
    number: AtomicU32,
}

impl Index {
    pub(super) const fn new() -> Index {
        Index { number: AtomicU32::new(0) }
    }

    /// Its number, if it has one.
    #[inline]
    fn known(&self) -> Option<u32> {
        self.number.load(Ordering::Acquire).checked_sub(1)
    }

    /// The word of this thread.
    #[inline]
    pub(super) fn get(&self) -> *const c_void {
        // SAFETY: the number was given out, and is never given back.
        self.known().map_or(core::ptr::null(), |index| unsafe { TlsGetValue(index) }.cast_const())
    }

    /// Sets the word of this thread. False if there is none to be had.
    pub(super) fn set(&self, word: *const c_void) -> bool {
        // SAFETY: as above.
        self.known().or_else(|| self.allocate()).is_some_and(|index| unsafe { TlsSetValue(index, word) } != 0)
    }

    #[cold]
    fn allocate(&self) -> Option<u32> {
        let index = TlsAlloc();
        let number = index.checked_add(1)?;
        match self.number.compare_exchange(0, number, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(index),
            Err(theirs) => {
                // SAFETY: given out above, and nobody else has seen it.
                unsafe { TlsFree(index) };
                Some(theirs - 1)
            }
        }
    }
}
