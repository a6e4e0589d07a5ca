//! A value of one thread inside something that may travel to others.
//!
//! Scripting engines are seldom `Send`, yet the [`Value`](super::Value)s that carry their callbacks are data
//! like any other. The value stays reachable on its own thread only; that is checked, not assumed.
#![allow(unsafe_code, reason = "lets a wrapper travel whose content stays at home")]

use std::mem::ManuallyDrop;
use std::thread::{self, ThreadId};

/// A value that only the thread that made it may touch.
pub(super) struct ThreadBound<F> {
    value: ManuallyDrop<F>,
    home: ThreadId,
}

impl<F> ThreadBound<F> {
    pub(super) fn new(value: F) -> ThreadBound<F> {
        ThreadBound { value: ManuallyDrop::new(value), home: thread::current().id() }
    }

    /// The value, on its own thread.
    pub(super) fn get(&self) -> Option<&F> {
        (thread::current().id() == self.home).then_some(&self.value)
    }
}

/// On another thread the value is leaked: dropping it there could touch what belongs to its own thread.
impl<F> Drop for ThreadBound<F> {
    fn drop(&mut self) {
        if thread::current().id() == self.home {
            // SAFETY: dropped once, here, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}

// SAFETY: the value is reached through `get` and `drop` only, which check that they run on the thread that
// made it; thread ids are never reused.
unsafe impl<F> Send for ThreadBound<F> {}
// SAFETY: as above: other threads never get a reference to the value.
unsafe impl<F> Sync for ThreadBound<F> {}
