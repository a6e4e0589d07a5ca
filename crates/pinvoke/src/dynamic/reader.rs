//! The permission to follow addresses found in native memory.
//!
//! Most of reading is safe: bytes of a place become a value. Two things are not, because an address in those
//! bytes must be believed: following `char *` to its text, and following a pointer back into memory of ours
//! to show what it holds. Whoever may promise that addresses are what their types say, the caller of a
//! downcall or of [`View::new`](crate::value::View::new), makes a [`Trust`]; everything below it is safe.
#![allow(unsafe_code, reason = "stands for the promise that addresses lead to what their types say")]

use super::frame::Frame;
use super::memory::{self, TextFault};
use crate::value::Value;

/// How deep memory of ours is followed when it is read; native code may have tied it into a circle.
const MAX_DEPTH: u32 = 64;

/// The permission to follow addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust {
    /// Longest text in bytes; `None` if nothing is followed.
    max_text: Option<usize>,
}

impl Trust {
    /// Follows text of up to `max_text` bytes.
    ///
    /// # Safety
    /// In everything read with it, pointers to characters are null, lead to text that nobody writes to
    /// meanwhile, or lead to memory that is not mapped.
    pub(crate) unsafe fn new(max_text: usize) -> Trust {
        Trust { max_text: Some(max_text) }
    }

    /// Follows nothing.
    pub(crate) const NONE: Trust = Trust { max_text: None };

    /// A reader of memory that is not ours.
    pub(crate) fn reader(self) -> Reader<'static> {
        Reader { frame: None, trust: self, depth: 0 }
    }
}

/// What reading needs to know besides the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    frame: Option<&'a Frame<'a>>,
    trust: Trust,
    depth: u32,
}

impl<'a> Reader<'a> {
    /// A reader that follows pointers into memory of `frame` too.
    pub(crate) fn of_call(frame: &'a Frame<'a>) -> Reader<'a> {
        Reader { frame: Some(frame), trust: frame.trust, depth: 0 }
    }

    /// The same inside a union, where the bytes of a `char *` may be another member's.
    #[must_use]
    pub(super) fn without_texts(self) -> Reader<'a> {
        Reader { trust: Trust::NONE, ..self }
    }

    /// What memory of ours at `address` holds.
    pub(super) fn own(&self, address: usize) -> Option<Value> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        let deeper = Reader { depth: self.depth + 1, ..*self };
        self.frame?.read(&deeper, address)
    }

    /// Whether text is followed.
    pub(super) fn follows_text(&self) -> bool {
        self.trust.max_text.is_some()
    }

    /// The units of a native text.
    pub(super) fn text(&self, address: usize, unit: usize) -> Result<Vec<u8>, TextFault> {
        let max_text = self.trust.max_text.ok_or(TextFault::Unreadable)?;
        // SAFETY: promised by whoever made the reader.
        unsafe { memory::text_at(address, unit, max_text) }
    }
}
