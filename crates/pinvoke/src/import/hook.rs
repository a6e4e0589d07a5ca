//! What a program says about all of its imports: a resolver and a name map.
//!
//! Both are asked when a library or an entry point is bound, never later: set them before the first
//! import is called. They are the program's, not a library's, so each can be set once.

use std::sync::OnceLock;

use pinvoke_abi::target::{Arch, Os, Target};

use crate::library::Library;

/// A program's own way to find the library of a declared name; `None` leaves it to probing.
type Resolver = Box<dyn Fn(&str) -> Option<Library> + Send + Sync>;

static RESOLVER: OnceLock<Resolver> = OnceLock::new();
static NAME_MAP: OnceLock<NameMap> = OnceLock::new();

/// It is set, and cannot be set twice.
///
/// ```standalone_crate
/// use pinvoke::import::{NameMap, set_name_map};
///
/// set_name_map(NameMap::new())?;
/// let error = set_name_map(NameMap::new()).unwrap_err();
/// assert_eq!(error.to_string(), "the name map of this program is set already; a program has one");
/// # Ok::<(), pinvoke::import::AlreadySet>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} of this program is set already; a program has one")]
pub struct AlreadySet {
    what: &'static str,
}

/// Makes `resolver` the first to be asked for the library of every import (.NET's
/// `NativeLibrary.SetDllImportResolver`). Where it answers `None`, the [name map](set_name_map) and
/// [probing](crate::library::probe) go on.
///
/// ```
/// use pinvoke::library::Library;
///
/// // The variant of a library that fits the processor.
/// pinvoke::import::set_resolver(|name| match name {
///     "fastmath" => Library::open("libm").ok(),
///     _ => None,
/// })?;
///
/// #[pinvoke::dll_import("fastmath")]
/// unsafe extern "C" {
///     safe fn floor(x: f64) -> f64;
/// }
/// assert_eq!(floor(2.7), 2.0);
/// # Ok::<(), pinvoke::import::AlreadySet>(())
/// ```
///
/// It runs on the thread that binds, possibly on several at once, and may use imports itself. A panic in
/// it is a panic of the call.
///
/// Each answer is an opening of the library that belongs to the imports from then on: they use one, also where several
/// threads were answered, and [`unload`](super::ImportTable::unload) gives all of them back to the loader. A resolver that
/// opens the library once answers with clones, which are one opening; one that wraps a handle of someone else's
/// ([`Library::from_raw`]) does so once, or opens it anew each time.
///
/// # Errors
/// [`AlreadySet`]: there is one.
pub fn set_resolver(
    resolver: impl Fn(&str) -> Option<Library> + Send + Sync + 'static,
) -> Result<(), AlreadySet> {
    RESOLVER.set(Box::new(resolver)).map_err(|_| AlreadySet { what: "resolver" })
}

/// Makes `map` the names of the program's libraries and entry points.
///
/// ```standalone_crate
/// use pinvoke::abi::target::Os;
/// use pinvoke::dll_import;
/// use pinvoke::import::{NameMap, Platforms, set_name_map};
///
/// // Declarations that were written for Windows:
/// #[dll_import("msvcrt")]
/// unsafe extern "C" {
///     #[dll_import(entry_point = "_getpid")]
///     safe fn getpid() -> i32;
/// }
///
/// let linux = Platforms::ALL.on(Os::Linux);
/// set_name_map(
///     NameMap::new().library("msvcrt", "libc", linux).entry_point("msvcrt", "_getpid", "getpid", linux),
/// )?;
/// # #[cfg(any(target_os = "linux", windows))]
/// assert_eq!(getpid() as u32, std::process::id());
/// # Ok::<(), pinvoke::import::AlreadySet>(())
/// ```
///
/// # Errors
/// [`AlreadySet`]: there is one.
pub fn set_name_map(map: NameMap) -> Result<(), AlreadySet> {
    NAME_MAP.set(map).map_err(|_| AlreadySet { what: "name map" })
}

/// Other names for libraries and entry points, by platform: Mono's `dllmap`.
///
/// A later entry overrides an earlier one for the same name.
///
/// ```
/// use pinvoke::abi::target::{Os, Target};
/// use pinvoke::import::{NameMap, Platforms};
///
/// let map = NameMap::new()
///     .library("sqlite3.dll", "libsqlite3.so.0", Platforms::ALL.on(Os::Linux))
///     .library("sqlite3.dll", "libsqlite3.dylib", Platforms::ALL.on(Os::MacOs))
///     .entry_point("sqlite3.dll", "sqlite3_libversion_utf8", "sqlite3_libversion", Platforms::ALL);
/// assert_eq!(map.library_for("sqlite3.dll", Target::X86_64_LINUX), Some("libsqlite3.so.0"));
/// assert_eq!(map.library_for("sqlite3.dll", Target::X86_64_WINDOWS), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameMap {
    libraries: Vec<Entry>,
    entry_points: Vec<(String, Entry)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    target: String,
    platforms: Platforms,
}

/// The platforms for which an entry of a [`NameMap`] holds.
///
/// ```
/// use pinvoke::abi::target::{Os, Target};
/// use pinvoke::import::{NameMap, Platforms};
///
/// let map = NameMap::new().library("gl", "libGL.so.1", Platforms::ALL).library(
///     "gl",
///     "opengl32.dll",
///     Platforms::ALL.on(Os::WindowsMsvc),
/// ); // overrides the first
/// assert_eq!(map.library_for("gl", Target::AARCH64_LINUX), Some("libGL.so.1"));
/// assert_eq!(map.library_for("gl", Target::X86_64_WINDOWS), Some("opengl32.dll"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platforms {
    os: Option<Os>,
    arch: Option<Arch>,
}

