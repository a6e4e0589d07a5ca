//! More thunks: template pages mapped again from the program's own file.
//!
//! A system that refuses to make memory executable still executes files, and what a template page
//! contains is part of ours. So a block is, in the lower half of an address range of its own:
//!
//! ```text
//!   code page (file, r-x) │ slots, 2 pages (rw-) │ code page │ slots │ …
//! ```
//!
//! No page is ever writable and executable, and none is ever made executable after it was written.
//! The range is asked for near the program, because a branch that leaves its 4 GiB costs more.
//!
//! Which file: the one that `/proc/self/maps` names for the template, which is the library and not
//! the program if this code is linked into a `cdylib`. It may have been replaced since the program
//! started, so the mapped bytes are compared with the template. If that fails, a copy of the
//! template in an anonymous file (`memfd_create`) takes its place; if that is refused too, the error
//! says what was tried.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::CallbackError;
use super::machine::{Flavour, STRIDE, TEMPLATE_SIZE};
use super::thunk_table::Block;
use crate::last_error::LastError;

/// Blocks grow up to this many pages.
const MAX_PAGES: usize = 32;

/// Maps a block for a flavour that has `blocks` already.
///
/// The thread's `errno` is left as it was.
#[cold]
pub(crate) fn map(flavour: Flavour, blocks: usize) -> Result<Block, CallbackError> {
    let before = LastError::current();
    let block = map_any(flavour, (1 << blocks.min(16)).min(MAX_PAGES));
    before.set_current();
    block
}

fn map_any(flavour: Flavour, pages: usize) -> Result<Block, CallbackError> {
    let mut tried = Vec::new();
    for source in [own_file, copied_file] {
        match source(flavour).and_then(|source| map_from(&source, flavour, pages)) {
            Ok(block) => return Ok(block),
            Err(error) => tried.push(error),
        }
    }
    Err(CallbackError::NoThunk { tried: tried.join("; ") })
}

/// A file that has a template page.
struct Source {
    file: OwnedFd,
    offset: libc::off_t,
    description: String,
    /// Where the program is.
    near: usize,
}

fn own_file(flavour: Flavour) -> Result<Source, String> {
    let maps = fs::read_to_string("/proc/self/maps")
        .map_err(|error| format!("mapping the program's own file: /proc/self/maps: {error}"))?;
    let template = flavour.template().addr();
    let found = maps
        .lines()
        .filter_map(Mapping::parse)
        .find(|mapping| (mapping.start..mapping.end).contains(&template));
    let Some(mapping) = found else {
        return Err("mapping the program's own file: /proc/self/maps does not show it".to_owned());
    };
    let offset = mapping.offset + (template - mapping.start);
    let offset = libc::off_t::try_from(offset).map_err(|error| error.to_string())?;
    let file = fs::File::open(mapping.path).map_err(|error| format!("opening {}: {error}", mapping.path))?;
    Ok(Source { file: file.into(), offset, description: mapping.path.to_owned(), near: mapping.start })
}

/// One line of `/proc/self/maps` that shows a file.
struct Mapping<'a> {
    start: usize,
    end: usize,
    offset: usize,
    path: &'a str,
}

impl Mapping<'_> {
    fn parse(line: &str) -> Option<Mapping<'_>> {
        // start-end perms offset device inode path
        let mut words = line.splitn(6, ' ');
        let (start, end) = words.next()?.split_once('-')?;
        let offset = words.nth(1)?;
        let path = words.nth(2)?.trim_start();
        Some(Mapping {
            start: usize::from_str_radix(start, 16).ok()?,
            end: usize::from_str_radix(end, 16).ok()?,
            offset: usize::from_str_radix(offset, 16).ok()?,
            path,
        })
    }
}

