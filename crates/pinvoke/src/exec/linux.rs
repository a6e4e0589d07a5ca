//! Memory for code: written once, executable, never both at one address.
//!
//! Two ways, tried in this order whenever a new block is needed:
//!
//! 1. **Mapped twice.** A block of an unnamed file in memory (`memfd_create`) is mapped writable at one
//!    address and executable at another. Code is written through the first and runs at the second, and
//!    adding a stub takes no system call. A full block loses its writable mapping.
//! 2. **Replaced.** Where that is refused (`vm.memfd_noexec`, a seccomp filter): a fresh private page gets
//!    the old page's stubs and the new one, becomes executable instead of writable (`mprotect`), and takes
//!    the old page's place in one step (`mremap`), also under threads that are just running there: they
//!    find the same bytes at the same address.
//!
//! # After a fork
//! A block mapped twice is *shared* with a child process, and both must not write it. A page that the
//! kernel wipes in the child (`MADV_WIPEONFORK`) tells a process that it is a child; it then leaves the
//! block to the parent and begins its own. Stubs made before the fork stay valid in both.

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use pinvoke_abi::stub::host::FILLER;

use super::{Attempt, unwind};
use crate::arch::publish;
use crate::last_error::LastError;

/// Size of the first block that is mapped twice, in bytes. The next are twice as large each, since whoever
/// has filled one will want more, and making one takes as long as writing a hundred stubs.
const FIRST_BLOCK: usize = 64 * 1024;
/// Size that blocks do not grow beyond.
const LAST_BLOCK: usize = 256 * 1024;
/// Size of a block that is replaced, in bytes, and unit of all mappings.
const PAGE: usize = 4096;
/// Stubs begin at multiples of this, the fetch width that compilers align functions to.
const ALIGN: usize = 16;

/// All memory for code, with the block that is being filled.
pub(super) struct Pages {
    current: Option<Block>,
    mapped_bytes: usize,
    next_block: usize,
    process: ProcessMark,
    ways: &'static [Way],
}

/// Makes a block, of this size if the way has a choice, and puts the first stub there.
type Way = fn(&[u8], usize) -> Result<Block, Attempt>;

const WAYS: &[Way] = &[Block::mapped_twice, Block::replaceable];

struct Block {
    /// Where the code runs.
    run: NonNull<u8>,
    /// Where it is written; `None` if the block is replaced to add to it.
    write: Option<NonNull<u8>>,
    size: usize,
    used: usize,
}

// SAFETY: a block is plain memory of the process; `Pages` is only changed through `&mut`.
unsafe impl Send for Block {}
// SAFETY: as for Send; through `&Block` nothing is written.
unsafe impl Sync for Block {}

impl Pages {
    pub(super) fn new() -> Pages {
        Pages {
            current: None,
            mapped_bytes: 0,
            next_block: FIRST_BLOCK,
            process: ProcessMark::new(),
            ways: WAYS,
        }
    }

    /// Bytes of address space that are mapped executable.
    pub(super) fn mapped_bytes(&self) -> usize {
        self.mapped_bytes
    }

    /// Copies `code` to where it can run.
    pub(super) fn add(&mut self, code: &[u8]) -> Result<NonNull<u8>, Vec<Attempt>> {
        if self.process.is_child() {
            self.process.renew();
            if let Some(block) = self.current.take() {
                block.close();
            }
        }
        if let Some(place) = self.current.as_mut().and_then(|block| block.add(code)) {
            return Ok(place);
        }
        let mut attempts = Vec::new();
        for way in self.ways {
            match way(code, self.next_block) {
                Ok(block) => {
                    self.next_block = (self.next_block * 2).min(LAST_BLOCK);
                    self.mapped_bytes += block.size;
                    unwind::describe(block.run.as_ptr(), block.size);
                    let place = block.run;
                    if let Some(full) = self.current.replace(block) {
                        full.close();
                    }
                    return Ok(place);
                }
                Err(attempt) => attempts.push(attempt),
            }
        }
        Err(attempts)
    }
}

impl Block {
    /// The first way; see the module.
    fn mapped_twice(code: &[u8], size: usize) -> Result<Block, Attempt> {
        let size = code.len().max(size).next_multiple_of(PAGE);
        let file = MemoryFile::new(size)?;
        // A fault for every page costs more than the stubs on it; the first block is likely to stay empty.
        let populate = if size > FIRST_BLOCK { libc::MAP_POPULATE } else { 0 };
        let write = map(size, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | populate, file.0)
            .ok_or_else(|| failed("mapping a memory file writable (mmap)"))?;
        let Some(run) = map(size, libc::PROT_READ | libc::PROT_EXEC, libc::MAP_SHARED, file.0) else {
            let attempt = failed("mapping a memory file executable (mmap)");
            unmap(write, size);
            return Err(attempt);
        };
        let mut block = Block { run, write: Some(write), size, used: 0 };
        // A new block has room by construction.
        block.add(code).map(|_| block).ok_or(Attempt { operation: "filling a block", error: LastError::NONE })
    }

