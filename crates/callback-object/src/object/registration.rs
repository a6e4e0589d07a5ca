//! Closures as routines, unregistered when their registration is dropped.
//!
//! The closure is boxed; its address is the context of a shim that is compiled for its type. The box is
//! freed when no thread is inside the closure: by whoever drops the registration, or, if that is one of
//! the threads inside, or waiting would never end, by the thread that leaves it last.
//!
//! # Safety
//! A context is freed once, after rundown said that nobody is inside and nobody will enter.
#![allow(unsafe_code, reason = "closures travel as pointers")]

use alloc::boxed::Box;
use alloc::string::ToString as _;
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem;

use super::{ObjectReference, Routine, panics};
use crate::irql;
use crate::platform;
use crate::report::{self, Report};
use crate::rundown::{self, Departure, Slot};
use crate::status::{Error, Status};

/// A closure that takes both arguments.
pub(crate) struct Closure<F>(PhantomData<F>);

impl<F: Fn(*mut c_void, *mut c_void) + Send + Sync + 'static> Closure<F> {
    /// The routine that calls a closure of this type.
    unsafe extern "system-unwind" fn shim(
        context: *mut c_void,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) {
        // SAFETY: the context it was registered with is a closure of this type, shared until rundown.
        let closure = unsafe { &*context.cast_const().cast::<F>() };
        if let Err(payload) = platform::catch(|| closure(argument1, argument2)) {
            panics::caught(payload);
        }
    }

    /// Frees a closure of this type.
    ///
    /// # Safety
    /// The context came from a box of this type and nobody uses it.
    unsafe fn free(context: *mut c_void) {
        // SAFETY: as the caller promises.
        drop(unsafe { Box::from_raw(context.cast::<F>()) });
    }
}

/// A closure on the heap that is freed when this is dropped.
struct Context {
    address: *mut c_void,
    free: unsafe fn(*mut c_void),
}

// SAFETY: the closure it owns is `Send`.
unsafe impl Send for Context {}
// SAFETY: the closure it owns is `Sync`.
unsafe impl Sync for Context {}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: made from a box together with the function that frees it; dropped after rundown.
        unsafe { (self.free)(self.address) };
    }
}

/// A closure is registered; dropping this unregisters it.
///
/// After the drop no call of the closure begins, and none is running in another thread: the drop waits
/// for them, and for nothing else. It may happen at any moment, also in the closure itself or in another
/// routine of the same notification.
///
/// Two threads that are inside two routines and each drop the other's registration would wait for each
/// other. The one that would close the circle does not wait: [`unregister`](Self::unregister) says so,
/// the drop sends a [report]. The closure is then freed when its last call returns.
///
/// ```
/// use std::ptr::null_mut;
/// use std::sync::Arc;
///
/// use callback_object::{Attributes, CallbackObject};
///
/// let object = CallbackObject::unnamed(Attributes::new());
/// let state = Arc::new(());
/// let captured = Arc::clone(&state);
/// let registration = object.register(move |_, _| drop(Arc::clone(&captured)))?;
/// object.notify(null_mut(), null_mut())?;
/// drop(registration);
/// // The closure is gone, with what it had captured.
/// assert_eq!(Arc::strong_count(&state), 1);
/// # Ok::<(), callback_object::Error>(())
/// ```
#[must_use = "the routine is unregistered when this is dropped"]
pub struct Registration {
    object: ObjectReference,
    state: u64,
    context: mem::ManuallyDrop<Context>,
}

impl ObjectReference {
    /// Registers a closure, after all that are registered already: `ExRegisterCallback`.
    ///
    /// Notifications that begin after this returned call it. The same closure may be registered more
    /// than once.
    ///
    /// ```
    /// use std::ptr::null_mut;
    /// use std::sync::Mutex;
    ///
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// static CALLED: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let _first = object.register(|_, _| CALLED.lock().unwrap().push("first"))?;
    /// let _second = object.register(|_, _| CALLED.lock().unwrap().push("second"))?;
    /// object.notify(null_mut(), null_mut())?;
    /// assert_eq!(*CALLED.lock().unwrap(), ["first", "second"]);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`Status::ALREADY_REGISTERED`] if the object takes one routine and has one.
    /// - [`Status::INVALID_DEVICE_STATE`] above [`irql::APC`].
    pub fn register<F>(&self, routine: F) -> Result<Registration, Error>
    where
        F: Fn(*mut c_void, *mut c_void) + Send + Sync + 'static,
    {
        let address = Box::into_raw(Box::new(routine)).cast::<c_void>();
        let context = Context { address, free: Closure::<F>::free };
        let shim: Routine = Closure::<F>::shim;
        let state = self.object.add(shim, address)?;
        Ok(Registration { object: self.clone(), state, context: mem::ManuallyDrop::new(context) })
    }
}

