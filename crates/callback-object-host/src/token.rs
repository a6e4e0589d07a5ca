//! Pointers that are not addresses: what the C interface hands out for objects.
//!
//! A C program may give back anything: a pointer it got elsewhere, one that it has given back before, NULL.
//! If what we hand out were addresses, we could not tell. So it is a *token*: a number of a place in a table,
//! a generation of that place, and the kind of thing. A token is followed only if all three fit. A place
//! whose generations are used up (2^34 with 64-bit pointers) is not used again, so an outdated token is
//! never taken for a new one.
//!
//! ```text
//!   63     56 55                  22 21         0
//!   ┌────────┬──────────────────────┬────────────┐
//!   │  kind  │      generation      │   place    │    with 32 bits: 4, 14, 14
//!   └────────┴──────────────────────┴────────────┘
//! ```
//!
//! No token is the address of mapped memory on the systems we know, so a program that follows one stops
//! there and not elsewhere later.
//!
//! Places stand in segments which are never moved or freed: a notification finds its object with three loads
//! and without a lock.
//!
//! # Safety
//!
//! A segment is a leaked box, so a pointer to one is valid for ever.
#![allow(unsafe_code, reason = "segments are shared by pointers that never die")]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The kind of an object's token.
pub(crate) const OBJECT: usize = 0xB;

const PLACE_BITS: u32 = if usize::BITS == 64 { 22 } else { 14 };
const GENERATION_BITS: u32 = if usize::BITS == 64 { 34 } else { 14 };
const LAST_GENERATION: usize = (1 << GENERATION_BITS) - 1;

/// Places in a segment.
const SEGMENT: usize = 1024;
const SEGMENTS: usize = (1 << PLACE_BITS) / SEGMENT;

#[derive(Debug)]
pub(crate) struct Place<T> {
    /// The token that leads here; 0 while there is none.
    token: AtomicUsize,
    value: AtomicPtr<T>,
}

impl<T> Place<T> {
    /// What is here, if the token leads here.
    #[inline]
    pub(crate) fn peek(&self, token: usize) -> Option<*mut T> {
        let value = self.value.load(Ordering::Acquire);
        // Read last, sequentially consistent: `crate::objects::notify` depends on it.
        (self.token.load(Ordering::SeqCst) == token).then_some(value)
    }
}

/// Things of one kind, by token. Does not own them: see [`Table::take`].
#[derive(Debug)]
pub(crate) struct Table<T> {
    kind: usize,
    segments: [AtomicPtr<[Place<T>; SEGMENT]>; SEGMENTS],
    vacant: Mutex<Vacant>,
    owner: PhantomData<T>,
}

/// Places without a thing, with the generation that comes next.
#[derive(Debug)]
struct Vacant {
    used_before: Vec<(usize, usize)>,
    never_used: usize,
}

impl<T> Table<T> {
    pub(crate) const fn new(kind: usize) -> Table<T> {
        Table {
            kind,
            segments: [const { AtomicPtr::new(std::ptr::null_mut()) }; SEGMENTS],
            vacant: Mutex::new(Vacant { used_before: Vec::new(), never_used: 0 }),
            owner: PhantomData,
        }
    }

    /// A token for a thing.
    pub(crate) fn insert(&self, value: *mut T) -> usize {
        let (index, generation) = {
            let mut vacant = self.vacant.lock().unwrap_or_else(PoisonError::into_inner);
            vacant.used_before.pop().unwrap_or_else(|| {
                vacant.never_used += 1;
                (vacant.never_used - 1, 0)
            })
        };
        assert!(index < 1 << PLACE_BITS, "more than {index} things of kind {}", self.kind);
        let token = self.kind << (PLACE_BITS + GENERATION_BITS) | generation << PLACE_BITS | index;
        let place = self.place_or_new(index);
        place.value.store(value, Ordering::Relaxed);
        place.token.store(token, Ordering::SeqCst);
        token
    }

    /// The thing that a token stands for, which another thread may take away at any time.
    #[inline]
    pub(crate) fn peek(&self, token: usize) -> Option<*mut T> {
        self.at(token)?.peek(token)
    }

