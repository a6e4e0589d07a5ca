//! Memory for code on Windows: written once, executable, never both at one address.
//!
//! Two ways, tried in this order whenever a new block is needed:
//!
//! 1. **Mapped twice.** A section without a file is mapped writable at one address and executable at another
//!    (`CreateFileMapping`, `MapViewOfFile`). Code is written through the first and runs at the second, and adding a
//!    stub takes no system call. A full block loses its writable mapping.
//! 2. **Sealed.** Where that is refused: pages of their own for every stub, written and then made executable instead
//!    of writable for good (`VirtualAlloc`, `VirtualProtect`).
//!
//! A process whose policy prohibits dynamic code (`ProcessDynamicCodePolicy`) refuses both, and calls run by the
//! invoke thunk.
//!
//! Behind every stub that has a frame lies its description for the unwinder; see [`unwind`].

use core::ffi::c_void;
use core::ptr::{NonNull, null};

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Diagnostics::Debug::FlushInstructionCache;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_EXECUTE, FILE_MAP_READ, FILE_MAP_WRITE, MEM_COMMIT, MEM_RELEASE,
    MEM_RESERVE, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
    PAGE_READWRITE, UnmapViewOfFile, VirtualAlloc, VirtualFree, VirtualProtect,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use pinvoke_abi::stub::host::FILLER;

use super::{Attempt, unwind};
use crate::last_error::LastError;

/// Size of a block, in bytes: what Windows hands out address space in.
const BLOCK: usize = 64 * 1024;
/// Stubs begin at multiples of this, the fetch width that compilers align functions to.
const ALIGN: usize = 16;

/// All memory for code, with the block that is being filled.
pub(super) struct Pages {
    current: Option<Block>,
    mapped_bytes: usize,
    ways: &'static [Way],
}

/// Puts a stub into a new block: its place, and the block if more can be put there.
type Way = fn(&[u8]) -> Result<(NonNull<u8>, usize, Option<Block>), Attempt>;

const WAYS: &[Way] = &[mapped_twice, sealed];

/// A block that is mapped twice.
struct Block {
    /// Where the code runs.
    run: NonNull<u8>,
    /// Where it is written.
    write: NonNull<u8>,
    size: usize,
    used: usize,
}

// SAFETY: a block is plain memory of the process; `Pages` is only changed through `&mut`.
unsafe impl Send for Block {}
// SAFETY: as for Send; through `&Block` nothing is written.
unsafe impl Sync for Block {}

impl Pages {
    pub(super) fn new() -> Pages {
        Pages { current: None, mapped_bytes: 0, ways: WAYS }
    }

    /// Bytes of address space that are mapped executable.
    pub(super) fn mapped_bytes(&self) -> usize {
        self.mapped_bytes
    }

    /// Copies `code` to where it can run.
    pub(super) fn add(&mut self, code: &[u8]) -> Result<NonNull<u8>, Vec<Attempt>> {
        let described = unwind::with_description(code);
        let place = self.place(&described.bytes)?;
        // SAFETY: the handle of this process needs no closing.
        let process = unsafe { GetCurrentProcess() };
        // SAFETY: a range of our own memory. Nothing depends on it on x86-64, whose caches agree.
        unsafe { FlushInstructionCache(process, place.as_ptr().cast(), described.bytes.len()) };
        described.announce(place);
        Ok(place)
    }

    fn place(&mut self, bytes: &[u8]) -> Result<NonNull<u8>, Vec<Attempt>> {
        if let Some(place) = self.current.as_mut().and_then(|block| block.add(bytes)) {
            return Ok(place);
        }
        let mut attempts = Vec::new();
        for way in self.ways {
            match way(bytes) {
                Ok((place, mapped, block)) => {
                    self.mapped_bytes += mapped;
                    if let Some(block) = block
                        && let Some(full) = self.current.replace(block)
                    {
                        unmap(full.write);
                    }
                    return Ok(place);
                }
                Err(attempt) => attempts.push(attempt),
            }
        }
        Err(attempts)
    }
}

/// The first way; see the module.
fn mapped_twice(bytes: &[u8]) -> Result<(NonNull<u8>, usize, Option<Block>), Attempt> {
    let size = bytes.len().max(BLOCK).next_multiple_of(BLOCK);
    let section = Section::new(size)?;
    let write =
        section.map(FILE_MAP_WRITE).ok_or_else(|| failed("mapping a section writable (MapViewOfFile)"))?;
    let Some(run) = section.map(FILE_MAP_READ | FILE_MAP_EXECUTE) else {
        let attempt = failed("mapping a section executable (MapViewOfFile)");
        unmap(write);
        return Err(attempt);
    };
    let mut block = Block { run, write, size, used: 0 };
    // A new block has room by construction.
    let place = block.add(bytes).ok_or(Attempt { operation: "filling a block", error: LastError::NONE })?;
    Ok((place, size, Some(block)))
}

