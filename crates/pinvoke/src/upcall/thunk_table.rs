//! All thunks of the process: which are free, and whose a code address is.
//!
//! Each flavour hands out the thunks of its pool first, without any system call, then maps more
//! ([`pages`]). A thunk that was given back joins the end of a queue and is used again only when 32
//! others were given back after it, so that a native call that comes too late meets the report and not a
//! stranger. Nothing is ever unmapped.
//!
//! A thunk ends in a jump through its slot, which a processor foresees for nothing as long as it always
//! leads to the same place; one that has led to several costs two to three cycles at every call from
//! then on. So there are several queues, *strands*, and the target of a callback decides in which its thunk
//! rests: the next callback of the same closure, which is the same code, takes it from there. Only when
//! the pool has been handed out does a callback take a thunk that led elsewhere.
//!
//! Claiming and resting take one short lock per flavour. No code of a user runs under it. A signal
//! handler may invoke callbacks, but must not make or drop them: it could wait for the lock of the
//! very thread that it interrupted.

use core::ptr::null;

use super::lock::{Held, Lock};
use super::machine::{Flavour, POOL_THUNKS, STRIDE, TEMPLATE_SIZE, TEMPLATE_THUNKS, THUNK_SIZE};
use super::slot::Slot;
use super::{CallbackError, pages};
use crate::native::CodePtr;

/// How many thunks are given back before one that was given back is used again.
const RESTING: u32 = 32;

const FLAVOURS: usize = Flavour::ALL.len();

const STRANDS: usize = 32;

/// A queue of resting thunks.
#[derive(Clone, Copy)]
struct Strand {
    oldest: *const Slot,
    /// Of no meaning if there is no oldest.
    newest: *const Slot,
}

impl Strand {
    const EMPTY: Strand = Strand { oldest: null(), newest: null() };

    /// The number of the strand that thunks leading to `target` rest in. Few closures are in use at a time.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half of a product, as hashes are made")]
    fn number(target: *const ()) -> u8 {
        const GOLDEN: u32 = 0x9e37_79b9;
        // Functions begin at multiples of 16.
        let hash = ((target.addr() >> 4) as u32).wrapping_mul(GOLDEN);
        (hash >> (32 - STRANDS.ilog2())) as u8
    }

    #[inline]
    fn oldest(&self) -> Option<&'static Slot> {
        // SAFETY: null, or a slot, and slots are never unmapped.
        unsafe { self.oldest.as_ref() }
    }
}

struct Flock {
    /// The pool, then what was mapped.
    blocks: Vec<Block>,
    /// Thunks of the newest block that have an owner or had one.
    used: usize,
    strands: [Strand; STRANDS],
    /// Counts the thunks that were given back, as a clock for those that rest.
    given_back: u32,
}

// SAFETY: the pointers lead to slots and code, which are static and shared.
unsafe impl Send for Flock {}

impl Flock {
    const fn new() -> Flock {
        Flock { blocks: Vec::new(), used: 0, strands: [Strand::EMPTY; STRANDS], given_back: 0 }
    }

    /// How many thunks were given back after this one.
    #[inline]
    fn rested(&self, slot: &Slot) -> u32 {
        self.given_back.wrapping_sub(slot.resting_since())
    }

    /// The slot that rests longest in a strand, if at least `others` were given back after it.
    #[inline]
    fn take_rested(&mut self, strand: usize, others: u32) -> Option<&'static Slot> {
        let slot = self.strands[strand].oldest()?;
        if self.rested(slot) < others {
            return None;
        }
        self.strands[strand].oldest = slot.next_resting();
        Some(slot)
    }

    /// The same in the strand whose oldest rests longest.
    #[cold]
    fn take_anywhere(&mut self, others: u32) -> Option<&'static Slot> {
        let oldest = self.strands.iter().enumerate().filter_map(|(i, strand)| Some((i, strand.oldest()?)));
        let (strand, _) = oldest.max_by_key(|(_, slot)| self.rested(slot))?;
        self.take_rested(strand, others)
    }

    #[cold]
    fn take_other(&mut self, flavour: Flavour) -> Result<&'static Slot, CallbackError> {
        loop {
            let newest = self.blocks.last().copied().unwrap_or(Block::EMPTY);
            let fresh = newest.thunk(self.used);
            let pool_is_used = self.blocks.len() > 1 || fresh.is_none();
            if pool_is_used && let Some(slot) = self.take_anywhere(RESTING) {
                return Ok(slot);
            }
            if let Some((slot, code)) = fresh {
                slot.set_thunk(flavour, code);
                self.used += 1;
                return Ok(slot);
            }
            let block = match self.blocks.len() {
                0 => Block::pool(flavour),
                blocks => match pages::map(flavour, blocks) {
                    Ok(block) => block,
                    // Then what rests must do, however short a while.
                    Err(error) => return self.take_anywhere(0).ok_or(error),
                },
            };
            self.blocks.push(block);
            self.used = 0;
        }
    }

    #[inline]
    fn rest(&mut self, slot: &'static Slot) {
        self.given_back = self.given_back.wrapping_add(1);
        slot.rest(self.given_back);
        let strand = &mut self.strands[usize::from(slot.strand()) % STRANDS];
        if strand.oldest.is_null() {
            strand.oldest = slot;
        } else {
            // SAFETY: `newest` leads to a slot while any rests.
            unsafe { &*strand.newest }.set_next_resting(slot);
        }
        strand.newest = slot;
    }
}

