//! Probing: which files, in which order, may be meant by the name of a library.
//!
//! A declaration says `z` or `libz` and means `libz.so` here, `libz.dylib` there and `z.dll` elsewhere.
//! Probing turns the one name into a list of [`Candidate`]s; the first one that the system's loader accepts
//! is the library. The order is the one that .NET's platform invoke uses, so that a declaration that was
//! right there finds the same file here.
//!
//! Everything in this module is computed from its arguments. It opens no file and asks no system, so that
//! the rules for Linux, macOS and Windows are tested on any of them.
//!
//! # The rules
//!
//! *Unix.* A name that starts with `/` is tried as it is and in no other way. Otherwise backslashes become
//! slashes, and the name is tried in up to four [spellings](Spelling): with and without the platform's suffix
//! (`.so`, `.dylib`), with and without the prefix `lib`. A name that contains a slash gets no prefix. Where
//! the name already carries the suffix, it comes first as it is; where it does not, it comes first with the
//! suffix added. It carries the suffix if the *first* place where the suffix occurs is followed by the end or
//! by a dot: `libicuuc.so.57` does, `foo.sofa` does not. The bare name `libc` stands for the C library of the
//! platform, because the file `libc.so` is a text for the linker wherever it exists.
//!
//! *Windows.* The name as it is, then with `.dll`, unless it is absolute or ends with `.`, `.dll` or `.exe`.
//! A trailing dot is how one says "no extension". Names of API sets (`api-…`, `ext-…`) are first looked for in
//! System32 alone.
//!
//! Each spelling is tried in every [place](Place) before the next spelling is: the search directories of the
//! options, the directory of the program, then wherever the system looks.
//!
//! Beyond .NET: `__Internal` is the running program, as in Mono, and where every candidate of this list fails, an
//! installed [version](super::versioned) of the library is looked for.
//!
//! ```
//! use pinvoke::library::probe::{ProbeOptions, candidates};
//! use pinvoke_abi::target::Os;
//!
//! let files = |name: &str, os| -> Vec<_> {
//!     let options = ProbeOptions::default();
//!     candidates(name.as_ref(), os, None, &options)
//!         .into_iter()
//!         .map(|c| c.file.into_string().unwrap())
//!         .collect()
//! };
//! assert_eq!(files("z", Os::Linux), ["z.so", "libz.so", "z", "libz"]);
//! assert_eq!(files("z", Os::MacOs), ["z.dylib", "libz.dylib", "z", "libz"]);
//! assert_eq!(files("z", Os::WindowsMsvc), ["z", "z.dll"]);
//! ```

use core::fmt;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use pinvoke_abi::target::Os;

/// The name that stands for the running program itself, as in Mono.
pub const OWN_PROCESS: &str = "__Internal";

/// Where and how to look for a library.
///
/// ```
/// use pinvoke::library::probe::ProbeOptions;
///
/// let options = ProbeOptions::default().directory("/opt/acme/lib");
/// assert_eq!(options.directories.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeOptions {
    /// Directories that are searched before all others, in this order. Relative ones are skipped, as in .NET:
    /// what they mean would depend on the current directory of the moment.
    pub directories: Vec<PathBuf>,
    /// Which of the usual places are searched.
    pub search: SearchPath,
    /// Whether, when everything else has failed, a file that carries a version (`libz.so.1`) will do.
    pub versioned: bool,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        ProbeOptions { directories: Vec::new(), search: SearchPath::default(), versioned: true }
    }
}

impl ProbeOptions {
    /// Adds a directory to search before the usual places.
    ///
    /// ```
    /// use pinvoke::abi::target::Os;
    /// use pinvoke::library::probe::{Place, ProbeOptions, candidates};
    ///
    /// let options = ProbeOptions::default().directory("/opt/acme/lib").directory("not/absolute");
    /// let first = &candidates("acme".as_ref(), Os::Linux, None, &options)[0];
    /// assert_eq!((first.file.to_str(), &first.place), (Some("/opt/acme/lib/acme.so"), &Place::SearchDirectory));
    /// assert!(
    ///     !format!("{:?}", candidates("acme".as_ref(), Os::Linux, None, &options)).contains("not/absolute")
    /// );
    /// ```
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directories.push(directory.into());
        self
    }

    /// Says which of the usual places are searched.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use pinvoke::abi::target::Os;
    /// use pinvoke::library::probe::{Place, ProbeOptions, SearchPath, SearchPlaces, candidates};
    ///
    /// // Only what came with the program, never what the system has.
    /// let beside = SearchPlaces { assembly_directory: true, ..SearchPlaces::default() };
    /// let options = ProbeOptions::default().search(SearchPath::Only(beside));
    /// let found = candidates("acme".as_ref(), Os::Linux, Some(Path::new("/opt/acme")), &options);
    /// assert!(found.iter().all(|candidate| candidate.place == Place::ProgramDirectory));
    /// ```
    #[must_use]
    pub fn search(mut self, search: SearchPath) -> Self {
        self.search = search;
        self
    }

    /// Says whether a file that carries a version will do when there is no other.
    ///
    /// ```
    /// # #[cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "x86")))] {
    /// use pinvoke::library::Library;
    /// use pinvoke::library::probe::ProbeOptions;
    ///
    /// // What programs are linked with is libgcc_s.so.1; libgcc_s.so is the compiler's, and no library.
    /// let strict = ProbeOptions::default().versioned(false);
    /// assert!(Library::open_with("libgcc_s", &strict).is_err());
    /// assert!(Library::open_with("libgcc_s", &strict.versioned(true)).is_ok());
    /// # }
    /// ```
    #[must_use]
    pub fn versioned(mut self, versioned: bool) -> Self {
        self.versioned = versioned;
        self
    }
}

