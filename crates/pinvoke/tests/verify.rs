//! Structures compared with the C compiler's.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    missing_docs,
    dead_code,
    reason = "a test fails by panicking; members are compared"
)]

use core::ffi::{c_long, c_ulong, c_void};

use pinvoke::marshal::{Bool32, Marshal};
use pinvoke::native::NativeType;
use pinvoke::verify::{Difference, Verifier, VerifyError, against_c};

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Timespec {
    tv_sec: c_long,
    tv_nsec: c_long,
}

/// `struct stat` of glibc on machines newer than x86-64.
#[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Stat {
    st_dev: u64,
    st_ino: u64,
    st_mode: u32,
    st_nlink: u32,
    st_uid: u32,
    st_gid: u32,
    st_rdev: u64,
    __pad1: u64,
    st_size: i64,
    st_blksize: i32,
    __pad2: i32,
    st_blocks: i64,
    st_atim: Timespec,
    st_mtim: Timespec,
    st_ctim: Timespec,
    _reserved: [i32; 2],
}

/// `struct stat` of glibc on 32-bit x86.
#[cfg(target_arch = "x86")]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Stat {
    st_dev: u64,
    __pad1: u16,
    st_ino: u32,
    st_mode: u32,
    st_nlink: u32,
    st_uid: u32,
    st_gid: u32,
    st_rdev: u64,
    __pad2: u16,
    st_size: i32,
    st_blksize: i32,
    st_blocks: i32,
    st_atim: Timespec,
    st_mtim: Timespec,
    st_ctim: Timespec,
    _reserved: [u32; 2],
}

/// `struct stat` of x86-64 glibc.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Stat {
    st_dev: u64,
    st_ino: u64,
    st_nlink: u64,
    st_mode: u32,
    st_uid: u32,
    st_gid: u32,
    _pad0: i32,
    st_rdev: u64,
    st_size: i64,
    st_blksize: i64,
    st_blocks: i64,
    st_atim: Timespec,
    st_mtim: Timespec,
    st_ctim: Timespec,
    _reserved: [i64; 3],
}

/// `Stat` of .NET's documented `ftw` example for Linux, with C's names.
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct DocumentedStat {
    st_dev: u32,
    st_ino: u32,
    st_mode: u32,
    st_nlink: u32,
    st_uid: u32,
    st_gid: u32,
    st_rdev: u32,
    st_size: u64,
    st_blksize: u64,
    st_blocks: u32,
    st_atime: i64,
    st_mtime: i64,
    st_ctime: i64,
}

#[derive(Marshal)]
struct Tm {
    tm_sec: i32,
    tm_min: i32,
    tm_hour: i32,
    tm_mday: i32,
    tm_mon: i32,
    tm_year: i32,
    tm_wday: i32,
    tm_yday: i32,
    #[marshal(Bool32)]
    tm_isdst: bool,
    tm_gmtoff: c_long,
    tm_zone: Option<String>,
}

#[derive(Marshal)]
struct Passwd {
    pw_name: String,
    pw_passwd: Option<String>,
    pw_uid: u32,
    pw_gid: u32,
    pw_gecos: Option<String>,
    pw_dir: String,
    pw_shell: Option<String>,
}

#[derive(Marshal)]
struct Dirent {
    d_ino: c_ulong,
    d_off: c_long,
    d_reclen: u16,
    d_type: u8,
    #[marshal(fixed(256))]
    d_name: String,
}

#[derive(Marshal)]
struct Utsname {
    #[marshal(fixed(65))]
    sysname: String,
    #[marshal(fixed(65))]
    nodename: String,
    #[marshal(fixed(65))]
    release: String,
    #[marshal(fixed(65))]
    version: String,
    #[marshal(fixed(65))]
    machine: String,
    #[marshal(fixed(65))]
    domainname: String,
}

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Sigaction {
    handler: Option<unsafe extern "C" fn(i32)>,
    sa_mask: [c_ulong; 128 / size_of::<c_ulong>()],
    sa_flags: i32,
    sa_restorer: Option<unsafe extern "C" fn()>,
}

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
union Sigval {
    sival_int: i32,
    sival_ptr: *mut c_void,
}

/// `struct epoll_event`, which glibc packs on x86.
#[derive(Marshal)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "x86"), native(pack = 1))]
struct EpollEvent {
    events: u32,
    data: u64,
}

