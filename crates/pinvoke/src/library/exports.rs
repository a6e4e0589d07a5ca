//! What a library exports: read from its file, which need not be loaded, or even be for this system.
//!
//! For ELF files the exports are the defined global and weak symbols of the dynamic symbol table (`.dynsym`) whose
//! visibility lets them out, with their version (GNU symbol versioning). For Windows (PE) and macOS (Mach-O) files
//! they are the entries of the export table. Names are those that a lookup takes, not demangled.
//!
//! ```
//! # #[cfg(unix)] {
//! use pinvoke::library::{Library, exports::ExportKind};
//!
//! let exports = Library::open("libc")?.exports()?;
//! let getpid = exports.iter().find(|export| export.name == "getpid").unwrap();
//! assert_eq!(getpid.kind, ExportKind::Function);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use object::read::elf::{FileHeader, SectionTable, Sym, VersionTable};
use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use object::read::pe::{ExportTarget as ExportedPlace, ImageNtHeaders, PeFile};
use object::read::{ExportTarget, NameOrOrdinal, Object, ObjectSection, ReadCache, ReadRef};
use object::{Architecture, Endianness, FileKind, LittleEndian, SectionKind};
use object::{elf, pe};
use pinvoke_abi::target::{Arch, Target};

use super::Library;

/// Something that a library exports.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use pinvoke::library::Library;
/// use pinvoke::library::exports::ExportKind;
///
/// let exports = Library::open("libc")?.exports()?;
/// let getpid = exports.iter().find(|export| export.name == "getpid").unwrap();
/// assert_eq!(getpid.kind, ExportKind::Function);
/// assert!(getpid.size > 0 && getpid.address > 0);
/// assert_eq!(getpid.ordinal, None); // only Windows numbers them
/// println!("{getpid}"); // getpid@@GLIBC_2.2.5
///
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name that a lookup takes. For a Windows export without a name: `#` and its ordinal.
    pub name: String,
    /// The version of the symbol, where the library has versions.
    pub version: Option<Version>,
    /// What it is.
    pub kind: ExportKind,
    /// Where it is, counted from where the library is loaded: see [`Library::load_bias`].
    pub address: u64,
    /// Its size in bytes; 0 where the file does not say.
    pub size: u64,
    /// Whether another library's symbol of the same name may take its place (ELF weak).
    pub weak: bool,
    /// Its number (Windows).
    pub ordinal: Option<u16>,
    /// Where a forwarded export leads, as the file says it: `NTDLL.RtlAllocateHeap`, `OTHER.#7` (Windows).
    pub forwarded_to: Option<String>,
}

/// A version of an ELF symbol.
///
/// ```
/// # #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))] {
/// use pinvoke::library::Library;
///
/// // glibc has kept its old memcpy for old programs: the same name twice, and one is meant by default.
/// let exports = Library::open("libc")?.exports()?;
/// let versions =
///     exports.iter().filter(|export| export.name == "memcpy").filter_map(|export| export.version.as_ref());
/// let (current, old): (Vec<_>, Vec<_>) = versions.partition(|version| version.default);
/// assert_eq!((&*current[0].name, &*old[0].name), ("GLIBC_2.14", "GLIBC_2.2.5"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its name, such as `GLIBC_2.2.5`.
    pub name: String,
    /// Whether a lookup by the bare name finds this version.
    pub default: bool,
}

/// What an export is, as far as the file says.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use pinvoke::library::Library;
/// use pinvoke::library::exports::ExportKind;
///
/// let exports = Library::open("libc")?.exports()?;
/// let kind = |name| exports.iter().find(|export| export.name == name).map(|export| export.kind);
/// assert_eq!(kind("getpid"), Some(ExportKind::Function));
/// assert_eq!(kind("environ"), Some(ExportKind::Data));
/// assert_eq!(ExportKind::ThreadLocal.to_string(), "thread-local data");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportKind {
    /// A function.
    Function,
    /// A function that chooses its implementation when the library is loaded (GNU indirect function).
    IndirectFunction,
    /// A variable.
    Data,
    /// A variable that every thread has its own of. Its address is not that of any instance.
    ThreadLocal,
    /// Another library's export under this name (Windows and macOS).
    Forwarded,
    /// The file does not say.
    Unknown,
}

