//! What a Windows library (PE) says about itself, as far as loading it is concerned: the machine it is for, and
//! the libraries it needs.
//!
//! Source: "PE Format" of the Windows documentation, sections "COFF File Header" and "The .idata Section". Any file
//! at all may be read: every offset is checked against it.

use std::collections::{HashSet, VecDeque};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use object::pe;
use object::read::pe::{ImageNtHeaders, PeFile};
use object::read::{ReadCache, ReadRef};
use object::{FileKind, LittleEndian};

use super::elf::Machine;
use super::finding::Finding;
use super::installed::Source;
use super::probe::Place;
use super::{file, os};

/// More libraries than this are not followed.
const MAX_LIBRARIES: usize = 1000;

/// What a PE file says about itself.
struct Pe {
    machine: Machine,
    /// Whether it is a library and not a program.
    library: bool,
    /// The names of the libraries it is linked to, in order. Those that it loads when it needs them are not here.
    needed: Vec<OsString>,
}

/// What is wrong with the file itself, its dependencies aside.
pub(super) fn finding(path: &Path) -> Option<Finding> {
    match read(path) {
        Err(reason) => Some(Finding::Damaged { reason }),
        Ok(pe) if pe.machine != Machine::HOST => {
            Some(Finding::OtherMachine { file: pe.machine, process: Machine::HOST })
        }
        Ok(pe) if !pe.library => Some(Finding::Executable),
        Ok(_) => None,
    }
}

/// Everything that is wrong with the dependencies of the library at `path`. They are looked for as the loader does
/// it for a library whose path is given: what is loaded already, beside the library, then in the usual places.
/// Libraries of the system are taken to be whole.
pub(super) fn missing_dependencies(path: &Path, sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = HashSet::new();
    let mut queue: VecDeque<(PathBuf, Pe)> =
        read(path).ok().map(|pe| (path.to_owned(), pe)).into_iter().collect();
    while let Some((library, pe)) = queue.pop_front() {
        for name in pe.needed {
            let known = seen.len() >= MAX_LIBRARIES || !seen.insert(name.to_ascii_lowercase());
            if known || is_api_set(&name) || os::is_loaded(&name) {
                continue;
            }
            let beside = path.parent().map(|directory| directory.join(&name)).filter(|file| file.exists());
            let installed =
                || sources.iter().find_map(|s| Some((s.find(&name)?, s.place == Place::DefaultDirectory)));
            match beside.map(|file| (file, false)).or_else(installed) {
                None => findings.push(Finding::MissingDependency {
                    name,
                    needed_by: (library != path).then(|| library.clone()),
                    elsewhere: None,
                }),
                Some((_, true)) => {}
                Some((found, false)) => match file::finding(&found) {
                    Some(finding) => {
                        findings.push(Finding::BadDependency { path: found, finding: Box::new(finding) });
                    }
                    None => queue.extend(read(&found).ok().map(|pe| (found, pe))),
                },
            }
        }
    }
    findings
}

/// Names that stand for no file: the system has a table of what they mean.
fn is_api_set(name: &OsString) -> bool {
    let start = name.to_string_lossy().to_ascii_lowercase();
    start.starts_with("api-") || start.starts_with("ext-")
}

fn read(path: &Path) -> Result<Pe, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let cache = ReadCache::new(file);
    let pe = match FileKind::parse(&cache) {
        Ok(FileKind::Pe32) => parse::<pe::ImageNtHeaders32, _>(&cache),
        Ok(FileKind::Pe64) => parse::<pe::ImageNtHeaders64, _>(&cache),
        Ok(_) => return Err("it is no PE file".to_owned()),
        Err(error) => Err(error),
    };
    pe.map_err(|error| error.to_string())
}

fn parse<'d, H: ImageNtHeaders, R: ReadRef<'d>>(data: R) -> object::Result<Pe> {
    let file = PeFile::<H, R>::parse(data)?;
    let header = file.nt_headers().file_header();
    let mut needed = Vec::new();
    if let Some(table) = file.import_table()? {
        let mut descriptors = table.descriptors()?;
        while let Some(descriptor) = descriptors.next()? {
            let name = table.name(descriptor.name.get(LittleEndian))?;
            needed.push(String::from_utf8_lossy(name).into_owned().into());
        }
    }
    Ok(Pe {
        machine: machine(header.machine.get(LittleEndian)),
        library: header.characteristics.get(LittleEndian).contains(pe::IMAGE_FILE_DLL),
        needed,
    })
}

/// A machine by its number in PE files.
fn machine(number: pe::Machine) -> Machine {
    let (number, bits) = match number {
        pe::IMAGE_FILE_MACHINE_I386 => (3, 32),
        pe::IMAGE_FILE_MACHINE_AMD64 => (62, 64),
        pe::IMAGE_FILE_MACHINE_ARM64 => (183, 64),
        pe::IMAGE_FILE_MACHINE_ARMNT => (40, 32),
        other => (other.0, 32),
    };
    Machine { number, bits, big_endian: false }
}
