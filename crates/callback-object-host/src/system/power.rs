//! Whether the system runs on mains, from `/sys/class/power_supply`
//! (Linux, Documentation/ABI/testing/sysfs-class-power).

use std::fs;
use std::path::Path;

/// True if a mains supply is connected, or if there is none to be disconnected.
pub(super) fn on_mains(class: &Path) -> bool {
    let Ok(supplies) = fs::read_dir(class) else { return true };
    let read = |path: &Path, name: &str| fs::read_to_string(path.join(name)).unwrap_or_default();
    let mut mains = supplies.filter_map(|entry| {
        let path = entry.ok()?.path();
        // A USB or wireless charger of this system; those of its peripherals have the scope `Device`.
        let charger = matches!(read(&path, "type").trim(), "Mains" | "USB" | "Wireless");
        let of_system = read(&path, "scope").trim() != "Device";
        (charger && of_system).then(|| read(&path, "online").trim() != "0")
    });
    // With no charger in sight only a battery says that the system may be without one.
    match mains.next() {
        Some(first) => first || mains.any(|online| online),
        None => !discharging(class),
    }
}

fn discharging(class: &Path) -> bool {
    fs::read_dir(class).into_iter().flatten().flatten().any(|entry| {
        fs::read_to_string(entry.path().join("status")).is_ok_and(|status| status.trim() == "Discharging")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder as the kernel presents it: supplies with their attributes.
    fn class(supplies: &[(&str, &[(&str, &str)])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, attributes) in supplies {
            fs::create_dir(folder.path().join(name)).unwrap();
            for (attribute, value) in *attributes {
                fs::write(folder.path().join(name).join(attribute), format!("{value}\n")).unwrap();
            }
        }
        folder
    }

    #[test]
    fn mains_is_recognised() {
        let battery: (&str, &[(&str, &str)]) = ("BAT0", &[("type", "Battery"), ("status", "Discharging")]);
        let unplugged: (&str, &[(&str, &str)]) = ("AC", &[("type", "Mains"), ("online", "0")]);
        let plugged: (&str, &[(&str, &str)]) = ("AC", &[("type", "Mains"), ("online", "1")]);
        let usb: (&str, &[(&str, &str)]) = ("ucsi", &[("type", "USB"), ("online", "1")]);
        let mouse: (&str, &[(&str, &str)]) =
            ("dock", &[("type", "USB"), ("online", "1"), ("scope", "Device")]);
        for (supplies, expected) in [
            (vec![], true),
            (vec![battery], false),
            (vec![battery, unplugged], false),
            (vec![battery, plugged], true),
            (vec![battery, unplugged, usb], true),
            (vec![battery, unplugged, mouse], false),
        ] {
            assert_eq!(on_mains(class(&supplies).path()), expected, "{supplies:?}");
        }
        assert!(on_mains(Path::new("/no/such/folder")));
    }
}
