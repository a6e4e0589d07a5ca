//! Where libraries are installed on this system: what the loader would look at, in its order.
//!
//! On Linux that is (`ld.so(8)`): the directories of `LD_LIBRARY_PATH`, unless the process runs with raised
//! privileges; the loader's cache; the default directories, with those that `/etc/ld.so.conf` adds, in case the
//! cache is missing or old. On macOS it is `DYLD_LIBRARY_PATH` and the usual directories; on Windows the directory of
//! the program, the system's, the current one and those of `PATH`.
//!
//! Nothing here is needed to load a library whose name the loader understands. It serves to find versioned files
//! that no one named, and to say why a library could not be loaded.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pinvoke_abi::target::{Arch, Os, Target};

use super::probe::{Place, ProbeOptions};
use super::{ld_cache, os};

/// How deep `include` may go in `/etc/ld.so.conf`.
const MAX_INCLUDES: u32 = 8;

/// A place with files in it, listed when first asked for.
pub(super) struct Source {
    pub(super) place: Place,
    /// Whether the loader itself looks here for a bare name.
    pub(super) loader_looks: bool,
    content: Content,
}

enum Content {
    Directory { path: PathBuf, files: OnceCell<Vec<PathBuf>> },
    LoaderCache { entries: OnceCell<Vec<ld_cache::Entry>>, files: OnceCell<Vec<PathBuf>> },
}

impl Source {
    fn directory(place: Place, loader_looks: bool, path: PathBuf) -> Source {
        Source { place, loader_looks, content: Content::Directory { path, files: OnceCell::new() } }
    }

    fn loader_cache() -> Source {
        let content = Content::LoaderCache { entries: OnceCell::new(), files: OnceCell::new() };
        Source { place: Place::LoaderCache, loader_looks: true, content }
    }

    /// The files, as full paths. A directory that cannot be read has none.
    pub(super) fn files(&self) -> &[PathBuf] {
        match &self.content {
            Content::Directory { path, files } => files.get_or_init(|| list(path)),
            Content::LoaderCache { entries, files } => files.get_or_init(|| {
                let entries = entries.get_or_init(loader_cache);
                entries.iter().map(|entry| entry.path.clone()).collect()
            }),
        }
    }

    /// The file of this name, if it is there.
    pub(super) fn find(&self, name: &OsStr) -> Option<PathBuf> {
        match &self.content {
            Content::Directory { path, .. } => Some(path.join(name)).filter(|file| file.exists()),
            Content::LoaderCache { entries, .. } => {
                let mut entries = entries.get_or_init(loader_cache).iter();
                entries.find(|entry| *name == *entry.name).map(|entry| entry.path.clone())
            }
        }
    }
}

/// Everything that may be searched for a library, in order.
pub(super) fn sources(options: &ProbeOptions, program_directory: Option<&Path>) -> Vec<Source> {
    let mut sources = Vec::new();
    for directory in options.directories.iter().filter(|directory| directory.is_absolute()) {
        sources.push(Source::directory(Place::SearchDirectory, false, directory.clone()));
    }
    if let Some(directory) = program_directory.filter(|_| options.search.program_directory()) {
        sources.push(Source::directory(Place::ProgramDirectory, false, directory.to_owned()));
    }
    if options.search.system() {
        sources.extend(system());
    }
    sources
}

/// Where the system keeps libraries, in the loader's order.
pub(super) fn system() -> Vec<Source> {
    if Target::HOST.os.is_windows() {
        return windows();
    }
    let mut sources = Vec::new();
    for directory in environment() {
        sources.push(Source::directory(Place::Environment, true, directory));
    }
    if Target::HOST.os == Os::Linux {
        sources.push(Source::loader_cache());
    }
    let trusted = trusted_directories(Target::HOST);
    // The loader knows these only through its cache.
    let mut configured_only = Vec::new();
    if Target::HOST.os == Os::Linux {
        configured(Path::new("/etc/ld.so.conf"), MAX_INCLUDES, &mut |directory| {
            if !trusted.contains(&directory) && !configured_only.contains(&directory) {
                configured_only.push(directory);
            }
        });
    }
    for directory in trusted {
        sources.push(Source::directory(Place::DefaultDirectory, true, directory));
    }
    for directory in configured_only {
        sources.push(Source::directory(Place::DefaultDirectory, false, directory));
    }
    sources
}

