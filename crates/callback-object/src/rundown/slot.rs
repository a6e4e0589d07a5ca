//! One slot per thread: the stack of walks it is in, and what each of them is calling.
//!
//! A slot is written by its thread only and read by whoever unregisters. It is allocated when a thread
//! first notifies, handed on when the thread ends, and never freed, so a reader needs no permission. A
//! slot fills two cache lines and shares them with nothing.
//!
//! Nested notifications beyond the second use frames that are allocated once per thread and kept.
//!
//! # Safety
//! Slots and chunks are leaked boxes, so a pointer to one that was ever published is valid for ever,
//! and all their fields are atomic.
#![allow(unsafe_code, reason = "slots are shared by pointers that never die")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::{null, null_mut};

use crate::platform;
use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence, store_ptr_then_fence};

use super::{DOMAIN, LightFence};

/// Frames inside a slot.
const INLINE: usize = 2;

/// Frames in one further allocation.
const CHUNK: usize = 32;

/// One walk.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The list of registrations the walk reads, which must not be freed; null outside a walk.
    list: AtomicPtr<()>,
    /// The object that the walk is of or is about to be of, if its thread holds no reference to it.
    approached: AtomicPtr<()>,
    /// The number of walks of this frame that have ended.
    ended: AtomicU64,
    /// The state word of the registration that is being called, 0 for none.
    current: AtomicU64,
}

impl Frame {
    fn new() -> Frame {
        Frame {
            list: AtomicPtr::new(null_mut()),
            approached: AtomicPtr::new(null_mut()),
            ended: AtomicU64::new(0),
            current: AtomicU64::new(0),
        }
    }

    /// The running walk of one of these lists, if there is one, as the number of walks before it.
    ///
    /// The list is read first, and by that the look is ordered: a walk that names a list later begins
    /// later. The number may already be that of such a later walk, which makes the answer too careful,
    /// never too bold.
    pub(super) fn walk_of(&self, lists: &Lists) -> Option<u64> {
        let list = self.list.load(Ordering::SeqCst);
        (!list.is_null() && lists.contains(list)).then(|| self.ended.load(Ordering::Acquire))
    }

    /// Whether that walk has ended, and with it everything its routines did is visible here.
    pub(super) fn has_ended(&self, walk: u64) -> bool {
        self.ended.load(Ordering::Acquire) != walk
    }

    #[inline(always)]
    fn is_used(&self) -> bool {
        !self.list.load(Ordering::Relaxed).is_null()
    }

    fn is_inside(&self, states: &[u64]) -> bool {
        let current = self.current.load(Ordering::SeqCst);
        current != 0
            && match states {
                [state] => *state == current,
                states => states.binary_search(&current).is_ok(),
            }
    }
}

/// Further frames of a thread that notifies from routine to routine.
struct Chunk {
    frames: [Frame; CHUNK],
    next: AtomicPtr<Chunk>,
}

/// The calls of one thread.
#[repr(C, align(128))]
pub(crate) struct Slot {
    frames: [Frame; INLINE],
    condition: AtomicU64,
    further: AtomicPtr<Chunk>,
    used: AtomicU32,
    next: AtomicPtr<Slot>,
}

/// What a thread looks at between two routines, all in one word: its IRQL, the panics caught and not yet
/// settled, and how often somebody asked to be woken when it leaves the routine it is in.
///
/// The first two belong to the thread, the third is written by others; so every change is an atomic
/// addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Condition(u64);

const LEVEL_MASK: u64 = 0xFF;
const CAUGHT_ONE: u64 = 1 << 8;
const CAUGHT_MASK: u64 = 0x00FF_FF00;
const WAKE_ONE: u64 = 1 << 32;

impl Condition {
    /// The IRQL.
    #[inline(always)]
    pub(crate) fn level(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// The same with another IRQL.
    pub(crate) fn with_level(self, level: u8) -> Condition {
        Condition(self.0 & !LEVEL_MASK | u64::from(level))
    }

    /// Whether panics wait to be settled.
    #[inline(always)]
    pub(crate) fn has_caught(self) -> bool {
        self.0 & CAUGHT_MASK != 0
    }

    /// Whether somebody asked to be woken between the two looks.
    pub(crate) fn asks_more_than(self, before: Condition) -> bool {
        self.0 >> 32 != before.0 >> 32
    }
}

impl Slot {
    /// The slot of this thread, if it ever notified.
    #[inline]
    pub(crate) fn attached() -> Option<&'static Slot> {
        // SAFETY: the word is null or the address of a slot, and slots are never freed.
        unsafe { platform::thread_word().cast::<Slot>().as_ref() }
    }

