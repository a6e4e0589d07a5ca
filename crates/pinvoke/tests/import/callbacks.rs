//! Closures as parameters: conversion, refusal, panics, the last error.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};

use pinvoke::marshal::{Free, Marshal, Out, Owned, Reason, Utf8};
use pinvoke::native::CodePtr;
use pinvoke::upcall::lookup;
use pinvoke::{Error, Function, LastError, dll_import};

use crate::native_callbacks::{aborts_saying, is_child, library};

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    fn each(n: i32, visit: impl FnMut(i32) -> i32) -> i32;
    fn maybe(visit: Option<impl FnMut(i32) -> i32>) -> i32;
    fn texts(list: &[&str], n: i32, visit: impl FnMut(&str, &mut i32) -> i32) -> i32;
    fn rows(
        row: impl FnMut(UserData, i32, Counted<&[Option<&str>], 0>, Counted<&[String], 0>) -> i32,
        user: UserData,
        columns: i32,
    ) -> Result<i32, Error>;
    fn fill(f: impl FnMut(Counted<&mut [i32], 1>, i16), values: &mut [i32; 4], n: i16) -> i32;
    fn two(
        a: impl FnMut(UserData, i32) -> i32,
        #[user_data_of(a)] of_a: UserData,
        b: impl FnMut(i32, UserData) -> i32,
        #[user_data_of(b)] of_b: UserData,
    ) -> i32;
}

#[test]
fn arguments_and_results_are_converted() {
    library();
    let mut seen = Vec::new();
    let stopped = unsafe {
        each(10, |n| {
            seen.push(n);
            if n == 3 { 42 } else { 0 }
        })
    };
    assert_eq!((stopped, seen), (42, vec![0, 1, 2, 3]));
    let mut all = String::new();
    let sum = unsafe {
        texts(&["a", "grüße", ""], 3, |text, last| {
            all += text;
            *last += 1;
            i32::try_from(text.len()).unwrap()
        })
    };
    assert_eq!((sum, all.as_str()), (8003, "agrüße"));
}

#[test]
fn no_closure_is_null() {
    library();
    assert_eq!(unsafe { maybe(None::<fn(i32) -> i32>) }, -100);
    let mut sum = 0;
    let add = |n| {
        sum += n;
        sum
    };
    assert_eq!(unsafe { maybe(Some(add)) }, 7);
    assert_eq!(sum, 7);
}

#[test]
fn user_data_finds_its_own_closure() {
    library();
    let (mut a, mut b) = (0, 0);
    let result = unsafe {
        two(
            |n| {
                a += n;
                3
            },
            |n| {
                b += n;
                4
            },
        )
    };
    assert_eq!((result, a, b), (34, 1, 2));
}

#[test]
fn arguments_count_each_other() {
    library();
    let mut seen = Vec::new();
    let result = unsafe {
        rows(
            |n, values, names| {
                assert_eq!(n as usize, values.len());
                seen.push((values.iter().map(|v| v.map(str::to_owned)).collect::<Vec<_>>(), names.to_vec()));
                0
            },
            3,
        )
    };
    assert_eq!(result.unwrap(), 0);
    let values = vec![Some("1".to_owned()), None, Some("three".to_owned())];
    let names = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    assert_eq!(seen, [(values, names), (vec![], vec![])]);

    let mut values = [0; 4];
    let sum = unsafe {
        fill(
            |values, n| {
                assert_eq!(values.len(), n as usize);
                values.copy_from_slice(&[1, 20, 300]);
            },
            &mut values,
            3,
        )
    };
    assert_eq!((sum, values), (321, [1, 20, 300, 0]));
}

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf16, exact_spelling)]
unsafe extern "C" {
    fn texts16(f: impl FnMut(&str, Option<&str>) -> i32) -> Result<i32, Error>;
    #[dll_import(bool = pinvoke::marshal::Bool32, entry_point = "texts16")]
    fn texts16_bool(#[on_panic(return)] f: impl FnMut(&str, Option<String>) -> bool) -> i32;
    #[dll_import(char_set = Utf32)]
    fn texts32(f: impl FnMut(Counted<&str, 1>, i32) -> i32) -> i32;
}

#[test]
fn wide_text_is_a_str_while_the_closure_runs() {
    library();
    let mut seen = Vec::new();
    let error = unsafe {
        texts16(|text, other| {
            seen.push((text.to_owned(), other.map(str::to_owned)));
            1
        })
    }
    .unwrap_err();
    assert_eq!(seen, [("a😀".to_owned(), None), (String::new(), Some("a😀".to_owned()))]);
    assert_eq!(
        error.to_string(),
        "cannot convert argument `0` of `f of texts16`: the text is not UTF-16: the first wrong unit is at index 0"
    );
    assert_eq!(unsafe { texts16_bool(|text, _| text.is_empty()) }, 10);
    let mut counted = Vec::new();
    unsafe {
        texts32(|text, _| {
            counted.push(text.to_owned());
            0
        })
    };
    assert_eq!(counted, ["😀", "😀b"]);
}

#[derive(Debug, PartialEq, Marshal)]
#[native(bool = pinvoke::marshal::Bool32)]
struct Person {
    #[marshal(owned)]
    name: String,
    is_member: bool,
}

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    fn change(f: impl FnMut(i32, Counted<&mut [Person], 0>), n: i32) -> Result<i32, Error>;
    fn change_none(f: impl FnMut(i32, Option<Counted<&mut [Person], 0>>) -> i32, n: i32) -> i32;
}

