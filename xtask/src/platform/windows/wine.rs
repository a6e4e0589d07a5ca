//! A program that starts Windows programs, and the Wine prefix in which they run: without a display, with two printers,
//! and with a `bcryptprimitives.dll`, which Wine 8 lacks and the standard library of Rust wants.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::machine::{Machine, Wine};
use super::unpacked;
use crate::platform::output;

/// The printers of the prefix.
pub(super) const PRINTERS: [&str; 2] = ["Test Printer", "Drucker Süd"];

/// Has a prefix made in `folder`, once; the program that starts others in it.
pub(super) fn set_up(machine: &Machine, folder: &Path) -> Result<PathBuf> {
    let wine = runner(machine, folder)?;
    prefix(machine, folder, &wine)?;
    Ok(wine)
}

/// A program that starts Windows programs, each with a limit: one that waits for a window must not wait for ever.
fn runner(machine: &Machine, folder: &Path) -> Result<PathBuf> {
    let (environment, wine) = match machine.wine {
        Wine::Installed(wine) => ("export WINEARCH=win64".to_owned(), wine.to_owned()),
        Wine::Unpacked => {
            let root = unpacked::wine(folder)?;
            let root = root.display();
            let environment = format!(
                "export LD_LIBRARY_PATH='/lib32:/usr/lib32:{root}/usr/lib/i386-linux-gnu:{root}/lib/i386-linux-gnu'\n\
                 export WINESERVER='{root}/usr/lib/wine/wineserver32' WINELOADER='{root}/usr/lib/wine/wine'\n\
                 # A panic that prints its frames crashes in the 32-bit dbghelp.dll of Wine.\n\
                 export WINEARCH=win32 RUST_BACKTRACE=0"
            );
            (environment, format!("{root}/usr/lib/wine/wine"))
        }
    };
    let path = folder.join("run-wine");
    let script = format!(
        "#!/bin/sh\nunset DISPLAY\n{environment}\n\
         export WINEPREFIX='{}' WINEDEBUG=${{WINEDEBUG--all}}\n\
         exec timeout 300 '{wine}' \"$@\"\n",
        folder.join("prefix").display()
    );
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// What Wine 8 lacks and Rust wants.
const BCRYPT_PRIMITIVES: &str = r"
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T bytes)
{
    while (bytes) {
        ULONG part = bytes > 0x40000000 ? 0x40000000 : (ULONG)bytes;
        if (!SystemFunction036(to, part)) return FALSE;
        to += part, bytes -= part;
    }
    return TRUE;
}
";

/// No display; and a program that faults just ends, instead of waiting for somebody in front of a debugger.
const SETTINGS: &str = r#"Windows Registry Editor Version 5.00

[HKEY_CURRENT_USER\Software\Wine\Drivers]
"Graphics"="null"

[HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\AeDebug]
"Auto"="1"
"Debugger"="cmd.exe /c exit"
"#;

fn prefix(machine: &Machine, folder: &Path, wine: &Path) -> Result<()> {
    let done = folder.join("prefix.done");
    let settings = settings()?;
    if fs::read_to_string(&done).is_ok_and(|made| made == settings) {
        return Ok(());
    }
    let prefix = folder.join("prefix");
    let _ = fs::remove_dir_all(&prefix);
    output("making a Wine prefix", Command::new(wine).args(["wineboot", "-i"]))?;
    let library = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !library.exists() {
        let source = folder.join("bcryptprimitives.c");
        fs::write(&source, BCRYPT_PRIMITIVES)?;
        let mut compile = Command::new(machine.cc);
        // Programs ask for the plain name.
        compile.args(["-O2", "-shared", "-Wl,--kill-at", "-o"]).arg(&library).arg(&source).arg("-ladvapi32");
        output("building bcryptprimitives.dll", &mut compile)?;
    }
    let units = std::iter::once(0xFEFF).chain(settings.encode_utf16());
    fs::write(prefix.join("drive_c/settings.reg"), units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    output("setting the Wine prefix up", Command::new(wine).args(["regedit", "/S", "C:\\settings.reg"]))?;
    fs::write(done, settings)?;
    Ok(())
}

/// What is written into the registry.
fn settings() -> Result<String> {
    let mut text = String::from(SETTINGS);
    for printer in PRINTERS {
        write!(
            text,
            "\n[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Control\\Print\\Printers\\{printer}]\n\
             \"Name\"=\"{printer}\"\n\"Port\"=\"FILE:\"\n\"Printer Driver\"=\"PS Driver\"\n\
             \"Attributes\"=dword:00000040\n"
        )?;
    }
    Ok(text.replace('\n', "\r\n"))
}
