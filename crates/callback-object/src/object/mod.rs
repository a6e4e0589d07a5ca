//! Callback objects: what is registered with them, and who holds them.
//!
//! Three kinds of holders, as in the kernel's object manager:
//! - a [`CallbackObject`] is a *handle*: while one lives, the object can be opened by its name;
//! - an [`ObjectReference`] keeps the object alive but not its name; every registration holds one, and
//!   so does a pointer given out by the C interface;
//! - the directory, for a *permanent* object.
//!
//! # Safety
//! The list of an object's front is never null while the object lives, and is replaced under the writer's lock
//! only.
#![allow(unsafe_code, reason = "the list is shared by pointer")]

mod front;
mod list;
mod panics;
mod raw;
mod registration;
mod walk;

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::TypeId;
use core::ffi::c_void;
use core::fmt;
use core::num::NonZeroUsize;
use core::ops::Deref;

pub use front::Front;
use front::gate;
use list::{List, Writer};
pub use panics::report_panic;
pub use raw::{
    Handle, RawRegistration, Removed, raw_registrations, register_raw, revoke_raw, unregister_raw,
};
pub use registration::Registration;
pub use walk::prepare_thread;

use crate::irql;
use crate::label::Label;
use crate::name;
use crate::platform::{Guard, Lock};
use crate::policy::PanicPolicy;
use crate::report::Address;
use crate::rundown::{self, Departure, Fence, Lists};
use crate::status::{Error, Status};
use crate::sync::{AtomicU8, AtomicUsize, Ordering};

/// A routine: `PCALLBACK_FUNCTION`, called with the context it was registered with and both arguments
/// of the notification.
///
/// ```
/// use std::ffi::c_void;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use callback_object::Routine;
///
/// unsafe extern "system-unwind" fn count(context: *mut c_void, _: *mut c_void, _: *mut c_void) {
///     // SAFETY: it is registered with the address of a counter that outlives the registration.
///     let count = unsafe { &*context.cast::<AtomicUsize>() };
///     count.fetch_add(1, Ordering::Relaxed);
/// }
/// let routine: Routine = count;
/// # let _ = routine;
/// ```
pub type Routine =
    unsafe extern "system-unwind" fn(context: *mut c_void, argument1: *mut c_void, argument2: *mut c_void);

/// What an object is, for reports; it outlives the object in lists that are still read.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Fully qualified, empty for an unnamed object.
    name: Box<[u16]>,
    access: Access,
    fence: Fence,
    policy: AtomicU8,
    panics: AtomicUsize,
}

impl Identity {
    fn policy(&self) -> PanicPolicy {
        match self.policy.load(Ordering::Relaxed) {
            0 => PanicPolicy::ResumeInNotifier,
            1 => PanicPolicy::Count,
            _ => PanicPolicy::Abort,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { f.write_str("an unnamed object") } else { name::fmt_units(&self.name, f) }
    }
}

/// A routine that is to be registered, for a report.
struct Joining<'a>(usize, &'a Identity);

impl fmt::Display for Joining<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Joining(routine, object) = self;
        write!(f, "routine {} with {object}", Address(*routine))
    }
}

/// Who may notify an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Whoever knows the two types.
    Typed(TypeId, TypeId),
    /// The host.
    Host,
}

/// How an object is made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) single: bool,
    pub(crate) permanent: bool,
    pub(crate) fence: Fence,
    pub(crate) policy: PanicPolicy,
    pub(crate) access: Access,
    pub(crate) security: Option<Arc<[u8]>>,
}

/// Takes a name back when the last handle to its object is gone.
pub(crate) trait Namespace: Send + Sync {
    /// Removes the object's name unless a handle was opened meanwhile or the object is permanent.
    fn last_handle_closed(&self, object: &Object);
}

/// A callback object as the C interface points at it; see [`ObjectReference`].
///
/// ```
/// use callback_object::{Attributes, CallbackObject, Object};
///
/// /// What a list of objects shows; handles and references give it.
/// fn line(object: &Object) -> String {
///     format!("{} ({} routines)", object.name(), object.registered())
/// }
/// let object = CallbackObject::unnamed(Attributes::new());
/// assert_eq!(line(&object), "an unnamed object (0 routines)");
/// assert_eq!(line(&object.reference()), line(&object));
/// ```
#[repr(C)]
pub struct Object {
    // What opening and closing touch, beside the count of references.
    front: &'static Front,
    handles: AtomicUsize,
    label: Label,
    // What else there is.
    identity: Arc<Identity>,
    permanent: AtomicU8,
    single: bool,
    security: Option<Arc<[u8]>>,
    namespace: Option<Box<dyn Namespace>>,
    writer: Lock<Writer>,
}

