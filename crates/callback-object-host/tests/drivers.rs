//! Drivers, loaded and unloaded by a host in Rust, and the errors on the way.

#![allow(unsafe_code, clippy::unwrap_used, reason = "loads drivers; a test fails by panicking")]

mod support;

use std::path::Path;
use std::process::Command;
use std::ptr::{self, null_mut};
use std::sync::{Mutex, Once};

use callback_object::report::{self, Report};
use callback_object::{Attributes, CallbackObject, Directory, Status, irql};
use callback_object_host::{Driver, Leftovers, LoadError, UnloadError, Unloaded, share};
use callback_object_sys as sys;
use support::{Made, aborts, compile, example, is_mapped, library};

/// Every image of 32-bit Windows built by GNU's compilers has an unwinder of its own, which knows that image's frames
/// only: an exception or a panic that would leave the image ends the process, before anybody else hears of it.
const ENDS_IN_ITS_IMAGE: bool = cfg!(all(windows, target_arch = "x86", target_env = "gnu"));

/// Every report of this process, as text.
static REPORTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        report::set_handler(Some(|report: &Report| {
            let code = report.bug_check().map_or_else(String::new, |code| format!(" ({code:#X})"));
            REPORTS.lock().unwrap().push(format!("{report}{code}"));
        }));
        share(library()).unwrap();
        share(library()).unwrap();
    });
}

fn reports_about(word: &str) -> Vec<String> {
    REPORTS.lock().unwrap().iter().filter(|report| report.contains(word)).cloned().collect()
}

/// A driver with an object of its own.
fn driver(object: &str, flags: &[&str]) -> std::path::PathBuf {
    prepare();
    let name = format!("-DOBJECT=\"\\\\Callback\\\\{object}\"");
    compile("driver.c", Made::Driver, &[&[name.as_str()], flags].concat())
}

fn load(path: &Path) -> Result<Driver, LoadError> {
    prepare();
    // SAFETY: the drivers of these tests.
    unsafe { Driver::load(path) }
}

fn object(name: &str) -> CallbackObject {
    Directory::global().open(&format!("\\Callback\\{name}"), Attributes::new()).unwrap()
}

/// Notifies; the driver's number of calls.
fn calls(object: &CallbackObject) -> i32 {
    let mut calls = -1;
    object.notify(null_mut(), (&raw mut calls).cast()).unwrap();
    calls
}

#[test]
fn a_driver_comes_and_goes() {
    let path = driver("Clean", &[]);
    for _ in 0..3 {
        let driver = load(&path).unwrap();
        assert!(driver.name().starts_with("driver_"), "{driver:?}");
        let object = object("Clean");
        // Fresh variables each time: the image was really gone.
        assert_eq!((calls(&object), calls(&object)), (1, 2));
        assert!(is_mapped(&path));
        let unloaded = driver.unload(Leftovers::Refuse).unwrap();
        assert_eq!(unloaded, Unloaded::Now { leftovers: vec![], still_mapped: false });
        assert!(!is_mapped(&path));
        assert_eq!(object.registered(), 0);
        assert_eq!(calls(&object), -1, "nobody is called");
    }
}

#[test]
fn rule_34_what_is_left_is_reported_and_revoked() {
    let path = driver("Left", &["-DLEAVE"]);
    let driver = load(&path).unwrap();
    let object = object("Left");
    assert_eq!(calls(&object), 1);
    let Unloaded::Now { leftovers, still_mapped } = driver.unload(Leftovers::Revoke).unwrap() else {
        panic!("nothing runs");
    };
    assert_eq!(leftovers[0].object, "\\Callback\\Left");
    assert!(leftovers[0].routine.starts_with("DriverRoutine in driver_"), "{leftovers:?}");
    assert_eq!((leftovers.len(), still_mapped, is_mapped(&path)), (1, false, false));
    let reports = reports_about("with \\Callback\\Left");
    assert!(reports[0].contains("DriverRoutine in driver_") && reports[0].contains("0xCE"), "{reports:?}");
    assert_eq!((object.registered(), calls(&object)), (0, -1));
}

#[test]
fn rule_34_or_the_unloading_is_refused() {
    let path = driver("Refused", &["-DLEAVE"]);
    let object = {
        let driver = load(&path).unwrap();
        let object = object("Refused");
        let (driver, error) = driver.unload(Leftovers::Refuse).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, UnloadError::Leftovers { .. }), "{text}");
        assert!(text.contains("left 1 routines") && text.contains("DriverRoutine in"), "{text}");
        // It is loaded as before, and its routine is called.
        assert_eq!(calls(&object), 1);
        let unloaded = driver.unload(Leftovers::Revoke).unwrap();
        assert!(matches!(unloaded, Unloaded::Now { still_mapped: false, .. }), "{unloaded:?}");
        object
    };
    assert_eq!((calls(&object), is_mapped(&path)), (-1, false));
}

#[test]
fn rule_34_dropping_a_driver_unloads_it() {
    let path = driver("Dropped", &["-DLEAVE"]);
    drop(load(&path).unwrap());
    assert_eq!((object("Dropped").registered(), is_mapped(&path)), (0, false));
}

