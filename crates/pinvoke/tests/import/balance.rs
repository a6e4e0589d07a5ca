//! What only 32-bit x86 has: a function that is declared with a convention which is not its own leaves the stack pointer
//! elsewhere. That is reported with the function's name and ends the process, for the frame of the caller is lost.

use std::sync::Once;

use pinvoke::{Error, Function, callback, dll_import};

use crate::compiled;
use crate::native_callbacks::{aborts_saying, is_child};

fn compile() {
    static COMPILED: Once = Once::new();
    // A child loads what its parent has compiled.
    COMPILED.call_once(|| {
        if !is_child() {
            compiled::compile("balance");
        }
    });
}

/// As they are.
#[dll_import("balance", search = [directory!()])]
unsafe extern "C" {
    safe fn balance_four_cdecl(a: i32, b: i32, c: i32, d: i32) -> i32;
    safe fn balance_half_cdecl(x: f64) -> f64;
    #[dll_import(convention = StdCall)]
    safe fn balance_four_stdcall(a: i32, b: i32, c: i32, d: i32) -> i32;
    #[dll_import(convention = StdCall)]
    safe fn balance_half_stdcall(x: f64) -> f64;
    #[dll_import(convention = FastCall)]
    safe fn balance_four_fastcall(a: i32, b: i32, c: i32, d: i32) -> i32;
    safe fn balance_handed_out() -> Function<'static, Four>;
}

#[callback(callable)]
type Four = unsafe extern "stdcall" fn(a: i32, b: i32, c: i32, d: i32) -> i32;

/// As they are not.
mod wrong {
    use super::*;

    #[dll_import("balance", search = [directory!()])]
    unsafe extern "C" {
        #[dll_import(entry_point = "balance_four_stdcall")]
        pub(super) safe fn stdcall_as_cdecl(a: i32, b: i32, c: i32, d: i32) -> i32;
        #[dll_import(entry_point = "balance_half_stdcall")]
        pub(super) safe fn double_as_cdecl(x: f64) -> f64;
        // Tests and does not go through a binder.
        #[dll_import(entry_point = "balance_four_stdcall")]
        pub(super) safe fn checked(a: i32, b: i32, c: i32, d: i32) -> Result<i32, Error>;
        #[dll_import(entry_point = "balance_text_stdcall", set_last_error = true)]
        pub(super) safe fn text_as_cdecl(text: &str, n: i32) -> i32;
        #[dll_import(entry_point = "balance_four_stdcall")]
        pub(super) safe fn variadic(a: i32, b: i32, ...) -> i32;
        #[dll_import(entry_point = "balance_four_fastcall")]
        pub(super) safe fn fastcall_as_cdecl(a: i32, b: i32, c: i32, d: i32) -> i32;
        #[dll_import(entry_point = "balance_four_cdecl", convention = StdCall)]
        pub(super) safe fn cdecl_as_stdcall(a: i32, b: i32, c: i32, d: i32) -> i32;
        #[dll_import(entry_point = "balance_text_cdecl", convention = StdCall)]
        pub(super) safe fn text_as_stdcall(text: &str, n: i32) -> i32;
        #[dll_import(entry_point = "balance_four_cdecl", convention = FastCall)]
        pub(super) safe fn cdecl_as_fastcall(a: i32, b: i32, c: i32, d: i32) -> i32;
        #[dll_import(entry_point = "balance_four_stdcall", convention = StdCall)]
        pub(super) safe fn two_of_four(a: i32, b: i32) -> i32;
        #[dll_import(entry_point = "balance_handed_out")]
        pub(super) safe fn handed_out() -> Function<'static, CdeclFour>;
    }

    #[callback(callable)]
    pub(super) type CdeclFour = unsafe extern "C" fn(a: i32, b: i32, c: i32, d: i32) -> i32;
}

#[test]
fn right_declarations_are_left_alone() {
    compile();
    for _ in 0..2 {
        assert_eq!(balance_four_cdecl(1, 2, 3, 4), 4321);
        assert_eq!(balance_four_stdcall(1, 2, 3, 4), 4321);
        assert_eq!(balance_four_fastcall(1, 2, 3, 4), 4321);
        assert_eq!((balance_half_cdecl(0.5), balance_half_stdcall(0.5)), (0.25, 0.25));
        assert_eq!(unsafe { balance_handed_out().call(1, 2, 3, 4) }, 4321);
    }
}

