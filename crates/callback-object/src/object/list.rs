//! The registrations of one object, in order of registration, read without a lock.
//!
//! A list only grows: an entry is written, then the length is published. Entries never move, so growing
//! adds a segment and copies nothing. A registration that is removed leaves a dead entry; when the dead
//! outnumber the living, the living are copied into a new list and the old one is *retired*: walks that
//! read it go on, those who unregister mark the entry dead in it too, and it is freed when no slot
//! names it.
//!
//! # Safety
//! - A segment is reached from its list only, owned by it, and freed with it.
//! - [`Writer::last`] points into the current list, which is freed only after it was replaced.
//! - A retired list is freed by the writer when no slot names it; it cannot be named again, because a
//!   walk checks that the list is current after naming it ([`Walk::begin`](crate::rundown::Walk)).
#![allow(unsafe_code, reason = "lock-free lists")]

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::AtomicU64 as Counter;

use super::{Identity, Routine};
use crate::rundown;
use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

/// The bit of a state word that says that the registration was removed.
const DEAD: u64 = 1;

/// Entries in the first segment of an object.
const FIRST: usize = 4;

/// State words are even and never used twice, in no object of the process.
static NEXT_STATE: Counter = Counter::new(2);

/// One registration.
pub(super) struct Entry {
    routine: AtomicPtr<()>,
    context: AtomicPtr<c_void>,
    state: AtomicU64,
}

impl Entry {
    fn empty() -> Entry {
        Entry {
            routine: AtomicPtr::new(null_mut()),
            context: AtomicPtr::new(null_mut()),
            state: AtomicU64::new(DEAD),
        }
    }

    /// A sequentially consistent look at the state word.
    #[inline(always)]
    pub(super) fn state(&self) -> u64 {
        self.state.load(Ordering::SeqCst)
    }

    #[inline(always)]
    pub(super) fn context(&self) -> *mut c_void {
        self.context.load(Ordering::Relaxed)
    }

    pub(super) fn address(&self) -> usize {
        self.routine.load(Ordering::Relaxed).addr()
    }

    /// The routine of an entry that was published.
    #[inline(always)]
    pub(super) fn routine(&self) -> Routine {
        let address = self.routine.load(Ordering::Relaxed);
        // SAFETY: a published entry holds the address of a routine, put there by `Writer::append`.
        unsafe { core::mem::transmute::<*mut (), Routine>(address) }
    }

    fn is_live(&self) -> bool {
        !is_dead(self.state())
    }
}

#[inline(always)]
pub(super) fn is_dead(state: u64) -> bool {
    state & DEAD != 0
}

/// Some entries in a row.
pub(super) struct Segment {
    pub(super) entries: Box<[Entry]>,
    next: AtomicPtr<Segment>,
}

impl Segment {
    fn new(capacity: usize) -> Segment {
        Segment { entries: (0..capacity).map(|_| Entry::empty()).collect(), next: AtomicPtr::new(null_mut()) }
    }

    #[inline]
    pub(super) fn next(&self) -> Option<&Segment> {
        // SAFETY: null, or a segment that lives as long as the list this one belongs to.
        unsafe { self.next.load(Ordering::Acquire).as_ref() }
    }
}

/// One version of an object's registrations.
pub(super) struct List {
    /// Number of entries that may be read.
    published: AtomicUsize,
    pub(super) first: Segment,
    pub(super) identity: Arc<Identity>,
}

impl List {
    pub(super) fn new(identity: Arc<Identity>) -> Box<List> {
        List::with_capacity(identity, FIRST)
    }

    fn with_capacity(identity: Arc<Identity>, capacity: usize) -> Box<List> {
        Box::new(List { published: AtomicUsize::new(0), first: Segment::new(capacity), identity })
    }

    #[inline]
    pub(super) fn published(&self) -> usize {
        self.published.load(Ordering::Acquire)
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        core::iter::successors(Some(&self.first), |segment| segment.next())
    }

    /// The entries that are published, oldest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.segments().flat_map(|segment| segment.entries.iter()).take(self.published())
    }

    /// The entry with this state word, dead or alive. State words grow along the list.
    fn find(&self, state: u64) -> Option<&Entry> {
        let mut left = self.published();
        for segment in self.segments() {
            let here = &segment.entries[..left.min(segment.entries.len())];
            left -= here.len();
            let last = here.last()?;
            if state <= last.state() & !DEAD {
                let at = here.binary_search_by_key(&state, |entry| entry.state() & !DEAD).ok()?;
                return Some(&here[at]);
            }
        }
        None
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let mut next = self.first.next.load(Ordering::Relaxed);
        while !next.is_null() {
            // SAFETY: `Writer::grow` put the address of a box there, and nothing reads this list now.
            let segment = unsafe { Box::from_raw(next) };
            next = segment.next.load(Ordering::Relaxed);
        }
    }
}

/// What is known under the object's lock only.
pub(super) struct Writer {
    /// The last segment of the current list.
    last: NonNull<Segment>,
    /// Entries used in it.
    used: usize,
    live: usize,
    dead: usize,
    retired: Vec<NonNull<List>>,
}

// SAFETY: the pointers are to lists and segments this writer's object owns, which are `Sync`.
unsafe impl Send for Writer {}

impl Writer {
    pub(super) fn new(list: &List) -> Writer {
        Writer { last: NonNull::from(&list.first), used: 0, live: 0, dead: 0, retired: Vec::new() }
    }

    pub(super) fn live(&self) -> usize {
        self.live
    }

