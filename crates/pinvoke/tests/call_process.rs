//! Calls in processes of another kind: forked, without executable memory, with generated code forbidden.
//!
//! Each test starts this program again for itself alone, since what it tries concerns a whole process.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "calls native code, forks, and installs system call filters")]

mod support;

use std::error::Error;
use std::process::Command;
use std::thread;

use pinvoke::call::{CallError, ExecError, Forbidden, PreparedCall, Tier, stub_stats};
use pinvoke::native::CodePtr;
use pinvoke_abi::signature::Signature;

use support::Block;

/// Runs `body` in a process of its own, with these environment variables.
fn in_own_process(test: &str, variables: &[(&str, &str)], body: fn()) {
    const CHILD: &str = "PINVOKE_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        body();
        return;
    }
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env_remove("PINVOKE_NO_EXEC")
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .expect("this program runs again");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}\n{errors}", output.status);
    assert!(text.contains("1 passed"), "the test did not run again: {text}");
}

fn prepare(notation: &str, tier: Tier) -> Result<PreparedCall, CallError> {
    let signature: Signature = notation.parse().unwrap_or_else(|e| panic!("{notation}: {e}"));
    PreparedCall::with_tier(&signature, tier)
}

extern "C" fn weigh(a: i64, b: i8, c: f64) -> f64 {
    a as f64 + f64::from(b) * 2.0 + c * 4.0
}

/// Calls `weigh(1, -2, 3.5)`, which is 11, and says by which tier.
fn call_weigh(call: &PreparedCall) -> Tier {
    let record = Block::new(call.record_size(), call.record_align(), 0xA5);
    let ret = Block::new(16, 16, 0x5A);
    record.write(call.arg_offset(0), &1_i64.to_le_bytes());
    record.write(call.arg_offset(1), &(-2_i8).to_le_bytes());
    record.write(call.arg_offset(2), &3.5_f64.to_le_bytes());
    let target = CodePtr::new(weigh as *const _).expect("functions are not null");
    // SAFETY: the signatures of this file agree with `weigh` in all registers that it reads.
    unsafe { call.invoke(target, record.at(), ret.at()) };
    assert_eq!(ret.read(0, 8), 11.0_f64.to_le_bytes());
    call.tier()
}

const WEIGH: &str = "cdecl(i64,i8,f64)->f64";

/// Signatures with different stubs that can all call `weigh`.
#[cfg(not(any(target_arch = "x86", target_arch = "riscv64")))]
fn shapes() -> impl Iterator<Item = String> {
    (0..300).map(|i| format!("cdecl(i64,i8,f64{})->f64", ",{[u8;8],f32}".repeat(i)))
}

fn filter(test: u16, code: u32, yes: u8, no: u8) -> libc::sock_filter {
    libc::sock_filter { code: test, jt: yes, jf: no, k: code }
}

/// Has the kernel answer some system calls of this thread with EPERM.
fn install(mut program: Vec<libc::sock_filter>) {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).expect("a short program"),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: takes numbers only.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: a program that stays alive for the call.
    let status = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
}

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const ANY_BIT: u16 = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K
const NUMBER: u32 = 0; // offset in seccomp_data
const THIRD_ARGUMENT: u32 = 16 + 2 * 8; // offset in seccomp_data

/// The call that maps memory.
#[cfg(not(target_arch = "x86"))]
const MMAP: libc::c_long = libc::SYS_mmap;
/// The call that maps memory: it takes six arguments in registers and has a number of its own.
#[cfg(target_arch = "x86")]
const MMAP: libc::c_long = libc::SYS_mmap2;

fn number(call: libc::c_long) -> u32 {
    u32::try_from(call).expect("system calls are small numbers")
}

