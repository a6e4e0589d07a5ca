//! The questions to the loader of Windows.
//!
//! The loader binds an image to others by the names of their files. So nothing has to be made visible: once a
//! library called `callback_object.dll` is loaded, wherever from, drivers that import from that name get it.
//!
//! # Safety
//!
//! The loader's functions may be called from any thread. What they hand out is copied before they return or,
//! for handles, owned by [`Handle`]. Loading and unloading run code of the image: that the caller of
//! [`Handle::open`] vouches for.
#![allow(unsafe_code, reason = "the loader is a C interface")]

use std::ffi::{CStr, OsString, c_void};
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::ptr::{NonNull, null, null_mut};

use windows_sys::Win32::Foundation::{FreeLibrary, HMODULE};
use windows_sys::Win32::System::Diagnostics::Debug::{SEM_FAILCRITICALERRORS, SetThreadErrorMode};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GetModuleFileNameW, GetModuleHandleExW, GetModuleHandleW,
    GetProcAddress, LOAD_WITH_ALTERED_SEARCH_PATH, LoadLibraryExW,
};
use windows_sys::Win32::System::ProcessStatus::{K32EnumProcessModules, K32GetModuleInformation, MODULEINFO};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::Module;

/// What drivers import from.
const LIBRARY: &str = "callback_object.dll";

/// The first loaded image that satisfies a condition.
pub(super) fn find(condition: impl Fn(&Module) -> bool) -> Option<Module> {
    images().into_iter().filter_map(describe).find(condition)
}

/// Everything that is loaded.
fn images() -> Vec<HMODULE> {
    let mut images: Vec<HMODULE> = vec![null_mut(); 256];
    loop {
        let room = u32::try_from(size_of_val(images.as_slice())).unwrap_or(u32::MAX);
        let mut needed = 0;
        // SAFETY: the handle of this process needs no closing.
        let process = unsafe { GetCurrentProcess() };
        // SAFETY: so many bytes of room.
        let done = unsafe { K32EnumProcessModules(process, images.as_mut_ptr(), room, &raw mut needed) };
        let count = if done == 0 { 0 } else { needed as usize / size_of::<HMODULE>() };
        if count <= images.len() {
            images.truncate(count);
            return images;
        }
        images.resize(count * 2, null_mut());
    }
}

fn describe(image: HMODULE) -> Option<Module> {
    let mut bounds = MODULEINFO { lpBaseOfDll: null_mut(), SizeOfImage: 0, EntryPoint: null_mut() };
    let size = u32::try_from(size_of::<MODULEINFO>()).unwrap_or(0);
    // SAFETY: the handle of this process needs no closing.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: room for the answer; an image that is gone meanwhile gives none.
    let known = unsafe { K32GetModuleInformation(process, image, &raw mut bounds, size) };
    if known == 0 {
        return None;
    }
    let start = bounds.lpBaseOfDll.addr();
    // SAFETY: no name means the program.
    let program = unsafe { GetModuleHandleW(null()) };
    Some(Module {
        path: file_of(image)?,
        start,
        end: start + bounds.SizeOfImage as usize,
        bias: start,
        is_program: image == program,
    })
}

fn file_of(image: HMODULE) -> Option<PathBuf> {
    let mut units = vec![0_u16; 260];
    loop {
        let room = u32::try_from(units.len()).ok()?;
        // SAFETY: so many units of room.
        let length = unsafe { GetModuleFileNameW(image, units.as_mut_ptr(), room) } as usize;
        match length {
            0 => return None,
            // Full: cut off.
            _ if length >= units.len() => units.resize(units.len() * 2, 0),
            _ => return Some(OsString::from_wide(&units[..length]).into()),
        }
    }
}

/// Names stand in the file, also those that are exported.
pub(super) fn exported_symbol(_address: usize) -> Option<(String, usize)> {
    None
}

/// One reference to a loaded image.
#[derive(Debug)]
pub(crate) struct Handle(HMODULE);

// SAFETY: the loader's functions take a handle in any thread.
unsafe impl Send for Handle {}
// SAFETY: as above; looking a symbol up changes nothing.
unsafe impl Sync for Handle {}

/// Why the loader refused, in the system's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LoadError(io::Error);

fn wide(text: &Path) -> Vec<u16> {
    text.as_os_str().encode_wide().chain([0]).collect()
}

impl Handle {
    /// Loads an image, whose names images loaded later find by the name of its file.
    ///
    /// # Safety
    ///
    /// The image's initialisers run.
    pub(crate) unsafe fn open(path: &Path, _global: bool) -> Result<Handle, LoadError> {
        let path = full_path(path).map_err(LoadError)?;
        let mut before = 0;
        // What is missing is an error here and no question to whoever sits before the screen.
        // SAFETY: room for the former mode.
        unsafe { SetThreadErrorMode(SEM_FAILCRITICALERRORS, &raw mut before) };
        // SAFETY: the path ends with 0; the caller vouches for what is in the file. What it imports is looked for
        // beside it.
        let image =
            unsafe { LoadLibraryExW(wide(&path).as_ptr(), null_mut(), LOAD_WITH_ALTERED_SEARCH_PATH) };
        let error = io::Error::last_os_error();
        // SAFETY: the mode as it was.
        unsafe { SetThreadErrorMode(before, null_mut()) };
        if image.is_null() { Err(LoadError(error)) } else { Ok(Handle(image)) }
    }

    /// One more reference to an image that is loaded already.
    pub(super) fn of_loaded(module: &Module) -> Option<Handle> {
        let mut image = null_mut();
        let address = std::ptr::without_provenance(module.start);
        // SAFETY: with this flag the second argument is any address; the handle is stored in `image`, with a
        // reference.
        let found =
            unsafe { GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, address, &raw mut image) };
        (found != 0).then_some(Handle(image))
    }

    /// The image itself.
    pub(crate) fn module(&self) -> Option<Module> {
        describe(self.0)
    }

    /// The address of a name in the image.
    pub(crate) fn symbol(&self, name: &CStr) -> Option<NonNull<c_void>> {
        symbol(self.0, name)
    }
}

fn symbol(image: HMODULE, name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: an image that is loaded, and a name that ends with 0.
    let address = unsafe { GetProcAddress(image, name.as_ptr().cast()) }?;
    NonNull::new(address as *mut c_void)
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and given back once. Whoever drops the last handle of an image has
        // made sure that nothing runs in it: see `Pin`.
        unsafe { FreeLibrary(self.0) };
    }
}

/// Where a file is, in the form that the loader takes as a path and not as a name to search for.
pub(crate) fn full_path(file: &Path) -> io::Result<PathBuf> {
    // The canonical form, `\\?\…`, is one that not every loader takes.
    std::fs::metadata(file)?;
    std::path::absolute(file)
}

/// The path that C spells so, in UTF-8.
pub(crate) fn path_of(text: &CStr) -> PathBuf {
    PathBuf::from(text.to_string_lossy().into_owned())
}

/// The address that a name has for drivers.
pub(crate) fn global_symbol(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the name ends with 0; asking counts no reference, and the library is not unloaded while drivers
    // are loaded with it.
    let library = unsafe { GetModuleHandleW(wide(Path::new(LIBRARY)).as_ptr()) };
    if library.is_null() { None } else { symbol(library, name) }
}
