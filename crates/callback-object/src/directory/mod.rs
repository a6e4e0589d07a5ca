//! Names of objects: a tree of directories, as in the kernel's object manager.
//!
//! A [`Directory`] is a whole namespace. One is shared by the process ([`Directory::global`]), as one is
//! shared by a kernel and its drivers; tests make their own. It begins with the directory `\Callback`,
//! in which three names are reserved for the host: see [`HostToken`].
//!
//! Objects are found by name in one hash lookup per component: see `folder.rs`.

mod folder;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ffi::c_void;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use folder::{Folder, Found};

use crate::attributes::Attributes;
use crate::irql;
use crate::name::{self, Name, Root};
use crate::object::{Access, CallbackObject, Namespace, Object};
use crate::platform::{Guard, Lock};
use crate::status::{Error, Status};

/// The names that only the host may create and notify, in any case.
pub const RESERVED: [&str; 3] =
    [r"\Callback\SetSystemTime", r"\Callback\PowerState", r"\Callback\ProcessorAdd"];

/// Whether an object was there already.
///
/// ```
/// use callback_object::{Attributes, Directory, Disposition};
///
/// let directory = Directory::new();
/// let (_object, how) = directory.open_or_create(r"\Callback\Tcp", Attributes::new())?;
/// assert_eq!(how, Disposition::Created);
/// // The second asks for a single routine, too late.
/// let (object, how) = directory.open_or_create(r"\Callback\Tcp", Attributes::new().single())?;
/// assert_eq!((how, object.is_single()), (Disposition::Opened, false));
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It was made now.
    Created,
    /// It existed; the attributes for new objects were ignored.
    Opened,
}

/// A decision about opening an object, see [`Directory::set_access_hook`].
///
/// ```
/// use std::sync::Arc;
///
/// use callback_object::{AccessHook, Object};
///
/// /// Objects without a descriptor are everybody's.
/// fn everybody(object: &Object) -> bool {
///     object.security_descriptor().is_none()
/// }
/// let hook: AccessHook = Arc::new(everybody);
/// # let _ = hook;
/// ```
pub type AccessHook = Arc<dyn Fn(&Object) -> bool + Send + Sync>;

/// Where a name leads.
enum Place<'n> {
    /// The name has no units.
    Unnamed,
    /// To an object.
    Object(Arc<Object>),
    /// To nothing: the directory that the route leads to has no such component.
    Vacant(Route<'n>, &'n [u16]),
}

/// How to come to a directory.
#[derive(Clone, Copy)]
struct Route<'n> {
    /// First along this path, which is that of a root directory, …
    base: Option<&'n [u16]>,
    /// … then along this one.
    parent: Option<&'n [u16]>,
    insensitive: bool,
}

impl Route<'_> {
    fn folder<'t>(&self, root: &'t Folder) -> Result<&'t Folder, Status> {
        let steps = [self.base, self.parent].into_iter().flatten();
        steps.into_iter().try_fold(root, |folder, path| folder.below(path, self.insensitive))
    }

    fn folder_mut<'t>(&self, root: &'t mut Folder) -> Result<&'t mut Folder, Status> {
        let steps = [self.base, self.parent].into_iter().flatten();
        steps.into_iter().try_fold(root, |folder, path| folder.below_mut(path, self.insensitive))
    }
}

struct Space {
    root: Folder,
    hook: Option<AccessHook>,
}

/// A namespace of callback objects. Clones share it.
///
/// ```
/// use callback_object::{Attributes, Directory};
///
/// // A namespace of one's own, for a test; programs share `Directory::global`.
/// let directory = Directory::new();
/// let same = directory.clone();
/// let _tcp = directory.create(r"\Callback\Tcp", Attributes::new())?;
/// assert!(same.open(r"\Callback\Tcp", Attributes::new()).is_ok());
/// assert!(Directory::new().open(r"\Callback\Tcp", Attributes::new()).is_err());
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone)]
pub struct Directory(Arc<Shared>);

struct Shared {
    space: Lock<Space>,
    has_host: AtomicBool,
}

impl Default for Directory {
    fn default() -> Directory {
        Directory::new()
    }
}

impl Directory {
    /// A private namespace with an empty directory `\Callback`.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// assert!(directory.names().is_empty());
    /// assert!(directory.create(r"\Callback\Tcp", Attributes::new()).is_ok());
    /// ```
    #[must_use]
    pub fn new() -> Directory {
        let mut root = Folder::root();
        let callback: Vec<u16> = "Callback".encode_utf16().collect();
        root.insert_folder(&callback);
        Directory(Arc::new(Shared {
            space: Lock::new(Space { root, hook: None }),
            has_host: AtomicBool::new(false),
        }))
    }