/// Registrations were marked dead.
struct Buried {
    /// The routine if it was one and it was alive, else 0.
    routine: usize,
    lists: Lists,
}

impl Object {
    pub(crate) fn new(
        name: Box<[u16]>,
        label: Label,
        plan: Plan,
        namespace: Option<Box<dyn Namespace>>,
    ) -> Arc<Object> {
        let identity = Arc::new(Identity {
            name,
            access: plan.access,
            fence: plan.fence.available(),
            policy: AtomicU8::new(plan.policy as u8),
            panics: AtomicUsize::new(0),
        });
        let gate = if plan.access == Access::Open { gate::EMPTY } else { gate::OTHER };
        Arc::new(Object {
            front: Front::take(List::new(Arc::clone(&identity), 0), gate),
            writer: Lock::new(Writer::default()),
            identity,
            handles: AtomicUsize::new(0),
            label,
            permanent: AtomicU8::new(u8::from(plan.permanent)),
            single: plan.single,
            security: plan.security,
            namespace,
        })
    }

    /// Locks the registrations; the list stays current as long as the guard lives.
    fn write(&self) -> (Guard<'_, Writer>, &List) {
        let guard = self.writer.lock();
        // SAFETY: never null, and replaced and freed under the lock held by `guard` only.
        let list = unsafe { List::at(self.front.list.load(Ordering::Acquire)) };
        (guard, list)
    }

    fn add(&self, routine: Routine, context: *mut c_void) -> Result<u64, Error> {
        let joining = Joining(routine as *const () as usize, &self.identity);
        irql::check("register", &joining, irql::APC)?;
        let (mut writer, _) = self.write();
        if self.single && writer.live() != 0 {
            return Err(Error::new(Status::ALREADY_REGISTERED, "register", &joining)
                .hint("unregister the other routine, or create the object for multiple routines"));
        }
        let state = writer.append(&self.front.list, routine, context);
        self.show(writer.live());
        Ok(state)
    }

    /// Marks a registration dead: no walk enters it from now on, walks that are inside go on.
    fn bury(&self, state: u64) -> Buried {
        let (mut writer, list) = self.write();
        let routine = writer.bury(list, state).unwrap_or(0);
        Buried { routine, lists: self.settle(&mut writer) }
    }

    /// The same for many, sorted.
    fn bury_all(&self, states: &[u64]) -> Buried {
        let (mut writer, list) = self.write();
        writer.bury_all(list, states);
        Buried { routine: 0, lists: self.settle(&mut writer) }
    }

    /// Publishes the number of registrations.
    fn show(&self, live: usize) {
        self.front.live.store(live, Ordering::Release);
        if self.identity.access == Access::Open {
            let gate = match live {
                0 => gate::EMPTY,
                _ if self.identity.fence.is_asymmetric() => gate::USUAL,
                _ => gate::OTHER,
            };
            self.front.gate.store(gate, Ordering::Release);
        }
    }

    /// Follows up on a change; returns the lists that were there before.
    fn settle(&self, writer: &mut Writer) -> Lists {
        self.show(writer.live());
        let lists = writer.lists(&self.front.list);
        writer.compact(&self.front.list);
        lists
    }

    /// Waits until other threads have left registrations that were buried.
    fn depart(&self, buried: &Buried, states: &[u64]) -> Departure {
        rundown::depart(&buried.lists, states, self.identity.fence)
    }

    pub(crate) fn fence(&self) -> Fence {
        self.identity.fence
    }

    pub(crate) fn access(&self) -> Access {
        self.identity.access
    }

    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    /// Its fully qualified name as UTF-16 units, empty for an unnamed object.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject, Directory};
    ///
    /// let tcp = Directory::new().create(r"\Callback\Tcp", Attributes::new())?;
    /// assert!(tcp.name_units().iter().copied().eq(r"\Callback\Tcp".encode_utf16()));
    /// assert!(CallbackObject::unnamed(Attributes::new()).name_units().is_empty());
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn name_units(&self) -> &[u16] {
        &self.identity.name
    }

