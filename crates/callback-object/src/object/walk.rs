//! Notification: the walk over the registrations of an object.
//!
//! A walk reads the length of the list once, so it ends however many routines are registered while it
//! runs, and a routine registered by a routine is not called by the same walk. It holds no lock, writes
//! to its own thread's slot only, and allocates nothing.
//!
//! Once a walk has begun it reads the list and nothing else of the object: a routine may drop the last
//! reference to the object that is calling it.
//!
//! Between two routines the walk looks at one word, the [`Condition`] of its thread. If it is not what
//! it was, the routine before has changed the IRQL, or panicked, or somebody waits for its end; all of
//! that is out of line.
//!
//! # Safety
//! - The list is protected by the walk's frame until the walk ends.
//! - A routine that is alive is called as promised to whoever registered it.
#![allow(unsafe_code, reason = "calls routines by pointer")]

use core::ffi::c_void;
use core::mem;

use super::list::{Entry, List, is_dead};
use super::{Access, Object, gate, panics};
use crate::irql;
use crate::platform;
use crate::report::{self, Report};
use crate::rundown::{self, CompilerOnly, Condition, Full, LightFence, Slot, Walk};
use crate::status::{Error, Status};
use crate::sync::Ordering;

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
    /// - [`Status::INVALID_DEVICE_STATE`] above [`irql::DISPATCH`]. An object that everybody may notify
    ///   and that has no routines is left alone at any level.
    /// - [`Status::ACCESS_DENIED`] for an object of the host.
    /// - [`Status::OBJECT_TYPE_MISMATCH`] for a typed object.
    ///
    /// No routine is called then.
    ///
    /// # Panics
    /// With the first panic of a routine, when the others have run, if the object's policy says so.
    #[inline]
    pub fn notify(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        match self.hot.gate.load(Ordering::Acquire) {
            gate::EMPTY => Ok(()),
            gate::USUAL => self.walk::<CompilerOnly>(argument1, argument2),
            _ => self.notify_otherwise(argument1, argument2),
        }
    }

    #[inline(never)]
    fn notify_otherwise(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        match self.access {
            Access::Open => self.deliver(argument1, argument2),
            Access::Typed(..) => Err(Error::new(Status::OBJECT_TYPE_MISMATCH, "notify", &*self.identity)
                .hint("open it with its two types")),
            Access::Host => Err(Error::new(Status::ACCESS_DENIED, "notify", &*self.identity)
                .hint("it is the host that notifies system-defined objects")),
        }
    }

    /// [`notify`](Self::notify) for who has the right to.
    #[inline]
    pub(crate) fn deliver(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        if self.hot.live.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        if self.hot.fence.is_asymmetric() {
            self.walk::<CompilerOnly>(argument1, argument2)
        } else {
            self.walk_fenced(argument1, argument2)
        }
    }

    /// The walk with the other fence.
    #[inline(never)]
    fn walk_fenced(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        #[cfg(feature = "negative-control")]
        if self.hot.fence == rundown::Fence::Missing {
            return self.walk::<CompilerOnly>(argument1, argument2);
        }
        self.walk::<Full>(argument1, argument2)
    }

    #[cold]
    #[inline(never)]
    fn level_too_high(&self) -> Result<(), Error> {
        irql::check("notify", &*self.identity, irql::DISPATCH)
    }

    #[inline(always)]
    fn walk<F: LightFence>(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        let slot = Slot::of_this_thread();
        let condition = slot.condition();
        if condition.level() > irql::DISPATCH {
            self.level_too_high()?;
        }
        let (walk, list) = Walk::begin(slot, &self.hot.list);
        // SAFETY: protected by the walk until the walk ends.
        let list = unsafe { &*list };
        let running = Running { slot, walk, list };
        let condition = running.call_all::<F>(condition, argument1, argument2);
        mem::forget(running);
        walk.end();
        if condition.has_caught() {
            panics::settle(slot);
        }
        Ok(())
    }
}

/// A walk under way. Dropped only when a routine is left by unwinding.
struct Running<'w> {
    slot: &'w Slot,
    walk: Walk<'w>,
    list: &'w List,
}

impl Running<'_> {
    /// Calls the routines; returns the condition afterwards.
    #[inline(always)]
    fn call_all<F: LightFence>(
        &self,
        mut condition: Condition,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Condition {
        let mut left = self.list.published();
        let mut entries: &[Entry] = &self.list.first;
        let mut next = &self.list.next;
        let mut before: Option<&Entry> = None;
        loop {
            let here = left.min(entries.len());
            let mut ahead = entries[..here].iter();
            let mut entry = ahead.next();
            while let Some(this) = entry {
                self.walk.publish::<F>(this.state());
                let now = self.slot.condition();
                if now != condition {
                    condition = after_change(self.slot, self.list, before, condition, now);
                }
                if !is_dead(this.state()) {
                    before = Some(this);
                    // SAFETY: whoever registered the routine promised that it may be called with this
                    // context and the arguments of any notification, until unregistering returned.
                    unsafe { this.routine()(this.context(), argument1, argument2) };
                }
                entry = ahead.next();
            }
            left -= here;
            if left == 0 {
                break;
            }
            let Some(segment) = next.get() else { break };
            (entries, next) = (&segment.entries, &segment.next);
        }
        self.walk.publish::<F>(0);
        let now = self.slot.condition();
        if now != condition {
            condition = after_change(self.slot, self.list, before, condition, now);
        }
        condition
    }
}

/// Something happened in the routine that was called last; it has been left. Returns the condition to
/// expect from now on.
#[cold]
#[inline(never)]
fn after_change(
    slot: &Slot,
    list: &List,
    before: Option<&Entry>,
    expected: Condition,
    now: Condition,
) -> Condition {
    if now.level() != expected.level() {
        slot.set_level(expected.level());
        irql::violated(&Report::IrqlChanged {
            object: alloc::format!("{}", list.identity),
            routine: before.map_or(0, Entry::address),
            before: expected.level(),
            after: now.level(),
        });
    }
    if now.asks_more_than(expected) {
        rundown::left();
    }
    // Not what it is by now: a request that came since `now` must still be seen.
    now.with_level(expected.level())
}

impl Drop for Running<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        unwound(self.walk, self.list);
    }
}

/// A routine did not return. The frame goes all the same, so that nobody waits for ever.
#[cold]
#[inline(never)]
fn unwound(walk: Walk<'_>, list: &List) {
    let current = walk.current();
    let routine = list.entries().find(|e| e.state() | 1 == current | 1).map_or(0, Entry::address);
    // A thread that exits unwinds too, and is welcome to; an exception must not leave the core.
    let aborting = platform::panicking() || platform::foreign_exception();
    report::send(&Report::Unwound { object: alloc::format!("{}", list.identity), routine, aborting });
    if aborting {
        platform::abort();
    }
    walk.publish::<Full>(0);
    rundown::left();
    walk.end();
}

/// Sets up this thread's slot, so that no later notification from it allocates, as long as no more than
/// `depth` of them are nested. For threads that must meet deadlines.
pub fn prepare_thread(depth: usize) {
    Slot::of_this_thread().reserve(depth);
}
