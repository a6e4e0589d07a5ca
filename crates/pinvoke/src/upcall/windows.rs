//! More thunks on Windows: the program's own image mapped once more.
//!
//! A process may be forbidden to make memory executable, but what its program file contains may be executed. A file
//! cannot be mapped page by page here (views begin at multiples of 64 KiB), but it can be mapped as the image that it
//! is (`SEC_IMAGE`). Such a view has our pool of thunks once more, executable, and at the same distance the pool's
//! slots, as zeroed memory of its own: thunks name their slots relative to themselves, so it is a second pool. Nothing
//! is written but slots; the pages of the view that nobody touches cost address space only. Which file: that of the
//! module which contains this code, a DLL perhaps. It may have been replaced since, so the thunks are compared.
//!
//! Where that is refused, pages of the template are written to private memory and then made executable instead of
//! writable, for good. If that is refused too, the error says what was tried.

use core::ffi::c_void;
use core::ptr::{null, null_mut};
use std::fs::File;
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows_sys::Win32::Foundation::CloseHandle;
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleHandleExW,
};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_READ, MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, MEMORY_MAPPED_VIEW_ADDRESS,
    MapViewOfFile, PAGE_EXECUTE_READ, PAGE_READONLY, PAGE_READWRITE, SEC_IMAGE, UnmapViewOfFile,
    VirtualAlloc, VirtualFree, VirtualProtect,
};

use super::CallbackError;
use super::machine::{Flavour, POOL_THUNKS, STRIDE, TEMPLATE_SIZE, THUNK_SIZE};
use super::slot::Slot;
use super::thunk_table::Block;
use crate::last_error::LastError;

/// Private blocks grow up to this many pages.
const MAX_PAGES: usize = 32;

/// Makes a block for a flavour that has `blocks` already.
///
/// The thread's last error is left as it was.
#[cold]
pub(crate) fn map(flavour: Flavour, blocks: usize) -> Result<Block, CallbackError> {
    let before = LastError::current();
    let block = own_image(flavour).or_else(|first| {
        let pages = (1 << blocks.min(16)).min(MAX_PAGES);
        sealed(flavour, pages)
            .map_err(|second| CallbackError::NoThunk { tried: format!("{first}; {second}") })
    });
    before.set_current();
    block
}

/// A view of the image, unmapped when dropped.
struct View(*mut u8);

impl Drop for View {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: self.0.cast::<c_void>() };
        // SAFETY: the view is ours and nothing in it has been handed out. Failure would leak it.
        unsafe { UnmapViewOfFile(view) };
    }
}

fn own_image(flavour: Flavour) -> Result<Block, String> {
    let path = crate::library::file_of(flavour.pool_code().cast()).ok_or_else(|| {
        format!("mapping the program's own image: finding its file: {}", LastError::current())
    })?;
    let view = map_image(&path)
        .map_err(|error| format!("mapping the program's own image {}: {error}", path.display()))?;
    let base = image_base(flavour.pool_code())
        .ok_or_else(|| format!("finding the program's own image: {}", LastError::current()))?;
    let slots: *const Slot = flavour.pool_slots().as_ptr();
    let within = |address: usize| view.0.wrapping_add(address.wrapping_sub(base));
    let (code, slots) = (within(flavour.pool_code().addr()), within(slots.addr()));
    if bytes(code, POOL_THUNKS * THUNK_SIZE) != bytes(flavour.pool_code(), POOL_THUNKS * THUNK_SIZE) {
        return Err(format!("mapping the program's own image: {} was replaced", path.display()));
    }
    if bytes(slots, POOL_THUNKS * size_of::<Slot>()).iter().any(|byte| *byte != 0) {
        return Err(format!("mapping the program's own image: {} has no empty slots", path.display()));
    }
    core::mem::forget(view);
    // SAFETY: the same image as ours, where these are the thunks and their slots; they were compared, and the view
    // is never unmapped and belongs to nobody else.
    Ok(unsafe { Block::pool_at(code, slots.cast()) })
}

fn map_image(path: &Path) -> Result<View, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let protection = PAGE_READONLY | SEC_IMAGE;
    // SAFETY: an open file; no attributes, no name, the size of the file.
    let section = unsafe { CreateFileMappingW(file.as_raw_handle(), null(), protection, 0, 0, null()) };
    if section.is_null() {
        return Err(format!("CreateFileMapping: {}", LastError::current()));
    }
    // SAFETY: the section just made; a view of an image has the protections that the image names, whatever is asked.
    let view = unsafe { MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0) };
    let error = LastError::current();
    // SAFETY: our own handle, not used any more; the view keeps the section.
    unsafe { CloseHandle(section) };
    if view.Value.is_null() { Err(format!("MapViewOfFile: {error}")) } else { Ok(View(view.Value.cast())) }
}

/// Where the module that contains this address begins.
fn image_base(address: *const u8) -> Option<usize> {
    let mut module = null_mut();
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    // SAFETY: with these flags the second argument is any address; the handle is stored in `module`.
    let found = unsafe { GetModuleHandleExW(flags, address.cast(), &raw mut module) };
    (found != 0).then(|| module.addr())
}

fn bytes<'a>(start: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: called for thunks and slots of our image or a view of it, which nobody changes: slots of the view have
    // no owner yet.
    unsafe { core::slice::from_raw_parts(start, len) }
}

fn sealed(flavour: Flavour, pages: usize) -> Result<Block, String> {
    let failed = |what: &str| format!("{what}: {}", LastError::current());
    // SAFETY: new memory at an address of the system's choice touches none that exists.
    let start = unsafe { VirtualAlloc(null(), pages * STRIDE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) };
    if start.is_null() {
        return Err(failed("asking for private memory (VirtualAlloc)"));
    }
    for page in 0..pages {
        let at = start.wrapping_byte_add(page * STRIDE);
        // SAFETY: a page of new memory, and the template's page.
        unsafe { at.cast::<u8>().copy_from_nonoverlapping(flavour.template(), TEMPLATE_SIZE) };
        let mut before = 0;
        // SAFETY: a page of our own; the former protection is stored in `before`.
        let done = unsafe { VirtualProtect(at, TEMPLATE_SIZE, PAGE_EXECUTE_READ, &raw mut before) };
        if done == 0 {
            let error = failed("making a copy of the thunks executable (VirtualProtect)");
            // SAFETY: our own memory, as a whole, of which nothing has been handed out.
            unsafe { VirtualFree(start, 0, MEM_RELEASE) };
            return Err(error);
        }
    }
    // SAFETY: every page was written; slots are new memory, all zero, and the range belongs to nobody else.
    Ok(unsafe { Block::mapped(flavour, start.cast(), pages) })
}

#[cfg(test)]
mod tests {
    use super::super::machine::named_slot;
    use super::*;

    /// Both ways give thunks that hand over their slots.
    #[test]
    fn every_way_gives_thunks() {
        for flavour in Flavour::ALL {
            for block in [own_image(flavour).unwrap(), sealed(flavour, 3).unwrap()] {
                let last = block.thunk(block.len() - 1).unwrap();
                for (slot, code) in [block.thunk(0).unwrap(), last] {
                    assert_eq!(named_slot(code).addr(), core::ptr::from_ref(slot).addr());
                }
            }
        }
    }
}
