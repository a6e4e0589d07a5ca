//! The interrupt request level: how much a piece of code may ask for while it runs.
//!
//! In the kernel it masks interrupts. Here it is a number per thread that says which operations are
//! allowed, so that code written for the kernel's rules is held to them: at [`DISPATCH`] nothing may
//! wait, so nothing may be created, registered or unregistered, while notifying is allowed and neither
//! waits nor allocates. Nobody can stop a routine at that level from taking a page fault or a mutex of
//! its own; this crate checks its own operations only.
//!
//! | operation | highest level | documented at |
//! |---|---|---|
//! | create, open | [`APC`] ([`PASSIVE`] in [strict](set_strict) mode) | `ExCreateCallback`; the rule IrqlExPassive says the second |
//! | register, unregister | [`APC`] | `ExRegisterCallback`, `ExUnregisterCallback`, rule IrqlExApcLte2 |
//! | notify | [`DISPATCH`] | `ExNotifyCallback` |
//! | make temporary | [`APC`] | `ObMakeTemporaryObject` |
//!
//! [`check`] holds operations of others to the same rules.

use alloc::string::ToString as _;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::platform;
use crate::report::{self, Report};
use crate::rundown::Slot;
use crate::status::{Error, Status};

/// A level, `KIRQL`.
///
/// ```
/// use callback_object::irql::{APC, DISPATCH, HIGH, Irql, PASSIVE};
///
/// let levels: [Irql; 4] = [PASSIVE, APC, DISPATCH, HIGH];
/// assert!(levels.is_sorted());
/// ```
pub type Irql = u8;

/// `PASSIVE_LEVEL`: everything is allowed.
pub const PASSIVE: Irql = 0;
/// `APC_LEVEL`.
pub const APC: Irql = 1;
/// `DISPATCH_LEVEL`: nothing that may wait is allowed.
pub const DISPATCH: Irql = 2;
/// `HIGH_LEVEL` of x86-64, the highest there is.
pub const HIGH: Irql = 15;

/// What happens at a violation.
///
/// ```standalone_crate
/// use callback_object::irql::{self, DISPATCH, Mode};
/// use callback_object::{Attributes, Directory, Status};
///
/// let raised = irql::raise(DISPATCH)?;
/// let create = || Directory::global().create(r"\Callback\Example", Attributes::new());
/// // The default refuses what the kernel forbids; a port in progress may rather want to hear of it only.
/// assert_eq!(create().unwrap_err().status(), Status::INVALID_DEVICE_STATE);
/// irql::set_mode(Mode::Report);
/// assert!(create().is_ok());
/// # drop(raised);
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// Levels are not checked.
    Off,
    /// The violation is reported and the operation goes on.
    Report,
    /// The operation is refused with [`Status::INVALID_DEVICE_STATE`]. The default.
    Status,
    /// The violation is reported with its bug check code, then the process aborts.
    BugCheck,
}

static MODE: AtomicU8 = AtomicU8::new(Mode::Status as u8);
static STRICT: AtomicBool = AtomicBool::new(false);

/// What happens at violations in this process from now on.
///
/// ```standalone_crate
/// use callback_object::irql::{self, DISPATCH, Mode};
/// use callback_object::{Attributes, Directory};
///
/// irql::set_mode(Mode::Off);
/// let _raised = irql::raise(DISPATCH)?;
/// assert!(Directory::global().create(r"\Callback\Example", Attributes::new()).is_ok());
/// # Ok::<(), callback_object::Error>(())
/// ```
pub fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Relaxed);
}

/// What happens at violations in this process.
///
/// ```standalone_crate
/// use callback_object::irql::{self, Mode};
///
/// assert_eq!(irql::mode(), Mode::Status);
/// irql::set_mode(Mode::BugCheck);
/// assert_eq!(irql::mode(), Mode::BugCheck);
/// ```
#[must_use]
pub fn mode() -> Mode {
    match MODE.load(Ordering::Relaxed) {
        0 => Mode::Off,
        1 => Mode::Report,
        2 => Mode::Status,
        _ => Mode::BugCheck,
    }
}