#[test]
fn converted_elements_are_changed_where_they_are() {
    library();
    let changed = unsafe {
        change(
            |n, people| {
                assert_eq!(people.len(), n as usize);
                let ada = Person { name: "Ada".to_owned(), is_member: true };
                assert_eq!(people[0], ada);
                people[0].name.push_str(" Lovelace");
                people[1].is_member = true;
            },
            2,
        )
    };
    // C's 2 was true; what is written back is Rust's.
    assert_eq!(changed.unwrap(), 12 * 1000 + 500 + 11);
    // Only those that were counted.
    assert_eq!(unsafe { change(|_, people| people[0].is_member = false, 1) }.unwrap(), 3500);
    assert_eq!(unsafe { change_none(|_, people| i32::from(people.is_none()), 3) }, 1);
}

#[test]
fn elements_without_a_native_form_leave_native_code_what_it_had() {
    library();
    let result = unsafe {
        change(
            |_, people| {
                people[0].name = "changed".to_owned();
                people[1].name = "with\0NUL".to_owned();
            },
            2,
        )
    };
    let error = result.unwrap_err().to_string();
    assert!(error.starts_with("cannot convert argument `1` of `f of change`"), "{error}");
    // As after a panic.
    let panic = catch_unwind(|| unsafe {
        change(
            |_, people| {
                people[0].name.clear();
                panic!("changed before")
            },
            2,
        )
    });
    assert!(panic.is_err());
}

#[derive(Clone, Copy, Debug, PartialEq, Marshal)]
#[repr(i32)]
enum Color {
    Red = 1,
    Green = 2,
}

/// What a callback of an enumeration is asked: whether to stop, a colour, and two answers.
#[pinvoke::callback(bool = pinvoke::marshal::Bool32)]
type Ask = unsafe extern "C" fn(
    stop: &mut bool,
    color: Option<&mut Color>,
    number: Out<'_, f64>,
    #[marshal(Owned<Utf8, Free>)] text: Out<'_, Option<String>>,
);

