//! Who is inside which routine, and how to wait until nobody is.
//!
//! # The protocol
//!
//! Every registration has a *state word*: a number that is never used twice, and a bit that says *dead*.
//! Every thread that notifies has a [slot], on cache lines of its own, where it writes which
//! registration it is about to call. The two parties do this:
//!
//! ```text
//! notify                                   unregister
//!   N1  slot.current = registration          U1  registration is marked dead
//!   N2  light fence                          U2  heavy fence
//!   N3  dead? then go on to the next         U3  some slot.current = registration?
//!   N4  call it                              U4  slot.wakes + 1
//!   N5  slot.current = the next, or none     U5  heavy fence
//!   N6  light fence                          U6  still slot.current = registration? then sleep
//!   N7  slot.wakes has changed? wake all
//! ```
//!
//! The fences forbid that N3 misses U1 *and* U3 misses N1: either the notifier sees that the routine
//! is dead, or the one who unregisters sees that it is being called. The same pair, N5 to N7 against
//! U4 to U6, forbids a lost wake-up: whoever is still seen inside will see the request when it leaves,
//! and what it does then (take the lock, wake everybody) cannot fall between the sleeper's look and its
//! sleep, because the sleeper looks under the same lock.
//!
//! # The fences
//!
//! [`Fence::Portable`] is a full fence on both sides. [`Fence::Asymmetric`] gives the notifier a fence
//! for the compiler only, and has the one who unregisters make the system fence all other threads
//! (`membarrier`, `FlushProcessWriteBuffers`). That call interrupts other processors and costs
//! microseconds when they are busy. It is avoided by a second, coarser fact: a walk over an object
//! begins with one full fence, after it wrote into its slot which object it walks. So a walk that begins
//! after U1 sees the routine dead, and whoever unregisters need only look at walks of this object that
//! were running at U1: none, most often; or one that ends while we look; only if it goes on is the
//! heavy fence needed to learn which routine it is in.
//!
//! Threads that notify often leave that fence out as well, until they are [recalled](recall), which asks the
//! system once for all that follows: [`habit`] says how.
//!
//! # Waiting for each other
//!
//! The sleepers form a graph: a sleeper waits for the threads inside its routine. Whoever would close a
//! cycle does not sleep and is told [`Departure::Deadlock`]. What was to happen after the wait is then
//! [deferred](defer) to the end of the last call.

mod fence;
mod habit;
mod slot;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint::spin_loop;

#[cfg(feature = "negative-control")]
pub(crate) use fence::Delayed;
pub use fence::Fence;
pub(crate) use fence::{CompilerOnly, Full, LightFence};
pub(crate) use slot::{Condition, Frame, HIGHEST_LEVEL, Lists, Slot, Walk, is_read};

use crate::platform::{self, Lock, Signal};
use crate::report::{self, Report};
use crate::sync::{AtomicPtr, full_fence};

/// All slots, and all threads that sleep.
struct Domain {
    slots: AtomicPtr<Slot>,
    waits: Lock<Waits>,
    left: Signal,
    /// Held by whoever recalls.
    recalls: Lock<()>,
}

#[cfg(not(loom))]
static DOMAIN: Domain = Domain {
    slots: AtomicPtr::new(core::ptr::null_mut()),
    waits: Lock::new(Waits { waiting: Vec::new(), deferred: Vec::new() }),
    left: Signal::new(),
    recalls: Lock::new(()),
};

#[cfg(loom)]
loom::lazy_static! {
    static ref DOMAIN: Domain = Domain {
        slots: AtomicPtr::new(core::ptr::null_mut()),
        waits: Lock::new(Waits { waiting: Vec::new(), deferred: Vec::new() }),
        left: Signal::new(),
        recalls: Lock::new(()),
    };
}

/// Threads that sleep, and work that waits for the last call of a routine to return.
struct Waits {
    waiting: Vec<Wait>,
    deferred: Vec<Deferred>,
}

struct Wait {
    /// The slot of the sleeper, as a number; 0 for a thread that never notified.
    sleeper: usize,
    states: Arc<[u64]>,
}

struct Deferred {
    state: u64,
    fence: Fence,
    work: Work,
}

