//! Routines that do what they must not: rules 14, 30, 31 and 32. What ends the process or changes it
//! as a whole happens in a child.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callback_object::irql::{self, DISPATCH, PASSIVE};
use callback_object::{Attributes, CallbackObject, PanicPolicy, register_raw, report_panic, unregister_raw};

use super::support::{FENCES, LONG, Latch, Log, notify, object, ways};

/// What a child said and how it ended.
struct Ended {
    status: ExitStatus,
    errors: String,
}

/// Whether this process is the child that runs the test of that name. If not, the child is run, and must
/// succeed.
pub(crate) fn in_child(test: &str) -> bool {
    if std::env::var_os("CALLBACK_OBJECT_CHILD").is_some() {
        return true;
    }
    let ended = run_child(test);
    assert!(ended.status.success(), "{}: {}", ended.status, ended.errors);
    false
}

/// Runs the test of that name in a child.
fn run_child(test: &str) -> Ended {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    assert!(name.ends_with(test), "{name} runs {test}");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([&*name, "--exact", "--nocapture", "--test-threads=1"])
        .env("CALLBACK_OBJECT_CHILD", "1")
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LONG {
            child.kill().unwrap();
            panic!("the child of {test} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    Ended { status: output.status, errors: String::from_utf8_lossy(&output.stderr).into_owned() }
}

/// Runs the test in a child, which must abort and say so in these words; the child gets past this.
fn dies(test: &str, words: &[&str]) -> bool {
    if std::env::var_os("CALLBACK_OBJECT_CHILD").is_some() {
        return false;
    }
    let ended = run_child(test);
    #[cfg(unix)]
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended.status), Some(6), "{}", ended.errors);
    assert!(!ended.status.success());
    for word in words {
        assert!(ended.errors.contains(word), "no {word:?} in {}", ended.errors);
    }
    true
}

#[test]
fn rule_14_a_level_left_changed_is_reported_and_restored() {
    if in_child("rule_14_a_level_left_changed_is_reported_and_restored") {
        static REPORTS: AtomicUsize = AtomicUsize::new(0);
        callback_object::report::set_handler(Some(|report| {
            assert!(
                report.to_string().contains("was called at PASSIVE_LEVEL and returned at DISPATCH_LEVEL")
            );
            assert_eq!(report.bug_check(), Some(0xC8));
            REPORTS.fetch_add(1, Ordering::Relaxed);
        }));
        for fence in ways() {
            let object = object(fence);
            let log = Log::default();
            let levels = log.clone();
            let registrations = [
                object.register(|_, _| _ = irql::set_raised(DISPATCH).unwrap()).unwrap(),
                object.register(move |_, _| levels.add(irql::current().into())).unwrap(),
                object.register(|_, _| _ = irql::set_raised(DISPATCH).unwrap()).unwrap(),
            ];
            notify(&object);
            assert_eq!((log.take(), irql::current()), (vec![0], PASSIVE));
            assert_eq!(REPORTS.swap(0, Ordering::Relaxed), 2);
            drop(registrations);
        }
    }
}

unsafe extern "system-unwind" fn raises(_: *mut c_void, _: *mut c_void, _: *mut c_void) {
    irql::set_raised(DISPATCH).unwrap();
}

#[test]
fn rule_14_the_report_names_the_routine_also_where_the_next_is_gone() {
    if in_child("rule_14_the_report_names_the_routine_also_where_the_next_is_gone") {
        static REPORTED: AtomicUsize = AtomicUsize::new(0);
        callback_object::report::set_handler(Some(|report| {
            if let callback_object::report::Report::IrqlChanged { routine, .. } = report {
                REPORTED.store(*routine, Ordering::Relaxed);
            }
        }));
        for fence in ways() {
            let object = object(fence);
            let next = Arc::new(Mutex::new(None));
            let theirs = Arc::clone(&next);
            let first = object.register(move |_, _| drop(theirs.lock().unwrap().take())).unwrap();
            // SAFETY: the routine takes any pointers.
            let second = unsafe { register_raw(&object, raises, std::ptr::null_mut(), None) }.unwrap();
            *next.lock().unwrap() = Some(object.register(|_, _| {}).unwrap());
            let last = object.register(|_, _| {}).unwrap();
            for time in ["gone meanwhile", "gone before, if it is still in the list"] {
                notify(&object);
                assert_eq!(REPORTED.swap(0, Ordering::Relaxed), raises as *const () as usize, "{time}");
            }
            unregister_raw(second).unwrap();
            drop((first, last));
        }
    }
}

