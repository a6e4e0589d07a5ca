//! Who may enter a callback, and how many are inside: one word.
//!
//! ```text
//!    63        62       61 ........ 26   25 ........... 0
//!   dropped |    0    |  the thread    |  invocations
//! ```
//!
//! A thread knows itself by the same word with no invocations ([`key`]). So a closure that one thread
//! enters once at a time asks everything with one comparison: is this its thread, is it not running, was
//! it not dropped, is no panic on its way.
//!
//! The count is what makes it sound to drop a callback while it runs. Whoever drops it finds the
//! count at zero and frees the closure, or marks the gate and leaves that to the invocation which
//! brings the count back to zero. For callbacks that belong to one thread the count needs no atomic
//! read-modify-write: the guard cannot leave that thread either.

use core::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{key, thread};

/// Set in a gate once the callback is dropped.
pub(crate) const DROPPED: u64 = 1 << 63;
/// Invocations in progress. Each takes dozens of bytes of some stack, so that no process reaches the end.
const INVOCATIONS: u64 = key::THREAD - 1;

/// Who may call a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(u64);

impl Owner {
    /// This thread.
    fn this_thread() -> Owner {
        Owner(thread::own_key())
    }

    /// Every thread.
    const ANY: Owner = Owner(key::ANY);

    /// The gate that nobody has passed yet.
    pub(crate) fn key(self) -> u64 {
        self.0
    }
}

/// The key of the thread that may pass.
pub(crate) fn owner(gate: u64) -> u64 {
    gate & !(DROPPED | INVOCATIONS)
}

/// Which threads may run a callback, and how often at once.
pub trait Admission {
    /// The owner of its slots, asked for on the creating thread.
    #[doc(hidden)]
    fn owner() -> Owner;
    /// Counts an invocation, unless it must not run.
    fn enter(gate: &AtomicU64) -> bool;
    /// Uncounts it; true if the callback was dropped meanwhile and nobody runs it any more.
    fn leave(gate: &AtomicU64) -> bool;
    /// Marks the callback as dropped; true if nobody runs it.
    fn close(gate: &AtomicU64) -> bool;
}

/// `FnMut`: its own thread, one at a time.
#[derive(Debug)]
pub(crate) struct Exclusive;
/// `Fn`: its own thread, nested if need be.
#[derive(Debug)]
pub(crate) struct Nested;
/// `Fn + Send + Sync`: anywhere.
#[derive(Debug)]
pub(crate) struct Anywhere;
/// `Fn + Sync`, borrowed: anywhere, and whoever ends the borrow waits.
#[derive(Debug)]
pub(crate) struct Borrowed;
/// `Fn + Send + Sync` that never ends: anywhere, uncounted.
#[derive(Debug)]
pub(crate) struct Forever;

/// Whether nobody is inside; asked of dropped callbacks, out of the way of others.
#[cold]
#[inline(never)]
fn is_empty(gate: u64) -> bool {
    gate & INVOCATIONS == 0
}

impl Admission for Exclusive {
    fn owner() -> Owner {
        Owner::this_thread()
    }

    #[inline]
    fn enter(gate: &AtomicU64) -> bool {
        let idle = thread::key();
        if gate.load(Ordering::Relaxed) != idle {
            return false;
        }
        gate.store(idle + 1, Ordering::Relaxed);
        true
    }

    #[inline]
    fn leave(gate: &AtomicU64) -> bool {
        // At most one was inside, so the mark alone tells.
        let left = gate.load(Ordering::Relaxed) - 1;
        gate.store(left, Ordering::Relaxed);
        left & DROPPED != 0
    }

    #[inline]
    fn close(gate: &AtomicU64) -> bool {
        Nested::close(gate)
    }
}

impl Admission for Nested {
    fn owner() -> Owner {
        Owner::this_thread()
    }

    #[inline]
    fn enter(gate: &AtomicU64) -> bool {
        let entered = gate.load(Ordering::Relaxed);
        if entered ^ thread::key() > INVOCATIONS {
            return false;
        }
        gate.store(entered + 1, Ordering::Relaxed);
        true
    }

    #[inline]
    fn leave(gate: &AtomicU64) -> bool {
        let left = gate.load(Ordering::Relaxed) - 1;
        gate.store(left, Ordering::Relaxed);
        left & DROPPED != 0 && is_empty(left)
    }