    /// The namespace of the process.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// // Components of one program that know nothing of each other but the name:
    /// let created = Directory::global().create(r"\Callback\Tcp", Attributes::new())?;
    /// let opened = Directory::global().open(r"\Callback\Tcp", Attributes::new())?;
    /// assert!(opened.is_same(&created));
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[cfg(all(feature = "std", not(loom)))]
    pub fn global() -> &'static Directory {
        static GLOBAL: std::sync::OnceLock<Directory> = std::sync::OnceLock::new();
        static FIRST: Lock<()> = Lock::new(());
        GLOBAL.get().unwrap_or_else(|| {
            // So that nobody forks meanwhile.
            let _first = FIRST.lock();
            GLOBAL.get_or_init(Directory::new)
        })
    }

    /// Creates an object that does not exist.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Status};
    /// let directory = Directory::new();
    /// let object = directory.create(r"\Callback\Tcp", Attributes::new())?;
    /// let again = directory.create(r"\Callback\Tcp", Attributes::new());
    /// assert_eq!(again.unwrap_err().status(), Status::OBJECT_NAME_COLLISION);
    /// drop(object);
    /// // The last handle took the name with it.
    /// directory.create(r"\Callback\Tcp", Attributes::new())?;
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// - [`Status::OBJECT_NAME_COLLISION`] if the name is taken.
    /// - [`Status::UNSUCCESSFUL`] for an empty name; [`CallbackObject::unnamed`] makes unnamed objects.
    /// - [`Status::ACCESS_DENIED`] for a [reserved](RESERVED) name.
    /// - [`Status::OBJECT_NAME_INVALID`], [`Status::OBJECT_PATH_SYNTAX_BAD`],
    ///   [`Status::OBJECT_PATH_NOT_FOUND`], [`Status::OBJECT_TYPE_MISMATCH`] for the name.
    /// - [`Status::INVALID_DEVICE_STATE`] above [`irql::APC`].
    pub fn create<'a>(
        &self,
        name: impl Into<Name<'a>>,
        attributes: Attributes,
    ) -> Result<CallbackObject, Error> {
        self.make(&name.into(), &attributes, Access::Open, Existing::Collides).map(|(object, _)| object)
    }

    /// Opens an object that exists. Of the attributes only case and root matter.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Status};
    ///
    /// let directory = Directory::new();
    /// let status = |name: &str| directory.open(name, Attributes::new()).unwrap_err().status();
    /// assert_eq!(status(r"\Callback\Nobody"), Status::OBJECT_NAME_NOT_FOUND);
    /// assert_eq!(status(r"\Nowhere\Tcp"), Status::OBJECT_PATH_NOT_FOUND);
    /// assert_eq!(status(r"Callback\Tcp"), Status::OBJECT_PATH_SYNTAX_BAD);
    /// assert_eq!(status(r"\Callback"), Status::OBJECT_TYPE_MISMATCH); // a directory
    /// ```
    ///
    /// # Errors
    /// - [`Status::OBJECT_NAME_NOT_FOUND`] if nothing has that name.
    /// - [`Status::OBJECT_PATH_SYNTAX_BAD`] for an empty name.
    /// - [`Status::ACCESS_DENIED`] if the [access hook](Self::set_access_hook) says so.
    /// - As [`create`](Self::create) for malformed names and the IRQL.
    pub fn open<'a>(
        &self,
        name: impl Into<Name<'a>>,
        attributes: Attributes,
    ) -> Result<CallbackObject, Error> {
        self.open_named(&name.into(), &attributes)
    }

    /// Opens the object of that name, or creates it: `ExCreateCallback` with `Create` set. Of any number
    /// of threads that do this at once, one creates and all get the same object.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Disposition};
    ///
    /// // Whichever component comes first creates.
    /// let directory = Directory::new();
    /// let component = || directory.open_or_create(r"\Callback\Tcp", Attributes::new());
    /// let ((first, created), (second, opened)) = (component()?, component()?);
    /// assert_eq!((created, opened), (Disposition::Created, Disposition::Opened));
    /// assert!(first.is_same(&second));
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`create`](Self::create), without the collision.
    pub fn open_or_create<'a>(
        &self,
        name: impl Into<Name<'a>>,
        attributes: Attributes,
    ) -> Result<(CallbackObject, Disposition), Error> {
        self.make(&name.into(), &attributes, Access::Open, Existing::Opens)
    }

    pub(crate) fn open_or_create_as(
        &self,
        name: &Name<'_>,
        attributes: &Attributes,
        access: Access,
    ) -> Result<CallbackObject, Error> {
        self.make(name, attributes, access, Existing::Opens).map(|(object, _)| object)
    }

    /// Makes a directory in which objects can be created.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Status};
    ///
    /// let directory = Directory::new();
    /// directory.create_directory(r"\Callback\Net")?;
    /// let _tcp = directory.create(r"\Callback\Net\Tcp", Attributes::new())?;
    /// let again = directory.create_directory(r"\Callback\Net").unwrap_err();
    /// assert_eq!(again.status(), Status::OBJECT_NAME_COLLISION);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_directory<'a>(&self, name: impl Into<Name<'a>>) -> Result<(), Error> {
        let name = name.into();
        let attributes = Attributes::new();
        irql::check("create directory", &name, irql::create_limit())?;
        let root = &mut self.lock().root;
        let outcome = match resolve(root, &name, &attributes) {
            Ok(Place::Vacant(route, component)) => {
                route.folder_mut(root).map(|folder| folder.insert_folder(component))
            }
            Ok(Place::Unnamed) => Err(Status::UNSUCCESSFUL),
            Ok(_) | Err(Status::OBJECT_TYPE_MISMATCH) => Err(Status::OBJECT_NAME_COLLISION),
            Err(status) => Err(status),
        };
        outcome.map_err(|status| Error::new(status, "create directory", &name))
    }

    /// Every object that has a name now, sorted by name.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// let tcp = directory.create(r"\Callback\Tcp", Attributes::new())?;
    /// let _registration = tcp.register(|_, _| {})?;
    /// for object in directory.objects() {
    ///     println!("{}: {} routines", object.name(), object.registered());
    /// }
    /// assert_eq!(directory.objects()[0].registered(), 1);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn objects(&self) -> Vec<CallbackObject> {
        let mut all: Vec<_> = {
            let mut found = Vec::new();
            // Opened while it is locked, so that each keeps its name.
            let space = self.lock();
            space.root.collect(&mut found);
            found.into_iter().map(CallbackObject::new).collect()
        };
        all.sort_by(|a, b| a.name_units().cmp(b.name_units()));
        all
    }

    /// The names of all objects, sorted.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// let _udp = directory.create(r"\Callback\Udp", Attributes::new())?;
    /// let _tcp = directory.create(r"\Callback\Tcp", Attributes::new())?;
    /// assert_eq!(directory.names(), [r"\Callback\Tcp", r"\Callback\Udp"]);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.objects().iter().map(|object| object.name()).collect()
    }

    /// Has `hook` decide about every opening of an existing object; `None` allows all. Without a hook
    /// security descriptors are stored and nothing is enforced. The hook runs under no lock.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use callback_object::{Attributes, Directory, Status};
    ///
    /// let directory = Directory::new();
    /// let _secret = directory.create(r"\Callback\Secret", Attributes::new().security_descriptor(&[1]))?;
    /// directory.set_access_hook(Some(Arc::new(|object| object.security_descriptor().is_none())));
    /// let refused = directory.open(r"\Callback\Secret", Attributes::new()).unwrap_err();
    /// assert_eq!(refused.status(), Status::ACCESS_DENIED);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    pub fn set_access_hook(&self, hook: Option<AccessHook>) {
        self.lock().hook = hook;
    }

    /// The capability of the host of this namespace; given out once.
    ///
    /// ```
    /// use callback_object::Directory;
    ///
    /// let directory = Directory::new();
    /// let host = directory.host();
    /// assert!(host.is_some());
    /// assert!(directory.host().is_none()); // there is one host
    /// ```
    #[must_use]
    pub fn host(&self) -> Option<HostToken> {
        let taken = self.0.has_host.swap(true, Ordering::AcqRel);
        (!taken).then(|| HostToken { directory: self.clone() })
    }

    fn lock(&self) -> Guard<'_, Space> {
        self.0.space.lock()
    }

    /// Opens an object that the hook lets be opened.
    fn open_named(&self, name: &Name<'_>, attributes: &Attributes) -> Result<CallbackObject, Error> {
        irql::check("open", name, irql::create_limit())?;
        let (found, hook) = {
            let space = self.lock();
            let found = match resolve(&space.root, name, attributes) {
                Ok(Place::Object(object)) => Ok(CallbackObject::new(object)),
                Ok(Place::Vacant(..)) => Err(Status::OBJECT_NAME_NOT_FOUND),
                Ok(Place::Unnamed) => Err(Status::OBJECT_PATH_SYNTAX_BAD),
                Err(status) => Err(status),
            };
            (found, space.hook.clone())
        };
        admit(found, hook).map_err(|status| failure(status, "open", name))
    }

    fn make(
        &self,
        name: &Name<'_>,
        attributes: &Attributes,
        access: Access,
        existing: Existing,
    ) -> Result<(CallbackObject, Disposition), Error> {
        irql::check("create", name, irql::create_limit())?;
        let (made, hook) = {
            let mut space = self.lock();
            (self.make_in(&mut space.root, name, attributes, access, existing), space.hook.clone())
        };
        let outcome = match made {
            Ok((object, Disposition::Opened)) => admit(Ok(object), hook).map(|o| (o, Disposition::Opened)),
            made => made,
        };
        outcome.map_err(|status| failure(status, "create", name))
    }

    fn make_in(
        &self,
        root: &mut Folder,
        name: &Name<'_>,
        attributes: &Attributes,
        access: Access,
        existing: Existing,
    ) -> Result<(CallbackObject, Disposition), Status> {
        match resolve(root, name, attributes)? {
            Place::Unnamed => Err(Status::UNSUCCESSFUL),
            Place::Object(object) => match existing {
                Existing::Collides => Err(Status::OBJECT_NAME_COLLISION),
                Existing::Opens => Ok((CallbackObject::new(object), Disposition::Opened)),
            },
            Place::Vacant(route, component) => {
                let folder = route.folder_mut(root)?;
                let full = folder.qualify(component);
                if access != Access::Host && is_reserved(&full) {
                    return Err(Status::ACCESS_DENIED);
                }
                let namespace = Box::new(Names { shared: Arc::downgrade(&self.0) });
                let object = folder.insert_object(component, |label| {
                    Object::new(full, label, attributes.plan(access), Some(namespace))
                });
                Ok((CallbackObject::new(object), Disposition::Created))
            }
        }
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Directory").field(&self.names()).finish()
    }
}