/// Whether creating and opening are allowed at [`PASSIVE`] only. The documentation contradicts itself;
/// the default is the more generous reading, up to [`APC`].
///
/// ```standalone_crate
/// use callback_object::irql::{self, APC};
/// use callback_object::{Attributes, Directory};
///
/// let _raised = irql::raise(APC)?;
/// let create = |name: &str| Directory::global().create(name, Attributes::new());
/// assert!(create(r"\Callback\Generous").is_ok());
/// irql::set_strict(true);
/// assert!(create(r"\Callback\Strict").is_err());
/// # Ok::<(), callback_object::Error>(())
/// ```
pub fn set_strict(strict: bool) {
    STRICT.store(strict, Ordering::Relaxed);
}

/// The highest level at which objects may be created and opened.
pub(crate) fn create_limit() -> Irql {
    if STRICT.load(Ordering::Relaxed) { PASSIVE } else { APC }
}

/// The level of this thread, `KeGetCurrentIrql`.
///
/// ```
/// use callback_object::irql::{self, DISPATCH, PASSIVE};
/// use callback_object::{Attributes, Directory};
///
/// // A routine runs at the level of whoever notifies.
/// let object = Directory::global().create(r"\Callback\Example", Attributes::new())?;
/// let registration =
///     object.register(|expected, _| assert_eq!(usize::from(irql::current()), expected.addr()))?;
/// let level = |level: u8| std::ptr::without_provenance_mut(level.into());
/// object.notify(level(PASSIVE), std::ptr::null_mut())?;
/// let raised = irql::raise(DISPATCH)?;
/// object.notify(level(DISPATCH), std::ptr::null_mut())?;
/// drop(raised);
/// # drop(registration);
/// # Ok::<(), callback_object::Error>(())
/// ```
#[inline]
#[must_use]
pub fn current() -> Irql {
    Slot::attached().map_or(PASSIVE, |slot| slot.condition().level())
}

/// Raises the level until the guard is dropped.
///
/// ```
/// use callback_object::irql::{self, DISPATCH};
/// let raised = irql::raise(DISPATCH).unwrap();
/// assert_eq!(irql::current(), DISPATCH);
/// drop(raised);
/// assert_eq!(irql::current(), irql::PASSIVE);
/// ```
///
/// # Errors
/// [`Status::INVALID_PARAMETER`] for a level below the current one or above [`HIGH`].
pub fn raise(level: Irql) -> Result<Raised, Error> {
    let before = set_raised(level)?;
    Ok(Raised { before, raised: level, thread: core::marker::PhantomData })
}

/// `KeRaiseIrql`: raises the level and returns the one before, without a guard.
///
/// For code that was written in pairs, as drivers are:
///
/// ```
/// use callback_object::irql::{self, DISPATCH, HIGH, PASSIVE};
///
/// let before = irql::set_raised(DISPATCH)?;
/// assert_eq!((before, irql::current()), (PASSIVE, DISPATCH));
/// assert!(irql::set_raised(PASSIVE).is_err()); // that would be lowering
/// assert!(irql::set_raised(HIGH + 1).is_err());
/// irql::set_lowered(before)?;
/// # Ok::<(), callback_object::Error>(())
/// ```
///
/// # Errors
/// As [`raise`]. The level is then unchanged.
pub fn set_raised(level: Irql) -> Result<Irql, Error> {
    let actual = current();
    if level < actual || level > HIGH {
        return misused("raise", level, actual);
    }
    set(level);
    Ok(actual)
}

