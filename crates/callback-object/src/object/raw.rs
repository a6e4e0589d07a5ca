//! Routines by pointer, and handles that can be checked: what the C interface is made of.
//!
//! A [`Handle`] is an index into a table and a check. The entry it leads to is emptied when it is
//! unregistered, so a handle that is used twice, or was made up, is found out and harms nothing: the
//! check is taken from the registration's number, of which no two are alike.
//!
//! # Safety
//! Registering a pointer is a promise about it, see [`register_raw`].
#![allow(unsafe_code, reason = "routines are pointers here")]

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::fmt;
use core::num::NonZeroUsize;

use hashbrown::HashMap;

use super::registration::deadlock;
use super::{Joining, Object, ObjectReference, RegistrationEntry, Routine};
use crate::irql;
use crate::platform::Lock;
use crate::report::{self, Address, Report};
use crate::rundown::{self, Departure};
use crate::status::{Error, Status};

/// Bits of a handle that are the index; the rest are the check.
const INDEX_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };

/// Records in one allocation.
const CHUNK: usize = 1024;

/// A registration, as the opaque pointer that `ExRegisterCallback` returns.
///
/// ```
/// use callback_object::{Handle, Status, unregister_raw};
///
/// // A handle is checked when it is used, so that one which C made up is found out.
/// let handle = Handle::from_bits(0xDEAD_BEEF).expect("not 0");
/// assert_eq!(unregister_raw(handle).unwrap_err().status(), Status::INVALID_HANDLE);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Handle(NonZeroUsize);

impl Handle {
    /// The handle with this value, to be checked when it is used; `None` for 0.
    ///
    /// ```
    /// use callback_object::Handle;
    ///
    /// assert_eq!(Handle::from_bits(0), None); // what a failed registration returns in C
    /// assert_eq!(Handle::from_bits(17).map(Handle::bits), Some(17));
    /// ```
    #[must_use]
    pub fn from_bits(bits: usize) -> Option<Handle> {
        NonZeroUsize::new(bits).map(Handle)
    }

    /// Its value.
    ///
    /// ```
    /// use callback_object::Handle;
    ///
    /// let handle = Handle::from_bits(0x1234).expect("not 0");
    /// let opaque: *mut std::ffi::c_void = std::ptr::without_provenance_mut(handle.bits());
    /// assert_eq!(Handle::from_bits(opaque.addr()), Some(handle));
    /// ```
    #[must_use]
    pub fn bits(self) -> usize {
        self.0.get()
    }

    /// Indices begin at 1, so that no handle is 0.
    fn new(index: usize, state: u64) -> Option<Handle> {
        let index = index + 1;
        (index >> INDEX_BITS == 0).then(|| Handle::from_bits(index | check(state) << INDEX_BITS)).flatten()
    }

    fn index(self) -> Option<usize> {
        (self.bits() & ((1 << INDEX_BITS) - 1)).checked_sub(1)
    }
}

/// The part of a registration's number that fits a handle.
fn check(state: u64) -> usize {
    let mask = usize::MAX >> INDEX_BITS;
    // Numbers are even.
    usize::try_from(state >> 1 & mask as u64).unwrap_or(0)
}

enum Record {
    Free { next: usize },
    Used(Registered),
}

struct Registered {
    /// Not a reference with its front, which would take more memory.
    object: Arc<Object>,
    state: u64,
    removed: Option<Removed>,
}

/// Called once when a routine that was registered by pointer has been removed and its last call has
/// returned: the place to free its context and to let its library go. Gets the handle it had, and its
/// address. No lock is held.
///
/// ```
/// use std::ffi::c_void;
/// use std::ptr::null_mut;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use callback_object::{Attributes, CallbackObject, Handle, Removed, register_raw, unregister_raw};
///
/// static GONE: AtomicUsize = AtomicUsize::new(0);
/// unsafe extern "system-unwind" fn routine(_: *mut c_void, _: *mut c_void, _: *mut c_void) {}
/// /// Here the routine's library may go.
/// fn removed(_handle: Handle, routine: usize) {
///     GONE.store(routine, Ordering::Relaxed);
/// }
///
/// let object = CallbackObject::unnamed(Attributes::new());
/// // SAFETY: the routine may be called at any time with anything.
/// let handle = unsafe { register_raw(&object, routine, null_mut(), Some(removed as Removed)) }?;
/// unregister_raw(handle)?;
/// assert_ne!(GONE.load(Ordering::Relaxed), 0);
/// # Ok::<(), callback_object::Error>(())
/// ```
pub type Removed = fn(handle: Handle, routine: usize);

struct Table {
    chunks: Vec<Box<[Record]>>,
    /// Index of the first free record; beyond the table if there is none.
    free: usize,
}

