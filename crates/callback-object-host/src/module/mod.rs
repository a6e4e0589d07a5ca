//! Which loaded image an address belongs to, what it is called there, and how the image is kept loaded.
//!
//! A registered routine is an address. If its image is unloaded, the next notification jumps into nothing.
//! So every registration that comes through the C interface holds a [`Pin`] on the image of its routine:
//! one more reference, in the loader's own count, to what is loaded already. The pins of one image share
//! that reference and count among themselves, so that the loader is asked for the first routine of an image
//! and for its last one, and not for those between them.
//!
//! The last pin gives the reference back, wherever that happens: when a routine has unregistered itself and
//! returned, this is the place and the moment at which its image may go. Nothing else is needed for a driver
//! that unloads itself from one of its own routines.
//!
//! The main program and addresses outside of any image (closures of a foreign-function interface, code
//! generated at run time) need no pin: nobody can unload them through the loader.

#[cfg(unix)]
#[path = "unix.rs"]
mod loader;
#[cfg(windows)]
#[path = "windows.rs"]
mod loader;
mod pin;
mod symbol;

use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use loader::{Handle, LoadError, full_path, global_symbol, path_of};
pub use pin::Pin;
pub(crate) use pin::{announce_unload, pins_on};

/// A loaded image: the main program or a shared library.
///
/// ```
/// use callback_object_host::module::Module;
///
/// extern "C" fn routine() {}
///
/// let module = Module::containing(routine as *const () as usize).expect("code of this program");
/// println!("a routine of {} at {:#x}", module.name(), module.addresses().start);
/// assert!(module.is_program() && module.is_mapped());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Module {
    path: PathBuf,
    start: usize,
    end: usize,
    /// What the loader has added to the addresses in the file.
    bias: usize,
    is_program: bool,
}

impl Module {
    /// The image that an address lies in.
    ///
    /// ```
    /// use callback_object_host::module::Module;
    ///
    /// # #[cfg(unix)] {
    /// let libc = Module::containing(libc::getpid as *const () as usize).expect("it is loaded");
    /// assert!(!libc.is_program());
    /// # }
    /// // Memory of the heap belongs to no image.
    /// let heap = Box::new(0);
    /// assert_eq!(Module::containing((&raw const *heap).addr()), None);
    /// ```
    #[must_use]
    pub fn containing(address: usize) -> Option<Module> {
        loader::find(|module| module.contains(address))
    }

    /// The file, as the loader was asked for it. That of the main program is asked from the system.
    ///
    /// ```
    /// use callback_object_host::module::Module;
    ///
    /// extern "C" fn routine() {}
    ///
    /// let module = Module::containing(routine as *const () as usize).expect("code of this program");
    /// assert_eq!(module.path().file_name(), std::env::current_exe()?.file_name());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the file.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_env = "gnu"))] {
    /// use callback_object_host::module::Module;
    ///
    /// let module = Module::containing(libc::getpid as *const () as usize).expect("it is loaded");
    /// assert_eq!(module.name(), "libc.so.6");
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(|| "?".to_owned(), |n| n.to_string_lossy().into_owned())
    }

    /// The addresses of the image.
    ///
    /// ```
    /// use callback_object_host::module::Module;
    ///
    /// extern "C" fn routine() {}
    ///
    /// let address = routine as *const () as usize;
    /// let addresses = Module::containing(address).expect("code of this program").addresses();
    /// // How tools write an address of an image that may be loaded anywhere:
    /// let offset = address - addresses.start;
    /// assert!(offset < addresses.len());
    /// ```
    #[must_use]
    pub fn addresses(&self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    /// Whether the image is that of the program itself.
    ///
    /// ```
    /// use callback_object_host::module::Module;
    ///
    /// extern "C" fn routine() {}
    ///
    /// // Nobody can unload the program, so its routines need no pin.
    /// let module = Module::containing(routine as *const () as usize).expect("code of this program");
    /// assert!(module.is_program());
    /// ```
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.is_program
    }

    /// Whether an address lies in the image.
    ///
    /// ```
    /// use callback_object_host::module::Module;
    ///
    /// extern "C" fn first() {}
    /// extern "C" fn second() {}
    ///
    /// // Are two routines of the same driver?
    /// let module = Module::containing(first as *const () as usize).expect("code of this program");
    /// assert!(module.contains(second as *const () as usize));
    /// assert!(!module.contains(0));
    /// ```
    #[must_use]
    pub fn contains(&self, address: usize) -> bool {
        self.addresses().contains(&address)
    }

    /// Whether the image is still loaded at the same place.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_env = "gnu"))] {
    /// use callback_object_host::module::Module;
    ///
    /// // A library of glibc that no program needs.
    /// // SAFETY: a C string; the library has no initialisers of note.
    /// let handle = unsafe { libc::dlopen(c"libBrokenLocale.so.1".as_ptr(), libc::RTLD_NOW) };
    /// assert!(!handle.is_null());
    /// // SAFETY: an open handle and a C string.
    /// let function = unsafe { libc::dlsym(handle, c"__ctype_get_mb_cur_max".as_ptr()) };
    /// let module = Module::containing(function as usize).expect("it is loaded");
    /// assert!(module.is_mapped());
    /// // SAFETY: nothing of the library is used any more.
    /// unsafe { libc::dlclose(handle) };
    /// assert!(!module.is_mapped());
    /// # }
    /// ```
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        loader::find(|module| module.start == self.start && module.path == self.path).is_some()
    }
}

