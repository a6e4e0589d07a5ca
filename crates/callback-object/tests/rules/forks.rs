//! What a child of `fork` may do: rule 33. The thread that forked is its only one.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callback_object::{Attributes, Directory};

use super::faults::in_child;
use super::support::{FENCES, LONG, Latch, Log, notify, object, pointer};

/// Forks; the child does this and must find it good, in time. `go_on` is done before a failure is reported.
fn fork(child_does: impl FnOnce() -> bool, go_on: impl FnOnce()) {
    // SAFETY: what the child does is what this crate promises for it.
    match unsafe { libc::fork() } {
        -1 => panic!("no fork"),
        0 => {
            let good = catch_unwind(AssertUnwindSafe(child_does)).unwrap_or(false);
            // SAFETY: ends the child without running what the parent will run.
            unsafe { libc::_exit(if good { 7 } else { 8 }) }
        }
        child => {
            let status = ended(child);
            go_on();
            assert_eq!(status, Some(7), "the forked child fails, or hangs");
        }
    }
}

/// What a child ended with, if it did.
fn ended(child: libc::pid_t) -> Option<i32> {
    let mut status = 0;
    let start = Instant::now();
    // SAFETY: a child of this process.
    while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
        if start.elapsed() > LONG {
            // SAFETY: as above.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status))
}

#[test]
fn rule_33_in_a_forked_child_other_threads_are_inside_nothing() {
    if in_child("rule_33_in_a_forked_child_other_threads_are_inside_nothing") {
        for fence in FENCES {
            let object = object(fence);
            let (inside, go_on) = (Latch::default(), Latch::default());
            let (entered, wait) = (inside.clone(), go_on.clone());
            let routine = move |_, _| {
                entered.open();
                wait.pass();
            };
            let registration = Mutex::new(Some(object.register(routine).unwrap()));
            std::thread::scope(|scope| {
                scope.spawn(|| notify(&object));
                inside.pass();
                // The thread that was inside does not exist in the child: this must not wait for it.
                let leaves = || {
                    let left = registration.lock().unwrap().take().unwrap().unregister();
                    left.is_ok() && object.registered() == 0
                };
                fork(leaves, || go_on.open());
            });
        }
    }
}

#[test]
fn rule_33_a_routine_may_fork() {
    if in_child("rule_33_a_routine_may_fork") {
        for fence in FENCES {
            let object = object(fence);
            let child = Arc::new(Mutex::new(-1));
            let theirs = Arc::clone(&child);
            let log = Log::default();
            let register = |number| {
                let log = log.clone();
                object.register(move |_, _| log.add(number)).unwrap()
            };
            let before = register(1);
            let routine = move |_, _| {
                // SAFETY: as promised for a child: it goes on with the notification and with this crate.
                *theirs.lock().unwrap() = unsafe { libc::fork() };
            };
            let forks = object.register(routine).unwrap();
            let after = register(2);
            notify(&object);
            // Both processes are here, and both have called every routine.
            let whole = log.take() == [1, 2];
            let child = *child.lock().unwrap();
            let left = forks.unregister().is_ok();
            let last = register(3);
            notify(&object);
            let goes_on = log.take() == [1, 2, 3] && left;
            drop((before, after, last));
            let good = whole && goes_on && object.registered() == 0;
            if child == 0 {
                // SAFETY: ends the child without running what the parent will run.
                unsafe { libc::_exit(if good { 7 } else { 8 }) }
            }
            assert!(good && child > 0);
            assert_eq!(ended(child), Some(7), "the forked child fails, or hangs");
        }
    }
}

/// A routine forks while another thread waits for it to return.
#[test]
fn rule_33_nobody_waits_in_a_forked_child() {
    if in_child("rule_33_nobody_waits_in_a_forked_child") {
        for fence in FENCES {
            let object = object(fence);
            let (inside, go_on) = (Latch::default(), Latch::default());
            let (entered, wait, child) = (inside.clone(), go_on.clone(), Arc::new(Mutex::new(-1)));
            let theirs = Arc::clone(&child);
            let routine = move |_, _| {
                entered.open();
                wait.pass();
                // Long enough for the other one to be asleep.
                std::thread::sleep(Duration::from_millis(20));
                // SAFETY: as above.
                *theirs.lock().unwrap() = unsafe { libc::fork() };
            };
            let registration = object.register(routine).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    inside.pass();
                    go_on.open();
                    registration.unregister().unwrap();
                });
                notify(&object);
                let child = *child.lock().unwrap();
                if child == 0 {
                    // The routine has returned; the other thread's wish is fulfilled.
                    let calls = Arc::new(AtomicUsize::new(0));
                    let theirs = Arc::clone(&calls);
                    let again =
                        object.register(move |_, _| _ = theirs.fetch_add(1, Ordering::Relaxed)).unwrap();
                    notify(&object);
                    drop(again);
                    let good = calls.load(Ordering::Relaxed) == 1 && object.registered() == 0;
                    // SAFETY: as above.
                    unsafe { libc::_exit(if good { 7 } else { 8 }) }
                }
                assert_eq!(ended(child), Some(7), "the forked child fails, or hangs");
            });
        }
    }
}

/// Children of a process in which other threads do all that takes a lock.
#[test]
fn rule_33_a_forked_child_can_do_everything() {
    const CHILDREN: usize = 60;
    if in_child("rule_33_a_forked_child_can_do_everything") {
        for fence in FENCES {
            let directory = Directory::new();
            let attributes = || Attributes::new().fence(fence);
            let object = directory.create(r"\Callback\shared", attributes()).unwrap();
            let calls = Arc::new(AtomicUsize::new(0));
            let everything = |name: &str| {
                let theirs = Arc::clone(&calls);
                let count = move |_: *mut c_void, _: *mut c_void| _ = theirs.fetch_add(1, Ordering::Relaxed);
                let shared = directory.open(r"\Callback\shared", attributes()).unwrap();
                let own = directory.create(name, attributes()).unwrap();
                let registrations = [shared.register(count.clone()).unwrap(), own.register(count).unwrap()];
                shared.notify(pointer(1), pointer(2)).unwrap();
                own.notify(pointer(1), pointer(2)).unwrap();
                registrations.into_iter().for_each(|registration| registration.unregister().unwrap());
            };
            let over = AtomicBool::new(false);
            std::thread::scope(|scope| {
                for name in [r"\Callback\one", r"\Callback\two", r"\Callback\three"] {
                    let (over, everything) = (&over, &everything);
                    scope.spawn(move || {
                        while !over.load(Ordering::Relaxed) {
                            everything(name);
                        }
                    });
                }
                notify(&object);
                for _ in 0..CHILDREN {
                    let does = || {
                        let before = calls.load(Ordering::Relaxed);
                        everything(r"\Callback\child");
                        calls.load(Ordering::Relaxed) >= before + 2
                    };
                    fork(does, || {});
                }
                over.store(true, Ordering::Relaxed);
            });
            assert_eq!(object.registered(), 0);
        }
    }
}
