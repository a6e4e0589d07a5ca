//! Notifying an object that another thread may let go of meanwhile.
//!
//! A Rust caller holds a reference while it notifies. A C caller holds a number, which is looked up; between
//! the look and the walk the last reference may be given back. So the thread says in its slot which object
//! it *approaches*, and looks again:
//!
//! ```text
//! notify                                   give back
//!   F1  found                                G1  can no longer be found
//!   F2  slot.approached = object             G2  heavy fence
//!   F3  light fence                          G3  some slot.approached = object, or some walk is in it?
//!   F4  still found? then walk               G4  then keep it until later, else drop the reference
//! ```
//!
//! Either F4 misses the object, or G3 sees the thread. Nobody waits: what has to be kept is looked at again
//! by the next one who gives something back or finishes a notification.
//!
//! # Safety
//! The object is dereferenced between F4 and the end of the notification only, while the slot says so.
#![allow(unsafe_code, reason = "objects are found as raw pointers")]

use alloc::vec::Vec;
use core::ffi::c_void;

use super::{Object, ObjectReference};
use crate::platform::{self, Lock};
use crate::rundown::{Fence, Slot, is_near};
use crate::status::{Error, Status};
use crate::sync::{AtomicUsize, Ordering};

/// References that were given back and cannot be dropped yet, and their number, for a quick look.
#[cfg(not(loom))]
static RETIRED: (Lock<Vec<ObjectReference>>, AtomicUsize) = (Lock::new(Vec::new()), AtomicUsize::new(0));
#[cfg(loom)]
loom::lazy_static! {
    static ref RETIRED: (Lock<Vec<ObjectReference>>, AtomicUsize) = (Lock::new(Vec::new()), AtomicUsize::new(0));
}

/// [`Object::notify`] for an object that is found by a look-up.
///
/// # Errors
/// [`Status::INVALID_HANDLE`] if nothing is found; else as there.
///
/// # Panics
/// As there.
///
/// # Safety
/// What `find` returns came from [`ObjectReference::into_raw`]; that reference is given up with [`retire`]
/// only, and only after `find` could no longer find it, which `find` learns by a sequentially consistent
/// load.
#[inline(always)]
pub unsafe fn notify_found(
    find: impl Fn() -> Option<*const Object>,
    argument1: *mut c_void,
    argument2: *mut c_void,
) -> Result<(), Error> {
    let Some(found) = find() else { return Err(nothing()) };
    let slot = Slot::of_this_thread();
    let approach = slot.approach(found.cast(), platform::fences_others());
    if find() != Some(found) {
        approach.end();
        return Err(nothing());
    }
    // SAFETY: it could be found while this thread's slot named it, so its reference is not dropped before
    // the slot names something else.
    let outcome = unsafe { &*found }.notify(argument1, argument2);
    // After unwinding the frame goes on to name the object until its thread uses it again or ends: the
    // reference is kept a little longer. A guard would cost every notification the registers for its address.
    approach.end();
    if RETIRED.1.load(Ordering::Relaxed) != 0 {
        sweep();
    }
    outcome
}

#[cold]
#[inline(never)]
fn nothing() -> Error {
    Error::new(Status::INVALID_HANDLE, "notify", &"an object that is not there")
        .hint("it was never created, or its last reference was given back")
}

/// Gives back the reference behind what [`notify_found`] could find, now or when no notification of it is
/// under way.
pub fn retire(reference: ObjectReference) {
    {
        let mut retired = RETIRED.0.lock();
        retired.push(reference);
        RETIRED.1.store(retired.len(), Ordering::Relaxed);
    }
    sweep();
}

#[cold]
#[inline(never)]
fn sweep() {
    Fence::Asymmetric.available().heavy();
    // Dropped when the lock is no longer held.
    let _free: Vec<ObjectReference> = {
        let mut retired = RETIRED.0.lock();
        let free = retired.extract_if(.., |r| !is_near(core::ptr::from_ref::<Object>(r).cast())).collect();
        RETIRED.1.store(retired.len(), Ordering::Relaxed);
        free
    };
}
