//! Notification: the walk over the registrations of an object.
//!
//! A walk reads the length of the list once, so it ends however many routines are registered while it
//! runs, and a routine registered by a routine is not called by the same walk. It holds no lock, writes
//! to its own thread's slot only, and allocates nothing.
//!
//! Once a walk has begun it reads the list and nothing else of the object: a routine may drop the last
//! reference to the object that is calling it.
//!
//! Between two routines the walk makes one comparison, of the [`Condition`] of its thread and the state of the
//! next routine. If it is not what it was, the routine before has changed the IRQL, or panicked, or somebody
//! waits for its end, or the next routine is dead; all of that is out of line. Routines being as short as they
//! may, a walk takes as long as its branches: those that a test can do without are not there.
//!
//! # Safety
//! - The list is protected by the walk's frame until the walk ends.
//! - A routine that is alive is called as promised to whoever registered it.
#![allow(unsafe_code, reason = "calls routines by pointer")]

use core::ffi::c_void;
use core::mem;

use super::front::gate;
use super::list::{Entry, Head, List, is_dead};
use super::{Access, Front, Identity, Object, ObjectReference, panics};
use crate::irql;
use crate::platform;
use crate::report::{self, Report};
use crate::rundown::{self, CompilerOnly, Condition, Frame, Full, HIGHEST_LEVEL, LightFence, Slot, Walk};
#[cfg(feature = "negative-control")]
use crate::rundown::{Delayed, Fence};
use crate::status::{Error, Status};
use crate::sync::Ordering;

impl ObjectReference {
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
    /// ```
    /// use std::ptr::without_provenance_mut;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// static BYTES: AtomicUsize = AtomicUsize::new(0);
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// // What the arguments mean is between those who notify and those who listen: here a number each.
    /// let _registration = object.register(|connection, bytes| {
    ///     println!("connection {}", connection.addr());
    ///     BYTES.fetch_add(bytes.addr(), Ordering::Relaxed);
    /// })?;
    /// object.notify(without_provenance_mut(1), without_provenance_mut(1500))?;
    /// assert_eq!(BYTES.load(Ordering::Relaxed), 1500);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
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
    #[inline(always)]
    pub fn notify(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        match self.front.gate.load(Ordering::Acquire) {
            gate::USUAL => self.front.walk_at_once(argument1, argument2),
            gate::EMPTY => Ok(()),
            _ => self.object.notify_otherwise(argument1, argument2),
        }
    }
}

impl Object {
    /// Called as a rare case, so that the usual one stands in one piece.
    #[cold]
    #[inline(never)]
    pub(crate) fn notify_otherwise(
        &self,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Result<(), Error> {
        self.identity.admits_everybody()?;
        self.deliver(argument1, argument2)
    }

    /// [`notify`](ObjectReference::notify) for who has the right to.
    #[inline]
    pub(crate) fn deliver(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        if self.front.live.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        #[cfg(feature = "negative-control")]
        if self.identity.fence == Fence::Missing {
            return self.front.walk_fenced::<Delayed>(argument1, argument2);
        }
        if self.identity.fence.needs_light_fence() {
            self.front.walk_fenced::<Full>(argument1, argument2)
        } else {
            self.front.walk_at_once(argument1, argument2)
        }
    }
}

impl Identity {
    pub(super) fn admits_everybody(&self) -> Result<(), Error> {
        match self.access {
            Access::Open => Ok(()),
            Access::Typed(..) => {
                Err(Error::new(Status::OBJECT_TYPE_MISMATCH, "notify", self)
                    .hint("open it with its two types"))
            }
            Access::Host => Err(Error::new(Status::ACCESS_DENIED, "notify", self)
                .hint("it is the host that notifies system-defined objects")),
        }
    }
}

impl Front {
    /// A walk for somebody who holds a reference to the object.
    #[inline(always)]
    fn walk_at_once(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        match Slot::at_hand() {
            Some(hand) => {
                // There is no doubt about whose list it is, so the walk takes place.
                let _ = self.walk_lightly(hand, || 0, argument1, argument2);
                Ok(())
            }
            None => self.walk_carefully(argument1, argument2),
        }
    }

