//! `fork`, which copies the thread that calls it and no other.
//!
//! What another thread holds at that moment is held for ever in the child, and what it was changing stays half
//! changed. So nobody is under a lock of this crate then: whoever takes one passes a *gate* first, and whoever forks
//! shuts the gate and waits until all that had passed are back. That takes as long as a few instructions: nothing
//! foreign runs under these locks, and who sleeps holds none.
//!
//! A thread that holds one lock and takes another must not be held up between them; so every thread counts its own,
//! and passes the gate with the first. Notifications take no lock.
//!
//! # Safety
//! - `pthread_atfork` is called with functions that stay loaded as long as this code.
//! - The action for the child is null or the address of a function of one type.
#![allow(unsafe_code, reason = "pthread_atfork")]

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread;

/// One bit that says whether the gate is shut; the rest is the number of threads that have passed it.
static GATE: AtomicUsize = AtomicUsize::new(0);
const SHUT: usize = 1;
const ONE: usize = 2;

/// Whether the system tells us of forks.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// What is done in a child.
static ACTION: AtomicPtr<()> = AtomicPtr::new(null_mut());

std::thread_local! {
    /// Locks for which this thread has passed the gate.
    static HELD: Cell<usize> = const { Cell::new(0) };
    /// How often the system has told this thread that it is about to fork, and not yet that it has.
    static FORKING: Cell<usize> = const { Cell::new(0) };
}

/// This thread may take a lock, and the process does not fork while it does.
#[derive(Debug)]
pub(super) struct Pass {
    /// Not of a thread that forks: it has shut the gate itself.
    counted: bool,
    /// It belongs to its thread.
    here: PhantomData<*mut ()>,
}

impl Pass {
    #[inline]
    pub(super) fn new() -> Pass {
        watch();
        let counted = FORKING.get() == 0;
        if counted && HELD.replace(HELD.get() + 1) == 0 && GATE.fetch_add(ONE, Ordering::Acquire) & SHUT != 0
        {
            wait_outside();
        }
        Pass { counted, here: PhantomData }
    }
}

impl Drop for Pass {
    #[inline]
    fn drop(&mut self) {
        if self.counted && HELD.replace(HELD.get() - 1) == 1 {
            GATE.fetch_sub(ONE, Ordering::Release);
        }
    }
}

#[cold]
fn wait_outside() {
    loop {
        GATE.fetch_sub(ONE, Ordering::Release);
        while GATE.load(Ordering::Relaxed) & SHUT != 0 {
            thread::yield_now();
        }
        if GATE.fetch_add(ONE, Ordering::Acquire) & SHUT == 0 {
            return;
        }
    }
}

/// Has `action` run in the child of every later `fork`, on the one thread that is left.
pub(crate) fn after_fork(action: fn()) {
    ACTION.store(action as *mut (), Ordering::Release);
    watch();
}

#[inline]
fn watch() {
    if !WATCHED.load(Ordering::Acquire) {
        begin_to_watch();
    }
}

/// Threads that come here together all ask to be told, and are told so often: none could wait for another that may be
/// gone, in a child.
#[cold]
fn begin_to_watch() {
    // SAFETY: functions of this image, which glibc forgets when the image is unloaded.
    let result = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    // Out of memory, it is asked again.
    WATCHED.fetch_or(result == 0, Ordering::Release);
}

/// What this thread itself counts for, should it hold a lock: a handler of signals may fork.
fn own() -> usize {
    if HELD.get() == 0 { 0 } else { ONE }
}

unsafe extern "C" fn before() {
    if FORKING.replace(FORKING.get() + 1) != 0 {
        return;
    }
    // Another thread may be forking, too.
    while GATE.fetch_or(SHUT, Ordering::Acquire) & SHUT != 0 {
        thread::yield_now();
    }
    while GATE.load(Ordering::Acquire) != SHUT + own() {
        thread::yield_now();
    }
}

unsafe extern "C" fn in_parent() {
    if FORKING.replace(FORKING.get() - 1) == 1 {
        GATE.fetch_and(!SHUT, Ordering::Release);
    }
}

unsafe extern "C" fn in_child() {
    if FORKING.replace(FORKING.get() - 1) != 1 {
        return;
    }
    // Those who waited outside are not here.
    GATE.store(own(), Ordering::Release);
    let action = ACTION.load(Ordering::Acquire);
    if !action.is_null() {
        // SAFETY: `after_fork` stored a function of this type.
        let action = unsafe { core::mem::transmute::<*mut (), fn()>(action) };
        action();
    }
}
