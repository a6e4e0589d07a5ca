//! What the crate needs from the world: a word per thread, a lock to wait under, a fence for others.
//!
//! With the standard library all of it is `std`. Under loom it is loom's. Without either the embedder
//! supplies it, see `Platform` in `embedded.rs`.

use alloc::boxed::Box;
use alloc::string::String;
use core::any::Any;

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

#[cfg(all(feature = "std", unix, not(loom)))]
#[path = "fork_unix.rs"]
mod fork;
#[cfg(all(feature = "std", not(unix), not(loom)))]
#[path = "fork_none.rs"]
mod fork;
#[cfg(all(feature = "std", not(loom)))]
mod locks;

#[cfg(all(feature = "std", windows, not(loom), not(miri)))]
#[path = "index_windows.rs"]
mod index;
#[cfg(all(feature = "std", unix, not(loom)))]
#[path = "last_end_unix.rs"]
mod last_end;
#[cfg(all(feature = "std", windows, not(loom), not(miri)))]
#[path = "last_end_windows.rs"]
mod last_end;
#[cfg(all(feature = "std", not(unix), any(miri, not(windows)), not(loom)))]
#[path = "last_end_none.rs"]
mod last_end;

#[cfg(all(
    feature = "std",
    target_arch = "x86_64",
    target_os = "linux",
    target_env = "gnu",
    not(loom),
    not(miri)
))]
#[path = "word_elf_x64.rs"]
mod word;
#[cfg(all(feature = "std", windows, target_env = "gnu", not(loom), not(miri)))]
#[path = "word_windows.rs"]
mod word;
#[cfg(all(
    feature = "std",
    not(loom),
    any(
        miri,
        not(any(
            all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"),
            all(windows, target_env = "gnu")
        ))
    )
))]
#[path = "word_any.rs"]
mod word;

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
#[cfg(loom)]
#[path = "model_fence.rs"]
mod others;
#[cfg(all(not(loom), any(miri, not(feature = "std"), not(any(target_os = "linux", windows)))))]
#[path = "no_fence.rs"]
mod others;

#[cfg(not(loom))]
#[path = "interruption_any.rs"]
mod interruption;
#[cfg(loom)]
use others as interruption;

pub(crate) use align::align_loop;
#[cfg(all(feature = "std", not(loom)))]
pub use imp::{Guard, Lock};
#[cfg(any(not(feature = "std"), loom))]
pub(crate) use imp::{Guard, Lock};
pub(crate) use imp::{
    STAND_IN, Signal, abort, after_fork, at_thread_exit, catch, foreign_exception, log, no_word, panicking,
    resume, set_thread_word, thread_label, thread_word,
};
pub(crate) use interruption::{IS_MODEL, last_step, step};
pub(crate) use others::{fence_others, fences_others};

#[cfg(all(not(feature = "std"), not(loom)))]
pub use imp::{Platform, set_platform, thread_ends};

/// Drops the payload of a panic, which may panic once more. What does so for the second time is given up, unless it is
/// a message.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch(|| drop(payload))
        && !(again.is::<&str>() || again.is::<String>())
    {
        core::mem::forget(again);
    }
}
