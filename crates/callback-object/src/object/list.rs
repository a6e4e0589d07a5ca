//! The registrations of one object, in order of registration, read without a lock.
//!
//! A list only grows: an entry is written, then the length is published. Entries never move. A registration
//! that is removed leaves a dead entry; when the dead outnumber the living, the living are copied into a new
//! list and the old one is *retired*: walks that read it go on, those who unregister mark the entry dead in it
//! too, and it is freed when no slot names it. A short list that is full is replaced by a longer one in the
//! same way, so that its entries stand in one row; a long one gets a further segment, and nothing is copied.
//!
//! # Safety
//! - A segment is reached from its list only, owned by it, and freed with it.
//! - [`Writer::last`] points into the current list, which is freed only after it was replaced.
//! - The list that a writer is given as the current one is that of its object, and lives until it is retired.
//! - A retired list is freed by the writer when no slot names it; it cannot be named again, because a
//!   walk checks that the list is current after naming it ([`Walk::begin`](crate::rundown::Walk)).
#![allow(unsafe_code, reason = "lock-free lists")]

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ffi::c_void;
use core::ptr::{self, NonNull, null_mut};
use core::sync::atomic::AtomicU64 as Counter;

use super::{Identity, Routine};
use crate::rundown::{self, Fence, Lists};
use crate::sync::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

/// The bit of a state word that says that the registration was removed.
const DEAD: u64 = 1;

/// Entries in the first list of an object.
const FIRST: usize = 4;

/// The longest list that is replaced when it is full.
const IN_ONE_ROW: usize = 512;

/// So many more dead than living entries are not worth a copy.
const TOLERATED: usize = if cfg!(loom) { 0 } else { 16 };

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
    pub(super) next: Next,
}

/// Where a list goes on.
#[derive(Default)]
pub(super) struct Next(AtomicPtr<Segment>);

impl Next {
    #[inline(always)]
    pub(super) fn get(&self) -> Option<&Segment> {
        // SAFETY: null, or a segment that lives as long as the list this one belongs to.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }
}

/// One version of an object's registrations. The first of them stand in the same allocation: a walk that begins
/// waits for every load that depends on another.
#[repr(C)]
pub(super) struct List<Entries: ?Sized = [Entry]> {
    /// Number of entries that may be read.
    published: AtomicUsize,
    /// Number of entries in `first`.
    capacity: usize,
    pub(super) identity: Arc<Identity>,
    pub(super) next: Next,
    pub(super) first: Entries,
}

/// A list as a pointer of one word leads to it.
pub(super) type Head = List<[Entry; 0]>;

impl List {
    /// A list with room for so many entries, but some at least.
    pub(super) fn new(identity: Arc<Identity>, capacity: usize) -> NonNull<Head> {
        let capacity = capacity.max(FIRST);
        let head =
            Head { published: AtomicUsize::new(0), capacity, identity, next: Next::default(), first: [] };
        let entries = Layout::array::<Entry>(capacity);
        let layout = entries.and_then(|entries| Layout::new::<Head>().extend(entries));
        // Both cannot be: a list that is in one row is short.
        let Ok((layout, offset)) = layout else { alloc::alloc::handle_alloc_error(Layout::new::<Head>()) };
        let layout = layout.pad_to_align();
        // SAFETY: not of size 0.
        let memory = unsafe { alloc::alloc::alloc(layout) };
        let Some(list) = NonNull::new(memory) else { alloc::alloc::handle_alloc_error(layout) };
        // SAFETY: there is room for a head at the beginning.
        unsafe { list.cast::<Head>().write(head) };
        // SAFETY: the entries begin there, inside the allocation.
        let mut place = unsafe { list.add(offset) }.cast::<Entry>();
        for _ in 0..capacity {
            // SAFETY: there is room for so many entries.
            unsafe { place.write(Entry::empty()) };
            // SAFETY: at most to the end of the allocation.
            place = unsafe { place.add(1) };
        }
        list.cast()
    }

    /// A list by its beginning: the pointer that knows the number of entries.
    ///
    /// # Safety
    /// It is one of [`new`](Self::new) and not freed.
    #[inline(always)]
    unsafe fn whole(head: *mut Head) -> *mut List {
        // SAFETY: a list, whose capacity nobody changes.
        let capacity = unsafe { (*head).capacity };
        ptr::slice_from_raw_parts_mut(head, capacity) as *mut List
    }

    /// The list at an address.
    ///
    /// # Safety
    /// It is one of [`new`](Self::new) and lives as long as the reference is used.
    #[inline(always)]
    pub(super) unsafe fn at<'l>(head: *const Head) -> &'l List {
        // SAFETY: as the caller promises.
        let list = unsafe { List::whole(head.cast_mut()) };
        // SAFETY: so it was allocated.
        unsafe { &*list }
    }