#[dll_import("pinvoke_callbacks", search = [directory!()])]
unsafe extern "C" {
    fn change_one(#[fallback(9)] f: impl FnMut(&mut Person) -> i32) -> Result<i32, Error>;
    fn change_nothing(f: impl FnMut(&mut Person) -> i32) -> Result<i32, Error>;
    #[dll_import(entry_point = "change_nothing")]
    fn change_none_of_it(f: impl FnMut(Option<&mut Person>) -> i32) -> i32;
    #[dll_import(calls_back)]
    fn ask(f: Function<'_, Ask>, color: i32) -> Result<i32, Error>;
}

#[test]
fn a_closure_answers_through_its_arguments() {
    library();
    let changed = unsafe {
        change_one(|person| {
            assert_eq!(*person, Person { name: "Ada".to_owned(), is_member: true });
            person.name.push_str(" Lovelace");
            person.is_member = false;
            4
        })
    };
    assert_eq!(changed.unwrap(), 4000 + 120);
    assert_eq!(unsafe { change_none_of_it(|person| i32::from(person.is_none())) }, 1);
    let error = unsafe { change_nothing(|_| unreachable!()) }.unwrap_err().to_string();
    assert!(error.contains("argument `0` of `f of change_nothing`: it is null"), "{error}");

    let answer = Ask::function(|stop, color, number, text| {
        assert!(*stop);
        *stop = false;
        let color = color.unwrap();
        assert_eq!(*color, Color::Red);
        *color = Color::Green;
        *number.0 = 7.0;
        *text.0 = Some("four".to_owned());
    });
    assert_eq!(unsafe { ask(answer, 1) }.unwrap(), 200 + 70 + 4);
    // What native code has is no colour: the closure does not run, and nothing is written.
    let error = unsafe { ask(answer, 3) }.unwrap_err().to_string();
    assert!(error.contains("argument `color` of `Ask`: the value 3 is none of Color"), "{error}");
    // A closure that puts nothing there leaves the default.
    assert_eq!(unsafe { ask(Ask::function(|_, _, _, _| ()), 1) }.unwrap(), 1100);
}

/// The same closure, which changes nothing, as a named type; `Option` where native code has nothing.
#[pinvoke::callback(callable, char_set = Utf8)]
type Look = unsafe extern "C" fn(person: Option<&Person>) -> i32;

/// A person or a colour.
#[derive(Debug, PartialEq, Marshal)]
#[repr(i32)]
enum Seen {
    Color(Color) = 1,
    Nothing = 2,
}

#[pinvoke::callback(callable)]
type LookAtOthers = extern "C" fn(color: &Color, seen: &Seen) -> i32;

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    #[dll_import(entry_point = "change_one")]
    fn look_at_one(f: impl FnMut(&Person) -> i32) -> Result<i32, Error>;
    #[dll_import(entry_point = "change_nothing")]
    fn look_at_nothing(f: impl FnMut(&Person) -> i32) -> Result<i32, Error>;
    #[dll_import(entry_point = "change_nothing")]
    fn look_at_none(f: impl FnMut(Option<&Person>) -> i32) -> i32;
    #[dll_import(entry_point = "change_one")]
    fn look_by_name(f: Function<'_, Look>) -> i32;
}

#[test]
fn a_closure_looks_at_a_converted_structure_while_it_runs() {
    library();
    let ada = Person { name: "Ada".to_owned(), is_member: true };
    let mut names = Vec::new();
    let seen = unsafe {
        look_at_one(|person| {
            assert_eq!(*person, ada);
            names.push(person.name.clone());
            4
        })
    };
    // Native code has and frees what it had: the name, and a 2 that a converted `bool` would have made a 1.
    assert_eq!(seen.unwrap(), 4000 + 30 + 2);
    assert_eq!(names, ["Ada"]);
    let error = unsafe { look_at_nothing(|_| unreachable!()) }.unwrap_err().to_string();
    assert!(error.contains("argument `0` of `f of look_at_nothing`: it is null"), "{error}");
    assert_eq!(unsafe { look_at_none(|person| i32::from(person.is_none())) }, 1);

    let look = Look::function(|person| person.map_or(-1, |person| i32::try_from(person.name.len()).unwrap()));
    assert_eq!(unsafe { look_by_name(look) }, 3032);
    assert_eq!(unsafe { (look.call(Some(&ada)), look.call(None)) }, (3, -1));
    let others = LookAtOthers::function(|color, seen| {
        i32::from(*color == Color::Green) + 10 * i32::from(*seen == Seen::Color(Color::Red))
    });
    assert_eq!(others.call(&Color::Green, &Seen::Color(Color::Red)), 11);
    assert_eq!(others.call(&Color::Red, &Seen::Nothing), 0);
}

#[test]
fn what_cannot_be_answered_leaves_native_code_what_it_had() {
    library();
    let seen = Cell::new(0);
    let result = unsafe {
        change_one(|person| {
            seen.set(seen.get() + 1);
            person.name = "with\0NUL".to_owned();
            person.is_member = false;
            4
        })
    };
    let error = result.unwrap_err().to_string();
    assert!(error.starts_with("cannot convert argument `0` of `f of change_one`: member `name`"), "{error}");
    let panic = catch_unwind(|| unsafe { change_one(|person| panic!("not {}", person.name)) }).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "not Ada");
    assert_eq!(seen.get(), 1);
}

#[test]
fn a_negative_count_is_an_error_and_the_closure_does_not_run() {
    library();
    let error = unsafe { rows(|_, _, _| unreachable!(), -1) }.unwrap_err();
    let Error::Marshal(error) = error else { panic!("{error}") };
    assert!(matches!(error.reason(), Reason::Count { .. }), "{error:?}");
    assert_eq!(error.to_string(), "cannot convert argument `1` of `row of rows`: the count -1 is negative");
}

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    fn bad_text(#[fallback(-1)] visit: impl FnMut(&str) -> i32) -> Result<i32, Error>;
    #[dll_import(entry_point = "bad_text")]
    fn bad_text_or_panic(#[fallback(2)] visit: impl FnMut(&str) -> i32) -> i32;
    #[dll_import(entry_point = "bad_text")]
    fn bad_text_ignored(
        #[fallback(2)]
        #[on_panic(return)]
        visit: impl FnMut(&str) -> i32,
    ) -> i32;
    #[dll_import(entry_point = "bad_text")]
    fn bad_text_fatal(#[on_panic(abort)] visit: impl FnMut(&str) -> i32) -> i32;
    #[dll_import(entry_point = "bad_text", set_last_error)]
    fn bad_text_code(#[fallback(-1)] visit: impl FnMut(&str) -> i32) -> Result<i32, LastError>;
}

const REPORT: &str = "cannot convert argument `0` of `visit of bad_text";

#[test]
fn what_cannot_be_converted_is_an_error_of_the_call() {
    library();
    let mut seen = Vec::new();
    let result = unsafe {
        bad_text(|text| {
            seen.push(text.to_owned());
            1
        })
    };
    let error = result.unwrap_err().to_string();
    assert!(error.starts_with(REPORT) && error.contains("not UTF-8"), "{error}");
    // The third invocation got the fallback value, like the second.
    assert_eq!(seen, ["first"]);
    let error = unsafe { bad_text_code(|_| 1) }.unwrap_err();
    // EINVAL, ERROR_INVALID_PARAMETER
    assert_eq!(error, LastError(if cfg!(windows) { 87 } else { libc::EINVAL }));
    let report = pinvoke::error::take_report().unwrap().to_string();
    assert!(report.starts_with(REPORT), "{report}");
}

#[test]
fn what_cannot_be_converted_panics_where_there_is_no_result() {
    library();
    let panic = catch_unwind(|| unsafe { bad_text_or_panic(|_| 1) }).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.starts_with(REPORT), "{text}");
}

#[test]
fn a_policy_can_ignore_what_cannot_be_converted() {
    library();
    assert_eq!(unsafe { bad_text_ignored(|_| 1) }, 1 + 20 + 100);
    assert_eq!(unsafe { bad_text_ignored(|text| if text == "last" { panic!("ignored") } else { 1 }) }, 221);
}

#[test]
fn a_policy_can_abort() {
    library();
    if is_child() {
        unsafe { bad_text_fatal(|_| 1) };
        return;
    }
    aborts_saying(
        "callbacks::a_policy_can_abort",
        &["callback `visit of bad_text_fatal`", "cannot go on", "not UTF-8"],
    );
}

#[test]
fn panics_cross_nested_native_frames_with_their_payload() {
    library();
    struct Payload(i32);
    let outer_calls = Cell::new(0);
    let inner_calls = Cell::new(0);
    let panic = catch_unwind(AssertUnwindSafe(|| unsafe {
        each(3, |_| {
            outer_calls.set(outer_calls.get() + 1);
            each(3, |n| {
                inner_calls.set(inner_calls.get() + 1);
                if n == 1 {
                    std::panic::panic_any(Payload(77));
                }
                0
            })
        })
    }))
    .unwrap_err();
    assert_eq!(panic.downcast_ref::<Payload>().unwrap().0, 77);
    // Inside, the native loop went on over the fallback value without running the closure.
    assert_eq!((outer_calls.get(), inner_calls.get()), (1, 2));
    // And what is caught on the way stops there.
    let sum = unsafe {
        each(2, |n| {
            let caught = catch_unwind(AssertUnwindSafe(|| each(1, |_| panic!("caught"))));
            assert!(caught.is_err());
            n
        })
    };
    assert_eq!(sum, 1);
}

#[test]
fn a_refusal_in_a_nested_call_is_an_error_of_the_inner_one() {
    library();
    let mut errors = 0;
    let result = unsafe {
        each(2, |_| {
            errors += i32::from(bad_text(|_| 1).is_err());
            0
        })
    };
    assert_eq!((result, errors), (0, 2));
}

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    #[dll_import(entry_point = "each")]
    fn each_again(n: i32, visit: impl Fn(i32) -> i32) -> i32;
    fn on_threads(n: i32, visit: impl Fn(i32) -> i32 + Sync) -> i32;
    fn address_of(visit: impl Fn(i32) -> i32 + Send + Sync) -> Option<CodePtr>;
    #[dll_import(entry_point = "each")]
    fn each_by_itself(n: i32, #[fallback(9)] visit: impl Fn(i32) -> i32 + Send + Sync) -> i32;
}

#[test]
fn closures_of_fn_nest() {
    fn descend(depth: i32, reached: &Cell<i32>) {
        reached.set(reached.get().max(depth));
        if depth < 5 {
            unsafe {
                each_again(1, |_| {
                    descend(depth + 1, reached);
                    0
                })
            };
        }
    }
    library();
    let reached = Cell::new(0);
    descend(0, &reached);
    assert_eq!(reached.get(), 5);
}

#[test]
fn closures_of_fn_and_sync_run_on_foreign_threads() {
    library();
    let seen = Mutex::new(Vec::new());
    let sum = unsafe {
        on_threads(100, |n| {
            seen.lock().unwrap().push((n, std::thread::current().id()));
            n
        })
    };
    assert_eq!(sum, 4950);
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 100);
    assert!(seen.iter().all(|(_, id)| *id != std::thread::current().id()));
}

#[test]
fn a_closure_that_captures_nothing_is_a_function_of_its_own() {
    library();
    let address = || unsafe { address_of(|n| n + 1) }.unwrap();
    assert_eq!(address(), address());
    assert_eq!(lookup(address()), None);
    // SAFETY: the function of a closure that captures nothing is there for ever.
    let function: extern "C" fn(i32) -> i32 = unsafe { std::mem::transmute(address()) };
    assert_eq!(function(4), 5);
    let offset = AtomicI32::new(3);
    let captures = unsafe { address_of(|n| n + offset.load(Ordering::Relaxed)) }.unwrap();
    assert_ne!(captures, address());

    let panic = catch_unwind(|| unsafe { each_by_itself(3, |n| if n == 1 { panic!("at {n}") } else { 0 }) });
    assert_eq!(panic.unwrap_err().downcast_ref::<String>().unwrap(), "at 1");
}

#[dll_import("pinvoke_callbacks", search = [directory!()], set_last_error)]
unsafe extern "C" {
    fn errno_before(code: i32, f: impl FnMut()) -> (i32, LastError);
    fn errno_after(code: i32, f: impl FnMut()) -> (i32, LastError);
    fn errno_seen(f: impl FnMut() -> i32) -> i32;
    #[dll_import(entry_point = "errno_seen")]
    fn errno_seen_shared(#[set_last_error] f: impl FnMut() -> i32) -> i32;
}

#[cfg(not(windows))]
#[dll_import("libc", set_last_error)]
unsafe extern "C" {
    #[dll_import(entry_point = "close")]
    safe fn fail(fd: i32) -> Result<i32, LastError>;
    #[dll_import(entry_point = "chdir")]
    safe fn succeed(path: &str) -> (i32, LastError);
}
#[cfg(not(windows))]
const SUCCEEDED: i32 = 0;
#[cfg(not(windows))]
const NOTHING: i32 = -1;
/// `EBADF`
#[cfg(not(windows))]
const FAILED: LastError = LastError(9);

#[cfg(windows)]
#[dll_import("kernel32", set_last_error, bool = pinvoke::marshal::Bool32)]
unsafe extern "system" {
    #[dll_import(entry_point = "CloseHandle")]
    safe fn fail(handle: isize) -> Result<(), LastError>;
    #[dll_import(entry_point = "SetCurrentDirectoryA")]
    safe fn succeed(path: &str) -> (i32, LastError);
}
#[cfg(windows)]
const SUCCEEDED: i32 = 1;
#[cfg(windows)]
const NOTHING: isize = 0xBAD0;
/// `ERROR_INVALID_HANDLE`
#[cfg(windows)]
const FAILED: LastError = LastError(6);

/// Numbers that mean something to both kinds of systems.
mod code {
    pub(super) const DOMAIN: i32 = 33;
    pub(super) const RANGE: i32 = 34;
    pub(super) const NOT_EMPTY: i32 = 39;
    pub(super) const IO: i32 = 5;
}

#[test]
fn the_last_error_of_a_callback_stays_there() {
    library();
    // The native function's error survives what the closure calls, captured or not.
    let mut inner = None;
    let fails = |inner: &mut Option<LastError>| {
        *inner = fail(NOTHING).err();
        LastError(code::NOT_EMPTY).set_current();
    };
    assert_eq!(unsafe { errno_before(code::DOMAIN, || fails(&mut inner)) }, (-1, LastError(code::DOMAIN)));
    assert_eq!(inner, Some(FAILED));
    assert_eq!(unsafe { errno_after(code::RANGE, || fails(&mut inner)) }, (-1, LastError(code::RANGE)));
    // A function that fails without an error of its own has none, whatever the closure met.
    assert_eq!(unsafe { errno_after(0, || fails(&mut inner)) }, (-1, LastError::NONE));
    // Native code finds the last error as it left it.
    assert_eq!(
        unsafe {
            errno_seen(|| {
                fails(&mut inner);
                -1
            })
        },
        0
    );
    // Also after a panic.
    let caught = catch_unwind(AssertUnwindSafe(|| unsafe {
        errno_before(code::DOMAIN, || {
            LastError(code::NOT_EMPTY).set_current();
            panic!("caught")
        })
    }));
    assert!(caught.is_err());
}

#[test]
fn what_native_code_left_does_not_reach_a_capture_in_the_closure() {
    library();
    let mut inner = None;
    unsafe {
        errno_before(code::DOMAIN, || {
            // Succeeds, and captures nothing but its own.
            inner = Some(succeed("/"));
        })
    };
    assert_eq!(inner, Some((SUCCEEDED, LastError::NONE)));
}

#[test]
fn a_closure_may_be_declared_to_set_the_last_error() {
    library();
    let seen = unsafe {
        errno_seen_shared(|| {
            LastError(code::IO).set_current();
            -1
        })
    };
    assert_eq!(seen, code::IO);
}

#[dll_import("pinvoke_callbacks", search = [directory!()], bool = pinvoke::marshal::Bool32)]
unsafe extern "C" {
    fn is_yes(f: impl FnMut(i32) -> bool) -> i32;
}

#[test]
fn results_have_the_form_of_the_block() {
    library();
    assert_eq!(unsafe { is_yes(|n| n == 2) }, 1);
    assert_eq!(unsafe { is_yes(|n| n == 3) }, 0);
}

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "system" {
    #[dll_import(entry_point = "system_maybe")]
    fn maybe_by_itself(visit: Option<impl Fn(i32) -> i32 + Send + Sync>) -> i32;
    #[dll_import(entry_point = "system_each")]
    async fn each_elsewhere(n: i32, visit: impl FnMut(i32) -> i32 + Send + 'static) -> Result<i32, Error>;
}

#[test]
fn the_convention_of_the_system_calls_back_too() {
    library();
    assert_eq!(unsafe { maybe_by_itself(Some(|n| n + 1)) }, 8);
    assert_eq!(unsafe { maybe_by_itself(None::<fn(i32) -> i32>) }, -100);
}

#[test]
fn a_closure_goes_with_its_call_to_another_thread() {
    library();
    let (sender, receiver) = std::sync::mpsc::channel();
    let call = unsafe {
        each_elsewhere(5, move |n| {
            sender.send((n, std::thread::current().id())).unwrap();
            if n == 3 { 30 } else { 0 }
        })
    };
    assert_eq!(call.join().unwrap(), 30);
    let (numbers, threads): (Vec<i32>, Vec<_>) = receiver.iter().unzip();
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert!(threads.iter().all(|id| *id != std::thread::current().id()));
}
