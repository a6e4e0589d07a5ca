//! What an ELF file says about itself, as far as loading it is concerned: the machine it is for, what kind of
//! file it is, and the libraries it needs.
//!
//! The file is read the way the loader reads it, through its program headers (ELF specification, "Dynamic
//! Linking"); section headers, which a stripped file may lack, are not looked at. Any file at all may be read:
//! every offset is checked against it, and damage is an error.

use core::fmt;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;

use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::read::{ReadCache, ReadRef};
use object::{Endianness, FileKind};
use pinvoke_abi::target::{Arch, Target};

/// A machine as ELF headers name it.
///
/// ```
/// use pinvoke::library::Machine;
///
/// assert_eq!(Machine::HOST.bits, if cfg!(target_pointer_width = "64") { 64 } else { 32 });
/// let arm = Machine { number: 183, bits: 64, big_endian: false };
/// assert_eq!(arm.to_string(), "AArch64");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    /// `e_machine`, a number of the ELF registry.
    pub number: u16,
    /// The width of an address: 32 or 64.
    pub bits: u8,
    /// The byte order.
    pub big_endian: bool,
}

impl Machine {
    /// The machine of this process.
    pub const HOST: Machine = Machine {
        number: match Target::HOST.arch {
            Arch::X86_64 => 62,
            Arch::X86 => 3,
            Arch::Aarch64 => 183,
            Arch::Riscv64 => 243,
        },
        bits: if Target::HOST.pointer_size() == 8 { 64 } else { 32 },
        big_endian: cfg!(target_endian = "big"),
    };
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.number {
            2 => "SPARC",
            3 => "x86",
            8 => "MIPS",
            20 => "PowerPC",
            21 => "PowerPC64",
            22 => "IBM Z",
            40 => "Arm",
            43 => "SPARC V9",
            62 => "x86-64",
            183 => "AArch64",
            243 => "RISC-V",
            247 => "BPF",
            258 => "LoongArch",
            _ => return write!(f, "{}-bit machine number {}", self.bits, self.number),
        };
        let usual = match self.number {
            21 | 43 | 62 | 183 => Some(64),
            3 | 20 | 40 => Some(32),
            _ => None,
        };
        // An address width that goes without saying is not said.
        if usual != Some(self.bits) || self.number == 3 {
            write!(f, "{}-bit ", self.bits)?;
        }
        f.write_str(name)?;
        if self.big_endian && matches!(self.number, 8 | 21 | 40 | 183) {
            f.write_str(" (big-endian)")?;
        }
        Ok(())
    }
}

/// The kinds of ELF files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Library,
    Executable,
    Relocatable,
    Core,
    Other(u16),
}

/// What an ELF file says about itself.
#[derive(Debug)]
pub(super) struct Elf {
    pub(super) machine: Machine,
    pub(super) kind: Kind,
    /// The names of `DT_NEEDED`, in order.
    pub(super) needed: Vec<OsString>,
    /// `DT_RPATH`, which counts only without a `DT_RUNPATH`.
    pub(super) rpath: Option<OsString>,
    pub(super) runpath: Option<OsString>,
    /// Whether it declines the loader's cache and default directories (`DF_1_NODEFLIB`).
    pub(super) no_default_directories: bool,
    /// Where the last segment ends, if that is behind the end of the file.
    pub(super) cut_short: Option<u64>,
}

/// Reads an ELF file. `None` if it is none.
pub(super) fn read(path: &Path) -> Result<Option<Elf>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let cache = ReadCache::new(file);
    match FileKind::parse(&cache) {
        Ok(FileKind::Elf32) => parse::<elf::FileHeader32<Endianness>, _>(&cache).map(Some),
        Ok(FileKind::Elf64) => parse::<elf::FileHeader64<Endianness>, _>(&cache).map(Some),
        _ => Ok(None),
    }
}

fn parse<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(data: R) -> Result<Elf, String> {
    let damage = |error: object::Error| error.to_string();
    let header = H::parse(data).map_err(damage)?;
    let endian = header.endian().map_err(damage)?;
    let machine = Machine {
        number: header.e_machine(endian).0,
        bits: if header.is_class_64() { 64 } else { 32 },
        big_endian: endian == Endianness::Big,
    };
    let mut found = Elf {
        machine,
        kind: match header.e_type(endian) {
            elf::ET_DYN => Kind::Library,
            elf::ET_EXEC => Kind::Executable,
            elf::ET_REL => Kind::Relocatable,
            elf::ET_CORE => Kind::Core,
            other => Kind::Other(other.0),
        },
        needed: Vec::new(),
        rpath: None,
        runpath: None,
        no_default_directories: false,
        cut_short: None,
    };
    // A file for another machine is not looked into any further.
    if machine != Machine::HOST || found.kind == Kind::Relocatable {
        return Ok(found);
    }
    let segments = header.program_headers(endian, data).map_err(damage)?;
    found.cut_short = end_behind_file(endian, data, segments);
    for segment in segments {
        if let Some(entries) = segment.dynamic(endian, data).map_err(damage)? {
            read_dynamic::<H, R>(&mut found, endian, data, segments, entries)?;
        }
    }
    Ok(found)
}