/// Which of the usual places are searched: .NET's `DefaultDllImportSearchPaths`.
///
/// ```
/// use pinvoke::library::probe::{SearchPath, SearchPlaces};
///
/// // `[DefaultDllImportSearchPaths(DllImportSearchPath.System32)]` of C#:
/// let system = SearchPath::Only(SearchPlaces { system32: true, ..SearchPlaces::default() });
/// assert_ne!(system, SearchPath::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchPath {
    /// The directory of the program, then wherever the system looks.
    #[default]
    Usual,
    /// Just these.
    Only(SearchPlaces),
}

/// The places of a declared search path, by the names that `DllImportSearchPath` gives them.
///
/// On Unix only [`assembly_directory`](SearchPlaces::assembly_directory) has a meaning: where it is the only
/// place named, the system is not asked; where it is not named, the directory of the program is not searched.
/// All others are handed to the loader of Windows.
///
/// ```
/// use pinvoke::library::probe::SearchPlaces;
///
/// let places = SearchPlaces { application_directory: true, system32: true, ..SearchPlaces::default() };
/// // LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32
/// assert_eq!(places.load_library_flags(), 0x200 | 0x800);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchPlaces {
    /// The directory of the program (in .NET: of the assembly that declares the import).
    pub assembly_directory: bool,
    /// Windows: the dependencies of a library are looked for beside it.
    pub use_dll_directory_for_dependencies: bool,
    /// Windows: the directory of the executable.
    pub application_directory: bool,
    /// Windows: directories added with `AddDllDirectory`.
    pub user_directories: bool,
    /// Windows: the system directory.
    pub system32: bool,
    /// Windows: application directory, System32 and user directories.
    pub safe_directories: bool,
}

impl SearchPlaces {
    const ASSEMBLY_DIRECTORY: u32 = 0x2;
    const USE_DLL_DIRECTORY_FOR_DEPENDENCIES: u32 = 0x100;
    const APPLICATION_DIRECTORY: u32 = 0x200;
    const USER_DIRECTORIES: u32 = 0x400;
    const SYSTEM32: u32 = 0x800;
    const SAFE_DIRECTORIES: u32 = 0x1000;

    /// The places that a value of `DllImportSearchPath` names; `None` if it has a bit that names nothing.
    ///
    /// ```
    /// use pinvoke::library::probe::SearchPlaces;
    ///
    /// // DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.System32
    /// let places = SearchPlaces::from_bits(0x2 | 0x800).unwrap();
    /// assert!(places.assembly_directory && places.system32 && !places.user_directories);
    /// assert_eq!(SearchPlaces::from_bits(0x4), None);
    /// ```
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<SearchPlaces> {
        let places = SearchPlaces {
            assembly_directory: bits & Self::ASSEMBLY_DIRECTORY != 0,
            use_dll_directory_for_dependencies: bits & Self::USE_DLL_DIRECTORY_FOR_DEPENDENCIES != 0,
            application_directory: bits & Self::APPLICATION_DIRECTORY != 0,
            user_directories: bits & Self::USER_DIRECTORIES != 0,
            system32: bits & Self::SYSTEM32 != 0,
            safe_directories: bits & Self::SAFE_DIRECTORIES != 0,
        };
        let known = places.load_library_flags() | (bits & Self::ASSEMBLY_DIRECTORY);
        (known == bits).then_some(places)
    }