    /// The slot of this thread.
    #[inline]
    pub(crate) fn of_this_thread() -> &'static Slot {
        match Slot::attached() {
            Some(slot) => slot,
            None => Slot::attach(),
        }
    }

    #[cold]
    #[inline(never)]
    fn attach() -> &'static Slot {
        let slot = Slot::reuse().unwrap_or_else(Slot::publish_new);
        platform::set_thread_word(core::ptr::from_ref(slot).cast());
        platform::at_thread_exit(super::thread_ends);
        slot
    }

    fn reuse() -> Option<&'static Slot> {
        Slot::all().find(|slot| {
            slot.used.load(Ordering::Relaxed) == 0
                && slot.used.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
        })
    }

    fn publish_new() -> &'static Slot {
        let slot: &'static Slot = Box::leak(Box::new(Slot {
            frames: core::array::from_fn(|_| Frame::new()),
            further: AtomicPtr::new(null_mut()),
            condition: AtomicU64::new(0),
            used: AtomicU32::new(1),
            next: AtomicPtr::new(null_mut()),
        }));
        let mut first = DOMAIN.slots.load(Ordering::Acquire);
        loop {
            slot.next.store(first, Ordering::Relaxed);
            let new = core::ptr::from_ref(slot).cast_mut();
            // Sequentially consistent, as the look of whoever unregisters: a slot that it misses
            // belongs to a thread whose first walk begins later.
            match DOMAIN.slots.compare_exchange(first, new, Ordering::SeqCst, Ordering::Acquire) {
                Ok(null) if null.is_null() => {
                    platform::after_fork(super::forked);
                    return slot;
                }
                Ok(_) => return slot,
                Err(now) => first = now,
            }
        }
    }

    /// Every slot there is.
    pub(super) fn all() -> impl Iterator<Item = &'static Slot> {
        // SAFETY: the list holds null or slots, and slots are never freed.
        let first = unsafe { DOMAIN.slots.load(Ordering::SeqCst).as_ref() };
        core::iter::successors(first, |slot| {
            // SAFETY: as above.
            unsafe { slot.next.load(Ordering::Relaxed).as_ref() }
        })
    }

    /// Its address, to compare.
    pub(super) fn number(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Its frames, those of running walks and all others.
    pub(super) fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().chain(self.chunks().flat_map(|chunk| chunk.frames.iter()))
    }

    fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        // SAFETY: null or a leaked chunk.
        let first = unsafe { self.further.load(Ordering::Acquire).as_ref() };
        core::iter::successors(first, |chunk| {
            // SAFETY: null or a leaked chunk.
            unsafe { chunk.next.load(Ordering::Acquire).as_ref() }
        })
    }

    /// Whether its thread is inside a registration whose state is among these.
    pub(super) fn is_inside(&self, states: &[u64]) -> bool {
        self.frames().any(|frame| frame.is_inside(states))
    }

    /// The number of walks its thread is in.
    pub(crate) fn depth(&self) -> usize {
        self.frames().filter(|frame| frame.is_used()).count()
    }

    /// Whether the innermost walk of its thread, which is this thread, is at one of these.
    pub(super) fn is_about(&self, states: &[u64]) -> bool {
        self.frames().take_while(|frame| frame.is_used()).last().is_some_and(|frame| frame.is_inside(states))
    }

    /// A frame for one more walk. Frames are used and freed like a stack.
    ///
    /// A test of the first frame, not a depth that is counted up and down: the processor guesses the
    /// outcome of a test, but has to wait for a number that was just stored.
    #[inline(always)]
    fn vacant(&self) -> &Frame {
        if self.frames[0].is_used() { self.further_frame() } else { &self.frames[0] }
    }

    #[cold]
    #[inline(never)]
    fn further_frame(&self) -> &Frame {
        if let Some(frame) = self.frames().find(|frame| !frame.is_used()) {
            return frame;
        }
        &self.grow().frames[0]
    }

    /// Adds a chunk of frames.
    fn grow(&self) -> &Chunk {
        let chunk: &Chunk = Box::leak(Box::new(Chunk {
            frames: core::array::from_fn(|_| Frame::new()),
            next: AtomicPtr::new(null_mut()),
        }));
        let place = self.chunks().last().map_or(&self.further, |last| &last.next);
        // Whoever unregisters must see the chunk if it must see a walk in it; the walk's first full
        // fence comes later.
        place.store(core::ptr::from_ref(chunk).cast_mut(), Ordering::SeqCst);
        chunk
    }

    /// Provides so many frames, so that walks nested that deep allocate nothing.
    pub(crate) fn reserve(&self, count: usize) {
        while self.frames().count() < count {
            self.grow();
        }
    }

    /// The list read by the innermost walk, null if there is none, and the state of the registration that
    /// the walk is calling.
    pub(crate) fn innermost(&self) -> (*const (), u64) {
        let used = self.frames().take_while(|frame| frame.is_used());
        used.last().map_or((null(), 0), |frame| {
            (frame.list.load(Ordering::Relaxed).cast_const(), frame.current.load(Ordering::Relaxed))
        })
    }

    /// Says which object the next walk of this thread is about to be of. Whoever scans the slots has fenced
    /// this thread first, if the system can.
    #[inline(always)]
    pub(crate) fn approach(&self, object: *const (), fenced_by_others: bool) -> Approach<'_> {
        let approached = &self.vacant().approached;
        if fenced_by_others {
            approached.store(object.cast_mut(), Ordering::Release);
            compiler_fence(Ordering::SeqCst);
        } else {
            store_ptr_then_fence(approached, object.cast_mut());
        }
        Approach(approached)
    }

    /// A look at the condition that is not served before what was published is seen by others.
    #[inline(always)]
    pub(crate) fn condition(&self) -> Condition {
        Condition(self.condition.load(Ordering::SeqCst))
    }

    /// Sets the IRQL of this thread.
    pub(crate) fn set_level(&self, level: u8) {
        let now = self.condition.load(Ordering::Relaxed) & LEVEL_MASK;
        self.condition.fetch_add(u64::from(level).wrapping_sub(now), Ordering::Relaxed);
    }

    /// A panic was caught in this thread.
    pub(crate) fn add_caught(&self) {
        self.condition.fetch_add(CAUGHT_ONE, Ordering::Relaxed);
    }

    /// So many caught panics were settled.
    pub(crate) fn sub_caught(&self, count: usize) {
        self.condition.fetch_sub(count as u64 * CAUGHT_ONE, Ordering::Relaxed);
    }

    /// Asks its thread to call [`left`](super::left) when it leaves the routine it is in.
    pub(super) fn ask_to_wake(&self) {
        self.condition.fetch_add(WAKE_ONE, Ordering::SeqCst);
    }

    /// Ends all walks on behalf of a thread that is no more.
    pub(super) fn forget_calls(&self) {
        for frame in self.frames() {
            frame.current.store(0, Ordering::SeqCst);
            frame.ended.store(frame.ended.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
            frame.list.store(null_mut(), Ordering::SeqCst);
            frame.approached.store(null_mut(), Ordering::SeqCst);
        }
        self.condition.store(0, Ordering::SeqCst);
    }

    /// Hands it to the next new thread.
    pub(super) fn release(&self) {
        self.set_level(0);
        self.used.store(0, Ordering::Release);
    }
}

