//! Entry points: a name, looked up in a library, with the address that was found.
//!
//! On Unix a name is looked up as it is and in no other way. On Windows, where a function that takes text comes
//! as `NameA` and `NameW`, the declared character set decides what is tried in which order, and `#12` stands for
//! the twelfth export. [`names`] is that rule as data, so that it can be shown and tested on every system.

use core::ffi::c_void;
use core::fmt;
use std::ffi::{CString, OsString};
use std::path::{Path, PathBuf};

use pinvoke_abi::signature::{CallConv, Signature};
use pinvoke_abi::target::{Arch, Target};

use crate::library::exports::{self, Export, ExportKind, ExportsError};
use crate::library::{Library, LoaderMessage, file_of, near_misses};
use crate::native::CodePtr;

/// A function or a variable of a loaded library.
///
/// ```
/// use pinvoke::library::Library;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let strlen = c.entry_point("strlen")?;
/// // SAFETY: this is the type that C gives strlen.
/// let strlen: unsafe extern "C" fn(*const std::ffi::c_char) -> usize =
///     unsafe { std::mem::transmute(strlen.code().as_ptr()) };
/// // SAFETY: a C string.
/// assert_eq!(unsafe { strlen(c"four".as_ptr()) }, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct EntryPoint {
    name: String,
    library: Library,
    address: CodePtr,
}

impl EntryPoint {
    /// The name under which it was found, which probing may have made different from the one asked for.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// # #[cfg(unix)] {
    /// assert_eq!(Library::open("libc")?.entry_point("getpid")?.name(), "getpid");
    /// # }
    /// # #[cfg(windows)] {
    /// // On Windows the name may have got a letter:
    /// let message_box = Library::open("user32")?.entry_point("MessageBox")?;
    /// assert_eq!(message_box.name(), "MessageBoxA");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The library it belongs to.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let c = if cfg!(windows) { "msvcrt" } else { "libc" };
    /// let abs = Library::open(c)?.entry_point("abs")?;
    /// // An entry point knows where it came from; another function of the same library:
    /// assert_eq!(abs.library().name(), c);
    /// assert!(abs.library().entry_point("labs").is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// The address, for calling. Whether it is code is for the caller to know; [`export`](Self::export) has what
    /// the library says about it.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let abs = c.entry_point("abs")?.code();
    /// // SAFETY: this is the type that C gives abs.
    /// let abs: extern "C" fn(i32) -> i32 = unsafe { std::mem::transmute(abs.as_ptr()) };
    /// assert_eq!(abs(-5), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.address
    }

    /// The address, for a variable.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_env = "gnu"))] {
    /// use std::ffi::{CStr, c_char};
    ///
    /// use pinvoke::library::Library;
    ///
    /// // `extern char *program_invocation_short_name;` of glibc
    /// let name = Library::open("libc")?.entry_point("program_invocation_short_name")?;
    /// let variable: *mut *const c_char = name.data().cast();
    /// // SAFETY: the variable has that type, and holds a C string since before `main`.
    /// let name = unsafe { CStr::from_ptr(*variable) };
    /// assert!(!name.is_empty());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn data(&self) -> *mut c_void {
        self.address.as_ptr().cast_mut()
    }

    /// What the library's file says about this entry point: whether it is a function or a variable, its size and
    /// its version. `None` if the library does not export it itself, but a library that it needs does.
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use pinvoke::library::{Library, exports::ExportKind};
    ///
    /// let environ = Library::open("libc")?.entry_point("environ")?;
    /// let export = environ.export()?.unwrap();
    /// assert_eq!((export.kind, export.size), (ExportKind::Data, size_of::<*const u8>() as u64));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The library's file is not known or cannot be read.
    pub fn export(&self) -> Result<Option<Export>, ExportsError> {
        let mut named = self.library.exports()?;
        named.retain(|export| export.name == self.name);
        // A lookup by name finds the default version, or the only one.
        let default =
            named.iter().position(|export| export.version.as_ref().is_none_or(|version| version.default));
        let wanted = default.unwrap_or(0);
        Ok(if named.is_empty() { None } else { Some(named.swap_remove(wanted)) })
    }
}