    /// The flags that `LoadLibraryEx` wants for these places. They have the values of `DllImportSearchPath`.
    ///
    /// ```
    /// use pinvoke::library::probe::SearchPlaces;
    ///
    /// let places = SearchPlaces { assembly_directory: true, safe_directories: true, ..SearchPlaces::default() };
    /// // LOAD_LIBRARY_SEARCH_DEFAULT_DIRS; of assemblies Windows knows nothing.
    /// assert_eq!(places.load_library_flags(), 0x1000);
    /// ```
    #[must_use]
    pub fn load_library_flags(self) -> u32 {
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        flag(self.use_dll_directory_for_dependencies, Self::USE_DLL_DIRECTORY_FOR_DEPENDENCIES)
            | flag(self.application_directory, Self::APPLICATION_DIRECTORY)
            | flag(self.user_directories, Self::USER_DIRECTORIES)
            | flag(self.system32, Self::SYSTEM32)
            | flag(self.safe_directories, Self::SAFE_DIRECTORIES)
    }
}

impl SearchPath {
    pub(crate) fn program_directory(self) -> bool {
        match self {
            SearchPath::Usual => true,
            SearchPath::Only(places) => places.assembly_directory,
        }
    }

    pub(crate) fn system(self) -> bool {
        match self {
            SearchPath::Usual => true,
            SearchPath::Only(places) => {
                places != SearchPlaces { assembly_directory: true, ..SearchPlaces::default() }
            }
        }
    }
}

/// How the loader of Windows is asked: the flags of `LoadLibraryEx`. No other system looks at them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LoadFlags(pub(super) u32);

impl LoadFlags {
    /// `LOAD_WITH_ALTERED_SEARCH_PATH`: the dependencies of a library are looked for beside it.
    const BESIDE_THE_LIBRARY: u32 = 0x8;

    /// For a candidate. The declared places count where there are any; a library whose place is known
    /// brings its dependencies along, as in .NET.
    pub(super) fn of(candidate: &Candidate, options: &ProbeOptions) -> LoadFlags {
        let declared = match options.search {
            SearchPath::Usual => 0,
            SearchPath::Only(places) => places.load_library_flags(),
        };
        LoadFlags(match candidate.place {
            Place::System32 => SearchPlaces::SYSTEM32,
            _ if declared != 0 => declared,
            Place::System => 0,
            _ => LoadFlags::BESIDE_THE_LIBRARY,
        })
    }
}

/// Whether this is a path, which the loader takes as it is, and not a name that it searches for.
pub(super) fn is_path(name: &OsStr, os: Os) -> bool {
    name.as_encoded_bytes()
        .iter()
        .any(|byte| *byte == b'/' || os.is_windows() && matches!(*byte, b'\\' | b':'))
}

/// One thing to try: what to hand to the loader, and why.
///
/// ```
/// use pinvoke::abi::target::Os;
/// use pinvoke::library::probe::{ProbeOptions, candidates};
///
/// let candidates = candidates("z".as_ref(), Os::Linux, None, &ProbeOptions::default());
/// let lines: Vec<String> = candidates.iter().map(ToString::to_string).collect();
/// assert_eq!(lines[1], "libz.so (prefix lib and suffix .so added; where the system looks)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What the loader is asked for: a path, or a bare name that it searches for itself.
    pub file: OsString,
    /// How the file's name follows from the name that was asked for.
    pub spelling: Spelling,
    /// Where it is looked for.
    pub place: Place,
}

