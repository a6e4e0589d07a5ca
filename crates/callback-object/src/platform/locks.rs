//! Locks that nobody else holds in the child of a fork, and sleep that is no lock.

use core::ops::{Deref, DerefMut};
use core::time::Duration;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::vec::Vec;

use super::fork::Pass;

/// A lock that a panic does not poison, and that no other thread holds in the child of a fork. No user code, and
/// nothing that may wait for another thread but under such a lock, runs under one.
#[derive(Debug, Default)]
pub struct Lock<T>(Mutex<T>);

/// The lock is held.
#[derive(Debug)]
pub struct Guard<'a, T> {
    // Let go before the pass.
    value: MutexGuard<'a, T>,
    lock: &'a Lock<T>,
    _pass: Pass,
}

impl<T> Lock<T> {
    /// Around a value.
    pub const fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    /// Waits until it is held.
    pub fn lock(&self) -> Guard<'_, T> {
        let pass = Pass::new();
        Guard { value: self.0.lock().unwrap_or_else(PoisonError::into_inner), lock: self, _pass: pass }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// How long a sleeper waits before it says so.
const PATIENCE: Duration = Duration::from_secs(5);

/// What threads sleep on: each on a condition of its own, so that a child in which it does not exist has only to forget
/// it.
#[derive(Debug, Default)]
pub(crate) struct Signal(Lock<Vec<Arc<Sleeper>>>);

#[derive(Debug, Default)]
struct Sleeper {
    woken: Mutex<bool>,
    change: Condvar,
}

impl Sleeper {
    /// Whether it was woken before patience ended.
    fn sleep(&self) -> bool {
        let end = Instant::now() + PATIENCE;
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        while !*woken {
            let Some(left) = end.checked_duration_since(Instant::now()) else { break };
            (woken, _) = self.change.wait_timeout(woken, left).unwrap_or_else(PoisonError::into_inner);
        }
        *woken
    }

    fn wake(&self) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.change.notify_one();
    }
}

impl Signal {
    pub(crate) const fn new() -> Signal {
        Signal(Lock::new(Vec::new()))
    }

    /// Sleeps until woken or until some seconds have passed, with the lock released meanwhile; whether
    /// it was woken.
    pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>) -> (Guard<'a, T>, bool) {
        let sleeper = Arc::<Sleeper>::default();
        self.0.lock().push(Arc::clone(&sleeper));
        let lock = guard.lock;
        drop(guard);
        let woken = sleeper.sleep();
        if !woken {
            self.0.lock().retain(|other| !Arc::ptr_eq(other, &sleeper));
        }
        (lock.lock(), woken)
    }

    pub(crate) fn wake_all(&self) {
        self.0.lock().drain(..).for_each(|sleeper| sleeper.wake());
    }

    /// In the child of a fork nobody sleeps. What sleepers slept on may be held by them.
    pub(crate) fn forget_sleepers(&self) {
        core::mem::forget(core::mem::take(&mut *self.0.lock()));
    }
}