/// What creating does when the object exists.
#[derive(Clone, Copy)]
enum Existing {
    Collides,
    Opens,
}

fn admit(found: Result<CallbackObject, Status>, hook: Option<AccessHook>) -> Result<CallbackObject, Status> {
    let object = found?;
    match hook {
        Some(hook) if !hook(&object) => Err(Status::ACCESS_DENIED),
        _ => Ok(object),
    }
}

fn failure(status: Status, operation: &'static str, name: &Name<'_>) -> Error {
    let error = Error::new(status, operation, name);
    match status {
        Status::OBJECT_PATH_SYNTAX_BAD => error.hint(r"write \Callback\ before the name"),
        Status::OBJECT_NAME_INVALID => {
            error.hint("components are separated by one backslash, none is empty, and none ends the name")
        }
        Status::OBJECT_NAME_NOT_FOUND => error.hint(
            "a temporary object loses its name with its last handle; names differ by case unless asked",
        ),
        Status::OBJECT_PATH_NOT_FOUND => error.hint(r"the directory \Callback always exists"),
        Status::UNSUCCESSFUL => error.hint("make objects without a name by CallbackObject::unnamed"),
        Status::ACCESS_DENIED => error.hint("the name is the host's; open it once the host created it"),
        _ => error,
    }
}

