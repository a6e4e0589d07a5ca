//! The C interface declared with this project's `#[dll_import]`: closures of Rust as routines.

#![allow(
    unsafe_code,
    non_snake_case,
    clippy::unwrap_used,
    reason = "calls C functions by their own names; a test fails by panicking"
)]

#[allow(unused, reason = "shared by several tests")]
mod support;

use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::{Arc, Mutex, Once};

use callback_object_sys::{OBJ_PERMANENT, STATUS_INVALID_HANDLE, STATUS_SUCCESS};
use pinvoke::library::Library;
use pinvoke::{Function, callback, dll_import};

/// `PCALLBACK_FUNCTION`.
#[callback]
pub type Routine =
    unsafe extern "system" fn(context: *mut c_void, argument1: *mut c_void, argument2: *mut c_void);

#[dll_import("callback_object", char_set = Utf8)]
unsafe extern "system" {
    fn CboCreateCallback(
        object: &mut *mut c_void,
        name: &str,
        attributes: u32,
        create: u8,
        multiple: u8,
    ) -> i32;
    fn ExRegisterCallback(
        object: *mut c_void,
        routine: Function<'_, Routine>,
        context: *mut c_void,
    ) -> *mut c_void;
    #[dll_import(calls_back)]
    fn ExNotifyCallback(object: *mut c_void, argument1: *mut c_void, argument2: *mut c_void);
    fn CboUnregisterCallback(registration: *mut c_void) -> i32;
}

/// An object, in the library that was built with this test.
fn object(name: &str) -> *mut c_void {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let library = |name: &str| match name {
            "callback_object" => Library::open(support::library().to_str()?).ok(),
            _ => None,
        };
        pinvoke::import::set_resolver(library).unwrap();
    });
    let mut object = null_mut();
    // SAFETY: its declaration in callback_object.h.
    assert_eq!(unsafe { CboCreateCallback(&mut object, name, OBJ_PERMANENT, 1, 1) }, STATUS_SUCCESS);
    object
}

fn notify(object: *mut c_void, argument: usize) {
    // SAFETY: the routines of these tests take anything.
    unsafe { ExNotifyCallback(object, without_provenance_mut(argument), null_mut()) };
}

#[test]
fn a_closure_is_registered_notified_and_unregistered() {
    let object = object(r"\Callback\Declared");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&seen);
    let closure = Routine::owned_anywhere(move |context: *mut c_void, a: *mut c_void, b: *mut c_void| {
        calls.lock().unwrap().push([context.addr(), a.addr(), b.addr()]);
    })
    .unwrap();
    // SAFETY: the closure is dropped after it was unregistered.
    let registration = unsafe { ExRegisterCallback(object, closure.function(), without_provenance_mut(7)) };
    assert!(!registration.is_null());
    notify(object, 1);
    std::thread::spawn({
        let object = object.addr();
        move || notify(without_provenance_mut(object), 2)
    })
    .join()
    .unwrap();
    // SAFETY: a registration, which is checked.
    let unregister = || unsafe { CboUnregisterCallback(registration) };
    assert_eq!(unregister(), STATUS_SUCCESS);
    notify(object, 3);
    assert_eq!(unregister(), STATUS_INVALID_HANDLE);
    drop(closure);
    assert_eq!(*seen.lock().unwrap(), [[7, 1, 0], [7, 2, 0]]);
}

#[test]
fn a_panic_comes_out_of_the_notification() {
    let object = object(r"\Callback\DeclaredPanic");
    let closure =
        Routine::owned_anywhere(|_, a: *mut c_void, _| assert!(a.is_null(), "no such connection")).unwrap();
    // SAFETY: the closure outlives its registration.
    let registration = unsafe { ExRegisterCallback(object, closure.function(), null_mut()) };
    for _ in 0..2 {
        let panic = catch_unwind(|| notify(object, 1)).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"no such connection"));
        notify(object, 0);
    }
    // Nobody is inside any more.
    // SAFETY: a registration.
    assert_eq!(unsafe { CboUnregisterCallback(registration) }, STATUS_SUCCESS);
}
