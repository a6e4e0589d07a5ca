//! What the kernel says about devices: the datagrams of the `KOBJECT_UEVENT` netlink group, decoded.
//!
//! A datagram is `action@path`, a zero byte, and `KEY=value` strings, each ended by a zero byte
//! (Linux, `lib/kobject_uevent.c`, Documentation/ABI/testing/sysfs-uevent).

/// One event of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uevent<'a> {
    /// `add`, `remove`, `change`, `online`, `offline`, …
    pub(super) action: &'a str,
    /// The device under `/sys`, such as `/devices/system/cpu/cpu3`.
    pub(super) path: &'a str,
    pub(super) subsystem: &'a str,
}

impl<'a> Uevent<'a> {
    /// `None` for what is not a kernel's datagram (udev's own begin with `libudev`) or names no subsystem.
    pub(super) fn parse(datagram: &'a [u8]) -> Option<Uevent<'a>> {
        let mut strings = datagram.split(|byte| *byte == 0).map(str::from_utf8);
        let (action, path) = strings.next()?.ok()?.split_once('@')?;
        let subsystem = strings.find_map(|pair| pair.ok()?.strip_prefix("SUBSYSTEM="))?;
        Some(Uevent { action, path, subsystem })
    }

    /// What the event means to those who follow power supplies and processors.
    pub(super) fn change(&self) -> Option<Change> {
        match self.subsystem {
            "power_supply" => Some(Change::PowerSupply),
            "cpu" => {
                let number = self.path.rsplit('/').next()?.strip_prefix("cpu")?.parse().ok()?;
                match self.action {
                    "add" => Some(Change::Processor(Processor::Added(number))),
                    "online" => Some(Change::Processor(Processor::Online(number))),
                    "offline" | "remove" => Some(Change::Processor(Processor::Offline(number))),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Some power supply: its state has to be read.
    PowerSupply,
    Processor(Processor),
}

/// What has happened to a processor, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    /// It is there, and not started.
    Added(u32),
    /// It runs.
    Online(u32),
    /// It does not run any more.
    Offline(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured on Linux 6.18 after `echo change > /sys/devices/system/cpu/cpu0/uevent`.
    const CPU_CHANGED: &[u8] = b"change@/devices/system/cpu/cpu0\0ACTION=change\0\
        DEVPATH=/devices/system/cpu/cpu0\0SUBSYSTEM=cpu\0SYNTH_UUID=0\0\
        MODALIAS=cpu:type:x86,ven0002fam0019mod0011:feature:,0000,0001\n\0SEQNUM=820\0";

    fn datagram(action: &str, path: &str, subsystem: &str) -> Vec<u8> {
        format!("{action}@{path}\0ACTION={action}\0DEVPATH={path}\0SUBSYSTEM={subsystem}\0SEQNUM=9\0").into()
    }

    #[test]
    fn a_captured_datagram_is_read() {
        let event = Uevent::parse(CPU_CHANGED).unwrap();
        assert_eq!(event, Uevent { action: "change", path: "/devices/system/cpu/cpu0", subsystem: "cpu" });
        assert_eq!(event.change(), None);
    }

    #[test]
    fn changes_are_told_apart() {
        let cpu = "/devices/system/cpu/cpu12";
        let supply = "/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0003:00/power_supply/AC";
        for (action, path, subsystem, expected) in [
            ("add", cpu, "cpu", Some(Change::Processor(Processor::Added(12)))),
            ("online", cpu, "cpu", Some(Change::Processor(Processor::Online(12)))),
            ("offline", cpu, "cpu", Some(Change::Processor(Processor::Offline(12)))),
            ("remove", cpu, "cpu", Some(Change::Processor(Processor::Offline(12)))),
            ("add", "/devices/system/cpu/cpufreq", "cpu", None),
            ("add", "/devices/system/cpu/cpu99999999999", "cpu", None),
            ("change", supply, "power_supply", Some(Change::PowerSupply)),
            ("add", supply, "power_supply", Some(Change::PowerSupply)),
            ("change", "/devices/virtual/net/lo", "net", None),
        ] {
            let bytes = datagram(action, path, subsystem);
            assert_eq!(Uevent::parse(&bytes).unwrap().change(), expected, "{action} {path}");
        }
    }

    #[test]
    fn other_bytes_are_passed_over() {
        let cut = &CPU_CHANGED[..50];
        for bytes in [
            &b""[..],
            b"\0",
            b"libudev\0\xfe\xed\xca\xfe",
            b"add@/devices/x\0",
            b"\xff@\0SUBSYSTEM=cpu\0",
            cut,
        ] {
            assert_eq!(Uevent::parse(bytes), None, "{bytes:?}");
        }
    }
}
