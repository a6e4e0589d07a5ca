//! One slot per thread: the stack of walks it is in, and what each of them is calling.
//!
//! A slot is written by its thread only and read by whoever unregisters. It is allocated when a thread
//! first notifies, handed on when the thread ends, and never freed, so a reader needs no permission. A
//! slot fills two cache lines and shares them with nothing; what a notification touches is in the first.
//!
//! A short notification takes as long as its branches, so the usual case is one test ([`Slot::at_hand`]):
//! the thread has a slot, is in no walk, and is at a level at which it may notify.
//!
//! Nested notifications beyond the second use frames that are allocated once per thread and kept.
//!
//! # Safety
//! Slots and chunks are leaked boxes, so a pointer to one that was ever published is valid for ever,
//! and all their fields are atomic. What a thread has before it has a slot is memory as long as a slot, which
//! is of this form too, for any bytes are.
#![allow(unsafe_code, reason = "slots are shared by pointers that never die")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::{null, null_mut};

use crate::platform;
use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence, store_ptr_then_fence};

use super::habit::Habit;
use super::{DOMAIN, LightFence};

/// The highest level at which a thread may notify; `object/walk.rs` checks that it is `irql::DISPATCH`.
pub(crate) const HIGHEST_LEVEL: u8 = 2;

/// Frames inside a slot.
const INLINE: usize = 2;

/// Frames in one further allocation.
const CHUNK: usize = 32;

/// One walk.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Frame {
    /// The list of registrations the walk reads, which must not be freed; null outside a walk.
    list: AtomicPtr<()>,
    /// The number of walks of this frame that have ended.
    ended: AtomicU64,
    /// The state word of the registration that is being called, 0 for none.
    current: AtomicU64,
}

impl Frame {
    fn new() -> Frame {
        Frame { list: AtomicPtr::new(null_mut()), ended: AtomicU64::new(0), current: AtomicU64::new(0) }
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
    habit: Habit,
    further: AtomicPtr<Chunk>,
    used: AtomicU32,
    next: AtomicPtr<Slot>,
    /// The state of the entry that a walk of this thread passed over last, and that of the one before.
    skipped: [AtomicU64; 2],
}

/// How a slot is used: not, by a thread as long as it lives, or by one that nobody tells us the end of, as long as it has
/// something to remember there.
const NOT: u32 = 0;
const BY_A_THREAD: u32 = 1;
const FLEETINGLY: u32 = 2;

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

    /// Not 0 at a level at which nobody may notify.
    #[inline(always)]
    fn forbids_notifying(self) -> usize {
        // The lowest level that does is 3. Arithmetic, for a comparison would become a branch of its own.
        const { assert!(HIGHEST_LEVEL == 2) };
        usize::from(self.level().wrapping_add(1) & !3)
    }

    /// The same with another IRQL.
    pub(crate) fn with_level(self, level: u8) -> Condition {
        Condition(self.0 & !LEVEL_MASK | u64::from(level))
    }

    /// The same, where a loop begins that compares with it.
    #[inline(always)]
    pub(crate) fn before_loop(self) -> Condition {
        Condition(platform::align_loop(self.0))
    }

    /// Whether panics wait to be settled.
    #[inline(always)]
    pub(crate) fn has_caught(self) -> bool {
        self.0 & CAUGHT_MASK != 0
    }

    /// Nothing is raised and nothing caught.
    fn is_idle(self) -> bool {
        self.level() == 0 && !self.has_caught()
    }

    /// Whether somebody asked to be woken between the two looks.
    pub(crate) fn asks_more_than(self, before: Condition) -> bool {
        self.0 >> 32 != before.0 >> 32
    }
}

