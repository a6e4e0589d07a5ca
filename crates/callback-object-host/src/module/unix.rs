//! The questions to the dynamic loader.
//!
//! # Safety
//!
//! The loader's functions may be called from any thread. What they hand out is copied before they return or,
//! for handles, owned by [`Handle`]. Loading and unloading run code of the image: that the caller of
//! [`Handle::open`] vouches for.
#![allow(unsafe_code, reason = "the dynamic loader is a C interface")]

use std::ffi::{CStr, CString, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use callback_object::Lock;

use super::{Module, symbol};

/// Held while the loader iterates, which holds a lock of its own meanwhile. glibc does not set that one free in the child
/// of a fork; so nobody forks in between.
static ITERATING: Lock<()> = Lock::new(());

/// The first loaded image that satisfies a condition.
pub(super) fn find(condition: impl Fn(&Module) -> bool) -> Option<Module> {
    struct Search<'a> {
        condition: &'a dyn Fn(&Module) -> bool,
        found: Option<Module>,
    }
    unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
        // SAFETY: the loader hands out a record that lives until this function returns.
        let info = unsafe { &*info };
        // SAFETY: `data` is the `Search` below, which nothing else uses while the loader iterates.
        let search = unsafe { &mut *data.cast::<Search<'_>>() };
        search.found = describe(info).filter(|module| (search.condition)(module));
        c_int::from(search.found.is_some())
    }
    let mut search = Search { condition: &condition, found: None };
    let _iterating = ITERATING.lock();
    // SAFETY: `visit` has the signature that is asked for, `search` outlives the call, and the conditions
    // of this crate neither unwind nor load or unload anything.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.found
}

fn describe(info: &libc::dl_phdr_info) -> Option<Module> {
    let count = usize::from(info.dlpi_phnum);
    // SAFETY: the loader hands out the image's own program headers, as many as it says.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, count) };
    let bias = usize::try_from(info.dlpi_addr).ok()?;
    let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let address = |value| usize::try_from(value).ok().map(|value: usize| bias.wrapping_add(value));
    let start = loaded.clone().filter_map(|h| address(h.p_vaddr)).min()?;
    let end = loaded.filter_map(|h| address(h.p_vaddr + h.p_memsz)).max()?;
    // SAFETY: the name is a string that ends with 0 and lives as long as the record.
    let name = unsafe { CStr::from_ptr(info.dlpi_name) };
    let is_program = name.is_empty();
    let path = if is_program {
        std::env::current_exe().unwrap_or_default()
    } else {
        PathBuf::from(OsStr::from_bytes(name.to_bytes()))
    };
    Some(Module { path, start, end, bias, is_program })
}

/// The exported function that contains an address, and the distance from its beginning.
pub(super) fn exported_symbol(address: usize) -> Option<(String, usize)> {
    let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: any address may be asked about, and there is room for the answer.
    let known = unsafe { libc::dladdr(address as *const c_void, found.as_mut_ptr()) };
    if known == 0 {
        return None;
    }
    // SAFETY: zeroed is a valid state, and the loader has filled it in.
    let found = unsafe { found.assume_init() };
    let name = NonNull::new(found.dli_sname.cast_mut())?;
    // SAFETY: the name is a string that ends with 0, in an image that contains the address. Whoever asks
    // about an address keeps its image loaded meanwhile.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    let offset = address.checked_sub(found.dli_saddr as usize)?;
    Some((symbol::readable(&name.to_string_lossy()), offset))
}

/// The beginning of the loader's record of an image (`link_map` in link.h).
#[repr(C)]
struct LinkMap {
    bias: usize,
    name: *const std::ffi::c_char,
}

/// One reference to a loaded image.
#[derive(Debug)]
pub(crate) struct Handle(NonNull<c_void>);

// SAFETY: the loader's functions take a handle in any thread.
unsafe impl Send for Handle {}
// SAFETY: as above; looking a symbol up changes nothing.
unsafe impl Sync for Handle {}

/// Why the loader refused, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LoadError(String);

impl Handle {
    /// Loads an image. Its names are visible to images loaded later if `global`.
    ///
    /// # Safety
    ///
    /// The image's initialisers run, and its functions may take the place of others with the same names.
    pub(crate) unsafe fn open(path: &Path, global: bool) -> Result<Handle, LoadError> {
        let path = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| LoadError(format!("the path {} contains a zero byte", path.display())))?;
        let visibility = if global { libc::RTLD_GLOBAL } else { libc::RTLD_LOCAL };
        // SAFETY: the path is a string that ends with 0; the caller vouches for what is in the file.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | visibility) };
        NonNull::new(handle).map(Handle).ok_or_else(last_error)
    }

    /// One more reference to an image that is loaded already.
    pub(super) fn of_loaded(module: &Module) -> Option<Handle> {
        let path = CString::new(module.path.as_os_str().as_bytes()).ok()?;
        // SAFETY: the path is a string that ends with 0, and nothing is loaded, so nothing runs.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
        NonNull::new(handle).map(Handle)
    }

    /// The image itself.
    pub(crate) fn module(&self) -> Option<Module> {
        let mut map: *const LinkMap = std::ptr::null();
        // SAFETY: the handle is open, and there is room for what is asked for (dlinfo(3)).
        let failed = unsafe { libc::dlinfo(self.0.as_ptr(), libc::RTLD_DI_LINKMAP, (&raw mut map).cast()) };
        if failed != 0 || map.is_null() {
            return None;
        }
        // SAFETY: the loader keeps the record as long as the handle is open.
        let LinkMap { bias, name } = unsafe { map.read() };
        // SAFETY: the name is a string that ends with 0 and lives as long as the record.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        find(|module| module.bias == bias && module.path.as_os_str().as_bytes() == name)
    }

    /// The address of a name in the image or in the images it depends on.
    pub(crate) fn symbol(&self, name: &CStr) -> Option<NonNull<c_void>> {
        // SAFETY: the handle is open, the name ends with 0.
        NonNull::new(unsafe { libc::dlsym(self.0.as_ptr(), name.as_ptr()) })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and given back once. Whoever drops the last handle of an image has
        // made sure that nothing runs in it: see `Pin`.
        unsafe { libc::dlclose(self.0.as_ptr()) };
    }
}

/// Where a file is, in the form that the loader takes as a path and not as a name to search for.
pub(crate) fn full_path(file: &Path) -> std::io::Result<PathBuf> {
    std::fs::canonicalize(file)
}

/// The path that C spells so.
pub(crate) fn path_of(text: &CStr) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(text.to_bytes()))
}

/// The address that a name has for images which do not have it themselves.
pub(crate) fn global_symbol(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the name ends with 0.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}

fn last_error() -> LoadError {
    // SAFETY: the loader keeps the text until the next failure in this thread, and it is copied here.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return LoadError("the loader gives no reason".to_owned());
    }
    // SAFETY: it ends with 0.
    LoadError(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
