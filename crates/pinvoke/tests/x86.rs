//! What only 32-bit x86 has: four conventions that differ in who removes arguments from the stack, floating point
//! numbers that return on the x87 stack, and a stack that shows if a function is declared with a convention not its own.
#![cfg(all(target_arch = "x86", any(target_os = "linux", windows)))]
#![allow(
    clippy::unwrap_used,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test fails by panicking; every call is to code of this file, in Rust or in C"
)]

mod support;

use core::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pinvoke::call::{PreparedCall, Tier, typed};
use pinvoke::downcall::{Arg, CallError, Downcall, DowncallOptions};
use pinvoke::native::CodePtr;
use pinvoke::upcall::{Declaration, DynamicCallback, ThreadRule};
use pinvoke::value::Value;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;

use support::{Block, CLibrary};

/// One function per convention and kind; each weighs its arguments, so that none can take another's place.
const SOURCE: &str = r"
typedef struct { int a, b, c; } triple;
#define CONVENTION(conv) \
    __attribute__((conv)) int ints_##conv(int a, int b, int c, int d) { return a + 10 * b + 100 * c + 1000 * d; } \
    __attribute__((conv)) long long wide_##conv(int a, int b, long long c) { return c * 10 + a + b; } \
    __attribute__((conv)) float float_##conv(int a, float b, int c) { return b * 2 + a + c; } \
    __attribute__((conv)) double double_##conv(double a, int b) { return a / b; } \
    __attribute__((conv)) triple triple_##conv(int a, int b, triple c) { c.a += a, c.b += b; return c; } \
    __attribute__((conv)) int back_##conv(int (__attribute__((conv)) *f)(int, int, short), int n) { \
        int sum = 0; for (int i = 0; i < n; i++) sum += f(i, 2 * i, -i); return sum; } \
    __attribute__((conv)) double back_double_##conv(double (__attribute__((conv)) *f)(int, double), int n) { \
        double sum = 0; for (int i = 0; i < n; i++) sum += f(i, 0.5); return sum; } \
    __attribute__((conv)) int back_triple_##conv(triple (__attribute__((conv)) *f)(int, int, int), int n) { \
        triple t = f(n, n + 1, n + 2); return t.a + 10 * t.b + 100 * t.c; }
CONVENTION(cdecl)
CONVENTION(stdcall)
CONVENTION(fastcall)
CONVENTION(thiscall)
long double extended(long double x) { return x / 3; }
";

fn library() -> &'static CLibrary {
    static LIBRARY: std::sync::OnceLock<CLibrary> = std::sync::OnceLock::new();
    LIBRARY.get_or_init(|| CLibrary::compile("x86", SOURCE, &["-O1", "-w"]))
}

/// Calls `code` with these arguments; the bytes of its result.
fn call(notation: &str, code: CodePtr, args: &[&[u8]]) -> Vec<u8> {
    let signature: Signature = notation.parse().unwrap();
    let call = PreparedCall::new(&signature).unwrap();
    assert_eq!(call.tier(), Tier::Thunk, "there are no stubs here");
    let record = Block::new(call.record_size(), call.record_align(), 0xA5);
    let ret = Block::new(call.ret_size().next_multiple_of(16), call.ret_align(), 0x5A);
    for (i, arg) in args.iter().enumerate() {
        record.write(call.arg_offset(i), arg);
    }
    unsafe { call.invoke(code, record.at(), ret.at()) };
    ret.read(0, call.ret_size())
}