impl Registration {
    /// Unregisters, and says whether the wait was complete. Either way no call begins any more.
    ///
    /// ```standalone_crate
    /// use callback_object::irql::{self, DISPATCH};
    /// use callback_object::{Attributes, CallbackObject, Status};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let (first, second) = (object.register(|_, _| {})?, object.register(|_, _| {})?);
    /// first.unregister()?; // nobody is inside any more
    /// let raised = irql::raise(DISPATCH)?;
    /// assert_eq!(second.unregister().unwrap_err().status(), Status::INVALID_DEVICE_STATE);
    /// # drop(raised);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`Status::POSSIBLE_DEADLOCK`] if waiting would never end.
    /// - [`Status::INVALID_DEVICE_STATE`] above [`irql::APC`], where nothing may wait.
    ///
    /// The closure may still be running in another thread then; it is freed when that call returns.
    pub fn unregister(self) -> Result<(), Error> {
        let mut this = mem::ManuallyDrop::new(self);
        let outcome = this.remove();
        // SAFETY: `this` is not dropped, and the reference is not used again.
        drop(unsafe { core::ptr::read(&raw const this.object) });
        outcome.map(|_| ())
    }

    /// Keeps the routine registered, and its object alive, for the rest of the process.
    ///
    /// ```
    /// use std::ptr::null_mut;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// object.register(|_, _| drop(CALLS.fetch_add(1, Ordering::Relaxed)))?.leak();
    /// object.notify(null_mut(), null_mut())?;
    /// assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    pub fn leak(self) {
        mem::forget(self);
    }

    /// Its number, as in [`registrations`](super::Object::registrations).
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let registration = object.register(|_, _| {})?;
    /// assert!(object.registrations().iter().any(|entry| entry.id == registration.id()));
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> u64 {
        self.state
    }

    /// The object it is registered with.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let tcp = Directory::new().create(r"\Callback\Tcp", Attributes::new())?;
    /// let registration = tcp.register(|_, _| {})?;
    /// drop(tcp); // the registration keeps the object
    /// assert_eq!(registration.object().name(), r"\Callback\Tcp");
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn object(&self) -> &ObjectReference {
        &self.object
    }

    /// Unregisters and frees the closure, now or later.
    fn remove(&mut self) -> Result<(), Error> {
        // SAFETY: called once, by the drop or instead of it.
        let context = unsafe { mem::ManuallyDrop::take(&mut self.context) };
        let fence = self.object.fence();
        let states = [self.state];
        let allowed = irql::check("unregister from", &*self.object.identity, irql::APC);
        // Somebody may have revoked it already; the wait is necessary all the same.
        let buried = self.object.bury(self.state);
        let outcome = allowed.and_then(|()| match self.object.depart(&buried, &states) {
            Departure::Complete => Ok(true),
            Departure::OwnCall => Ok(false),
            Departure::Deadlock => Err(deadlock(&self.object, buried.routine)),
        });
        match outcome {
            Ok(true) => drop(context),
            Ok(false) | Err(_) => rundown::defer(self.state, fence, Box::new(move || drop(context))),
        }
        outcome.map(|_| ())
    }
}

/// Reports that waiting would never end.
#[cold]
pub(super) fn deadlock(object: &ObjectReference, routine: usize) -> Error {
    // Nobody waits for a thread that is in no routine.
    let by = Slot::attached().and_then(panics::calling);
    let (by_object, by_routine) = by.map_or_else(Default::default, |(by, routine)| (by.to_string(), routine));
    report::send(&Report::Deadlock { object: object.name(), routine, by_object, by_routine });
    Error::new(Status::POSSIBLE_DEADLOCK, "wait for a routine of", &*object.identity)
        .hint("a thread inside it waits for this one: unregister one of them outside its routine")
}

impl Drop for Registration {
    fn drop(&mut self) {
        // What went wrong was reported, and the removal completes by itself.
        let _ = self.remove();
    }
}

impl core::fmt::Debug for Registration {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Registration").field("id", &self.state).field("object", &self.object.name()).finish()
    }
}