/// What is done when the last call has returned.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Departure {
    /// No thread is inside, and none will enter.
    Complete,
    /// No other thread is inside; this one called from inside.
    OwnCall,
    /// Waiting would never end.
    Deadlock,
}

/// Times to look again at a walk that was running, before the heavy fence: about as long as that takes.
const LOOKS: u32 = if platform::IS_MODEL { 1 } else { 256 };

/// Waits until no other thread is inside a registration whose state is among `states`, which are
/// sorted, as they were alive, and have been marked dead in all of `lists`.
pub(crate) fn depart(lists: &Lists, states: &[u64], fence: Fence) -> Departure {
    let own = Slot::attached();
    let own_call = own.is_some_and(|slot| slot.is_inside(states));
    let recalled = fence.is_asymmetric() && recall();
    if recalled || !(fence.is_asymmetric() && walks_have_ended(lists, own)) {
        if !recalled {
            fence.heavy();
        }
        if inside_elsewhere(states, own) && wait(states, own, fence) == Departure::Deadlock {
            return Departure::Deadlock;
        }
    }
    if own_call { Departure::OwnCall } else { Departure::Complete }
}

/// Has the walks of all other threads begin with a fence, and all that began without one seen. Whether the
/// system was asked for that; then all other threads have passed a full fence.
fn recall() -> bool {
    let own = Slot::attached();
    let all_are_fenced = || others(own).all(|slot| slot.habit().is_fenced());
    full_fence();
    if all_are_fenced() {
        return false;
    }
    let _lock = DOMAIN.recalls.lock();
    if all_are_fenced() {
        return false;
    }
    others(own).for_each(|slot| slot.habit().begin_recall());
    platform::fence_others();
    others(own).for_each(|slot| slot.habit().end_recall());
    true
}

/// Has what was stored before this seen by all walks that begin later, and walks that began earlier seen by
/// whoever looks afterwards, as far as they are of objects with this fence.
pub(crate) fn order_with_walks(fence: Fence) {
    full_fence();
    if fence.is_asymmetric() {
        recall();
    }
}

/// Whether every walk of `lists` that other threads had begun has ended, now or very soon.
fn walks_have_ended(lists: &Lists, own: Option<&Slot>) -> bool {
    let mut looks = LOOKS;
    for slot in others(own) {
        for frame in slot.frames() {
            let Some(walk) = frame.walk_of(lists) else { continue };
            while !frame.has_ended(walk) {
                if looks == 0 {
                    return false;
                }
                looks -= 1;
                spin_loop();
            }
        }
    }
    true
}

fn others(own: Option<&Slot>) -> impl Iterator<Item = &'static Slot> {
    let own = own.map_or(0, Slot::number);
    Slot::all().filter(move |slot| slot.number() != own)
}

fn inside_elsewhere(states: &[u64], own: Option<&Slot>) -> bool {
    others(own).any(|slot| slot.is_inside(states))
}

#[cold]
fn wait(states: &[u64], own: Option<&Slot>, fence: Fence) -> Departure {
    let sleeper = own.map_or(0, Slot::number);
    let mut patient = true;
    let mut waits = DOMAIN.waits.lock();
    waits.waiting.push(Wait { sleeper, states: states.into() });
    let departure = loop {
        let is_this = |slot: &Slot| slot.number() == sleeper;
        if ask_those_inside(states, fence, is_this) || !inside_elsewhere(states, own) {
            break Departure::Complete;
        }
        if sleeper != 0 && waits.lead_back(states, sleeper) {
            break Departure::Deadlock;
        }
        let woken;
        (waits, woken) = DOMAIN.left.wait(waits);
        if !woken && patient {
            patient = false;
            drop(waits);
            let threads = others(own).filter(|slot| slot.is_inside(states)).count();
            report::send(&Report::StillWaiting { threads });
            waits = DOMAIN.waits.lock();
        }
    };
    let mine = |w: &Wait| w.sleeper == sleeper && *w.states == *states;
    if let Some(at) = waits.waiting.iter().position(mine) {
        waits.waiting.swap_remove(at);
    }
    departure
}

