//! A 32-bit Wine, unpacked below the target folder and not installed. Its C library and linker come from `libc6-i386`,
//! three variables of the environment tell it where the rest of it is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::platform::packages::unpacked;

/// A 32-bit Wine and the libraries that it wants, from Debian's packages.
pub(super) fn wine(folder: &Path) -> Result<PathBuf> {
    let without = ["libc6_", "perl", "gcc-", "debconf"];
    unpacked(&folder.join("wine32"), "i386", &["wine32", "libwine"], &without, |root| {
        // What the package's installation would do: mark this library as one of Wine's own.
        let mut zlib = fs::read(root.join("usr/i686-w64-mingw32/lib/zlib1.dll"))?;
        let mark = *b"Wine builtin DLL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        zlib.get_mut(64..96).context("zlib1.dll is no library")?.copy_from_slice(&mark);
        fs::write(root.join("usr/lib/i386-linux-gnu/wine/i386-windows/zlib1.dll"), zlib)?;
        Ok(())
    })
}
