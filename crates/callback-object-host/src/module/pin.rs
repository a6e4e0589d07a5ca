//! Counted references to loaded images.

use std::collections::BTreeMap;

use callback_object::{Guard, Lock};

use super::{Handle, Module};

/// Keeps an image loaded.
///
/// ```
/// # #[cfg(all(target_os = "linux", target_env = "gnu"))] {
/// use callback_object_host::module::{Module, Pin};
///
/// // A library of glibc that no program needs, loaded and closed again.
/// // SAFETY: a C string; the library has no initialisers of note.
/// let handle = unsafe { libc::dlopen(c"libBrokenLocale.so.1".as_ptr(), libc::RTLD_NOW) };
/// assert!(!handle.is_null());
/// // SAFETY: an open handle and a C string.
/// let routine = unsafe { libc::dlsym(handle, c"__ctype_get_mb_cur_max".as_ptr()) } as usize;
/// let module = Module::containing(routine).expect("it is loaded");
/// let pin = Pin::on(routine);
/// // SAFETY: nothing of the library is used any more.
/// unsafe { libc::dlclose(handle) };
/// assert!(module.is_mapped()); // for the pin's sake
/// drop(pin);
/// assert!(!module.is_mapped());
/// # }
/// ```
#[derive(Debug)]
pub struct Pin {
    /// Where the image begins; `None`: there is nothing to keep.
    start: Option<usize>,
}

#[derive(Debug)]
struct Pinned {
    module: Module,
    count: usize,
    /// The loader's reference; `None` for images that are not unloaded, such as the main program.
    handle: Option<Handle>,
    /// Told, once the image is gone or should be, whether it is.
    on_release: Option<fn(&Module)>,
}

/// Images with pins, by where they begin.
static PINNED: Lock<BTreeMap<usize, Pinned>> = Lock::new(BTreeMap::new());

fn pinned() -> Guard<'static, BTreeMap<usize, Pinned>> {
    PINNED.lock()
}

impl Pin {
    /// Keeps the image that contains an address loaded until the pin is dropped.
    ///
    /// ```
    /// use callback_object_host::module::Pin;
    ///
    /// extern "C" fn routine() {}
    ///
    /// // Nothing to do for the program itself, which nobody unloads, and for what lies in no image.
    /// let pins = [Pin::on(routine as *const () as usize), Pin::on(0x10)];
    /// drop(pins);
    /// ```
    #[must_use]
    pub fn on(address: usize) -> Pin {
        if let Some(entry) = containing(&mut pinned(), address) {
            entry.count += 1;
            return Pin { start: Some(entry.module.start) };
        }
        let Some(module) = Module::containing(address) else { return Pin { start: None } };
        let handle = if module.is_program { None } else { Handle::of_loaded(&module) };
        let start = module.start;
        let spare = {
            let mut pinned = pinned();
            // Another thread may have been here meanwhile.
            let entry =
                pinned.entry(start).or_insert(Pinned { module, count: 0, handle: None, on_release: None });
            entry.count += 1;
            match entry.handle {
                None => {
                    entry.handle = handle;
                    None
                }
                Some(_) => handle,
            }
        };
        drop(spare);
        Pin { start: Some(start) }
    }
}

fn containing(pinned: &mut BTreeMap<usize, Pinned>, address: usize) -> Option<&mut Pinned> {
    let (_, entry) = pinned.range_mut(..=address).next_back()?;
    entry.module.contains(address).then_some(entry)
}

impl Pin {
    /// Keeps the image until [`release`](Pin::release): for a registration, which has no room for a pin.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }

    /// Gives back a pin that was [kept](Pin::keep) on the image that contains an address.
    pub(crate) fn release(address: usize) {
        let start = containing(&mut pinned(), address).map(|entry| entry.module.start);
        drop(Pin { start });
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let Some(start) = self.start else { return };
        let gone = {
            let mut pinned = pinned();
            let Some(entry) = pinned.get_mut(&start) else { return };
            entry.count -= 1;
            if entry.count > 0 {
                return;
            }
            pinned.remove(&start)
        };
        // The loader runs the image's destructors, which may come back here: no lock is held.
        let Some(Pinned { module, handle, on_release, .. }) = gone else { return };
        drop(handle);
        if let Some(tell) = on_release {
            tell(&module);
        }
    }
}

/// How many pins there are on an image.
pub(crate) fn pins_on(module: &Module) -> usize {
    pinned().get(&module.start).map_or(0, |entry| entry.count)
}

/// Has `tell` called when the last pin on an image is dropped. False: there are no pins.
pub(crate) fn announce_unload(module: &Module, tell: fn(&Module)) -> bool {
    let mut pinned = pinned();
    let Some(entry) = pinned.get_mut(&module.start) else { return false };
    entry.on_release = Some(tell);
    true
}