#[test]
fn rule_14_in_bug_check_mode_a_violation_ends_the_process() {
    let test = "rule_14_in_bug_check_mode_a_violation_ends_the_process";
    if !dies(
        test,
        &["IRQL too high to register routine 0x", " with an unnamed object: DISPATCH_LEVEL", "bug check 0xA"],
    ) {
        irql::set_mode(irql::Mode::BugCheck);
        let _raised = irql::raise(DISPATCH).unwrap();
        let _ = object(FENCES[0]).register(|_, _| {});
    }
}

#[test]
fn rule_27_modes_report_or_let_pass() {
    if in_child("rule_27_modes_report_or_let_pass") {
        static REPORTS: AtomicUsize = AtomicUsize::new(0);
        callback_object::report::set_handler(Some(|_| _ = REPORTS.fetch_add(1, Ordering::Relaxed)));
        let object = object(FENCES[0]);
        let _raised = irql::raise(DISPATCH).unwrap();
        for (mode, reports, succeeds) in
            [(irql::Mode::Off, 0, true), (irql::Mode::Report, 2, true), (irql::Mode::Status, 1, false)]
        {
            irql::set_mode(mode);
            let registered = object.register(|_, _| {});
            assert_eq!(registered.is_ok(), succeeds, "{mode:?}");
            drop(registered);
            assert_eq!(REPORTS.swap(0, Ordering::Relaxed), reports, "{mode:?}");
        }
    }
}

fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str)).unwrap()
}

#[test]
fn rule_30_a_panic_goes_on_in_the_notifier_when_the_others_have_run() {
    for fence in ways() {
        let object = object(fence);
        let log = Log::default();
        let register = |i: usize| {
            let log = log.clone();
            let routine = move |_, _| {
                log.add(i);
                assert!(i.is_multiple_of(2), "routine {i}");
            };
            object.register(routine).unwrap()
        };
        let registrations: Vec<_> = (0..5).map(register).collect();
        let payload = catch_unwind(AssertUnwindSafe(|| notify(&object))).unwrap_err();
        assert_eq!(message(&*payload), "routine 1");
        assert_eq!(log.take(), [0, 1, 2, 3, 4]);
        assert_eq!(object.panics(), 2);
        // Nothing is left behind.
        drop(registrations);
        let after = object.register(|_, _| {}).unwrap();
        notify(&object);
        drop(after);
    }
}

#[test]
fn rule_30_a_panic_passes_through_nested_notifications() {
    for fence in ways() {
        let (outer, inner) = (object(fence), object(fence));
        let log = Log::default();
        let (reference, theirs) = (inner.reference(), log.clone());
        let registrations = [
            inner.register(|_, _| panic!("inside")).unwrap(),
            outer.register(move |_, _| reference.notify(0 as _, 0 as _).unwrap()).unwrap(),
            outer.register(move |_, _| theirs.add(1)).unwrap(),
        ];
        let payload = catch_unwind(AssertUnwindSafe(|| notify(&outer))).unwrap_err();
        assert_eq!(message(&*payload), "inside");
        assert_eq!(log.take(), [1]);
        assert_eq!((inner.panics(), outer.panics()), (1, 1));
        drop(registrations);
    }
}