impl Platforms {
    /// All of them.
    pub const ALL: Platforms = Platforms { os: None, arch: None };

    /// Those of these with this operating system.
    ///
    /// ```
    /// use pinvoke::abi::target::{Os, Target};
    /// use pinvoke::import::{NameMap, Platforms};
    ///
    /// let map = NameMap::new().library("z", "libz.1.dylib", Platforms::ALL.on(Os::MacOs));
    /// assert_eq!(map.library_for("z", Target::AARCH64_MACOS), Some("libz.1.dylib"));
    /// assert_eq!(map.library_for("z", Target::AARCH64_LINUX), None);
    /// ```
    #[must_use]
    pub const fn on(self, os: Os) -> Platforms {
        Platforms { os: Some(os), ..self }
    }

    /// Those of these with this processor.
    ///
    /// ```
    /// use pinvoke::abi::target::{Arch, Os, Target};
    /// use pinvoke::import::{NameMap, Platforms};
    ///
    /// let map =
    ///     NameMap::new().library("acme", "acme32.dll", Platforms::ALL.on(Os::WindowsMsvc).with(Arch::X86));
    /// assert_eq!(map.library_for("acme", Target::X86_WINDOWS), Some("acme32.dll"));
    /// assert_eq!(map.library_for("acme", Target::X86_64_WINDOWS), None);
    /// ```
    #[must_use]
    pub const fn with(self, arch: Arch) -> Platforms {
        Platforms { arch: Some(arch), ..self }
    }

    fn include(self, target: Target) -> bool {
        self.os.is_none_or(|os| os == target.os) && self.arch.is_none_or(|arch| arch == target.arch)
    }
}

impl NameMap {
    /// A map without entries.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::import::NameMap;
    ///
    /// // Every name means itself.
    /// assert_eq!(NameMap::new().library_for("z", Target::HOST), None);
    /// ```
    #[must_use]
    pub const fn new() -> NameMap {
        NameMap { libraries: Vec::new(), entry_points: Vec::new() }
    }

    /// Declarations that say `name` mean the library `target`.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::import::{NameMap, Platforms};
    ///
    /// let map = NameMap::new().library("sqlite3.dll", "libsqlite3.so.0", Platforms::ALL);
    /// assert_eq!(map.library_for("sqlite3.dll", Target::X86_64_LINUX), Some("libsqlite3.so.0"));
    /// assert_eq!(map.library_for("sqlite3", Target::X86_64_LINUX), None); // another name
    /// ```
    #[must_use]
    pub fn library(mut self, name: &str, target: &str, platforms: Platforms) -> NameMap {
        self.libraries.push(Entry { name: name.to_owned(), target: target.to_owned(), platforms });
        self
    }

    /// Declarations of `name` in the library that they call `library` mean the entry point `target`.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::import::{NameMap, Platforms};
    ///
    /// let map = NameMap::new().entry_point("c", "stricmp", "strcasecmp", Platforms::ALL);
    /// assert_eq!(map.entry_point_for("c", "stricmp", Target::X86_64_LINUX), Some("strcasecmp"));
    /// ```
    #[must_use]
    pub fn entry_point(mut self, library: &str, name: &str, target: &str, platforms: Platforms) -> NameMap {
        let entry = Entry { name: name.to_owned(), target: target.to_owned(), platforms };
        self.entry_points.push((library.to_owned(), entry));
        self
    }

    /// What the library `name` is called on a platform, if the map has it.
    ///
    /// ```
    /// use pinvoke::abi::target::{Os, Target};
    /// use pinvoke::import::{NameMap, Platforms};
    ///
    /// // A map is tested for every platform on any.
    /// let map = NameMap::new().library("gl", "OpenGL", Platforms::ALL.on(Os::MacOs));
    /// for target in [Target::X86_64_MACOS, Target::AARCH64_MACOS] {
    ///     assert_eq!(map.library_for("gl", target), Some("OpenGL"));
    /// }
    /// assert_eq!(map.library_for("gl", Target::X86_LINUX), None);
    /// ```
    #[must_use]
    pub fn library_for(&self, name: &str, target: Target) -> Option<&str> {
        let entry = self.libraries.iter().rev().find(|e| e.name == name && e.platforms.include(target));
        entry.map(|e| e.target.as_str())
    }

    /// What the entry point `name` of `library` is called on a platform, if the map has it.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::import::{NameMap, Platforms};
    ///
    /// let map = NameMap::new().entry_point("ssl", "SSL_library_init", "OPENSSL_init_ssl", Platforms::ALL);
    /// assert_eq!(map.entry_point_for("ssl", "SSL_library_init", Target::HOST), Some("OPENSSL_init_ssl"));
    /// // Of that library only, by the name that declarations give it.
    /// assert_eq!(map.entry_point_for("crypto", "SSL_library_init", Target::HOST), None);
    /// ```
    #[must_use]
    pub fn entry_point_for(&self, library: &str, name: &str, target: Target) -> Option<&str> {
        let entries = self.entry_points.iter().rev().filter(|(of, _)| of == library);
        let entry = entries.map(|(_, e)| e).find(|e| e.name == name && e.platforms.include(target));
        entry.map(|e| e.target.as_str())
    }
}

pub(super) fn resolve(name: &str) -> Option<Library> {
    RESOLVER.get()?(name)
}

pub(super) fn mapped_library(name: &str) -> &str {
    NAME_MAP.get().and_then(|map| map.library_for(name, Target::HOST)).unwrap_or(name)
}

pub(super) fn mapped_entry_point(library: &str, name: &str) -> Option<String> {
    NAME_MAP.get()?.entry_point_for(library, name, Target::HOST).map(str::to_owned)
}
