//! Versioned files: `libz.so.1` where no `libz.so` is installed.
//!
//! The file without a version belongs to the development package; what a user's system has is the file that
//! programs were linked with, `libz.so.1`. .NET gives up there and its users write the version into their
//! declarations, for one platform. Here such files are looked for last, when every other candidate has failed,
//! and only for names that carry no version themselves: who asks for `libz.so.2` gets no other.
//!
//! This module knows which of the files at hand fit a name, and in which order. Listing files is the caller's
//! matter, so this is tested for every system on any.
//!
//! Order: versions compare number by number, and the newest comes first. Of two that agree as far as the shorter
//! one goes, the shorter is first: `libz.so.1` is the name that programs are linked with, `libz.so.1.2.13` the
//! file that it leads to.

use core::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use pinvoke_abi::target::Os;

use super::probe::{self, Candidate, Place, Spelling};

/// What stands around the version in the name of a file.
///
/// ```
/// use pinvoke::abi::target::Os;
/// use pinvoke::library::versioned::stems;
///
/// let [exact, prefixed] = &stems("z".as_ref(), Os::MacOs)[..] else { unreachable!("there are two") };
/// assert_eq!(exact.version("z.1.dylib".as_ref()), Some("1"));
/// assert_eq!(prefixed.version("libz.1.2.11.dylib".as_ref()), Some("1.2.11"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stem {
    before: OsString,
    after: &'static str,
}

/// The stems of the files that may be meant by `name`, in order.
///
/// None for a name with a slash, for one that carries a version already, and on Windows, where files have none.
///
/// ```
/// use pinvoke::abi::target::Os;
/// use pinvoke::library::versioned::stems;
///
/// assert_eq!(stems("z".as_ref(), Os::Linux).len(), 2); // z.so.N and libz.so.N
/// assert_eq!(stems("libz.so".as_ref(), Os::Linux)[0].version("libz.so.1".as_ref()), Some("1"));
/// // Who asks for a version gets no other, and Windows has none.
/// assert!(stems("libz.so.1".as_ref(), Os::Linux).is_empty());
/// assert!(stems("z".as_ref(), Os::WindowsMsvc).is_empty());
/// ```
#[must_use]
pub fn stems(name: &OsStr, os: Os) -> Vec<Stem> {
    let bytes = name.as_encoded_bytes();
    let suffix = probe::suffix(os);
    if os.is_windows() || bytes.contains(&b'/') || name == probe::OWN_PROCESS {
        return Vec::new();
    }
    let base =
        match (probe::carries_suffix(name, suffix), name.to_str().map(|text| text.strip_suffix(suffix))) {
            (true, Some(Some(base))) => OsStr::new(base),
            (true, _) => return Vec::new(),
            (false, _) => name,
        };
    let stem = |prefix: &str| {
        let mut before = OsString::from(prefix);
        before.push(base);
        match os {
            Os::MacOs => {
                before.push(".");
                Stem { before, after: suffix }
            }
            Os::Linux | Os::WindowsMsvc | Os::WindowsGnu => {
                before.push(suffix);
                before.push(".");
                Stem { before, after: "" }
            }
        }
    };
    vec![stem(""), stem("lib")]
}

impl Stem {
    /// The version in a file's name, if the name is this stem and a version.
    ///
    /// ```
    /// use pinvoke::abi::target::Os;
    /// use pinvoke::library::versioned::stems;
    ///
    /// let stem = &stems("libz".as_ref(), Os::Linux)[0];
    /// assert_eq!(stem.version("libz.so.1.2.13".as_ref()), Some("1.2.13"));
    /// assert_eq!(stem.version("libz.so".as_ref()), None);
    /// assert_eq!(stem.version("libz.so.old".as_ref()), None);
    /// ```
    #[must_use]
    pub fn version<'f>(&self, file: &'f OsStr) -> Option<&'f str> {
        let rest = file.as_encoded_bytes().strip_prefix(self.before.as_encoded_bytes())?;
        let version = rest.strip_suffix(self.after.as_bytes())?;
        let version = core::str::from_utf8(version).ok()?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        version.split('.').all(is_number).then_some(version)
    }

    /// The candidates among `files`, the newest version first; files of equal version in the order given.
    ///
    /// ```
    /// use std::path::PathBuf;
    ///
    /// use pinvoke::abi::target::Os;
    /// use pinvoke::library::probe::Place;
    /// use pinvoke::library::versioned::stems;
    ///
    /// let files = ["/lib/libz.so.1", "/lib/libz.so.10", "/lib/libz.so.2", "/lib/libz3.so.4"].map(PathBuf::from);
    /// let stem = &stems("libz".as_ref(), Os::Linux)[0];
    /// let found = stem.newest_first(&files, &Place::DefaultDirectory);
    /// let found: Vec<_> = found.iter().map(|candidate| candidate.file.to_str().unwrap()).collect();
    /// assert_eq!(found, ["/lib/libz.so.10", "/lib/libz.so.2", "/lib/libz.so.1"]);
    /// ```
    #[must_use]
    pub fn newest_first(&self, files: &[PathBuf], place: &Place) -> Vec<Candidate> {
        let mut found: Vec<(&str, &PathBuf)> =
            files.iter().filter_map(|file| Some((self.version(file.file_name()?)?, file))).collect();
        found.sort_by(|(a, _), (b, _)| newer(a, b));
        found
            .into_iter()
            .map(|(version, file)| Candidate {
                file: file.clone().into_os_string(),
                spelling: Spelling::Versioned(version.to_owned()),
                place: place.clone(),
            })
            .collect()
    }
}

