//! Panics of routines, from where they are caught to where they go on.
//!
//! The shim of a closure catches a panic and leaves it here with the depth of the walk it belongs to;
//! the walk, at its end, takes it out. Panics are rare, so one list for the process will do.
//!
//! # Safety
//! The list named by the innermost frame of this thread is protected by that frame.
#![allow(unsafe_code, reason = "reads the list that the innermost walk protects")]

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use super::Identity;
use super::list::{Entry, List};
use crate::platform::{self, Lock};
use crate::policy::PanicPolicy;
use crate::report::{self, Report};
use crate::rundown::Slot;
use crate::sync::Ordering;

struct Caught {
    slot: usize,
    depth: usize,
    payload: Box<dyn Any + Send>,
}

#[cfg(not(loom))]
static CAUGHT: Lock<Vec<Caught>> = Lock::new(Vec::new());
#[cfg(loom)]
loom::lazy_static! {
    static ref CAUGHT: Lock<Vec<Caught>> = Lock::new(Vec::new());
}

/// The object whose routine this thread is in, and the routine's address.
pub(super) fn calling(slot: &Slot) -> Option<(Arc<Identity>, usize)> {
    let (list, state) = slot.innermost();
    // SAFETY: null, or protected by the walk that is calling us.
    let list = (!list.is_null()).then(|| unsafe { List::at(list.cast()) })?;
    // It may be dead by now.
    let routine = list.entries().find(|entry| entry.state() | 1 == state | 1).map_or(0, Entry::address);
    Some((Arc::clone(&list.identity), routine))
}

/// Reports and counts a panic of a routine of `object`, and aborts if that is the policy.
fn count(object: &Identity, routine: usize, message: String) {
    object.panics.fetch_add(1, Ordering::Relaxed);
    let aborting = object.policy() == PanicPolicy::Abort;
    report::send(&Report::Panic { object: object.to_string(), routine, message, aborting });
    if aborting {
        platform::abort();
    }
}

/// A routine of this crate's std panicked.
#[cold]
pub(super) fn caught(payload: Box<dyn Any + Send>) {
    let slot = Slot::of_this_thread();
    match calling(slot) {
        Some((object, _)) if object.policy() == PanicPolicy::ResumeInNotifier => {
            object.panics.fetch_add(1, Ordering::Relaxed);
            let caught = Caught { slot: core::ptr::from_ref(slot).addr(), depth: slot.depth(), payload };
            CAUGHT.lock().push(caught);
            slot.add_caught();
        }
        Some((object, routine)) => {
            count(&object, routine, report::message(&*payload));
            platform::discard(payload);
        }
        // Not called by a walk: by foreign code that called the shim itself.
        None => {
            report::send(&Report::Panic {
                object: "no object".to_string(),
                routine: 0,
                message: report::message(&*payload),
                aborting: false,
            });
            platform::discard(payload);
        }
    }
}

/// For a routine with a standard library of its own, which caught a panic: has the policy of the object
/// applied that is calling the routine. A panic that was to go on in the notifier goes on as one with
/// this message.
///
/// ```
/// use std::ffi::c_void;
/// use std::panic::catch_unwind;
/// use std::ptr::null_mut;
///
/// use callback_object::{
///     Attributes, CallbackObject, PanicPolicy, register_raw, report_panic, unregister_raw,
/// };
///
/// /// As a library with a standard library of its own has it: its panics stay inside.
/// unsafe extern "system-unwind" fn routine(_: *mut c_void, _: *mut c_void, _: *mut c_void) {
///     if catch_unwind(|| panic!("no such connection")).is_err() {
///         report_panic("no such connection");
///     }
/// }
///
/// let object = CallbackObject::unnamed(Attributes::new().panics(PanicPolicy::Count));
/// // SAFETY: the routine may be called at any time with anything.
/// let handle = unsafe { register_raw(&object, routine, null_mut(), None) }?;
/// object.notify(null_mut(), null_mut())?;
/// assert_eq!(object.panics(), 1);
/// # unregister_raw(handle)?;
/// # Ok::<(), callback_object::Error>(())
/// ```
pub fn report_panic(message: &str) {
    caught(Box::new(message.to_string()));
}

/// The walk that just ended may have caught panics: the first goes on, the others are reported.
#[cold]
#[inline(never)]
pub(super) fn settle(slot: &Slot) {
    let number = core::ptr::from_ref(slot).addr();
    let depth = slot.depth() + 1;
    let mine: Vec<Caught> = {
        let mut all = CAUGHT.lock();
        all.extract_if(.., |c| c.slot == number && c.depth == depth).collect()
    };
    slot.sub_caught(mine.len());
    let mut mine = mine.into_iter().map(|c| c.payload);
    // A panic beside another would abort the process.
    let first = if platform::panicking() { None } else { mine.next() };
    for other in mine {
        report::send(&Report::Panic {
            object: "the object notified last".to_string(),
            routine: 0,
            message: report::message(&*other),
            aborting: false,
        });
        platform::discard(other);
    }
    if let Some(first) = first {
        platform::resume(first);
    }
}