fn is_reserved(full: &[u16]) -> bool {
    RESERVED.iter().any(|reserved| {
        reserved.encode_utf16().map(name::upcase).eq(full.iter().map(|unit| name::upcase(*unit)))
    })
}

/// Follows a name as far as it leads.
fn resolve<'n>(root: &Folder, name: &'n Name<'_>, attributes: &'n Attributes) -> Result<Place<'n>, Status> {
    let insensitive = attributes.case_insensitive;
    let (base, path) = match &attributes.root {
        None => match name::qualified(name.units())? {
            Root::Unnamed => return Ok(Place::Unnamed),
            Root::Path(path) => (None, path),
        },
        Some(directory) => {
            let path = name::relative(name.units())?;
            let Root::Path(base) = name::qualified(directory)? else {
                return Err(Status::OBJECT_PATH_SYNTAX_BAD);
            };
            ((!base.is_empty()).then_some(base), path)
        }
    };
    if path.is_empty() {
        // The root directory itself.
        return Err(Status::OBJECT_TYPE_MISMATCH);
    }
    let (parent, last) = match name::last_separator(path) {
        Some(at) => (Some(&path[..at]), &path[at + 1..]),
        None => (None, path),
    };
    let route = Route { base, parent, insensitive };
    let folder = route.folder(root)?;
    if last.is_empty() {
        return Err(Status::OBJECT_NAME_INVALID);
    }
    match folder.find(last, insensitive) {
        Some(Found::Folder(_)) => Err(Status::OBJECT_TYPE_MISMATCH),
        Some(Found::Object(object)) => Ok(Place::Object(object)),
        None => Ok(Place::Vacant(route, last)),
    }
}

