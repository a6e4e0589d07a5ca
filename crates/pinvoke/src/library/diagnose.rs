//! What a file that the loader refused turns out to be.
//!
//! The loader has one sentence for many reasons. A look at the file tells a linker script from a damaged library,
//! a library for another machine from one for Windows, and a missing file from a missing dependency of a file
//! that is there. Any file may be looked at; nothing in it is trusted.

use core::fmt;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use object::read::{Object, ReadCache};
use object::{Architecture, FileKind};
use pinvoke_abi::target::{Os, Target};

use super::dependencies;
use super::elf::{self, Kind, Machine};
use super::installed::{self, Source};

/// Something that a look at a refused file shows. The sentences that `Display` writes continue "the file …",
/// except those about dependencies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// It is a symbolic link to nothing.
    DanglingLink {
        /// What the link says.
        to: PathBuf,
    },
    /// It is a directory.
    Directory,
    /// It is a pipe, a socket or a device.
    NotAFile,
    /// This process may not read it.
    NoPermission,
    /// It cannot be read.
    Unreadable {
        /// The system's reason.
        reason: String,
    },
    /// It has no bytes.
    Empty,
    /// It is a text for the linker.
    LinkerScript {
        /// The libraries that the text names.
        names: Vec<String>,
    },
    /// It is a text.
    Text {
        /// Its first line, shortened.
        first_line: String,
    },
    /// It is an archive of object files, for static linking.
    StaticLibrary,
    /// It is an object file that has not been linked.
    ObjectFile,
    /// It is an executable program.
    Executable,
    /// It is a core dump or an ELF file of unknown kind.
    NotALibrary,
    /// It belongs to another system.
    Foreign {
        /// The kind of file.
        format: &'static str,
        /// The machine it is for, as far as it says.
        machine: Option<String>,
    },
    /// It is for another machine than this process.
    OtherMachine {
        /// The machine of the file.
        file: Machine,
        /// The machine of this process.
        process: Machine,
    },
    /// Its headers contradict themselves.
    Damaged {
        /// How.
        reason: String,
    },
    /// It ends before its last segment does.
    CutShort {
        /// The length of the file, in bytes.
        length: u64,
        /// The length that its headers promise.
        promised: u64,
    },
    /// It starts like no kind of file that can be a library.
    Unrecognised,
    /// A library that it needs is not found.
    MissingDependency {
        /// The name of the library that is missing.
        name: OsString,
        /// Which library needs it, where that is a dependency itself.
        needed_by: Option<PathBuf>,
        /// Where a file of this name stands although the loader does not look there.
        elsewhere: Option<PathBuf>,
    },
    /// A library that it needs is found but cannot be loaded.
    BadDependency {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        finding: Box<Finding>,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::DanglingLink { to } => {
                write!(f, "is a symbolic link to {}, which does not exist", to.display())
            }
            Finding::Directory => f.write_str("is a directory"),
            Finding::NotAFile => f.write_str("is a pipe, a socket or a device, not a file"),
            Finding::NoPermission => f.write_str("is there, but this process has no permission to read it"),
            Finding::Unreadable { reason } => write!(f, "cannot be read: {reason}"),
            Finding::Empty => f.write_str("is empty"),
            Finding::LinkerScript { names } if names.is_empty() => {
                f.write_str("is a text file, a script for the linker")
            }
            Finding::LinkerScript { names } => {
                write!(f, "is a text file, a script for the linker that names {}", names.join(", "))
            }
            Finding::Text { first_line } => write!(f, "is a text file that starts with {first_line:?}"),
            Finding::StaticLibrary => f.write_str("is an archive for static linking, which cannot be loaded"),
            Finding::ObjectFile => f.write_str("is an object file that has not been linked into a library"),
            Finding::Executable => f.write_str("is an executable program, not a library"),
            Finding::NotALibrary => f.write_str("is an ELF file, but not a library"),
            Finding::Foreign { format, machine: Some(machine) } => {
                write!(f, "is {format} for {machine}, which this system cannot load")
            }
            Finding::Foreign { format, machine: None } => {
                write!(f, "is {format}, which this system cannot load")
            }
            Finding::OtherMachine { file, process } => {
                write!(f, "is for the wrong architecture: {file}, while this process is {process}")
            }
            Finding::Damaged { reason } => write!(f, "is a damaged ELF file: {reason}"),
            Finding::CutShort { length, promised } => {
                write!(f, "is cut short: it has {length} bytes of at least {promised}")
            }
            Finding::Unrecognised => f.write_str("is not a library, nor any kind of file known here"),
            Finding::MissingDependency { name, needed_by, elsewhere } => {
                write!(f, "needs {}, which is not found", name.display())?;
                if let Some(library) = needed_by {
                    write!(f, " (through {})", library.display())?;
                }
                if let Some(path) = elsewhere {
                    write!(f, "; {} is there, but the loader does not look there", path.display())?;
                }
                Ok(())
            }
            Finding::BadDependency { path, finding } => {
                write!(f, "needs {}, which {finding}", path.display())
            }
        }
    }
}

/// The file that a candidate means: the path itself, or where the loader finds the bare name. `None` if there is
/// none.
pub(super) fn locate(candidate: &OsStr, system: &[Source]) -> Option<PathBuf> {
    if candidate.as_encoded_bytes().contains(&b'/') {
        let path = PathBuf::from(candidate);
        return match fs::symlink_metadata(&path) {
            Ok(_) => Some(path),
            // A directory on the way may be closed to this process.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some(path),
            Err(_) => None,
        };
    }
    // A long name cannot be a file, and the system says so in many ways.
    if candidate.len() > 255 {
        return None;
    }
    system.iter().find_map(|source| source.find(candidate))
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

/// What there is to say about a file that could not be loaded. Empty if it looks like a sound library.
#[must_use]
pub fn examine(path: &Path) -> Vec<Finding> {
    examine_with(path, &installed::system())
}

/// [`examine`], with the places where libraries are installed at hand.
pub(super) fn examine_with(path: &Path, system: &[Source]) -> Vec<Finding> {
    match file_finding(path) {
        Some(finding) => vec![finding],
        None if Target::HOST.os == Os::Linux => dependencies::findings(path, system),
        None => Vec::new(),
    }
}

/// What is wrong with the file itself, its dependencies aside.
pub(super) fn file_finding(path: &Path) -> Option<Finding> {
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
        return Some(Finding::Foreign { format: "an ELF file", machine: None });
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
