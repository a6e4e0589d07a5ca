//! A program that starts Windows programs, and the Wine prefix in which they run: without a display, with two printers,
//! and with a `bcryptprimitives.dll`, which Wine 8 lacks and the standard library of Rust wants.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::machine::{Machine, Wine};
use super::unpacked;
use crate::platform::{output, script};

/// The printers of the prefix.
pub(super) const PRINTERS: [&str; 2] = ["Test Printer", "Drucker Süd"];

/// Has a prefix made in `folder`, once; the program that starts others in it.
pub(super) fn set_up(machine: &Machine, folder: &Path) -> Result<PathBuf> {
    let wine = runner(machine, folder)?;
    prefix(machine, folder, &wine)?;
    Ok(wine)
}

/// Wine's server and services, which stay between programs as long as this lives.
///
/// Debian's server ends with its last program, and the next one has to start everything anew; one that comes while the
/// server is ending can be ended with it, with status 1 and no word.
pub(super) struct Running {
    wine: PathBuf,
}

impl Running {
    /// Starts them apart from any test: they would keep its output open.
    pub(super) fn start(wine: &Path) -> Result<Running> {
        let running = Running { wine: wine.to_owned() };
        let mut boot = Command::new(wine);
        boot.arg("wineboot").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = boot.status().with_context(|| format!("cannot start {boot:?}"))?;
        ensure!(status.success(), "{boot:?} ended with {status}");
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing is lost if that fails: the server ends by itself.
        for option in ["-k", "-w"] {
            let _ = Command::new(server(&self.wine)).arg(option).status();
        }
    }
}

/// The server of what starts programs.
fn server(wine: &Path) -> PathBuf {
    wine.with_file_name("run-server")
}

/// A program that starts Windows programs, each with a limit: one that waits for a window must not wait for ever.
fn runner(machine: &Machine, folder: &Path) -> Result<PathBuf> {
    let (environment, wine, wineserver) = match machine.wine {
        Wine::Installed { wine, server } => {
            ("export WINEARCH=win64".to_owned(), wine.to_owned(), server.to_owned())
        }
        Wine::Unpacked => {
            let root = unpacked::wine(folder)?;
            let root = root.display();
            let environment = format!(
                "export LD_LIBRARY_PATH='/lib32:/usr/lib32:{root}/usr/lib/i386-linux-gnu:{root}/lib/i386-linux-gnu'\n\
                 export WINELOADER='{root}/usr/lib/wine/wine'\n\
                 # A panic that prints its frames crashes in the 32-bit dbghelp.dll of Wine.\n\
                 export WINEARCH=win32 RUST_BACKTRACE=0"
            );
            (environment, format!("{root}/usr/lib/wine/wine"), format!("{root}/usr/lib/wine/wineserver32"))
        }
    };
    let path = folder.join("run-wine");
    let environment = format!(
        "unset DISPLAY\n{environment}\nexport WINEPREFIX='{}' WINESERVER='{}' WINEDEBUG=${{WINEDEBUG--all}}",
        folder.join("prefix").display(),
        server(&path).display()
    );
    // Ten minutes after the last program, if nobody ends it before.
    script(&server(&path), &format!("{environment}\nexec '{wineserver}' -p600 \"$@\""))?;
    script(&path, &format!("{environment}\nexec timeout 300 '{wine}' \"$@\""))?;
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
    // The first start makes it.
    let _running = Running::start(wine)?;
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
