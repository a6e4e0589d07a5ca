//! Objects and registrations.
//!
//! # Safety
//!
//! A [`CallbackObject`] holds a reference, so its pointer is valid; a [`Registration`] unregisters once.
//! The functions check what they are given in any case.
#![allow(unsafe_code, reason = "calls of the C interface")]

use std::ffi::CString;
use std::ptr;

use callback_object_sys::{
    CboCreateCallback, CboNotifyCallback, CboRegisterCallback, CboUnregisterCallback, OBJ_CASE_INSENSITIVE,
    OBJ_PERMANENT, ObDereferenceObject, ObMakeTemporaryObject, ObReferenceObject, PCALLBACK_OBJECT, PVOID,
    STATUS_OBJECT_NAME_INVALID, ULONG,
};

use crate::{Status, routine};

/// What a new object is to be like: permanent, its name without regard to case, for many routines, unless
/// said otherwise.
///
/// An object is made by a host's process; here is what a driver that is loaded by one does.
///
/// ```
/// use callback_object_driver::{Attributes, CallbackObject, Driver, Status, driver};
///
/// struct Tcp(CallbackObject);
///
/// impl Driver for Tcp {
///     fn load(_: &str) -> Result<Tcp, Status> {
///         let attributes = Attributes::new().case_sensitive().single_routine();
///         CallbackObject::open_or_create("\\Callback\\TcpOwner", attributes).map(Tcp)
///     }
/// }
///
/// driver!(Tcp);
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Attributes {
    flags: ULONG,
    multiple: bool,
}

impl Attributes {
    /// Permanent, case-insensitive, any number of routines.
    ///
    /// ```
    /// use callback_object_driver::Attributes;
    ///
    /// const USUAL: Attributes = Attributes::new();
    /// # let _ = USUAL;
    /// ```
    pub const fn new() -> Attributes {
        Attributes { flags: OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, multiple: true }
    }

    /// The name distinguishes upper and lower case.
    ///
    /// ```
    /// use callback_object_driver::Attributes;
    ///
    /// // `\Callback\tcp` is another object than `\Callback\Tcp`.
    /// const EXACT: Attributes = Attributes::new().case_sensitive();
    /// # let _ = EXACT;
    /// ```
    pub const fn case_sensitive(mut self) -> Attributes {
        self.flags &= !OBJ_CASE_INSENSITIVE;
        self
    }

    /// One routine at a time.
    ///
    /// ```
    /// use callback_object_driver::Attributes;
    ///
    /// // For a question that one component answers.
    /// const ONE: Attributes = Attributes::new().single_routine();
    /// # let _ = ONE;
    /// ```
    pub const fn single_routine(mut self) -> Attributes {
        self.multiple = false;
        self
    }
}

impl Default for Attributes {
    fn default() -> Attributes {
        Attributes::new()
    }
}

/// A reference to a callback object.
///
/// ```
/// use callback_object_driver::{Attributes, CallbackObject, Driver, Status, driver};
///
/// /// Defines an object, and keeps it as long as it is loaded.
/// struct Tcp(CallbackObject);
///
/// impl Driver for Tcp {
///     fn load(_: &str) -> Result<Tcp, Status> {
///         CallbackObject::open_or_create("\\Callback\\TcpConnection", Attributes::new()).map(Tcp)
///     }
/// }
///
/// impl Drop for Tcp {
///     fn drop(&mut self) {
///         self.0.make_temporary();
///     }
/// }
///
/// driver!(Tcp);
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct CallbackObject(PCALLBACK_OBJECT);

// SAFETY: the functions may be called with the same object from any thread.
unsafe impl Send for CallbackObject {}
// SAFETY: as above.
unsafe impl Sync for CallbackObject {}

impl CallbackObject {
    /// Opens the object with an absolute name, without regard to case.
    ///
    /// ```
    /// use callback_object_driver::{CallbackObject, Driver, Registration, Status, driver};
    ///
    /// struct Audit(Registration);
    ///
    /// impl Driver for Audit {
    ///     fn load(_: &str) -> Result<Audit, Status> {
    ///         // STATUS_OBJECT_NAME_NOT_FOUND if the component that defines it is not there.
    ///         let object = CallbackObject::open("\\Callback\\TcpConnection")?;
    ///         object.register(|_, _| {}).map(Audit)
    ///     }
    /// }
    ///
    /// driver!(Audit);
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// There is none, or the name is not well-formed: with the documented status.
    pub fn open(name: &str) -> Result<CallbackObject, Status> {
        CallbackObject::get(name, Attributes::new(), false)
    }

    /// Opens the object with an absolute name, or creates it if there is none.
    ///
    /// ```
    /// use callback_object_driver::{Attributes, CallbackObject, Status};
    ///
    /// /// Whichever driver comes first creates it.
    /// fn connection() -> Result<CallbackObject, Status> {
    ///     CallbackObject::open_or_create("\\Callback\\TcpConnection", Attributes::new())
    /// }
    /// # let _ = connection;
    /// ```
    ///
    /// # Errors
    /// The name is not well-formed, or that of something else.
    pub fn open_or_create(name: &str, attributes: Attributes) -> Result<CallbackObject, Status> {
        CallbackObject::get(name, attributes, true)
    }

    fn get(name: &str, attributes: Attributes, create: bool) -> Result<CallbackObject, Status> {
        let name = CString::new(name).map_err(|_| Status::new(STATUS_OBJECT_NAME_INVALID))?;
        let mut object = ptr::null_mut();
        // SAFETY: there is room for an object, and the name ends with 0.
        let status = unsafe {
            CboCreateCallback(
                &raw mut object,
                name.as_ptr(),
                attributes.flags,
                u8::from(create),
                u8::from(attributes.multiple),
            )
        };
        Status::check(status).map(|()| CallbackObject(object))
    }

