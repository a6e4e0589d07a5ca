//! One slot per thread: the stack of walks it is in, and what each of them is calling.
//!
//! A slot is written by its thread only and read by whoever unregisters. It is allocated when a thread
//! first notifies, handed on when the thread ends, and never freed, so a reader needs no permission. A
//! slot fills two cache lines and shares them with nothing.
//!
//! Nested notifications beyond the third use frames that are allocated once per thread and kept.
//!
//! # Safety
//! Slots and chunks are leaked boxes, so a pointer to one that was ever published is valid for ever,
//! and all their fields are atomic.
#![allow(unsafe_code, reason = "slots are shared by pointers that never die")]

use alloc::boxed::Box;
use core::ptr::{null, null_mut};

use crate::platform;
use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence, store_ptr_then_fence};

use super::{DOMAIN, LightFence};

/// Frames inside a slot.
const INLINE: usize = 3;

/// Frames in one further allocation.
const CHUNK: usize = 32;

/// One walk.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The object that is walked; meaningful while `list` is not null.
    object: AtomicPtr<()>,
    /// The list of registrations the walk reads, which must not be freed; null outside a walk.
    list: AtomicPtr<()>,
    /// Counts the walks of this frame.
    walk: AtomicU64,
    /// The state word of the registration that is being called, 0 for none.
    current: AtomicU64,
}

impl Frame {
    fn new() -> Frame {
        Frame {
            object: AtomicPtr::new(null_mut()),
            list: AtomicPtr::new(null_mut()),
            walk: AtomicU64::new(0),
            current: AtomicU64::new(0),
        }
    }

    /// The number of the running walk of `object`, if there is one.
    ///
    /// The list is read first: a walk that replaces it later began after this look. That the other
    /// fields may already be those of a later walk makes the answer too careful, never too bold.
    pub(super) fn walk_of(&self, object: *const ()) -> Option<u64> {
        if self.list.load(Ordering::SeqCst).is_null() {
            return None;
        }
        let walk = self.walk.load(Ordering::Acquire);
        (self.object.load(Ordering::Acquire).cast_const() == object).then_some(walk)
    }

