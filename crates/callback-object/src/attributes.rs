//! How an object is looked up and created: what `OBJECT_ATTRIBUTES` says, and what callback objects add.

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::label::Label;
use crate::name::Name;
use crate::object::{Access, CallbackObject, Object, Plan};
use crate::policy::PanicPolicy;
use crate::rundown::Fence;

/// How an object is looked up and created. The default is that of `InitializeObjectAttributes` with no
/// attributes, and an object that takes any number of routines.
///
/// ```
/// use callback_object::{Attributes, Directory, PanicPolicy};
///
/// let attributes = Attributes::new().permanent().single().panics(PanicPolicy::Count);
/// let object = Directory::new().create(r"\Callback\Tcp", attributes)?;
/// assert!(object.is_permanent() && object.is_single());
/// assert_eq!(object.panic_policy(), PanicPolicy::Count);
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    pub(crate) case_insensitive: bool,
    pub(crate) permanent: bool,
    single: bool,
    fence: Fence,
    policy: PanicPolicy,
    pub(crate) root: Option<Box<[u16]>>,
    security: Option<Arc<[u8]>>,
}

impl Attributes {
    /// Case-sensitive, temporary, for any number of routines.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let object = Directory::new().create(r"\Callback\Tcp", Attributes::new())?;
    /// assert!(!object.is_permanent() && !object.is_single());
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Attributes {
        Attributes::default()
    }

    /// `OBJ_CASE_INSENSITIVE`: all components of the name match in any case, by [`upcase`](crate::name::upcase).
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// let _tcp = directory.create(r"\Callback\TcpConnection", Attributes::new())?;
    /// assert!(directory.open(r"\callback\tcpconnection", Attributes::new()).is_err());
    /// assert!(directory.open(r"\callback\tcpconnection", Attributes::new().case_insensitive()).is_ok());
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn case_insensitive(mut self) -> Attributes {
        self.case_insensitive = true;
        self
    }

    /// `OBJ_PERMANENT`: a created object and its name stay until
    /// [`make_temporary`](Object::make_temporary).
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// drop(directory.create(r"\Callback\Stays", Attributes::new().permanent())?);
    /// drop(directory.create(r"\Callback\Goes", Attributes::new())?);
    /// assert_eq!(directory.names(), [r"\Callback\Stays"]);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn permanent(mut self) -> Attributes {
        self.permanent = true;
        self
    }

    /// A created object takes one routine at a time: `AllowMultipleCallbacks` is `FALSE`.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Status};
    ///
    /// let object = Directory::new().create(r"\Callback\Owner", Attributes::new().single())?;
    /// let first = object.register(|_, _| {})?;
    /// assert_eq!(object.register(|_, _| {}).unwrap_err().status(), Status::ALREADY_REGISTERED);
    /// drop(first);
    /// assert!(object.register(|_, _| {}).is_ok());
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn single(mut self) -> Attributes {
        self.single = true;
        self
    }

    /// How a created object runs down.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Fence};
    ///
    /// // Where routines come and go so often that asking the system each time would cost too much.
    /// let object = Directory::new().create(r"\Callback\Busy", Attributes::new().fence(Fence::Portable))?;
    /// assert_eq!(object.fence_in_use(), Fence::Portable);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn fence(mut self, fence: Fence) -> Attributes {
        self.fence = fence;
        self
    }

    /// What becomes of panics in routines of a created object.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, PanicPolicy};
    ///
    /// let object = Directory::new().create(r"\Callback\Tcp", Attributes::new().panics(PanicPolicy::Count))?;
    /// let _faulty = object.register(|_, _| panic!("no such connection"))?;
    /// object.notify(std::ptr::null_mut(), std::ptr::null_mut())?; // does not panic
    /// assert_eq!(object.panics(), 1);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn panics(mut self, policy: PanicPolicy) -> Attributes {
        self.policy = policy;
        self
    }

    /// `RootDirectory`: the name is relative to the directory with this fully qualified name.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let directory = Directory::new();
    /// directory.create_directory(r"\Callback\Net")?;
    /// let tcp = directory.create("Tcp", Attributes::new().root(r"\Callback\Net"))?;
    /// assert_eq!(tcp.name(), r"\Callback\Net\Tcp");
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn root<'a>(mut self, directory: impl Into<Name<'a>>) -> Attributes {
        self.root = Some(directory.into().units().into());
        self
    }

    /// `SecurityDescriptor` of a created object, self-relative; stored, handed to an
    /// [access hook](crate::Directory::set_access_hook), not interpreted.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory};
    ///
    /// let object =
    ///     Directory::new().create(r"\Callback\Tcp", Attributes::new().security_descriptor(&[1, 0, 4, 128]))?;
    /// assert_eq!(object.security_descriptor(), Some(&[1, 0, 4, 128][..]));
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn security_descriptor(mut self, descriptor: &[u8]) -> Attributes {
        self.security = Some(descriptor.into());
        self
    }

    /// An object without a name.
    pub(crate) fn make_unnamed(&self, access: Access) -> CallbackObject {
        CallbackObject::new(Object::new(Box::default(), Label::none(), self.plan(access), None))
    }

    /// How to make an object that has these.
    pub(crate) fn plan(&self, access: Access) -> Plan {
        Plan {
            single: self.single,
            permanent: self.permanent,
            fence: self.fence,
            policy: self.policy,
            access,
            security: self.security.clone(),
        }
    }
}
