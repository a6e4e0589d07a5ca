//! The thread that observes the system and notifies.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use callback_object::HostToken;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::Errno;

use super::clock::ClockWatch;
use super::devices::Devices;
use super::notifier::Notifier;
use super::processors::Processors;
use super::uevent::{Change, Uevent};
use super::{PublishError, Veto};

/// Larger than any event of the kernel (`UEVENT_BUFFER_SIZE` is 2048, and the header).
const DATAGRAM: usize = 8192;

/// Publishes the events of the system until it is dropped.
///
/// ```
/// use callback_object::{Attributes, Directory};
/// use callback_object_host::system::{Publisher, Veto, host};
///
/// match Publisher::start(host()?, Veto::Report) {
///     Ok(publisher) => {
///         // Whoever wants to know of the clock registers now, and hears of it until the publisher goes.
///         let clock = Directory::global().open(r"\Callback\SetSystemTime", Attributes::new())?;
///         let _registration = clock.register(|_, _| println!("the clock has been set"))?;
///         drop(publisher);
///     }
///     Err(refused) => println!("{refused}"), // a container may see no events
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Publisher {
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread looks at.
struct Observed {
    clock: ClockWatch,
    devices: Devices,
    stop: Arc<OwnedFd>,
    notifier: Notifier,
    processors: Processors,
    on_mains: bool,
}

impl Publisher {
    /// Creates the three objects and begins to observe the system. What happens after this call has returned
    /// is notified.
    ///
    /// ```
    /// use callback_object::Directory;
    /// use callback_object_host::system::{Publisher, Veto, host};
    ///
    /// let host = host()?;
    /// if let Ok(_publisher) = Publisher::start(host, Veto::Report) {
    ///     assert!(Directory::global().names().contains(&r"\Callback\PowerState".to_owned()));
    /// }
    /// # Ok::<(), callback_object_host::system::PublishError>(())
    /// ```
    ///
    /// # Errors
    /// The objects cannot be created in the host's directory, or the system refuses to tell of its events.
    pub fn start(host: Arc<HostToken>, veto: Veto) -> Result<Publisher, PublishError> {
        let devices = Devices::of_the_kernel().map_err(refused("the kernel's device events"))?;
        Publisher::observe(host, veto, devices)
    }

    fn observe(host: Arc<HostToken>, veto: Veto, devices: Devices) -> Result<Publisher, PublishError> {
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(refused("the end of the program"))?);
        let observed = Observed {
            clock: ClockWatch::new().map_err(refused("the clock"))?,
            stop: Arc::clone(&stop),
            notifier: Notifier::new(host, veto)?,
            processors: Processors::new(devices.processors()),
            on_mains: devices.on_mains(),
            devices,
        };
        let thread = thread::Builder::new()
            .name("callback-object-system".to_owned())
            .spawn(move || observed.run())
            .map_err(|source| PublishError::System { what: "the system, for want of a thread", source })?;
        Ok(Publisher { stop, thread: Some(thread) })
    }
}

impl Drop for Publisher {
    /// Waits for a notification under way, unless it is a routine of that very notification that stops this.
    fn drop(&mut self) {
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn refused(what: &'static str) -> impl FnOnce(Errno) -> PublishError {
    move |error| PublishError::System { what, source: error.into() }
}

impl Observed {
    fn run(mut self) {
        loop {
            let mut watched = [
                PollFd::new(&self.stop, PollFlags::IN),
                PollFd::new(&self.clock, PollFlags::IN),
                PollFd::new(self.devices.events(), PollFlags::IN),
            ];
            match poll(&mut watched, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            let [stop, clock, devices] = watched.map(|fd| !fd.revents().is_empty());
            if stop {
                return;
            }
            if clock && self.clock.was_set().unwrap_or(false) {
                self.notifier.time_set();
            }
            if devices {
                self.read_devices();
            }
        }
    }

    fn read_devices(&mut self) {
        let mut buffer = [0; DATAGRAM];
        loop {
            match self.devices.receive(&mut buffer) {
                Ok(Some(length)) => {
                    let change = Uevent::parse(&buffer[..length]).and_then(|event| event.change());
                    if let Some(change) = change {
                        self.handle(change);
                    }
                }
                // Not from the kernel.
                Ok(None) => {}
                // More events than the socket could hold: what they were is lost, the state is not.
                Err(Errno::NOBUFS) => self.handle(Change::PowerSupply),
                Err(_) => return,
            }
        }
    }

    fn handle(&mut self, change: Change) {
        match change {
            Change::Processor(event) => self.processors.handle(event, &mut self.notifier),
            Change::PowerSupply => {
                let now = self.devices.on_mains();
                if now != self.on_mains {
                    self.on_mains = now;
                    self.notifier.power_changed(now);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Mutex;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use callback_object::{Attributes, Directory};
    use callback_object_sys::PO_CB_AC_STATUS;
    use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};

    use super::*;

    /// The state and the events of a portable computer, made up as the kernel makes them.
    #[test]
    fn the_power_supply_is_followed() {
        let state = tempfile::tempdir().unwrap();
        let adapter = state.path().join("class/power_supply/AC");
        fs::create_dir_all(&adapter).unwrap();
        fs::write(adapter.join("type"), "Mains\n").unwrap();
        let connect = |connected: bool| {
            fs::write(adapter.join("online"), format!("{}\n", u8::from(connected))).unwrap();
        };
        connect(true);
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (kernel, events) = socketpair(AddressFamily::UNIX, SocketType::DGRAM, flags, None).unwrap();
        let tell = || {
            let event = b"change@/devices/pnp0/AC\0ACTION=change\0SUBSYSTEM=power_supply\0SEQNUM=7\0";
            assert_eq!(send(&kernel, event, SendFlags::empty()), Ok(event.len()));
        };

        let directory = Directory::new();
        let host = Arc::new(directory.host().unwrap());
        let devices = Devices::made(state.path(), events);
        let publisher = Publisher::observe(host, Veto::Report, devices).unwrap();
        let (sender, heard) = channel();
        let sender = Mutex::new(sender);
        let object = directory.open(r"\Callback\PowerState", Attributes::new()).unwrap();
        let registration = object.register(move |what, how| {
            sender.lock().unwrap().send((what.addr(), how.addr())).unwrap();
        });
        let soon = Duration::from_secs(20);

        // Nothing has changed, whatever the kernel tells; then the adapter goes, and comes back.
        tell();
        for connected in [false, true] {
            connect(connected);
            tell();
            let heard = heard.recv_timeout(soon).unwrap();
            assert_eq!(heard, (PO_CB_AC_STATUS as usize, usize::from(connected)));
        }
        drop(publisher);
        drop(registration);
        assert!(heard.try_recv().is_err(), "told of what did not change");
    }
}