    /// Frees a list.
    ///
    /// # Safety
    /// As for [`at`](Self::at), and nobody uses it any more.
    unsafe fn free(head: NonNull<Head>) {
        // SAFETY: as the caller promises.
        let list = unsafe { List::whole(head.as_ptr()) };
        // SAFETY: allocated by the global allocator for a value of this size and alignment.
        drop(unsafe { Box::from_raw(list) });
    }

    #[inline]
    pub(super) fn published(&self) -> usize {
        self.published.load(Ordering::Acquire)
    }

    fn segments(&self) -> impl Iterator<Item = &[Entry]> {
        let further = core::iter::successors(self.next.get(), |segment| segment.next.get());
        core::iter::once(&self.first).chain(further.map(|segment| &*segment.entries))
    }

    /// The entries that are published, oldest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.segments().flatten().take(self.published())
    }

    /// The entry before this one of the list.
    pub(super) fn previous(&self, this: &Entry) -> Option<&Entry> {
        // Walks ask at every dead entry, so that the usual case does not search.
        let offset = core::ptr::from_ref(this).addr().wrapping_sub(self.first.as_ptr().addr());
        let index = offset / size_of::<Entry>();
        match self.first.get(index) {
            Some(here) if core::ptr::eq(here, this) => self.first.get(index.checked_sub(1)?),
            _ => self.before(this.state()),
        }
    }

    /// The last entry before that with this state word. State words grow along the list.
    pub(super) fn before(&self, state: u64) -> Option<&Entry> {
        let mut left = self.published();
        let mut before = None;
        for segment in self.segments() {
            let here = &segment[..left.min(segment.len())];
            left -= here.len();
            let smaller = here.partition_point(|entry| entry.state() & !DEAD < state & !DEAD);
            before = smaller.checked_sub(1).map(|last| &here[last]).or(before);
            if smaller < here.len() || left == 0 {
                break;
            }
        }
        before
    }

