//! The atomics of this crate: those of `core`, or loom's when the protocol is model-checked.
//!
//! Loom treats sequentially consistent accesses as acquire and release, but knows sequentially
//! consistent fences. The helpers below are one instruction in the real program (an exchange is a
//! full barrier on every processor when the reads that matter are sequentially consistent too) and a
//! store with a fence in the model.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};

pub(crate) use core::sync::atomic::{Ordering, compiler_fence};

/// A full fence.
#[inline]
pub(crate) fn full_fence() {
    #[cfg(not(loom))]
    core::sync::atomic::fence(Ordering::SeqCst);
    #[cfg(loom)]
    loom::sync::atomic::fence(Ordering::SeqCst);
}

/// Stores a pointer so that no later sequentially consistent load is served before others see it.
#[inline]
pub(crate) fn store_ptr_then_fence<T>(place: &AtomicPtr<T>, value: *mut T) {
    #[cfg(not(loom))]
    place.swap(value, Ordering::SeqCst);
    #[cfg(loom)]
    {
        place.store(value, Ordering::Release);
        full_fence();
    }
}

/// The same for a word of 32 bits.
#[inline]
pub(crate) fn store_u32_then_fence(place: &AtomicU32, value: u32) {
    #[cfg(not(loom))]
    place.swap(value, Ordering::SeqCst);
    #[cfg(loom)]
    {
        place.store(value, Ordering::Release);
        full_fence();
    }
}

/// Stores a word so that no later sequentially consistent load is served before others see it.
#[inline]
pub(crate) fn store_then_fence(place: &AtomicU64, value: u64) {
    #[cfg(not(loom))]
    place.swap(value, Ordering::SeqCst);
    #[cfg(loom)]
    {
        place.store(value, Ordering::Release);
        full_fence();
    }
}