    fn last(&self) -> &Segment {
        // SAFETY: it belongs to the current list, which the object owns as long as this writer.
        unsafe { self.last.as_ref() }
    }

    /// Adds a registration and returns its state word.
    pub(super) fn append(&mut self, list: &List, routine: Routine, context: *mut c_void) -> u64 {
        if self.used == self.last().entries.len() {
            self.grow(list.published());
        }
        let state = NEXT_STATE.fetch_add(2, Ordering::Relaxed);
        let entry = &self.last().entries[self.used];
        entry.routine.store(routine as *mut (), Ordering::Relaxed);
        entry.context.store(context, Ordering::Relaxed);
        entry.state.store(state, Ordering::Relaxed);
        self.used += 1;
        self.live += 1;
        list.published.store(list.published.load(Ordering::Relaxed) + 1, Ordering::Release);
        state
    }

    /// Adds a segment half as long as the list.
    fn grow(&mut self, length: usize) {
        let segment = Box::leak(Box::new(Segment::new((length / 2).max(FIRST))));
        self.last().next.store(segment, Ordering::Release);
        self.last = NonNull::from(segment);
        self.used = 0;
    }

    /// Marks a registration dead, in every list that holds it; returns its routine if it was alive.
    pub(super) fn bury(&mut self, list: &List, state: u64) -> Option<usize> {
        let entry = list.find(state).filter(|entry| entry.is_live())?;
        entry.state.swap(state | DEAD, Ordering::SeqCst);
        self.bury_in_retired(state);
        self.live -= 1;
        self.dead += 1;
        Some(entry.address())
    }

    /// The same for many, sorted, in one pass over the list.
    pub(super) fn bury_all(&mut self, list: &List, states: &[u64]) {
        let mut states = states.iter().peekable();
        for entry in list.entries() {
            let state = entry.state();
            while states.next_if(|s| **s < state & !DEAD).is_some() {}
            if states.next_if(|s| **s == state).is_some() {
                entry.state.swap(state | DEAD, Ordering::SeqCst);
                self.bury_in_retired(state);
                self.live -= 1;
                self.dead += 1;
            }
        }
    }

    fn bury_in_retired(&self, state: u64) {
        for old in &self.retired {
            // SAFETY: a retired list lives until this writer frees it.
            let old = unsafe { old.as_ref() };
            if let Some(entry) = old.find(state) {
                entry.state.swap(state | DEAD, Ordering::SeqCst);
            }
        }
    }

    /// Replaces the list by one without the dead, if they are the majority.
    pub(super) fn compact(&mut self, current: &AtomicPtr<List>) {
        if self.dead > self.live + 16 {
            let live = self.live;
            // SAFETY: the current list lives until it is retired, below.
            let list = unsafe { &*current.load(Ordering::Relaxed) };
            let new = List::with_capacity(Arc::clone(&list.identity), live + (live / 2).max(FIRST));
            for (to, from) in new.first.entries.iter().zip(list.entries().filter(|e| e.is_live())) {
                to.routine.store(from.routine.load(Ordering::Relaxed), Ordering::Relaxed);
                to.context.store(from.context(), Ordering::Relaxed);
                to.state.store(from.state(), Ordering::Relaxed);
            }
            new.published.store(live, Ordering::Relaxed);
            let new = Box::leak(new);
            self.last = NonNull::from(&new.first);
            self.used = live;
            self.dead = 0;
            let old = current.swap(new, Ordering::SeqCst);
            self.retired.extend(NonNull::new(old));
        }
        self.free_retired();
    }

    /// Frees the retired lists that no walk reads.
    fn free_retired(&mut self) {
        if self.retired.is_empty() {
            return;
        }
        crate::sync::full_fence();
        self.retired.retain(|old| {
            let read = rundown::is_read(old.as_ptr().cast_const().cast());
            if !read {
                // SAFETY: it came from a box, was replaced, and no walk reads it or can begin to.
                drop(unsafe { Box::from_raw(old.as_ptr()) });
            }
            read
        });
    }

    /// Frees everything; no walk of the object is running.
    pub(super) fn free(&mut self, current: &AtomicPtr<List>) {
        self.retired.extend(NonNull::new(current.swap(null_mut(), Ordering::SeqCst)));
        self.free_retired();
        orphans::adopt(&mut self.retired);
    }
}

/// Lists that a walk still reads although their object is gone: a routine dropped the last reference to
/// the object it was called by. They are freed when another object goes.
mod orphans {
    use super::{List, NonNull, Vec, Writer};
    use crate::platform::Lock;

    struct Orphans(Vec<NonNull<List>>);

    // SAFETY: lists are `Sync`, and whoever takes one out owns it.
    unsafe impl Send for Orphans {}

    #[cfg(not(loom))]
    static ORPHANS: Lock<Orphans> = Lock::new(Orphans(Vec::new()));
    #[cfg(loom)]
    loom::lazy_static! {
        static ref ORPHANS: Lock<Orphans> = Lock::new(Orphans(Vec::new()));
    }

    pub(super) fn adopt(lists: &mut Vec<NonNull<List>>) {
        let mut orphans = ORPHANS.lock();
        orphans.0.append(lists);
        if !orphans.0.is_empty() {
            let mut writer = Writer {
                last: NonNull::dangling(),
                used: 0,
                live: 0,
                dead: 0,
                retired: core::mem::take(&mut orphans.0),
            };
            writer.free_retired();
            orphans.0 = writer.retired;
        }
    }
}
