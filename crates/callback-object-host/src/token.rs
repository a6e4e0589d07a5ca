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
//! With 64 bits no token is the address of mapped memory on the systems we know, so a program that follows one
//! stops there and not elsewhere later. With 32 bits that holds for Windows programs whose addresses end at 2 GB,
//! which is the linker's default; in others there may be memory.
//!
//! What a token leads to is never freed, and knows by which token it is to be found; so the table itself
//! compares nothing. Places stand in segments which are never moved or freed: a notification finds its object
//! with two loads and without a lock.
//!
//! # Safety
//!
//! A segment is a leaked box, and places hold references that are valid for ever.
#![allow(unsafe_code, reason = "segments are shared by pointers that never die")]

use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::ptr::from_ref;
use std::sync::atomic::{AtomicPtr, Ordering};

use callback_object::Lock;

/// The kind of an object's token.
pub(crate) const OBJECT: usize = 0xB;

const PLACE_BITS: u32 = if usize::BITS == 64 { 22 } else { 14 };
const GENERATION_BITS: u32 = if usize::BITS == 64 { 34 } else { 14 };
const LAST_GENERATION: usize = (1 << GENERATION_BITS) - 1;

/// Places in a segment.
const SEGMENT: usize = 1024;
const SEGMENTS: usize = (1 << PLACE_BITS) / SEGMENT;

/// Where a token leads.
type Place<T> = AtomicPtr<T>;

/// Things of one kind, by token.
#[derive(Debug)]
pub(crate) struct Table<T: 'static> {
    kind: usize,
    segments: [AtomicPtr<[Place<T>; SEGMENT]>; SEGMENTS],
    /// What is at places where nothing is.
    nothing: fn() -> &'static T,
    vacant: Lock<Vacant>,
    things: PhantomData<&'static T>,
}

/// Places without a thing, with the generation that comes next.
#[derive(Debug)]
struct Vacant {
    used_before: Vec<(usize, usize)>,
    never_used: usize,
}

impl<T> Table<T> {
    pub(crate) const fn new(kind: usize, nothing: fn() -> &'static T) -> Table<T> {
        Table {
            kind,
            segments: [const { AtomicPtr::new(std::ptr::null_mut()) }; SEGMENTS],
            nothing,
            vacant: Lock::new(Vacant { used_before: Vec::new(), never_used: 0 }),
            things: PhantomData,
        }
    }

    /// A token for what `thing` returns when it is told the token. None if all places are taken.
    pub(crate) fn insert(&self, thing: impl FnOnce(NonZeroUsize) -> &'static T) -> Option<NonZeroUsize> {
        let (index, generation) = self.vacancy()?;
        let kind = NonZeroUsize::new(self.kind << (PLACE_BITS + GENERATION_BITS));
        let token = kind.expect("a kind is a number above 0") | (generation << PLACE_BITS | index);
        self.place(index).store(from_ref(thing(token)).cast_mut(), Ordering::Release);
        Some(token)
    }

    /// A place without a thing, and its next generation.
    fn vacancy(&self) -> Option<(usize, usize)> {
        let mut vacant = self.vacant.lock();
        if let Some(used_before) = vacant.used_before.pop() {
            return Some(used_before);
        }
        let index = vacant.never_used;
        (index < 1 << PLACE_BITS).then(|| {
            vacant.never_used += 1;
            (index, 0)
        })
    }

