//! A value of one thread inside something that may travel to others.
//!
//! Scripting engines are seldom `Send`, yet the [`Value`](super::Value)s that carry their callbacks are data
//! like any other. The value stays reachable on its own thread only; that is checked, not assumed.
#![allow(unsafe_code, reason = "lets a wrapper travel whose content stays at home")]

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that no other thread ever has. `std::thread::current` would do, but not once the thread's
/// variables are gone, which is when functions registered for the end of the process run; this variable has no destructor.
fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

/// A value that only the thread that made it may touch.
pub(super) struct ThreadBound<F> {
    value: ManuallyDrop<F>,
    home: u64,
}

impl<F> ThreadBound<F> {
    pub(super) fn new(value: F) -> ThreadBound<F> {
        ThreadBound { value: ManuallyDrop::new(value), home: this_thread() }
    }

    /// The value, on its own thread.
    pub(super) fn get(&self) -> Option<&F> {
        (this_thread() == self.home).then_some(&self.value)
    }
}

/// On another thread the value is leaked: dropping it there could touch what belongs to its own thread.
impl<F> Drop for ThreadBound<F> {
    fn drop(&mut self) {
        if this_thread() == self.home {
            // SAFETY: dropped once, here, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}

// SAFETY: the value is reached through `get` and `drop` only, which check that they run on the thread that
// made it; the numbers of threads are never reused.
unsafe impl<F> Send for ThreadBound<F> {}
// SAFETY: as above: other threads never get a reference to the value.
unsafe impl<F> Sync for ThreadBound<F> {}
