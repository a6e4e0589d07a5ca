//! What a notification reads of an object, in memory that is never freed.
//!
//! A Rust caller holds a reference while it notifies. A C caller holds a number, which is looked up; between
//! the look and the walk the last reference may be given back. So the *front* of an object, which leads to its
//! registrations, does not go with the object: the next object takes it over. Whoever finds a front by a
//! number may read it at any time, begins a walk, and only then looks whether the front still has this number:
//!
//! ```text
//! notify                                   give back
//!   F1  slot.list = front.list               G1  front.key = none
//!   F2  full fence                           G2  front.list = none; full fence
//!   F3  front.list as before?                G3  some slot.list = the list? then keep it until later
//!   F4  front.key as it should be? walk
//! ```
//!
//! If F3 and F4 find what they should, the object was there at F3, so the list is its list, and G3, which comes
//! later, sees that it is read. Beyond that a walk needs nothing of the object: rule 7 of `walk.rs` holds for
//! an object that is gone, too. Nobody waits, and a look-up costs no fence of its own.
//!
//! # Safety
//! - A front is a leaked box.
//! - `Front::list` is null when no object has the front; else it is protected by a walk's frame, or by the
//!   writer's lock under which alone it is replaced.
#![allow(unsafe_code, reason = "reads a list that a walk protects")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::num::NonZeroUsize;
use core::ptr::{NonNull, null_mut};

use super::Identity;
use super::list::Head;
use crate::platform::Lock;
use crate::rundown::Slot;
use crate::status::{Error, Status};
use crate::sync::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};

/// What a notification reads of an object; see [`Object::publish`](super::Object::publish).
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::ptr::null_mut;
///
/// use callback_object::{Attributes, CallbackObject};
///
/// let object = CallbackObject::unnamed(Attributes::new());
/// let key = NonZeroUsize::new(0x1000).expect("not 0");
/// let front = object.publish(key);
/// assert!(front.notify(key.get(), null_mut(), null_mut()).is_ok());
/// drop(object);
/// // The front outlives the object, and knows that it is gone.
/// assert!(front.notify(key.get(), null_mut(), null_mut()).is_err());
/// ```
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Front {
    pub(super) list: AtomicPtr<Head>,
    /// By which a foreign interface finds the object; 0 if it does not.
    key: AtomicUsize,
    /// Registrations that are alive.
    pub(super) live: AtomicUsize,
    pub(super) gate: AtomicU8,
}

/// The first look of a notification: whether there is something to call, and the usual way to do it.
pub(super) mod gate {
    /// Nothing is registered, and anybody may find that out.
    pub(in super::super) const EMPTY: u8 = 0;
    /// Everybody may notify, with the asymmetric fence.
    pub(in super::super) const USUAL: u8 = 1;
    /// Whatever else.
    pub(in super::super) const OTHER: u8 = 2;
}

/// Fronts that no object has.
#[cfg(not(loom))]
static SPARE: Lock<Vec<&'static Front>> = Lock::new(Vec::new());
#[cfg(loom)]
loom::lazy_static! {
    static ref SPARE: Lock<Vec<&'static Front>> = Lock::new(Vec::new());
}

#[cfg(not(loom))]
static NOWHERE: Front = Front::vacant();

impl Front {
    #[cfg(not(loom))]
    const fn vacant() -> Front {
        Front {
            list: AtomicPtr::new(null_mut()),
            key: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            gate: AtomicU8::new(gate::OTHER),
        }
    }

    #[cfg(loom)]
    fn vacant() -> Front {
        Front {
            list: AtomicPtr::new(null_mut()),
            key: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            gate: AtomicU8::new(gate::OTHER),
        }
    }

    /// A front for an object.
    pub(super) fn take(list: NonNull<Head>, gate: u8) -> &'static Front {
        let spare = SPARE.lock().pop();
        let front = spare.unwrap_or_else(|| Box::leak(Box::new(Front::vacant())));
        front.list.store(list.as_ptr(), Ordering::Release);
        front.gate.store(gate, Ordering::Release);
        front
    }

    /// The object is gone and its list with it.
    pub(super) fn give_back(&'static self) {
        self.key.store(0, Ordering::SeqCst);
        self.gate.store(gate::OTHER, Ordering::Release);
        self.live.store(0, Ordering::Release);
        SPARE.lock().push(self);
    }

    /// The front of no object, where no key fits.
    ///
    /// ```
    /// use std::ptr::null_mut;
    ///
    /// use callback_object::{Front, Status};
    ///
    /// // What a foreign interface asks where it finds no object.
    /// let error = Front::nowhere().notify(0x1000, null_mut(), null_mut()).unwrap_err();
    /// assert_eq!(error.status(), Status::INVALID_HANDLE);
    /// ```
    #[cfg(not(loom))]
    #[must_use]
    pub fn nowhere() -> &'static Front {
        &NOWHERE
    }

    pub(super) fn set_key(&self, key: usize) {
        self.key.store(key, Ordering::SeqCst);
    }

    /// 0 if the front belongs to the object that was given this key. None has the key 0, which means that no
    /// object has the front.
    #[inline(always)]
    fn doubt(&self, key: NonZeroUsize) -> usize {
        self.key.load(Ordering::SeqCst) ^ key.get()
    }

    /// [`ObjectReference::notify`](super::ObjectReference::notify) for the object that was given this key, which may be gone.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use callback_object::{Attributes, CallbackObject, Status};
    ///
    /// static SUM: AtomicUsize = AtomicUsize::new(0);
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let _registration = object.register(|a, b| {
    ///     SUM.fetch_add(a.addr() + b.addr(), Ordering::Relaxed);
    /// })?;
    /// let front = object.publish(NonZeroUsize::MIN);
    /// let argument = std::ptr::without_provenance_mut;
    /// front.notify(1, argument(40), argument(2))?;
    /// assert_eq!(SUM.load(Ordering::Relaxed), 42);
    /// // Another key than the object's is that of an object which is gone.
    /// assert_eq!(front.notify(2, argument(40), argument(2)).unwrap_err().status(), Status::INVALID_HANDLE);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Status::INVALID_HANDLE`] if it is gone or this is the front of another; else as there.
    ///
    /// # Panics
    /// As there.
    #[inline(always)]
    pub fn notify(
        &'static self,
        key: usize,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Result<(), Error> {
        let Some(key) = NonZeroUsize::new(key) else { return Err(not_there()) };
        match self.gate.load(Ordering::Acquire) {
            gate::USUAL => {
                if let Some(hand) = Slot::at_hand()
                    && self.walk_lightly(hand, || self.doubt(key), argument1, argument2).is_some()
                {
                    return Ok(());
                }
            }
            // The gate of the object that has the key now; if it is another's, the key does not fit afterwards.
            gate::EMPTY if self.doubt(key) == 0 => return Ok(()),
            _ => {}
        }
        self.notify_otherwise(key, argument1, argument2)
    }

    #[cold]
    #[inline(never)]
    fn notify_otherwise(
        &self,
        key: NonZeroUsize,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Result<(), Error> {
        let walk =
            self.walk_in_any_case(|| self.doubt(key), Identity::admits_everybody, argument1, argument2);
        walk.unwrap_or_else(|| Err(not_there()))
    }
}

#[cold]
#[inline(never)]
fn not_there() -> Error {
    Error::new(Status::INVALID_HANDLE, "notify", &"an object that is not there")
        .hint("it was never created, or its last reference was given back")
}
