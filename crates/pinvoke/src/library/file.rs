//! What a file is, by itself: a look at its kind, its first bytes and its headers.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use object::read::{Object, ReadCache};
use object::{Architecture, FileKind};
use pinvoke_abi::target::{Os, Target};

use super::elf::{self, Kind, Machine};
use super::finding::Finding;
use super::pe;

/// What is wrong with the file itself, its dependencies aside.
pub(super) fn finding(path: &Path) -> Option<Finding> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return Some(unreadable(path, &error)),
    };
    if metadata.is_dir() {
        return Some(Finding::Directory);
    }
    if !metadata.is_file() {
        return Some(Finding::NotAFile);
    }
    if metadata.len() == 0 {
        return Some(Finding::Empty);
    }
    let mut start = Vec::new();
    // Enough for any header, and for the linker scripts there are.
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut start));
    if let Err(error) = read {
        return Some(unreadable(path, &error));
    }
    match start.as_slice() {
        [0x7f, b'E', b'L', b'F', ..] => elf_finding(path, metadata.len()),
        [b'!', b'<', b'a' | b't', ..]
            if start.starts_with(b"!<arch>\n") || start.starts_with(b"!<thin>\n") =>
        {
            Some(Finding::StaticLibrary)
        }
        [b'M', b'Z', ..] if Target::HOST.os.is_windows() => pe::finding(path),
        _ => Some(foreign(path).or_else(|| text(&start)).unwrap_or(Finding::Unrecognised)),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Finding {
    match (error.kind(), fs::read_link(path)) {
        (io::ErrorKind::NotFound, Ok(to)) => Finding::DanglingLink { to },
        (io::ErrorKind::PermissionDenied, _) => Finding::NoPermission,
        _ => Finding::Unreadable { reason: error.to_string() },
    }
}

fn elf_finding(path: &Path, length: u64) -> Option<Finding> {
    if Target::HOST.os != Os::Linux {
        let machine = elf::read(path).ok().flatten().map(|elf| elf.machine.to_string());
        return Some(Finding::Foreign { format: "an ELF file", machine });
    }
    let elf = match elf::read(path) {
        Ok(Some(elf)) => elf,
        Ok(None) => return Some(Finding::Damaged { reason: "its header is of no known form".to_owned() }),
        Err(reason) => return Some(Finding::Damaged { reason }),
    };
    if elf.machine != Machine::HOST {
        return Some(Finding::OtherMachine { file: elf.machine, process: Machine::HOST });
    }
    match (elf.kind, elf.cut_short) {
        (Kind::Library, None) => None,
        (Kind::Library, Some(promised)) => Some(Finding::CutShort { length, promised }),
        (Kind::Executable, _) => Some(Finding::Executable),
        (Kind::Relocatable, _) => Some(Finding::ObjectFile),
        (Kind::Core | Kind::Other(_), _) => Some(Finding::NotALibrary),
    }
}

fn foreign(path: &Path) -> Option<Finding> {
    let cache = ReadCache::new(File::open(path).ok()?);
    let (format, os) = match FileKind::parse(&cache).ok()? {
        FileKind::Pe32 | FileKind::Pe64 => ("a Windows file (PE)", Os::WindowsMsvc),
        FileKind::MachO32 | FileKind::MachO64 => ("a macOS file (Mach-O)", Os::MacOs),
        FileKind::MachOFat32 | FileKind::MachOFat64 => ("a macOS file (universal Mach-O)", Os::MacOs),
        _ => return None,
    };
    if os == Target::HOST.os || os.is_windows() && Target::HOST.os.is_windows() {
        return None;
    }
    let machine = object::File::parse(&cache).ok().map(|file| machine_name(file.architecture()));
    Some(Finding::Foreign { format, machine })
}

fn machine_name(architecture: Architecture) -> String {
    match architecture {
        Architecture::X86_64 => "x86-64".to_owned(),
        Architecture::I386 => "32-bit x86".to_owned(),
        Architecture::Aarch64 => "AArch64".to_owned(),
        other => format!("{other:?}"),
    }
}

fn text(start: &[u8]) -> Option<Finding> {
    // The end may have cut a character in two.
    let text = match core::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            core::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.contains(|c: char| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    if ["GROUP", "INPUT", "OUTPUT_FORMAT"].iter().any(|command| text.contains(command)) {
        let words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','));
        let names = words.filter(|word| word.contains(".so")).map(str::to_owned).collect();
        return Some(Finding::LinkerScript { names });
    }
    let first_line = text.lines().next().unwrap_or_default().trim();
    let mut shown: String = first_line.chars().take(40).collect();
    if shown.len() < first_line.len() {
        shown.push('…');
    }
    Some(Finding::Text { first_line: shown })
}

/// Why a path must not even be handed to the loader, which would wait for ever or die of it.
pub(super) fn danger(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    if metadata.is_dir() {
        // Harmless, and the loader has words for it.
        return None;
    }
    if !metadata.is_file() {
        return Some("not opened, because it is a pipe, a socket or a device".to_owned());
    }
    let promised = elf::cut_short(path)?;
    Some(format!("not loaded, because it is cut short: {} bytes of at least {promised}", metadata.len()))
}
