//! The loader's own list of installed libraries, `/etc/ld.so.cache`, as `ldconfig` writes it.
//!
//! The format is that of glibc's `cache_file_new` (`sysdeps/generic/dl-cache.h`), version 1.1: a header of 48
//! bytes (magic, number of entries, length of the strings), entries of 24 bytes (flags, offset of the name,
//! offset of the path, OS version, hardware capabilities), then the strings. All offsets count from the start of
//! the header. Older systems put a `cache_file` in front of it, for loaders that knew nothing else; it is skipped.
//!
//! The file belongs to the system but is treated as anyone's: every offset is checked, and an entry that leads
//! outside is left out.

use std::path::PathBuf;

use pinvoke_abi::target::Arch;

/// Where the cache is.
pub const PATH: &str = "/etc/ld.so.cache";

/// One library of the cache.
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::library::ld_cache::{PATH, parse};
///
/// // Where there is glibc, there is a cache.
/// if let Some(entries) = std::fs::read(PATH).ok().and_then(|file| parse(&file)) {
///     for entry in entries.iter().filter(|entry| entry.name.starts_with("libc.so")) {
///         println!("{} is {} (flags {:#x})", entry.name, entry.path.display(), entry.flags);
///         assert!(entry.path.is_absolute());
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name under which programs ask for it, such as `libz.so.1`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What kind of library it is: the ABI, in glibc's numbers.
    pub flags: u32,
    /// The hardware capabilities it needs; 0 for a library that runs anywhere.
    pub hardware: u64,
}

const OLD_MAGIC: &[u8] = b"ld.so-1.7.0";
const OLD_HEADER: usize = 16;
const OLD_ENTRY: usize = 12;
const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const HEADER: usize = 48;
const ENTRY: usize = 24;

/// The entries of a cache file; `None` if this is none, or one of the other byte order.
///
/// Entries whose strings are not inside the file, or are not UTF-8, are left out.
///
/// ```
/// use pinvoke::library::ld_cache::{PATH, parse};
///
/// # #[cfg(all(target_os = "linux", target_env = "gnu"))]
/// if let Ok(file) = std::fs::read(PATH) {
///     let entries = parse(&file).expect("ldconfig writes the format that is read here");
///     assert!(entries.iter().any(|entry| entry.name == "libc.so.6"));
/// }
/// assert_eq!(parse(b"something else"), None);
/// ```
#[must_use]
pub fn parse(file: &[u8]) -> Option<Vec<Entry>> {
    let cache = skip_old(file)?;
    if !cache.starts_with(MAGIC) {
        return None;
    }
    let count = usize::try_from(word(cache, 20)?).ok()?;
    // Byte 28: 0 where ldconfig was too old to say, 2 little-endian, 3 big-endian.
    let other_order = if cfg!(target_endian = "little") { 3 } else { 2 };
    if cache.get(28)? & 3 == other_order {
        return None;
    }
    let entries = cache.get(HEADER..)?.chunks_exact(ENTRY).take(count);
    Some(entries.filter_map(|entry| parse_entry(cache, entry)).collect())
}

/// The libraries that a process of this architecture can load: the flags for it, and no special hardware.
///
/// ```
/// use pinvoke::abi::target::Arch;
/// use pinvoke::library::ld_cache::{Entry, loadable};
///
/// // A system with libraries for two architectures has one cache for both.
/// let entry = |path: &str, flags| Entry { name: "libz.so.1".into(), path: path.into(), flags, hardware: 0 };
/// let entries =
///     vec![entry("/lib/i386-linux-gnu/libz.so.1", 0x3), entry("/lib/x86_64-linux-gnu/libz.so.1", 0x303)];
/// let loadable = loadable(entries, Arch::X86_64);
/// assert_eq!(loadable.len(), 1);
/// assert_eq!(loadable[0].path.to_str(), Some("/lib/x86_64-linux-gnu/libz.so.1"));
/// ```
#[must_use]
pub fn loadable(entries: Vec<Entry>, arch: Arch) -> Vec<Entry> {
    // FLAG_ELF_LIBC6 is 3; the second byte is the ABI (sysdeps/generic/ldconfig.h).
    let wanted = match arch {
        Arch::X86_64 => 0x0303,
        Arch::X86 => 0x0003,
        Arch::Aarch64 => 0x0a03,
        Arch::Riscv64 => 0x1003,
    };
    entries.into_iter().filter(|entry| entry.flags == wanted && entry.hardware == 0).collect()
}