    /// The place that a token leads to, for several looks.
    #[inline]
    pub(crate) fn at(&self, token: usize) -> Option<&Place<T>> {
        self.place(token & ((1 << PLACE_BITS) - 1))
    }

    /// Makes a token invalid. Of several threads that ask for the same, one gets the thing.
    pub(crate) fn take(&self, token: usize) -> Option<*mut T> {
        let index = token & ((1 << PLACE_BITS) - 1);
        let place = self.place(index)?;
        let value = place.value.load(Ordering::Acquire);
        if token == 0 {
            return None;
        }
        place.token.compare_exchange(token, 0, Ordering::SeqCst, Ordering::SeqCst).ok()?;
        let generation = (token >> PLACE_BITS) & LAST_GENERATION;
        if generation < LAST_GENERATION {
            let mut vacant = self.vacant.lock().unwrap_or_else(PoisonError::into_inner);
            vacant.used_before.push((index, generation + 1));
        }
        Some(value)
    }

    #[inline]
    fn place(&self, index: usize) -> Option<&Place<T>> {
        let segment = self.segments[index / SEGMENT % SEGMENTS].load(Ordering::Acquire);
        // SAFETY: null, or a leaked segment.
        let segment = unsafe { segment.as_ref() }?;
        Some(&segment[index % SEGMENT])
    }

    fn place_or_new(&self, index: usize) -> &Place<T> {
        loop {
            if let Some(place) = self.place(index) {
                return place;
            }
            let empty = || Place { token: AtomicUsize::new(0), value: AtomicPtr::default() };
            let new = Box::into_raw(Box::new(std::array::from_fn(|_| empty())));
            let null = std::ptr::null_mut();
            let segment = &self.segments[index / SEGMENT];
            if segment.compare_exchange(null, new, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: another thread was faster, and nobody else has seen this one.
                drop(unsafe { Box::from_raw(new) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_things_have_tokens_of_their_own() {
        let table = Table::<usize>::new(OBJECT);
        let mut values: Vec<usize> = (0..5 * SEGMENT).collect();
        let tokens: Vec<usize> = values.iter_mut().map(|value| table.insert(value)).collect();
        for (token, value) in tokens.iter().zip(&mut values) {
            assert_eq!(table.peek(*token), Some(&raw mut *value));
        }
    }

    #[test]
    fn outdated_and_foreign_tokens_are_told_apart() {
        let table = Table::<u32>::new(OBJECT);
        let other = Table::<u32>::new(OBJECT + 1);
        let mut values = [1_u32, 2];
        let [first, second] = &mut values;
        let token = table.insert(first);
        assert_eq!(table.peek(token), Some(&raw mut *first));
        let foreign = other.insert(first);
        assert_eq!(table.peek(foreign), None);
        assert_eq!(table.take(foreign), None);
        assert_eq!(table.take(token), Some(&raw mut *first));
        assert_eq!(table.take(token), None);
        let again = table.insert(second);
        assert_ne!(again, token, "the same place, another generation");
        assert_eq!(table.peek(token), None);
        assert_eq!(table.peek(again), Some(&raw mut *second));
        for nonsense in [0, 1, usize::MAX, token + 1, 0x7fff_dead_beef] {
            assert_eq!((table.peek(nonsense), table.take(nonsense)), (None, None), "{nonsense:#x}");
        }
    }

    #[test]
    fn used_up_places_are_left() {
        let table = Table::<u32>::new(OBJECT);
        let mut value = 0;
        table.vacant.lock().unwrap().used_before.push((0, LAST_GENERATION));
        table.vacant.lock().unwrap().never_used = 1;
        let last = table.insert(&raw mut value);
        assert_eq!(last & ((1 << PLACE_BITS) - 1), 0);
        table.take(last);
        let next = table.insert(&raw mut value);
        assert_eq!(next & ((1 << PLACE_BITS) - 1), 1);
        assert_eq!(table.peek(last), None);
    }
}