/// The places of Windows, in the order of "Dynamic-link library search order": the program's directory, the
/// system's, the current one, the path.
fn windows() -> Vec<Source> {
    let mut sources = Vec::new();
    let program = std::env::current_exe().ok();
    if let Some(directory) = program.as_deref().and_then(Path::parent) {
        sources.push(Source::directory(Place::ProgramDirectory, true, directory.to_owned()));
    }
    if let Some(root) = std::env::var_os("SystemRoot").map(PathBuf::from) {
        for directory in [root.join("System32"), root.join("System"), root] {
            sources.push(Source::directory(Place::DefaultDirectory, true, directory));
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    for directory in std::env::current_dir().ok().into_iter().chain(std::env::split_paths(&path)) {
        sources.push(Source::directory(Place::Environment, true, directory));
    }
    sources
}

/// The libraries of the loader's cache that this process could load.
pub(super) fn loader_cache() -> Vec<ld_cache::Entry> {
    let entries = std::fs::read(ld_cache::PATH).ok().and_then(|file| ld_cache::parse(&file));
    ld_cache::loadable(entries.unwrap_or_default(), Target::HOST.arch)
}

/// The directories of the environment's search path. An empty element is the current directory.
fn environment() -> Vec<PathBuf> {
    let variable = match Target::HOST.os {
        Os::Linux => "LD_LIBRARY_PATH",
        Os::MacOs => "DYLD_LIBRARY_PATH",
        Os::WindowsMsvc | Os::WindowsGnu => return Vec::new(),
    };
    match std::env::var_os(variable) {
        Some(value) if !value.is_empty() && !os::has_raised_privileges() => search_path(&value),
        _ => Vec::new(),
    }
}

/// The directories of a search path: separated by colons, or by semicolons, which the loader takes too.
fn search_path(value: &OsStr) -> Vec<PathBuf> {
    let at_semicolons = |path: PathBuf| match path.to_str() {
        Some(text) if text.contains(';') => text.split(';').map(PathBuf::from).collect(),
        _ => vec![path],
    };
    let or_current = |path: PathBuf| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path };
    std::env::split_paths(value)
        .flat_map(at_semicolons)
        .filter_map(|path| std::path::absolute(or_current(path)).ok())
        .collect()
}

/// The directories that the loader searches by default, most specific first.
fn trusted_directories(target: Target) -> Vec<PathBuf> {
    match target.os {
        Os::Linux => {
            let mut directories = Vec::new();
            for triple in multiarch(target.arch) {
                directories.push(Path::new("/lib").join(triple));
                directories.push(Path::new("/usr/lib").join(triple));
            }
            let plain = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];
            let plain = if target.pointer_size() == 8 { &plain[..] } else { &plain[2..] };
            directories.extend(plain.iter().map(PathBuf::from));
            directories
        }
        Os::MacOs => ["/usr/local/lib", "/usr/lib", "/opt/homebrew/lib"].map(PathBuf::from).to_vec(),
        Os::WindowsMsvc | Os::WindowsGnu => Vec::new(),
    }
}

/// The directory names that Debian and its kin use below `/lib`.
pub(super) fn multiarch(arch: Arch) -> [&'static str; 2] {
    match arch {
        Arch::X86_64 => ["x86_64-linux-gnu", "x86_64-linux-musl"],
        Arch::X86 => ["i386-linux-gnu", "i386-linux-musl"],
        Arch::Aarch64 => ["aarch64-linux-gnu", "aarch64-linux-musl"],
        Arch::Riscv64 => ["riscv64-linux-gnu", "riscv64-linux-musl"],
    }
}

/// A line of `/etc/ld.so.conf`.
#[derive(Debug, PartialEq, Eq)]
enum ConfLine<'t> {
    Directory(&'t str),
    Include(&'t str),
}

fn conf_lines(text: &str) -> impl Iterator<Item = ConfLine<'_>> {
    text.lines().filter_map(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split_whitespace();
        match (words.next()?, words.next()) {
            ("include", Some(pattern)) => Some(ConfLine::Include(pattern)),
            // Lines that older versions of ldconfig understood: `hwcap 0 nosegneg`.
            ("hwcap" | "include", _) => None,
            // `directory=libc6`: the type is for ldconfig.
            _ => Some(ConfLine::Directory(line.split('=').next()?.trim())),
        }
    })
}

fn configured(file: &Path, depth: u32, add: &mut impl FnMut(PathBuf)) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let Ok(text) = std::fs::read(file) else { return };
    for line in conf_lines(&String::from_utf8_lossy(&text)) {
        match line {
            ConfLine::Directory(directory) if directory.starts_with('/') => add(PathBuf::from(directory)),
            ConfLine::Directory(_) => {}
            ConfLine::Include(pattern) => {
                let parent = file.parent().unwrap_or(Path::new("/"));
                for included in matching(&parent.join(pattern)) {
                    configured(&included, depth, &mut *add);
                }
            }
        }
    }
}

/// The files that a path with `*` in its last component means, sorted as the shell does.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let (Some(directory), Some(name)) = (pattern.parent(), pattern.file_name().and_then(OsStr::to_str))
    else {
        return Vec::new();
    };
    let Some((before, after)) = name.split_once('*') else { return vec![pattern.to_owned()] };
    let mut files = list(directory);
    files.retain(|file| {
        let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    });
    files.sort();
    files
}

fn list(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_lines() {
        let text = "# comment\ninclude /etc/ld.so.conf.d/*.conf\n\n/usr/local/lib # here\n  /opt/x=libc6\nhwcap 0 nosegneg\ninclude";
        let lines: Vec<_> = conf_lines(text).collect();
        assert_eq!(
            lines,
            [
                ConfLine::Include("/etc/ld.so.conf.d/*.conf"),
                ConfLine::Directory("/usr/local/lib"),
                ConfLine::Directory("/opt/x"),
            ]
        );
    }

    // The rules of `LD_LIBRARY_PATH`; Windows has its own separator.
    #[cfg(unix)]
    #[test]
    fn search_paths() {
        let current = std::env::current_dir().unwrap();
        let found = search_path(OsStr::new("/a:/b;/c::sub"));
        let expected = [PathBuf::from("/a"), "/b".into(), "/c".into(), current.clone(), current.join("sub")];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let directory = std::env::temp_dir().join(format!("pinvoke-conf-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("a.conf");
        std::fs::write(&file, "include *.conf\n/here\n").unwrap();
        let mut count = 0;
        configured(&file, MAX_INCLUDES, &mut |path| {
            assert_eq!(path, Path::new("/here"));
            count += 1;
        });
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(count, MAX_INCLUDES);
    }
}