/// The new format, which stands after the old one, if that is there, at a multiple of 8.
fn skip_old(file: &[u8]) -> Option<&[u8]> {
    if !file.starts_with(OLD_MAGIC) {
        return Some(file);
    }
    let count = usize::try_from(word(file, 12)?).ok()?;
    let end = count.checked_mul(OLD_ENTRY)?.checked_add(OLD_HEADER)?;
    file.get(end.checked_next_multiple_of(8)?..)
}

fn parse_entry(cache: &[u8], entry: &[u8]) -> Option<Entry> {
    let hardware = u64::from_ne_bytes(entry.get(16..24)?.try_into().ok()?);
    Some(Entry {
        flags: word(entry, 0)?,
        name: string(cache, word(entry, 4)?)?.to_owned(),
        path: string(cache, word(entry, 8)?)?.into(),
        hardware,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*word))
}

fn string(cache: &[u8], at: u32) -> Option<&str> {
    let rest = cache.get(usize::try_from(at).ok()?..)?;
    let length = rest.iter().position(|byte| *byte == 0)?;
    core::str::from_utf8(&rest[..length]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache file after the description in `dl-cache.h`.
    fn build(entries: &[(&str, &str, u32, u64)]) -> Vec<u8> {
        let mut strings = Vec::new();
        let mut table = Vec::new();
        let base = HEADER + ENTRY * entries.len();
        let mut add = |text: &str| {
            let at = u32::try_from(base + strings.len()).unwrap();
            strings.extend_from_slice(text.as_bytes());
            strings.push(0);
            at
        };
        for (name, path, flags, hardware) in entries {
            for word in [*flags, add(name), add(path), 0] {
                table.extend_from_slice(&word.to_ne_bytes());
            }
            table.extend_from_slice(&hardware.to_ne_bytes());
        }
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&u32::try_from(entries.len()).unwrap().to_ne_bytes());
        file.extend_from_slice(&u32::try_from(strings.len()).unwrap().to_ne_bytes());
        file.resize(HEADER, 0);
        file.extend(table);
        file.extend(strings);
        file
    }

    const SAMPLE: &[(&str, &str, u32, u64)] = &[
        ("libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1", 0x303, 0),
        ("libz.so.1", "/lib32/libz.so.1", 0x3, 0),
        ("libz.so.1", "/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v4/libz.so.1", 0x303, 1 << 62),
        ("libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6", 0xa03, 0),
    ];

    #[test]
    fn entries_are_read() {
        let entries = parse(&build(SAMPLE)).unwrap();
        assert_eq!(entries.len(), 4);
        assert_eq!(entries[2].hardware, 1 << 62);
        let mine = loadable(entries, Arch::X86_64);
        assert_eq!(mine.len(), 1);
        assert_eq!(mine[0].name, "libz.so.1");
        assert_eq!(mine[0].path, PathBuf::from("/lib/x86_64-linux-gnu/libz.so.1"));
    }

    #[test]
    fn the_old_format_is_skipped() {
        for old_entries in [0_usize, 1, 2, 5] {
            let mut file = OLD_MAGIC.to_vec();
            file.push(0);
            file.extend_from_slice(&u32::try_from(old_entries).unwrap().to_ne_bytes());
            file.resize((OLD_HEADER + OLD_ENTRY * old_entries).next_multiple_of(8), 0xee);
            file.extend(build(SAMPLE));
            assert_eq!(parse(&file), parse(&build(SAMPLE)), "{old_entries} old entries");
        }
    }

    #[test]
    fn what_leads_outside_is_left_out() {
        let mut file = build(SAMPLE);
        file[HEADER + 4..HEADER + 8].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(parse(&file).unwrap().len(), 3);
        // More entries than the file has room for.
        file[20..24].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert!(parse(&file).is_some());
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"hello"), None);
        let mut big_endian = build(SAMPLE);
        big_endian[28] = if cfg!(target_endian = "little") { 3 } else { 2 };
        assert_eq!(parse(&big_endian), None);
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let mut old = OLD_MAGIC.to_vec();
        old.resize(OLD_HEADER, 0xff);
        assert_eq!(parse(&old), None);
        let file = build(SAMPLE);
        for length in 0..file.len() {
            let _ = parse(&file[..length]);
        }
        for at in 0..file.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut damaged = file.clone();
                damaged[at] = value;
                let _ = parse(&damaged);
            }
        }
    }
}