/// Where the last segment ends, if that is behind the end of the file. Reads only the headers.
///
/// The loader maps such a file without a question, and the process dies of SIGBUS when it touches what is not there.
pub(super) fn cut_short(path: &Path) -> Option<u64> {
    let cache = ReadCache::new(File::open(path).ok()?);
    match FileKind::parse(&cache).ok()? {
        FileKind::Elf32 => headers_behind_file::<elf::FileHeader32<Endianness>, _>(&cache),
        FileKind::Elf64 => headers_behind_file::<elf::FileHeader64<Endianness>, _>(&cache),
        _ => None,
    }
}

fn headers_behind_file<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(data: R) -> Option<u64> {
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    end_behind_file(endian, data, header.program_headers(endian, data).ok()?)
}

fn end_behind_file<'d, P: ProgramHeader<Endian = Endianness>, R: ReadRef<'d>>(
    endian: Endianness,
    data: R,
    segments: &[P],
) -> Option<u64> {
    let length = data.len().ok()?;
    let loaded = segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
    let end = |segment: &P| segment.p_offset(endian).into().saturating_add(segment.p_filesz(endian).into());
    loaded.map(end).filter(|end: &u64| *end > length).max()
}

fn read_dynamic<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(
    found: &mut Elf,
    endian: Endianness,
    data: R,
    segments: &'d [H::ProgramHeader],
    entries: &'d [H::Dyn],
) -> Result<(), String> {
    let pairs = || {
        let pair = |entry: &'d H::Dyn| (entry.d_tag(endian), entry.d_val(endian).into());
        entries.iter().map(pair).take_while(|(tag, _): &(_, u64)| *tag != elf::DT_NULL)
    };
    let value = |wanted| pairs().find(|(tag, _)| *tag == wanted).map(|(_, value)| value);
    let (Some(address), Some(size)) = (value(elf::DT_STRTAB), value(elf::DT_STRSZ)) else {
        return Ok(());
    };
    let strings = segments
        .iter()
        .filter(|segment| segment.p_type(endian) == elf::PT_LOAD)
        .find_map(|segment| segment.data_range(endian, data, address, size).ok().flatten())
        .ok_or("its table of names lies outside the file")?;
    for (tag, value) in pairs() {
        match tag {
            elf::DT_NEEDED => found.needed.push(string(strings, value)?),
            elf::DT_RPATH => found.rpath = Some(string(strings, value)?),
            elf::DT_RUNPATH => found.runpath = Some(string(strings, value)?),
            elf::DT_FLAGS_1 => {
                found.no_default_directories = value & elf::DF_1_NODEFLIB.0 != 0;
                if value & elf::DF_1_PIE.0 != 0 {
                    found.kind = Kind::Executable;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn string(strings: &[u8], at: u64) -> Result<OsString, String> {
    let rest = usize::try_from(at).ok().and_then(|at| strings.get(at..));
    let text = rest.and_then(|rest| rest.split(|byte| *byte == 0).next());
    let text = text.ok_or("a name lies outside its table of names")?;
    Ok(String::from_utf8_lossy(text).into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_have_names() {
        let machine = |number, bits, big_endian| Machine { number, bits, big_endian }.to_string();
        assert_eq!(machine(62, 64, false), "x86-64");
        // The x32 ABI.
        assert_eq!(machine(62, 32, false), "32-bit x86-64");
        assert_eq!(machine(3, 32, false), "32-bit x86");
        assert_eq!(machine(183, 64, false), "AArch64");
        assert_eq!(machine(40, 32, false), "Arm");
        assert_eq!(machine(243, 64, false), "64-bit RISC-V");
        assert_eq!(machine(243, 32, false), "32-bit RISC-V");
        assert_eq!(machine(8, 32, true), "32-bit MIPS (big-endian)");
        assert_eq!(machine(9999, 64, false), "64-bit machine number 9999");
    }

    // Elsewhere programs are no ELF files.
    #[test]
    #[cfg_attr(not(unix), ignore = "programs of this system are no ELF files")]
    fn this_program_is_for_this_machine() {
        let own = read(&std::env::current_exe().unwrap()).unwrap().unwrap();
        assert_eq!(own.machine, Machine::HOST);
        assert_eq!(own.kind, Kind::Executable);
        assert!(own.needed.iter().any(|name| name.to_string_lossy().starts_with("libc.")), "{own:?}");
        assert_eq!(own.cut_short, None);
    }
}
