//! What the crate tells a person: misuse that has no return value to show in, or that needs one.
//!
//! Every report goes to one handler per process. The default handler writes a line to standard error.
//! A handler runs in the thread that noticed, with no lock held, at that thread's IRQL.
//!
//! Some reports carry the code of the *bug check* with which the Windows kernel would have stopped; see
//! [`irql::Mode::BugCheck`](crate::irql::Mode) for when this process stops too.
//!
//! # Safety
//! The handler is a function pointer kept as an address.
#![allow(unsafe_code, reason = "a function pointer in an atomic")]

use alloc::string::String;
use core::any::Any;
use core::fmt;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::platform;

/// Something noticed.
///
/// ```standalone_crate
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use callback_object::irql::{self, PASSIVE};
/// use callback_object::report::{self, Report};
///
/// static MISUSES: AtomicU32 = AtomicU32::new(0);
/// report::set_handler(Some(|report| {
///     if let Report::IrqlMisused { operation: "lower", .. } = report {
///         MISUSES.fetch_add(1, Ordering::Relaxed);
///     }
///     assert_eq!(report.to_string(), "cannot lower the IRQL from PASSIVE_LEVEL to APC_LEVEL");
/// }));
/// let _ = irql::set_lowered(PASSIVE + 1);
/// assert_eq!(MISUSES.load(Ordering::Relaxed), 1);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Report {
    /// An operation was called above the IRQL it is documented for.
    IrqlTooHigh {
        /// The operation, as a verb.
        operation: &'static str,
        /// The object's name.
        object: String,
        /// The highest level allowed.
        allowed: u8,
        /// The thread's level.
        actual: u8,
    },
    /// The level was raised to a lower one, lowered to a higher one, or is none.
    IrqlMisused {
        /// `raise` or `lower`.
        operation: &'static str,
        /// The level asked for.
        wanted: u8,
        /// The thread's level.
        actual: u8,
    },
    /// A routine returned at another IRQL than it was called at; it has been restored.
    IrqlChanged {
        /// The object's name.
        object: String,
        /// Address of the routine.
        routine: usize,
        /// The level it was called at.
        before: u8,
        /// The level it returned at.
        after: u8,
    },
    /// Two or more threads would have waited for each other; the removal completes later.
    Deadlock {
        /// The object whose routine was to be removed.
        object: String,
        /// Address of that routine.
        routine: usize,
        /// The object whose routine asked for that.
        by_object: String,
        /// Address of the routine that asked.
        by_routine: usize,
    },
    /// A registration handle that was never given out, or was unregistered before.
    StaleHandle {
        /// The handle.
        handle: u64,
    },
    /// A panic was caught and not passed on, as the object's policy says.
    Panic {
        /// The object's name.
        object: String,
        /// Address of the routine; for a closure that of its shim. 0 if it is not known.
        routine: usize,
        /// Its message.
        message: String,
        /// Whether the process is about to abort because of it.
        aborting: bool,
    },
    /// A routine was left by unwinding that is no panic of this crate's std.
    Unwound {
        /// The object's name.
        object: String,
        /// Address of the routine.
        routine: usize,
        /// Whether the process is about to abort because of it.
        aborting: bool,
    },
    /// A thread ended while it was inside routines.
    ThreadEnded {
        /// The thread.
        thread: String,
        /// The number of notifications it was in.
        calls: u32,
    },
    /// Unregistering has waited for long; it goes on.
    StillWaiting {
        /// The threads that are inside the routine.
        threads: usize,
    },
    /// Something that the component which loads drivers has noticed.
    Host {
        /// What, as one clause.
        text: String,
        /// The documented code with which the Windows kernel would stop.
        bug_check: Option<u32>,
    },
    /// A rule was broken in a way that cannot be lived with: the process ends when the handler has returned.
    Stop {
        /// What, as one clause.
        text: String,
        /// The documented code with which the Windows kernel would stop.
        bug_check: u32,
    },
    /// A created object has no name any more, because it was created temporary.
    NameGone {
        /// The name it had.
        object: String,
    },
}