#[cfg(unix)]
#[test]
fn rule_34_the_loader_alone_cannot_take_a_registered_routine_away() {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;
    let path = driver("Pinned", &["-DNO_UNLOAD"]);
    let c_path = CString::new(path.as_os_str().as_bytes()).unwrap();
    let driver = load(&path).unwrap();
    let object = object("Pinned");
    // A driver without DriverUnload is not unloaded; its registration keeps the image whatever the loader
    // is told.
    let (driver, error) = driver.unload(Leftovers::Revoke).unwrap_err();
    assert!(matches!(error, UnloadError::NoUnload { .. }), "{error}");
    // SAFETY: the path ends with 0, and the image is loaded.
    let handle = unsafe { dlopen(c_path.as_ptr(), LAZY) };
    for _ in 0..2 {
        // SAFETY: as many references are given back as the host and this test have.
        unsafe { dlclose(handle) };
    }
    assert!(is_mapped(&path));
    assert_eq!(calls(&object), 1);
    std::mem::forget(driver);
}

#[cfg(unix)]
const LAZY: std::ffi::c_int = 1;

#[cfg(unix)]
unsafe extern "C" {
    fn dlopen(path: *const std::ffi::c_char, flags: std::ffi::c_int) -> *mut std::ffi::c_void;
    fn dlclose(handle: *mut std::ffi::c_void) -> std::ffi::c_int;
}

#[test]
fn a_driver_unloads_itself_from_its_routine() {
    let path = driver("Own", &["-DUNLOAD", "-DLEAVE"]);
    let c_path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    let mut driver = null_mut();
    // SAFETY: a driver of these tests, and room for it.
    assert_eq!(unsafe { sys::CboLoadDriver(c_path.as_ptr(), &raw mut driver) }, sys::STATUS_SUCCESS);
    let object = object("Own");
    let mut status: sys::NTSTATUS = -1;
    object.notify(driver.cast(), (&raw mut status).cast()).unwrap();
    assert_eq!(status, sys::STATUS_SUCCESS);
    assert!(!is_mapped(&path), "gone when the routine has returned");
    assert_eq!(object.registered(), 0);
    // SAFETY: the driver is outdated, which is checked.
    assert_eq!(unsafe { sys::CboUnloadDriver(driver, 0) }, sys::STATUS_INVALID_HANDLE);
    // SAFETY: as above.
    assert_eq!(unsafe { sys::CboUnloadDriver(null_mut(), 9) }, sys::STATUS_INVALID_PARAMETER);
    // SAFETY: NULL is checked.
    assert_eq!(unsafe { sys::CboLoadDriver(ptr::null(), &raw mut driver) }, sys::STATUS_INVALID_PARAMETER);
}

#[test]
fn what_is_no_driver_is_refused() {
    prepare();
    let error = |path: &Path| load(path).unwrap_err().to_string();
    assert!(error(Path::new("/no/such/driver.so")).contains("(os error "));
    let text = support::scratch().join("text.so");
    std::fs::write(&text, "not an image").unwrap();
    let message = error(&text);
    let reason = if cfg!(windows) { "(os error " } else { "file too short" };
    assert!(message.contains("text.so") && message.contains(reason), "{message}");
    let message = error(&driver("NoEntry", &["-DNO_ENTRY"]));
    assert!(message.contains("exports no DriverEntry"), "{message}");

    let path = driver("Twice", &[]);
    let first = load(&path).unwrap();
    assert!(matches!(load(&path), Err(LoadError::AlreadyLoaded { .. })));
    assert_eq!(calls(&object("Twice")), 1, "the first is as it was");
    drop(first);

    let raised = irql::raise(irql::APC).unwrap();
    assert!(matches!(load(&path), Err(LoadError::Level { status: Status::INVALID_DEVICE_STATE, .. })));
    drop(raised);
}

#[test]
fn a_failed_entry_leaves_nothing() {
    let path = driver("Failed", &["-DFAIL"]);
    let error = load(&path).unwrap_err();
    let LoadError::Entry { status, .. } = error else { panic!("{error}") };
    assert_eq!(status.bits().cast_signed(), sys::STATUS_INSUFFICIENT_RESOURCES);
    assert_eq!((object("Failed").registered(), is_mapped(&path)), (0, false));
    assert_eq!(reports_about("with \\Callback\\Failed").len(), 1);
}

#[test]
fn a_second_implementation_is_refused() {
    let error = load(&example("second_implementation")).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, LoadError::SecondImplementation { .. }), "{text}");
    assert!(text.contains("second_implementation.") && text.contains("callback-object-driver"), "{text}");
    assert!(Directory::global().open("\\Callback\\Mine", Attributes::new()).is_err());
}

#[test]
fn a_library_with_objects_of_its_own_does_not_change_sides() {
    // In a process of its own: a C program uses the library, then a host in Rust wants to share it. The two
    // are one program here, in the order that is wrong.
    let program = compile("adopt.c", Made::Program, &[]);
    support::passes(&mut Command::new(program));
}

