//! What a program would use instead: a vector behind each of several kinds of protection.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use callback_object::{CallbackObject, Handle, register_raw, unregister_raw};

use super::native::Pair;

/// Something with which routines are registered and notified.
pub(crate) trait Source: Send + Sync {
    /// What unregisters a routine.
    type Ticket;

    fn add(&self, pair: Pair) -> Self::Ticket;

    fn remove(&self, ticket: Self::Ticket);

    fn emit(&self, argument1: *mut c_void, argument2: *mut c_void);
}

impl Source for CallbackObject {
    type Ticket = Handle;

    fn add(&self, pair: Pair) -> Handle {
        // SAFETY: the routine takes anything at any time.
        unsafe { register_raw(self, pair.routine, pair.context, None) }.expect("any number may register")
    }

    fn remove(&self, ticket: Handle) {
        unregister_raw(ticket).expect("registered before");
    }

    #[inline(always)]
    fn emit(&self, argument1: *mut c_void, argument2: *mut c_void) {
        callback_object::ObjectReference::notify(self, argument1, argument2)
            .expect("everybody may notify it");
    }
}

fn call_all(pairs: &[(u64, Pair)], argument1: *mut c_void, argument2: *mut c_void) {
    for (_, pair) in pairs {
        pair.call(argument1, argument2);
    }
}

/// An ordered list whose entries have numbers.
#[derive(Clone, Default)]
pub(crate) struct Listed {
    pairs: Vec<(u64, Pair)>,
    next: u64,
}

impl Listed {
    fn add(&mut self, pair: Pair) -> u64 {
        self.next += 1;
        self.pairs.push((self.next, pair));
        self.next
    }

    fn remove(&mut self, ticket: u64) {
        if let Ok(at) = self.pairs.binary_search_by_key(&ticket, |(number, _)| *number) {
            self.pairs.remove(at);
        }
    }
}

/// `Mutex<Vec>`, held while routines run.
#[derive(Default)]
pub(crate) struct Mutexed(Mutex<Listed>);

impl Source for Mutexed {
    type Ticket = u64;

    fn add(&self, pair: Pair) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(pair)
    }

    fn remove(&self, ticket: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(ticket);
    }

    #[inline(always)]
    fn emit(&self, argument1: *mut c_void, argument2: *mut c_void) {
        call_all(&self.0.lock().unwrap_or_else(PoisonError::into_inner).pairs, argument1, argument2);
    }
}

/// `RwLock<Vec>`, held for reading while routines run.
#[derive(Default)]
pub(crate) struct ReadLocked(RwLock<Listed>);

impl Source for ReadLocked {
    type Ticket = u64;

    fn add(&self, pair: Pair) -> u64 {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(pair)
    }

    fn remove(&self, ticket: u64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(ticket);
    }

    #[inline(always)]
    fn emit(&self, argument1: *mut c_void, argument2: *mut c_void) {
        call_all(&self.0.read().unwrap_or_else(PoisonError::into_inner).pairs, argument1, argument2);
    }
}

/// arc-swap: a copy of the list for every change.
pub(crate) struct Swapped(ArcSwap<Listed>);

impl Default for Swapped {
    fn default() -> Swapped {
        Swapped(ArcSwap::from_pointee(Listed::default()))
    }
}

impl Source for Swapped {
    type Ticket = u64;

    fn add(&self, pair: Pair) -> u64 {
        let mut ticket = 0;
        self.0.rcu(|old| {
            let mut new = Listed::clone(old);
            ticket = new.add(pair);
            new
        });
        ticket
    }

    fn remove(&self, ticket: u64) {
        self.0.rcu(|old| {
            let mut new = Listed::clone(old);
            new.remove(ticket);
            new
        });
    }

    #[inline(always)]
    fn emit(&self, argument1: *mut c_void, argument2: *mut c_void) {
        call_all(&self.0.load().pairs, argument1, argument2);
    }
}

/// crossbeam-epoch: a copy for every change, freed an epoch later.
pub(crate) struct Epoch {
    list: crossbeam_epoch::Atomic<Listed>,
    writer: Mutex<()>,
}

impl Default for Epoch {
    fn default() -> Epoch {
        Epoch { list: crossbeam_epoch::Atomic::new(Listed::default()), writer: Mutex::new(()) }
    }
}

impl Epoch {
    fn change<R>(&self, change: impl FnOnce(&mut Listed) -> R) -> R {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = crossbeam_epoch::pin();
        let old = self.list.load(Ordering::Acquire, &guard);
        // SAFETY: never null, and protected by the guard.
        let mut new = unsafe { old.deref() }.clone();
        let result = change(&mut new);
        self.list.store(crossbeam_epoch::Owned::new(new), Ordering::Release);
        // SAFETY: nobody can reach the old list from now on.
        unsafe { guard.defer_destroy(old) };
        result
    }
}

impl Source for Epoch {
    type Ticket = u64;

    fn add(&self, pair: Pair) -> u64 {
        self.change(|list| list.add(pair))
    }

    fn remove(&self, ticket: u64) {
        self.change(|list| list.remove(ticket));
    }

    #[inline(always)]
    fn emit(&self, argument1: *mut c_void, argument2: *mut c_void) {
        let guard = crossbeam_epoch::pin();
        // SAFETY: never null, and protected by the guard.
        let list = unsafe { self.list.load(Ordering::Acquire, &guard).deref() };
        call_all(&list.pairs, argument1, argument2);
    }
}

/// haphazard: a copy for every change, protected by a hazard pointer.
pub(crate) struct Hazard {
    list: AtomicPtr<Listed>,
    writer: Mutex<()>,
}

impl Default for Hazard {
    fn default() -> Hazard {
        Hazard { list: AtomicPtr::new(Box::into_raw(Box::default())), writer: Mutex::new(()) }
    }
}

impl Hazard {
    fn change<R>(&self, change: impl FnOnce(&mut Listed) -> R) -> R {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.list.load(Ordering::Acquire);
        // SAFETY: never null, and only replaced under the lock.
        let mut new = unsafe { &*old }.clone();
        let result = change(&mut new);
        self.list.store(Box::into_raw(Box::new(new)), Ordering::Release);
        // SAFETY: it came from a box, is unreachable now, and is retired once.
        unsafe { haphazard::Domain::global().retire_ptr::<Listed, Box<Listed>>(old) };
        result
    }
}

impl Source for Hazard {
    type Ticket = u64;

    fn add(&self, pair: Pair) -> u64 {
        self.change(|list| list.add(pair))
    }

    fn remove(&self, ticket: u64) {
        self.change(|list| list.remove(ticket));
    }

    #[inline(always)]
    fn emit(&self, argument1: *mut c_void, argument2: *mut c_void) {
        let mut pointer = haphazard::HazardPointer::new();
        let protected = pointer.protect_ptr(&self.list);
        // SAFETY: never null, and protected by the hazard pointer.
        let list = protected.map(|(list, _)| unsafe { list.as_ref() });
        call_all(list.map_or(&[], |list| &list.pairs), argument1, argument2);
    }
}
