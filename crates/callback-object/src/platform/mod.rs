//! What the crate needs from the world: a word per thread, a lock to wait under, a fence for others.
//!
//! With the standard library all of it is `std`. Under loom it is loom's. Without either the embedder
//! supplies it, see `Platform` in `embedded.rs`.

#[cfg(loom)]
#[path = "model.rs"]
mod imp;
#[cfg(all(feature = "std", not(loom)))]
#[path = "hosted.rs"]
mod imp;

#[cfg(all(not(feature = "std"), not(loom)))]
#[path = "embedded.rs"]
mod imp;

#[cfg(not(loom))]
mod stand_in;

#[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
#[path = "align_x64.rs"]
mod align;
#[cfg(any(not(target_arch = "x86_64"), loom, miri))]
#[path = "align_none.rs"]
mod align;

#[cfg(all(feature = "std", target_os = "linux", not(loom), not(miri)))]
#[path = "membarrier.rs"]
mod others;
#[cfg(all(feature = "std", windows, not(loom), not(miri)))]
#[path = "flush.rs"]
mod others;
#[cfg(any(loom, miri, not(feature = "std"), not(any(target_os = "linux", windows))))]
#[path = "no_fence.rs"]
mod others;

pub(crate) use align::align_loop;
pub(crate) use imp::{
    Guard, Lock, STAND_IN, Signal, abort, after_fork, at_thread_exit, catch, foreign_exception, log, no_word,
    panicking, resume, set_thread_word, thread_label, thread_word,
};
pub(crate) use others::{fence_others, fences_others};

#[cfg(all(not(feature = "std"), not(loom)))]
pub use imp::{Platform, set_platform, thread_ends};
