//! What happens to this system, as the three objects that the documentation reserves for it.
//!
//! On Linux:
//!
//! | object | notified when | from |
//! |---|---|---|
//! | `\Callback\SetSystemTime` | the clock has been set | a timer that is cancelled by that |
//! | `\Callback\PowerState` | the system has gone over to battery or back to mains | the kernel's device events, and `/sys/class/power_supply` for the state |
//! | `\Callback\ProcessorAdd` | a processor has appeared, or has been started | the kernel's device events, and `/sys/devices/system/cpu` |
//!
//! On Windows a window that nobody sees is told of the first two; programs are not told of processors, and
//! the third is there without being notified. The window belongs to a process in a session that has windows.
//!
//! The arguments are those of the documentation of `ExRegisterCallback`. Of the power notifications there is
//! the one about the supply (`PO_CB_AC_STATUS`). The others have no source that every Linux offers: a lid is
//! an input device for those who may read it, that the system is about to sleep is told by a daemon, and power
//! policies of Windows do not exist. A routine of `\Callback\ProcessorAdd` may veto: it sets the status behind its second argument to
//! an error if the state is `KeProcessorAddStartNotify` and the status still is a success. What a veto does on
//! a system that has started the processor already is the host's choice: [`Veto`].
//!
//! Only the host notifies these objects. One thread observes and notifies, at PASSIVE_LEVEL; so
//! notifications never overlap, and a slow routine delays later events but loses none that matter: states
//! are read again after each event.

#[cfg(unix)]
mod clock;
#[cfg(unix)]
mod devices;
#[cfg(unix)]
mod power;
#[cfg(unix)]
mod processors;
#[cfg(unix)]
mod uevent;

mod notifier;
#[cfg(unix)]
#[path = "linux.rs"]
mod publisher;
#[cfg(windows)]
#[path = "windows.rs"]
mod publisher;
#[cfg(unix)]
mod verdict;

use std::sync::{Arc, OnceLock};

use callback_object::{Directory, Error, HostToken};

pub use publisher::Publisher;

/// What the veto of a routine against a processor does when Linux has started the processor already.
///
/// ```
/// use callback_object_host::system::{PublishError, Publisher, Veto, host};
///
/// /// For a program without the rights to stop a processor.
/// fn publish() -> Result<Publisher, PublishError> {
///     Publisher::start(host()?, Veto::Report)
/// }
/// # let _ = publish;
/// assert_eq!(Veto::default(), Veto::Stop);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Veto {
    /// The processor is stopped again, which needs the rights for it.
    #[default]
    Stop,
    /// It is reported, and the processor runs on.
    Report,
}

/// Why the events of the system are not published.
///
/// ```standalone_crate
/// use callback_object::Directory;
/// use callback_object_host::system::{PublishError, host};
///
/// // There is one host token, and whoever has asked first has it.
/// let token = Directory::global().host();
/// assert!(token.is_some());
/// assert!(matches!(host(), Err(PublishError::NotHost)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The host token of the process's directory was given to somebody else: pass it on to
    /// [`Publisher::start`].
    #[error("cannot publish the events of the system: another component of this program is the host")]
    NotHost,
    /// An object could not be created.
    #[error("cannot publish the events of the system")]
    Object(#[from] Error),
    /// The system refuses to tell of its events.
    #[error("cannot observe {what}")]
    System {
        /// What was to be observed.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

/// The host token of the process's directory, once it has been asked for here.
static HOST: OnceLock<Option<Arc<HostToken>>> = OnceLock::new();

/// The capability to notify the reserved objects of the process's directory.
///
/// ```
/// use callback_object::Directory;
/// use callback_object_host::system::host;
///
/// let token = host()?;
/// assert!(host().is_ok()); // the same again, for every part of this program that asks here
/// assert!(Directory::global().host().is_none());
/// # drop(token);
/// # Ok::<(), callback_object_host::system::PublishError>(())
/// ```
///
/// # Errors
/// [`PublishError::NotHost`] if somebody else has it.
pub fn host() -> Result<Arc<HostToken>, PublishError> {
    HOST.get_or_init(|| Directory::global().host().map(Arc::new)).clone().ok_or(PublishError::NotHost)
}
