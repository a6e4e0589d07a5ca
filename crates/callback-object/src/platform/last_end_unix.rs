//! The end of a thread that has none of its thread-local values any more.
//!
//! They are destroyed first, then come the destructors of POSIX' keys, which may notify as well. What is set for a
//! key by one of these is destroyed in a further round.
//!
//! # Safety
//! The value of the key is null or the address of a function of one type.
#![allow(unsafe_code, reason = "POSIX' keys")]

use core::ffi::c_void;
use std::sync::OnceLock;

/// Has `action`, or nothing, run with the destructors of this thread's keys. False if that cannot be.
pub(super) fn at_last_end(action: Option<fn()>) -> bool {
    static KEY: OnceLock<Option<libc::pthread_key_t>> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: room for a key, and a destructor for the values it gets below.
        let result = unsafe { libc::pthread_key_create(&raw mut key, Some(ended)) };
        (result == 0).then_some(key)
    });
    let value = action.map_or(core::ptr::null(), |action| action as *const c_void);
    // SAFETY: the key was created, and is never deleted.
    key.is_some_and(|key| unsafe { libc::pthread_setspecific(key, value) } == 0)
}

unsafe extern "C" fn ended(action: *mut c_void) {
    // SAFETY: not null, for then there is no call; so it is what was set above.
    let action = unsafe { core::mem::transmute::<*mut c_void, fn()>(action) };
    action();
}