    /// Adds a routine at the end of the object's list. It is called in the thread of whoever notifies, in
    /// several at once if several notify, and may unregister itself. A panic in it is kept in and reported.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use callback_object_driver::{CallbackObject, Registration, Status};
    ///
    /// /// Counts notifications in `count`, until the registration is dropped.
    /// fn meter(object: &CallbackObject, count: &Arc<AtomicUsize>) -> Result<Registration, Status> {
    ///     let count = Arc::clone(count);
    ///     object.register(move |_, _| drop(count.fetch_add(1, Ordering::Relaxed)))
    /// }
    /// # let _ = meter;
    /// ```
    ///
    /// # Errors
    /// The object allows one routine and has it, or this thread's level does not allow it.
    pub fn register<F>(&self, closure: F) -> Result<Registration, Status>
    where
        F: Fn(PVOID, PVOID) + Send + Sync + 'static,
    {
        let context: PVOID = Box::into_raw(Box::new(closure)).cast();
        let mut handle = ptr::null_mut();
        // SAFETY: the object is valid, the routine and its release fit the context, and there is room for
        // the registration.
        let status = unsafe {
            CboRegisterCallback(
                self.0,
                Some(routine::call::<F>),
                context,
                Some(routine::release::<F>),
                &raw mut handle,
            )
        };
        if let Err(status) = Status::check(status) {
            // SAFETY: nobody else has the box: the registration failed.
            drop(unsafe { Box::from_raw(context.cast::<F>()) });
            return Err(status);
        }
        Ok(Registration(handle))
    }

    /// Calls the object's routines in the order of their registration, in this thread.
    ///
    /// ```
    /// use std::ptr::{null_mut, without_provenance_mut};
    ///
    /// use callback_object_driver::{CallbackObject, Status};
    ///
    /// /// Tells of a connection that has ended; what the arguments mean is the object's own affair.
    /// fn ended(object: &CallbackObject, number: usize) -> Result<(), Status> {
    ///     object.notify(without_provenance_mut(number), null_mut())
    /// }
    /// # let _ = ended;
    /// ```
    ///
    /// # Errors
    /// This thread's level does not allow it, or the object is one that only the system notifies.
    #[allow(clippy::not_unsafe_ptr_arg_deref, reason = "the arguments are passed on, not followed")]
    pub fn notify(&self, argument1: PVOID, argument2: PVOID) -> Result<(), Status> {
        // SAFETY: the object is valid; what the arguments mean is between notifier and routines, and
        // pointers among them are the routines' to distrust.
        Status::check(unsafe { CboNotifyCallback(self.0.cast(), argument1, argument2) })
    }

    /// Takes the object's name away.
    ///
    /// ```
    /// use callback_object_driver::CallbackObject;
    ///
    /// /// What a driver that has created a permanent object does at its end.
    /// fn withdraw(object: CallbackObject) {
    ///     object.make_temporary();
    ///     drop(object); // whoever has it open keeps it, nobody finds it
    /// }
    /// # let _ = withdraw;
    /// ```
    pub fn make_temporary(&self) {
        // SAFETY: the object is valid.
        unsafe { ObMakeTemporaryObject(self.0.cast()) };
    }
}

impl Clone for CallbackObject {
    fn clone(&self) -> CallbackObject {
        // SAFETY: the object is valid.
        unsafe { ObReferenceObject(self.0.cast()) };
        CallbackObject(self.0)
    }
}

impl Drop for CallbackObject {
    fn drop(&mut self) {
        // SAFETY: the object is valid, and its reference is given back once.
        unsafe { ObDereferenceObject(self.0.cast()) };
    }
}

/// A registered routine. Dropping it unregisters the routine and waits for its calls in other threads; in
/// the routine itself, the closure is freed when its call has returned.
///
/// ```
/// use callback_object_driver::{CallbackObject, Registration, Status};
///
/// /// Listens to several objects, and to none if one of them is missing.
/// fn listen(names: &[&str]) -> Result<Vec<Registration>, Status> {
///     names.iter().map(|name| CallbackObject::open(name)?.register(|_, _| {})).collect()
/// }
/// # let _ = listen;
/// ```
#[derive(Debug)]
#[must_use = "the routine is unregistered when this is dropped"]
pub struct Registration(PVOID);

// SAFETY: a routine may be unregistered in any thread.
unsafe impl Send for Registration {}
// SAFETY: nothing can be done with a shared reference.
unsafe impl Sync for Registration {}

impl Registration {
    /// Unregisters the routine, like a drop, and says how it went.
    ///
    /// ```
    /// use callback_object_driver::Registration;
    ///
    /// /// A drop does the same, and keeps the answer to itself.
    /// fn stop(registration: Registration) {
    ///     if let Err(status) = registration.unregister() {
    ///         eprintln!("a call of the routine waits for this thread: {status}");
    ///     }
    /// }
    /// # let _ = stop;
    /// ```
    ///
    /// # Errors
    /// Waiting would never end, because a call of the routine waits for this thread; the routine is removed
    /// when its calls have returned.
    pub fn unregister(self) -> Result<(), Status> {
        let handle = std::mem::ManuallyDrop::new(self).0;
        // SAFETY: the registration is given back once.
        Status::check(unsafe { CboUnregisterCallback(handle) })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // What goes wrong is reported, and the closure lives as long as calls of it run.
        // SAFETY: the registration is given back once.
        unsafe { CboUnregisterCallback(self.0) };
    }
}