#[cfg(not(loom))]
static TABLE: Lock<Table> = Lock::new(Table { chunks: Vec::new(), free: 0 });
#[cfg(loom)]
loom::lazy_static! {
    static ref TABLE: Lock<Table> = Lock::new(Table { chunks: Vec::new(), free: 0 });
}

impl Table {
    fn record(&mut self, index: usize) -> Option<&mut Record> {
        self.chunks.get_mut(index / CHUNK)?.get_mut(index % CHUNK)
    }

    fn length(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    fn insert(&mut self, registered: Registered) -> Option<Handle> {
        let index = self.free;
        let handle = Handle::new(index, registered.state)?;
        if index == self.length() {
            let chunk = (index..index + CHUNK).map(|i| Record::Free { next: i + 1 });
            self.chunks.push(chunk.collect());
        }
        let record = self.record(index)?;
        if let Record::Free { next } = core::mem::replace(record, Record::Used(registered)) {
            self.free = next;
        }
        Some(handle)
    }

    /// Empties the record at an index.
    fn take(&mut self, index: usize) -> Option<Registered> {
        let next = self.free;
        let record = self.record(index)?;
        if matches!(record, Record::Free { .. }) {
            return None;
        }
        match core::mem::replace(record, Record::Free { next }) {
            Record::Used(registered) => {
                self.free = index;
                Some(registered)
            }
            Record::Free { .. } => None,
        }
    }

    /// Empties the record of a handle, if the handle is valid.
    fn redeem(&mut self, handle: Handle) -> Option<Registered> {
        let index = handle.index()?;
        match self.record(index)? {
            Record::Used(r) if Handle::new(index, r.state) == Some(handle) => self.take(index),
            _ => None,
        }
    }

    fn used(&self) -> impl Iterator<Item = (usize, &Arc<Object>, u64)> {
        self.chunks.iter().flatten().enumerate().filter_map(|(index, record)| match record {
            Record::Used(r) => Some((index, &r.object, r.state)),
            Record::Free { .. } => None,
        })
    }
}

/// A registration made by [`register_raw`].
///
/// ```
/// use std::ffi::c_void;
///
/// use callback_object::{Attributes, CallbackObject, raw_registrations, register_raw, unregister_raw};
///
/// unsafe extern "system-unwind" fn routine(_: *mut c_void, _: *mut c_void, _: *mut c_void) {}
///
/// let object = CallbackObject::unnamed(Attributes::new());
/// let context = std::ptr::without_provenance_mut(7);
/// // SAFETY: the routine may be called at any time with anything.
/// let handle = unsafe { register_raw(&object, routine, context, None) }?;
/// let registration = &raw_registrations()[0];
/// assert!(registration.handle == handle && registration.object.is_same(&object));
/// assert_eq!((registration.routine, registration.context), (routine as *const () as usize, 7));
/// # unregister_raw(handle)?;
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RawRegistration {
    /// Its handle.
    pub handle: Handle,
    /// The object it is registered with.
    pub object: ObjectReference,
    /// Address of the routine.
    pub routine: usize,
    /// The context, as a number.
    pub context: usize,
}

/// Registers a routine by pointer: `ExRegisterCallback`. `removed` is called after its last call; never if
/// registering fails.
///
/// ```
/// use std::ffi::c_void;
/// use std::ptr::null_mut;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use callback_object::{Attributes, CallbackObject, register_raw, unregister_raw};
///
/// unsafe extern "system-unwind" fn count(context: *mut c_void, _: *mut c_void, _: *mut c_void) {
///     // SAFETY: the context is the counter below.
///     unsafe { &*context.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
/// }
///
/// let calls = AtomicUsize::new(0);
/// let object = CallbackObject::unnamed(Attributes::new());
/// // SAFETY: the routine takes this context from any thread, and is unregistered before the counter goes.
/// let handle = unsafe { register_raw(&object, count, (&raw const calls).cast_mut().cast(), None) }?;
/// object.notify(null_mut(), null_mut())?;
/// unregister_raw(handle)?;
/// assert_eq!(calls.load(Ordering::Relaxed), 1);
/// # Ok::<(), callback_object::Error>(())
/// ```
///
/// # Errors
/// - [`Status::ALREADY_REGISTERED`] if the object takes one routine and has one.
/// - [`Status::INVALID_DEVICE_STATE`] above [`irql::APC`].
/// - [`Status::INSUFFICIENT_RESOURCES`] when no more handles can be given out.
///
/// # Safety
/// From now until [`unregister_raw`] has returned success, any thread may call the routine with this
/// context and with the arguments of any notification of this object, also several at once.
pub unsafe fn register_raw(
    object: &ObjectReference,
    routine: Routine,
    context: *mut c_void,
    removed: Option<Removed>,
) -> Result<Handle, Error> {
    let state = object.add(routine, context)?;
    let handle = TABLE.lock().insert(Registered { object: Arc::clone(&object.object), state, removed });
    handle.ok_or_else(|| {
        // Another thread may have called the routine by now, and be in it: whoever hears of an error need not expect that.
        let buried = object.bury(state);
        let _ = object.depart(&buried, &[state]);
        let joining = Joining(routine as *const () as usize, &object.identity);
        Error::new(Status::INSUFFICIENT_RESOURCES, "register", &joining)
    })
}

/// Unregisters: `ExUnregisterCallback`. The handle is invalid from the moment this is called.
///
/// When it returns success, no call of the routine begins, and none is running but those of this thread.
///
/// ```
/// use std::ffi::c_void;
/// use std::ptr::null_mut;
///
/// use callback_object::{Attributes, CallbackObject, Status, register_raw, report, unregister_raw};
///
/// unsafe extern "system-unwind" fn routine(_: *mut c_void, _: *mut c_void, _: *mut c_void) {}
///
/// report::set_handler(Some(|report| assert_eq!(report.bug_check(), Some(0xC4))));
/// let object = CallbackObject::unnamed(Attributes::new());
/// // SAFETY: the routine may be called at any time with anything.
/// let handle = unsafe { register_raw(&object, routine, null_mut(), None) }?;
/// unregister_raw(handle)?;
/// // Doing it twice is an error that a driver may make, and is reported as well.
/// assert_eq!(unregister_raw(handle).unwrap_err().status(), Status::INVALID_HANDLE);
/// # Ok::<(), callback_object::Error>(())
/// ```
///
/// # Errors
/// - [`Status::INVALID_HANDLE`] for a handle that was never given out or was unregistered already.
/// - [`Status::INVALID_DEVICE_STATE`] above [`irql::APC`]: nothing is done, the handle stays valid.
/// - [`Status::POSSIBLE_DEADLOCK`] if a thread inside the routine waits for this one. No call begins any
///   more, but those that run go on: the context must not be freed until they returned.
pub fn unregister_raw(handle: Handle) -> Result<(), Error> {
    irql::check("unregister", &Shown(handle), irql::APC)?;
    let redeemed = TABLE.lock().redeem(handle);
    let Some(Registered { object, state, removed }) = redeemed else {
        report::send(&Report::StaleHandle { handle: handle.bits() as u64 });
        let subject = alloc::format!("handle {:#x}", handle.bits());
        return Err(Error::new(Status::INVALID_HANDLE, "unregister", &subject)
            .hint("it was never given out, or was unregistered before"));
    };
    let object = ObjectReference::new(object);
    let buried = object.bury(state);
    let departure = object.depart(&buried, &[state]);
    if let Some(removed) = removed {
        after_last_call(departure, state, &object, move || removed(handle, buried.routine));
    }
    match departure {
        Departure::Complete | Departure::OwnCall => Ok(()),
        Departure::Deadlock => Err(deadlock(&object, buried.routine)),
    }
}

/// The routine of a handle, for a report.
struct Shown(Handle);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registered = raw_registrations().into_iter().find(|registered| registered.handle == self.0);
        match registered {
            Some(RawRegistration { routine, object, .. }) => {
                write!(f, "routine {} of {}", Address(routine), object.name())
            }
            None => f.write_str("a routine"),
        }
    }
}