    /// Whether that walk has ended, and with it everything its routines did is visible here.
    pub(super) fn has_ended(&self, walk: u64) -> bool {
        self.list.load(Ordering::Acquire).is_null() || self.walk.load(Ordering::Acquire) != walk
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
#[repr(align(128))]
pub(crate) struct Slot {
    frames: [Frame; INLINE],
    further: AtomicPtr<Chunk>,
    /// Number of running walks. Only the owner writes and reads it, as it does `caught`.
    depth: AtomicU32,
    /// Panics caught during running walks and not yet given to anybody.
    caught: AtomicU32,
    used: AtomicU32,
    /// An object that this thread is about to walk or walks, though it holds no reference to it.
    approached: AtomicPtr<()>,
    next: AtomicPtr<Slot>,
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
            depth: AtomicU32::new(0),
            caught: AtomicU32::new(0),
            used: AtomicU32::new(1),
            approached: AtomicPtr::new(null_mut()),
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
    pub(crate) fn depth(&self) -> u32 {
        self.depth.load(Ordering::Relaxed)
    }

    #[inline]
    fn frame(&self, depth: usize) -> &Frame {
        match self.frames.get(depth) {
            Some(frame) => frame,
            None => self.further_frame(depth - INLINE),
        }
    }

    #[cold]
    fn further_frame(&self, mut depth: usize) -> &Frame {
        let mut place = &self.further;
        loop {
            // SAFETY: null or a leaked chunk.
            let chunk = match unsafe { place.load(Ordering::Acquire).as_ref() } {
                Some(chunk) => chunk,
                None => {
                    let chunk: &Chunk = Box::leak(Box::new(Chunk {
                        frames: core::array::from_fn(|_| Frame::new()),
                        next: AtomicPtr::new(null_mut()),
                    }));
                    // Whoever unregisters must see the chunk if it must see a walk in it; the walk's
                    // first full fence comes later.
                    place.store(core::ptr::from_ref(chunk).cast_mut(), Ordering::SeqCst);
                    chunk
                }
            };
            match chunk.frames.get(depth) {
                Some(frame) => return frame,
                None => depth -= CHUNK,
            }
            place = &chunk.next;
        }
    }

    /// Frames `0..count` are there, so that walks nested that deep allocate nothing.
    pub(crate) fn reserve(&self, count: usize) {
        if let Some(last) = count.checked_sub(1) {
            self.frame(last);
        }
    }

    /// The list read by the innermost walk, null if there is none.
    pub(crate) fn innermost_list(&self) -> *const () {
        match self.depth().checked_sub(1) {
            Some(depth) => self.frame(depth as usize).list.load(Ordering::Relaxed),
            None => null(),
        }
    }

    /// Says which object this thread approaches; what it approached before. Whoever scans the slots has fenced
    /// this thread first, if the system can.
    #[inline]
    pub(crate) fn approach(&self, object: *const (), fenced_by_others: bool) -> *const () {
        let before = self.approached.load(Ordering::Relaxed);
        if fenced_by_others {
            self.approached.store(object.cast_mut(), Ordering::Release);
            compiler_fence(Ordering::SeqCst);
        } else {
            store_ptr_then_fence(&self.approached, object.cast_mut());
        }
        before
    }

    #[inline]
    pub(crate) fn end_approach(&self, before: *const ()) {
        self.approached.store(before.cast_mut(), Ordering::Release);
    }

    pub(crate) fn caught(&self) -> u32 {
        self.caught.load(Ordering::Relaxed)
    }

    pub(crate) fn set_caught(&self, count: u32) {
        self.caught.store(count, Ordering::Relaxed);
    }

    /// Ends all walks on behalf of a thread that is no more.
    pub(super) fn forget_calls(&self) {
        for frame in self.frames() {
            frame.current.store(0, Ordering::SeqCst);
            frame.list.store(null_mut(), Ordering::SeqCst);
        }
        self.depth.store(0, Ordering::Relaxed);
        self.caught.store(0, Ordering::Relaxed);
    }

    /// Hands it to the next new thread.
    pub(super) fn release(&self) {
        self.used.store(0, Ordering::Release);
    }
}

/// Whether a thread approaches an object or walks it.
pub(crate) fn is_near(object: *const ()) -> bool {
    Slot::all().any(|slot| {
        slot.approached.load(Ordering::SeqCst).cast_const() == object
            || slot.frames().any(|frame| frame.walk_of(object).is_some())
    })
}

/// Whether some walk reads the list at this address. To be asked after the list was replaced.
pub(crate) fn is_read(list: *const ()) -> bool {
    Slot::all().any(|slot| slot.frames().any(|frame| frame.list.load(Ordering::SeqCst).cast_const() == list))
}

/// A running walk: a frame that is popped when this is dropped, also by unwinding.
pub(crate) struct Walk<'s> {
    slot: &'s Slot,
    frame: &'s Frame,
}

impl<'s> Walk<'s> {
    /// Begins a walk of `object` and protects the list that `list` points at.
    #[inline]
    pub(crate) fn begin<T>(slot: &'s Slot, object: *const (), list: &AtomicPtr<T>) -> (Walk<'s>, *const T) {
        let depth = slot.depth.load(Ordering::Relaxed);
        let frame = slot.frame(depth as usize);
        slot.depth.store(depth + 1, Ordering::Relaxed);
        frame.object.store(object.cast_mut(), Ordering::Relaxed);
        frame.walk.store(frame.walk.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        let mut seen = list.load(Ordering::Acquire);
        loop {
            store_ptr_then_fence(&frame.list, seen.cast());
            // Replaced meanwhile: it may have been freed before it was protected.
            let now = list.load(Ordering::SeqCst);
            if now == seen {
                return (Walk { slot, frame }, seen);
            }
            seen = now;
        }
    }

    /// Says that the registration with this state word is about to be called; 0 for none.
    #[inline(always)]
    pub(crate) fn publish<F: LightFence>(&self, state: u64) {
        F::publish(&self.frame.current, state);
    }

    /// What was published last.
    pub(crate) fn current(&self) -> u64 {
        self.frame.current.load(Ordering::Relaxed)
    }
}

impl Drop for Walk<'_> {
    #[inline]
    fn drop(&mut self) {
        self.frame.list.store(null_mut(), Ordering::Release);
        self.slot.depth.store(self.slot.depth.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }
}