/// mmap, mprotect and pkey_mprotect with PROT_EXEC are refused.
fn refuse_executable_memory() {
    install(vec![
        filter(LOAD, NUMBER, 0, 0),
        filter(EQUAL, number(MMAP), 3, 0),
        filter(EQUAL, number(libc::SYS_mprotect), 2, 0),
        filter(EQUAL, number(libc::SYS_pkey_mprotect), 1, 0),
        filter(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
        filter(LOAD, THIRD_ARGUMENT, 0, 0),
        filter(ANY_BIT, libc::PROT_EXEC.cast_unsigned(), 0, 1),
        filter(RETURN, libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned(), 0, 0),
        filter(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
    ]);
}

/// memfd_create is refused.
#[cfg(not(any(target_arch = "x86", target_arch = "riscv64")))]
fn refuse_memory_files() {
    install(vec![
        filter(LOAD, NUMBER, 0, 0),
        filter(EQUAL, number(libc::SYS_memfd_create), 0, 1),
        filter(RETURN, libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned(), 0, 0),
        filter(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
    ]);
}

#[test]
fn refused_executable_memory_leaves_the_thunk() {
    in_own_process("refused_executable_memory_leaves_the_thunk", &[], || {
        refuse_executable_memory();
        let call = prepare(WEIGH, Tier::Auto).unwrap();
        assert_eq!(call_weigh(&call), Tier::Thunk);
        if cfg!(any(target_arch = "x86", target_arch = "riscv64")) {
            return;
        }
        let error = prepare(WEIGH, Tier::Stub).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a stub needs executable memory; the invoke thunk (`Tier::Thunk`) does not"
        );
        assert_eq!(
            error.source().expect("the refusal").to_string(),
            "the system refuses executable memory: mapping a memory file executable (mmap): errno 1 EPERM, \
             Operation not permitted; making private memory executable (mprotect): errno 1 EPERM, \
             Operation not permitted"
        );
        assert_eq!(stub_stats().mapped_bytes, 0);
    });
}

// About stubs, which 32-bit x86 and RISC-V have none of.
#[cfg(not(any(target_arch = "x86", target_arch = "riscv64")))]
#[test]
fn without_memory_files_pages_are_replaced() {
    in_own_process("without_memory_files_pages_are_replaced", &[], || {
        refuse_memory_files();
        // Stubs run on a page while others are added to it.
        let first = prepare(WEIGH, Tier::Stub).unwrap();
        thread::scope(|scope| {
            let running = scope.spawn(|| (0..200_000).all(|_| call_weigh(&first) == Tier::Stub));
            let calls: Vec<PreparedCall> =
                shapes().map(|notation| prepare(&notation, Tier::Stub).unwrap()).collect();
            for call in &calls {
                assert_eq!(call_weigh(call), Tier::Stub);
            }
            assert!(running.join().unwrap());
        });
        let stats = stub_stats();
        assert!(stats.mapped_bytes <= 2 * stats.code_bytes + 4096 * 2, "pages are not shared: {stats:?}");
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!maps.contains("pinvoke-stubs"), "{maps}");
        for line in maps.lines() {
            let rights = line.split(' ').nth(1).unwrap();
            assert!(!(rights.contains('w') && rights.contains('x')), "{line}");
        }
    });
}

// About stubs, which 32-bit x86 and RISC-V have none of.
#[cfg(not(any(target_arch = "x86", target_arch = "riscv64")))]
#[test]
fn blocks_are_added_as_they_fill_and_stay_closed_to_writing() {
    in_own_process("blocks_are_added_as_they_fill_and_stay_closed_to_writing", &[], || {
        let calls: Vec<PreparedCall> =
            shapes().map(|notation| prepare(&notation, Tier::Stub).unwrap()).collect();
        for call in &calls {
            assert_eq!(call_weigh(call), Tier::Stub);
        }
        let stats = stub_stats();
        assert!(stats.stubs >= 300 && stats.mapped_bytes > 64 * 1024, "{stats:?}");
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let blocks = |right| {
            let with = |l: &&str| l.contains("pinvoke-stubs") && l.split(' ').nth(1).unwrap().contains(right);
            maps.lines().filter(with).count()
        };
        assert_eq!(blocks('w'), 1, "only the block being filled is mapped writable:\n{maps}");
        assert!(blocks('x') > 1, "{maps}");
    });
}

#[test]
fn the_environment_forbids_stubs() {
    in_own_process("the_environment_forbids_stubs", &[("PINVOKE_NO_EXEC", "1")], || {
        assert_eq!(call_weigh(&prepare(WEIGH, Tier::Auto).unwrap()), Tier::Thunk);
        if cfg!(any(target_arch = "x86", target_arch = "riscv64")) {
            return;
        }
        let error = prepare(WEIGH, Tier::Stub).unwrap_err();
        assert!(
            matches!(error, CallError::Executable(ExecError::Forbidden(Forbidden::Environment))),
            "{error:?}"
        );
        assert_eq!(
            error.source().unwrap().to_string(),
            "generated code is forbidden in this process by the environment variable PINVOKE_NO_EXEC"
        );
    });
}

// About stubs, which 32-bit x86 and RISC-V have none of.
#[cfg(not(any(target_arch = "x86", target_arch = "riscv64")))]
#[test]
fn zero_in_the_environment_forbids_nothing() {
    in_own_process("zero_in_the_environment_forbids_nothing", &[("PINVOKE_NO_EXEC", "0")], || {
        assert_eq!(call_weigh(&prepare(WEIGH, Tier::Auto).unwrap()), Tier::Stub);
    });
}

// About stubs, which 32-bit x86 and RISC-V have none of.
#[cfg(not(any(target_arch = "x86", target_arch = "riscv64")))]
#[test]
fn the_program_forbids_stubs_from_then_on() {
    in_own_process("the_program_forbids_stubs_from_then_on", &[], || {
        let before = prepare(WEIGH, Tier::Auto).unwrap();
        pinvoke::call::forbid_stubs();
        assert_eq!(call_weigh(&before), Tier::Stub);
        assert_eq!(call_weigh(&prepare(WEIGH, Tier::Auto).unwrap()), Tier::Thunk);
        let error = prepare(WEIGH, Tier::Stub).unwrap_err();
        assert!(
            matches!(error, CallError::Executable(ExecError::Forbidden(Forbidden::Program))),
            "{error:?}"
        );
    });
}

// About stubs, which 32-bit x86 and RISC-V have none of.
#[cfg(not(any(target_arch = "x86", target_arch = "riscv64")))]
#[test]
fn a_forked_child_makes_stubs_of_its_own() {
    in_own_process("a_forked_child_makes_stubs_of_its_own", &[], || {
        let before = prepare(WEIGH, Tier::Stub).unwrap();
        // Both processes fill their blocks at the same time, with stubs in opposite order: were it one
        // block, they would tear each other's.
        let mut shapes: Vec<String> = shapes().take(100).collect();
        // SAFETY: no other thread of this process is inside the allocator or this library; the child ends
        // by _exit.
        let child = unsafe { libc::fork() };
        if child == 0 {
            shapes.reverse();
        }
        let made: Vec<PreparedCall> = shapes.iter().map(|s| prepare(s, Tier::Stub).unwrap()).collect();
        for _ in 0..3 {
            thread::sleep(std::time::Duration::from_millis(20));
            for call in made.iter().chain([&before]) {
                assert_eq!(call_weigh(call), Tier::Stub);
            }
        }
        if child == 0 {
            // SAFETY: ends the child at once. A panic above ends it with another status.
            unsafe { libc::_exit(0) };
        }
        let mut status = 0;
        // SAFETY: our own child.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
    });
}

#[test]
fn a_stack_too_small_ends_in_the_guard_page() {
    // A megabyte of arguments on a thread of 256 KiB: without touching page by page the call would write
    // over whatever lies below the thread's stack.
    let run = |tier: &'static str| {
        let program = std::env::current_exe().expect("this program has a path");
        Command::new(program)
            .args(["--exact", "overflowing_child", "--nocapture", "--include-ignored"])
            .env("PINVOKE_TEST_OVERFLOW", tier)
            .output()
            .expect("this program runs again")
    };
    for tier in support::tiers() {
        // On AArch64 only many arguments need so much stack, which are too many for a stub.
        if cfg!(target_arch = "aarch64") && *tier == Tier::Stub {
            continue;
        }
        let tier = if *tier == Tier::Stub { "stub" } else { "thunk" };
        let output = run(tier);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && errors.contains("overflowed its stack"), "{tier}: {errors}");
    }
}

#[test]
#[ignore = "the other half of a_stack_too_small_ends_in_the_guard_page"]
fn overflowing_child() {
    let Some(tier) = std::env::var_os("PINVOKE_TEST_OVERFLOW") else { return };
    let tier = if tier == "stub" { Tier::Stub } else { Tier::Thunk };
    let notation = if cfg!(target_arch = "aarch64") {
        format!("cdecl({})", vec!["{f64,f64,f64,f64}"; 31_250].join(","))
    } else if cfg!(target_arch = "riscv64") {
        format!("cdecl({})", vec!["{i64,i64}"; 62_500].join(","))
    } else {
        "cdecl({[u8;1000000]})".to_owned()
    };
    let call = prepare(&notation, tier).unwrap();
    extern "C" fn nothing() {}
    let body = move || {
        let record = Block::new(call.record_size(), 16, 0);
        let target = CodePtr::new(nothing as *const _).unwrap();
        // SAFETY: `nothing` looks at no argument.
        unsafe { call.invoke(target, record.at(), std::ptr::null_mut()) };
    };
    let thread = thread::Builder::new().stack_size(256 * 1024).spawn(body).unwrap();
    let _ = thread.join();
}