/// Now, or when the calls that go on have returned.
fn after_last_call(
    departure: Departure,
    state: u64,
    object: &ObjectReference,
    work: impl FnOnce() + Send + 'static,
) {
    match departure {
        Departure::Complete => work(),
        Departure::OwnCall | Departure::Deadlock => rundown::defer(state, object.fence(), Box::new(work)),
    }
}

/// The registrations made by [`register_raw`], of all objects; those of one object together and in order.
///
/// ```standalone_crate
/// use std::ffi::c_void;
/// use std::ptr::null_mut;
///
/// use callback_object::{Attributes, CallbackObject, raw_registrations, register_raw, unregister_raw};
///
/// unsafe extern "system-unwind" fn routine(_: *mut c_void, _: *mut c_void, _: *mut c_void) {}
///
/// let object = CallbackObject::unnamed(Attributes::new());
/// let _closure = object.register(|_, _| {})?; // not by pointer
/// // SAFETY: the routine may be called at any time with anything.
/// let handle = unsafe { register_raw(&object, routine, null_mut(), None) }?;
/// assert_eq!(raw_registrations().len(), 1);
/// unregister_raw(handle)?;
/// assert!(raw_registrations().is_empty());
/// # Ok::<(), callback_object::Error>(())
/// ```
#[must_use]
pub fn raw_registrations() -> Vec<RawRegistration> {
    let mut all = Vec::new();
    for picked in pick(|registration| {
        all.push(registration.clone());
        false
    }) {
        debug_assert!(picked.registrations.is_empty(), "nothing was picked");
    }
    all
}

