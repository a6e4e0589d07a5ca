//! Objects whose two arguments are Rust references.
//!
//! The references live as long as the notification. Who opens a typed object must name the same two
//! types, and only somebody who did can notify it, so the pointers a routine receives are what it thinks
//! they are.
//!
//! # Safety
//! A typed object is notified by [`TypedObject::notify`] alone, which passes references to its types.
#![allow(unsafe_code, reason = "references travel as pointers")]

use core::any::TypeId;
use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use crate::attributes::Attributes;
use crate::directory::Directory;
use crate::name::Name;
use crate::object::{Access, CallbackObject, Object, Registration};
use crate::status::{Error, Status};

/// A callback object with arguments of type `&A` and `&B`.
///
/// ```
/// use callback_object::{Attributes, Directory};
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// static TOTAL: AtomicUsize = AtomicUsize::new(0);
///
/// let directory = Directory::new();
/// let object = directory.create_typed::<String, usize>(r"\Callback\Line", Attributes::new())?;
/// let registration = object.register(|line: &String, number: &usize| {
///     TOTAL.fetch_add(line.len() + number, Ordering::Relaxed);
/// })?;
/// object.notify(&"four".to_string(), &1)?;
/// assert_eq!(TOTAL.load(Ordering::Relaxed), 5);
/// # Ok::<(), callback_object::Error>(())
/// ```
pub struct TypedObject<A, B> {
    object: CallbackObject,
    arguments: PhantomData<fn(&A, &B)>,
}

fn access<A: 'static, B: 'static>() -> Access {
    Access::Typed(TypeId::of::<A>(), TypeId::of::<B>())
}

impl<A: 'static, B: 'static> TypedObject<A, B> {
    fn new(object: CallbackObject) -> Result<TypedObject<A, B>, Error> {
        if object.access() == access::<A, B>() {
            Ok(TypedObject { object, arguments: PhantomData })
        } else {
            Err(Error::new(Status::OBJECT_TYPE_MISMATCH, "open", &object.name())
                .hint("it was created with arguments of other types"))
        }
    }

    /// An object without a name.
    ///
    /// ```
    /// use callback_object::{Attributes, TypedObject};
    ///
    /// /// Part of a component, which hands out registrations and not the object.
    /// struct Downloads {
    ///     finished: TypedObject<std::path::PathBuf, u64>,
    /// }
    ///
    /// let downloads = Downloads { finished: TypedObject::unnamed(Attributes::new()) };
    /// let _registration = downloads.finished.register(|path, bytes| println!("{}: {bytes}", path.display()))?;
    /// assert_eq!(downloads.finished.registered(), 1);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn unnamed(attributes: Attributes) -> TypedObject<A, B> {
        TypedObject { object: attributes.make_unnamed(access::<A, B>()), arguments: PhantomData }
    }

    /// Calls every routine, as [`ObjectReference::notify`](crate::ObjectReference::notify).
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// use callback_object::{Attributes, TypedObject};
    ///
    /// static BYTES: AtomicUsize = AtomicUsize::new(0);
    /// let traffic = TypedObject::<String, usize>::unnamed(Attributes::new());
    /// let _meter = traffic.register(|_peer, bytes| drop(BYTES.fetch_add(*bytes, Ordering::Relaxed)))?;
    /// traffic.notify(&"192.0.2.1".to_owned(), &1500)?;
    /// assert_eq!(BYTES.load(Ordering::Relaxed), 1500);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Status::INVALID_DEVICE_STATE`] above [`irql::DISPATCH`](crate::irql::DISPATCH).
    #[inline]
    pub fn notify(&self, argument1: &A, argument2: &B) -> Result<(), Error> {
        let pointer1 = core::ptr::from_ref(argument1).cast_mut().cast();
        let pointer2 = core::ptr::from_ref(argument2).cast_mut().cast();
        self.object.deliver(pointer1, pointer2)
    }

    /// Registers a closure, as [`register`](crate::ObjectReference::register).
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// use callback_object::{Attributes, TypedObject};
    ///
    /// static PEERS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    /// let traffic = TypedObject::<String, usize>::unnamed(Attributes::new());
    /// // The closure is given references, which it may keep no longer than its call.
    /// let _log = traffic.register(|peer, _bytes| PEERS.lock().unwrap().push(peer.clone()))?;
    /// traffic.notify(&"192.0.2.1".to_owned(), &40)?;
    /// assert_eq!(*PEERS.lock().unwrap(), ["192.0.2.1"]);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there.
    pub fn register<F>(&self, routine: F) -> Result<Registration, Error>
    where
        F: Fn(&A, &B) + Send + Sync + 'static,
    {
        self.object.register(move |argument1: *mut c_void, argument2: *mut c_void| {
            // SAFETY: only `notify` above delivers to this object, with a reference that outlives it.
            let argument1 = unsafe { &*argument1.cast_const().cast::<A>() };
            // SAFETY: as above.
            let argument2 = unsafe { &*argument2.cast_const().cast::<B>() };
            routine(argument1, argument2);
        })
    }
}

impl<A, B> Deref for TypedObject<A, B> {
    type Target = Object;

    fn deref(&self) -> &Object {
        &self.object
    }
}

impl<A, B> Clone for TypedObject<A, B> {
    fn clone(&self) -> TypedObject<A, B> {
        TypedObject { object: self.object.clone(), arguments: PhantomData }
    }
}

impl<A, B> fmt::Debug for TypedObject<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)
    }
}

impl Directory {
    /// Creates an object with arguments of type `&A` and `&B`, or opens it.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Status};
    ///
    /// let directory = Directory::new();
    /// let _ours = directory.create_typed::<String, usize>(r"\Callback\Traffic", Attributes::new())?;
    /// // Another idea of the arguments is found out here, not in a routine.
    /// let theirs = directory.create_typed::<u32, u32>(r"\Callback\Traffic", Attributes::new());
    /// assert_eq!(theirs.unwrap_err().status(), Status::OBJECT_TYPE_MISMATCH);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`open_or_create`](Self::open_or_create); [`Status::OBJECT_TYPE_MISMATCH`] if it was created
    /// with other types.
    pub fn create_typed<'a, A: 'static, B: 'static>(
        &self,
        name: impl Into<Name<'a>>,
        attributes: Attributes,
    ) -> Result<TypedObject<A, B>, Error> {
        TypedObject::new(self.open_or_create_as(&name.into(), &attributes, access::<A, B>())?)
    }

    /// Opens an object that was created with arguments of these types.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Status};
    ///
    /// let directory = Directory::new();
    /// let _traffic = directory.create_typed::<String, usize>(r"\Callback\Traffic", Attributes::new())?;
    /// assert!(directory.open_typed::<String, usize>(r"\Callback\Traffic", Attributes::new()).is_ok());
    /// // An object of C has no types.
    /// let _plain = directory.create(r"\Callback\Plain", Attributes::new())?;
    /// let typed = directory.open_typed::<String, usize>(r"\Callback\Plain", Attributes::new());
    /// assert_eq!(typed.unwrap_err().status(), Status::OBJECT_TYPE_MISMATCH);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Status::OBJECT_TYPE_MISMATCH`] if it was created with other types.
    pub fn open_typed<'a, A: 'static, B: 'static>(
        &self,
        name: impl Into<Name<'a>>,
        attributes: Attributes,
    ) -> Result<TypedObject<A, B>, Error> {
        TypedObject::new(self.open(name, attributes)?)
    }
}
