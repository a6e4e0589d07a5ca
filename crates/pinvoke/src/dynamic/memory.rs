//! Native memory: blocks made for a call, and careful copies out of memory that is not ours.
//!
//! Texts that a callee only reads go to a scratch area on the stack as long as it lasts. Everything that a
//! callee may write goes to a [`Block`] of its own, with a margin of known bytes behind it: a callee that
//! writes past the end is told by name instead of corrupting the heap unseen.
//!
//! # Safety
//! The only raw accesses are: filling and reading a block between its allocation and its drop, within its
//! bounds; filling scratch within its bounds; and copying from addresses that a caller vouches for.
#![allow(unsafe_code, reason = "allocates memory that native code reads and writes, and reads native memory")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::peek::copy_from;
use crate::native::CodePtr;

/// Bytes of known content behind a block.
const MARGIN: usize = 16;
const MARGIN_BYTE: u8 = 0xc5;

/// Memory on the heap, zeroed at first, that native code may read and write.
#[derive(Debug)]
pub(crate) struct Block {
    start: NonNull<u8>,
    len: usize,
    layout: Layout,
}

// SAFETY: the block owns its memory; nothing in it belongs to a thread.
unsafe impl Send for Block {}

impl Block {
    /// Memory that holds `content` followed by zeros up to `len` bytes; `None` if there is not enough.
    pub(crate) fn new(content: &[u8], len: usize, align: usize) -> Option<Block> {
        let len = len.max(content.len());
        let layout = Layout::from_size_align(len.checked_add(MARGIN)?, align.max(16)).ok()?;
        // SAFETY: the size is at least `MARGIN`, so not zero.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        let block = Block { start, len, layout };
        // SAFETY: `content` is no longer than the block, which is new and so apart from it.
        unsafe { content.as_ptr().copy_to_nonoverlapping(start.as_ptr(), content.len()) };
        // SAFETY: the block is `len + MARGIN` bytes long.
        let margin = unsafe { start.add(len) };
        // SAFETY: as above.
        unsafe { margin.as_ptr().write_bytes(MARGIN_BYTE, MARGIN) };
        Some(block)
    }

    /// Where it starts.
    pub(crate) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Its address, for native code.
    pub(crate) fn address(&self) -> usize {
        self.start.as_ptr().expose_provenance()
    }

    /// A copy of what it holds now.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len];
        // SAFETY: the block is `len` initialised bytes, and `bytes` is as long and apart from it.
        unsafe { self.start.as_ptr().copy_to_nonoverlapping(bytes.as_mut_ptr(), self.len) };
        bytes
    }

    /// Whether the bytes behind it are as they were.
    pub(crate) fn is_intact(&self) -> bool {
        let mut margin = [0; MARGIN];
        // SAFETY: the margin begins `len` bytes into the allocation.
        let end = unsafe { self.start.add(self.len) };
        // SAFETY: the margin is `MARGIN` initialised bytes of the allocation.
        unsafe { end.as_ptr().copy_to_nonoverlapping(margin.as_mut_ptr(), MARGIN) };
        margin == [MARGIN_BYTE; MARGIN]
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout and freed once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// Bytes of scratch.
const SCRATCH: usize = 512;

/// Memory on the stack for short texts.
#[derive(Debug)]
#[repr(align(16))]
pub(crate) struct Scratch([MaybeUninit<u8>; SCRATCH]);

impl Scratch {
    /// An unused area.
    pub(crate) const fn new() -> Scratch {
        Scratch([MaybeUninit::uninit(); SCRATCH])
    }
}

/// What is left of a [`Scratch`].
#[derive(Debug)]
pub(crate) struct ScratchRest<'a> {
    next: *mut u8,
    left: usize,
    area: PhantomData<&'a mut Scratch>,
}

// SAFETY: it is the only way to the part of the area that is left, as a `&mut` to it would be.
unsafe impl Send for ScratchRest<'_> {}