/// An object's way back to the namespace that names it.
struct Names {
    shared: Weak<Shared>,
}

impl Namespace for Names {
    fn last_handle_closed(&self, object: &Object) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut space = shared.space.lock();
        if object.keeps_name() {
            return;
        }
        let units = object.name_units();
        let Some(at) = name::last_separator(units) else { return };
        let folder = match units[..at].strip_prefix(&[u16::from(b'\\')]) {
            Some(parent) => space.root.below_mut(parent, false),
            None => Ok(&mut space.root),
        };
        if let Ok(folder) = folder {
            folder.remove(object);
        }
    }
}

/// What only the host of a namespace can do: create the system-defined objects and notify them.
///
/// ```
/// use callback_object::{Attributes, Directory, Status};
/// let directory = Directory::new();
/// let host = directory.host().unwrap();
/// let object = host.create(r"\Callback\PowerState", Attributes::new())?;
/// assert_eq!(object.notify(1 as _, 1 as _).unwrap_err().status(), Status::ACCESS_DENIED);
/// host.notify(&object, 1 as _, 1 as _)?;
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Debug)]
pub struct HostToken {
    directory: Directory,
}

impl HostToken {
    /// Creates an object that only the host may notify, under a reserved name or any other; opens it if
    /// the host created it already.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, RESERVED, Status};
    ///
    /// let directory = Directory::new();
    /// let host = directory.host().expect("nobody has asked before");
    /// let power = host.create(r"\Callback\PowerState", Attributes::new())?;
    /// assert!(RESERVED.contains(&&*power.name()));
    /// assert_eq!(
    ///     directory.create(r"\Callback\ProcessorAdd", Attributes::new()).unwrap_err().status(),
    ///     Status::ACCESS_DENIED
    /// );
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Directory::create`]; [`Status::OBJECT_NAME_COLLISION`] if the name is that of an object that
    /// everybody may notify.
    pub fn create<'a>(
        &self,
        name: impl Into<Name<'a>>,
        attributes: Attributes,
    ) -> Result<CallbackObject, Error> {
        let name = name.into();
        let (object, _) = self.directory.make(&name, &attributes, Access::Host, Existing::Opens)?;
        if object.access() == Access::Host {
            Ok(object)
        } else {
            Err(failure(Status::OBJECT_NAME_COLLISION, "create", &name))
        }
    }

    /// Notifies an object of the host.
    ///
    /// ```
    /// use std::ptr::null_mut;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use callback_object::{Attributes, Directory};
    ///
    /// static HEARD: AtomicBool = AtomicBool::new(false);
    /// let directory = Directory::new();
    /// let host = directory.host().expect("nobody has asked before");
    /// let clock = host.create(r"\Callback\SetSystemTime", Attributes::new())?;
    /// // Everybody may listen, the host alone may speak.
    /// let _listener = clock.register(|_, _| HEARD.store(true, Ordering::Relaxed))?;
    /// assert!(clock.notify(null_mut(), null_mut()).is_err());
    /// host.notify(&clock, null_mut(), null_mut())?;
    /// assert!(HEARD.load(Ordering::Relaxed));
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`ObjectReference::notify`](crate::ObjectReference::notify), but for [`Status::ACCESS_DENIED`].
    pub fn notify(
        &self,
        object: &Object,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) -> Result<(), Error> {
        if object.access() == Access::Host {
            object.deliver(argument1, argument2)
        } else {
            object.notify_otherwise(argument1, argument2)
        }
    }
}

impl CallbackObject {
    /// An object without a name, for whoever is given a handle or reference to it.
    ///
    /// ```
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let mine = CallbackObject::unnamed(Attributes::new());
    /// assert_eq!(mine.name(), "an unnamed object");
    /// let _registration = mine.register(|_, _| {})?;
    /// assert_eq!(mine.registered(), 1);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn unnamed(attributes: Attributes) -> CallbackObject {
        attributes.make_unnamed(Access::Open)
    }
}