impl Report {
    /// The documented code with which the Windows kernel would stop, if it would.
    ///
    /// ```
    /// use callback_object::report::Report;
    ///
    /// // 0xC4, DRIVER_VERIFIER_DETECTED_VIOLATION
    /// assert_eq!(Report::StaleHandle { handle: 0x17 }.bug_check(), Some(0xC4));
    /// // What the kernel does not know of is no reason to stop.
    /// assert_eq!(Report::StillWaiting { threads: 1 }.bug_check(), None);
    /// ```
    #[must_use]
    pub fn bug_check(&self) -> Option<u32> {
        match self {
            Report::IrqlTooHigh { .. } => Some(0xA),
            Report::IrqlMisused { operation: "raise", .. } => Some(0x9),
            Report::IrqlMisused { .. } => Some(0xA),
            Report::IrqlChanged { .. } => Some(0xC8),
            Report::Deadlock { .. } | Report::StaleHandle { .. } => Some(0xC4),
            Report::Host { bug_check, .. } => *bug_check,
            Report::Stop { bug_check, .. } => Some(*bug_check),
            _ => None,
        }
    }
}

/// A level with its name.
struct Level(u8);

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("PASSIVE_LEVEL"),
            1 => f.write_str("APC_LEVEL"),
            2 => f.write_str("DISPATCH_LEVEL"),
            level => write!(f, "IRQL {level}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::IrqlTooHigh { operation, object, allowed, actual } => write!(
                f,
                "IRQL too high to {operation} {object}: {}, allowed up to {}",
                Level(*actual),
                Level(*allowed)
            ),
            Report::IrqlMisused { operation, wanted, actual } => {
                write!(f, "cannot {operation} the IRQL from {} to {}", Level(*actual), Level(*wanted))
            }
            Report::IrqlChanged { object, routine, before, after } => write!(
                f,
                "routine {} of {object} was called at {} and returned at {}: restored",
                Address(*routine),
                Level(*before),
                Level(*after)
            ),
            Report::Deadlock { object, routine, by_object, by_routine } => write!(
                f,
                "unregistering routine {} of {object}, asked for by routine {} of {by_object}, would wait \
                 for a thread that waits for this one: it completes when the routine's running calls return",
                Address(*routine),
                Address(*by_routine)
            ),
            Report::StaleHandle { handle } => {
                write!(
                    f,
                    "registration handle {handle:#x} is not valid: never given out, or unregistered before"
                )
            }
            Report::Panic { object, routine: 0, message, aborting } => {
                write!(f, "a routine of {object} panicked: {message}{}", ending(*aborting))
            }
            Report::Panic { object, routine, message, aborting } => write!(
                f,
                "routine {} of {object} panicked: {message}{}",
                Address(*routine),
                ending(*aborting)
            ),
            Report::Unwound { object, routine, aborting } => write!(
                f,
                "routine {} of {object} did not return but unwound (a foreign exception, or the \
                 thread's end){}",
                Address(*routine),
                ending(*aborting)
            ),
            Report::ThreadEnded { thread, calls } => {
                write!(f, "thread {thread} ended inside {calls} notifications: they count as returned")
            }
            Report::StillWaiting { threads } => {
                write!(f, "unregistering waits for {threads} threads to return from the routine")
            }
            Report::Host { text, .. } => f.write_str(text),
            Report::Stop { text, .. } => write!(f, "{text}: the process ends"),
            Report::NameGone { object } => {
                write!(f, "{object} was created without OBJ_PERMANENT: nobody can open it by name any more")
            }
        }
    }
}

fn ending(aborting: bool) -> &'static str {
    if aborting { "; the process aborts" } else { "" }
}

/// Says what is known of an address: its function and its library.
///
/// ```
/// use callback_object::report::{self, Describer};
///
/// fn plain(address: usize) -> String {
///     format!("the routine at {address:#x}")
/// }
/// report::set_describer(plain as Describer);
/// ```
pub type Describer = fn(usize) -> String;

/// Null: addresses show as numbers. Otherwise the address of a `Describer`.
static DESCRIBER: AtomicPtr<()> = AtomicPtr::new(null_mut());

