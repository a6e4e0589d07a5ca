//! One loaded driver, from its loading to its unloading.
//!
//! # Safety
//!
//! Whoever loads a driver vouches for its code.
#![allow(unsafe_code, reason = "loads foreign code")]

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callback_object::report::{self, Report};
use callback_object::{RawRegistration, Status, irql, raw_registrations, revoke_raw};

use super::entry::DriverObject;
use super::{Leftover, Leftovers, LoadError, UnloadError, Unloaded};
use crate::implementation;
use crate::module::{Handle, Module, Pin, Place, announce_unload, full_path, pins_on};

/// A loaded driver. Dropping it unloads it, with [`Leftovers::Revoke`].
///
/// ```
/// use callback_object_host::{Driver, LoadError};
///
/// /// Loads every driver, and unloads those that are loaded already if one is not.
/// ///
/// /// # Safety
/// /// The files are drivers.
/// unsafe fn load_all(files: &[&str]) -> Result<Vec<Driver>, LoadError> {
///     // SAFETY: the caller's promise.
///     files.iter().map(|file| unsafe { Driver::load(file) }).collect()
/// }
/// // SAFETY: there is no such file, so nothing of it runs.
/// assert!(unsafe { load_all(&["no/such/driver.so"]) }.is_err());
/// ```
#[derive(Debug)]
pub struct Driver(Arc<Loaded>);

/// What the entry point is exported as: under its name or, on 32-bit Windows if nobody asked for plain names, as
/// Microsoft's and GNU's compilers decorate it, with the size of its two arguments.
const ENTRY: [&CStr; 3] = [c"DriverEntry", c"_DriverEntry@8", c"DriverEntry@8"];

/// The same of what a driver exports that is handed the functions, with one argument.
const RECEIVE: [&CStr; 3] = [c"CboReceiveFunctions", c"_CboReceiveFunctions@4", c"CboReceiveFunctions@4"];

/// Every driver that is loaded, being loaded or being unloaded.
static LOADED: Mutex<Vec<Arc<Loaded>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No foreign code runs under these locks, and nothing in them is left unfinished.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Loaded {
    name: String,
    module: Module,
    object: DriverObject,
    state: Mutex<State>,
    /// What keeps the image; taken when it is to go.
    image: Mutex<Option<(Handle, Pin)>>,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("name", &self.name)
            .field("path", &self.module.path())
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Running,
    Stopping,
    /// `DriverUnload` has run, and what it has left keeps the driver loaded.
    Stopped,
    Gone,
}

