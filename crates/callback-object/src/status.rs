//! What an operation says when it does not do what it was asked: a status of the Windows kernel, with
//! the operation and its subject beside it.
//!
//! The values are those of [MS-ERREF] section 2.3.1. They matter because the C interface returns them
//! and because the documentation of callback objects speaks in them; Rust callers read the text.

use alloc::boxed::Box;
use alloc::string::ToString as _;
use core::fmt;

/// An `NTSTATUS`: negative as `i32` means failure.
///
/// ```
/// use callback_object::{Attributes, Directory, Status};
///
/// let error = Directory::new().open(r"\Callback\Tcp", Attributes::new()).unwrap_err();
/// assert_eq!(error.status(), Status::OBJECT_NAME_NOT_FOUND);
/// assert_eq!(
///     error.status().to_string(),
///     "no object has that name (STATUS_OBJECT_NAME_NOT_FOUND, 0xC0000034)"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Status(u32);

macro_rules! statuses {
    ($($name:ident = $value:literal, $text:literal;)*) => {
        impl Status {
            $(
                #[doc = concat!("`STATUS_", stringify!($name), "`: ", $text, ".")]
                pub const $name: Status = Status($value);
            )*

            /// Every status this crate returns.
            pub const ALL: &[Status] = &[$(Status::$name),*];

            /// Its documented name, `STATUS_…`, if this crate knows it.
            ///
            /// ```
            /// use callback_object::Status;
            ///
            /// assert_eq!(Status::ACCESS_DENIED.name(), Some("STATUS_ACCESS_DENIED"));
            /// assert_eq!(Status::from_bits(0xC000_0009).name(), None);
            /// ```
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(concat!("STATUS_", stringify!($name))),)*
                    _ => None,
                }
            }

            /// One clause that says what it means, without a full stop.
            ///
            /// ```
            /// use callback_object::Status;
            ///
            /// assert_eq!(Status::ALREADY_REGISTERED.text(), "the object allows one routine and has one");
            /// ```
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self.0 {
                    $($value => $text,)*
                    _ => "unknown status",
                }
            }
        }
    };
}

statuses! {
    SUCCESS = 0x0000_0000, "the operation succeeded";
    OBJECT_NAME_EXISTS = 0x4000_0000, "an object of that name existed and was opened";
    UNSUCCESSFUL = 0xC000_0001, "an object without a name cannot be created here";
    INVALID_HANDLE = 0xC000_0008, "the registration handle is not, or no longer, valid";
    INVALID_PARAMETER = 0xC000_000D, "a parameter has a value that is not allowed";
    ACCESS_DENIED = 0xC000_0022, "only the host may do this to a system-defined object";
    OBJECT_TYPE_MISMATCH = 0xC000_0024, "what has that name is something else";
    OBJECT_NAME_INVALID = 0xC000_0033, "the name is not a well-formed object name";
    OBJECT_NAME_NOT_FOUND = 0xC000_0034, "no object has that name";
    OBJECT_NAME_COLLISION = 0xC000_0035, "an object of that name exists already";
    OBJECT_PATH_NOT_FOUND = 0xC000_003A, "a directory in the name does not exist";
    OBJECT_PATH_SYNTAX_BAD = 0xC000_003B, "a fully qualified name begins with one backslash";
    DELETE_PENDING = 0xC000_0056, "the object is being deleted";
    INSUFFICIENT_RESOURCES = 0xC000_009A, "not enough memory or handles";
    INVALID_DEVICE_STATE = 0xC000_0184, "the current IRQL does not allow this operation";
    POSSIBLE_DEADLOCK = 0xC000_0194,
        "waiting for the routine would never end; it is removed once its running calls return";
    ALREADY_REGISTERED = 0xC000_0718, "the object allows one routine and has one";
}

impl Status {
    /// The status with this value, whether or not it has a name here.
    ///
    /// ```
    /// use callback_object::Status;
    ///
    /// // What a driver's entry point has returned:
    /// let status = Status::from_bits((-1_073_741_790_i32).cast_unsigned());
    /// assert_eq!(status, Status::ACCESS_DENIED);
    /// ```
    #[must_use]
    pub const fn from_bits(bits: u32) -> Status {
        Status(bits)
    }

    /// Its value, for example `0xC0000034`.
    ///
    /// ```
    /// use callback_object::Status;
    ///
    /// assert_eq!(Status::OBJECT_NAME_NOT_FOUND.bits(), 0xC000_0034);
    /// assert!(Status::OBJECT_NAME_NOT_FOUND.bits().cast_signed() < 0);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether `NT_SUCCESS` would say so: the highest bit is clear.
    ///
    /// ```
    /// use callback_object::Status;
    ///
    /// assert!(Status::SUCCESS.is_success());
    /// assert!(Status::OBJECT_NAME_EXISTS.is_success()); // opened instead of created
    /// assert!(!Status::OBJECT_NAME_COLLISION.is_success());
    /// ```
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 & 0x8000_0000 == 0
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Status({:#010X})", self.0),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} ({name}, {:#010X})", self.text(), self.0),
            None => write!(f, "{:#010X}", self.0),
        }
    }
}

/// A failed operation: which, on what, and why.
///
/// One pointer wide, so that the success of a notification costs a register.
///
/// ```
/// use callback_object::{Attributes, Directory};
///
/// let error = Directory::new().open(r"\Callback\Tcp", Attributes::new()).unwrap_err();
/// let text = error.to_string();
/// assert!(
///     text.contains("open") && text.contains(r"\Callback\Tcp") && text.contains("no object has that name")
/// );
/// assert_eq!(size_of_val(&error), size_of::<usize>());
/// ```
#[derive(Clone)]
pub struct Error(Box<Failure>);

#[derive(Clone)]
struct Failure {
    status: Status,
    operation: &'static str,
    subject: Box<str>,
    hint: &'static str,
}

impl Error {
    #[cold]
    pub(crate) fn new(status: Status, operation: &'static str, subject: &dyn fmt::Display) -> Error {
        Error(Box::new(Failure { status, operation, subject: subject.to_string().into(), hint: "" }))
    }

    /// Adds what the caller can do about it.
    pub(crate) fn hint(mut self, hint: &'static str) -> Error {
        self.0.hint = hint;
        self
    }

    /// Why, as the C interface would say.
    ///
    /// ```
    /// use callback_object::{Attributes, Directory, Status};
    ///
    /// let directory = Directory::new();
    /// match directory.open(r"\Callback\Tcp", Attributes::new()) {
    ///     Ok(object) => println!("{} routines", object.registered()),
    ///     Err(error) if error.status() == Status::OBJECT_NAME_NOT_FOUND => println!("nobody offers it"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// What was attempted, as a verb: `open`, `register`.
    ///
    /// ```standalone_crate
    /// use callback_object::irql::{self, DISPATCH};
    /// use callback_object::{Attributes, CallbackObject};
    ///
    /// let object = CallbackObject::unnamed(Attributes::new());
    /// let raised = irql::raise(DISPATCH)?;
    /// assert_eq!(object.register(|_, _| {}).unwrap_err().operation(), "register");
    /// # drop(raised);
    /// # Ok::<(), callback_object::Error>(())
    /// ```
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.status)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.0.operation, self.0.subject, self.0.status)?;
        if self.0.hint.is_empty() { Ok(()) } else { write!(f, "; {}", self.0.hint) }
    }
}

impl core::error::Error for Error {}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        error.status()
    }
}