/// What is known of an address: for reports.
///
/// ```
/// use callback_object_host::module::Place;
///
/// // What reports say of a routine that lies nowhere:
/// assert_eq!(Place::of(0x10).to_string(), "0x10 in no image");
/// ```
#[derive(Clone, Debug)]
pub struct Place {
    address: usize,
    module: Option<Module>,
    symbol: Option<(String, usize)>,
}

impl Place {
    /// Looks an address up. Not fast: for reports.
    ///
    /// ```
    /// use callback_object_host::module::Place;
    ///
    /// extern "C" fn routine() {}
    /// let place = Place::of(routine as *const () as usize);
    /// assert!(place.symbol().unwrap().contains("routine"), "{place}");
    /// ```
    #[must_use]
    pub fn of(address: usize) -> Place {
        let module = Module::containing(address);
        let symbol = loader::exported_symbol(address)
            .or_else(|| module.as_ref().and_then(|m| symbol::in_file(m, address)));
        Place { address, module, symbol }
    }

    /// The function that contains the address, as the image calls it.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use callback_object_host::module::Place;
    ///
    /// let inside = Place::of(libc::getenv as *const () as usize);
    /// assert_eq!(inside.symbol(), Some("getenv"));
    /// # }
    /// ```
    #[must_use]
    pub fn symbol(&self) -> Option<&str> {
        self.symbol.as_ref().map(|(name, _)| name.as_str())
    }

    /// The image that contains the address.
    ///
    /// ```
    /// use callback_object_host::module::Place;
    ///
    /// extern "C" fn routine() {}
    ///
    /// let place = Place::of(routine as *const () as usize);
    /// assert!(place.module().expect("code of this program").is_program());
    /// assert!(Place::of(0x10).module().is_none());
    /// ```
    #[must_use]
    pub fn module(&self) -> Option<&Module> {
        self.module.as_ref()
    }
}

/// `connection_routine in libtcp.so`, `connection_routine+0x12 in libtcp.so`, `libtcp.so+0x1139`, or
/// `0x7f21c0de in no image`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.symbol, &self.module) {
            (Some((name, 0)), Some(module)) => write!(f, "{name} in {}", module.name()),
            (Some((name, offset)), Some(module)) => write!(f, "{name}+{offset:#x} in {}", module.name()),
            (_, Some(module)) => write!(f, "{}+{:#x}", module.name(), self.address - module.start),
            (_, None) => write!(f, "{:#x} in no image", self.address),
        }
    }
}
