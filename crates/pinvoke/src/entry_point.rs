//! Entry points: a name, looked up in a library, with the address that was found.
//!
//! On Unix a name is looked up as it is and in no other way. On Windows, where a function that takes text comes
//! as `NameA` and `NameW`, the declared character set decides what is tried in which order, and `#12` stands for
//! the twelfth export. [`names`] is that rule as data, so that it can be shown and tested on every system.

use core::ffi::c_void;
use core::fmt;
use std::ffi::{CString, OsString};

use pinvoke_abi::target::{Arch, Target};

use crate::library::{Library, LoaderMessage};
use crate::native::CodePtr;

/// A function or a variable of a loaded library.
#[derive(Clone, Debug)]
pub struct EntryPoint {
    name: String,
    library: Library,
    address: CodePtr,
}

impl EntryPoint {
    /// The name under which it was found, which probing may have made different from the one asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The library it belongs to.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// The address, for calling. Whether it is code is for the caller to know: see
    /// [`exports`](crate::library::Library) for what the library says about it.
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.address
    }

    /// The address, for a variable.
    #[must_use]
    pub fn data(&self) -> *mut c_void {
        self.address.as_ptr().cast_mut()
    }
}

/// How text crosses the boundary, as far as it decides which entry point is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CharSet {
    /// 8-bit text.
    #[default]
    Ansi,
    /// UTF-16 text.
    Unicode,
    /// What the system prefers: UTF-16 on Windows, 8-bit elsewhere.
    Auto,
}

/// How the name of an entry point is looked up. On Unix none of it makes a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EntryPointOptions {
    /// Which of `NameA` and `NameW` may be meant.
    pub char_set: CharSet,
    /// Only the name itself is tried, without `A` or `W`.
    pub exact_spelling: bool,
    /// For `stdcall` functions on 32-bit x86: the size of all arguments in bytes, for the decorated name
    /// `_Name@N`.
    pub stdcall_bytes: Option<u32>,
}

/// What to look up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lookup {
    /// A name.
    Name(String),
    /// The number of an export of a Windows library.
    Ordinal(u16),
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lookup::Name(name) => f.write_str(name),
            Lookup::Ordinal(number) => write!(f, "#{number}"),
        }
    }
}

/// What to look up for `name`, in order.
///
/// ```
/// use pinvoke::entry_point::{CharSet, EntryPointOptions, names};
/// use pinvoke_abi::target::Target;
///
/// let options = EntryPointOptions { char_set: CharSet::Unicode, ..Default::default() };
/// let names = |target| -> Vec<_> {
///     names("MessageBox", target, &options).unwrap().iter().map(ToString::to_string).collect()
/// };
/// assert_eq!(names(Target::X86_64_WINDOWS), ["MessageBoxW", "MessageBox"]);
/// assert_eq!(names(Target::X86_64_LINUX), ["MessageBox"]);
/// ```
///
/// # Errors
///
/// The name is empty, contains a NUL, or is for Windows and a `#` is not followed by a number from 1 to 65535.
pub fn names(
    name: &str,
    target: Target,
    options: &EntryPointOptions,
) -> Result<Vec<Lookup>, InvalidEntryPointName> {
    if name.is_empty() {
        return Err(InvalidEntryPointName::Empty);
    }
    if let Some(offset) = name.find('\0') {
        return Err(InvalidEntryPointName::Nul { name: name.to_owned(), offset });
    }
    if !target.os.is_windows() {
        return Ok(vec![Lookup::Name(name.to_owned())]);
    }
    if let Some(number) = name.strip_prefix('#') {
        let ordinal = number.parse().ok().filter(|ordinal| *ordinal != 0);
        let ordinal = ordinal.ok_or_else(|| InvalidEntryPointName::Ordinal { name: name.to_owned() })?;
        return Ok(vec![Lookup::Ordinal(ordinal)]);
    }
    let spellings = match (options.exact_spelling, options.char_set) {
        (true, _) => vec![name.to_owned()],
        (false, CharSet::Ansi) => vec![name.to_owned(), format!("{name}A")],
        (false, CharSet::Unicode | CharSet::Auto) => vec![format!("{name}W"), name.to_owned()],
    };
    let mut lookups = Vec::new();
    for spelling in spellings {
        let decorated = match options.stdcall_bytes {
            Some(bytes) if target.arch == Arch::X86 => Some(format!("_{spelling}@{bytes}")),
            _ => None,
        };
        lookups.push(Lookup::Name(spelling));
        lookups.extend(decorated.map(Lookup::Name));
    }
    Ok(lookups)
}

/// A name that cannot name an entry point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEntryPointName {
    /// It is empty.
    #[error("an entry point needs a name")]
    Empty,
    /// It contains a NUL, where the loader would stop reading it.
    #[error("the entry point name {name:?} has a NUL character at offset {offset}")]
    Nul {
        /// The name.
        name: String,
        /// Where the first NUL stands, in bytes.
        offset: usize,
    },
    /// It starts with `#`, as an ordinal does, but no ordinal follows.
    #[error("the entry point {name:?} is not an ordinal: a number from 1 to 65535 is expected after #")]
    Ordinal {
        /// The name.
        name: String,
    },
}

/// An entry point could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryPointError {
    /// The name cannot name an entry point.
    #[error("cannot look up an entry point in the library {library:?}")]
    InvalidName {
        /// The library, by the name it was asked for.
        library: OsString,
        /// What is wrong with the name.
        source: InvalidEntryPointName,
    },
    /// The library has no such entry point.
    #[error("the library {library:?} has no entry point {name:?}")]
    NotFound {
        /// The library, by the name it was asked for.
        library: OsString,
        /// The name that was asked for.
        name: String,
        /// What the loader said about it.
        source: LoaderMessage,
    },
    /// The symbol is there, but its address is null.
    #[error(
        "the symbol {name:?} of the library {library:?} has the address null: it is declared, but not defined"
    )]
    Null {
        /// The library, by the name it was asked for.
        library: OsString,
        /// The name of the symbol.
        name: String,
    },
}

impl Library {
    /// Looks up a function or a variable by its exact name, or as the system's usual options have it.
    ///
    /// # Errors
    ///
    /// The name cannot be one, the library does not export it, or its address is null.
    pub fn entry_point(&self, name: &str) -> Result<EntryPoint, EntryPointError> {
        self.entry_point_with(name, &EntryPointOptions::default())
    }

    /// Looks up a function or a variable.
    ///
    /// # Errors
    ///
    /// The name cannot be one, the library exports none of the names to try, or the address is null.
    pub fn entry_point_with(
        &self,
        name: &str,
        options: &EntryPointOptions,
    ) -> Result<EntryPoint, EntryPointError> {
        let library = || self.name().to_owned();
        let lookups = names(name, Target::HOST, options)
            .map_err(|source| EntryPointError::InvalidName { library: library(), source })?;
        let mut refused = None;
        for lookup in lookups {
            let found = lookup.to_string();
            let Ok(symbol) = CString::new(found.as_str()) else { continue };
            match self.symbol(&symbol) {
                Ok(address) => {
                    let Some(address) = CodePtr::new(address) else {
                        return Err(EntryPointError::Null { library: library(), name: found });
                    };
                    return Ok(EntryPoint { name: found, library: self.clone(), address });
                }
                Err(message) => refused = refused.or(Some(message)),
            }
        }
        let source = refused.unwrap_or_else(|| LoaderMessage("nothing to look up".to_owned()));
        Err(EntryPointError::NotFound { library: library(), name: name.to_owned(), source })
    }
}