#[test]
fn every_convention_is_called() {
    let i = i32::to_le_bytes;
    for conv in ["cdecl", "stdcall", "fastcall", "thiscall"] {
        let code = |kind: &str| library().code(&format!("{kind}_{conv}"));
        let notation = |rest: &str| format!("{conv}{rest}");
        let result = call(&notation("(i32,i32,i32,i32)->i32"), code("ints"), &[&i(1), &i(2), &i(3), &i(4)]);
        assert_eq!(result, i(4321), "{conv}");
        let wide = (1_i64 << 40).to_le_bytes();
        let result = call(&notation("(i32,i32,i64)->i64"), code("wide"), &[&i(-1), &i(3), &wide]);
        assert_eq!(result, (10 * (1_i64 << 40) + 2).to_le_bytes(), "{conv}");
        let result =
            call(&notation("(i32,f32,i32)->f32"), code("float"), &[&i(1), &0.25_f32.to_le_bytes(), &i(2)]);
        assert_eq!(result, 3.5_f32.to_le_bytes(), "{conv}");
        let result = call(&notation("(f64,i32)->f64"), code("double"), &[&1.0_f64.to_le_bytes(), &i(3)]);
        assert_eq!(result, (1.0_f64 / 3.0).to_le_bytes(), "{conv}");
        let triple = [i(10), i(20), i(30)].concat();
        let result = call(
            &notation("(i32,i32,{i32,i32,i32})->{i32,i32,i32}"),
            code("triple"),
            &[&i(1), &i(2), &triple],
        );
        assert_eq!(result, [i(11), i(22), i(30)].concat(), "{conv}");
    }
    // Ten bytes of a third of three: one, with an integer bit.
    let three = [0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0x40];
    let result = call("cdecl(f80)->f80", library().code("extended"), &[&three]);
    assert_eq!(result[..10], [0, 0, 0, 0, 0, 0, 0, 0x80, 0xFF, 0x3F]);
}

#[test]
fn every_convention_calls_back() {
    for conv in ["cdecl", "stdcall", "fastcall", "thiscall"] {
        let code = |kind: &str| library().code(&format!("{kind}_{conv}"));
        let callback = |rest: &str, handler: fn(&mut pinvoke::upcall::UpcallArgs<'_>)| {
            let signature: Signature = format!("{conv}{rest}").parse().unwrap();
            DynamicCallback::new(&signature, "back", handler, ThreadRule::OwnThread).unwrap()
        };
        let back = |kind: &str, ret: &str, callback: &DynamicCallback| {
            let address = callback.code().addr().to_le_bytes();
            call(&format!("{conv}(ptr,i32)->{ret}"), code(kind), &[&address, &100_i32.to_le_bytes()])
        };
        let sum = callback("(i32,i32,i16)->i32", |args| {
            let sum = i32::from_le_bytes(args.bytes(0)) + i32::from_le_bytes(args.bytes(1));
            args.answer((sum + i32::from(i16::from_le_bytes(args.bytes(2)))).to_le_bytes());
        });
        assert_eq!(back("back", "i32", &sum), (2 * 4950_i32).to_le_bytes(), "{conv}");
        let product = callback("(i32,f64)->f64", |args| {
            let product = f64::from(i32::from_le_bytes(args.bytes(0))) * f64::from_le_bytes(args.bytes(1));
            args.answer(product.to_le_bytes());
        });
        assert_eq!(back("back_double", "f64", &product), 2475.0_f64.to_le_bytes(), "{conv}");
        let triple = callback("(i32,i32,i32)->{i32,i32,i32}", |args| {
            let members = [args.arg(2), args.arg(1), args.arg(0)].concat();
            args.ret().copy_from_slice(&members);
        });
        assert_eq!(back("back_triple", "i32", &triple), (102 + 1010 + 10000_i32).to_le_bytes(), "{conv}");
    }
}

#[test]
fn closures_have_every_convention() {
    macro_rules! convention {
        ($conv:literal, $notation:literal) => {{
            type Add = unsafe extern $conv fn(c_int, c_int, i16) -> c_int;
            static ADD: Declaration<Add> = Declaration::new("add");
            let mut calls = 0;
            let mut add = |a: c_int, b: c_int, c: i16| -> c_int {
                calls += 1;
                a + b + c_int::from(c)
            };
            let callback = ADD.scoped(&mut add).unwrap();
            type Back = unsafe extern $conv fn(Add, c_int) -> c_int;
            let signature: Signature = concat!($notation, "(ptr,i32)->i32").parse().unwrap();
            let code = library().code(concat!("back_", $notation));
            let back = typed::<Back>(&signature, code).unwrap();
            assert_eq!(unsafe { back(callback.function(), 10) }, 90, $notation);
            drop(callback);
            assert_eq!(calls, 10);
        }};
    }
    convention!("C", "cdecl");
    convention!("stdcall", "stdcall");
    convention!("fastcall", "fastcall");
    convention!("thiscall", "thiscall");
}

