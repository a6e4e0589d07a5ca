//! Debian packages of another architecture, unpacked below the target folder and not installed: so the system needs no
//! second architecture.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::output;

/// Unpacks packages and all that they need into `folder`, but for those whose names begin with one of `without`. Done
/// once; `finish` makes the last changes.
pub(super) fn unpacked(
    folder: &Path,
    architecture: &str,
    packages: &[&str],
    without: &[&str],
    finish: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let root = folder.join("root");
    let done = folder.join("root.done");
    let wanted = packages.join(" ");
    if fs::read_to_string(&done).is_ok_and(|made| made == wanted) {
        return Ok(root);
    }
    let apt = folder.join("apt");
    let _ = fs::remove_dir_all(&root);
    let _ = fs::remove_dir_all(&apt);
    for part in ["lists/partial", "cache/archives/partial", "parts"] {
        fs::create_dir_all(apt.join(part))?;
    }
    fs::create_dir_all(&root)?;
    fs::write(apt.join("status"), "")?;
    fs::write(apt.join("sources.list"), source()?)?;
    // Folders of its own: the system's package lists stay as they are.
    let get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        let place = |part: &str| apt.join(part).display().to_string();
        for option in [
            format!("Dir::Etc::sourcelist={}", place("sources.list")),
            format!("Dir::Etc::sourceparts={}", place("parts")),
            format!("Dir::State::lists={}", place("lists")),
            format!("Dir::State::status={}", place("status")),
            format!("Dir::Cache={}", place("cache")),
            format!("APT::Architecture={architecture}"),
            format!("APT::Architectures={architecture}"),
            "APT::Sandbox::User=root".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        output(&format!("getting packages for {architecture}"), command.arg("-qq").args(arguments))
            .map(|_| ())
    };
    get(&["update"])?;
    get(&[&["install", "-y", "-d", "--no-install-recommends"], packages].concat())?;
    for entry in fs::read_dir(apt.join("cache/archives"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".deb") && !without.iter().any(|prefix| name.starts_with(prefix)) {
            output("unpacking a package", Command::new("dpkg-deb").arg("-x").arg(&path).arg(&root))?;
        }
    }
    finish(&root)?;
    fs::remove_dir_all(&apt)?;
    fs::write(done, wanted)?;
    Ok(root)
}

/// Where the system's own packages come from, the main suite alone: its indexes fit together for every architecture.
fn source() -> Result<String> {
    let mut targets = Command::new("apt-get");
    targets.args(["indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"]);
    targets.args(["Codename: bookworm", "Component: main"]);
    let printed = output("asking where packages come from", &mut targets)?;
    let uri = printed.lines().next().and_then(|line| line.split(' ').next()).unwrap_or_default();
    ensure!(
        !uri.is_empty(),
        "packages of other architectures come from Debian 12 (bookworm), which is not among the package sources"
    );
    Ok(format!(
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no] {uri} bookworm main\n"
    ))
}
