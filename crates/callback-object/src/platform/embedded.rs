//! Without the standard library: the embedder says what its threads are.
//!
//! Everything is promised as it is with the standard library, but for this:
//! - a panic in a routine is not caught: it ends the program as the panic handler does;
//! - the slot of a thread that ends is given back only if the embedder calls [`thread_ends`];
//! - a long wait is not reported;
//! - only [`Fence::Portable`](crate::Fence) is there.
//!
//! # Safety
//! What [`Platform`] promises.
#![allow(unsafe_code, reason = "the embedder's promises")]

use alloc::boxed::Box;
use alloc::string::String;
use core::any::Any;
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

pub(crate) use super::stand_in::{STAND_IN, no_word};

/// What this crate needs to know about threads.
///
/// # Safety
/// [`thread_word`](Platform::thread_word) returns one and the same word whenever the same thread asks, null
/// at first, and words of different threads differ.
pub unsafe trait Platform: Sync {
    /// A word that belongs to the calling thread as long as the thread lives.
    fn thread_word(&self) -> &AtomicPtr<()>;

    /// Sleeps until [`wake`](Platform::wake) is called on this word, if the word has this value; may return
    /// early.
    fn wait(&self, word: &AtomicU32, value: u32);

    /// Wakes all threads that sleep on this word.
    fn wake(&self, word: &AtomicU32);

    /// Writes a line for people.
    fn log(&self, line: &str);

    /// Ends the program.
    fn abort(&self) -> !;
}

/// A pointer to a fat pointer to the platform.
static PLATFORM: AtomicPtr<&'static dyn Platform> = AtomicPtr::new(null_mut());

/// Says what the platform is, before anything else of this crate is used.
pub fn set_platform(platform: &'static dyn Platform) {
    PLATFORM.store(Box::leak(Box::new(platform)), Ordering::Release);
}

fn platform() -> &'static dyn Platform {
    // SAFETY: null, or a leaked box.
    let platform = unsafe { PLATFORM.load(Ordering::Acquire).as_ref() };
    *platform.expect("set_platform was called first")
}

#[inline]
pub(crate) fn thread_word() -> *const () {
    let word = platform().thread_word().load(Ordering::Relaxed);
    if word.is_null() { no_word() } else { word }
}

pub(crate) fn set_thread_word(word: *const ()) {
    platform().thread_word().store(word.cast_mut(), Ordering::Relaxed);
}

static AT_EXIT: AtomicPtr<()> = AtomicPtr::new(null_mut());

pub(crate) fn at_thread_exit(action: fn()) -> bool {
    AT_EXIT.store(action as *mut (), Ordering::Relaxed);
    true
}

/// To be called by a thread that ends: gives its slot to the next new thread.
pub fn thread_ends() {
    let action = AT_EXIT.load(Ordering::Relaxed);
    if !action.is_null() && thread_word() != no_word() {
        // SAFETY: `at_thread_exit` stored a function of this type.
        let action = unsafe { core::mem::transmute::<*mut (), fn()>(action) };
        action();
    }
}

const FREE: u32 = 0;
const HELD: u32 = 1;
const AWAITED: u32 = 2;

/// A lock of one word: free, held, or held and awaited.
#[derive(Debug, Default)]
pub(crate) struct Lock<T> {
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by whoever holds the lock.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Lock<T> {
        Lock { word: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        if self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_err() {
            while self.word.swap(AWAITED, Ordering::Acquire) != FREE {
                platform().wait(&self.word, AWAITED);
            }
        }
        Guard(self)
    }
}

/// The lock is held.
#[derive(Debug)]
pub(crate) struct Guard<'a, T>(&'a Lock<T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held by this guard alone.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if self.0.word.swap(FREE, Ordering::Release) == AWAITED {
            platform().wake(&self.0.word);
        }
    }
}

/// Counts wake-ups.
#[derive(Debug, Default)]
pub(crate) struct Signal(AtomicU32);

impl Signal {
    pub(crate) const fn new() -> Signal {
        Signal(AtomicU32::new(0))
    }

    /// Sleeps until woken, or a little less, with the lock released meanwhile.
    pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>) -> (Guard<'a, T>, bool) {
        let lock = guard.0;
        let count = self.0.load(Ordering::Relaxed);
        drop(guard);
        platform().wait(&self.0, count);
        (lock.lock(), true)
    }

    pub(crate) fn wake_all(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        platform().wake(&self.0);
    }

    pub(crate) fn forget_sleepers(&self) {}
}

/// Panics are not caught here.
#[inline]
pub(crate) fn catch(body: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    body();
    Ok(())
}

pub(crate) fn resume(_payload: Box<dyn Any + Send>) -> ! {
    abort()
}

pub(crate) fn panicking() -> bool {
    false
}

pub(crate) fn foreign_exception() -> bool {
    true
}

pub(crate) fn abort() -> ! {
    platform().abort()
}

pub(crate) fn log(line: &str) {
    platform().log(line);
}

pub(crate) fn thread_label() -> String {
    String::from("without a name")
}

pub(crate) fn after_fork(_action: fn()) {}