impl Driver {
    /// Loads a driver and calls its `DriverEntry`. At PASSIVE_LEVEL.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_env = "gnu"))] {
    /// use callback_object_host::{Driver, LoadError};
    ///
    /// let directory = ["/lib/x86_64-linux-gnu", "/lib64", "/lib/aarch64-linux-gnu", "/usr/lib"];
    /// let found = directory.map(|directory| format!("{directory}/libm.so.6"));
    /// if let Some(libm) = found.iter().find(|file| std::fs::exists(file).is_ok_and(|there| there)) {
    ///     // SAFETY: a library that does nothing when it is loaded, and no driver.
    ///     let refused = unsafe { Driver::load(libm) }.unwrap_err();
    ///     println!("{refused}");
    ///     assert!(matches!(refused, LoadError::NoEntry { .. } | LoadError::Image { .. }));
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`LoadError`]. The image is unloaded again, and what it has registered is revoked.
    ///
    /// # Safety
    /// The file is a driver: its initialisers, its `DriverEntry` and its routines may be called, and keep to
    /// the rules of the interface.
    pub unsafe fn load(path: impl AsRef<Path>) -> Result<Driver, LoadError> {
        let path = path.as_ref();
        let at = || path.to_path_buf();
        irql::check("load driver", &path.display(), irql::PASSIVE)
            .map_err(|error| LoadError::Level { path: at(), status: error.status() })?;
        let refused = |reason: String| LoadError::Image { path: at(), reason };
        let visible = implementation::make_visible();
        let file = full_path(path).map_err(|error| refused(error.to_string()))?;
        // SAFETY: the caller vouches for the file.
        let handle = unsafe { Handle::open(&file, false) }.map_err(|error| {
            // What the loader misses then is not the driver's fault.
            refused(visible.clone().err().unwrap_or_else(|| error.to_string()))
        })?;
        let module = handle.module().ok_or_else(|| refused("the loader does not describe it".to_owned()))?;
        implementation::check(&handle).map_err(|(first, second)| LoadError::SecondImplementation {
            path: at(),
            first,
            second,
        })?;
        let exported = |names: &[&CStr]| {
            let function = names.iter().find_map(|name| handle.symbol(name));
            function.filter(|function| module.contains(function.addr().get()))
        };
        let receive = exported(&RECEIVE);
        let functions = match receive {
            None => visible.map(|()| None).map_err(refused)?,
            Some(receive) => {
                let nothing =
                    || refused("there are no functions to hand to it: `provide` them first".to_owned());
                Some((receive, implementation::functions().ok_or_else(nothing)?))
            }
        };
        let entry = exported(&ENTRY);
        let entry = entry.ok_or_else(|| LoadError::NoEntry { path: at() })?;
        let name = driver_name(&file);
        let loaded = Arc::new(Loaded {
            object: DriverObject::new(&module, &name, entry),
            image: Mutex::new(Some((handle, Pin::on(entry.addr().get())))),
            state: Mutex::new(State::Starting),
            module,
            name,
        });
        if !loaded.announce() {
            return Err(LoadError::AlreadyLoaded { path: at() });
        }
        if let Some((receive, functions)) = functions {
            DriverObject::hand(&loaded.name, receive, functions);
        }
        let status = loaded.object.start(&loaded.name);
        if status < 0 {
            let left = loaded.leftovers();
            loaded.report(&left);
            loaded.remove();
            return Err(LoadError::Entry { path: at(), status: Status::from_bits(status.cast_unsigned()) });
        }
        *lock(&loaded.state) = State::Running;
        Ok(Driver(loaded))
    }

    /// The driver's name: that of the file without `lib` and extension.
    ///
    /// ```
    /// use callback_object_host::Driver;
    ///
    /// /// What a list of drivers shows.
    /// fn line(driver: &Driver) -> String {
    ///     format!("{} from {}", driver.name(), driver.module().path().display())
    /// }
    /// # let _ = line;
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The driver's image.
    ///
    /// ```
    /// use callback_object::raw_registrations;
    /// use callback_object_host::Driver;
    ///
    /// /// How many routines of a driver are registered.
    /// fn routines(driver: &Driver) -> usize {
    ///     raw_registrations()
    ///         .iter()
    ///         .filter(|registration| driver.module().contains(registration.routine))
    ///         .count()
    /// }
    /// # let _ = routines;
    /// ```
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.0.module
    }

    /// Calls `DriverUnload` and lets the image go: see the [module](crate::driver). At PASSIVE_LEVEL.
    ///
    /// ```
    /// use callback_object_host::{Driver, Leftovers, UnloadError};
    ///
    /// /// Unloads a driver that has undone what it has done, and keeps another.
    /// fn unload_clean(driver: Driver) -> Result<(), (Driver, UnloadError)> {
    ///     driver.unload(Leftovers::Refuse).map(drop)
    /// }
    /// # let _ = unload_clean;
    /// ```
    ///
    /// # Errors
    /// See [`UnloadError`]. The driver is loaded as before, and returned.
    pub fn unload(self, leftovers: Leftovers) -> Result<Unloaded, (Driver, UnloadError)> {
        match self.0.unload(leftovers) {
            Ok(unloaded) => Ok(unloaded),
            Err(error) => Err((self, error)),
        }
    }

    /// [`unload`](Driver::unload) for whoever keeps the driver elsewhere.
    pub(crate) fn unload_shared(&self, leftovers: Leftovers) -> Result<Unloaded, UnloadError> {
        self.0.unload(leftovers)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if *lock(&self.0.state) == State::Gone {
            return;
        }
        if let Err(error) = self.0.unload(Leftovers::Revoke) {
            report::send(&Report::Host { text: format!("{error}; it stays loaded"), bug_check: None });
        }
    }
}