impl Block {
    /// Adds a stub; `None` if there is no room.
    fn add(&mut self, bytes: &[u8]) -> Option<NonNull<u8>> {
        let start = self.used.next_multiple_of(ALIGN);
        let end = start.checked_add(bytes.len()).filter(|end| *end <= self.size)?;
        // SAFETY: within the block, by the checks above.
        let gap = unsafe { self.write.add(self.used) };
        // SAFETY: writable, and no stub lies between the end of the last one and `start`.
        unsafe { gap.write_bytes(FILLER, start - self.used) };
        // SAFETY: within the block.
        let place = unsafe { self.write.add(start) };
        // SAFETY: `place` has room for the bytes, which are no part of the block.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), place.as_ptr(), bytes.len()) };
        self.used = end;
        // SAFETY: within the block.
        Some(unsafe { self.run.add(start) })
    }
}

/// The second way; see the module.
fn sealed(bytes: &[u8]) -> Result<(NonNull<u8>, usize, Option<Block>), Attempt> {
    let size = bytes.len();
    // SAFETY: new memory at an address of the system's choice touches none that exists.
    let memory = unsafe { VirtualAlloc(null(), size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) };
    let place = NonNull::new(memory.cast::<u8>())
        .ok_or_else(|| failed("asking for private memory (VirtualAlloc)"))?;
    // SAFETY: so many bytes were just made writable, and nothing else knows them.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), place.as_ptr(), size) };
    let mut before = 0;
    // SAFETY: our own memory; the former protection is stored in `before`.
    let done = unsafe { VirtualProtect(memory, size, PAGE_EXECUTE_READ, &raw mut before) };
    if done == 0 {
        let attempt = failed("making private memory executable (VirtualProtect)");
        // SAFETY: our own memory, as a whole, which nothing refers to.
        unsafe { VirtualFree(memory, 0, MEM_RELEASE) };
        return Err(attempt);
    }
    Ok((place, size.next_multiple_of(4096), None))
}

/// Memory without an address, of this process alone; closed on drop, mappings of it stay.
struct Section(HANDLE);

impl Section {
    fn new(size: usize) -> Result<Section, Attempt> {
        let (high, low) = halves(size);
        // SAFETY: no file, no attributes, no name.
        let section = unsafe {
            CreateFileMappingW(INVALID_HANDLE_VALUE, null(), PAGE_EXECUTE_READWRITE, high, low, null())
        };
        if section.is_null() {
            Err(failed("creating a section (CreateFileMapping)"))
        } else {
            Ok(Section(section))
        }
    }

    fn map(&self, access: u32) -> Option<NonNull<u8>> {
        // SAFETY: our own section; a new mapping at an address of the system's choice touches no existing one.
        let view = unsafe { MapViewOfFile(self.0, access, 0, 0, 0) };
        NonNull::new(view.Value.cast())
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        // SAFETY: our own handle, not used any more. The mappings keep the memory.
        unsafe { CloseHandle(self.0) };
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of 64 bits")]
fn halves(size: usize) -> (u32, u32) {
    let size = size as u64;
    ((size >> 32) as u32, size as u32)
}

fn unmap(view: NonNull<u8>) {
    let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: view.as_ptr().cast::<c_void>() };
    // SAFETY: a mapping of our own that nothing refers to any more.
    unsafe { UnmapViewOfFile(view) };
}

fn failed(operation: &'static str) -> Attempt {
    Attempt { operation, error: LastError::current() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `mov eax, 42; ret`
    const ANSWER: [u8; 10] = [0xF3, 0x0F, 0x1E, 0xFA, 0xB8, 42, 0, 0, 0, 0xC3];

    fn run(place: NonNull<u8>) -> u32 {
        // SAFETY: a function of this type was put there.
        let function = unsafe { core::mem::transmute::<*mut u8, extern "C" fn() -> u32>(place.as_ptr()) };
        function()
    }

    #[test]
    fn every_way_gives_code_that_runs() {
        for way in WAYS {
            let mut pages = Pages { ways: core::slice::from_ref(way), ..Pages::new() };
            let places: Vec<_> = (0..5_000).map(|_| pages.add(&ANSWER).unwrap()).step_by(700).collect();
            assert!(places.into_iter().all(|place| run(place) == 42));
            assert!(pages.mapped_bytes() >= 5_000 * ANSWER.len());
        }
    }

    #[test]
    fn the_writable_half_of_a_full_block_goes() {
        let mut pages = Pages::new();
        let first = pages.add(&ANSWER).unwrap();
        let stub = [0x90; 4096];
        for _ in 0..16 {
            pages.add(&stub).unwrap();
        }
        assert_eq!((run(first), pages.mapped_bytes()), (42, 2 * BLOCK));
    }
}