#[test]
fn rule_30_a_panic_may_be_counted() {
    for fence in ways() {
        let object = CallbackObject::unnamed(Attributes::new().fence(fence).panics(PanicPolicy::Count));
        let log = Log::default();
        let theirs = log.clone();
        let registrations = [
            object.register(|_, _| panic!("counted")).unwrap(),
            object.register(|_, _| report_panic("caught by the routine itself")).unwrap(),
            object.register(move |_, _| theirs.add(1)).unwrap(),
        ];
        notify(&object);
        assert_eq!((object.panics(), log.take()), (2, vec![1]));
        drop(registrations);
    }
}

/// A panic's payload that panics once more when it is dropped.
struct Stubborn;

impl Drop for Stubborn {
    fn drop(&mut self) {
        panic!("and once more");
    }
}

#[test]
fn rule_30_a_payload_may_panic_when_it_is_dropped() {
    if in_child("rule_30_a_payload_may_panic_when_it_is_dropped") {
        for fence in ways() {
            let log = Log::default();
            let count = || {
                let log = log.clone();
                move |_: *mut c_void, _: *mut c_void| log.add(1)
            };
            // It is dropped where panics are counted …
            let counting = CallbackObject::unnamed(Attributes::new().fence(fence).panics(PanicPolicy::Count));
            let registrations = [
                counting.register(|_, _| std::panic::panic_any(Stubborn)).unwrap(),
                counting.register(count()).unwrap(),
            ];
            notify(&counting);
            assert_eq!((counting.panics(), log.take()), (1, vec![1]));
            drop(registrations);
            // … and where another goes on in the notifier.
            let object = object(fence);
            let registrations = [
                object.register(|_, _| panic!("the first")).unwrap(),
                object.register(|_, _| std::panic::panic_any(Stubborn)).unwrap(),
                object.register(count()).unwrap(),
            ];
            let payload = catch_unwind(AssertUnwindSafe(|| notify(&object))).unwrap_err();
            assert_eq!((message(&*payload), log.take()), ("the first", vec![1]));
            drop(registrations);
        }
    }
}