/// `Less` if `a` comes before `b`.
fn newer(a: &str, b: &str) -> Ordering {
    let mut a = a.split('.');
    let mut b = b.split('.');
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match compare_numbers(b, a) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

/// Compares decimal numbers of any length.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, os: Os, files: &[&str], expected: &[&str]) {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        let found: Vec<String> = stems(name.as_ref(), os)
            .iter()
            .flat_map(|stem| stem.newest_first(&files, &Place::DefaultDirectory))
            .map(|candidate| candidate.file.into_string().unwrap())
            .collect();
        assert_eq!(found, expected, "{name} on {os:?}");
    }

    #[test]
    fn the_newest_version_is_first() {
        let files =
            ["/l/libz.so.1", "/l/libz.so.1.2.13", "/l/libz.so.1.2.9", "/l/libz.so.2", "/l/libz.so.10"];
        let order =
            ["/l/libz.so.10", "/l/libz.so.2", "/l/libz.so.1", "/l/libz.so.1.2.13", "/l/libz.so.1.2.9"];
        check("z", Os::Linux, &files, &order);
        check("libz", Os::Linux, &files, &order);
        check("libz.so", Os::Linux, &files, &order);
        check("z.so", Os::Linux, &files, &order);
    }

    #[test]
    fn a_version_is_numbers_and_dots() {
        let none = [
            "/l/libz.so",
            "/l/libz.so.",
            "/l/libz.so.1a",
            "/l/libz.so.1.",
            "/l/libz.so.1..2",
            "/l/libz3.so.4",
            "/l/libz.so.1-gdb.py",
            "/l/libz.a",
            "/l/xlibz.so.1",
            "/l/LIBZ.so.1",
            "/l/libz.so.old",
        ];
        check("z", Os::Linux, &none, &[]);
    }

    #[test]
    fn numbers_have_any_length() {
        let big = "/l/libz.so.99999999999999999999999999";
        check(
            "z",
            Os::Linux,
            &["/l/libz.so.007", big, "/l/libz.so.8"],
            &[big, "/l/libz.so.8", "/l/libz.so.007"],
        );
    }

    #[test]
    fn who_asks_for_a_version_gets_no_other() {
        let files = ["/l/libz.so.1", "/l/libz.so.2.1", "/l/sub/libz.so.3"];
        check("libz.so.2", Os::Linux, &files, &[]);
        check("sub/libz", Os::Linux, &files, &[]);
        check("/l/libz.so", Os::Linux, &files, &[]);
        check("libz", Os::WindowsMsvc, &files, &[]);
    }

    #[test]
    fn macos_has_the_version_before_the_suffix() {
        let files =
            ["/l/libz.1.dylib", "/l/libz.1.2.11.dylib", "/l/libz.dylib", "/l/libz.so.1", "/l/libz.2.dylib"];
        let order = ["/l/libz.2.dylib", "/l/libz.1.dylib", "/l/libz.1.2.11.dylib"];
        check("z", Os::MacOs, &files, &order);
        check("libz", Os::MacOs, &files, &order);
        check("libz.dylib", Os::MacOs, &files, &order);
    }

    #[test]
    fn the_exact_spelling_is_before_the_prefixed_one() {
        check("libz", Os::Linux, &["/l/liblibz.so.9", "/l/libz.so.1"], &["/l/libz.so.1", "/l/liblibz.so.9"]);
    }
}