/// Runs the test of this name again, in a child that makes the call and must end with a report of this function
/// of the library.
fn reports<R>(test: &str, call: impl FnOnce() -> R, function: &str, found: &str) {
    reports_of(test, call, &format!("the function `{function}` of the library \"balance\""), found);
}

fn reports_of<R>(test: &str, call: impl FnOnce() -> R, function: &str, found: &str) {
    compile();
    if is_child() {
        call();
        unreachable!("it returned");
    }
    let function = format!("pinvoke: {function}, declared `extern ");
    aborts_saying(&format!("balance::{test}"), &[&function, found, "the process is aborted"]);
}

const STDCALL: &str =
    "probably it is a stdcall function (`WINAPI`): declare it `extern \"stdcall\"`, or `extern \"system\"`";

#[test]
fn a_stdcall_function_declared_cdecl() {
    let found =
        format!("`extern \"C\"`, has removed 16 bytes from the stack that it should have left: {STDCALL}");
    let call = || wrong::stdcall_as_cdecl(1, 2, 3, 4);
    reports("a_stdcall_function_declared_cdecl", call, "balance_four_stdcall", &found);
}

#[test]
fn a_function_with_a_result_on_the_x87_stack() {
    let found = format!("has removed 8 bytes from the stack that it should have left: {STDCALL}");
    let call = || wrong::double_as_cdecl(0.5);
    reports("a_function_with_a_result_on_the_x87_stack", call, "balance_half_stdcall", &found);
}

#[test]
fn a_function_bound_before_its_call() {
    let call = || wrong::checked(1, 2, 3, 4);
    reports("a_function_bound_before_its_call", call, "balance_four_stdcall", "has removed 16 bytes");
}

#[test]
fn a_function_whose_last_error_is_captured() {
    let call = || wrong::text_as_cdecl("cats", 1);
    reports("a_function_whose_last_error_is_captured", call, "balance_text_stdcall", "has removed 8 bytes");
}

#[test]
fn a_function_declared_variadic() {
    let call = || wrong::variadic(1, 2, (3, 4));
    reports("a_function_declared_variadic", call, "balance_four_stdcall", "has removed 16 bytes");
}

#[test]
fn a_fastcall_function_declared_cdecl() {
    let call = || wrong::fastcall_as_cdecl(1, 2, 3, 4);
    reports("a_fastcall_function_declared_cdecl", call, "balance_four_fastcall", "has removed 8 bytes");
}

const CDECL: &str = "probably it is a cdecl function: declare it `extern \"C\"`";

#[test]
fn a_cdecl_function_declared_stdcall() {
    let found =
        format!("`extern \"stdcall\"`, has left 16 bytes on the stack that it should have removed: {CDECL}");
    let call = || wrong::cdecl_as_stdcall(1, 2, 3, 4);
    reports("a_cdecl_function_declared_stdcall", call, "balance_four_cdecl", &found);
}

#[test]
fn a_cdecl_function_with_text_declared_stdcall() {
    let found = format!("has left 8 bytes on the stack that it should have removed: {CDECL}");
    let call = || wrong::text_as_stdcall("cats", 1);
    reports("a_cdecl_function_with_text_declared_stdcall", call, "balance_text_cdecl", &found);
}

#[test]
fn a_cdecl_function_declared_fastcall() {
    let found =
        format!("`extern \"fastcall\"`, has left 8 bytes on the stack that it should have removed: {CDECL}");
    let call = || wrong::cdecl_as_fastcall(1, 2, 3, 4);
    reports("a_cdecl_function_declared_fastcall", call, "balance_four_cdecl", &found);
}

#[test]
fn a_stdcall_function_with_more_arguments() {
    let found = "has removed 8 bytes from the stack that it should have left: it has more arguments than are declared";
    let call = || wrong::two_of_four(1, 2);
    reports("a_stdcall_function_with_more_arguments", call, "balance_four_stdcall", found);
}

#[test]
fn a_function_that_native_code_handed_out() {
    let call = || unsafe { wrong::handed_out().call(1, 2, 3, 4) };
    let found = format!("has removed 16 bytes from the stack that it should have left: {STDCALL}");
    reports_of("a_function_that_native_code_handed_out", call, "a function of the type `CdeclFour`", &found);
}
