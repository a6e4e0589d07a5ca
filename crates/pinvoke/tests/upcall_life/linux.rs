//! Where the code of callbacks comes from on Linux, as the kernel lists it, and what is done if it refuses; children that
//! are forked.

use core::ffi::c_int;
use std::process::Command;

use pinvoke::upcall::{Callback, CallbackError, lookup};

use super::child::{CHILD, is_child};
use super::{UNARY, Unary, native, succeeds};

/// Lines of `/proc/self/maps` that break the promise: writable and executable, or executable without
/// a file.
fn suspicious_mappings() -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .filter(|line| {
            let mut words = line.split_whitespace();
            let permissions = words.nth(1).unwrap();
            let path = words.nth(3).unwrap_or("");
            permissions.contains('x')
                && (permissions.contains('w')
                    || path.is_empty()
                    || path.contains("memfd")
                    || path == "[heap]")
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_hundred_thousand_callbacks_live_at_once() {
    const COUNT: i32 = 100_000;
    let before = suspicious_mappings();
    let callbacks: Vec<Callback<'static, Unary>> =
        (0..COUNT).map(|i| UNARY.owned(move |n: c_int| -> c_int { n + i }).unwrap()).collect();
    for (i, callback) in (0..).zip(&callbacks) {
        assert_eq!(native(callback.function(), 1), i + 1);
    }
    let some = &callbacks[77_777];
    assert_eq!(lookup(some.code()), Some(some.identity()));
    let mut codes: Vec<usize> = callbacks.iter().map(|c| c.code().addr()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), COUNT as usize);
    assert_eq!(suspicious_mappings(), before);
    drop(callbacks);
    // They can be had again without new memory.
    let lines = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let mapped = lines();
    let again: Vec<_> =
        (0..50_000).map(|i| UNARY.owned(move |n: c_int| -> c_int { n - i }).unwrap()).collect();
    assert!(lines() < mapped + 100, "{mapped} grew to {}", lines());
    assert_eq!(native(again[49_999].function(), 0), -49_999);
}

#[test]
fn a_forked_child_calls_and_makes_callbacks() {
    if !is_child() {
        return succeeds("linux::a_forked_child_calls_and_makes_callbacks");
    }
    let mut total = 0;
    let mut closure = |n: c_int| -> c_int {
        total += n;
        total
    };
    // More than the pool has, so that mapped thunks are inherited.
    let others: Vec<_> =
        (0..1000).map(|i| UNARY.owned(move |n: c_int| -> c_int { n * i }).unwrap()).collect();
    let callback = UNARY.scoped(&mut closure).unwrap();
    assert_eq!(native(callback.function(), 1), 1);
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let works = native(callback.function(), 10) == 11
            && native(others[999].function(), 2) == 1998
            && (0..2000).all(|i| {
                let made = UNARY.owned(move |n: c_int| -> c_int { n - i }).unwrap();
                native(made.leak().function(), 0) == -i
            });
        unsafe { libc::_exit(if works { 42 } else { 1 }) };
    }
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(libc::WEXITSTATUS(status), 42);
    assert_eq!(native(callback.function(), 5), 6, "the child had a copy");
}

/// Installs a system call filter for the rest of this process.
fn filter(program: &[libc::sock_filter]) {
    let program =
        libc::sock_fprog { len: program.len().try_into().unwrap(), filter: program.as_ptr().cast_mut() };
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
    }
}

const fn statement(code: u16, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt: 0, jf: 0, k }
}

/// Of a system call or constant, which are small.
const fn jump(code: u16, k: libc::c_long, jt: u8, jf: u8) -> libc::sock_filter {
    assert!(k >= 0 && k < 1 << 16);
    libc::sock_filter { code, jt, jf, k: (k & 0xffff) as u32 }
}

/// The call that maps memory.
#[cfg(not(target_arch = "x86"))]
const MMAP: libc::c_long = libc::SYS_mmap;
/// The call that maps memory: it takes six arguments in registers and has a number of its own.
#[cfg(target_arch = "x86")]
const MMAP: libc::c_long = libc::SYS_mmap2;

const PROT_EXEC: libc::c_long = libc::PROT_EXEC as libc::c_long;

/// `BPF_LD | BPF_W | BPF_ABS`, `BPF_JMP | BPF_JEQ | BPF_K`, `BPF_JMP | BPF_JSET | BPF_K` and
/// `BPF_RET | BPF_K` of linux/bpf_common.h.
const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