/// How a candidate's file name follows from the name that was asked for.
///
/// ```
/// use pinvoke::abi::target::Os;
/// use pinvoke::library::probe::{ProbeOptions, Spelling, candidates};
///
/// let spellings = |name: &str| -> Vec<_> {
///     let found = candidates(name.as_ref(), Os::MacOs, None, &ProbeOptions::default());
///     found.into_iter().map(|candidate| candidate.spelling).collect()
/// };
/// // With a slash there is no prefix:
/// assert_eq!(spellings("lib/z"), [Spelling::Suffix(".dylib"), Spelling::AsGiven]);
/// assert_eq!(spellings("__Internal"), [Spelling::OwnProcess]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// The name as it was given.
    AsGiven,
    /// With the platform's suffix: `z` → `z.so`.
    Suffix(&'static str),
    /// With the prefix `lib`: `z.so` → `libz.so`.
    Prefix,
    /// With both: `z` → `libz.so`.
    PrefixAndSuffix(&'static str),
    /// The platform's own file for the name `libc`.
    CLibrary,
    /// An installed file that carries this version: `z` → `libz.so.1`.
    Versioned(String),
    /// The running program instead of a file.
    OwnProcess,
}

/// Where a candidate is looked for.
///
/// ```
/// use std::path::Path;
///
/// use pinvoke::abi::target::Os;
/// use pinvoke::library::probe::{Place, ProbeOptions, candidates};
///
/// let options = ProbeOptions::default().directory(r"C:\acme");
/// let found = candidates("acme.dll".as_ref(), Os::WindowsMsvc, Some(Path::new(r"C:\app")), &options);
/// let places: Vec<Place> = found.into_iter().map(|candidate| candidate.place).collect();
/// assert_eq!(places, [Place::SearchDirectory, Place::ProgramDirectory, Place::System]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere else: the name is an absolute path.
    Absolute,
    /// In a search directory of the options.
    SearchDirectory,
    /// Beside the program.
    ProgramDirectory,
    /// Wherever the system's loader looks.
    System,
    /// In the system directory of Windows, and nowhere else.
    System32,
    /// In a directory of the environment's search path (`LD_LIBRARY_PATH`).
    Environment,
    /// In the loader's own list of installed libraries (`/etc/ld.so.cache`).
    LoaderCache,
    /// In a directory where the system keeps libraries.
    DefaultDirectory,
    /// In the running process.
    OwnProcess,
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spelling::AsGiven => f.write_str("the name as given"),
            Spelling::Suffix(suffix) => write!(f, "suffix {suffix} added"),
            Spelling::Prefix => f.write_str("prefix lib added"),
            Spelling::PrefixAndSuffix(suffix) => write!(f, "prefix lib and suffix {suffix} added"),
            Spelling::CLibrary => f.write_str("the platform's C library"),
            Spelling::Versioned(version) => write!(f, "installed with version {version}"),
            Spelling::OwnProcess => f.write_str("the running program"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Absolute => "absolute path",
            Place::SearchDirectory => "in a search directory",
            Place::ProgramDirectory => "beside the program",
            Place::System => "where the system looks",
            Place::System32 => "in System32",
            Place::Environment => "in the environment's search path",
            Place::LoaderCache => "in the loader's cache",
            Place::DefaultDirectory => "in a default directory",
            Place::OwnProcess => "in this process",
        })
    }
}

impl fmt::Display for Candidate {
    /// The file and why it is tried, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}; {})", self.file.display(), self.spelling, self.place)
    }
}

/// What to try for `name` on `os`, in order.
///
/// `program_directory` is where the program's executable stands, if that is known. The list does not contain
/// versioned files, which take a look at the system: see [`versioned`](super::versioned).
///
/// ```
/// use std::path::Path;
///
/// use pinvoke::abi::target::Os;
/// use pinvoke::library::probe::{ProbeOptions, candidates};
///
/// let (program, options) = (Path::new("/usr/bin"), ProbeOptions::default());
/// let found = candidates("z.so".as_ref(), Os::Linux, Some(program), &options);
/// let files: Vec<_> = found.iter().map(|candidate| candidate.file.to_str().unwrap()).collect();
/// // Every place for the first spelling, then every place for the next:
/// assert_eq!(files[..4], ["/usr/bin/z.so", "z.so", "/usr/bin/libz.so", "libz.so"]);
/// ```
#[must_use]
pub fn candidates(
    name: &OsStr,
    os: Os,
    program_directory: Option<&Path>,
    options: &ProbeOptions,
) -> Vec<Candidate> {
    if name == OWN_PROCESS {
        let own =
            Candidate { file: name.to_owned(), spelling: Spelling::OwnProcess, place: Place::OwnProcess };
        return vec![own];
    }
    let name = &native_separators(name, os);
    let mut found = Vec::new();
    if is_api_set(name, os) {
        found.push(Candidate { file: name.clone(), spelling: Spelling::AsGiven, place: Place::System32 });
    }
    if is_absolute(name, os) {
        let exact = Candidate { file: name.clone(), spelling: Spelling::AsGiven, place: Place::Absolute };
        found.push(exact);
        return found;
    }
    for (file, spelling) in spellings(name, os) {
        for directory in options.directories.iter().filter(|d| is_absolute(d.as_os_str(), os)) {
            let file = join(directory, &file, os);
            found.push(Candidate { file, spelling: spelling.clone(), place: Place::SearchDirectory });
        }
        if let Some(directory) = program_directory.filter(|_| options.search.program_directory()) {
            let file = join(directory, &file, os);
            found.push(Candidate { file, spelling: spelling.clone(), place: Place::ProgramDirectory });
        }
        if options.search.system() {
            let candidate = if file == "libc" && !os.is_windows() {
                let file = OsString::from(c_library(os));
                Candidate { file, spelling: Spelling::CLibrary, place: Place::System }
            } else {
                Candidate { file, spelling, place: Place::System }
            };
            found.push(candidate);
        }
    }
    found
}

