//! Prints every path below a directory: a closure visits each, with its text and its `struct stat`.
//!
//! `cargo run -p pinvoke --example ftw -- /usr/share/doc`

use std::ffi::c_long;
use std::io::{Error, Result};

use pinvoke::dll_import;
use pinvoke::native::NativeType;

/// `struct stat` of Linux on x86-64; what follows the structures checks the members' places.
#[cfg(all(not(target_vendor = "apple"), target_arch = "x86_64"))]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Stat {
    device: u64,
    inode: u64,
    links: u64,
    mode: u32,
    user: u32,
    group: u32,
    reserved: u32,
    special_device: u64,
    size: c_long,
    block_size: i64,
    blocks: i64,
    accessed: Time,
    modified: Time,
    changed: Time,
    spare: [i64; 3],
}

/// `struct stat` of Linux on AArch64, and on machines that are newer than it.
#[cfg(not(any(target_vendor = "apple", target_arch = "x86_64", target_arch = "x86")))]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Stat {
    device: u64,
    inode: u64,
    mode: u32,
    links: u32,
    user: u32,
    group: u32,
    special_device: u64,
    reserved: u64,
    size: c_long,
    block_size: i32,
    reserved_too: i32,
    blocks: i64,
    accessed: Time,
    modified: Time,
    changed: Time,
    spare: [i32; 2],
}

/// `struct stat` of Linux on 32-bit x86.
#[cfg(target_arch = "x86")]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Stat {
    device: u64,
    reserved: u16,
    inode: u32,
    mode: u32,
    links: u32,
    user: u32,
    group: u32,
    special_device: u64,
    reserved_too: u16,
    size: c_long,
    block_size: i32,
    blocks: i32,
    accessed: Time,
    modified: Time,
    changed: Time,
    spare: [u32; 2],
}

/// `struct stat` of macOS.
#[cfg(target_vendor = "apple")]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Stat {
    device: i32,
    mode: u16,
    links: u16,
    inode: u64,
    user: u32,
    group: u32,
    special_device: i32,
    accessed: Time,
    modified: Time,
    changed: Time,
    born: Time,
    size: c_long,
    blocks: i64,
    block_size: i32,
    flags: u32,
    generation: u32,
    reserved: i32,
    spare: [i64; 2],
}

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Time {
    seconds: c_long,
    nanoseconds: c_long,
}

// The C library's own, as the crate `libc` has it.
const _: () = assert!(
    size_of::<Stat>() == size_of::<libc::stat>()
        && core::mem::offset_of!(Stat, size) == core::mem::offset_of!(libc::stat, st_size)
        && core::mem::offset_of!(Stat, modified) == core::mem::offset_of!(libc::stat, st_mtime)
        && core::mem::offset_of!(Stat, mode) == core::mem::offset_of!(libc::stat, st_mode)
);

#[cfg_attr(not(target_vendor = "apple"), dll_import("libc", set_last_error))]
#[cfg_attr(target_vendor = "apple", dll_import("libSystem.dylib", set_last_error))]
unsafe extern "C" {
    /// Visits everything below a directory, until the closure returns something but 0.
    safe fn ftw(directory: &str, visit: impl FnMut(&str, &Stat, i32) -> i32, max_open: i32) -> Result<i32>;
}

fn main() -> Result<()> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/examples").to_owned();
    let directory = std::env::args().nth(1).unwrap_or(own);

    let (mut entries, mut bytes) = (0, 0);
    ftw(
        &directory,
        |path, status, _flag| {
            println!("{:>10} {path}", status.size);
            entries += 1;
            #[allow(clippy::useless_conversion, reason = "a `long` has 4 bytes where addresses have")]
            {
                bytes += i64::from(status.size);
            }
            0
        },
        16,
    )?;
    println!("{entries} entries, {bytes} bytes");
    // What the standard library finds there.
    assert_eq!((entries, bytes), walk(directory.as_ref())?);

    let missing = ftw("/no/such/directory", |_, _, _| 0, 16).map_err(|e| e.kind());
    assert_eq!(missing, Err(Error::from_raw_os_error(libc::ENOENT).kind()));
    Ok(())
}

fn walk(path: &std::path::Path) -> Result<(i32, i64)> {
    let status = path.symlink_metadata()?;
    let (mut entries, mut bytes) = (1, i64::try_from(path.metadata()?.len()).map_err(Error::other)?);
    if status.is_dir() {
        for entry in std::fs::read_dir(path)? {
            let (more, larger) = walk(&entry?.path())?;
            entries += more;
            bytes += larger;
        }
    }
    Ok((entries, bytes))
}
