//! Notification: the walk over the registrations of an object.
//!
//! A walk reads the length of the list once, so it ends however many routines are registered while it
//! runs, and a routine registered by a routine is not called by the same walk. It holds no lock, writes
//! to its own thread's slot only, and allocates nothing.
//!
//! Once a walk has begun it reads the list and nothing else of the object: a routine may drop the last
//! reference to the object that is calling it.
//!
//! # Safety
//! - The list is protected by the walk's frame until the frame is popped.
//! - A routine that is alive is called as promised to whoever registered it.
#![allow(unsafe_code, reason = "calls routines by pointer")]

use core::ffi::c_void;
use core::mem;

use super::list::{Entry, List, Segment, is_dead};
use super::{Access, Object, panics};
use crate::irql;
use crate::platform;
use crate::report::{self, Report};
use crate::rundown::{self, CompilerOnly, Full, LightFence, Slot, Walk};
use crate::status::{Error, Status};

impl Object {
    /// Calls every registered routine with these arguments, in order of registration, in this thread
    /// and at its IRQL: `ExNotifyCallback`.
    ///
    /// Routines that are registered while this runs are not called by it; routines that are
    /// unregistered before their turn are not called. Any number of threads may notify at once, and a
    /// routine may notify this or other objects.
    ///
    /// Never blocks and never allocates, but for the first notification of a thread, which sets up its
    /// slot (see [`prepare_thread`]).
    ///
    /// # Errors
    /// - [`Status::INVALID_DEVICE_STATE`] above [`irql::DISPATCH`].
    /// - [`Status::ACCESS_DENIED`] for an object of the host.
    /// - [`Status::OBJECT_TYPE_MISMATCH`] for a typed object.
    ///
    /// No routine is called then.
    ///
    /// # Panics
    /// With the first panic of a routine, when the others have run, if the object's policy says so.
    #[inline]
    pub fn notify(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        if self.hot.access != Access::Open {
            return Err(self.refusal());
        }
        self.deliver(argument1, argument2)
    }

    #[cold]
    fn refusal(&self) -> Error {
        if self.hot.access == Access::Host {
            Error::new(Status::ACCESS_DENIED, "notify", &*self.identity)
                .hint("it is the host that notifies system-defined objects")
        } else {
            Error::new(Status::OBJECT_TYPE_MISMATCH, "notify", &*self.identity)
                .hint("open it with its two types")
        }
    }

    /// [`notify`](Self::notify) for who has the right to.
    #[inline]
    pub(crate) fn deliver(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        let level = irql::current();
        if level > irql::DISPATCH {
            irql::check("notify", &*self.identity, irql::DISPATCH)?;
        }
        if self.hot.live.load(crate::sync::Ordering::Acquire) != 0 {
            let slot = Slot::of_this_thread();
            if self.hot.fence.is_asymmetric() {
                self.walk::<CompilerOnly>(slot, level, argument1, argument2);
            } else {
                self.walk_fenced(slot, level, argument1, argument2);
            }
        }
        Ok(())
    }

    /// The walk with the other fence, out of the way of the usual one.
    #[inline(never)]
    fn walk_fenced(&self, slot: &Slot, level: irql::Irql, argument1: *mut c_void, argument2: *mut c_void) {
        #[cfg(feature = "negative-control")]
        if self.hot.fence == rundown::Fence::Missing {
            return self.walk::<CompilerOnly>(slot, level, argument1, argument2);
        }
        self.walk::<Full>(slot, level, argument1, argument2);
    }

    #[inline]
    fn walk<F: LightFence>(
        &self,
        slot: &Slot,
        level: irql::Irql,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) {
        let (walk, list) = Walk::begin(slot, core::ptr::from_ref(self).cast(), &self.hot.list);
        // SAFETY: protected by the walk until the walk is dropped.
        let list = unsafe { &*list };
        let frame = Interrupted { walk: &walk, list };
        call_all::<F>(&walk, list, level, argument1, argument2);
        mem::forget(frame);
        drop(walk);
        if slot.caught() != 0 {
            panics::settle(slot);
        }
    }
}

/// Calls the routines of a list that is protected by `walk`.
#[inline]
fn call_all<F: LightFence>(
    walk: &Walk<'_>,
    list: &List,
    level: irql::Irql,
    argument1: *mut c_void,
    argument2: *mut c_void,
) {
    let mut left = list.published();
    let mut segment: &Segment = &list.first;
    // The routine that was called last: its place is looked at when the next one is published.
    let mut before: Option<&Entry> = None;
    loop {
        let here = left.min(segment.entries.len());
        for entry in &segment.entries[..here] {
            let state = entry.state();
            if is_dead(state) {
                continue;
            }
            walk.publish::<F>(state);
            note_departure(before);
            before = Some(entry);
            if entry.state() != state {
                continue;
            }
            // SAFETY: whoever registered the routine promised that it may be called with this context
            // and the arguments of any notification, from now until unregistering it has returned.
            unsafe { entry.routine()(entry.context(), argument1, argument2) };
            if irql::current() != level {
                level_changed(list, entry, level);
            }
        }
        left -= here;
        match segment.next() {
            Some(next) if left != 0 => segment = next,
            _ => break,
        }
    }
    walk.publish::<F>(0);
    note_departure(before);
}

/// After something else was published: whoever unregisters that routine may be waiting for this thread.
#[inline(always)]
fn note_departure(before: Option<&Entry>) {
    if let Some(before) = before
        && is_dead(before.state())
    {
        rundown::left();
    }
}

#[cold]
#[inline(never)]
fn level_changed(list: &List, entry: &Entry, before: irql::Irql) {
    let report = Report::IrqlChanged {
        object: alloc::format!("{}", list.identity),
        routine: entry.address(),
        before,
        after: irql::current(),
    };
    platform::set_irql(before);
    irql::violated(&report);
}

/// Dropped only when a routine is left by unwinding. The frame goes, so nobody waits for ever.
struct Interrupted<'w> {
    walk: &'w Walk<'w>,
    list: &'w List,
}

impl Drop for Interrupted<'_> {
    #[cold]
    fn drop(&mut self) {
        let current = self.walk.current();
        let routine = self.list.entries().find(|e| e.state() | 1 == current | 1).map_or(0, Entry::address);
        // A thread that exits unwinds too, and is welcome to; an exception must not leave the core.
        let aborting = platform::panicking() || platform::foreign_exception();
        report::send(&Report::Unwound {
            object: alloc::format!("{}", self.list.identity),
            routine,
            aborting,
        });
        if aborting {
            platform::abort();
        }
        self.walk.publish::<Full>(0);
        rundown::left();
    }
}

/// Sets up this thread's slot, so that no later notification from it allocates, as long as no more than
/// `depth` of them are nested. For threads that must meet deadlines.
pub fn prepare_thread(depth: usize) {
    Slot::of_this_thread().reserve(depth);
}
