//! Notifications through the C interface, from a plug-in that a host in Rust has loaded: the plug-in calls the
//! shared library, which forwards to the host's implementation.

use std::ffi::{c_ulong, c_void};
use std::path::PathBuf;

use callback_object::Routine;
use callback_object_sys as sys;
use pinvoke_bench::{Effort, Goal, Work, measure, table};

use super::native::{Library, Pair, open};

type NotifyMany = unsafe extern "C" fn(object: *mut c_void, count: c_ulong);
type CallMany = unsafe extern "C" fn(pairs: *const (Routine, *mut c_void), length: usize, count: c_ulong);
type RegisterMany = unsafe extern "C" fn(object: *mut c_void, routine: Routine, count: c_ulong);

/// The plug-in, bound to this program's implementation.
fn plugin() -> Library {
    // Cargo builds the shared library beside this program.
    let program = std::env::current_exe().expect("a program has a path");
    let library: PathBuf = program.with_file_name("libcallback_object_host.so");
    callback_object_host::share(library).expect("the library is of the same build");
    open(env!("PLUGIN_LIBRARY")).expect("build.rs built it")
}

/// An object as C has it, with so many routines.
fn object(name: &str, count: usize) -> *mut c_void {
    let name = std::ffi::CString::new(name).expect("no zero inside");
    let mut object = std::ptr::null_mut();
    // SAFETY: there is room for an object, and the name ends with 0.
    let status = unsafe { sys::CboCreateCallback(&raw mut object, name.as_ptr(), sys::OBJ_PERMANENT, 1, 1) };
    assert_eq!(status, sys::STATUS_SUCCESS);
    for _ in 0..count {
        let Pair { routine, context } = Pair::nothing();
        // SAFETY: the routine takes anything.
        let registration = unsafe { sys::ExRegisterCallback(object, Some(routine), context) };
        assert!(!registration.is_null());
    }
    object.cast()
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let plugin = plugin();
    // SAFETY: its type in native/plugin.c.
    let notify_many: NotifyMany = unsafe { plugin.function(c"notify_many") };
    // SAFETY: as above.
    let call_many: CallMany = unsafe { plugin.function(c"call_many") };
    // SAFETY: as above.
    let register_many: RegisterMany = unsafe { plugin.function(c"register_many") };

    let mut tables = Vec::new();
    for count in [0, 1, 10, 100] {
        let pairs: Vec<_> = (0..count).map(|_| (Pair::nothing().routine, Pair::nothing().context)).collect();
        // SAFETY: the array has as many routines as it is told.
        let floor: Work<'_> = Box::new(move |n| unsafe { call_many(pairs.as_ptr(), pairs.len(), n) });
        let object = object(&format!("\\Callback\\C{count}"), count);
        // SAFETY: the object is valid for ever.
        let notify: Work<'_> = Box::new(move |n| unsafe { notify_many(object, n) });
        let rows = measure(effort, vec![("bare array", floor), ("ExNotifyCallback", notify)]);
        let title = format!("notify {count} routines from a plug-in in C");
        tables.push(table(&title, &rows, &[("ExNotifyCallback", Goal::Above(5.0))]));
    }
    let object = object("\\Callback\\CRegister", 100);
    let routine = Pair::nothing().routine;
    // SAFETY: the routine takes anything, the object is valid for ever.
    let register: Work<'_> = Box::new(move |n| unsafe { register_many(object, routine, n) });
    let rows = measure(effort, vec![("ExRegisterCallback and ExUnregisterCallback", register)]);
    let goal = [("ExRegisterCallback and ExUnregisterCallback", Goal::Nanoseconds(500.0))];
    tables.push(table("register and unregister from a plug-in in C, beside 100 others", &rows, &goal));
    tables
}
