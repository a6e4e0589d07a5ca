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

use alloc::string::ToString as _;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::platform;
use crate::report::{self, Report};
use crate::rundown::Slot;
use crate::status::{Error, Status};

/// A level, `KIRQL`.
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
pub fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Relaxed);
}

/// What happens at violations in this process.
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
pub fn set_strict(strict: bool) {
    STRICT.store(strict, Ordering::Relaxed);
}

/// The highest level at which objects may be created and opened.
pub(crate) fn create_limit() -> Irql {
    if STRICT.load(Ordering::Relaxed) { PASSIVE } else { APC }
}

/// The level of this thread, `KeGetCurrentIrql`.
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
/// # Errors
/// As [`raise`]. The level is then unchanged.
pub fn set_raised(level: Irql) -> Result<Irql, Error> {
    let actual = current();
    if level < actual || level > HIGH {
        return misused("raise", level, actual);
    }
    Slot::of_this_thread().set_level(level);
    Ok(actual)
}

/// `KeLowerIrql`: lowers the level to one that [`set_raised`] returned.
///
/// # Errors
/// [`Status::INVALID_PARAMETER`] for a level above the current one. The level is then unchanged.
pub fn set_lowered(level: Irql) -> Result<(), Error> {
    let actual = current();
    if level > actual {
        return misused("lower", level, actual).map(|_| ());
    }
    Slot::of_this_thread().set_level(level);
    Ok(())
}

#[cold]
fn misused(operation: &'static str, wanted: Irql, actual: Irql) -> Result<Irql, Error> {
    violated(&Report::IrqlMisused { operation, wanted, actual });
    let subject = alloc::format!("the IRQL from {actual} to {wanted}");
    Err(Error::new(Status::INVALID_PARAMETER, operation, &subject)
        .hint("raising goes up, lowering goes down to the level before the raise"))
}

/// The level was raised; dropping this restores it.
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
        Slot::of_this_thread().set_level(self.before);
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

/// Whether `operation` on `object` is allowed at this thread's level.
#[inline]
pub(crate) fn check(operation: &'static str, object: &dyn fmt::Display, allowed: Irql) -> Result<(), Error> {
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