    /// The second way; see the module.
    fn replaceable(code: &[u8], _: usize) -> Result<Block, Attempt> {
        let size = code.len().next_multiple_of(PAGE);
        let run = sealed(&[], code, size)?;
        Ok(Block { run, write: None, size, used: code.len() })
    }

    /// Adds a stub; `None` if there is no room, or the page cannot be replaced.
    fn add(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        let start = self.used.next_multiple_of(ALIGN);
        let end = start.checked_add(code.len()).filter(|end| *end <= self.size)?;
        match self.write {
            Some(write) => {
                // SAFETY: within the block, by the checks above.
                let gap = unsafe { write.add(self.used) };
                // SAFETY: writable, and no stub lies between the end of the last one and `start`.
                unsafe { gap.write_bytes(FILLER, start - self.used) };
                // SAFETY: within the block.
                let place = unsafe { write.add(start) };
                // SAFETY: `place` has room for `code`, which is no part of the block.
                unsafe { ptr::copy_nonoverlapping(code.as_ptr(), place.as_ptr(), code.len()) };
            }
            None => {
                // SAFETY: the stubs so far, readable and never changed.
                let old = unsafe { core::slice::from_raw_parts(self.run.as_ptr(), self.used) };
                let fresh = sealed(old, code, self.size).ok()?;
                if !replace(self.run, fresh, self.size) {
                    unmap(fresh, self.size);
                    return None;
                }
            }
        }
        self.used = end;
        // SAFETY: within the block.
        let place = unsafe { self.run.add(start) };
        // SAFETY: bytes of the block, where they will run.
        unsafe { make_runnable(place.as_ptr(), code.len()) };
        Some(place)
    }

    /// Ends writing. The code stays.
    fn close(self) {
        if let Some(write) = self.write {
            unmap(write, self.size);
        }
    }
}

/// Lets every core see what was written: the last thing before anybody may run it.
///
/// # Safety
/// As for [`publish`].
unsafe fn make_runnable(start: *const u8, len: usize) {
    #[cfg(test)]
    tests::PUBLISHED.with_borrow_mut(|all| all.push(start.addr()..start.addr() + len));
    // SAFETY: the caller's promise.
    unsafe { publish(start, len) };
}

/// A private mapping with `old` and, aligned behind it, `code`; executable, no longer writable.
fn sealed(old: &[u8], code: &[u8], size: usize) -> Result<NonNull<u8>, Attempt> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let page = map(size, libc::PROT_READ | libc::PROT_WRITE, flags, -1)
        .ok_or_else(|| failed("mapping private memory (mmap)"))?;
    // SAFETY: `size` bytes were just mapped writable, and nothing else knows them.
    let bytes = unsafe { core::slice::from_raw_parts_mut(page.as_ptr(), size) };
    bytes.fill(FILLER);
    let start = old.len().next_multiple_of(ALIGN);
    let parts = bytes.get_mut(..old.len()).map(|to| to.copy_from_slice(old));
    let parts = parts.and(bytes.get_mut(start..start + code.len()).map(|to| to.copy_from_slice(code)));
    if parts.is_none() {
        unmap(page, size);
        return Err(Attempt { operation: "filling a block", error: LastError::NONE });
    }
    // SAFETY: our own mapping; the slice above is not used any more.
    let status = unsafe { libc::mprotect(page.as_ptr().cast(), size, libc::PROT_READ | libc::PROT_EXEC) };
    // SAFETY: the mapping, readable; before threads run there, if it takes the place of another.
    unsafe { make_runnable(page.as_ptr(), size) };
    if status != 0 {
        let attempt = failed("making private memory executable (mprotect)");
        unmap(page, size);
        return Err(attempt);
    }
    Ok(page)
}

/// Puts the pages of `fresh` in the place of those at `old`.
fn replace(old: NonNull<u8>, fresh: NonNull<u8>, size: usize) -> bool {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: both are whole mappings of our own of `size` bytes; `fresh` begins with the content of
    // `old`, so that no reader or runner of `old` sees a change.
    let moved =
        unsafe { libc::mremap(fresh.as_ptr().cast(), size, size, flags, old.as_ptr().cast::<c_void>()) };
    moved != libc::MAP_FAILED
}