    /// The entry with this state word, dead or alive. State words grow along the list.
    pub(super) fn find(&self, state: u64) -> Option<&Entry> {
        let state = state & !DEAD;
        let mut left = self.published();
        for segment in self.segments() {
            let here = &segment[..left.min(segment.len())];
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

impl Segment {
    fn leaked(capacity: usize) -> &'static mut Segment {
        let entries = (0..capacity).map(|_| Entry::empty()).collect();
        Box::leak(Box::new(Segment { entries, next: Next::default() }))
    }
}

impl<Entries: ?Sized> Drop for List<Entries> {
    fn drop(&mut self) {
        let mut next = self.next.0.load(Ordering::Relaxed);
        while !next.is_null() {
            // SAFETY: it came from a box, only this list holds it, and nothing reads this list now.
            let segment = unsafe { Box::from_raw(next) };
            next = segment.next.0.load(Ordering::Relaxed);
        }
    }
}

/// What is known under the object's lock only.
#[derive(Default)]
pub(super) struct Writer {
    /// The last segment of the current list; none while it has only its first.
    last: Option<NonNull<Segment>>,
    /// Entries used there.
    used: usize,
    live: usize,
    dead: usize,
    retired: Vec<NonNull<Head>>,
}

// SAFETY: the pointers are to lists and segments this writer's object owns, which are `Sync`.
unsafe impl Send for Writer {}

impl Writer {
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// The entries of the last segment of the current list, and where it goes on.
    fn last<'l>(&self, list: &'l List) -> (&'l [Entry], &'l Next) {
        match self.last {
            None => (&list.first, &list.next),
            Some(last) => {
                // SAFETY: it belongs to `list`, the current one.
                let last: &'l Segment = unsafe { last.as_ref() };
                (&last.entries, &last.next)
            }
        }
    }

    /// The place for one more entry.
    fn vacancy<'l>(&mut self, list: &'l List) -> &'l Entry {
        let (mut entries, next) = self.last(list);
        if self.used == entries.len() {
            // Half as long as the list.
            let segment: &'l Segment = Segment::leaked((list.published() / 2).max(FIRST));
            next.0.store(ptr::from_ref(segment).cast_mut(), Ordering::Release);
            (self.last, self.used) = (Some(NonNull::from(segment)), 0);
            entries = &segment.entries;
        }
        self.used += 1;
        &entries[self.used - 1]
    }

    /// Adds a registration and returns its state word.
    pub(super) fn append(
        &mut self,
        current: &AtomicPtr<Head>,
        routine: Routine,
        context: *mut c_void,
    ) -> u64 {
        // SAFETY: the current list lives until it is retired.
        let mut list = unsafe { List::at(current.load(Ordering::Relaxed)) };
        if self.used == self.last(list).0.len() && self.live <= IN_ONE_ROW / 2 {
            // Not so short that a few that come and go have it replaced all the time.
            list = self.replace(current, (self.live * 2).max(self.live + TOLERATED));
            self.free_retired(list.identity.fence);
        }
        let state = NEXT_STATE.fetch_add(2, Ordering::Relaxed);
        self.put(list, routine as *mut (), context, state);
        state
    }

    fn put(&mut self, list: &List, routine: *mut (), context: *mut c_void, state: u64) {
        let entry = self.vacancy(list);
        entry.routine.store(routine, Ordering::Relaxed);
        entry.context.store(context, Ordering::Relaxed);
        entry.state.store(state, Ordering::Relaxed);
        self.live += 1;
        list.published.store(list.published.load(Ordering::Relaxed) + 1, Ordering::Release);
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
            let old = unsafe { List::at(old.as_ptr()) };
            if let Some(entry) = old.find(state) {
                entry.state.swap(state | DEAD, Ordering::SeqCst);
            }
        }
    }

    /// The current and the retired lists, as addresses.
    pub(super) fn lists(&self, current: &AtomicPtr<Head>) -> Lists {
        Lists {
            current: current.load(Ordering::Relaxed).addr(),
            retired: self.retired.iter().map(|list| list.addr().get()).collect(),
        }
    }

    /// Replaces the list by one without the dead, if they are the majority.
    pub(super) fn compact(&mut self, current: &AtomicPtr<Head>) {
        if self.dead > self.live + TOLERATED {
            self.replace(current, self.live + self.live / 2);
        }
        // SAFETY: the current list.
        let list = unsafe { List::at(current.load(Ordering::Relaxed)) };
        self.free_retired(list.identity.fence);
    }

    /// Replaces the list by one without the dead, with room for so many; returns the new one.
    fn replace<'l>(&mut self, current: &AtomicPtr<Head>, capacity: usize) -> &'l List {
        // SAFETY: the current list lives until it is retired, below.
        let list = unsafe { List::at(current.load(Ordering::Relaxed)) };
        let head = List::new(Arc::clone(&list.identity), capacity);
        // SAFETY: just made; it lives until it is retired.
        let new = unsafe { List::at(head.as_ptr()) };
        (self.last, self.used, self.live, self.dead) = (None, 0, 0, 0);
        for entry in list.entries().filter(|entry| entry.is_live()) {
            let routine = entry.routine.load(Ordering::Relaxed);
            self.put(new, routine, entry.context(), entry.state());
        }
        let old = current.swap(head.as_ptr(), Ordering::SeqCst);
        self.retired.extend(NonNull::new(old));
        new
    }

    /// Frees the retired lists that no walk reads, all of objects with this fence.
    fn free_retired(&mut self, fence: Fence) {
        if self.retired.is_empty() {
            return;
        }
        rundown::order_with_walks(fence);
        self.retired.retain(|old| {
            let read = rundown::is_read(old.as_ptr().cast_const().cast());
            if !read {
                // SAFETY: it was replaced, and no walk reads it or can begin to.
                unsafe { List::free(*old) };
            }
            read
        });
    }

    /// Frees everything; no walk of the object is running.
    pub(super) fn free(&mut self, current: &AtomicPtr<Head>) {
        let Some(list) = NonNull::new(current.swap(null_mut(), Ordering::SeqCst)) else { return };
        // SAFETY: the list that was current.
        let fence = unsafe { List::at(list.as_ptr()) }.identity.fence;
        self.retired.push(list);
        self.free_retired(fence);
        orphans::adopt(&mut self.retired);
    }
}

/// Lists that a walk still reads although their object is gone: a routine dropped the last reference to
/// the object it was called by. They are freed when another object goes.
mod orphans {
    use super::{Fence, Head, NonNull, Vec, Writer};
    use crate::platform::Lock;

    struct Orphans(Vec<NonNull<Head>>);

    // SAFETY: lists are `Sync`, and whoever takes one out owns it.
    unsafe impl Send for Orphans {}

    #[cfg(not(loom))]
    static ORPHANS: Lock<Orphans> = Lock::new(Orphans(Vec::new()));
    #[cfg(loom)]
    loom::lazy_static! {
        static ref ORPHANS: Lock<Orphans> = Lock::new(Orphans(Vec::new()));
    }

    pub(super) fn adopt(lists: &mut Vec<NonNull<Head>>) {
        let mut orphans = ORPHANS.lock();
        orphans.0.append(lists);
        if !orphans.0.is_empty() {
            let mut writer = Writer { retired: core::mem::take(&mut orphans.0), ..Writer::default() };
            // Whatever their objects' was.
            writer.free_retired(Fence::Asymmetric.available());
            orphans.0 = writer.retired;
        }
    }
}