    /// The same with the other fence.
    #[inline(never)]
    fn walk_fenced<F: LightFence>(
        &self,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Result<(), Error> {
        match Slot::at_hand() {
            Some((slot, frame, condition)) => {
                // As above.
                if let Some((walk, list)) = Walk::begin(frame, &self.list, || 0) {
                    Running::new(slot, walk, list).run::<F>(condition, argument1, argument2);
                }
                Ok(())
            }
            None => self.walk_carefully(argument1, argument2),
        }
    }

    #[cold]
    #[inline(never)]
    fn walk_carefully(&self, argument1: *mut c_void, argument2: *mut c_void) -> Result<(), Error> {
        self.walk_in_any_case(|| 0, |_| Ok(()), argument1, argument2).unwrap_or(Ok(()))
    }

    /// The walk of a thread that is in no other and at a level at which it may notify, with the asymmetric fence.
    /// Nothing, if the list is not the one that was meant: see [`Walk::begin`].
    #[inline(always)]
    pub(super) fn walk_lightly(
        &self,
        (slot, frame, condition): (&Slot, &Frame, Condition),
        doubt: impl Fn() -> usize,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Option<()> {
        let (walk, list, asks) = Walk::begin_lightly(slot, frame, &self.list, &doubt);
        if asks != 0 {
            return self.walk_with_fence(slot, frame, doubt, argument1, argument2);
        }
        Running::new(slot, walk, list).run_lightly(condition, argument1, argument2);
        Some(())
    }

    /// The same in a thread that is to fence itself.
    #[cold]
    #[inline(never)]
    fn walk_with_fence(
        &self,
        slot: &Slot,
        frame: &Frame,
        doubt: impl Fn() -> usize,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Option<()> {
        let (walk, list) = Walk::begin_with_fence(slot, frame, &self.list, doubt)?;
        let condition = slot.condition();
        Running::new(slot, walk, list).run::<CompilerOnly>(condition, argument1, argument2);
        Some(())
    }

    /// The walk of any thread, at any depth and level, with either fence. Nothing, if the list is not the one
    /// that was meant; an error, if the object may not be notified.
    pub(super) fn walk_in_any_case(
        &self,
        doubt: impl Fn() -> usize,
        admits: impl FnOnce(&Identity) -> Result<(), Error>,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Option<Result<(), Error>> {
        const { assert!(HIGHEST_LEVEL == irql::DISPATCH) };
        let slot = Slot::of_this_thread();
        let condition = slot.condition();
        let Some((walk, list)) = Walk::begin(slot.vacant(), &self.list, doubt) else {
            slot.leave_if_fleeting();
            return None;
        };
        let running = Running::new(slot, walk, list);
        let identity = &*running.list.identity;
        let allowed = || irql::check("notify", identity, irql::DISPATCH);
        if let Err(error) = admits(identity).and_then(|()| allowed()) {
            mem::forget(running);
            walk.end();
            slot.leave_if_fleeting();
            return Some(Err(error));
        }
        if identity.fence.needs_light_fence() {
            running.run::<Full>(condition, argument1, argument2);
        } else {
            running.run::<CompilerOnly>(condition, argument1, argument2);
        }
        slot.leave_if_fleeting();
        Some(Ok(()))
    }
}

/// A walk under way. Dropped only when a routine is left by unwinding.
struct Running<'w> {
    slot: &'w Slot,
    walk: Walk<'w>,
    list: &'w List,
}

impl<'w> Running<'w> {
    /// A walk that has begun.
    #[inline(always)]
    fn new(slot: &'w Slot, walk: Walk<'w>, list: *const Head) -> Running<'w> {
        // SAFETY: protected by the walk until the walk ends; not null, for the object was there.
        let list = unsafe { List::at(list) };
        Running { slot, walk, list }
    }

    /// Calls the routines and ends the walk. What is seldom, more than one row or something to follow up on at the
    /// end, is out of line, so that there is little to remember here.
    #[inline(always)]
    fn run_lightly(self, first: Condition, argument1: *mut c_void, argument2: *mut c_void) {
        let &Running { slot, walk, list } = &self;
        let Some(row) = list.first.get(..list.published()) else {
            mem::forget(self);
            return run_at_length(slot, walk, first, argument1, argument2);
        };
        let mut condition = first;
        call_row::<CompilerOnly>(slot, walk, row, &mut condition, argument1, argument2);
        walk.publish::<CompilerOnly>(0);
        mem::forget(self);
        if slot.condition() != first {
            return conclude(slot, walk, condition);
        }
        walk.end();
    }

    /// Calls the routines and ends the walk, whatever there is to do.
    #[inline(always)]
    fn run<F: LightFence>(self, first: Condition, argument1: *mut c_void, argument2: *mut c_void) {
        let &Running { slot, walk, list } = &self;
        let mut condition = first;
        let mut left = list.published();
        let mut entries: &[Entry] = &list.first;
        let mut next = &list.next;
        loop {
            let row = &entries[..left.min(entries.len())];
            call_row::<F>(slot, walk, row, &mut condition, argument1, argument2);
            left -= row.len();
            if left == 0 {
                break;
            }
            let Some(segment) = next.get() else { break };
            (entries, next) = (&segment.entries, &segment.next);
        }
        walk.publish::<F>(0);
        mem::forget(self);
        if slot.condition() != first {
            return conclude(slot, walk, condition);
        }
        walk.end();
    }
}

/// [`Running::run`], with no more than the usual case has at hand.
#[cold]
#[inline(never)]
fn run_at_length(
    slot: &Slot,
    walk: Walk<'_>,
    condition: Condition,
    argument1: *mut c_void,
    argument2: *mut c_void,
) {
    Running::new(slot, walk, walk.list().cast()).run::<CompilerOnly>(condition, argument1, argument2);
}

/// Ends a walk that has called all routines and after them finds another condition than it began with.
#[cold]
#[inline(never)]
fn conclude(slot: &Slot, walk: Walk<'_>, expected: Condition) {
    let caught = follow_up(slot, expected, slot.condition(), None).has_caught();
    walk.end();
    if caught {
        panics::settle(slot);
    }
}

/// Calls the routines of one row. `condition` is what the thread's is expected to be.
#[inline(always)]
fn call_row<F: LightFence>(
    slot: &Slot,
    walk: Walk<'_>,
    row: &[Entry],
    condition: &mut Condition,
    argument1: *mut c_void,
    argument2: *mut c_void,
) {
    let mut ahead = row.iter();
    let Some(mut this) = ahead.next() else { return };
    *condition = condition.before_loop();
    loop {
        walk.publish::<F>(this.state());
        let now = slot.condition();
        if now == *condition && !is_dead(this.state()) {
            platform::last_step();
            // SAFETY: whoever registered the routine promised that it may be called with this
            // context and the arguments of any notification, until unregistering returned.
            unsafe { this.routine()(this.context(), argument1, argument2) };
        } else {
            *condition = pause(slot, *condition, now, this, argument1, argument2);
        }
        let Some(next) = ahead.next() else { break };
        this = next;
    }
}

/// Before `this` is called something has to be done, or it is not called. Returns the condition to expect from
/// now on.
#[cold]
#[inline(never)]
fn pause(
    slot: &Slot,
    expected: Condition,
    now: Condition,
    this: &Entry,
    argument1: *mut c_void,
    argument2: *mut c_void,
) -> Condition {
    platform::last_step();
    let condition = follow_up(slot, expected, now, Some(this));
    if is_dead(this.state()) {
        let before = called_before(slot, list_of(slot), Some(this)).map_or(0, Entry::state);
        slot.remember_skipped(this.state(), before);
    } else {
        // SAFETY: as in `call_row`.
        unsafe { this.routine()(this.context(), argument1, argument2) };
    }
    condition
}

/// The list of the walk that this thread is in.
fn list_of(slot: &Slot) -> &List {
    // SAFETY: the innermost walk protects its list, and it is the one that asks.
    unsafe { List::at(slot.innermost().0.cast()) }
}

/// The walk has come to `this`, or to the end, and the condition may be another than before.
#[cold]
#[inline(never)]
fn follow_up(slot: &Slot, expected: Condition, now: Condition, this: Option<&Entry>) -> Condition {
    if now == expected {
        return now;
    }
    platform::last_step();
    let list = list_of(slot);
    after_change(slot, list, called_before(slot, list, this), expected, now)
}

/// The entry that was called last before the walk came to `this`, or to the end. The walk itself does not
/// remember; but it is the one before in the list, unless that was skipped.
fn called_before<'l>(slot: &Slot, list: &'l List, this: Option<&Entry>) -> Option<&'l Entry> {
    let before = this.map_or_else(|| list.before(u64::MAX), |this| list.previous(this))?;
    match slot.skipped() {
        (skipped, called) if skipped == before.state() => list.find(called),
        _ => Some(before),
    }
}

/// Something happened in the routine that was called last; it has been left. Returns the condition to
/// expect from now on.
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
        unwound(self.walk);
    }
}

/// A routine did not return. The frame goes all the same, so that nobody waits for ever.
#[cold]
#[inline(never)]
fn unwound(walk: Walk<'_>) {
    // SAFETY: the walk protects its list.
    let list = unsafe { List::at(walk.list().cast()) };
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
///
/// ```
/// use std::ptr::null_mut;
///
/// use callback_object::{Attributes, CallbackObject, prepare_thread};
///
/// let object = CallbackObject::unnamed(Attributes::new());
/// let reference = object.reference();
/// let real_time = std::thread::spawn(move || {
///     prepare_thread(1); // routines here notify nothing themselves
///     reference.notify(null_mut(), null_mut()) // does not allocate
/// });
/// real_time.join().unwrap()?;
/// # Ok::<(), callback_object::Error>(())
/// ```
pub fn prepare_thread(depth: usize) {
    let slot = Slot::of_this_thread();
    slot.reserve(depth);
    slot.leave_if_fleeting();
}