impl Waits {
    /// Whether waiting for `states` is waiting for the thread with slot `origin`, through any number
    /// of other sleepers. A sleeper's calls do not change while it sleeps, so what this sees is true.
    fn lead_back(&self, states: &[u64], origin: usize) -> bool {
        let mut seen = Vec::new();
        let mut ahead: Vec<&[u64]> = alloc::vec![states];
        while let Some(states) = ahead.pop() {
            // The routine that is waited for may well be one we are inside of too: rule 10.
            let first = seen.is_empty();
            for holder in Slot::all().filter(|slot| slot.is_inside(states)) {
                if holder.number() == origin {
                    if first {
                        continue;
                    }
                    return true;
                }
                if seen.contains(&holder.number()) {
                    continue;
                }
                seen.push(holder.number());
                let theirs = self.waiting.iter().filter(|w| w.sleeper == holder.number());
                ahead.extend(theirs.map(|w| &*w.states));
            }
        }
        false
    }

    /// Takes out the work whose calls have all returned. Whoever keeps some of it waiting is asked to say
    /// when it does no more.
    fn take_ready(&mut self) -> Vec<Work> {
        let own = Slot::attached().map_or(0, Slot::number);
        let ready = self.deferred.extract_if(.., |deferred| {
            // This thread is not asked again for a routine that it is really in, for it was asked when the
            // work was deferred; else it would be back here after every routine that it notifies from
            // there.
            let states = [deferred.state];
            let is_in_it = |slot: &Slot| slot.number() == own && !slot.is_about(&states);
            ask_those_inside(&states, deferred.fence, is_in_it)
        });
        ready.map(|d| d.work).collect()
    }
}

/// Asks every thread that is inside to say so when it leaves, but for `asked_before`. Whether there was none.
///
/// A thread that is not inside when we ask may be when we look again: it read that the routine is alive
/// before that was changed, and is about to learn better. So it is asked too.
fn ask_those_inside(states: &[u64], fence: Fence, asked_before: impl Fn(&Slot) -> bool) -> bool {
    let mut asked: Vec<usize> = Vec::new();
    loop {
        let mut inside = Slot::all().filter(|slot| slot.is_inside(states)).peekable();
        if inside.peek().is_none() {
            return true;
        }
        let count = asked.len();
        for slot in inside {
            if !asked.contains(&slot.number()) && !asked_before(slot) {
                slot.ask_to_wake();
                asked.push(slot.number());
            }
        }
        if asked.len() == count {
            return false;
        }
        fence.heavy();
    }
}

/// Does what was deferred, at the end of a call that may have been another thread's: a panic of a destructor, say, is
/// not that notification's, and must not end it half-way.
fn perform(work: Work) {
    if let Err(payload) = platform::catch(work) {
        report::send(&Report::Panic {
            object: String::from("an object, or what it had captured when it was freed,"),
            routine: 0,
            message: report::message(&*payload),
            aborting: false,
        });
        platform::discard(payload);
    }
}

/// Has `work` done once no thread is inside the registration, which was marked dead: now, or by the
/// thread that leaves it last. No lock is held while it is done.
pub(crate) fn defer(state: u64, fence: Fence, work: Work) {
    let ready = {
        let mut waits = DOMAIN.waits.lock();
        waits.deferred.push(Deferred { state, fence, work });
        fence.heavy();
        ask_those_inside(&[state], fence, |_| false);
        waits.take_ready()
    };
    ready.into_iter().for_each(perform);
}

/// A thread left a routine and had been asked to say so: wakes those who wait.
#[cold]
pub(crate) fn left() {
    let ready = {
        let mut waits = DOMAIN.waits.lock();
        DOMAIN.left.wake_all();
        waits.take_ready()
    };
    ready.into_iter().for_each(perform);
}

/// Gives the slot of a thread that ends to the next new thread.
fn thread_ends() {
    let Some(slot) = Slot::attached() else { return };
    let calls = slot.depth();
    if calls != 0 {
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        report::send(&Report::ThreadEnded { thread: platform::thread_label(), calls });
        slot.forget_calls();
        left();
    }
    platform::set_thread_word(platform::no_word());
    slot.release();
}

/// In the child of a fork no other thread exists: what they were calling they call no more, and nobody sleeps. Their
/// slots are for threads to come.
fn forked() {
    let own = Slot::attached();
    for slot in others(own) {
        slot.forget_calls();
        slot.habit().forget();
        slot.release();
    }
    DOMAIN.left.forget_sleepers();
    DOMAIN.waits.lock().waiting.clear();
}