impl Slot {
    /// The slot of this thread, or what stands for it before the thread has one; in a model nothing does.
    #[inline(always)]
    fn nearby() -> Option<&'static Slot> {
        const { assert!(size_of::<Slot>() <= platform::STAND_IN && align_of::<Slot>() <= 128) };
        let word = platform::thread_word().cast::<Slot>();
        if platform::no_word().is_null() && word.is_null() {
            return None;
        }
        // SAFETY: the word is the address of a slot, and slots are never freed, or that of the platform's
        // stand-in, static memory of the size and alignment of a slot in which everything is atomic.
        Some(unsafe { &*word })
    }

    /// The slot of this thread, if it ever notified.
    #[inline]
    pub(crate) fn attached() -> Option<&'static Slot> {
        Slot::nearby().filter(|slot| !core::ptr::eq(core::ptr::from_ref(*slot).cast(), platform::no_word()))
    }

    /// The slot of this thread, its condition and a vacant frame, if the thread is in no walk and may notify;
    /// else nothing, and also for a thread without a slot, whose stand-in has a frame that is never vacant.
    #[inline(always)]
    pub(crate) fn at_hand() -> Option<(&'static Slot, &'static Frame, Condition)> {
        let slot = Slot::nearby()?;
        let frame = &slot.frames[0];
        let condition = slot.condition();
        let obstacle = frame.list.load(Ordering::Relaxed).addr() | condition.forbids_notifying();
        (obstacle == 0).then_some((slot, frame, condition))
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
        if !platform::at_thread_exit(super::thread_ends) {
            slot.used.store(FLEETINGLY, Ordering::Relaxed);
        }
        slot
    }

    fn reuse() -> Option<&'static Slot> {
        Slot::all().find(|slot| {
            slot.used.load(Ordering::Relaxed) == NOT
                && slot.used.compare_exchange(NOT, BY_A_THREAD, Ordering::Acquire, Ordering::Relaxed).is_ok()
        })
    }

    fn publish_new() -> &'static Slot {
        let slot: &'static Slot = Box::leak(Box::new(Slot {
            frames: core::array::from_fn(|_| Frame::new()),
            further: AtomicPtr::new(null_mut()),
            condition: AtomicU64::new(0),
            habit: Habit::new(),
            used: AtomicU32::new(BY_A_THREAD),
            next: AtomicPtr::new(null_mut()),
            skipped: core::array::from_fn(|_| AtomicU64::new(0)),
        }));
        platform::after_fork(super::forked);
        let mut first = DOMAIN.slots.load(Ordering::Acquire);
        loop {
            slot.next.store(first, Ordering::Relaxed);
            let new = core::ptr::from_ref(slot).cast_mut();
            // Sequentially consistent, as the look of whoever unregisters: a slot that it misses
            // belongs to a thread whose first walk begins later.
            match DOMAIN.slots.compare_exchange(first, new, Ordering::SeqCst, Ordering::Acquire) {
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
    pub(crate) fn vacant(&self) -> &Frame {
        self.frames().find(|frame| !frame.is_used()).unwrap_or_else(|| &self.grow().frames[0])
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
        let missing = count.saturating_sub(self.frames().count());
        for _ in 0..missing.div_ceil(CHUNK) {
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

    /// The innermost walk of this thread does not call the entry with the state `skipped`; `called` was called
    /// last, 0 for none. Of interest until the next call of a routine only.
    pub(crate) fn remember_skipped(&self, skipped: u64, called: u64) {
        self.skipped[0].store(skipped, Ordering::Relaxed);
        self.skipped[1].store(called, Ordering::Relaxed);
    }

    /// What was remembered last.
    pub(crate) fn skipped(&self) -> (u64, u64) {
        (self.skipped[0].load(Ordering::Relaxed), self.skipped[1].load(Ordering::Relaxed))
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
        }
        self.condition.store(0, Ordering::SeqCst);
    }

    /// Whether its thread's walks begin with a fence.
    pub(super) fn habit(&self) -> &Habit {
        &self.habit
    }

    /// To be called, away from the usual way, when its thread has ended a walk or lowered its level: a thread so near its
    /// end that nobody tells us of that has its slot no longer than it needs one.
    pub(crate) fn leave_if_fleeting(&self) {
        let idle = || self.depth() == 0 && self.condition().is_idle();
        if self.used.load(Ordering::Relaxed) == FLEETINGLY && idle() {
            platform::set_thread_word(platform::no_word());
            self.release();
        }
    }

    /// Hands it to the next new thread.
    pub(super) fn release(&self) {
        self.set_level(0);
        self.habit.end();
        self.used.store(NOT, Ordering::Release);
    }
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
    /// [`begin`](Self::begin) without a fence, for the asymmetric fence and a thread that is in no walk. The walk has
    /// begun, over this list, if the number is 0. If not, the thread is to fence itself or the list is in doubt, and
    /// it is to [begin with a fence](Self::begin_with_fence).
    #[inline(always)]
    pub(crate) fn begin_lightly<T>(
        slot: &'s Slot,
        frame: &'s Frame,
        list: &AtomicPtr<T>,
        doubt: impl Fn() -> usize,
    ) -> (Walk<'s>, *const T, usize) {
        platform::step();
        let seen = list.load(Ordering::Acquire);
        frame.list.store(seen.cast(), Ordering::Release);
        platform::step();
        compiler_fence(Ordering::SeqCst);
        let asks = slot.habit.asks_for_fence();
        platform::step();
        let now = list.load(Ordering::SeqCst);
        (Walk { frame }, seen, (now.addr() ^ seen.addr()) | doubt() | asks)
    }

    /// [`begin`](Self::begin) where [`begin_lightly`](Self::begin_lightly) did not.
    pub(crate) fn begin_with_fence<T>(
        slot: &'s Slot,
        frame: &'s Frame,
        list: &AtomicPtr<T>,
        doubt: impl Fn() -> usize,
    ) -> Option<(Walk<'s>, *const T)> {
        slot.habit.count_fenced_walk();
        Walk::begin(frame, list, doubt)
    }

    /// Begins a walk over the list that `list` points at, with a fence, and protects the list.
    ///
    /// `doubt` is asked when the list is protected and is 0 unless it is not the list that was meant; its
    /// loads are sequentially consistent. Nothing else is stored before the fence, which has to wait for
    /// what was.
    #[inline(always)]
    pub(crate) fn begin<T>(
        frame: &'s Frame,
        list: &AtomicPtr<T>,
        doubt: impl Fn() -> usize,
    ) -> Option<(Walk<'s>, *const T)> {
        let mut seen = list.load(Ordering::Acquire);
        loop {
            store_ptr_then_fence(&frame.list, seen.cast());
            // Replaced meanwhile: it may have been freed before it was protected.
            let now = list.load(Ordering::SeqCst);
            if (now.addr() ^ seen.addr()) | doubt() == 0 {
                return Some((Walk { frame }, seen));
            }
            if doubt() != 0 {
                frame.list.store(null_mut(), Ordering::Release);
                platform::last_step();
                return None;
            }
            seen = now;
        }
    }

    /// Says that the registration with this state word is about to be called; 0 for none.
    #[inline(always)]
    pub(crate) fn publish<F: LightFence>(self, state: u64) {
        F::publish(&self.frame.current, state);
    }

    /// The list it reads.
    pub(crate) fn list(self) -> *const () {
        self.frame.list.load(Ordering::Relaxed).cast_const()
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
        platform::last_step();
    }
}
