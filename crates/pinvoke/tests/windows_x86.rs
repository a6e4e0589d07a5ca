//! Windows on 32-bit x86: functions that remove their own arguments, names that say how many, windows that call back so.
//!
//! `cargo xtask platform windows-x86` builds what the tests load and runs them under Wine.
#![cfg(all(windows, target_arch = "x86"))]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "tests call functions whose arguments they show"
)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pinvoke::abi::signature::Signature;
use pinvoke::abi::target::Target;
use pinvoke::call::PreparedCall;
use pinvoke::dll_import;
use pinvoke::entry_point::EntryPointOptions;
use pinvoke::library::Library;
use pinvoke::native::{CodePtr, NativeType};
use pinvoke::upcall::{Declaration, DynamicCallback, ThreadRule, UpcallArgs, function};

type Hwnd = *mut c_void;

fn fixture(name: &str) -> String {
    let folder = std::env::var("PINVOKE_WINDOWS_FIXTURES").expect("`cargo xtask platform` sets it");
    format!("{folder}\\{name}")
}

fn library() -> Library {
    Library::open(fixture("conventions.dll")).unwrap()
}

/// Calls `code` with these arguments; the bytes of its result.
fn call(notation: &str, code: CodePtr, args: &[&[u8]]) -> Vec<u8> {
    let signature = Signature::parse(Target::HOST, notation).unwrap();
    let call = PreparedCall::new(&signature).unwrap();
    let mut record = vec![0_u128; call.record_size() / 16 + 1];
    let mut ret = vec![0_u128; call.ret_size() / 16 + 1];
    let start = record.as_mut_ptr().cast::<u8>();
    for (i, arg) in args.iter().enumerate() {
        unsafe { start.add(call.arg_offset(i)).copy_from_nonoverlapping(arg.as_ptr(), arg.len()) };
    }
    unsafe { call.invoke(code, start, ret.as_mut_ptr().cast()) };
    let bytes = ret.iter().flat_map(|word| word.to_le_bytes());
    bytes.take(call.ret_size()).collect()
}

const CONVENTIONS: [&str; 4] = ["cdecl", "stdcall", "fastcall", "thiscall"];

#[test]
fn every_convention_is_called() {
    let library = library();
    let i = i32::to_le_bytes;
    for conv in CONVENTIONS {
        let code = |kind: &str| library.entry_point(&format!("{kind}_{conv}")).unwrap().code();
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
        let result = call(&notation("(i32,i32)->{i32,i32}"), code("pair"), &[&i(7), &i(8)]);
        assert_eq!(result, [i(7), i(8)].concat(), "{conv}: two words come in registers");
        let triple = [i(10), i(20), i(30)].concat();
        let result = call(
            &notation("(i32,i32,{i32,i32,i32})->{i32,i32,i32}"),
            code("triple"),
            &[&i(1), &i(2), &triple],
        );
        assert_eq!(result, [i(11), i(22), i(30)].concat(), "{conv}");
    }
}

