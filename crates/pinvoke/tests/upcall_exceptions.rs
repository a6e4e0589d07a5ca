//! Exceptions of native code that meet a callback: real ones, of C++ and of the machine.
//!
//! The rule: an exception that is caught below a callback is nobody's business. One that would leave the closure
//! ends the process, with a report that names the callback. A fault of the machine stays what it is without us.
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "every call is to the C++ beside this file, as its type says"
)]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

#[path = "support/child.rs"]
mod child;

use core::ffi::{c_int, c_void};
use std::path::PathBuf;
use std::sync::OnceLock;

use pinvoke::call::{PreparedCall, Tier};
use pinvoke::dll_import;
use pinvoke::library::Library;
use pinvoke::native::CodePtr;
use pinvoke::upcall::{Declaration, DynamicCallback, ThreadRule, UpcallArgs, function};
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Target;

use child::{aborts_saying, child, is_child};

type Unary = unsafe extern "C" fn(c_int) -> c_int;
const VISIT: Declaration<Unary> = Declaration::new("visit");

type Throwing = unsafe extern "C-unwind" fn(c_int) -> c_int;

/// Built for these tests from `exceptions.cpp`.
#[cfg(windows)]
fn file() -> PathBuf {
    let folder = std::env::var_os("PINVOKE_WINDOWS_FIXTURES");
    PathBuf::from(folder.expect("set by `cargo xtask platform windows`")).join("exceptions.dll")
}

#[cfg(not(windows))]
fn file() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("libexceptions.so");
    if !is_child() {
        // Another run of these tests may do the same.
        let mine = folder.join(format!("exceptions-{}.so", std::process::id()));
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/exceptions.cpp");
        let mut compile = std::process::Command::new("g++");
        let status = compile.args(["-shared", "-fPIC", "-o"]).args([&mine, &source]).status();
        assert!(status.expect("g++ starts").success(), "g++ refuses {}", source.display());
        std::fs::rename(mine, &file).unwrap();
    }
    file
}

fn code(name: &str) -> CodePtr {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| Library::open(file()).unwrap());
    library.entry_point(name).unwrap().code()
}

fn throwing(name: &str) -> Throwing {
    unsafe { std::mem::transmute::<*const c_void, Throwing>(code(name).as_ptr()) }
}

/// Calls `f` from C++, with 5, which catches what it throws.
fn call_and_catch(f: Unary) -> c_int {
    type Calls = unsafe extern "C-unwind" fn(Unary, c_int) -> c_int;
    let calls = unsafe { std::mem::transmute::<*const c_void, Calls>(code("calls_and_catches").as_ptr()) };
    unsafe { calls(f, 5) }
}

/// The same by a call that is prepared at run time.
fn prepared(name: &str, tier: Tier) -> impl Fn(c_int) -> c_int {
    let signature = Signature::parse(Target::HOST, "cdecl(i32)->i32").unwrap();
    let (call, code) = (PreparedCall::with_tier(&signature, tier).unwrap(), code(name));
    move |n| {
        let (mut record, mut result) = ([n, 0, 0, 0], [0_i64; 2]);
        unsafe { call.invoke(code, record.as_mut_ptr().cast(), result.as_mut_ptr().cast()) };
        c_int::try_from(result[0] & 0xFFFF_FFFF).unwrap()
    }
}

#[test]
fn an_exception_caught_below_a_callback_is_nobodys_business() {
    let inner = throwing("catches_itself");
    let mut closure = |n: c_int| -> c_int { unsafe { inner(n) } };
    let callback = VISIT.scoped(&mut closure).unwrap();
    assert_eq!(call_and_catch(callback.function()), 6);
    drop(callback);
    for tier in [Tier::Thunk, Tier::Stub] {
        let none = cfg!(any(target_arch = "x86", target_arch = "riscv64"));
        if tier == Tier::Stub && (none || std::env::var_os("PINVOKE_TEST_REFUSED").is_some()) {
            continue;
        }
        let inner = prepared("catches_itself", tier);
        let mut closure = |n: c_int| -> c_int { inner(n) };
        let callback = VISIT.scoped(&mut closure).unwrap();
        assert_eq!(call_and_catch(callback.function()), 6);
    }
}