    /// The thing that a token leads to, which may have another token by now, or nothing.
    #[inline]
    pub(crate) fn at(&self, token: usize) -> &'static T {
        let index = token & ((1 << PLACE_BITS) - 1);
        let segment = self.segments[index / SEGMENT].load(Ordering::Acquire);
        // SAFETY: null, or a leaked segment.
        let Some(segment) = (unsafe { segment.as_ref() }) else { return (self.nothing)() };
        // SAFETY: a place holds a reference that is valid for ever.
        unsafe { &*segment[index % SEGMENT].load(Ordering::Acquire) }
    }

    /// Makes the place of a token ready for another. The token is one that was given out and not given back.
    pub(crate) fn give_back(&self, token: NonZeroUsize) {
        let index = token.get() & ((1 << PLACE_BITS) - 1);
        let generation = (token.get() >> PLACE_BITS) & LAST_GENERATION;
        if generation < LAST_GENERATION {
            let mut vacant = self.vacant.lock();
            vacant.used_before.push((index, generation + 1));
        }
    }

    /// A place, whose segment is made if there is none.
    fn place(&self, index: usize) -> &Place<T> {
        let segment = &self.segments[index / SEGMENT];
        let mut places = segment.load(Ordering::Acquire);
        if places.is_null() {
            let empty = || AtomicPtr::new(from_ref((self.nothing)()).cast_mut());
            let new = Box::into_raw(Box::new(std::array::from_fn(|_| empty())));
            let null = std::ptr::null_mut();
            match segment.compare_exchange(null, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => places = new,
                Err(theirs) => {
                    // SAFETY: another thread was faster, and nobody else has seen this one.
                    drop(unsafe { Box::from_raw(new) });
                    places = theirs;
                }
            }
        }
        // SAFETY: a leaked segment.
        let places = unsafe { &*places };
        &places[index % SEGMENT]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FRONTS: [u32; 2] = [1, 2];
    static NOTHING: u32 = 0;

    fn table() -> Table<u32> {
        Table::new(OBJECT, || &NOTHING)
    }

    #[test]
    fn many_things_have_tokens_of_their_own() {
        let table = table();
        let things: Vec<&'static u32> = (0..5 * SEGMENT).map(|_| &*Box::leak(Box::new(0))).collect();
        let tokens: Vec<NonZeroUsize> = things.iter().map(|thing| table.insert(|_| thing).unwrap()).collect();
        for (token, thing) in tokens.iter().zip(things) {
            assert!(std::ptr::eq(table.at(token.get()), thing));
        }
    }

    #[test]
    fn no_token_is_given_twice() {
        let table = table();
        let first = table.insert(|_| &FRONTS[0]).unwrap();
        table.give_back(first);
        assert!(std::ptr::eq(table.at(first.get()), &FRONTS[0]), "what is there is asked for its key");
        let second = table.insert(|_| &FRONTS[1]).unwrap();
        assert_ne!(first, second, "the same place, another generation");
        assert!(std::ptr::eq(table.at(first.get()), table.at(second.get())));
        assert!(std::ptr::eq(table.at(second.get()), &FRONTS[1]));
    }

    #[test]
    fn anything_leads_somewhere() {
        let table = table();
        for nonsense in [0, 1, usize::MAX, usize::MAX / 3] {
            assert!(std::ptr::eq(table.at(nonsense), &NOTHING), "{nonsense:#x}");
        }
    }

    #[test]
    fn used_up_places_are_left() {
        let table = table();
        table.vacant.lock().used_before.push((0, LAST_GENERATION));
        table.vacant.lock().never_used = 1;
        let last = table.insert(|_| &FRONTS[0]).unwrap();
        assert_eq!(last.get() & ((1 << PLACE_BITS) - 1), 0);
        table.give_back(last);
        let next = table.insert(|_| &FRONTS[1]).unwrap();
        assert_eq!(next.get() & ((1 << PLACE_BITS) - 1), 1);
    }

    #[test]
    fn when_all_places_are_taken_one_has_to_be_given_back() {
        let table = table();
        table.vacant.lock().never_used = (1 << PLACE_BITS) - 1;
        let last = table.insert(|_| &FRONTS[0]).unwrap();
        for _ in 0..3 {
            assert_eq!(table.insert(|_| &FRONTS[1]), None);
        }
        table.give_back(last);
        let next = table.insert(|_| &FRONTS[1]).unwrap();
        assert!(std::ptr::eq(table.at(next.get()), &FRONTS[1]));
    }
}