static FLOCKS: [Lock<Flock>; FLAVOURS] = [const { Lock::new(Flock::new()) }; FLAVOURS];

#[inline]
fn flock(flavour: Flavour) -> Held<'static, Flock> {
    FLOCKS[flavour as usize].hold()
}

/// Takes a free thunk, for a callback with this target.
#[inline]
pub(crate) fn claim(flavour: Flavour, target: *const ()) -> Result<&'static Slot, CallbackError> {
    let strand = Strand::number(target);
    let mut flock = flock(flavour);
    let slot = match flock.take_rested(usize::from(strand), RESTING) {
        Some(slot) => slot,
        None => flock.take_other(flavour)?,
    };
    slot.set_strand(strand);
    Ok(slot)
}

/// Gives a thunk back whose callback is dead and not running any more.
#[inline]
pub(crate) fn release(slot: &'static Slot) {
    flock(slot.flavour()).rest(slot);
}

/// The slot of the live callback whose thunk begins at this address.
pub(crate) fn find(code: CodePtr) -> Option<&'static Slot> {
    Flavour::ALL.into_iter().find_map(|flavour| {
        let flock = flock(flavour);
        let slot = flock.blocks.iter().find_map(|block| block.slot_at(code.addr()))?;
        slot.is_live().then_some(slot)
    })
}

/// Thunks in a row: the pool of a flavour, or pages of which each has its slots behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    code: *const u8,
    slots: *const Slot,
    /// Thunks per page; all of them in a pool.
    per_page: usize,
    /// Bytes from page to page.
    stride: usize,
    count: usize,
}

impl Block {
    const EMPTY: Block = Block { code: null(), slots: null(), per_page: 1, stride: 0, count: 0 };

    fn pool(flavour: Flavour) -> Block {
        // SAFETY: this is the pool.
        unsafe { Block::pool_at(flavour.pool_code(), flavour.pool_slots().as_ptr()) }
    }

    /// A pool of thunks at `code`, with its slots.
    ///
    /// # Safety
    /// That is what stands there, for the rest of the process, and nobody else uses it.
    pub(crate) unsafe fn pool_at(code: *const u8, slots: *const Slot) -> Block {
        Block { code, slots, per_page: POOL_THUNKS, stride: 0, count: POOL_THUNKS }
    }

    /// `pages` times the template of a flavour and zeros up to [`STRIDE`] bytes, at `start`.
    ///
    /// # Safety
    /// That is what stands there, for the rest of the process, and nobody else uses it.
    pub(crate) unsafe fn mapped(flavour: Flavour, start: *const u8, pages: usize) -> Block {
        let code = start.wrapping_add(flavour.first_thunk());
        Block {
            code,
            slots: code.wrapping_add(TEMPLATE_SIZE).cast(),
            per_page: TEMPLATE_THUNKS,
            stride: STRIDE,
            count: pages * TEMPLATE_THUNKS,
        }
    }

    /// The slot of thunk number `index`, and its code.
    pub(crate) fn thunk(&self, index: usize) -> Option<(&'static Slot, *const u8)> {
        if index >= self.count {
            return None;
        }
        let (page, index) = (index / self.per_page, index % self.per_page);
        let code = self.code.wrapping_add(page * self.stride + index * THUNK_SIZE);
        let slot = self.slots.wrapping_byte_add(page * self.stride + index * size_of::<Slot>());
        // SAFETY: the constructors vouch for `count` slots at these distances, static ones or in
        // pages that are never unmapped; zeroed memory is an unused slot.
        Some((unsafe { &*slot }, code))
    }

    fn slot_at(&self, code: usize) -> Option<&'static Slot> {
        let distance = code.checked_sub(self.code.addr())?;
        let page = distance.checked_div(self.stride).unwrap_or(0);
        let within = distance - page * self.stride;
        let index = within / THUNK_SIZE;
        if !within.is_multiple_of(THUNK_SIZE) || index >= self.per_page {
            return None;
        }
        self.thunk(page * self.per_page + index).map(|(slot, _)| slot)
    }
}

#[cfg(test)]
impl Block {
    pub(crate) fn len(&self) -> usize {
        self.count
    }
}
