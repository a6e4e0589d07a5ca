//! Finds the stub with given code, in a table that holds no code.
//!
//! The table maps a hash of the code to the place where the code lies; a hit is confirmed by comparing
//! the code itself, through its executable mapping, which is readable. Two shapes with one hash take
//! neighbouring keys.

use core::ffi::c_void;
use core::hash::{BuildHasherDefault, Hasher};
use core::mem;
use core::ptr::NonNull;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use pinvoke_abi::stub::host::PROBE;

use super::pages::Pages;
use super::{Attempt, ExecError, StubStats};
use crate::arch::CallCode;

/// All stubs of the process.
pub(super) struct Cache {
    table: HashMap<u64, Stub, BuildHasherDefault<KeyIsHash>>,
    pages: Pages,
    code_bytes: usize,
}

#[derive(Clone, Copy)]
struct Stub {
    code: NonNull<u8>,
    len: usize,
}

// SAFETY: the code is never written again nor unmapped, so any thread may read and run it.
unsafe impl Send for Stub {}
// SAFETY: as for Send.
unsafe impl Sync for Stub {}

impl Cache {
    /// An empty cache, with the knowledge that code on its pages runs.
    pub(super) fn probed() -> Result<Cache, Vec<Attempt>> {
        let mut pages = Pages::new();
        let probe = pages.add(&PROBE)?;
        // SAFETY: `probe` begins with the bytes of PROBE, a function of this type in every convention.
        let run = unsafe { mem::transmute::<*const c_void, extern "C" fn() -> u32>(probe.cast().as_ptr()) };
        assert_eq!(run(), 42, "memory for code does not hold what was written there");
        Ok(Cache { table: HashMap::default(), pages, code_bytes: 0 })
    }

    /// The stub with this code; `key` is that of the code.
    pub(super) fn find(&self, key: u64, code: &[u8]) -> Option<CallCode> {
        let mut key = key;
        while let Some(stub) = self.table.get(&key) {
            if stub.code() == code {
                return Some(stub.function());
            }
            key = key.wrapping_add(1);
        }
        None
    }

    /// As [`find`](Cache::find); a stub that is not there, as most that come here are not, is added.
    pub(super) fn find_or_add(&mut self, key: u64, code: &[u8]) -> Result<CallCode, ExecError> {
        let mut key = key;
        loop {
            match self.table.entry(key) {
                // Another thread may have added it between the caller's search and its lock.
                Entry::Occupied(known) if known.get().code() == code => return Ok(known.get().function()),
                Entry::Occupied(_) => key = key.wrapping_add(1),
                Entry::Vacant(free) => {
                    let start = self.pages.add(code).map_err(ExecError::Refused)?;
                    self.code_bytes += code.len();
                    return Ok(free.insert(Stub { code: start, len: code.len() }).function());
                }
            }
        }
    }

    pub(super) fn stats(&self) -> StubStats {
        StubStats {
            stubs: self.table.len(),
            code_bytes: self.code_bytes,
            mapped_bytes: self.pages.mapped_bytes(),
            table_bytes: self.table.capacity() * (size_of::<(u64, Stub)>() + 1),
        }
    }
}

impl Stub {
    fn code(&self) -> &[u8] {
        // SAFETY: `len` bytes were written there, readable and unchanged for the life of the process.
        unsafe { core::slice::from_raw_parts(self.code.as_ptr(), self.len) }
    }

    fn function(self) -> CallCode {
        // SAFETY: only stubs are added, and they stay.
        unsafe { CallCode::new(self.code.cast().as_ptr()) }
    }
}

/// A hash of code: multiply and rotate per word, as in FxHash. It need not resist an adversary, who
/// could at most lengthen a search at preparation.
pub(super) fn key(code: &[u8]) -> u64 {
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    let mut hash = code.len() as u64;
    let (words, rest) = code.as_chunks::<8>();
    let mut last = [0_u8; 8];
    last[..rest.len()].copy_from_slice(rest);
    for word in words.iter().chain([&last]) {
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
    }
    // The table looks at the top bits and the bottom ones.
    hash ^ hash >> 32
}

/// The keys are hashes already.
#[derive(Default)]
struct KeyIsHash(u64);

impl Hasher for KeyIsHash {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = key(bytes);
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