    /// Its name for people.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// let _tcp = directory.create(r"\Callback\Tcp", Attributes::new())?;
    /// // As it was created, however it is opened:
    /// let opened = directory.open(r"\CALLBACK\TCP", Attributes::new().case_insensitive())?;
    /// assert_eq!(opened.name(), r"\Callback\Tcp");
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> String {
        self.identity.to_string()
    }

    /// The number of registrations.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let (first, _second) = (object.register(|_, _| {})?, object.register(|_, _| {})?);
    /// assert_eq!(object.registered(), 2);
    /// drop(first);
    /// assert_eq!(object.registered(), 1);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn registered(&self) -> usize {
        self.front.live.load(Ordering::Acquire)
    }

    /// Whether it takes one routine at a time.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// assert!(CallbackObject::unnamed(Attributes::new().single()).is_single());
    /// assert!(!CallbackObject::unnamed(Attributes::new()).is_single());
    /// ```
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.single
    }

    /// Whether its name stays when nobody holds it.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let object = Directory::new().create(r"\Callback\Tcp", Attributes::new().permanent())?;
    /// assert!(object.is_permanent());
    /// object.make_temporary()?;
    /// assert!(!object.is_permanent());
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        // In one order with the number of handles: of whoever closes the last one and whoever makes the object temporary,
        // one sees what the other has done, and takes the name away.
        self.permanent.load(Ordering::SeqCst) != 0
    }

    /// Lets the object go when nobody holds it any more: `ObMakeTemporaryObject`. Doing it twice is fine.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// drop(directory.create(r"\Callback\Tcp", Attributes::new().permanent())?);
    /// let tcp = directory.open(r"\Callback\Tcp", Attributes::new())?;
    /// tcp.make_temporary()?;
    /// assert_eq!(directory.names().len(), 1); // we hold it still
    /// drop(tcp);
    /// assert!(directory.names().is_empty());
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Status::INVALID_DEVICE_STATE`] above [`irql::APC`].
    pub fn make_temporary(&self) -> Result<(), Error> {
        irql::check("make temporary", &*self.identity, irql::APC)?;
        self.permanent.store(0, Ordering::SeqCst);
        if self.handles.load(Ordering::SeqCst) == 0 {
            self.last_handle_closed();
        }
        Ok(())
    }

    /// Gives the object a key by which it can be notified without a reference: [`Front::notify`]. Only the
    /// latest key of an object counts; keys must not be given again to another object.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::ptr::null_mut;
    ///
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let (old, new) = (NonZeroUsize::new(1).unwrap(), NonZeroUsize::new(2).unwrap());
    /// object.publish(old);
    /// let front = object.publish(new);
    /// assert!(front.notify(old.get(), null_mut(), null_mut()).is_err());
    /// assert!(front.notify(new.get(), null_mut(), null_mut()).is_ok());
    /// ```
    pub fn publish(&self, key: NonZeroUsize) -> &'static Front {
        self.front.set_key(key.get());
        self.front
    }

    /// Takes the key back. Notifications that begin after this returned do not find the object.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::ptr::null_mut;
    ///
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let front = object.publish(NonZeroUsize::MIN);
    /// object.withdraw();
    /// assert!(front.notify(1, null_mut(), null_mut()).is_err());
    /// ```
    pub fn withdraw(&self) {
        self.front.set_key(0);
    }

    /// How it runs down, as available on this system.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject, Fence};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// assert_eq!(object.fence_in_use(), Fence::default().available());
    /// ```
    #[must_use]
    pub fn fence_in_use(&self) -> Fence {
        self.identity.fence
    }

    /// What becomes of panics in its routines.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject, PanicPolicy};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// assert_eq!(object.panic_policy(), PanicPolicy::ResumeInNotifier);
    /// ```
    #[must_use]
    pub fn panic_policy(&self) -> PanicPolicy {
        self.identity.policy()
    }

    /// Changes what becomes of panics, from the next one on.
    ///
    /// ```
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    /// use std::ptr::null_mut;
    ///
    /// use callback_object::{Attributes, CallbackObject, PanicPolicy};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let _faulty = object.register(|_, _| panic!("once more"))?;
    /// let notify = AssertUnwindSafe(|| object.notify(null_mut(), null_mut()));
    /// assert!(catch_unwind(notify).is_err());
    /// object.set_panic_policy(PanicPolicy::Count);
    /// assert!(object.notify(null_mut(), null_mut()).is_ok());
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    pub fn set_panic_policy(&self, policy: PanicPolicy) {
        self.identity.policy.store(policy as u8, Ordering::Relaxed);
    }

    /// The number of panics that were caught in its routines.
    ///
    /// ```
    /// use std::ptr::null_mut;
    ///
    /// use callback_object::{Attributes, CallbackObject, PanicPolicy};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new().panics(PanicPolicy::Count));
    /// let _faulty = object.register(|_, _| panic!("never works"))?;
    /// for _ in 0..3 {
    ///     object.notify(null_mut(), null_mut())?;
    /// }
    /// assert_eq!(object.panics(), 3);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn panics(&self) -> usize {
        self.identity.panics.load(Ordering::Relaxed)
    }

    /// The security descriptor it was created with, self-relative bytes; not interpreted.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new().security_descriptor(b"O:SY"));
    /// assert_eq!(object.security_descriptor(), Some(&b"O:SY"[..]));
    /// ```
    #[must_use]
    pub fn security_descriptor(&self) -> Option<&[u8]> {
        self.security.as_deref()
    }

    /// Its registrations now, in order.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let (first, second) = (object.register(|_, _| {})?, object.register(|_, _| {})?);
    /// let ids: Vec<u64> = object.registrations().iter().map(|entry| entry.id).collect();
    /// assert_eq!(ids, [first.id(), second.id()]); // they are called in this order
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn registrations(&self) -> Vec<RegistrationEntry> {
        let (writer, list) = self.write();
        let live = list.entries().filter(|entry| !list::is_dead(entry.state()));
        let mut all = Vec::with_capacity(writer.live());
        all.extend(live.map(|entry| RegistrationEntry {
            id: entry.state(),
            routine: entry.address(),
            context: entry.context().addr(),
        }));
        all
    }

    fn last_handle_closed(&self) {
        if let Some(namespace) = &self.namespace {
            namespace.last_handle_closed(self);
        }
    }

    /// Whether the directory must keep its name.
    pub(crate) fn keeps_name(&self) -> bool {
        self.is_permanent() || self.handles.load(Ordering::SeqCst) != 0
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("name", &self.name()).field("registered", &self.registered()).finish()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        let mut writer = self.writer.lock();
        writer.free(&self.front.list);
        self.front.give_back();
    }
}

