//! What the crate needs from the world: a word per thread, a lock to wait under, a fence for others.
//!
//! With the standard library all of it is `std`. Under loom it is loom's. Without either the embedder
//! supplies it, see [`Platform`](embedded::Platform).

#[cfg(loom)]
#[path = "model.rs"]
mod imp;
#[cfg(all(feature = "std", not(loom)))]
#[path = "hosted.rs"]
mod imp;

#[cfg(all(target_os = "linux", not(loom), not(miri)))]
#[path = "membarrier.rs"]
mod others;
#[cfg(all(windows, not(loom), not(miri)))]
#[path = "flush.rs"]
mod others;
#[cfg(any(loom, miri, not(any(target_os = "linux", windows))))]
#[path = "no_fence.rs"]
mod others;

pub(crate) use imp::{
    Guard, Lock, Signal, abort, after_fork, at_thread_exit, catch, foreign_exception, log, panicking, resume,
    set_thread_word, thread_label, thread_word,
};
pub(crate) use others::{fence_others, fences_others};