#[test]
fn a_driver_in_rust_contains_its_panics() {
    prepare();
    let driver = load(&example("panicking")).unwrap();
    let object = object("Panicking");
    object.set_panic_policy(callback_object::PanicPolicy::Count);
    object.notify(null_mut(), null_mut()).unwrap();
    object.notify(null_mut(), null_mut()).unwrap();
    assert_eq!(object.panics(), 2);
    let reports = reports_about("the driver has run out of ideas");
    assert!(reports.len() == 2 && reports[0].contains("\\Callback\\Panicking"), "{reports:?}");
    // The policy of Rust programs: the panic goes on in the notifier, in the host's own standard library.
    object.set_panic_policy(callback_object::PanicPolicy::ResumeInNotifier);
    let notify = || object.notify(null_mut(), null_mut());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(notify)).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "the driver has run out of ideas");
    driver.unload(Leftovers::Refuse).unwrap();
    assert_eq!(object.registered(), 0);
}

/// Rule 30: objects that are created through C have the policy of the kernel.
#[test]
fn rule_30_a_panic_in_a_driver_in_rust_ends_the_process() {
    let host = compile("host.cpp", Made::Program, &[]);
    let report = aborts(Command::new(host).arg("\\Callback\\Panicking").arg(example("panicking")));
    for word in ["the driver has run out of ideas", "\\Callback\\Panicking", "the process aborts"] {
        assert!(report.contains(word), "no `{word}` in\n{report}");
    }
}

/// Rule 30: the policy of objects that are created in Rust is to go on in the notifier. One in C cannot.
#[test]
fn rule_30_a_panic_does_not_go_on_in_c() {
    const CHILD: &str = "CALLBACK_OBJECT_TEST_CHILD";
    let name = "rule_30_a_panic_does_not_go_on_in_c";
    if std::env::var_os(CHILD).is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let report = aborts(child.args(["--exact", name, "--nocapture"]).env(CHILD, library()));
        let words = match ENDS_IN_ITS_IMAGE {
            true => "failed to initiate panic",
            false => "was to go on in the notifier, which is not in Rust",
        };
        assert!(report.contains(words), "{report}");
        return;
    }
    // On 32-bit Windows the functions that C calls are imported from the library, though they are linked in.
    share(std::env::var_os(CHILD).unwrap()).unwrap();
    let object = Directory::global().create("\\Callback\\Panic", Attributes::new()).unwrap();
    object.register(|_, _| panic!("to nowhere")).unwrap().leak();
    let mut token = null_mut();
    // SAFETY: room for an object, and a name that ends with 0.
    let status = unsafe { sys::CboCreateCallback(&raw mut token, c"\\Callback\\Panic".as_ptr(), 0, 0, 0) };
    assert_eq!(status, sys::STATUS_SUCCESS);
    // SAFETY: the object is valid.
    unsafe { sys::ExNotifyCallback(token.cast(), null_mut(), null_mut()) };
}

#[cfg(unix)]
/// The loader may keep an image for reasons of its own; it is said, and the driver is unloaded all the same.
#[test]
fn an_image_that_stays_is_reported() {
    let path = driver("Staying", &["-Wl,-z,nodelete"]);
    let driver = load(&path).unwrap();
    assert_eq!(calls(&object("Staying")), 1);
    let unloaded = driver.unload(Leftovers::Refuse).unwrap();
    assert_eq!(unloaded, Unloaded::Now { leftovers: vec![], still_mapped: true });
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(reports_about(&format!("{name} was unloaded, but the loader keeps it mapped")).len(), 1);
    // Loaded again, it goes on with its old variables.
    let driver = load(&path).unwrap();
    assert_eq!(calls(&object("Staying")), 2);
    drop(driver);
}

/// Rule 31, and the same for `DriverEntry`.
#[test]
fn rule_31_an_exception_stops_at_the_border() {
    let host = compile("host.cpp", Made::Program, &[]);
    if ENDS_IN_ITS_IMAGE {
        for flags in [&[][..], &["-DENTRY"]] {
            let driver = compile("throws.cpp", Made::Driver, flags);
            let report = aborts(Command::new(&host).arg("\\Callback\\Throwing").arg(driver));
            assert!(
                report.contains("terminate called after throwing an instance of 'std::runtime_error'"),
                "{report}"
            );
            assert!(!report.contains("crossed the border"), "{report}");
        }
        return;
    }
    let driver = compile("throws.cpp", Made::Driver, &[]);
    let report = aborts(Command::new(&host).arg("\\Callback\\Throwing").arg(driver));
    for word in ["throwing_routine", "in throws", "\\Callback\\Throwing", "the process aborts"] {
        assert!(report.contains(word), "no `{word}` in\n{report}");
    }
    assert!(!report.contains("crossed the border"), "{report}");
    let driver = compile("throws.cpp", Made::Driver, &["-DENTRY"]);
    let report = aborts(Command::new(&host).arg("\\Callback\\Throwing").arg(driver));
    assert!(report.contains("DriverEntry of throws") && report.contains("exception"), "{report}");
}
