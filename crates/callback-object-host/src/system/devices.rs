//! What is said about devices, and by whom.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SocketAddrAny, SocketFlags, SocketType, bind, recvfrom, socket_with,
};

use super::power::on_mains;
use super::processors::parse_list;

const SUPPLIES: &str = "class/power_supply";
const ONLINE: &str = "devices/system/cpu/online";
/// The group in which the kernel itself sends; udev repeats in another one.
const KERNEL_GROUP: u32 = 1;

/// The devices of a system: their state, and a socket on which their changes are told.
pub(super) struct Devices {
    /// `/sys`, or what is laid out like it.
    state: PathBuf,
    events: OwnedFd,
    /// Whether a datagram of this sender is to be believed.
    believed: fn(Option<SocketAddrAny>) -> bool,
}

impl Devices {
    /// Those of this system, as its kernel tells.
    pub(super) fn of_the_kernel() -> Result<Devices, Errno> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let family = AddressFamily::NETLINK;
        let events = socket_with(family, SocketType::RAW, flags, Some(netlink::KOBJECT_UEVENT))?;
        bind(&events, &SocketAddrNetlink::new(0, KERNEL_GROUP))?;
        Ok(Devices { state: PathBuf::from("/sys"), events, believed: is_the_kernel })
    }

    /// Made ones.
    #[cfg(test)]
    pub(super) fn made(state: &std::path::Path, events: OwnedFd) -> Devices {
        Devices { state: state.to_owned(), events, believed: |_| true }
    }

    /// Readable when there are events.
    pub(super) fn events(&self) -> &OwnedFd {
        &self.events
    }

    /// The length of the next datagram; `None` if it is not to be believed.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
        let (length, _, sender) = recvfrom(&self.events, buffer, RecvFlags::empty())?;
        Ok((self.believed)(sender).then_some(length))
    }

    pub(super) fn on_mains(&self) -> bool {
        on_mains(&self.state.join(SUPPLIES))
    }

    /// The processors that run, by number.
    pub(super) fn processors(&self) -> Vec<u32> {
        parse_list(&std::fs::read_to_string(self.state.join(ONLINE)).unwrap_or_default())
    }
}

/// Only the kernel has the port 0.
fn is_the_kernel(sender: Option<SocketAddrAny>) -> bool {
    let sender = sender.and_then(|address| SocketAddrNetlink::try_from(address).ok());
    sender.is_some_and(|address| address.pid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_the_kernel_is_believed() {
        assert!(!is_the_kernel(None));
        let of = |port| SocketAddrAny::from(SocketAddrNetlink::new(port, KERNEL_GROUP));
        assert!(!is_the_kernel(Some(of(1))));
        assert!(is_the_kernel(Some(of(0))));
    }
}
