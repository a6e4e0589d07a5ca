//! The crate without the standard library, on a platform that a program supplies:
//! `cargo test -p callback-object --no-default-features --test embedded`.
#![cfg(all(not(feature = "std"), target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, Once};

use callback_object::{
    Attributes, CallbackObject, Directory, Fence, Platform, Registration, Status, set_platform, thread_ends,
};

/// Threads and futexes of Linux.
struct Linux;

thread_local! {
    static WORD: &'static AtomicPtr<()> = Box::leak(Box::new(AtomicPtr::new(std::ptr::null_mut())));
}

fn futex(word: &AtomicU32, operation: libc::c_int, value: u32) {
    // SAFETY: the word lives during the call; no time limit.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, std::ptr::null::<()>()) };
}

// SAFETY: a thread-local word.
unsafe impl Platform for Linux {
    fn thread_word(&self) -> &AtomicPtr<()> {
        WORD.with(|word| *word)
    }

    fn wait(&self, word: &AtomicU32, value: u32) {
        futex(word, libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, value);
    }

    fn wake(&self, word: &AtomicU32) {
        futex(word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, i32::MAX.cast_unsigned());
    }

    fn log(&self, line: &str) {
        eprintln!("{line}");
    }

    fn abort(&self) -> ! {
        std::process::abort()
    }
}

fn object() -> CallbackObject {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_platform(&Linux));
    CallbackObject::unnamed(Attributes::new())
}

fn notify(object: &CallbackObject) {
    object.notify(std::ptr::null_mut(), std::ptr::null_mut()).unwrap();
}

#[test]
fn routines_are_not_called_after_unregistering() {
    let object = object();
    assert_eq!(object.fence_in_use(), Fence::Portable);
    let (over, calls) = (AtomicBool::new(false), Arc::new(AtomicUsize::new(0)));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    notify(&object);
                }
                thread_ends();
            });
        }
        for _ in 0..2_000 {
            let gone = Arc::new(AtomicBool::new(false));
            let (theirs, calls) = (Arc::clone(&gone), Arc::clone(&calls));
            let routine = move |_, _| {
                assert!(!theirs.load(Ordering::Relaxed));
                calls.fetch_add(1, Ordering::Relaxed);
            };
            let registration = object.register(routine).unwrap();
            std::thread::yield_now();
            registration.unregister().unwrap();
            gone.store(true, Ordering::Relaxed);
            assert_eq!(Arc::strong_count(&gone), 1);
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_ne!(calls.load(Ordering::Relaxed), 0);
}

#[test]
fn routines_that_remove_each_other_both_return() {
    let objects = [object(), object()];
    let cells: [Arc<Mutex<Option<Registration>>>; 2] = Default::default();
    let both = Arc::new(Barrier::new(2));
    let outcomes: Arc<Mutex<Vec<Result<(), Status>>>> = Arc::default();
    for i in 0..2 {
        let (theirs, both, outcomes) = (Arc::clone(&cells[1 - i]), Arc::clone(&both), Arc::clone(&outcomes));
        let routine = move |_, _| {
            both.wait();
            let other = theirs.lock().unwrap().take().unwrap();
            let outcome = other.unregister().map_err(|e| e.status());
            outcomes.lock().unwrap().push(outcome);
        };
        *cells[i].lock().unwrap() = Some(objects[i].register(routine).unwrap());
    }
    std::thread::scope(|scope| {
        for object in &objects {
            scope.spawn(move || notify(object));
        }
    });
    let mut outcomes = outcomes.lock().unwrap().clone();
    outcomes.sort_by_key(Result::is_ok);
    assert_eq!(outcomes, [Err(Status::POSSIBLE_DEADLOCK), Ok(())]);
}

#[test]
fn names_are_found() {
    drop(object());
    let directory = Directory::new();
    let object = directory.create(r"\Callback\name", Attributes::new()).unwrap();
    assert!(
        directory.open(r"\callback\NAME", Attributes::new().case_insensitive()).unwrap().is_same(&object)
    );
}