/// `KeLowerIrql`: lowers the level to one that [`set_raised`] returned.
///
/// ```
/// use callback_object::Status;
/// use callback_object::irql::{self, APC, DISPATCH, PASSIVE};
///
/// let before = irql::set_raised(APC)?;
/// let error = irql::set_lowered(DISPATCH).unwrap_err();
/// assert_eq!((error.status(), irql::current()), (Status::INVALID_PARAMETER, APC));
/// irql::set_lowered(before)?;
/// assert_eq!(irql::current(), PASSIVE);
/// # Ok::<(), callback_object::Error>(())
/// ```
///
/// # Errors
/// [`Status::INVALID_PARAMETER`] for a level above the current one. The level is then unchanged.
pub fn set_lowered(level: Irql) -> Result<(), Error> {
    let actual = current();
    if level > actual {
        return misused("lower", level, actual).map(|_| ());
    }
    set(level);
    Ok(())
}

fn set(level: Irql) {
    let slot = Slot::of_this_thread();
    slot.set_level(level);
    slot.leave_if_fleeting();
}

#[cold]
fn misused(operation: &'static str, wanted: Irql, actual: Irql) -> Result<Irql, Error> {
    violated(&Report::IrqlMisused { operation, wanted, actual });
    let subject = alloc::format!("the IRQL from {actual} to {wanted}");
    Err(Error::new(Status::INVALID_PARAMETER, operation, &subject)
        .hint("raising goes up, lowering goes down to the level before the raise"))
}

/// The level was raised; dropping this restores it.
///
/// ```
/// use callback_object::irql::{self, APC, DISPATCH, Raised};
///
/// struct SpinLock;
///
/// impl SpinLock {
///     /// Held as long as the guard lives; at that level nothing waits for the holder.
///     fn lock(&self) -> Result<Raised, callback_object::Error> {
///         irql::raise(DISPATCH)
///     }
/// }
///
/// let _outer = irql::raise(APC)?;
/// let held = SpinLock.lock()?;
/// assert_eq!(irql::current(), DISPATCH);
/// drop(held);
/// assert_eq!(irql::current(), APC);
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the level is restored when this is dropped"]
pub struct Raised {
    before: Irql,
    raised: Irql,
    /// The level belongs to this thread.
    thread: core::marker::PhantomData<*const ()>,
}

impl Drop for Raised {
    fn drop(&mut self) {
        if current() != self.raised {
            violated(&Report::IrqlMisused { operation: "lower", wanted: self.before, actual: current() });
        }
        set(self.before);
    }
}

/// Sends a report of a violation, and stops the process if that is the mode.
pub(crate) fn violated(report: &Report) {
    match mode() {
        Mode::Off => {}
        Mode::Report | Mode::Status => report::send(report),
        Mode::BugCheck => {
            report::send(report);
            platform::abort();
        }
    }
}

/// Whether `operation` on `object` is allowed at this thread's level, for operations of one's own; those of this crate
/// ask themselves. A violation is reported, and refused or not, as the [mode](set_mode) says.
///
/// ```
/// use callback_object::irql::{self, APC, DISPATCH};
/// use callback_object::{Error, Status};
///
/// /// Waits, which nobody may who holds a spin lock.
/// fn flush(log: &str) -> Result<(), Error> {
///     irql::check("flush", &log, APC)
/// }
/// assert!(flush("the log").is_ok());
/// let raised = irql::raise(DISPATCH)?;
/// assert_eq!(flush("the log").unwrap_err().status(), Status::INVALID_DEVICE_STATE);
/// # drop(raised);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// [`Status::INVALID_DEVICE_STATE`] if it is not.
#[inline]
pub fn check(operation: &'static str, object: &dyn fmt::Display, allowed: Irql) -> Result<(), Error> {
    let actual = current();
    if actual <= allowed { Ok(()) } else { too_high(operation, object, allowed, actual) }
}

#[cold]
fn too_high(
    operation: &'static str,
    object: &dyn fmt::Display,
    allowed: Irql,
    actual: Irql,
) -> Result<(), Error> {
    let mode = mode();
    if mode == Mode::Off {
        return Ok(());
    }
    violated(&Report::IrqlTooHigh { operation, object: object.to_string(), allowed, actual });
    if mode == Mode::Report {
        return Ok(());
    }
    Err(Error::new(Status::INVALID_DEVICE_STATE, operation, object).hint("lower the IRQL first"))
}
