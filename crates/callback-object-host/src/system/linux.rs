//! The thread that observes the system and notifies.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use callback_object::HostToken;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recvfrom, socket_with};

use super::clock::ClockWatch;
use super::notifier::Notifier;
use super::power::on_mains;
use super::processors::{Processors, parse_list};
use super::uevent::{Change, Uevent};
use super::{PublishError, Veto};

const SUPPLIES: &str = "/sys/class/power_supply";
const ONLINE: &str = "/sys/devices/system/cpu/online";
/// The group in which the kernel itself sends; udev repeats in another one.
const KERNEL_GROUP: u32 = 1;
/// Larger than any event of the kernel (`UEVENT_BUFFER_SIZE` is 2048, and the header).
const DATAGRAM: usize = 8192;

/// Publishes the events of the system until it is dropped.
#[derive(Debug)]
pub struct Publisher {
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread looks at.
struct Observed {
    clock: ClockWatch,
    devices: OwnedFd,
    stop: Arc<OwnedFd>,
    notifier: Notifier,
    processors: Processors,
    on_mains: bool,
}

impl Publisher {
    /// Creates the three objects and begins to observe the system. What happens after this call has returned
    /// is notified.
    ///
    /// # Errors
    /// The objects cannot be created in the host's directory, or the system refuses to tell of its events.
    pub fn start(host: Arc<HostToken>, veto: Veto) -> Result<Publisher, PublishError> {
        let system = |what| move |error: Errno| PublishError::System { what, source: error.into() };
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(system("the end of the program"))?);
        let observed = Observed {
            clock: ClockWatch::new().map_err(system("the clock"))?,
            devices: device_events().map_err(system("the kernel's device events"))?,
            stop: Arc::clone(&stop),
            notifier: Notifier::new(host, veto)?,
            processors: Processors::new(parse_list(&std::fs::read_to_string(ONLINE).unwrap_or_default())),
            on_mains: on_mains(Path::new(SUPPLIES)),
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

/// A socket on which the kernel tells of devices.
fn device_events() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::KOBJECT_UEVENT))?;
    bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP))?;
    Ok(socket)
}

impl Observed {
    fn run(mut self) {
        loop {
            let mut watched = [
                PollFd::new(&self.stop, PollFlags::IN),
                PollFd::new(&self.clock, PollFlags::IN),
                PollFd::new(&self.devices, PollFlags::IN),
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
            match receive(self.devices.as_fd(), &mut buffer) {
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
                let now = on_mains(Path::new(SUPPLIES));
                if now != self.on_mains {
                    self.on_mains = now;
                    self.notifier.power_changed(now);
                }
            }
        }
    }
}

/// The length of the next datagram; `None` if it is not from the kernel.
fn receive(socket: impl AsFd, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
    let (length, _, sender) = recvfrom(socket, buffer, RecvFlags::empty())?;
    let sender = sender.and_then(|address| SocketAddrNetlink::try_from(address).ok());
    // Only the kernel has the port 0.
    Ok(sender.is_some_and(|address| address.pid() == 0).then_some(length))
}