#[test]
fn the_pool_works_where_executable_memory_is_refused() {
    if !is_child() {
        return succeeds("linux::the_pool_works_where_executable_memory_is_refused");
    }
    // mmap and mprotect with PROT_EXEC (their third argument, at offset 16 + 2 * 8) fail with EACCES.
    filter(&[
        statement(LOAD, 0),
        jump(EQUAL, MMAP, 2, 0),
        jump(EQUAL, libc::SYS_mprotect, 1, 0),
        statement(RETURN, libc::SECCOMP_RET_ALLOW),
        statement(LOAD, 32),
        jump(ANY_BIT, PROT_EXEC, 0, 1),
        statement(RETURN, libc::SECCOMP_RET_ERRNO | libc::EACCES.cast_unsigned()),
        statement(RETURN, libc::SECCOMP_RET_ALLOW),
    ]);
    let mut callbacks = Vec::new();
    let error = loop {
        match UNARY.owned(|n: c_int| -> c_int { n + 1 }) {
            Ok(callback) => callbacks.push(callback),
            Err(error) => break error,
        }
    };
    assert_eq!(callbacks.len(), 288);
    assert!(callbacks.iter().all(|c| native(c.function(), 1) == 2));
    let text = error.to_string();
    assert!(matches!(error, CallbackError::NoThunk { .. }));
    assert!(text.contains("mapping thunks from /") && text.contains("memfd"), "{text}");
    assert!(text.contains("Permission denied"), "{text}");
    // One goes, one comes.
    callbacks.pop();
    callbacks.push(UNARY.owned(|n: c_int| -> c_int { n + 2 }).unwrap());
    assert_eq!(native(callbacks.last().unwrap().function(), 1), 3);
    assert!(UNARY.owned(|n: c_int| -> c_int { n }).is_err());
}

#[test]
fn the_first_256_callbacks_need_no_system_call() {
    if !is_child() {
        return succeeds("linux::the_first_256_callbacks_need_no_system_call");
    }
    // Memory for the table's own bookkeeping.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(1 << 16)));
    // The standard library asks for the randomness of its tables once; here the table of plans is the first to have
    // some, where every callback has a plan.
    drop(std::hint::black_box(std::collections::HashMap::<u8, u8>::new()));
    let mut callbacks: [Option<Callback<'_, Unary>>; 256] = [const { None }; 256];
    let mut closures: [_; 256] =
        core::array::from_fn(|i| move |n: c_int| -> c_int { n + c_int::try_from(i).unwrap() });
    filter(&[
        statement(LOAD, 0),
        jump(EQUAL, libc::SYS_exit_group, 0, 1),
        statement(RETURN, libc::SECCOMP_RET_ALLOW),
        statement(RETURN, libc::SECCOMP_RET_KILL_PROCESS),
    ]);
    for (callback, closure) in callbacks.iter_mut().zip(&mut closures) {
        *callback = UNARY.scoped(closure).ok();
    }
    let works = callbacks
        .iter()
        .zip(0..)
        .all(|(callback, i)| callback.as_ref().is_some_and(|c| native(c.function(), 1) == i + 1));
    drop(callbacks);
    unsafe { libc::_exit(if works { 0 } else { 1 }) };
}

/// Builds a library for the machine that cargo runs on, which can run 32-bit programs and is not one.
#[cfg(not(target_arch = "x86"))]
#[test]
fn a_library_has_thunks_of_its_own() {
    // Cargo builds examples with the tests, but not if a single test is asked for.
    let target = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "pinvoke", "--example", "callbacks_in_a_library"])
        .arg("--target-dir")
        .arg(target)
        .status()
        .unwrap();
    assert!(status.success());
    let path = target.join("debug/examples/libcallbacks_in_a_library.so");
    let before = suspicious_mappings();
    let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
    assert!(!library.is_null());
    let sum = unsafe { libc::dlsym(library, c"sum_of_callbacks".as_ptr()) };
    let sum: extern "C" fn(c_int) -> c_int = unsafe { core::mem::transmute(sum) };
    assert_eq!(sum(2000), 1999 * 2000 / 2 + 2000);
    // Thunks beyond the pool are mapped from the library's file: more of its pages than it has
    // segments with code.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let pages = maps
        .lines()
        .filter(|line| line.contains(" r-xp ") && line.ends_with("libcallbacks_in_a_library.so"))
        .count();
    assert!(pages > 10, "{pages}: {maps}");
    assert_eq!(suspicious_mappings(), before);
}

#[test]
fn a_replaced_program_file_is_not_trusted() {
    if !is_child() {
        // A copy of this program that deletes its own file while it runs, and puts another one where
        // the system says that the old one was.
        let copy = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("replaced-{}", std::process::id()));
        std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let output = Command::new(&copy)
            .args(["--exact", "linux::a_replaced_program_file_is_not_trusted", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        std::fs::remove_file(format!("{} (deleted)", copy.display())).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let own = std::env::current_exe().unwrap();
    let length = std::fs::metadata(&own).unwrap().len();
    std::fs::remove_file(&own).unwrap();
    let other = format!("{} (deleted)", own.display());
    std::fs::write(other, vec![0xcc; usize::try_from(length).unwrap()]).unwrap();
    let callbacks: Vec<_> =
        (0..1000).map(|i| UNARY.owned(move |n: c_int| -> c_int { n + i }).unwrap()).collect();
    assert!(callbacks.iter().zip(1..).all(|(c, expected)| native(c.function(), 1) == expected));
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(
        maps.lines().any(|line| line.contains(" r-xp ") && line.contains("memfd:pinvoke-thunks")),
        "{maps}"
    );
}
