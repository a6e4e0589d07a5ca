//! What several tests of native calls share: C code compiled and loaded, and memory full of graffiti.
#![allow(dead_code, reason = "each test uses a part")]

use std::alloc::{Layout, alloc, dealloc};

use pinvoke::call::Tier;

pub(crate) mod compiler;
mod library;

#[allow(unused_imports, reason = "each test uses a part")]
pub(crate) use library::CLibrary;

/// The ways to call that this process has. `cargo xtask refused` runs the tests where no stub can be made, and
/// says so, and 32-bit x86 and RISC-V have none; everywhere else a test that finds no stub fails.
pub(crate) fn tiers() -> &'static [Tier] {
    if cfg!(any(target_arch = "x86", target_arch = "riscv64"))
        || std::env::var_os("PINVOKE_TEST_REFUSED").is_some()
    {
        &[Tier::Thunk]
    } else {
        &[Tier::Thunk, Tier::Stub]
    }
}

/// The fastest of [`tiers`].
pub(crate) fn fastest() -> Tier {
    tiers().last().copied().expect("there is one")
}

/// Memory of one call, filled with one byte.
pub(crate) struct Block {
    at: *mut u8,
    memory: Layout,
}

impl Block {
    pub(crate) fn new(size: usize, align: usize, graffiti: u8) -> Block {
        let memory = Layout::from_size_align(size.max(16), align).expect("a power of two");
        // SAFETY: the size is not zero.
        let at = unsafe { alloc(memory) };
        assert!(!at.is_null());
        // SAFETY: just allocated with this size.
        unsafe { at.write_bytes(graffiti, memory.size()) };
        Block { at, memory }
    }

    pub(crate) fn at(&self) -> *mut u8 {
        self.at
    }

    pub(crate) fn size(&self) -> usize {
        self.memory.size()
    }

    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.memory.size());
        // SAFETY: in bounds.
        let to = unsafe { self.at.add(offset) };
        // SAFETY: in bounds.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    pub(crate) fn read(&self, offset: usize, len: usize) -> Vec<u8> {
        assert!(offset + len <= self.memory.size());
        // SAFETY: in bounds.
        let from = unsafe { self.at.add(offset) };
        // SAFETY: in bounds, and all bytes are initialised.
        unsafe { std::slice::from_raw_parts(from, len) }.to_vec()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.at, self.memory) };
    }
}
