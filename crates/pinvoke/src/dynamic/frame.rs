//! Everything that one call makes and must undo: memory, callbacks, texts to free.
//!
//! Each step of marshalling leaves a guard. They are dropped newest first when the call ends, whichever way
//! it ends: a later argument refused, a panic resumed, or the result returned.
//!
//! The frame also remembers what it made *where*: after the call, a pointer that leads back into memory of
//! ours is followed and shown with its content, while any other address stays an address. Reading through an
//! address of unknown origin would trust that it points at as many elements as we think.

use std::collections::HashMap;
use std::sync::Arc;

use pinvoke_decl::types::{TypeId, TypeTable};

use super::callback::{Invocations, LiveCallback};
use super::memory::{Block, HandedOver, Scratch, ScratchRest};
use super::mismatch::Mismatch;
use super::position::Position;
use super::reader::{Reader, Trust};
use crate::value::{TypeRef, Value};

/// How deep values may be nested: the stack is what bounds it.
const MAX_DEPTH: u32 = 200;

/// How a block is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value of its element type.
    One,
    /// This many, as an array.
    Many(u64),
    /// Units up to the first that is zero.
    Text,
    /// Raw bytes.
    Bytes,
}

/// A block and what it holds.
#[derive(Debug)]
struct Own {
    guard: usize,
    element: TypeRef,
    shape: Shape,
}

#[derive(Debug)]
enum Guard {
    /// Memory, and the argument that it was made for.
    Block(Block, Position),
    Callback(#[expect(dead_code, reason = "kept for its drop")] LiveCallback),
    HandedOver(#[expect(dead_code, reason = "kept for its drop")] HandedOver),
}

/// What is undone when the frame ends, in the order it was done.
#[derive(Debug)]
struct Guards(Vec<Guard>);

/// The state of one call, or of memory that a callback hands out.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    scratch: Option<ScratchRest<'a>>,
    guards: Guards,
    own: HashMap<usize, Own>,
    /// Whether blocks made now may be written by the callee and are read again after the call.
    pub(crate) writable: bool,
    /// How deep the value that is being written stands in the argument.
    depth: u32,
    /// Why nothing may be made here, if so.
    refuse: Option<&'static str>,
    /// Which argument is being converted.
    pub(crate) position: Position,
    /// Whose argument, for the names of callbacks.
    pub(crate) callee: Arc<str>,
    /// What callbacks made here report to.
    pub(crate) invocations: Option<Arc<Invocations>>,
    /// How native memory is read for this call.
    pub(crate) trust: Trust,
}

impl<'a> Frame<'a> {
    /// The frame of a call.
    pub(crate) fn new(scratch: &'a mut Scratch, trust: Trust) -> Frame<'a> {
        Frame { scratch: Some(ScratchRest::new(scratch)), ..Frame::detached(trust) }
    }

    /// A frame that lives on its own, for what a callback returns.
    pub(crate) fn detached(trust: Trust) -> Frame<'static> {
        Frame {
            scratch: None,
            guards: Guards(Vec::new()),
            own: HashMap::new(),
            writable: false,
            depth: 0,
            refuse: None,
            position: Position::Result,
            callee: "".into(),
            invocations: None,
            trust,
        }
    }

    /// A frame in which values that need memory are refused, with this reason.
    pub(crate) fn without_memory(reason: &'static str) -> Frame<'static> {
        Frame { refuse: Some(reason), ..Frame::detached(Trust::NONE) }
    }

    /// The address, for a pointer of type `id`, of memory for elements of type `element` that holds
    /// `content`, and zeros up to `len` bytes, until the frame ends.
    pub(crate) fn hold(
        &mut self,
        types: &TypeTable,
        (id, element): (TypeId, TypeId),
        content: &[u8],
        len: usize,
        shape: Shape,
    ) -> Result<usize, Mismatch> {
        if let Some(reason) = self.refuse {
            return Err(Mismatch::because(types, id, reason));
        }
        let align = types.get(element).layout.as_ref().map_or(1, |l| l.align);
        let align = usize::try_from(align).unwrap_or(16);
        let short = || super::array::no_memory(types, id, len);
        if !self.writable && content.len() == len {
            return self.hold_constant(content, align).ok_or_else(short);
        }
        let block = Block::new(content, len, align).ok_or_else(short)?;
        let address = block.address();
        if self.writable {
            let own = Own { guard: self.guards.0.len(), element: TypeRef::new(types, element), shape };
            self.own.insert(address, own);
        }
        self.guards.0.push(Guard::Block(block, self.position.clone()));
        Ok(address)
    }

    /// The address of a copy of `content` that the callee does not write, in scratch if there is room.
    pub(crate) fn hold_constant(&mut self, content: &[u8], align: usize) -> Option<usize> {
        if let Some(address) = self.scratch.as_mut().and_then(|s| s.hold(content, align)) {
            return Some(address);
        }
        let block = Block::new(content, content.len(), align)?;
        let address = block.address();
        self.guards.0.push(Guard::Block(block, self.position.clone()));
        Some(address)
    }

    /// Writes a value inside another one; refused where values are nested without end.
    pub(crate) fn deeper<T>(
        &mut self,
        types: &TypeTable,
        id: TypeId,
        write: impl FnOnce(&mut Self) -> Result<T, Mismatch>,
    ) -> Result<T, Mismatch> {
        if self.depth >= MAX_DEPTH {
            let reason = format!("values nested more than {MAX_DEPTH} deep cannot be passed");
            return Err(Mismatch::because(types, id, reason));
        }
        self.depth += 1;
        let written = write(self);
        self.depth -= 1;
        written
    }

    /// How many blocks the callee may write.
    pub(crate) fn blocks(&self) -> usize {
        self.own.len()
    }

    /// Keeps a callback until the frame ends.
    pub(crate) fn hold_callback(&mut self, callback: LiveCallback) {
        self.guards.0.push(Guard::Callback(callback));
    }

    /// Frees what a callee handed over when the frame ends.
    pub(crate) fn hold_handed_over(&mut self, memory: HandedOver) {
        self.guards.0.push(Guard::HandedOver(memory));
    }

    /// Whether nothing may be made here.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        self.refuse
    }

    /// What the block of ours that starts at `address` holds now; `None` if none starts there.
    pub(crate) fn read(&self, reader: &Reader<'_>, address: usize) -> Option<Value> {
        let Own { guard, element, shape } = self.own.get(&address)?;
        let Guard::Block(block, _) = &self.guards.0[*guard] else { return None };
        let bytes = block.to_vec();
        Some(super::array::read_memory(reader, element.table(), element.id(), *shape, &bytes))
    }

    /// The first `size_of::<usize>()` bytes of memory of ours at `address`, as an address.
    pub(crate) fn word_at(&self, address: usize) -> Option<usize> {
        let Guard::Block(block, _) = &self.guards.0[self.own.get(&address)?.guard] else { return None };
        let bytes = block.to_vec();
        Some(usize::from_le_bytes(bytes.get(..size_of::<usize>())?.try_into().ok()?))
    }

    /// The first block whose end the callee wrote past: its length, and the argument it was made for.
    pub(crate) fn overrun(&self) -> Option<(usize, &Position)> {
        self.guards.0.iter().find_map(|g| match g {
            Guard::Block(block, position) if !block.is_intact() => Some((block.len(), position)),
            _ => None,
        })
    }
}

impl Drop for Guards {
    fn drop(&mut self) {
        while let Some(guard) = self.0.pop() {
            drop(guard);
        }
    }
}
