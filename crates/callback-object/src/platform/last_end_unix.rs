//! The end of a thread that has none of its thread-local values any more.
//!
//! They are destroyed first, then come the destructors of POSIX' keys, which may notify as well. What is set for a
//! key by one of these is destroyed in a further round.
//!
//! # Safety
//! The value of the key is null or the address of a function of one type.
#![allow(unsafe_code, reason = "POSIX' keys")]

use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering};

use libc::pthread_key_t;

/// The key and one more; 0 before there is one.
static KEY: AtomicUsize = AtomicUsize::new(0);

/// A thread is never past the end that is told of here, or only in the last of many rounds.
pub(super) fn is_over() -> bool {
    false
}

/// Has `action`, or nothing, run with the destructors of this thread's keys. False if that cannot be.
pub(super) fn at_last_end(action: Option<fn()>) -> bool {
    let value = action.map_or(core::ptr::null(), |action| action as *const c_void);
    // SAFETY: the key was created, and is never deleted.
    key().is_some_and(|key| unsafe { libc::pthread_setspecific(key, value) } == 0)
}

/// The key, which nobody waits for: who makes it may be gone, in the child of a fork.
fn key() -> Option<pthread_key_t> {
    let known = |number: usize| pthread_key_t::try_from(number - 1).ok();
    match KEY.load(Ordering::Acquire) {
        0 => {}
        number => return known(number),
    }
    let mut key = 0;
    // SAFETY: room for a key, and a destructor for the values it gets above.
    if unsafe { libc::pthread_key_create(&raw mut key, Some(ended)) } != 0 {
        return None;
    }
    let number = usize::try_from(key).ok()? + 1;
    match KEY.compare_exchange(0, number, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(key),
        Err(theirs) => {
            // SAFETY: created above, and nobody else has seen it.
            unsafe { libc::pthread_key_delete(key) };
            known(theirs)
        }
    }
}

unsafe extern "C" fn ended(action: *mut c_void) {
    // SAFETY: not null, for then there is no call; so it is what was set above.
    let action = unsafe { core::mem::transmute::<*mut c_void, fn()>(action) };
    action();
}
