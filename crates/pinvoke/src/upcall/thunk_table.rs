//! All thunks of the process: which are free, and whose a code address is.
//!
//! Each flavour hands out the thunks of its pool first, without any system call, then maps more
//! ([`pages`]). A thunk that was given back joins the end of a queue and is used again only when 32
//! others rest behind it, so that a native call that comes too late meets the report and not a
//! stranger. Nothing is ever unmapped.
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

/// How many thunks rest before the first of them is used again.
const RESTING: usize = 32;

const FLAVOURS: usize = Flavour::ALL.len();

struct Flock {
    /// The pool, then what was mapped.
    blocks: Vec<Block>,
    /// Thunks of the newest block that have an owner or had one.
    used: usize,
    oldest: *const Slot,
    newest: *const Slot,
    resting: usize,
}

// SAFETY: the pointers lead to slots and code, which are static and shared.
unsafe impl Send for Flock {}

impl Flock {
    const fn new() -> Flock {
        Flock { blocks: Vec::new(), used: 0, oldest: null(), newest: null(), resting: 0 }
    }

    /// The slot that rests longest, if at least `others` rest behind it.
    #[inline]
    fn take_rested(&mut self, others: usize) -> Option<&'static Slot> {
        if self.resting <= others {
            return None;
        }
        // SAFETY: `resting` is not 0, so `oldest` leads to a slot, and slots are never unmapped.
        let slot: &'static Slot = unsafe { &*self.oldest };
        self.oldest = slot.next_resting();
        self.resting -= 1;
        Some(slot)
    }

    #[cold]
    fn take_fresh(&mut self, flavour: Flavour) -> Result<&'static Slot, CallbackError> {
        loop {
            let newest = self.blocks.last().copied().unwrap_or(Block::EMPTY);
            if let Some((slot, code)) = newest.thunk(self.used) {
                slot.set_thunk(flavour, code);
                self.used += 1;
                return Ok(slot);
            }
            let block = match self.blocks.len() {
                0 => Block::pool(flavour),
                blocks => match pages::map(flavour, blocks) {
                    Ok(block) => block,
                    // Then what rests must do, however short the queue.
                    Err(error) => return self.take_rested(0).ok_or(error),
                },
            };
            self.blocks.push(block);
            self.used = 0;
        }
    }

    #[inline]
    fn rest(&mut self, slot: &'static Slot) {
        slot.set_next_resting(null());
        if self.resting == 0 {
            self.oldest = slot;
        } else {
            // SAFETY: `newest` leads to a slot while any rests.
            unsafe { &*self.newest }.set_next_resting(slot);
        }
        self.newest = slot;
        self.resting += 1;
    }
}

static FLOCKS: [Lock<Flock>; FLAVOURS] = [const { Lock::new(Flock::new()) }; FLAVOURS];

#[inline]
fn flock(flavour: Flavour) -> Held<'static, Flock> {
    FLOCKS[flavour as usize].hold()
}

/// Takes a free thunk.
#[inline]
pub(crate) fn claim(flavour: Flavour) -> Result<&'static Slot, CallbackError> {
    let mut flock = flock(flavour);
    match flock.take_rested(RESTING) {
        Some(slot) => Ok(slot),
        None => flock.take_fresh(flavour),
    }
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