/// `connection` for `/opt/drivers/libconnection.so`.
fn driver_name(file: &Path) -> String {
    let file = PathBuf::from(file);
    let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    stem.strip_prefix("lib").map_or(stem.clone(), ToOwned::to_owned)
}

impl Loaded {
    /// Enters the list, unless the image is in it.
    fn announce(self: &Arc<Loaded>) -> bool {
        let mut loaded = lock(&LOADED);
        let known = loaded.iter().any(|other| other.module == self.module);
        if !known {
            loaded.push(Arc::clone(self));
        }
        !known
    }

    fn unload(&self, policy: Leftovers) -> Result<Unloaded, UnloadError> {
        let driver = || self.name.clone();
        irql::check("unload driver", &self.name, irql::PASSIVE)
            .map_err(|error| UnloadError::Level { driver: driver(), status: error.status() })?;
        let before = {
            let mut state = lock(&self.state);
            match *state {
                State::Running if !self.object.can_stop() => {
                    return Err(UnloadError::NoUnload { driver: driver() });
                }
                State::Running | State::Stopped => std::mem::replace(&mut *state, State::Stopping),
                State::Starting | State::Stopping | State::Gone => {
                    return Err(UnloadError::Busy { driver: driver() });
                }
            }
        };
        if before == State::Running {
            self.object.stop(&self.name);
        }
        let leftovers = self.leftovers();
        self.report(&leftovers);
        if policy == Leftovers::Refuse && !leftovers.is_empty() {
            *lock(&self.state) = State::Stopped;
            return Err(UnloadError::Leftovers { driver: driver(), leftovers });
        }
        Ok(match self.remove() {
            Some(still_mapped) => Unloaded::Now { leftovers, still_mapped },
            None => Unloaded::Deferred { leftovers },
        })
    }

    /// Routines of this image that are registered.
    fn leftovers(&self) -> Vec<Leftover> {
        let mine = raw_registrations().into_iter().filter(|registration| self.owns(registration));
        mine.map(|registration| Leftover {
            object: registration.object.name(),
            routine: Place::of(registration.routine).to_string(),
        })
        .collect()
    }

    fn owns(&self, registration: &RawRegistration) -> bool {
        self.module.contains(registration.routine)
    }

    /// The kernel's DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS, without its end.
    fn report(&self, leftovers: &[Leftover]) {
        for Leftover { object, routine } in leftovers {
            let text = format!("driver {} has left {routine} registered with {object}", self.name);
            report::send(&Report::Host { text, bug_check: Some(0xCE) });
        }
    }

    /// Unregisters what is left and lets the image go. Whether it is mapped still; `None` if it is because
    /// one of its routines runs.
    fn remove(&self) -> Option<bool> {
        // The only error is that waiting would never end; then the pins stay until the calls have returned.
        let _ = revoke_raw(|registration| self.owns(registration));
        *lock(&self.state) = State::Gone;
        lock(&LOADED).retain(|other| !std::ptr::eq(&raw const **other, self));
        let image = lock(&self.image).take();
        announce_unload(&self.module, report_if_mapped);
        let running = pins_on(&self.module) > 1;
        drop(image);
        (!running).then(|| self.module.is_mapped())
    }
}

/// Told when the last pin is gone.
fn report_if_mapped(module: &Module) {
    if module.is_mapped() {
        let text = format!(
            "{} was unloaded, but the loader keeps it mapped: it has thread-local values or unique symbols, or \
             another part of the process uses it; loaded again, it will find its old variables",
            module.name()
        );
        report::send(&Report::Host { text, bug_check: None });
    }
}
