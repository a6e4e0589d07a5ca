//! A 32-bit Wine, unpacked below the target folder and not installed: it comes from packages of another architecture,
//! which would have to be added to the system. Its C library and linker come from `libc6-i386`, three variables of the
//! environment tell it where the rest of it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::platform::output;

/// A 32-bit Wine and the libraries that it wants, from Debian's packages.
pub(super) fn wine(folder: &Path) -> Result<PathBuf> {
    let root = folder.join("wine");
    let done = folder.join("wine.done");
    if done.exists() {
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
            "APT::Architecture=i386".to_owned(),
            "APT::Architectures=i386".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        output("getting a 32-bit Wine", command.arg("-qq").args(arguments)).map(|_| ())
    };
    get(&["update"])?;
    get(&["install", "-y", "-d", "--no-install-recommends", "wine32", "libwine"])?;
    for entry in fs::read_dir(apt.join("cache/archives"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let skipped = ["libc6_", "perl", "gcc-", "debconf"].iter().any(|prefix| name.starts_with(prefix));
        if name.ends_with(".deb") && !skipped {
            output("unpacking Wine", Command::new("dpkg-deb").arg("-x").arg(&path).arg(&root))?;
        }
    }
    // What the package's installation would do: mark this library as one of Wine's own.
    let mut zlib = fs::read(root.join("usr/i686-w64-mingw32/lib/zlib1.dll"))?;
    let mark = *b"Wine builtin DLL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    zlib.get_mut(64..96).context("zlib1.dll is no library")?.copy_from_slice(&mark);
    fs::write(root.join("usr/lib/i386-linux-gnu/wine/i386-windows/zlib1.dll"), zlib)?;
    fs::remove_dir_all(&apt)?;
    fs::write(done, "")?;
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
        "a 32-bit Wine comes from Debian 12 (bookworm), which is not among the package sources"
    );
    Ok(format!(
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no] {uri} bookworm main\n"
    ))
}
