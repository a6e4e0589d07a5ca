//! Notifications through the C interface, from a plug-in. Either the shared library itself is the implementation,
//! as where the host is in C, or it leads to that of this program, a host in Rust.
//!
//! A process has one implementation, so the first case runs in a process of its own.

use std::ffi::{c_char, c_ulong, c_void};
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use callback_object::Routine;
use callback_object_sys as sys;
use pinvoke_bench::{Effort, Goal, Part, Row, Work, table};

use super::clock;
use super::native::{Library, Pair, open};

type NotifyMany = unsafe extern "C" fn(object: *mut c_void, count: c_ulong);
type CallMany = unsafe extern "C" fn(pairs: *const Pair, length: usize, count: c_ulong);
type RegisterMany = unsafe extern "C" fn(object: *mut c_void, routine: Routine, count: c_ulong);
type Create = unsafe extern "system" fn(*mut *mut c_void, *const c_char, u32, u8, u8) -> sys::NTSTATUS;
type Register = unsafe extern "system" fn(*mut c_void, Routine, *mut c_void) -> *mut c_void;

/// Where this program is started once more as a process whose implementation is the library's.
pub(crate) const IN_LIBRARY: &str = "--library";

/// The parts of that process.
pub(crate) const LIBRARY_PARTS: &[Part] = &[("c", report_library)];

/// The file, which cargo builds beside this program.
fn library() -> PathBuf {
    let program = std::env::current_exe().expect("a program has a path");
    program.with_file_name("libcallback_object_host.so")
}

/// The library, and a plug-in that is bound to it.
struct Plugin {
    library: Library,
    plugin: Library,
}

impl Plugin {
    fn load() -> &'static Plugin {
        let library = open(library().to_str().expect("a path in UTF-8")).expect("cargo built it");
        let plugin = open(env!("PLUGIN_LIBRARY")).expect("build.rs built it");
        Box::leak(Box::new(Plugin { library, plugin }))
    }

    /// An object with so many routines.
    fn object(&self, name: &str, count: usize) -> *mut c_void {
        // SAFETY: its type in callback_object.h.
        let create: Create = unsafe { self.library.function(c"CboCreateCallback") };
        // SAFETY: as above; routines that unwind are called by the library only.
        let register: Register = unsafe { self.library.function(c"ExRegisterCallback") };
        let name = std::ffi::CString::new(name).expect("no zero inside");
        let mut object = std::ptr::null_mut();
        // SAFETY: there is room for an object, and the name ends with 0.
        let status = unsafe { create(&raw mut object, name.as_ptr(), sys::OBJ_PERMANENT, 1, 1) };
        assert_eq!(status, sys::STATUS_SUCCESS);
        for _ in 0..count {
            let Pair { routine, context } = Pair::nothing();
            // SAFETY: the routine takes anything.
            let registration = unsafe { register(object, routine, context) };
            assert!(!registration.is_null());
        }
        object
    }

    fn notify(&self, object: *mut c_void) -> Work<'static> {
        // SAFETY: its type in native/plugin.c.
        let notify_many: NotifyMany = unsafe { self.plugin.function(c"notify_many") };
        // SAFETY: the object is valid for ever.
        Box::new(move |n| unsafe { notify_many(object, n) })
    }

    /// A bare loop in the plug-in.
    fn bare(&self, count: usize) -> Work<'static> {
        // SAFETY: its type in native/plugin.c.
        let call_many: CallMany = unsafe { self.plugin.function(c"call_many") };
        let pairs = vec![Pair::nothing(); count];
        // SAFETY: the array has as many routines as it is told.
        Box::new(move |n| unsafe { call_many(pairs.as_ptr(), pairs.len(), n) })
    }

    fn register(&self, object: *mut c_void) -> Work<'static> {
        // SAFETY: its type in native/plugin.c.
        let register_many: RegisterMany = unsafe { self.plugin.function(c"register_many") };
        let routine = Pair::nothing().routine;
        // SAFETY: the routine takes anything, the object is valid for ever.
        Box::new(move |n| unsafe { register_many(object, routine, n) })
    }
}

const COUNTS: [usize; 4] = [0, 1, 10, 100];
const GOAL: [(&str, Goal); 1] = [("ExNotifyCallback", Goal::Above(5.0))];

/// The library is the implementation.
fn report_library(effort: Effort) -> Vec<String> {
    let plugin = Plugin::load();
    let mut tables = Vec::new();
    for count in COUNTS {
        let object = plugin.object(&format!("\\Callback\\C{count}"), count);
        let contenders =
            vec![("bare array", plugin.bare(count)), ("ExNotifyCallback", plugin.notify(object))];
        let rows = clock::measure_alone(effort, contenders);
        tables.push(table(&format!("notify {count} routines from a plug-in in C, host in C"), &rows, &GOAL));
    }
    let object = plugin.object("\\Callback\\CRegister", 100);
    let name = "ExRegisterCallback and ExUnregisterCallback";
    let rows = clock::measure_alone(effort, vec![(name, plugin.register(object))]);
    let title = "register and unregister from a plug-in in C, beside 100 others";
    tables.push(table(title, &rows, &[(name, Goal::Nanoseconds(500.0))]));
    tables
}

/// This program's is, beside loops in this program and in the plug-in.
fn report_program(effort: Effort) -> Vec<String> {
    callback_object_host::share(library()).expect("the library is of the same build");
    let plugin = Plugin::load();
    let mut tables = Vec::new();
    for count in COUNTS {
        let object = plugin.object(&format!("\\Callback\\C{count}"), count);
        let pairs = vec![Pair::nothing(); count];
        let bare: Work<'static> = Box::new(move |n| {
            for _ in 0..n {
                let argument = black_box(std::ptr::null_mut());
                black_box(&pairs).iter().for_each(|pair| pair.call(argument, argument));
            }
        });
        let contenders = vec![
            ("bare array in the host", bare),
            ("bare array in the plug-in", plugin.bare(count)),
            ("ExNotifyCallback", plugin.notify(object)),
        ];
        let rows: Vec<Row> = clock::measure_alone(effort, contenders);
        tables.push(table(
            &format!("notify {count} routines from a plug-in in C, host in Rust"),
            &rows,
            &GOAL,
        ));
    }
    tables
}

pub(crate) fn report(effort: Effort) -> Vec<String> {
    let program = std::env::current_exe().expect("a program has a path");
    let same = std::env::args().skip(1).filter(|argument| argument.starts_with("--"));
    let child = Command::new(program).args(same).arg(IN_LIBRARY).stderr(Stdio::inherit()).output();
    let child = child.expect("this program can be started");
    assert!(child.status.success(), "{}", child.status);
    let mut tables =
        vec![String::from_utf8(child.stdout).expect("tables are text").trim_end().to_owned() + "\n"];
    tables.extend(report_program(effort));
    tables
}
