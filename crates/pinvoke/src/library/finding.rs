//! What may be found out about a file that the loader refused, as data and in words.

use core::fmt;
use std::ffi::OsString;
use std::path::PathBuf;

use super::elf::Machine;

/// Something that a look at a refused file shows. The sentences that `Display` writes continue "the file …",
/// except those about dependencies.
///
/// ```
/// use pinvoke::library::diagnose::{Finding, examine};
///
/// assert_eq!(examine(".".as_ref()), [Finding::Directory]);
/// let [text] = &examine("Cargo.toml".as_ref())[..] else { unreachable!("it is a text") };
/// assert_eq!(text.to_string(), "is a text file that starts with \"[package]\"");
/// ```
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
            Finding::Damaged { reason } => write!(f, "is damaged: {reason}"),
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