/// Has the routines in reports described by `describer`.
///
/// ```
/// use callback_object::report::{self, Report};
///
/// report::set_describer(|address| match address {
///     0x1000 => "connection_routine in libtcp.so".to_owned(),
///     other => format!("{other:#x}"),
/// });
/// let report = Report::IrqlChanged { object: r"\Callback\Tcp".to_owned(), routine: 0x1000, before: 0, after: 2 };
/// assert!(report.to_string().starts_with("routine connection_routine in libtcp.so of"));
/// ```
pub fn set_describer(describer: Describer) {
    DESCRIBER.store(describer as *mut (), Ordering::Release);
}

/// A routine, described if somebody can.
pub(crate) struct Address(pub(crate) usize);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let describer = DESCRIBER.load(Ordering::Acquire);
        if describer.is_null() {
            return write!(f, "{:#x}", self.0);
        }
        // SAFETY: the only non-null values stored are addresses of functions of this type.
        let describer = unsafe { core::mem::transmute::<*mut (), Describer>(describer) };
        f.write_str(&describer(self.0))
    }
}

/// Receives every report.
///
/// ```
/// use callback_object::report::{self, Handler, Report};
///
/// fn log(report: &Report) {
///     eprintln!("callback objects: {report}");
/// }
/// report::set_handler(Some(log as Handler));
/// ```
pub type Handler = fn(&Report);

/// Null: the default. Otherwise the address of a `Handler`.
static HANDLER: AtomicPtr<()> = AtomicPtr::new(null_mut());

fn write_line(report: &Report) {
    use alloc::string::ToString as _;
    match report.bug_check() {
        Some(code) => platform::log(&alloc::format!("{report} (bug check {code:#X})")),
        None => platform::log(&report.to_string()),
    }
}

/// Makes `handler` receive the reports of this process; `None` restores the default.
///
/// ```standalone_crate
/// use std::sync::Mutex;
///
/// use callback_object::irql::{self, HIGH};
/// use callback_object::report;
///
/// static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// report::set_handler(Some(|report| LOG.lock().unwrap().push(report.to_string())));
/// let _ = irql::raise(HIGH + 1);
/// report::set_handler(None); // to standard error again
/// assert_eq!(*LOG.lock().unwrap(), ["cannot raise the IRQL from PASSIVE_LEVEL to IRQL 16"]);
/// ```
pub fn set_handler(handler: Option<Handler>) {
    let address = handler.map_or(null_mut(), |handler| handler as *mut ());
    HANDLER.store(address, Ordering::Release);
}

/// Hands a report to the handler.
///
/// For components beside this crate, so that all of a program's reports go one way:
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use callback_object::report::{self, Report};
///
/// static HEARD: AtomicBool = AtomicBool::new(false);
/// report::set_handler(Some(|report| HEARD.store(report.to_string().contains("tcp"), Ordering::Relaxed)));
/// report::send(&Report::Host { text: "driver tcp has no unload routine".to_owned(), bug_check: None });
/// assert!(HEARD.load(Ordering::Relaxed));
/// ```
pub fn send(report: &Report) {
    let address = HANDLER.load(Ordering::Acquire);
    if address.is_null() {
        write_line(report);
    } else {
        handler_at(address)(report);
    }
}

/// What a panic says.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        String::from(*text)
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        String::from("a payload that is no text")
    }
}

/// Reports something that cannot be lived with, and ends the process: the kernel's `KeBugCheck`.
///
/// ```no_run
/// use callback_object::report;
///
/// /// The host's own invariants.
/// fn check(devices: usize) {
///     if devices == 0 {
///         report::stop("the last device has gone".to_owned(), 0x7B);
///     }
/// }
/// # check(0);
/// ```
#[cold]
pub fn stop(text: String, bug_check: u32) -> ! {
    send(&Report::Stop { text, bug_check });
    platform::abort()
}

fn handler_at(address: *mut ()) -> Handler {
    // SAFETY: the only non-null values stored are addresses of functions of this type.
    unsafe { core::mem::transmute::<*mut (), Handler>(address) }
}