/// How text crosses the boundary, as far as it decides which entry point is meant.
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::entry_point::{CharSet, EntryPointOptions, names};
///
/// let first = |char_set| {
///     let options = EntryPointOptions { char_set, ..EntryPointOptions::default() };
///     names("CreateFile", Target::X86_64_WINDOWS, &options).unwrap()[0].to_string()
/// };
/// assert_eq!(first(CharSet::Ansi), "CreateFile");
/// assert_eq!(first(CharSet::Unicode), "CreateFileW");
/// assert_eq!(first(CharSet::Auto), "CreateFileW");
/// ```
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
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::entry_point::{Decoration, EntryPointOptions, names};
///
/// let decoration = Some(Decoration::Stdcall { bytes: 4 });
/// let options = EntryPointOptions { exact_spelling: true, decoration, ..EntryPointOptions::default() };
/// let tried = |target| -> Vec<_> {
///     names("Sleep", target, &options).unwrap().iter().map(ToString::to_string).collect()
/// };
/// assert_eq!(tried(Target::X86_WINDOWS), ["Sleep", "_Sleep@4", "Sleep@4"]);
/// assert_eq!(tried(Target::X86_64_WINDOWS), ["Sleep"]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EntryPointOptions {
    /// Which of `NameA` and `NameW` may be meant.
    pub char_set: CharSet,
    /// Only the name itself is tried, without `A` or `W`.
    pub exact_spelling: bool,
    /// How compilers decorate the name, which is tried as well. Only 32-bit Windows has such names.
    pub decoration: Option<Decoration>,
}

/// What compilers make of the name of a function that removes its own arguments, on 32-bit Windows: it says how many
/// bytes they have. A library that is linked without a list of plain names exports it, by Microsoft's tools as it is
/// (`_Name@N`, [documented](https://learn.microsoft.com/cpp/build/reference/decorated-names) as the `__stdcall`
/// format), by GNU's without the first underscore.
///
/// ```
/// use pinvoke::entry_point::Decoration;
///
/// // int __stdcall Add(char, long long), which the stack has as 4 and 8 bytes.
/// let decoration = Decoration::stdcall(&[1, 8]);
/// assert_eq!(decoration, Decoration::Stdcall { bytes: 12 });
/// assert_eq!(decoration.names("Add"), ["_Add@12", "Add@12"]);
/// assert_eq!(Decoration::fastcall(&[1, 8]).names("Add"), ["@Add@12"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Decoration {
    /// `_Name@N`, or `Name@N`.
    Stdcall {
        /// The size of all arguments in bytes, each filled up to a multiple of 4.
        bytes: usize,
    },
    /// `@Name@N`.
    Fastcall {
        /// The same, those in registers included.
        bytes: usize,
    },
}

impl Decoration {
    /// That of a function with this signature, if compilers for its target decorate it.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::entry_point::Decoration;
    ///
    /// let on = |target, text| Decoration::of(&Signature::parse(target, text).unwrap());
    /// let decoration = on(Target::X86_WINDOWS, "stdcall(i8,i64)->i32");
    /// assert_eq!(decoration, Some(Decoration::Stdcall { bytes: 12 }));
    /// assert_eq!(on(Target::X86_WINDOWS, "cdecl(i8,i64)->i32"), None);
    /// ```
    #[must_use]
    pub fn of(signature: &Signature) -> Option<Decoration> {
        let target = signature.target;
        if target.arch != Arch::X86 || !target.os.is_windows() || signature.variadic_from.is_some() {
            return None;
        }
        let sizes = signature.params.iter().map(|param| usize::try_from(param.size).ok());
        let sizes = sizes.collect::<Option<Vec<_>>>()?;
        match signature.conv {
            CallConv::System | CallConv::Stdcall => Some(Decoration::stdcall(&sizes)),
            CallConv::Fastcall => Some(Decoration::fastcall(&sizes)),
            CallConv::C | CallConv::SysV64 | CallConv::Win64 | CallConv::Thiscall => None,
        }
    }

    /// That of a `stdcall` function with arguments of these sizes in bytes. The address at which it stores its
    /// result, if it does, is none of them.
    ///
    /// ```
    /// use pinvoke::entry_point::Decoration;
    ///
    /// assert_eq!(Decoration::stdcall(&[]).names("GetTickCount")[0], "_GetTickCount@0");
    /// ```
    #[must_use]
    pub const fn stdcall(sizes: &[usize]) -> Decoration {
        Decoration::Stdcall { bytes: stack_bytes(sizes) }
    }

    /// That of a `fastcall` function with arguments of these sizes in bytes.
    ///
    /// ```
    /// use pinvoke::entry_point::Decoration;
    ///
    /// assert_eq!(Decoration::fastcall(&[4, 4, 4]).names("f")[0], "@f@12");
    /// ```
    #[must_use]
    pub const fn fastcall(sizes: &[usize]) -> Decoration {
        Decoration::Fastcall { bytes: stack_bytes(sizes) }
    }