fn copied_file(flavour: Flavour) -> Result<Source, String> {
    let what = "copying the thunks to an anonymous file";
    // MFD_EXEC is unknown before Linux 6.3 and wanted after it where `vm.memfd_noexec` is 1.
    let fd = [libc::MFD_CLOEXEC | libc::MFD_EXEC, libc::MFD_CLOEXEC]
        .into_iter()
        // SAFETY: the name is a C string.
        .map(|flags| unsafe { libc::memfd_create(c"pinvoke-thunks".as_ptr(), flags) })
        .find(|fd| *fd >= 0)
        .ok_or_else(|| format!("{what}: memfd_create: {}", io::Error::last_os_error()))?;
    // SAFETY: a file descriptor just made that nobody else has.
    let file = unsafe { OwnedFd::from_raw_fd(fd) };
    let mut file = fs::File::from(file);
    io::Write::write_all(&mut file, template(flavour)).map_err(|error| format!("{what}: {error}"))?;
    Ok(Source {
        file: file.into(),
        offset: 0,
        description: "memfd".to_owned(),
        near: flavour.template().addr(),
    })
}

/// The bytes of the template page.
fn template(flavour: Flavour) -> &'static [u8] {
    // SAFETY: the template is one page of the program's text.
    unsafe { core::slice::from_raw_parts(flavour.template(), TEMPLATE_SIZE) }
}

/// Address space of a block that is not finished; unmapped when dropped.
struct Range {
    start: *mut u8,
    len: usize,
}

impl Drop for Range {
    fn drop(&mut self) {
        // SAFETY: the range is ours and nothing in it has been handed out. Failure would leak it.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

fn map_from(source: &Source, flavour: Flavour, pages: usize) -> Result<Block, String> {
    let range = reserve(source.near, pages * STRIDE)
        .map_err(|error| format!("reserving address space for thunks: {error}"))?;
    for page in 0..pages {
        let at = range.start.wrapping_add(page * STRIDE);
        // SAFETY: replaces a page of the range, which nobody uses yet, by a page of the file.
        let mapped = unsafe {
            libc::mmap(
                at.cast(),
                TEMPLATE_SIZE,
                libc::PROT_READ | libc::PROT_EXEC,
                libc::MAP_PRIVATE | libc::MAP_FIXED,
                source.file.as_raw_fd(),
                source.offset,
            )
        };
        if mapped == libc::MAP_FAILED {
            return Err(format!(
                "mapping thunks from {}: {}",
                source.description,
                io::Error::last_os_error()
            ));
        }
        // Reading what lies beyond the end of a file is a fault.
        if page == 0 && !file_reaches(source) {
            return Err(format!(
                "mapping thunks from {}: the file was replaced and is shorter",
                source.description
            ));
        }
        // SAFETY: a readable page of that size, which the file fills.
        let bytes = unsafe { core::slice::from_raw_parts(at, TEMPLATE_SIZE) };
        if bytes != template(flavour) {
            return Err(format!("mapping thunks from {}: the file was replaced", source.description));
        }
    }
    let start = range.start;
    core::mem::forget(range);
    // SAFETY: every page was mapped and compared; slots are anonymous memory, all zero, and the
    // range belongs to nobody else.
    Ok(unsafe { Block::mapped(flavour, start, pages) })
}

/// Whether the file has the whole template page.
fn file_reaches(source: &Source) -> bool {
    let mut stat = core::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: an open file and memory for the answer.
    let failed = unsafe { libc::fstat(source.file.as_raw_fd(), stat.as_mut_ptr()) } != 0;
    if failed {
        return false;
    }
    // SAFETY: filled by fstat, which succeeded.
    let stat = unsafe { stat.assume_init() };
    let Ok(size) = libc::off_t::try_from(TEMPLATE_SIZE) else { return false };
    source.offset.checked_add(size).is_some_and(|end| stat.st_size >= end)
}

/// Zeroed memory near `near`, or anywhere if there is no room.
fn reserve(near: usize, len: usize) -> io::Result<Range> {
    /// How far below the program to begin: room for what the loader put there.
    const BELOW: usize = 64 << 20;
    /// What was taken below the program so far.
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    let below = BELOW + TAKEN.fetch_add(len, Ordering::Relaxed) + len;
    // A program at a fixed low address has no room below; then a place above its heap.
    let hint =
        near.checked_sub(below).filter(|hint| *hint > BELOW).unwrap_or(near.wrapping_add((1 << 30) + below));
    let hint = hint & !(TEMPLATE_SIZE - 1);
    // SAFETY: asks for new memory; the address is a wish.
    let start = unsafe {
        libc::mmap(
            core::ptr::without_provenance_mut(hint),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(Range { start: start.cast(), len })
}