#[test]
fn every_convention_calls_back() {
    let library = library();
    for conv in CONVENTIONS {
        let code = |kind: &str| library.entry_point(&format!("{kind}_{conv}")).unwrap().code();
        let callback = |rest: &str, handler: fn(&mut UpcallArgs<'_>)| {
            let signature = Signature::parse(Target::HOST, &format!("{conv}{rest}")).unwrap();
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
fn names_may_say_how_many_bytes_a_function_removes() {
    // As Microsoft's compiler exports it: `_decorated@8`.
    let library = Library::open(fixture("decorated.dll")).unwrap();
    let options = EntryPointOptions { stdcall_bytes: Some(8), ..EntryPointOptions::default() };
    let found = library.entry_point_with("decorated", &options).unwrap();
    let i = i32::to_le_bytes;
    assert_eq!(call("stdcall(i32,i32)->i32", found.code(), &[&i(3), &i(4)]), i(34));
}

#[test]
fn a_wrong_convention_shows_at_the_stack() {
    let code = library().entry_point("ints_stdcall").unwrap().code();
    let i = i32::to_le_bytes;
    let wrong = || call("cdecl(i32,i32,i32,i32)->i32", code, &[&i(1), &i(2), &i(3), &i(4)]);
    let panic = catch_unwind(AssertUnwindSafe(wrong)).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<String>().unwrap(),
        "the function has removed 16 bytes of arguments from the stack, where its declaration says 0: \
         probably it is a stdcall function (`WINAPI`) that is declared cdecl"
    );
}

#[test]
fn a_64_bit_library_is_named_as_such() {
    let failure = Library::open(fixture("x64.dll")).unwrap_err().to_string();
    assert!(
        failure.contains("is for the wrong architecture: x86-64, while this process is 32-bit x86"),
        "{failure}"
    );
}

#[dll_import("msvcrt")]
unsafe extern "C" {
    fn qsort(base: *mut i32, count: usize, size: usize, compare: impl FnMut(&i32, &i32) -> i32);
}

#[test]
fn qsort_of_msvcrt_takes_a_cdecl_closure() {
    let mut numbers: Vec<i32> = (0..1000).map(|n| n * 7919 % 1000).collect();
    let mut calls = 0;
    let compare = |a: &i32, b: &i32| {
        calls += 1;
        a - b
    };
    unsafe { qsort(numbers.as_mut_ptr(), numbers.len(), 4, compare) };
    assert!(numbers.is_sorted() && calls > 1000);
}

#[dll_import("user32", char_set = Auto)]
unsafe extern "system" {
    safe fn EnumWindows(each: impl FnMut(Hwnd, isize) -> pinvoke::marshal::Bool32, param: isize) -> i32;
    safe fn IsWindow(window: Hwnd) -> i32;
    safe fn CreateWindowEx(
        style: u32,
        class: &str,
        title: &str,
        flags: u32,
        x: i32,
        y: i32,
        width: i32,
        height: i32,
        parent: Hwnd,
        menu: Hwnd,
        instance: Hwnd,
        param: isize,
    ) -> Hwnd;
    fn DestroyWindow(window: Hwnd) -> i32;
    fn SendMessage(window: Hwnd, message: u32, w: usize, l: isize) -> isize;
    fn DefWindowProc(window: Hwnd, message: u32, w: usize, l: isize) -> isize;
    fn RegisterClass(class: *const WindowClass) -> u16;
}

type Procedure = unsafe extern "system" fn(Hwnd, u32, usize, isize) -> isize;

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct WindowClass {
    style: u32,
    procedure: Option<CodePtr>,
    class_extra: c_int,
    window_extra: c_int,
    instance: Hwnd,
    icon: Hwnd,
    cursor: Hwnd,
    background: Hwnd,
    menu: *const u16,
    name: *const u16,
}

#[test]
fn a_window_procedure_is_a_closure_and_enum_windows_finds_the_window() {
    static PROCEDURE: Declaration<Procedure> = Declaration::new("window procedure");
    let null = std::ptr::null_mut();
    let seen = std::rc::Rc::new(std::cell::Cell::new(0));
    let count = seen.clone();
    let procedure = PROCEDURE
        .owned(move |window: Hwnd, message: u32, w: usize, l: isize| -> isize {
            if message == 0x0400 {
                count.set(count.get() + 1);
                return (w * 2).cast_signed() + l;
            }
            unsafe { DefWindowProc(window, message, w, l) }
        })
        .unwrap();
    let name: Vec<u16> = "pinvoke x86\0".encode_utf16().collect();
    let class = WindowClass {
        style: 0,
        procedure: Some(procedure.code()),
        class_extra: 0,
        window_extra: 0,
        instance: null,
        icon: null,
        cursor: null,
        background: null,
        menu: std::ptr::null(),
        name: name.as_ptr(),
    };
    assert_ne!(unsafe { RegisterClass(&raw const class) }, 0);
    let window = CreateWindowEx(0, "pinvoke x86", "Grüße", 0x00CF_0000, 0, 0, 100, 100, null, null, null, 0);
    assert!(!window.is_null());
    assert_eq!(unsafe { SendMessage(window, 0x0400, 20, 2) }, 42);
    assert_eq!(seen.get(), 1);
    let mut found = false;
    let each = |each: Hwnd, param: isize| {
        assert_eq!(param, 77);
        found |= each == window;
        true.into()
    };
    assert_ne!(EnumWindows(each, 77), 0);
    assert!(found && IsWindow(window) != 0);
    assert_ne!(unsafe { DestroyWindow(window) }, 0);
}

#[test]
fn a_closure_that_captures_nothing_is_a_stdcall_function() {
    type Add = unsafe extern "stdcall" fn(c_int, c_int) -> c_int;
    let add: extern "stdcall" fn(c_int, c_int) -> c_int =
        function::<Add, _>(|a: c_int, b: c_int| -> c_int { a - b });
    assert_eq!(add(44, 2), 42);
    let code = CodePtr::new(add as *const c_void).unwrap();
    let i = i32::to_le_bytes;
    assert_eq!(call("stdcall(i32,i32)->i32", code, &[&i(44), &i(2)]), i(42));
}