/// A registration as an observer sees it.
///
/// ```
/// use callback_object::{Attributes, CallbackObject};
///
/// let object = CallbackObject::unnamed(Attributes::new());
/// let registration = object.register(|_, _| {})?;
/// let entry = object.registrations()[0];
/// println!("routine {:#x}, context {:#x}", entry.routine, entry.context);
/// assert!(entry.id == registration.id() && entry.routine != 0);
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationEntry {
    /// Unique in this process.
    pub id: u64,
    /// Address of the routine; for a closure that of its shim.
    pub routine: usize,
    /// The context, as a number.
    pub context: usize,
}

/// Keeps an object alive, but not its name.
///
/// ```
/// use callback_object::{Attributes, Directory};
///
/// let directory = Directory::new();
/// let handle = directory.create(r"\Callback\Tcp", Attributes::new())?;
/// let reference = handle.reference();
/// drop(handle);
/// // The object is there; the name went with the last handle.
/// assert!(reference.register(|_, _| {}).is_ok());
/// assert!(directory.open(r"\Callback\Tcp", Attributes::new()).is_err());
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ObjectReference {
    object: Arc<Object>,
    /// The object's, here because a notification begins with it.
    front: &'static Front,
}

impl ObjectReference {
    fn new(object: Arc<Object>) -> ObjectReference {
        ObjectReference { front: object.front, object }
    }

    /// The object as a pointer, for a foreign interface; the pointer owns this reference.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject, ObjectReference};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let pointer = object.reference().into_raw(); // into the hands of C
    /// // SAFETY: and back, once.
    /// let reference = unsafe { ObjectReference::from_raw(pointer) };
    /// assert!(reference.is_same(&object));
    /// ```
    #[must_use]
    pub fn into_raw(self) -> *const Object {
        Arc::into_raw(self.object)
    }