impl<'a> ScratchRest<'a> {
    /// All of it.
    pub(crate) fn new(area: &'a mut Scratch) -> ScratchRest<'a> {
        ScratchRest { next: area.0.as_mut_ptr().cast(), left: SCRATCH, area: PhantomData }
    }

    /// The address of a copy of `content`, if there is room left for it.
    pub(crate) fn hold(&mut self, content: &[u8], align: usize) -> Option<usize> {
        let skip = self.next.align_offset(align);
        let used = skip.checked_add(content.len())?;
        self.left = self.left.checked_sub(used)?;
        // SAFETY: `skip` is within the room that was left.
        let start = unsafe { self.next.add(skip) };
        // SAFETY: so is `content` behind it; the area is exclusively ours, hence apart from `content`.
        unsafe { content.as_ptr().copy_to_nonoverlapping(start, content.len()) };
        // SAFETY: at most one past the end of the area.
        self.next = unsafe { start.add(content.len()) };
        Some(start.expose_provenance())
    }
}

/// `len` zeros, if there is memory for them: declared types may be of any size.
pub(crate) fn zeros(len: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).ok()?;
    bytes.resize(len, 0);
    Some(bytes)
}

/// Why text was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextFault {
    /// The memory is not mapped, or not readable.
    Unreadable,
    /// No terminating null within the limit.
    TooLong,
}

/// The units of `unit` bytes from `address` up to the first that is zero, at most `max` bytes of them.
///
/// # Safety
/// `address` is not written to meanwhile, and belongs to memory whose pages stay mapped or unmapped as they
/// are. It need not be readable: where the system can tell, that is reported.
pub(crate) unsafe fn text_at(address: usize, unit: usize, max: usize) -> Result<Vec<u8>, TextFault> {
    /// No page is smaller, so a chunk that ends at a multiple of it never reaches into a page more than the
    /// text itself does.
    const PAGE: usize = 4096;
    let mut text = Vec::new();
    let mut chunk = [0; 512];
    let mut at = address;
    loop {
        let len = (PAGE - at % PAGE).min(chunk.len());
        // SAFETY: promised by the caller.
        if !unsafe { copy_from(at, &mut chunk[..len]) } {
            return Err(TextFault::Unreadable);
        }
        let seen = text.len();
        text.extend_from_slice(&chunk[..len]);
        // A unit may straddle two chunks if the text is not aligned: look again from its start.
        let first = seen / unit * unit;
        let end = text[first..].chunks_exact(unit).position(|u| u.iter().all(|b| *b == 0));
        if let Some(units) = end {
            text.truncate(first + units * unit);
            return if text.len() > max { Err(TextFault::TooLong) } else { Ok(text) };
        }
        if text.len() > max {
            return Err(TextFault::TooLong);
        }
        at = at.checked_add(len).ok_or(TextFault::Unreadable)?;
    }
}

/// Copies `from` to native memory.
///
/// # Safety
/// `from.len()` bytes at `address` may be written and no reference to them is alive.
pub(crate) unsafe fn copy_to(address: usize, from: &[u8]) {
    let to = std::ptr::with_exposed_provenance_mut::<u8>(address);
    // SAFETY: promised by the caller; a slice of ours is never native memory that may be written.
    unsafe { from.as_ptr().copy_to(to, from.len()) };
}

/// Memory that a callee handed over to us, to be freed with the function it names.
#[derive(Debug)]
pub(crate) struct HandedOver {
    address: usize,
    free: CodePtr,
}

impl HandedOver {
    /// Takes over `address`; null needs no freeing.
    ///
    /// # Safety
    /// `free` is a `void (*)(void *)` that may be called once with `address`, and nobody else frees it.
    pub(crate) unsafe fn new(address: usize, free: CodePtr) -> HandedOver {
        HandedOver { address, free }
    }
}

impl Drop for HandedOver {
    fn drop(&mut self) {
        if self.address == 0 {
            return;
        }
        // SAFETY: `new` was promised a function of this type.
        let free = unsafe {
            std::mem::transmute::<*const c_void, unsafe extern "C" fn(*mut c_void)>(self.free.as_ptr())
        };
        // SAFETY: promised to `new`; dropped once.
        unsafe { free(std::ptr::with_exposed_provenance_mut(self.address)) }
    }
}