    /// What the name may have become, in the order in which it is tried.
    ///
    /// ```
    /// use pinvoke::entry_point::Decoration;
    ///
    /// assert_eq!(Decoration::Stdcall { bytes: 4 }.names("Sleep"), ["_Sleep@4", "Sleep@4"]);
    /// ```
    #[must_use]
    pub fn names(self, name: &str) -> Vec<String> {
        match self {
            Decoration::Stdcall { bytes } => vec![format!("_{name}@{bytes}"), format!("{name}@{bytes}")],
            Decoration::Fastcall { bytes } => vec![format!("@{name}@{bytes}")],
        }
    }
}

/// How much arguments take on the stack of 32-bit x86, where the smallest take a word.
const fn stack_bytes(sizes: &[usize]) -> usize {
    let (mut sizes, mut bytes) = (sizes, 0);
    while let [first, rest @ ..] = sizes {
        bytes += first.next_multiple_of(4);
        sizes = rest;
    }
    bytes
}

/// What to look up.
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::entry_point::{EntryPointOptions, Lookup, names};
///
/// let lookups = |target| names("#12", target, &EntryPointOptions::default()).unwrap();
/// assert_eq!(lookups(Target::X86_64_WINDOWS), [Lookup::Ordinal(12)]);
/// // No other system numbers its exports: there it is a name.
/// assert_eq!(lookups(Target::X86_64_LINUX), [Lookup::Name("#12".into())]);
/// ```
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
        let decoration = options.decoration.filter(|_| target.arch == Arch::X86);
        let decorated = decoration.map(|decoration| decoration.names(&spelling));
        lookups.push(Lookup::Name(spelling));
        lookups.extend(decorated.unwrap_or_default().into_iter().map(Lookup::Name));
    }
    Ok(lookups)
}

/// A name that cannot name an entry point.
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::entry_point::{EntryPointOptions, InvalidEntryPointName, names};
///
/// let wrong = |name| names(name, Target::X86_64_WINDOWS, &EntryPointOptions::default()).unwrap_err();
/// assert_eq!(wrong(""), InvalidEntryPointName::Empty);
/// assert_eq!(wrong("ab\0c"), InvalidEntryPointName::Nul { name: "ab\0c".into(), offset: 2 });
/// assert_eq!(
///     wrong("#twelve").to_string(),
///     "the entry point \"#twelve\" is not an ordinal: a number from 1 to 65535 is expected after #"
/// );
/// ```
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
///
/// ```
/// use pinvoke::entry_point::{EntryPointError, InvalidEntryPointName};
/// use pinvoke::library::Library;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// assert!(matches!(c.entry_point("no_such_function"), Err(EntryPointError::NotFound(_))));
/// assert!(matches!(
///     c.entry_point(""),
///     Err(EntryPointError::InvalidName { source: InvalidEntryPointName::Empty, .. })
/// ));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    #[error(transparent)]
    NotFound(Box<MissingEntryPoint>),
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

/// What is known about an entry point that a library does not have.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use pinvoke::entry_point::EntryPointError;
/// use pinvoke::library::Library;
///
/// let Err(EntryPointError::NotFound(missing)) = Library::open("libc")?.entry_point("get_pid") else {
///     unreachable!("no C library has this")
/// };
/// assert_eq!(missing.name, "get_pid");
/// // getpid is among them where the file of the library can be read, as usual.
/// let meant = missing.near_misses.join(", ");
/// assert!(meant.is_empty() || missing.to_string().ends_with(&format!("did you mean {meant}?")));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MissingEntryPoint {
    /// The library, by the name it was asked for.
    pub library: OsString,
    /// The file of the library, where that is known.
    pub path: Option<PathBuf>,
    /// The name that was asked for.
    pub name: String,
    /// What was looked up, in order.
    pub tried: Vec<Lookup>,
    /// What the loader said about the first.
    pub message: LoaderMessage,
    /// Exported names that may have been meant, the likeliest first.
    pub near_misses: Vec<String>,
    /// What the symbol is, if the library has it but keeps it to itself.
    pub private: Option<ExportKind>,
    /// Another loaded library that has it.
    pub elsewhere: Option<PathBuf>,
}

