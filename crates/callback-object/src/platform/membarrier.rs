//! Linux: `membarrier(2)` in its private expedited form.
//!
//! Kernels before 4.14, some sandboxes and seccomp filters refuse it; then the answer of
//! [`fences_others`] is no, once and for all.
//!
//! # Safety
//! One raw system call, which takes integers and touches no memory of ours.
#![allow(unsafe_code, reason = "a system call")]

use core::sync::atomic::{AtomicU8, Ordering};

const QUERY: libc::c_int = 0;
const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

const UNKNOWN: u8 = 0;
const YES: u8 = 1;
const NO: u8 = 2;

static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);

fn membarrier(command: libc::c_int) -> libc::c_long {
    // SAFETY: the call takes three integers (membarrier(2)).
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
}

/// Whether [`fence_others`] works in this process. The first call registers the process with the kernel.
#[inline]
pub(crate) fn fences_others() -> bool {
    match ANSWER.load(Ordering::Acquire) {
        UNKNOWN => ask(),
        answer => answer == YES,
    }
}

#[cold]
fn ask() -> bool {
    let commands = membarrier(QUERY);
    let known = commands > 0 && commands & libc::c_long::from(PRIVATE_EXPEDITED) != 0;
    let works = known && membarrier(REGISTER_PRIVATE_EXPEDITED) == 0;
    ANSWER.store(if works { YES } else { NO }, Ordering::Release);
    works
}

/// Makes every running thread of the process pass a full fence before this returns.
pub(crate) fn fence_others() {
    core::sync::atomic::fence(Ordering::SeqCst);
    let result = membarrier(PRIVATE_EXPEDITED);
    // A filter installed after the registration may refuse the call; going on without the fence would
    // let a routine run after it was unregistered.
    assert!(result == 0, "membarrier, which worked at first, is refused now");
    core::sync::atomic::fence(Ordering::SeqCst);
}