#[test]
fn rule_30_a_closure_may_panic_when_it_is_freed_after_its_call() {
    if in_child("rule_30_a_closure_may_panic_when_it_is_freed_after_its_call") {
        static REPORTS: AtomicUsize = AtomicUsize::new(0);
        callback_object::report::set_handler(Some(|report| {
            assert!(report.to_string().contains("panicked: and once more"), "{report}");
            REPORTS.fetch_add(1, Ordering::Relaxed);
        }));
        for fence in ways() {
            // Freed between two routines, and after the last.
            for others in [2, 0] {
                let object = object(fence);
                let own = Arc::new(Mutex::new(None));
                let (theirs, captured) = (Arc::clone(&own), Stubborn);
                let leaves = move |_: *mut c_void, _: *mut c_void| {
                    let _ = &captured;
                    drop(theirs.lock().unwrap().take());
                };
                *own.lock().unwrap() = Some(object.register(leaves).unwrap());
                let log = Log::default();
                let all: Vec<_> = (0..others)
                    .map(|i| {
                        let log = log.clone();
                        object.register(move |_, _| log.add(i)).unwrap()
                    })
                    .collect();
                notify(&object);
                assert_eq!(REPORTS.swap(0, Ordering::Relaxed), 1);
                assert_eq!(log.take(), (0..others).collect::<Vec<_>>());
                // The thread is in no notification any more.
                notify(&object);
                drop(all);
                assert_eq!(object.registered(), 0);
                std::thread::scope(|scope| _ = scope.spawn(|| notify(&object)));
            }
        }
        // Else the end of the thread would be reported.
        assert_eq!(REPORTS.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn rule_30_a_panic_may_abort() {
    let test = "rule_30_a_panic_may_abort";
    if !dies(test, &[" of an unnamed object panicked: enough; the process aborts"]) {
        let object = CallbackObject::unnamed(Attributes::new().panics(PanicPolicy::Abort));
        let _registration = object.register(|_, _| panic!("enough")).unwrap();
        notify(&object);
    }
}

#[test]
fn rule_31_a_routine_that_unwinds_by_itself_aborts() {
    unsafe extern "system-unwind" fn throws(
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
    ) {
        panic!("through the core");
    }
    let test = "rule_31_a_routine_that_unwinds_by_itself_aborts";
    if !dies(test, &["of an unnamed object did not return but unwound", "the process aborts"]) {
        let object = object(FENCES[0]);
        // SAFETY: the routine takes any pointers.
        unsafe { callback_object::register_raw(&object, throws, std::ptr::null_mut(), None) }.unwrap();
        let _ = catch_unwind(AssertUnwindSafe(|| notify(&object)));
    }
}

#[cfg(unix)]
#[test]
fn rule_32_a_thread_that_exits_inside_a_routine_counts_as_returned() {
    unsafe extern "system-unwind" fn exits(
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
        _: *mut std::ffi::c_void,
    ) {
        // SAFETY: the frames above hold nothing that must be dropped.
        unsafe { libc::pthread_exit(std::ptr::null_mut()) }
    }
    extern "C-unwind" fn thread(object: *mut std::ffi::c_void) -> *mut std::ffi::c_void {
        // SAFETY: the test keeps the object until this thread has ended.
        let object = unsafe { &*object.cast::<CallbackObject>() };
        let _ = object.notify(std::ptr::null_mut(), std::ptr::null_mut());
        std::ptr::null_mut()
    }
    type Start = extern "C" fn(*mut std::ffi::c_void) -> *mut std::ffi::c_void;
    if in_child("rule_32_a_thread_that_exits_inside_a_routine_counts_as_returned") {
        for fence in FENCES {
            let object = object(fence);
            // SAFETY: the routine takes any pointers.
            let handle = unsafe { callback_object::register_raw(&object, exits, 0 as _, None) }.unwrap();
            let address = std::ptr::from_ref(&object).cast_mut();
            // SAFETY: the two differ only in that the first may unwind, which glibc catches.
            let start = unsafe { std::mem::transmute::<extern "C-unwind" fn(_) -> _, Start>(thread) };
            let mut id = 0;
            // SAFETY: the object outlives the thread, which is joined.
            let created =
                unsafe { libc::pthread_create(&raw mut id, std::ptr::null(), start, address.cast()) };
            assert_eq!(created, 0);
            // SAFETY: created above and not joined yet.
            assert_eq!(unsafe { libc::pthread_join(id, std::ptr::null_mut()) }, 0);
            // Nobody is inside any more, as far as anybody can tell.
            callback_object::unregister_raw(handle).unwrap();
        }
    }
}

#[test]
fn rule_32_slots_of_ended_threads_are_used_again() {
    let object = object(FENCES[0]);
    let log = Log::default();
    let theirs = log.clone();
    let registration = object.register(move |_, _| theirs.add(0)).unwrap();
    for _ in 0..200 {
        std::thread::scope(|scope| _ = scope.spawn(|| notify(&object)));
    }
    assert_eq!(log.take().len(), 200);
    drop(registration);
}

#[test]
fn a_long_wait_is_reported_and_goes_on() {
    if in_child("a_long_wait_is_reported_and_goes_on") {
        static WAITED: AtomicUsize = AtomicUsize::new(0);
        callback_object::report::set_handler(Some(|report| {
            assert!(report.to_string().contains("waits for 1 threads to return"), "{report}");
            WAITED.fetch_add(1, Ordering::Relaxed);
        }));
        let object = object(FENCES[0]);
        let inside = Latch::default();
        let entered = inside.clone();
        // A routine that returns when the wait was reported.
        let routine = move |_, _| {
            entered.open();
            let start = Instant::now();
            while WAITED.load(Ordering::Relaxed) == 0 {
                assert!(start.elapsed() < LONG, "no report");
                std::thread::yield_now();
            }
        };
        let registration = object.register(routine).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| notify(&object));
            inside.pass();
            registration.unregister().unwrap();
        });
        assert_eq!(object.registered(), 0);
    }
}
