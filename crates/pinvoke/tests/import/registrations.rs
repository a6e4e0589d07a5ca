//! Callback types: registrations that outlive a call, functions that come back, members and elements.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pinvoke::marshal::Marshal;
use pinvoke::native::NativeType;
use pinvoke::upcall::Queue;
use pinvoke::{Error, Function, Registered, callback, dll_import};

use crate::native_callbacks::{aborts_saying, is_child, library};

/// A number for a number.
#[callback(callable)]
#[fallback(-1)]
pub type Visit = unsafe extern "C" fn(n: i32) -> i32;

#[callback(char_set = Utf8)]
#[fallback(-2)]
pub type Hear = unsafe extern "C" fn(UserData, text: &str) -> i32;

#[callback]
type Mean = unsafe extern "C" fn(#[len(n)] values: &[f32], n: i32) -> f64;

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Operations {
    start: Option<Function<'static, Visit>>,
    stop: Option<Function<'static, Visit>>,
    level: i32,
}

/// The same, converted member by member.
#[derive(Marshal, Clone, Copy)]
struct Converted<'a> {
    start: Function<'a, Visit>,
    stop: Option<Function<'a, Visit>>,
    level: i32,
}

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    #[dll_import(entry_point = "run")]
    fn run_converted(operations: &Converted<'_>) -> i32;
    fn keep(visit: Option<Function<'_, Visit>>) -> Option<Function<'static, Visit>>;
    #[dll_import(calls_back)]
    fn error_after_kept(code: i32, n: i32) -> i32;
    #[dll_import(calls_back)]
    fn invoke_kept(n: i32) -> i32;
    safe fn native_function() -> Function<'static, Visit>;
    fn keep_with(hear: Function<'_, Hear>, user: *mut core::ffi::c_void);
    #[dll_import(calls_back)]
    fn invoke_with(text: *const u8) -> Result<i32, Error>;
    fn run(operations: &Operations) -> i32;
    fn defaults(level: i32) -> Operations;
    fn chain(functions: &[Option<Function<'_, Visit>>], n: i32, value: i32) -> i32;
    fn sum_floats(f: Function<'_, Mean>) -> i32;
    fn on_threads(n: i32, f: Function<'_, Visit>) -> i32;
    fn start(f: Function<'_, Visit>, n: i32);
    fn finish() -> i32;
}

/// The library keeps one function for the whole process, so its users take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    library();
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_registration_outlives_the_call() {
    let _turn = turn();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    let registered = Visit::owned(move |n| {
        log.borrow_mut().push(n);
        n + 1
    })
    .unwrap();
    unsafe {
        assert_eq!(keep(Some(registered.function())), None);
        assert_eq!((invoke_kept(4), invoke_kept(5)), (5, 6));
        let back = keep(None).unwrap();
        assert_eq!(back, registered.function());
        assert_eq!(back.identity(), Some(registered.identity()));
        assert_eq!(back.identity().unwrap().name(), "Visit");
        assert_eq!(invoke_kept(4), -100);
    }
    assert_eq!(*seen.borrow(), [4, 5]);
    drop(registered);
    assert_eq!(Rc::strong_count(&seen), 1);
}

#[test]
fn a_registration_may_borrow() {
    let _turn = turn();
    let mut sum = 0;
    let mut add = |n| {
        sum += n;
        sum
    };
    let registered = Visit::scoped(&mut add).unwrap();
    unsafe {
        keep(Some(registered.function()));
        assert_eq!((invoke_kept(4), invoke_kept(5)), (4, 9));
        keep(None);
    }
    drop(registered);
    assert_eq!(sum, 9);
}

#[test]
fn panics_and_refusals_reach_functions_that_call_back() {
    let _turn = turn();
    let registered = Visit::owned(|n| panic!("no {n}")).unwrap();
    unsafe { keep(Some(registered.function())) };
    let panic = catch_unwind(|| unsafe { invoke_kept(3) }).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "no 3");
    unsafe { keep(None) };

    let mut heard = Vec::new();
    let mut hear = |text: &str| {
        heard.push(text.to_owned());
        7
    };
    let registered = Hear::scoped(&mut hear).unwrap();
    unsafe {
        keep_with(registered.function(), registered.user_data());
        assert_eq!(invoke_with(c"grün".as_ptr().cast()).unwrap(), 7);
        let error = invoke_with([0xff, 0].as_ptr()).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot convert argument `text` of `Hear`: the text is not UTF-8"),
            "{error}"
        );
    }
    drop(registered);
    assert_eq!(heard, ["grün"]);
}

#[test]
fn functions_that_capture_nothing_need_no_registration() {
    let _turn = turn();
    let function = Visit::function(|n| n * n);
    unsafe {
        keep(Some(function));
        assert_eq!(invoke_kept(7), 49);
        assert_eq!(keep(None), Some(function));
        keep_with(Hear::function(|text| i32::try_from(text.len()).unwrap()), core::ptr::null_mut());
        assert_eq!(invoke_with(c"four".as_ptr().cast()).unwrap(), 4);
    }
    assert_eq!(function.identity(), None);
}

#[test]
fn native_functions_are_called_with_converted_values() {
    library();
    let twice = native_function();
    assert_eq!(unsafe { twice.call(21) }, 42);
    assert_eq!(twice.identity(), None);
    // One of ours through the same door: its panic comes back.
    let registered = Visit::owned(|n| if n < 0 { panic!("negative") } else { n }).unwrap();
    let function = registered.function();
    assert_eq!(unsafe { function.call(4) }, 4);
    let panic = catch_unwind(AssertUnwindSafe(|| unsafe { function.call(-4) })).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "negative");
}

#[test]
fn functions_are_members_and_elements() {
    library();
    let leaked = Visit::leak(|n| n + 1).unwrap();
    let start = Visit::function(|n| 10 * n);
    let operations = Operations { start: Some(start), stop: Some(leaked.function()), level: 3 };
    assert_eq!(unsafe { run(&operations) }, 34);
    assert_eq!(unsafe { run(&Operations { start: None, stop: None, level: 3 }) }, 2);
    let registered = Visit::owned(|n| n + 100).unwrap();
    let converted = Converted { start: registered.function(), stop: None, level: 3 };
    assert_eq!(unsafe { run_converted(&converted) }, 104);
    let native = unsafe { defaults(5) };
    assert_eq!((native.start, native.stop), (Some(native_function()), None));
    assert_eq!(unsafe { native.start.unwrap().call(native.level) }, 10);
    let functions = [Some(start), None, native.start, Some(leaked.function())];
    assert_eq!(unsafe { chain(&functions, 4, 2) }, 41);
}

#[test]
fn arguments_are_counted_by_name() {
    library();
    let mean = Mean::function(|values, n| {
        assert_eq!(values.len(), n as usize);
        f64::from(values.iter().sum::<f32>())
    });
    assert_eq!(unsafe { sum_floats(mean) }, 7);
}

#[test]
fn registrations_for_every_thread() {
    library();
    let sum = Arc::new(AtomicI32::new(0));
    let of_closure = sum.clone();
    let registered = Visit::owned_anywhere(move |n| of_closure.fetch_add(n, Ordering::Relaxed)).unwrap();
    unsafe { on_threads(50, registered.function()) };
    assert_eq!(sum.load(Ordering::Relaxed), 1225);
    // The guard may be dropped elsewhere.
    std::thread::spawn(move || drop(registered)).join().unwrap();
    assert_eq!(Arc::strong_count(&sum), 1);

    let last = AtomicI32::new(0);
    let borrowed = |n| last.fetch_max(n, Ordering::Relaxed);
    let registered = Visit::scoped_anywhere(&borrowed).unwrap();
    unsafe { on_threads(50, registered.function()) };
    drop(registered);
    assert_eq!(last.load(Ordering::Relaxed), 49);
    let leaked = Visit::leak_anywhere(|n| n).unwrap();
    assert_eq!(unsafe { on_threads(10, leaked.function()) }, 45);
}

#[test]
fn dropping_a_borrowing_registration_waits_for_other_threads() {
    let _turn = turn();
    let entered = AtomicI32::new(0);
    let slow = |n| {
        entered.store(1, Ordering::Release);
        std::thread::sleep(Duration::from_millis(50));
        entered.store(2, Ordering::Release);
        n
    };
    let registered = Visit::scoped_anywhere(&slow).unwrap();
    unsafe { start(registered.function(), 6) };
    while entered.load(Ordering::Acquire) == 0 {
        std::thread::yield_now();
    }
    drop(registered);
    assert_eq!(entered.load(Ordering::Acquire), 2);
    assert_eq!(unsafe { finish() }, 6);
}

#[callback]
#[fallback(-3)]
type Note = unsafe extern "C" fn(n: i32) -> i32;

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    #[dll_import(entry_point = "start")]
    fn start_note(f: Function<'_, Note>, n: i32);
}

#[test]
fn queued_and_posted_closures_run_at_home() {
    let _turn = turn();
    let queue = Queue::new();
    let last = Rc::new(Cell::new(0));
    let seen = last.clone();
    let queued = Note::queued(&queue, move |n| {
        seen.set(n);
        n * 2
    })
    .unwrap();
    unsafe { start_note(queued.function(), 21) };
    assert_eq!(queue.run_within(Duration::from_secs(10)), 1);
    assert_eq!((unsafe { finish() }, last.get()), (42, 21));
    let seen = last.clone();
    let posted: Registered<'_, Note, _> = Note::posted(&queue, move |n| {
        seen.set(n);
        n * 2
    })
    .unwrap();
    unsafe { start_note(posted.function(), 22) };
    assert_eq!(unsafe { finish() }, -3);
    assert_eq!(last.get(), 21);
    assert_eq!(queue.run_pending(), 1);
    assert_eq!(last.get(), 22);
}

#[test]
fn registrations_keep_the_last_error() {
    let _turn = turn();
    let registered = Visit::owned(|n| {
        pinvoke::LastError(5).set_current();
        n
    })
    .unwrap();
    unsafe { keep(Some(registered.function())) };
    assert_eq!(unsafe { error_after_kept(33, 1) }, 33);
    unsafe { keep(None) };
}

#[callback]
#[fallback(-4)]
#[on_wrong_thread(return)]
type AtHome = unsafe extern "C" fn(n: i32) -> i32;

#[dll_import("pinvoke_callbacks", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    #[dll_import(entry_point = "on_threads")]
    fn on_foreign_threads(n: i32, f: Function<'_, AtHome>) -> i32;
}

#[test]
fn a_policy_keeps_foreign_threads_out() {
    library();
    let registered = AtHome::owned(|n| n).unwrap();
    assert_eq!(unsafe { on_foreign_threads(3, registered.function()) }, -12);
}

#[test]
fn a_call_after_the_drop_is_reported() {
    if is_child() {
        let registered = Visit::owned(|n| n).unwrap();
        unsafe { keep(Some(registered.function())) };
        drop(registered);
        unsafe { invoke_kept(1) };
        return;
    }
    library();
    aborts_saying(
        "registrations::a_call_after_the_drop_is_reported",
        &["callback `Visit`", "after it was dropped"],
    );
}

#[test]
fn a_call_from_a_foreign_thread_is_reported() {
    if is_child() {
        let registered = Visit::owned(|n| n).unwrap();
        unsafe { on_threads(1, registered.function()) };
        return;
    }
    library();
    aborts_saying(
        "registrations::a_call_from_a_foreign_thread_is_reported",
        &["callback `Visit`", "belongs to thread"],
    );
}