#[test]
fn a_wrong_convention_shows_at_the_stack() {
    let i = i32::to_le_bytes;
    let four = [&i(1)[..], &i(2), &i(3), &i(4)];
    let message = |notation: &str, name: &str, args: &[&[u8]]| {
        let code = library().code(name);
        let panic = catch_unwind(AssertUnwindSafe(|| call(notation, code, args))).unwrap_err();
        panic.downcast_ref::<String>().expect("a message").clone()
    };
    assert_eq!(
        message("cdecl(i32,i32,i32,i32)->i32", "ints_stdcall", &four),
        "the function has removed 16 bytes of arguments from the stack, where its declaration says 0: \
         probably it is a stdcall function (`WINAPI`) that is declared cdecl"
    );
    assert_eq!(
        message("stdcall(i32,i32,i32,i32)->i32", "ints_cdecl", &four),
        "the function has removed 0 bytes of arguments from the stack, where its declaration says 16: \
         probably it is a cdecl function that is declared stdcall"
    );
    assert_eq!(
        message("stdcall(i32,i32,i32)->i32", "ints_stdcall", &four[..3]),
        "the function has removed 16 bytes of arguments from the stack, where its declaration says 12: \
         its convention or its arguments are declared wrong"
    );
    // The stack was put right each time.
    assert_eq!(call("cdecl(i32,i32,i32,i32)->i32", library().code("ints_cdecl"), &four), i(4321));
}

#[test]
fn a_wrong_convention_of_a_prototype_is_an_error_that_has_the_result() {
    let mut unit = Unit::new(Target::HOST);
    let function = unit.parse_prototype("int ints(int a, int b, int c, int d);").unwrap();
    let code = library().code("ints_stdcall");
    let wrong = Downcall::at(&function, code, DowncallOptions::default()).unwrap();
    let args: Vec<Arg> = [1, 2, 3, 4].map(|n| Arg::Value(Value::Int(n))).into();
    let error = unsafe { wrong.call(&args) }.unwrap_err();
    assert_eq!(error.to_string(), "'int ints(int a, int b, int c, int d)' does not describe the function");
    let CallError::Convention { source, outcome, .. } = error else { panic!("{error:?}") };
    assert_eq!((source.expected, source.removed), (0, 16));
    assert_eq!(outcome.ret, Value::Int(4321));
}

#[test]
fn there_are_no_stubs_and_nobody_asks_for_memory_for_them() {
    let signature: Signature = "cdecl()->i32".parse().unwrap();
    let error = PreparedCall::with_tier(&signature, Tier::Stub).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no stub can be generated for this signature; the invoke thunk (`Tier::Thunk`) can call it"
    );
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no stubs are made for 32-bit x86");
}

// `tests/windows` has it for DLLs.
#[cfg(unix)]
#[test]
fn a_64_bit_library_is_named_as_such() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = directory.join("libsixtyfour.so");
    let source = directory.join("libsixtyfour.c");
    std::fs::write(&source, "int answer(void) { return 1; }").unwrap();
    let mut compile = std::process::Command::new("gcc");
    // Whatever the compiler of this target is told first; the last word counts.
    let compiled =
        compile.args(["-m64", "-shared", "-fPIC", "-nostdlib", "-o"]).args([&file, &source]).status();
    assert!(compiled.unwrap().success());
    let failure = pinvoke::library::Library::open(&file).unwrap_err().to_string();
    assert!(
        failure.contains("is for the wrong architecture: x86-64, while this process is 32-bit x86")
            && failure.contains("install the 32-bit x86 build of the library"),
        "{failure}"
    );
}