/// The suffix of shared libraries.
///
/// ```
/// use pinvoke::abi::target::Os;
/// use pinvoke::library::probe::suffix;
///
/// assert_eq!([Os::Linux, Os::MacOs, Os::WindowsGnu].map(suffix), [".so", ".dylib", ".dll"]);
/// ```
#[must_use]
pub fn suffix(os: Os) -> &'static str {
    match os {
        Os::Linux => ".so",
        Os::MacOs => ".dylib",
        Os::WindowsMsvc | Os::WindowsGnu => ".dll",
    }
}

/// What the bare name `libc` means: `libc.so` is a linker script where it exists at all.
fn c_library(os: Os) -> &'static str {
    match os {
        // Where the C library is musl, its loader has already answered to `libc.so` before this is tried.
        Os::Linux => "libc.so.6",
        Os::MacOs => "/usr/lib/libc.dylib",
        Os::WindowsMsvc | Os::WindowsGnu => "libc",
    }
}

/// The spellings of a relative name, in order.
pub(crate) fn spellings(name: &OsStr, os: Os) -> Vec<(OsString, Spelling)> {
    let with = |prefix: &str, suffix: &str| {
        let mut file = OsString::from(prefix);
        file.push(name);
        file.push(suffix);
        file
    };
    let suffix = suffix(os);
    let as_given = (with("", ""), Spelling::AsGiven);
    if os.is_windows() {
        let ends = |end: &str| ends_with_ignoring_case(name, end);
        if ends(".") || ends(".dll") || ends(".exe") {
            return vec![as_given];
        }
        return vec![as_given, (with("", suffix), Spelling::Suffix(suffix))];
    }
    let prefixed = (with("lib", ""), Spelling::Prefix);
    let suffixed = (with("", suffix), Spelling::Suffix(suffix));
    let both = (with("lib", suffix), Spelling::PrefixAndSuffix(suffix));
    let mut all = if carries_suffix(name, suffix) {
        vec![as_given, prefixed, suffixed, both]
    } else {
        vec![suffixed, both, as_given, prefixed]
    };
    if name.as_encoded_bytes().contains(&b'/') {
        all.retain(|(_, spelling)| !matches!(spelling, Spelling::Prefix | Spelling::PrefixAndSuffix(_)));
    }
    all
}

/// Whether the first occurrence of `suffix` ends the name or is followed by a dot. A later occurrence does not
/// count: `foo.sofa.so` carries none.
pub(crate) fn carries_suffix(name: &OsStr, suffix: &str) -> bool {
    let name = name.as_encoded_bytes();
    let first = name.windows(suffix.len()).position(|window| window == suffix.as_bytes());
    first.is_some_and(|at| matches!(name.get(at + suffix.len()), None | Some(b'.')))
}

/// Backslashes become slashes on Unix, as in .NET. A name that is not Unicode stays as it is: it can only have
/// come from the file system, where a backslash is a letter like any other.
fn native_separators(name: &OsStr, os: Os) -> OsString {
    match name.to_str() {
        Some(text) if !os.is_windows() => text.replace('\\', "/").into(),
        _ => name.to_owned(),
    }
}

/// Whether a path needs no directory to be complete. On Windows `\x` and `C:x` still depend on a current drive
/// or directory, so they are relative.
fn is_absolute(name: &OsStr, os: Os) -> bool {
    let separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    match name.as_encoded_bytes() {
        [b'/', ..] if !os.is_windows() => true,
        [a, b, ..] if os.is_windows() && separator(a) && separator(b) => true,
        [drive, b':', c, ..] if os.is_windows() => drive.is_ascii_alphabetic() && separator(c),
        _ => false,
    }
}

fn is_api_set(name: &OsStr, os: Os) -> bool {
    os.is_windows()
        && name
            .as_encoded_bytes()
            .first_chunk::<4>()
            .is_some_and(|start| start.eq_ignore_ascii_case(b"api-") || start.eq_ignore_ascii_case(b"ext-"))
}

fn ends_with_ignoring_case(name: &OsStr, end: &str) -> bool {
    let name = name.as_encoded_bytes();
    name.len() >= end.len() && name[name.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

fn join(directory: &Path, file: &OsStr, os: Os) -> OsString {
    let mut path = directory.as_os_str().to_owned();
    let ends = |separator: u8| path.as_encoded_bytes().last() == Some(&separator);
    if !(ends(b'/') || os.is_windows() && ends(b'\\')) {
        path.push(if os.is_windows() { "\\" } else { "/" });
    }
    path.push(file);
    path
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