impl ExportKind {
    /// Whether it can be called, or the file does not say that it cannot.
    ///
    /// ```
    /// use pinvoke::library::exports::ExportKind;
    ///
    /// // A variable is not to be called, whatever its declaration says.
    /// assert!(!ExportKind::Data.may_be_code());
    /// assert!(ExportKind::IndirectFunction.may_be_code());
    /// assert!(ExportKind::Unknown.may_be_code());
    /// ```
    #[must_use]
    pub fn may_be_code(self) -> bool {
        match self {
            ExportKind::Function
            | ExportKind::IndirectFunction
            | ExportKind::Forwarded
            | ExportKind::Unknown => true,
            ExportKind::Data | ExportKind::ThreadLocal => false,
        }
    }
}

impl fmt::Display for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExportKind::Function => "function",
            ExportKind::IndirectFunction => "indirect function",
            ExportKind::Data => "data",
            ExportKind::ThreadLocal => "thread-local data",
            ExportKind::Forwarded => "forwarded",
            ExportKind::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Export {
    /// The name, with the version as the GNU tools write it: `name@VERSION`, or `name@@VERSION` for the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.version {
            Some(Version { name, default: true }) => write!(f, "@@{name}"),
            Some(Version { name, default: false }) => write!(f, "@{name}"),
            None => Ok(()),
        }
    }
}

