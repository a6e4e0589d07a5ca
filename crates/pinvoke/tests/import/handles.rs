//! Handles: each one closed exactly once, whatever happens.

use core::ffi::c_void;
use std::sync::{LazyLock, Mutex, MutexGuard};

use pinvoke::dll_import;
use pinvoke::marshal::{Exchange, Handle, HandleRef, Marshal};

use crate::compiled;

#[derive(Debug, Handle)]
#[handle(close = thing_close)]
struct Thing(*mut c_void);

#[derive(Debug, Handle)]
#[handle(close = slot_close, invalid = [-1, -2])]
struct Slot(i32);

#[derive(Debug, Marshal)]
#[repr(i32)]
enum Color {
    Red = 1,
}

#[derive(Debug, Marshal)]
struct Holder {
    before: i32,
    thing: Option<Thing>,
}

#[pinvoke::callback(callable)]
type LookAtHolder = extern "C" fn(holder: &Holder) -> i32;

#[dll_import("handles", search = [directory!()])]
unsafe extern "C" {
    safe fn things_open() -> i32;
    safe fn things_wrong() -> i32;

    safe fn thing_open(number: i32) -> Thing;
    #[dll_import(entry_point = "thing_open")]
    safe fn thing_maybe(number: i32) -> Option<Thing>;
    #[dll_import(entry_point = "thing_open", set_last_error)]
    safe fn thing_checked(number: i32) -> Result<Thing, pinvoke::Error>;
    fn thing_close(thing: *mut c_void);
    #[dll_import(entry_point = "thing_close")]
    safe fn thing_consume(thing: Thing);
    #[dll_import(entry_point = "thing_number")]
    safe fn thing_consume_or_not(thing: Thing, text: &str) -> Result<i32, pinvoke::Error>;
    safe fn thing_number(thing: &Thing) -> i32;
    #[dll_import(entry_point = "thing_number")]
    safe fn thing_number_or_none(thing: Option<&Thing>) -> i32;
    #[dll_import(entry_point = "thing_number")]
    safe fn thing_number_borrowed(thing: HandleRef<'_, Thing>) -> i32;
    #[dll_import(set_last_error)]
    safe fn thing_open_out(number: i32, out: &mut Option<Thing>) -> Result<i32, pinvoke::Error>;
    #[dll_import(entry_point = "thing_leave")]
    safe fn thing_leave(thing: &mut Thing);
    safe fn thing_replace(thing: &mut Thing, number: i32);
    #[dll_import(entry_point = "thing_replace")]
    safe fn thing_replace_checked(thing: &mut Thing, number: i32) -> Result<(), pinvoke::Error>;
    #[dll_import(entry_point = "thing_replace")]
    safe fn thing_replace_maybe(thing: &mut Option<Thing>, number: i32);
    safe fn thing_destroy(thing: Exchange<'_, Thing>);
    safe fn thing_renew(thing: Exchange<'_, Thing>);
    #[dll_import(entry_point = "thing_renew")]
    safe fn thing_renew_or_not(thing: Exchange<'_, Thing>, text: &str) -> Result<(), pinvoke::Error>;
    safe fn thing_out_and_call(out: &mut Option<Thing>, call: impl FnMut(HandleRef<'_, Thing>));
    safe fn thing_call_and_open(call: impl FnMut(i32), n: i32) -> Thing;
    #[dll_import(preserve_sig = false)]
    safe fn thing_out_last(call: impl FnMut(i32), n: i32) -> Result<Thing, pinvoke::Error>;
    #[dll_import(entry_point = "thing_call_and_open")]
    safe fn thing_call_with_color(call: impl FnMut(Color), n: i32) -> Result<Thing, pinvoke::Error>;
    safe fn thing_visit(thing: &Thing, call: impl FnMut(Option<HandleRef<'_, Thing>>));
    safe fn thing_bad_text(out: &mut Option<Thing>) -> Result<&'static str, pinvoke::Error>;
    safe fn holder_number(holder: &Holder) -> i32;
    safe fn holder_set(holder: &mut Holder, number: i32);

    safe fn slot_open(number: i32) -> Option<Slot>;
    fn slot_close(number: i32) -> i32;
    safe fn slot_pair(a: &Slot, b: Option<&Slot>) -> i32;
}

/// One test at a time, for the library counts; when it ends, everything is closed, once.
struct Counted(#[allow(dead_code, reason = "held")] MutexGuard<'static, ()>);

fn library() -> Counted {
    static COMPILED: LazyLock<Mutex<()>> = LazyLock::new(|| {
        compiled::compile("handles");
        Mutex::new(())
    });
    Counted(COMPILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!((things_open(), things_wrong()), (0, 0));
        }
    }
}

#[test]
fn results() {
    let _library = library();
    let thing = thing_open(3);
    assert_eq!((thing_number(&thing), things_open()), (3, 1));
    assert_eq!(thing_number_or_none(Some(&thing)), 3);
    assert_eq!(thing_number_or_none(None), -1);
    assert_eq!(thing_number_borrowed(thing.borrow()), 3);
    drop(thing);
    assert_eq!(things_open(), 0);
    assert!(thing_maybe(-1).is_none());
    assert!(thing_maybe(1).is_some());
    assert!(matches!(thing_checked(-1), Err(pinvoke::Error::Last(_))));
    let message = *std::panic::catch_unwind(|| thing_open(-1)).unwrap_err().downcast::<String>().unwrap();
    assert_eq!(
        message,
        "cannot convert the result of `thing_open`: it is no valid handle of the kind `Thing`; declare it as an `Option` if it may be none"
    );
}

#[test]
fn by_value_the_function_closes() {
    let _library = library();
    thing_consume(thing_open(4));
    assert_eq!(things_open(), 0);
    // Not called, so this side closes.
    assert!(thing_consume_or_not(thing_open(5), "nul\0").is_err());
    assert_eq!(things_open(), 0);
}

#[test]
fn raw_handles_come_and_go() {
    let _library = library();
    let raw = thing_open(6).into_raw();
    assert_eq!(things_open(), 1);
    let thing = unsafe { Thing::from_raw(raw) }.unwrap();
    assert_eq!(thing.as_raw(), raw);
    assert!(unsafe { Thing::from_raw(core::ptr::null_mut()) }.is_none());
    assert!(unsafe { HandleRef::<Thing>::from_raw(core::ptr::null_mut()) }.is_none());
}

#[test]
fn out_handles_are_kept_whatever_happens() {
    let _library = library();
    let mut out = None;
    assert_eq!(thing_open_out(9, &mut out).unwrap(), 0);
    assert_eq!(thing_number(out.as_ref().unwrap()), 9);
    // The function fails, and leaves a handle all the same.
    assert!(thing_open_out(101, &mut out).is_err());
    assert_eq!((thing_number(out.as_ref().unwrap()), things_open()), (101, 1));
    out = None;
    // The result cannot be converted.
    assert!(thing_bad_text(&mut out).is_err());
    assert_eq!((thing_number(out.as_ref().unwrap()), things_open()), (8, 1));
    out = None;
    // A callback panics.
    let mut calls = 0;
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        thing_out_and_call(&mut out, |thing| {
            calls = thing_number_borrowed(thing);
            panic!("in the callback");
        });
    }));
    assert!(panic.is_err());
    assert_eq!((calls, things_open()), (7, 1));
    assert_eq!(thing_number(out.as_ref().unwrap()), 7);
}

#[test]
fn returned_handles_are_closed_when_a_callback_panicked() {
    let _library = library();
    let thing = thing_call_and_open(|n| assert_eq!(n, 5), 5);
    assert_eq!((thing_number(&thing), things_open()), (9, 1));
    drop(thing);
    assert!(std::panic::catch_unwind(|| thing_call_and_open(|_| panic!("in the callback"), 5)).is_err());
    assert_eq!(things_open(), 0);
    // A callback that could not be called.
    assert!(thing_call_with_color(|Color::Red| (), 2).is_err());
    assert_eq!(things_open(), 0);
    assert!(thing_call_with_color(|Color::Red| (), 1).is_ok());
}

#[test]
fn references_lend() {
    let _library = library();
    let mut thing = thing_open(10);
    let raw = thing.as_raw();
    thing_leave(&mut thing);
    assert_eq!((thing.as_raw(), things_open()), (raw, 1));
    thing_replace(&mut thing, 11);
    assert_eq!((thing_number(&thing), things_open()), (11, 1));
    let error = thing_replace_checked(&mut thing, -1).unwrap_err();
    assert!(error.to_string().contains("it is no valid handle of the kind `Thing`"), "{error}");
    assert_eq!((thing_number(&thing), things_open()), (11, 1));
    let mut thing = Some(thing);
    thing_replace_maybe(&mut thing, -1);
    assert!(thing.is_none());
    assert_eq!(things_open(), 0);
    let mut seen = Vec::new();
    let thing = thing_open(12);
    thing_visit(&thing, |t| seen.push(t.map(|t| thing_number_borrowed(t))));
    assert_eq!(seen, [Some(12), None]);
}

#[test]
fn exchanged_handles_are_closed_by_the_function() {
    let _library = library();
    let mut thing = Some(thing_open(20));
    thing_renew(Exchange(&mut thing));
    assert_eq!((thing_number(thing.as_ref().unwrap()), things_open()), (21, 1));
    // Not called: kept.
    assert!(thing_renew_or_not(Exchange(&mut thing), "nul\0").is_err());
    assert_eq!((thing_number(thing.as_ref().unwrap()), things_open()), (21, 1));
    thing_destroy(Exchange(&mut thing));
    assert!(thing.is_none());
    thing_destroy(Exchange(&mut thing));
    thing_renew(Exchange(&mut thing));
    assert_eq!(thing_number(thing.as_ref().unwrap()), 1);
}

#[test]
fn members_and_integers() {
    let _library = library();
    let mut holder = Holder { before: 100, thing: Some(thing_open(30)) };
    assert_eq!(holder_number(&holder), 130);
    holder_set(&mut holder, 31);
    assert_eq!((holder_number(&holder), things_open()), (131, 1));
    holder_set(&mut holder, -1);
    assert_eq!((holder_number(&holder), holder.before, things_open()), (99, 100, 0));
    let (a, b) = (slot_open(40).unwrap(), slot_open(41).unwrap());
    assert!(slot_open(-1).is_none());
    assert!(unsafe { Slot::from_raw(-2) }.is_none());
    assert_eq!(slot_pair(&a, Some(&b)), 40_041);
    // The invalid handle is the first of the declared ones.
    assert_eq!(slot_pair(&a, None), 39_999);
}

#[test]
fn a_structure_that_a_callback_looks_at_keeps_its_handle() {
    let _library = library();
    let look = LookAtHolder::function(|holder| thing_number_or_none(holder.thing.as_ref()) + holder.before);
    let holder = Holder { before: 100, thing: Some(thing_open(50)) };
    assert_eq!((look.call(&holder), things_open()), (150, 1));
    assert_eq!(thing_number_or_none(holder.thing.as_ref()), 50);
}

#[test]
fn a_handle_from_a_last_parameter_is_owned_before_a_panic_goes_on() {
    let _library = library();
    assert_eq!(thing_number(&thing_out_last(|_| (), 11).unwrap()), 11);
    for number in [12, -1] {
        let panic =
            std::panic::catch_unwind(|| thing_out_last(|_| panic!("in the callback"), number)).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"in the callback"));
    }
    assert_eq!(things_open(), 0);
}