/// An object is approached, or walked, until this is ended, or the frame or the thread does something else.
#[derive(Debug)]
pub(crate) struct Approach<'s>(&'s AtomicPtr<()>);

impl Approach<'_> {
    #[inline(always)]
    pub(crate) fn end(self) {
        self.0.store(null_mut(), Ordering::Release);
    }
}

/// Whether a thread approaches an object or walks it after an approach.
pub(crate) fn is_near(object: *const ()) -> bool {
    let approaches = |frame: &Frame| frame.approached.load(Ordering::SeqCst).cast_const() == object;
    Slot::all().any(|slot| slot.frames().any(approaches))
}

/// Whether some walk reads the list at this address. To be asked after the list was replaced.
pub(crate) fn is_read(list: *const ()) -> bool {
    Slot::all().any(|slot| slot.frames().any(|frame| frame.list.load(Ordering::SeqCst).cast_const() == list))
}

/// The lists in which an object's registrations were when some of them were marked dead.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// The current list, as an address.
    pub(crate) current: usize,
    /// Lists that were replaced and may still be read.
    pub(crate) retired: Vec<usize>,
}

impl Lists {
    fn contains(&self, list: *mut ()) -> bool {
        list.addr() == self.current || self.retired.contains(&list.addr())
    }
}

/// A running walk, the innermost of this thread. It must be [ended](Walk::end).
#[derive(Clone, Copy)]
pub(crate) struct Walk<'s> {
    frame: &'s Frame,
}

impl<'s> Walk<'s> {
    /// Begins a walk over the list that `list` points at, and protects the list.
    ///
    /// Nothing else is stored before the fence, which has to wait for what was.
    #[inline(always)]
    pub(crate) fn begin<T>(slot: &'s Slot, list: &AtomicPtr<T>) -> (Walk<'s>, *const T) {
        let frame = slot.vacant();
        let mut seen = list.load(Ordering::Acquire);
        loop {
            store_ptr_then_fence(&frame.list, seen.cast());
            // Replaced meanwhile: it may have been freed before it was protected.
            let now = list.load(Ordering::SeqCst);
            if now == seen {
                return (Walk { frame }, seen);
            }
            seen = now;
        }
    }

    /// Says that the registration with this state word is about to be called; 0 for none.
    #[inline(always)]
    pub(crate) fn publish<F: LightFence>(self, state: u64) {
        F::publish(&self.frame.current, state);
    }

    /// What was published last.
    pub(crate) fn current(self) -> u64 {
        self.frame.current.load(Ordering::Relaxed)
    }

    /// Ends the walk. Nothing must be published.
    #[inline(always)]
    pub(crate) fn end(self) {
        let ended = self.frame.ended.load(Ordering::Relaxed).wrapping_add(1);
        self.frame.ended.store(ended, Ordering::Release);
        self.frame.list.store(null_mut(), Ordering::Release);
    }
}