impl fmt::Display for MissingEntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the library {:?}", self.library)?;
        if let Some(path) = &self.path
            && path.as_os_str() != self.library
        {
            write!(f, " ({})", path.display())?;
        }
        write!(f, " has no entry point {:?}", self.name)?;
        if self.tried.len() > 1 {
            let tried: Vec<String> = self.tried.iter().map(Lookup::to_string).collect();
            write!(f, "\n  tried {}", tried.join(", "))?;
        }
        if let Some(kind) = self.private {
            write!(f, "\n  it has a {kind} of this name, but does not export it (static, or hidden)")?;
        }
        if let Some(path) = &self.elsewhere {
            write!(f, "\n  help: {} is loaded too, and has it", path.display())?;
        }
        if !self.near_misses.is_empty() {
            write!(f, "\n  help: did you mean {}?", self.near_misses.join(", "))?;
        }
        if self.near_misses.iter().any(|name| name.starts_with("_Z")) {
            write!(
                f,
                "\n  help: names that start with _Z belong to C++ functions; extern \"C\" would give the plain name"
            )?;
        }
        if self.name.starts_with('#') && !Target::HOST.os.is_windows() {
            write!(f, "\n  help: only Windows numbers its exports; # and a number is a mere name here")?;
        }
        Ok(())
    }
}

impl core::error::Error for MissingEntryPoint {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.message)
    }
}

impl Library {
    /// Looks up a function or a variable by its exact name, or as the system's usual options have it.
    ///
    /// ```
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// assert!(c.entry_point("malloc").is_ok());
    /// // Names are exact: no library has this one.
    /// let error = c.entry_point("Malloc").unwrap_err();
    /// assert!(error.to_string().contains("has no entry point \"Malloc\""));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The name cannot be one, the library does not export it, or its address is null.
    pub fn entry_point(&self, name: &str) -> Result<EntryPoint, EntryPointError> {
        self.entry_point_with(name, &EntryPointOptions::default())
    }

    /// Looks up a function or a variable.
    ///
    /// ```
    /// use pinvoke::entry_point::{CharSet, EntryPointOptions};
    /// use pinvoke::library::Library;
    ///
    /// let options = EntryPointOptions { char_set: CharSet::Unicode, ..EntryPointOptions::default() };
    /// # #[cfg(windows)] {
    /// let lstrlen = Library::open("kernel32")?.entry_point_with("lstrlen", &options)?;
    /// assert_eq!(lstrlen.name(), "lstrlenW");
    /// # }
    /// // On Unix the options make no difference.
    /// # #[cfg(unix)] {
    /// assert_eq!(Library::open("libc")?.entry_point_with("strlen", &options)?.name(), "strlen");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
        for lookup in &lookups {
            let found = lookup.to_string();
            match self.address_of(lookup) {
                Ok(address) => {
                    let Some(address) = CodePtr::new(address) else {
                        return Err(EntryPointError::Null { library: library(), name: found });
                    };
                    return Ok(EntryPoint { name: found, library: self.clone(), address });
                }
                Err(message) => refused = refused.or(Some(message)),
            }
        }
        let message = refused.unwrap_or_else(|| LoaderMessage("nothing to look up".to_owned()));
        Err(EntryPointError::NotFound(Box::new(self.missing(name, lookups, message))))
    }

    fn address_of(&self, lookup: &Lookup) -> Result<*mut c_void, LoaderMessage> {
        match lookup {
            Lookup::Ordinal(number) => self.by_ordinal(*number),
            Lookup::Name(name) => {
                let name = CString::new(name.as_str()).map_err(|nul| LoaderMessage(nul.to_string()))?;
                self.symbol(&name)
            }
        }
    }

    /// The address of exactly this name, where that is all there is to try.
    pub(crate) fn exact(&self, name: &core::ffi::CStr) -> Option<CodePtr> {
        if Target::HOST.os.is_windows() {
            return None;
        }
        CodePtr::new(self.symbol(name).ok()?)
    }

    /// Finds out what there is to say about a name that is not exported.
    fn missing(&self, name: &str, tried: Vec<Lookup>, message: LoaderMessage) -> MissingEntryPoint {
        // The file is a help here, nothing more: if it cannot be read, the failure is told without it.
        let exports = self.exports().unwrap_or_default();
        let private = self.path().and_then(|path| exports::private_symbol(path, name));
        MissingEntryPoint {
            library: self.name().to_owned(),
            path: self.path().map(Path::to_owned),
            name: name.to_owned(),
            tried,
            message,
            near_misses: near_misses(name, exports.iter().map(|export| export.name.as_str())),
            private,
            elsewhere: elsewhere(name),
        }
    }
}

/// The file of a library, loaded with the program, that has this symbol.
fn elsewhere(name: &str) -> Option<PathBuf> {
    let symbol = CString::new(name).ok()?;
    let address = Library::main_program().ok()?.symbol(&symbol).ok()?;
    if address.is_null() { None } else { file_of(address) }
}
