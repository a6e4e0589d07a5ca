//! What only 32-bit Windows has: functions that remove their own arguments, and names that say how many.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pinvoke::abi::signature::Signature;
use pinvoke::abi::target::Target;
use pinvoke::call::PreparedCall;
use pinvoke::entry_point::{Decoration, EntryPointOptions};
use pinvoke::library::Library;
use pinvoke::native::{CodePtr, NativeType};
use pinvoke::upcall::{DynamicCallback, ThreadRule, UpcallArgs, function};
use pinvoke::{Error, Function, callback, dll_import};

use super::fixtures;

fn library() -> Library {
    Library::open(fixtures().join("conventions.dll")).unwrap()
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
    let library = Library::open(fixtures().join("decorated.dll")).unwrap();
    let options =
        EntryPointOptions { decoration: Some(Decoration::stdcall(&[4, 4])), ..EntryPointOptions::default() };
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, NativeType)]
#[repr(C)]
struct Triple {
    a: i32,
    b: i32,
    c: i32,
}

/// Its exports are as the linker made them: `decorated@8` and so on, and no plain name.
#[dll_import("linked", char_set = Unicode)]
unsafe extern "system" {
    safe fn decorated(a: i32, b: i32) -> i32;
    safe fn nothing() -> i32;
    safe fn narrow_and_wide(a: i8, b: i64, c: f32, d: Triple) -> Triple;
    safe fn length(text: &str) -> i32;
    safe fn called_back(visit: impl FnMut(i32, UserData) -> i32, data: UserData, changed: &mut i32) -> i32;
    fn generic<T>(start: *const T, count: i32) -> i32;
    #[dll_import(preserve_sig = false)]
    safe fn result_behind(a: i32) -> Result<i32, Error>;
    #[dll_import(convention = FastCall)]
    safe fn quick(a: i32, b: i32, c: i16) -> i32;
    #[dll_import(entry_point = "decorated", optional)]
    safe fn three_instead_of_two(a: i32, b: i32, c: i32) -> Option<i32>;
}

#[test]
fn declared_imports_find_decorated_names() {
    // The loader knows a loaded library by its name.
    let library = Library::open(fixtures().join("linked.dll")).unwrap();
    assert!(library.entry_point("decorated").is_err());
    assert_eq!(decorated(3, 4), 34);
    assert_eq!(nothing(), 17);
    let d = Triple { a: 10, b: 20, c: 30 };
    assert_eq!(narrow_and_wide(-1, 2, 0.75, d), Triple { a: 9, b: 22, c: 33 });
    assert_eq!(length("Grüße"), 5);
    let mut changed = 0;
    assert_eq!(called_back(|n| n + 1, &mut changed), 21);
    assert_eq!(changed, 21);
    assert_eq!(unsafe { generic(b"abc".as_ptr(), 2) }, i32::from(b'b'));
    assert_eq!(result_behind(41).unwrap(), 42);
    assert_eq!(quick(1, 2, 3), 321);
    assert_eq!(three_instead_of_two(1, 2, 3), None, "the name says how many bytes there are");
}

/// A closure has the convention of the function that it is given to.
#[dll_import("conventions")]
unsafe extern "C" {
    safe fn back_cdecl(f: impl FnMut(i32, i32, i16) -> i32, n: i32) -> i32;
    #[dll_import(convention = StdCall)]
    safe fn back_stdcall(f: impl FnMut(i32, i32, i16) -> i32, n: i32) -> i32;
    #[dll_import(convention = FastCall)]
    safe fn back_fastcall(f: impl FnMut(i32, i32, i16) -> i32, n: i32) -> i32;
    #[dll_import(convention = ThisCall)]
    safe fn back_thiscall(f: impl FnMut(i32, i32, i16) -> i32, n: i32) -> i32;
    #[dll_import(entry_point = "back_stdcall", convention = StdCall)]
    safe fn back_by_type(f: Function<'_, Back>, n: i32) -> i32;
}

#[callback]
type Back = unsafe extern "stdcall" fn(a: i32, b: i32, c: i16) -> i32;

#[test]
fn closures_of_declared_imports_have_their_convention() {
    library();
    let sum = |a: i32, b: i32, c: i16| -> i32 { a + b + i32::from(c) };
    let expected = 2 * 4950;
    for _ in 0..100 {
        assert_eq!(
            [back_cdecl(sum, 100), back_stdcall(sum, 100), back_fastcall(sum, 100), back_thiscall(sum, 100)],
            [expected; 4]
        );
    }
    let registered = Back::owned(sum).unwrap();
    assert_eq!(back_by_type(registered.function(), 100), expected);
    assert_eq!(back_by_type(Back::function(|a, b, c| a + b + i32::from(c)), 100), expected);
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