/// The exports of a library could not be read.
///
/// ```
/// use std::path::Path;
///
/// use pinvoke::library::exports::{ExportsError, read};
///
/// assert!(matches!(read(Path::new("no-such-file")), Err(ExportsError::Unreadable { .. })));
/// let error = read(Path::new("Cargo.toml")).unwrap_err();
/// assert!(matches!(error, ExportsError::NotALibrary { .. }));
/// assert_eq!(
///     error.to_string(),
///     "cannot list the exports of Cargo.toml: it is neither ELF, nor PE, nor Mach-O"
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportsError {
    /// The system does not say which file the library came from.
    #[error("cannot list the exports of {name}: the file it was loaded from is not known")]
    NoFile {
        /// The library.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot list the exports of {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is no library of any known kind.
    #[error("cannot list the exports of {}: it is neither ELF, nor PE, nor Mach-O", path.display())]
    NotALibrary {
        /// The file.
        path: PathBuf,
    },
    /// The file has no section headers, which say where its symbols are; a loader does not need them.
    #[error("cannot list the exports of {}: it has been stripped of its section headers", path.display())]
    NoSectionHeaders {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("cannot list the exports of {}: the file is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: object::Error,
    },
}

impl Library {
    /// Everything this library exports, from the file it was loaded from.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let exports = c.exports()?;
    /// let sorts = exports.iter().filter(|export| export.kind.may_be_code() && export.name.contains("sort"));
    /// assert!(sorts.map(|export| &*export.name).any(|name| name == "qsort"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The file is not known, or is gone, or is not the one that was loaded any more and not readable.
    pub fn exports(&self) -> Result<Vec<Export>, ExportsError> {
        let path =
            self.path().ok_or_else(|| ExportsError::NoFile { name: self.name().display().to_string() })?;
        read(path)
    }
}

/// Everything that the library in this file exports, in the order of the file.
///
/// ```
/// use pinvoke::library::{Library, exports};
///
/// // Of any file, whether this process can load it or not; here of one that is at hand.
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let file = c.path().expect("the system knows it");
/// assert!(exports::read(file)?.iter().any(|export| export.name == "strlen"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The file cannot be read, is no library of a known kind, or is damaged.
pub fn read(path: &Path) -> Result<Vec<Export>, ExportsError> {
    let (cache, kind) = open(path)?;
    let data = &cache;
    let mach_o = |exports: object::Result<Vec<Export>>| exports.map(without_underscores);
    let exports = match kind {
        FileKind::Elf32 | FileKind::Elf64 if has_no_sections(data, kind) => {
            return Err(ExportsError::NoSectionHeaders { path: path.to_owned() });
        }
        FileKind::Elf32 => dynamic_symbols::<elf::FileHeader32<Endianness>, _>(data),
        FileKind::Elf64 => dynamic_symbols::<elf::FileHeader64<Endianness>, _>(data),
        FileKind::Pe32 => numbered::<pe::ImageNtHeaders32, _>(data),
        FileKind::Pe64 => numbered::<pe::ImageNtHeaders64, _>(data),
        FileKind::MachO32 | FileKind::MachO64 => mach_o(export_table(data)),
        FileKind::MachOFat32 => mach_o(MachOFatFile32::parse(data).and_then(|fat| slice(data, fat.arches()))),
        FileKind::MachOFat64 => mach_o(MachOFatFile64::parse(data).and_then(|fat| slice(data, fat.arches()))),
        _ => return Err(ExportsError::NotALibrary { path: path.to_owned() }),
    };
    exports.map_err(|source| ExportsError::Damaged { path: path.to_owned(), source })
}

/// What the symbol `name` is in the full symbol table of an ELF file, which a lookup does not see. `None` if it is
/// not there, or there is no such table (a stripped file).
pub(crate) fn private_symbol(path: &Path, name: &str) -> Option<ExportKind> {
    let (cache, kind) = open(path).ok()?;
    match kind {
        FileKind::Elf32 => private::<elf::FileHeader32<Endianness>, _>(&cache, name),
        FileKind::Elf64 => private::<elf::FileHeader64<Endianness>, _>(&cache, name),
        _ => None,
    }
}

fn open(path: &Path) -> Result<(ReadCache<File>, FileKind), ExportsError> {
    let unreadable = |source| ExportsError::Unreadable { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    // A pipe would have us wait for a writer.
    if !metadata.is_file() {
        return Err(ExportsError::NotALibrary { path: path.to_owned() });
    }
    let cache = ReadCache::new(File::open(path).map_err(unreadable)?);
    match FileKind::parse(&cache) {
        Ok(kind) => Ok((cache, kind)),
        Err(_) => Err(ExportsError::NotALibrary { path: path.to_owned() }),
    }
}

fn dynamic_symbols<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(
    data: R,
) -> object::Result<Vec<Export>> {
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let sections: SectionTable<'d, H, R> = header.sections(endian, data)?;
    let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
    let versions = sections.versions(endian, data)?.unwrap_or_default();
    let mut exports = Vec::new();
    for (index, symbol) in symbols.enumerate() {
        let visible = matches!(symbol.st_visibility(), elf::STV_DEFAULT | elf::STV_PROTECTED);
        let global = matches!(symbol.st_bind(), elf::STB_GLOBAL | elf::STB_WEAK | elf::STB_GNU_UNIQUE);
        if symbol.is_undefined(endian) || !visible || !global {
            continue;
        }
        let name = lossy(symbols.symbol_name(endian, symbol)?);
        let version = version(&versions, endian, index)?;
        // Every version is itself a symbol, with its own name and no place.
        if symbol.is_absolute(endian) && version.as_ref().is_some_and(|version| version.name == name) {
            continue;
        }
        exports.push(Export {
            name,
            version,
            kind: kind(symbol.st_type()),
            address: symbol.st_value(endian).into(),
            size: symbol.st_size(endian).into(),
            weak: symbol.st_bind() == elf::STB_WEAK,
            ordinal: None,
            forwarded_to: None,
        });
    }
    Ok(exports)
}

fn version<H: FileHeader<Endian = Endianness>>(
    versions: &VersionTable<'_, H>,
    endian: Endianness,
    index: object::SymbolIndex,
) -> object::Result<Option<Version>> {
    if versions.is_empty() {
        return Ok(None);
    }
    let entry = versions.version_index(endian, index);
    let version = versions.version(entry.index())?;
    Ok(version.map(|version| Version { name: lossy(version.name()), default: !entry.is_hidden() }))
}

fn kind(symbol: elf::SymbolType) -> ExportKind {
    match symbol {
        elf::STT_FUNC => ExportKind::Function,
        elf::STT_GNU_IFUNC => ExportKind::IndirectFunction,
        elf::STT_OBJECT | elf::STT_COMMON => ExportKind::Data,
        elf::STT_TLS => ExportKind::ThreadLocal,
        _ => ExportKind::Unknown,
    }
}

fn private<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(
    data: R,
    name: &str,
) -> Option<ExportKind> {
    let header = H::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let sections: SectionTable<'d, H, R> = header.sections(endian, data).ok()?;
    let symbols = sections.symbols(endian, data, elf::SHT_SYMTAB).ok()?;
    let named = symbols.iter().find(|symbol| {
        !symbol.is_undefined(endian)
            && symbols.symbol_name(endian, symbol).is_ok_and(|found| found == name.as_bytes())
    });
    named.map(|symbol| kind(symbol.st_type()))
}

/// Whether an ELF file has no section headers at all.
fn has_no_sections<'d, R: ReadRef<'d>>(data: R, kind: FileKind) -> bool {
    fn none<'d, H: FileHeader<Endian = Endianness>, R: ReadRef<'d>>(data: R) -> bool {
        let header = H::parse(data);
        header.is_ok_and(|header| header.endian().is_ok_and(|endian| header.e_shoff(endian).into() == 0))
    }
    match kind {
        FileKind::Elf32 => none::<elf::FileHeader32<Endianness>, R>(data),
        _ => none::<elf::FileHeader64<Endianness>, R>(data),
    }
}

/// Mach-O writes C names with an underscore in front, which lookups add by themselves.
fn without_underscores(mut exports: Vec<Export>) -> Vec<Export> {
    for export in &mut exports {
        if let Some(name) = export.name.strip_prefix('_') {
            export.name = name.to_owned();
        }
    }
    exports
}

/// The exports of a Mach-O file.
fn export_table<'d, R: ReadRef<'d>>(data: R) -> object::Result<Vec<Export>> {
    let file = object::File::parse(data)?;
    let base = file.relative_address_base();
    let code: Vec<(u64, u64)> = file
        .sections()
        .filter(|section| section.kind() == SectionKind::Text)
        .map(|section| (section.address(), section.address().saturating_add(section.size())))
        .collect();
    let mut exports = Vec::new();
    for export in file.exports()? {
        let export = export?;
        let (kind, address) = match export.target() {
            ExportTarget::Address { address } => {
                let is_code = code.iter().any(|(start, end)| (*start..*end).contains(&address));
                let kind = if is_code { ExportKind::Function } else { ExportKind::Data };
                (kind, address.saturating_sub(base))
            }
            ExportTarget::Absolute { value } => (ExportKind::Unknown, value),
            ExportTarget::Tls { offset } => (ExportKind::ThreadLocal, offset),
            ExportTarget::TlvDescriptor { address } => {
                (ExportKind::ThreadLocal, address.saturating_sub(base))
            }
            ExportTarget::Resolver { resolver, stub } => {
                (ExportKind::IndirectFunction, stub.unwrap_or(resolver).saturating_sub(base))
            }
            ExportTarget::Reexport { .. } => (ExportKind::Forwarded, 0),
            _ => (ExportKind::Unknown, 0),
        };
        let name = match export.name() {
            NameOrOrdinal::Name(name) => lossy(name),
            NameOrOrdinal::Ordinal(number) => format!("#{number}"),
        };
        exports.push(Export {
            name,
            version: None,
            kind,
            address,
            size: 0,
            weak: export.is_weak(),
            ordinal: None,
            forwarded_to: None,
        });
    }
    Ok(exports)
}

/// The exports of a PE file, which have numbers.
fn numbered<'d, H: ImageNtHeaders, R: ReadRef<'d>>(data: R) -> object::Result<Vec<Export>> {
    let file = PeFile::<H, R>::parse(data)?;
    let is_code = |address: u32| {
        file.section_table().iter().any(|section| {
            let start = section.virtual_address.get(LittleEndian);
            let size = section.virtual_size.get(LittleEndian);
            let executable = section.characteristics.get(LittleEndian).0 & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0;
            executable && address.checked_sub(start).is_some_and(|within| within < size)
        })
    };
    let table = file.export_table()?.map(|table| table.exports()).transpose()?;
    // Numbers that nobody uses have the address 0.
    let used =
        table.unwrap_or_default().into_iter().filter(|e| !matches!(e.target, ExportedPlace::Address(0)));
    let exports = used.map(|export| {
        let (kind, address, forwarded_to) = match export.target {
            ExportedPlace::Address(address) if is_code(address) => (ExportKind::Function, address, None),
            ExportedPlace::Address(address) => (ExportKind::Data, address, None),
            ExportedPlace::ForwardByName(library, name) => {
                (ExportKind::Forwarded, 0, Some(format!("{}.{}", lossy(library), lossy(name))))
            }
            ExportedPlace::ForwardByOrdinal(library, number) => {
                (ExportKind::Forwarded, 0, Some(format!("{}.#{number}", lossy(library))))
            }
        };
        Export {
            name: export.name.map_or_else(|| format!("#{}", export.ordinal), lossy),
            version: None,
            kind,
            address: address.into(),
            size: 0,
            weak: false,
            ordinal: Some(export.ordinal.0),
            forwarded_to,
        }
    });
    Ok(exports.collect())
}

/// The exports of the part of a universal file that is for this machine, or else of the first part.
fn slice<'d, R: ReadRef<'d>, F: FatArch>(data: R, arches: &[F]) -> object::Result<Vec<Export>> {
    let host = match Target::HOST.arch {
        Arch::X86_64 => Architecture::X86_64,
        Arch::X86 => Architecture::I386,
        Arch::Aarch64 => Architecture::Aarch64,
        Arch::Riscv64 => Architecture::Riscv64,
    };
    let mine = arches.iter().find(|arch| arch.architecture() == host).or(arches.first());
    match mine {
        Some(arch) => export_table(arch.data(data)?),
        None => Ok(Vec::new()),
    }
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