/// Registrations of one object, in order.
struct Picked {
    object: ObjectReference,
    registrations: Vec<(u64, Handle, usize)>,
}

/// The registrations that were made by [`register_raw`] and that `which` picks. It is asked under no lock.
fn pick(mut which: impl FnMut(&RawRegistration) -> bool) -> Vec<Picked> {
    let mut picked = objects_with_handles();
    for Picked { object, registrations } in &mut picked {
        registrations.sort_unstable_by_key(|(state, ..)| *state);
        // Both sides are in order; closures are among the entries only, and what goes right now among the
        // handles only.
        let mut entries = object.registrations().into_iter().peekable();
        let Some((_, handle, _)) = registrations.first() else { continue };
        let mut shown = RawRegistration { handle: *handle, object: object.clone(), routine: 0, context: 0 };
        registrations.retain_mut(|(state, handle, address)| {
            while entries.next_if(|entry| entry.id < *state).is_some() {}
            entries.next_if(|entry| entry.id == *state).is_some_and(
                |RegistrationEntry { routine, context, .. }| {
                    *address = routine;
                    (shown.handle, shown.routine, shown.context) = (*handle, routine, context);
                    which(&shown)
                },
            )
        });
    }
    picked
}

/// Every object in the table with its handles, by address.
fn objects_with_handles() -> Vec<Picked> {
    let mut all: Vec<Picked> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    let table = TABLE.lock();
    // Neighbours in the table are often of one object.
    let mut latest = usize::MAX;
    for (index, object, state) in table.used() {
        let Some(handle) = Handle::new(index, state) else { continue };
        if !all.get(latest).is_some_and(|picked| Arc::ptr_eq(&picked.object.object, object)) {
            latest = *places.entry(Arc::as_ptr(object).addr()).or_insert_with(|| {
                all.push(Picked {
                    object: ObjectReference::new(Arc::clone(object)),
                    registrations: Vec::new(),
                });
                all.len() - 1
            });
            if all[latest].registrations.is_empty() {
                all[latest].registrations.reserve(object.registered().min(table.length()));
            }
        }
        all[latest].registrations.push((state, handle, 0));
    }
    all
}

/// Unregisters every one of [`raw_registrations`] that `which` picks: what an unloaded module left
/// behind, say. Their handles are invalid afterwards. The wait is one for all of an object.
///
/// Returns how many were unregistered by this.
///
/// ```
/// use std::ffi::c_void;
/// use std::ptr::null_mut;
///
/// use callback_object::{Attributes, CallbackObject, register_raw, revoke_raw};
///
/// unsafe extern "system-unwind" fn routine(_: *mut c_void, _: *mut c_void, _: *mut c_void) {}
///
/// let object = CallbackObject::unnamed(Attributes::new());
/// for _ in 0..3 {
///     // SAFETY: the routine may be called at any time with anything.
///     unsafe { register_raw(&object, routine, null_mut(), None) }?;
/// }
/// // What lies in a library that is about to go:
/// let (start, end) = (routine as *const () as usize, routine as *const () as usize + 1);
/// assert_eq!(revoke_raw(|registration| (start..end).contains(&registration.routine))?, 3);
/// assert_eq!(object.registered(), 0);
/// # Ok::<(), callback_object::Error>(())
/// ```
///
/// # Errors
/// As [`unregister_raw`]; after [`Status::POSSIBLE_DEADLOCK`] all picked routines are dead, but calls of
/// them may still be running.
pub fn revoke_raw(which: impl Fn(&RawRegistration) -> bool) -> Result<usize, Error> {
    irql::check("revoke", &"routines", irql::APC)?;
    let mut count = 0;
    let mut outcome = Ok(());
    for Picked { object, registrations } in pick(which) {
        let first = registrations.first().map_or(0, |(.., routine)| *routine);
        let mut states = Vec::with_capacity(registrations.len());
        let mut to_tell: Vec<(u64, Handle, usize, Removed)> = Vec::new();
        {
            let mut table = TABLE.lock();
            for (state, handle, routine) in registrations {
                if let Some(registered) = table.redeem(handle) {
                    states.push(state);
                    to_tell.extend(registered.removed.map(|removed| (state, handle, routine, removed)));
                }
            }
        }
        if states.is_empty() {
            continue;
        }
        count += states.len();
        let buried = object.bury_all(&states);
        let departure = object.depart(&buried, &states);
        for (state, handle, routine, removed) in to_tell {
            after_last_call(departure, state, &object, move || removed(handle, routine));
        }
        if departure == Departure::Deadlock {
            outcome = Err(deadlock(&object, first));
        }
    }
    outcome.map(|()| count)
}