fn map(size: usize, protection: i32, flags: i32, file: i32) -> Option<NonNull<u8>> {
    // SAFETY: a new mapping at an address of the kernel's choice touches no existing one.
    let address = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, file, 0) };
    if address == libc::MAP_FAILED { None } else { NonNull::new(address.cast()) }
}

fn unmap(address: NonNull<u8>, size: usize) {
    // SAFETY: a mapping of our own, of this size, that nothing refers to any more. It cannot fail but
    // for a lack of kernel memory, and then stays as it is, which is harmless.
    unsafe { libc::munmap(address.as_ptr().cast(), size) };
}

fn failed(operation: &'static str) -> Attempt {
    Attempt { operation, error: LastError::current() }
}

/// An unnamed file in memory; closed on drop, mappings of it stay.
struct MemoryFile(i32);

impl MemoryFile {
    fn new(size: usize) -> Result<MemoryFile, Attempt> {
        const NAME: &core::ffi::CStr = c"pinvoke-stubs";
        // Since Linux 6.3 one says that the file is to be executable; older kernels do not know the flag.
        // SAFETY: NAME is a C string.
        let mut file = unsafe { libc::memfd_create(NAME.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_EXEC) };
        if file < 0 && LastError::current().0 == libc::EINVAL {
            // SAFETY: as above.
            file = unsafe { libc::memfd_create(NAME.as_ptr(), libc::MFD_CLOEXEC) };
        }
        if file < 0 {
            return Err(failed("creating a memory file (memfd_create)"));
        }
        let file = MemoryFile(file);
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        // SAFETY: our own file.
        if unsafe { libc::ftruncate(file.0, size) } != 0 {
            return Err(failed("sizing a memory file (ftruncate)"));
        }
        Ok(file)
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        // SAFETY: our own file, not used any more. The mappings keep the memory.
        unsafe { libc::close(self.0) };
    }
}

/// What no system gives a meaning.
const NO_ADVICE: libc::c_int = libc::c_int::MAX;

/// Tells whether this process was forked since the mark was set.
struct ProcessMark {
    /// Not zero in the process that set it, zero in its children. `None`: ask for the process number.
    wiped_on_fork: Option<NonNull<u8>>,
    process: i32,
}

// SAFETY: the marked page is written under `&mut` only.
unsafe impl Send for ProcessMark {}
// SAFETY: as for Send.
unsafe impl Sync for ProcessMark {}

impl ProcessMark {
    fn new() -> ProcessMark {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let page = map(PAGE, libc::PROT_READ | libc::PROT_WRITE, flags, -1);
        let wiped_on_fork = page.filter(|page| {
            // SAFETY: our own mapping of this size, which no advice makes unusable.
            let accepts = |advice| unsafe { libc::madvise(page.as_ptr().cast(), PAGE, advice) } == 0;
            // Who accepts advice that there is not takes none (an emulator does that).
            let wiped = !accepts(NO_ADVICE) && accepts(libc::MADV_WIPEONFORK);
            if !wiped {
                unmap(*page, PAGE);
            }
            wiped
        });
        let mut mark = ProcessMark { wiped_on_fork, process: 0 };
        mark.renew();
        mark
    }

    fn renew(&mut self) {
        match self.wiped_on_fork {
            // SAFETY: a writable page of our own. Volatile, since the kernel changes it as well.
            Some(mark) => unsafe { mark.write_volatile(1) },
            None => self.process = process_number(),
        }
    }

    fn is_child(&self) -> bool {
        match self.wiped_on_fork {
            // SAFETY: as in `renew`.
            Some(mark) => unsafe { mark.read_volatile() == 0 },
            None => self.process != process_number(),
        }
    }
}

fn process_number() -> i32 {
    // SAFETY: takes and changes nothing.
    unsafe { libc::getpid() }
}

#[cfg(test)]
mod tests {
    use core::cell::RefCell;
    use core::ops::Range;

    use super::*;

    thread_local! {
        /// What this thread made runnable.
        pub(super) static PUBLISHED: RefCell<Vec<Range<usize>>> = const { RefCell::new(Vec::new()) };
    }

    /// An emulator does not show what a processor would do that was not told.
    #[test]
    fn whatever_is_written_is_published_where_it_runs() {
        for way in WAYS {
            let mut pages = Pages { ways: core::slice::from_ref(way), ..Pages::new() };
            for code in [&[1_u8; 40][..], &[2; 7], &[3; 16]] {
                PUBLISHED.take();
                let place = pages.add(code).unwrap().as_ptr().addr();
                let published = PUBLISHED.take();
                assert!(
                    published.iter().any(|range| range.start <= place && place + code.len() <= range.end),
                    "{published:x?} misses {place:x}"
                );
            }
        }
    }
}