/// Three views of the same bytes.
#[derive(Marshal)]
#[native(explicit)]
struct Overlap {
    #[offset(0)]
    whole: u64,
    #[offset(4)]
    high: u32,
    #[offset(0)]
    low: u16,
}

#[derive(Marshal)]
struct Keywords {
    r#type: u8,
    r#match: Option<String>,
}

#[test]
fn raw_identifiers_are_plain_in_c() {
    let source = "struct keywords { char type; const char *match; };";
    Verifier::new(&[]).source(source).check::<Keywords>("struct keywords").unwrap();
}

#[test]
fn structures_of_the_system() {
    against_c::<Timespec>("struct timespec", &["time.h"]).unwrap();
    against_c::<Stat>("struct stat", &["sys/stat.h"]).unwrap();
    against_c::<Tm>("struct tm", &["time.h"]).unwrap();
    against_c::<Passwd>("struct passwd", &["pwd.h"]).unwrap();
    against_c::<Dirent>("struct dirent", &["dirent.h"]).unwrap();
    Verifier::new(&["sys/utsname.h"]).option("-D_GNU_SOURCE").check::<Utsname>("struct utsname").unwrap();
    Verifier::new(&["signal.h"])
        .member("handler", "__sigaction_handler")
        .check::<Sigaction>("struct sigaction")
        .unwrap();
    against_c::<Sigval>("union sigval", &["signal.h"]).unwrap();
    against_c::<EpollEvent>("struct epoll_event", &["sys/epoll.h"]).unwrap();
    let union = "typedef union { unsigned long long whole; unsigned short low; struct { int pad; unsigned high; } hi; } u;";
    Verifier::new(&[]).source(union).member("high", "hi.high").check::<Overlap>("u").unwrap();
}

#[test]
fn the_documented_stat_is_none() {
    let Err(VerifyError::Different(differences)) =
        Verifier::new(&["sys/stat.h"]).check::<DocumentedStat>("struct stat")
    else {
        panic!("the layout of .NET's example is wrong, and nobody noticed")
    };
    let all = differences.all();
    // What C has, by the psABIs' rules; st_mode comes after st_nlink on x86-64 alone.
    let [size, mode, length] = match () {
        () if cfg!(target_arch = "x86_64") => [144, 24, 48],
        () if cfg!(target_arch = "x86") => [88, 16, 44],
        () => [128, 16, 48],
    };
    // What Rust has: integers of 8 bytes are aligned to 4 on 32-bit x86.
    let [here, length_here] = if cfg!(target_arch = "x86") { [72, 28] } else { [80, 32] };
    assert!(all.contains(&Difference::Size { here, in_c: size }), "{differences}");
    assert!(all.contains(&Difference::Offset { member: "st_mode", here: 8, in_c: mode }), "{differences}");
    let moved = Difference::Offset { member: "st_size", here: length_here, in_c: length };
    assert!(all.contains(&moved), "{differences}");
    assert!(all.contains(&Difference::MemberSize { member: "st_dev", here: 4, in_c: 8 }), "{differences}");
    // Every member but the first is elsewhere.
    let moved = all.iter().filter(|d| matches!(d, Difference::Offset { .. })).count();
    assert_eq!(moved, 12, "{differences}");
    let report = differences.to_string();
    let begin = format!(
        "`DocumentedStat` is not `struct stat` (sys/stat.h):\n  size: {here} bytes here, {size} in C\n"
    );
    assert!(report.starts_with(&begin), "{report}");
}

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Wrong {
    tv_sec: i16,
    tv_nanoseconds: i16,
}

#[test]
fn what_is_missing_or_unknown() {
    let long = size_of::<c_long>();
    let Err(VerifyError::Different(differences)) = against_c::<Wrong>("struct timespec", &["time.h"]) else {
        panic!("not different")
    };
    assert_eq!(
        differences.to_string(),
        format!(
            "`Wrong` is not `struct timespec` (time.h):\n  size: 4 bytes here, {} in C\n  alignment: 2 here, {long} in C\n  tv_sec: 2 bytes here, {long} in C\n  tv_nanoseconds: C has no such member",
            2 * long
        )
    );
    let error = against_c::<Wrong>("struct no_such_thing", &["time.h"]).unwrap_err();
    assert!(
        matches!(&error, VerifyError::Compiler { message } if message.contains("no_such_thing")),
        "{error}"
    );
    let error = against_c::<Wrong>("struct timespec", &["no_such_header.h"]).unwrap_err();
    assert!(error.to_string().contains("no_such_header.h"), "{error}");
}