    /// Takes back a reference that [`into_raw`](Self::into_raw) gave out.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject, ObjectReference};
    ///
    /// let pointer = CallbackObject::unnamed(Attributes::new()).reference().into_raw();
    /// // SAFETY: the pointer owns the only reference, which is given up here.
    /// let last = unsafe { ObjectReference::from_raw(pointer) };
    /// assert_eq!(last.registered(), 0);
    /// ```
    ///
    /// # Safety
    /// The pointer came from `into_raw` and owns a reference, which is given up.
    #[must_use]
    pub unsafe fn from_raw(object: *const Object) -> ObjectReference {
        // SAFETY: as the caller promises.
        ObjectReference::new(unsafe { Arc::from_raw(object) })
    }

    /// One more reference to an object that someone else keeps alive: `ObReferenceObject`.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject, ObjectReference};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let pointer = object.reference().into_raw();
    /// // SAFETY: the pointer is from `into_raw`, and the object lives.
    /// let another = unsafe { ObjectReference::clone_raw(pointer) };
    /// // SAFETY: the reference of the pointer itself, given up.
    /// drop(unsafe { ObjectReference::from_raw(pointer) });
    /// assert!(another.is_same(&object));
    /// ```
    ///
    /// # Safety
    /// The pointer came from `into_raw`, and the object lives.
    #[must_use]
    pub unsafe fn clone_raw(object: *const Object) -> ObjectReference {
        // SAFETY: as the caller promises.
        unsafe { Arc::increment_strong_count(object) };
        // SAFETY: the count added above.
        unsafe { ObjectReference::from_raw(object) }
    }

    /// A handle, which keeps the name too if the object still has one.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// let first = directory.create(r"\Callback\Tcp", Attributes::new())?;
    /// let second = first.reference().open();
    /// drop(first);
    /// assert!(directory.open(r"\Callback\Tcp", Attributes::new()).is_ok()); // by the second
    /// # drop(second);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn open(&self) -> CallbackObject {
        CallbackObject::new(Arc::clone(&self.object))
    }

    /// Whether both are the same object.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let (one, other) =
    ///     (CallbackObject::unnamed(Attributes::new()), CallbackObject::unnamed(Attributes::new()));
    /// assert!(one.is_same(&one.reference()));
    /// assert!(!one.is_same(&other));
    /// ```
    #[must_use]
    pub fn is_same(&self, other: &ObjectReference) -> bool {
        Arc::ptr_eq(&self.object, &other.object)
    }
}

impl Deref for ObjectReference {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

/// A handle to a callback object: while one lives, the object can be opened by its name.
///
/// ```
/// use callback_object::{Attributes, Directory};
///
/// let directory = Directory::new();
/// let handle = directory.create(r"\Callback\Tcp", Attributes::new())?;
/// assert!(directory.open(r"\Callback\Tcp", Attributes::new()).is_ok());
/// drop(handle);
/// assert!(directory.open(r"\Callback\Tcp", Attributes::new()).is_err());
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Debug)]
pub struct CallbackObject(ObjectReference);

impl CallbackObject {
    pub(crate) fn new(object: Arc<Object>) -> CallbackObject {
        object.handles.fetch_add(1, Ordering::SeqCst);
        CallbackObject(ObjectReference::new(object))
    }

    /// A reference that does not keep the name.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// // For a thread that notifies, and need not keep the name for that:
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let reference = object.reference();
    /// std::thread::spawn(move || reference.notify(std::ptr::null_mut(), std::ptr::null_mut()))
    ///     .join()
    ///     .unwrap()?;
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn reference(&self) -> ObjectReference {
        self.0.clone()
    }
}

impl Clone for CallbackObject {
    fn clone(&self) -> CallbackObject {
        CallbackObject::new(Arc::clone(&self.0.object))
    }
}

impl Deref for CallbackObject {
    type Target = ObjectReference;

    fn deref(&self) -> &ObjectReference {
        &self.0
    }
}

impl Drop for CallbackObject {
    fn drop(&mut self) {
        if self.handles.fetch_sub(1, Ordering::SeqCst) == 1 && !self.is_permanent() {
            self.last_handle_closed();
        }
    }
}