/// Every image of 32-bit Windows built by GNU's compilers has an unwinder of its own, which knows that image's frames
/// only: an exception that would leave a library ends the process there, before it meets the callback.
const ENDS_IN_ITS_IMAGE: bool = cfg!(all(windows, target_arch = "x86", target_env = "gnu"));

/// What a report of a callback says when an exception would leave it.
const WORDS: &[&str] =
    &["callback `visit`", "exception of another language", "caught by the native code below"];

/// Runs the body in a child, which has to end with these words.
fn ends_saying(test: &str, words: &[&str], body: impl FnOnce() -> c_int) {
    if is_child() {
        let result = body();
        unreachable!("C++ goes on, with {result}");
    }
    // It is built here, and once.
    code("throws");
    match ENDS_IN_ITS_IMAGE {
        true => aborts_saying(test, &["terminate called after throwing an instance of 'std::runtime_error'"]),
        false => aborts_saying(test, words),
    }
}

#[test]
fn an_exception_that_leaves_a_callback_ends_the_process() {
    ends_saying("an_exception_that_leaves_a_callback_ends_the_process", WORDS, || {
        let inner = throwing("throws");
        let mut closure = |n: c_int| -> c_int { unsafe { inner(n) } };
        call_and_catch(VISIT.scoped(&mut closure).unwrap().function())
    });
}

#[test]
fn so_does_one_that_comes_through_a_prepared_call() {
    ends_saying("so_does_one_that_comes_through_a_prepared_call", WORDS, || {
        let inner = prepared("throws", Tier::Thunk);
        let mut closure = |n: c_int| -> c_int { inner(n) };
        call_and_catch(VISIT.scoped(&mut closure).unwrap().function())
    });
}

#[test]
fn a_function_without_slot_is_named_by_its_closure() {
    let words = ["callback `upcall_exceptions::a_function_without_slot", "exception of another language"];
    ends_saying("a_function_without_slot_is_named_by_its_closure", &words, || {
        call_and_catch(function::<Unary, _>(|n: c_int| -> c_int { unsafe { throwing("throws")(n) } }))
    });
}

#[test]
fn so_does_one_whose_signature_comes_at_run_time() {
    ends_saying("so_does_one_whose_signature_comes_at_run_time", WORDS, || {
        let signature = Signature::parse(Target::HOST, "cdecl(i32)->i32").unwrap();
        let inner = throwing("throws");
        let body = move |call: &mut UpcallArgs<'_>| {
            let n = unsafe { inner(i32::from_le_bytes(call.bytes(0))) };
            call.answer(n.to_le_bytes());
        };
        let callback = DynamicCallback::new(&signature, "visit", body, ThreadRule::OwnThread).unwrap();
        call_and_catch(unsafe { std::mem::transmute::<*const c_void, Unary>(callback.code().as_ptr()) })
    });
}

/// What is declared without `-unwind` promises that nothing unwinds; the process ends where that is broken.
#[test]
fn an_exception_out_of_a_declared_import_ends_the_process() {
    #[dll_import("exceptions", search = [env!("CARGO_TARGET_TMPDIR")])]
    unsafe extern "C" {
        fn throws(n: c_int) -> c_int;
    }
    ends_saying("an_exception_out_of_a_declared_import_ends_the_process", &[], || {
        let mut closure = |n: c_int| -> c_int { unsafe { throws(n) } };
        // It is bound while nothing is thrown.
        assert_eq!((code("throws").addr() != 0, closure(-1)), (true, -1));
        call_and_catch(VISIT.scoped(&mut closure).unwrap().function())
    });
}

/// A fault is not turned into anything else: who watches the process sees what it would see without callbacks.
#[test]
fn a_fault_in_a_callback_stays_a_fault() {
    if is_child() {
        let inner = throwing("reads_address_16");
        let mut closure = |n: c_int| -> c_int { unsafe { inner(n) } };
        call_and_catch(VISIT.scoped(&mut closure).unwrap().function());
    }
    code("throws");
    let status = child("a_fault_in_a_callback_stays_a_fault").status;
    #[cfg(unix)]
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGSEGV));
    // STATUS_ACCESS_VIOLATION
    #[cfg(windows)]
    assert_eq!(status.code().map(i32::cast_unsigned), Some(0xC000_0005));
}
