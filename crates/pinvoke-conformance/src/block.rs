//! Memory of a given alignment between guards, all of it filled with graffiti.

const GUARD: usize = 64;
const GRAFFITI: u8 = 0xa5;

/// A run of bytes that nothing may be written beside.
#[derive(Debug)]
pub(crate) struct Block {
    memory: Vec<u8>,
    start: usize,
    size: usize,
}

impl Block {
    pub(crate) fn new(size: usize, align: usize) -> Block {
        let align = align.max(16);
        let memory = vec![GRAFFITI; size + 2 * GUARD + align];
        let first = memory.as_ptr().addr() + GUARD;
        let start = GUARD + (first.next_multiple_of(align) - first);
        Block { memory, start, size }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.size]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.size]
    }

    /// Whether the graffiti on both sides is intact.
    pub(crate) fn check_guards(&self) -> Result<(), String> {
        let end = self.start + self.size;
        let before = self.memory[..self.start].iter().rposition(|b| *b != GRAFFITI);
        let behind = self.memory[end..].iter().position(|b| *b != GRAFFITI);
        match (before, behind) {
            (Some(at), _) => Err(format!("{} bytes before it is overwritten", self.start - at)),
            (None, Some(at)) => Err(format!("{} bytes behind it is overwritten", at + 1)),
            (None, None) => Ok(()),
        }
    }
}