    #[inline]
    fn close(gate: &AtomicU64) -> bool {
        let closed = gate.load(Ordering::Relaxed) | DROPPED;
        gate.store(closed, Ordering::Relaxed);
        closed & INVOCATIONS == 0
    }
}

impl Admission for Anywhere {
    fn owner() -> Owner {
        Owner::ANY
    }

    #[inline]
    fn enter(gate: &AtomicU64) -> bool {
        !thread::is_pending() && gate.fetch_add(1, Ordering::Acquire) & DROPPED == 0
    }

    #[inline]
    fn leave(gate: &AtomicU64) -> bool {
        gate.fetch_sub(1, Ordering::AcqRel) == (DROPPED | key::ANY) + 1
    }

    #[inline]
    fn close(gate: &AtomicU64) -> bool {
        gate.fetch_or(DROPPED, Ordering::AcqRel) & INVOCATIONS == 0
    }
}

impl Admission for Borrowed {
    fn owner() -> Owner {
        Owner::ANY
    }

    #[inline]
    fn enter(gate: &AtomicU64) -> bool {
        Anywhere::enter(gate)
    }

    #[inline]
    fn leave(gate: &AtomicU64) -> bool {
        gate.fetch_sub(1, Ordering::Release);
        false
    }

    #[inline]
    fn close(gate: &AtomicU64) -> bool {
        let mut seen = gate.fetch_or(DROPPED, Ordering::AcqRel);
        while seen & INVOCATIONS != 0 {
            // Rare and as long as somebody's closure takes: no queue is worth its place in the slot.
            std::thread::sleep(Duration::from_micros(50));
            seen = gate.load(Ordering::Acquire);
        }
        true
    }
}

impl Admission for Forever {
    fn owner() -> Owner {
        Owner::ANY
    }

    #[inline]
    fn enter(_: &AtomicU64) -> bool {
        !thread::is_pending()
    }

    #[inline]
    fn leave(_: &AtomicU64) -> bool {
        false
    }

    #[inline]
    fn close(gate: &AtomicU64) -> bool {
        // Its guard is leaked before anybody sees it; if not, the slot is lost and nothing else.
        gate.fetch_or(DROPPED, Ordering::Relaxed);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, Anywhere, AtomicU64, Exclusive, Nested, Ordering, owner, thread};

    fn gate<A: Admission>() -> AtomicU64 {
        AtomicU64::new(A::owner().key())
    }

    #[test]
    fn one_comparison_keeps_out_whoever_must_not_enter() {
        let gate = gate::<Exclusive>();
        assert!(Exclusive::enter(&gate));
        assert!(!Exclusive::enter(&gate), "it is running");
        assert!(!Exclusive::leave(&gate));
        assert!(Exclusive::enter(&gate));
        assert!(!Exclusive::leave(&gate));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(!Exclusive::enter(&gate), "a thread without a key");
                thread::own_key();
                assert!(!Exclusive::enter(&gate), "another thread");
            });
        });
        assert!(Exclusive::close(&gate), "nobody runs it");
        assert!(!Exclusive::enter(&gate), "it was dropped");
        assert_eq!(owner(gate.load(Ordering::Relaxed)), thread::own_key());
    }

    #[test]
    fn the_last_one_out_frees_what_was_dropped() {
        let exclusive = gate::<Exclusive>();
        assert!(Exclusive::enter(&exclusive));
        assert!(!Exclusive::close(&exclusive), "it is running");
        assert!(Exclusive::leave(&exclusive));

        let nested = gate::<Nested>();
        assert!(Nested::enter(&nested));
        assert!(Nested::enter(&nested));
        assert!(!Nested::close(&nested), "it is running");
        assert!(!Nested::enter(&nested), "it was dropped");
        assert!(!Nested::leave(&nested), "the outer one still runs");
        assert!(Nested::leave(&nested));

        let anywhere = gate::<Anywhere>();
        assert!(Anywhere::enter(&anywhere));
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(Anywhere::enter(&anywhere), "a thread without a key"));
        });
        assert!(!Anywhere::close(&anywhere), "it is running twice");
        assert!(!Anywhere::leave(&anywhere));
        assert!(Anywhere::leave(&anywhere));
    }
}
