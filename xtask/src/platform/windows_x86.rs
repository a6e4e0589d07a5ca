//! Windows on 32-bit x86 under Wine: MinGW links, a 32-bit Wine runs.
//!
//! That Wine is unpacked below the target folder and not installed: it comes from packages of another architecture,
//! which would have to be added to the system. Its C library and linker come from `libc6-i386`, three variables of the
//! environment tell it where the rest of it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::windows::{BCRYPT_PRIMITIVES, settings};
use super::{add_target, folder, output};
use crate::run::{Tally, cargo, test_step};
use crate::system::{self, Evidence, Need};

const TARGET: &str = "i686-pc-windows-gnu";
const LINKER: &str = "i686-w64-mingw32-gcc-win32";
const LINKER_64: &str = "x86_64-w64-mingw32-gcc-win32";

const NEEDS: &[Need] = &[
    Need { package: "gcc-mingw-w64-i686-win32", evidence: Evidence::Program(LINKER) },
    Need { package: "gcc-mingw-w64-x86-64-win32", evidence: Evidence::Program(LINKER_64) },
    Need { package: "libc6-i386", evidence: Evidence::File("/lib32/libc.so.6") },
    Need {
        package: "fonts-dejavu-core",
        evidence: Evidence::File("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    },
];

/// Packages and their tests that make sense there.
const TESTS: &[(&str, &[&str])] = &[
    ("pinvoke-abi", &["--lib", "--test=plans"]),
    ("pinvoke", &["--lib", "--test=windows_x86", "--test=upcall_dynamic", "--test=upcall_queue"]),
];

/// Runs the tests; their number.
pub(crate) fn run() -> Result<Tally> {
    system::install(NEEDS)?;
    add_target(TARGET)?;
    let folder = folder("windows-x86")?;
    let root = unpacked_wine(&folder)?;
    let wine = runner(&folder, &root)?;
    prefix(&folder, &wine)?;
    fixtures(&folder)?;
    let mut tally = Tally::default();
    for (package, arguments) in TESTS {
        let mut tests = cargo(&["test", "--locked", "--no-fail-fast", "-p", package, "--target", TARGET]);
        tests
            .args(*arguments)
            .env("CARGO_TARGET_I686_PC_WINDOWS_GNU_LINKER", LINKER)
            .env("CARGO_TARGET_I686_PC_WINDOWS_GNU_RUNNER", &wine)
            .env("PINVOKE_WINDOWS_FIXTURES", format!("Z:{}", folder.join("fixtures").display()))
            // Symbols would take most of the time that linking takes.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0");
        test_step(&format!("tests of {package} on Windows x86 (Wine)"), &mut tests, &mut tally)?;
    }
    Ok(tally)
}

/// A 32-bit Wine and the libraries that it wants, from Debian's packages.
fn unpacked_wine(folder: &Path) -> Result<PathBuf> {
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

/// A program that starts Windows programs, each with a limit: one that waits for a window must not wait for ever.
fn runner(folder: &Path, root: &Path) -> Result<PathBuf> {
    let path = folder.join("run-wine");
    let (root, prefix) = (root.display(), folder.join("prefix"));
    // A panic that prints its frames crashes in the 32-bit dbghelp.dll of Wine.
    let script = format!(
        "#!/bin/sh\nunset DISPLAY\n\
         export LD_LIBRARY_PATH='/lib32:/usr/lib32:{root}/usr/lib/i386-linux-gnu:{root}/lib/i386-linux-gnu'\n\
         export WINESERVER='{root}/usr/lib/wine/wineserver32' WINELOADER='{root}/usr/lib/wine/wine'\n\
         export WINEPREFIX='{}' WINEARCH=win32 WINEDEBUG=${{WINEDEBUG--all}} RUST_BACKTRACE=0\n\
         exec timeout 300 '{root}/usr/lib/wine/wine' \"$@\"\n",
        prefix.display()
    );
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

fn prefix(folder: &Path, wine: &Path) -> Result<()> {
    let done = folder.join("prefix.done");
    let settings = settings()?;
    if fs::read_to_string(&done).is_ok_and(|made| made == settings) {
        return Ok(());
    }
    let prefix = folder.join("prefix");
    let _ = fs::remove_dir_all(&prefix);
    output("making a 32-bit Wine prefix", Command::new(wine).args(["wineboot", "-i"]))?;
    let source = folder.join("bcryptprimitives.c");
    fs::write(&source, BCRYPT_PRIMITIVES)?;
    let mut compile = Command::new(LINKER);
    compile.args(["-O2", "-shared", "-Wl,--kill-at", "-o"]);
    compile.arg(prefix.join("drive_c/windows/system32/bcryptprimitives.dll")).arg(&source).arg("-ladvapi32");
    output("building bcryptprimitives.dll", &mut compile)?;
    let units = std::iter::once(0xFEFF).chain(settings.encode_utf16());
    fs::write(prefix.join("drive_c/settings.reg"), units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    output("setting the Wine prefix up", Command::new(wine).args(["regedit", "/S", "C:\\settings.reg"]))?;
    fs::write(done, settings)?;
    Ok(())
}

/// What the tests load.
fn fixtures(folder: &Path) -> Result<()> {
    let sources = std::path::absolute("crates/pinvoke/tests/windows")?;
    let folder = folder.join("fixtures");
    fs::create_dir_all(&folder)?;
    for (compiler, library, parts, option) in [
        (LINKER, "conventions.dll", &["conventions.c"][..], "-Wl,--kill-at"),
        (LINKER, "decorated.dll", &["decorated.c", "decorated.def"], "-O1"),
        (LINKER_64, "x64.dll", &["absent.c"], "-O1"),
    ] {
        let mut compile = Command::new(compiler);
        compile.args(["-shared", "-O1", option, "-o"]).arg(folder.join(library));
        compile.args(parts.iter().map(|part| sources.join(part)));
        output("building what the tests load", &mut compile)?;
    }
    Ok(())
}
