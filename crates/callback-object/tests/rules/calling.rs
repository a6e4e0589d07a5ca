//! What a notification does: rules 1, 2, 5, 6, 7, 12, 13, 14.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use callback_object::irql::{self, APC, DISPATCH, PASSIVE};
use callback_object::{Registration, register_raw, unregister_raw};

use super::support::{Log, notify, notify_with, object, pointer, ways};

#[test]
fn rule_01_routines_are_called_in_order_of_registration() {
    for fence in ways() {
        for count in [1, 2, 4, 5, 10, 1000] {
            let object = object(fence);
            let log = Log::default();
            let register = |i| {
                let log = log.clone();
                object.register(move |_, _| log.add(i)).unwrap()
            };
            let mut registrations: Vec<_> = (0..count).map(register).collect();
            notify(&object);
            assert_eq!(log.take(), (0..count).collect::<Vec<_>>());
            // Every third goes, and one more comes last.
            let mut i = 0;
            registrations.retain(|_| {
                i += 1;
                i % 3 != 1
            });
            registrations.push(register(count));
            notify(&object);
            assert_eq!(log.take(), (0..=count).filter(|i| i % 3 != 0 || *i == count).collect::<Vec<_>>());
            drop(registrations);
            notify(&object);
            assert_eq!(log.take(), []);
        }
    }
}

#[test]
fn rule_02_context_and_arguments_arrive_bit_for_bit() {
    static SEEN: Mutex<Vec<[usize; 3]>> = Mutex::new(Vec::new());
    unsafe extern "system-unwind" fn routine(context: *mut c_void, a: *mut c_void, b: *mut c_void) {
        SEEN.lock().unwrap().push([context.addr(), a.addr(), b.addr()]);
    }
    for fence in ways() {
        for value in [0, 1, usize::MAX, 0xDEAD_BEEF, 1 << (usize::BITS - 1)] {
            let object = object(fence);
            // SAFETY: the routine takes any pointers.
            let handle = unsafe { register_raw(&object, routine, pointer(value), None) }.unwrap();
            notify_with(&object, pointer(!value), pointer(value ^ 0x5555));
            unregister_raw(handle).unwrap();
            assert_eq!(std::mem::take(&mut *SEEN.lock().unwrap()), [[value, !value, value ^ 0x5555]]);
        }
    }
}

#[test]
fn rule_05_the_same_routine_may_be_registered_twice() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "system-unwind" fn routine(_: *mut c_void, _: *mut c_void, _: *mut c_void) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
    for fence in ways() {
        let object = object(fence);
        // SAFETY: the routine takes any pointers.
        let register = || unsafe { register_raw(&object, routine, pointer(0), None) }.unwrap();
        let (one, two) = (register(), register());
        assert_ne!(one, two);
        notify(&object);
        assert_eq!(CALLS.swap(0, Ordering::Relaxed), 2);
        unregister_raw(one).unwrap();
        notify(&object);
        assert_eq!(CALLS.swap(0, Ordering::Relaxed), 1);
        unregister_raw(two).unwrap();
        notify(&object);
        assert_eq!(CALLS.swap(0, Ordering::Relaxed), 0);
    }
}

#[test]
fn rule_06_a_routine_registered_meanwhile_waits_for_the_next_notification() {
    for fence in ways() {
        let object = object(fence);
        let added: Arc<Mutex<Vec<Registration>>> = Arc::default();
        let log = Log::default();
        let first = {
            let (object, added, log) = (object.reference(), Arc::clone(&added), log.clone());
            move |_: *mut c_void, _: *mut c_void| {
                log.add(0);
                let (log, number) = (log.clone(), added.lock().unwrap().len() + 1);
                let next = object.register(move |_, _| log.add(number)).unwrap();
                added.lock().unwrap().push(next);
            }
        };
        let registration = object.register(first).unwrap();
        // Many, so that the walk's own list grows while it is walked.
        for round in 0..100 {
            notify(&object);
            assert_eq!(log.take(), (0..=round).collect::<Vec<_>>());
        }
        drop(registration);
        added.lock().unwrap().clear();
    }
}

#[test]
fn rule_07_a_routine_unregistered_before_its_turn_is_skipped() {
    for fence in ways() {
        // Which of five routines the middle one removes.
        for victim in [0, 1, 3, 4] {
            let object = object(fence);
            let log = Log::default();
            let all: Arc<Mutex<Vec<Option<Registration>>>> = Arc::default();
            for i in 0..5 {
                let (log, theirs) = (log.clone(), Arc::clone(&all));
                let routine = move |_: *mut c_void, _: *mut c_void| {
                    log.add(i);
                    if i == 2 {
                        let victim = theirs.lock().unwrap()[victim].take();
                        drop(victim);
                    }
                };
                let registration = object.register(routine).unwrap();
                all.lock().unwrap().push(Some(registration));
            }
            notify(&object);
            let expected: Vec<_> = (0..5).filter(|i| *i != victim || *i < 2).collect();
            assert_eq!(log.take(), expected, "victim {victim}");
            notify(&object);
            assert_eq!(log.take(), (0..5).filter(|i| *i != victim).collect::<Vec<_>>());
            let all = std::mem::take(&mut *all.lock().unwrap());
            drop(all);
        }
    }
}

#[test]
fn rule_12_notifications_nest_to_any_depth() {
    const DEPTH: usize = 1000;
    for fence in ways() {
        let (one, two) = (object(fence), object(fence));
        let log = Log::default();
        let routine = {
            let (one, two, log) = (one.reference(), two.reference(), log.clone());
            move |depth: *mut c_void, _: *mut c_void| {
                log.add(depth.addr());
                if depth.addr() < DEPTH {
                    let other = if depth.addr().is_multiple_of(2) { &two } else { &one };
                    other.notify(pointer(depth.addr() + 1), pointer(0)).unwrap();
                }
            }
        };
        // Deep stacks: more than a test thread has.
        let run = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
            let registrations = [one.register(routine.clone()).unwrap(), two.register(routine).unwrap()];
            one.notify(pointer(0), pointer(0)).unwrap();
            drop(registrations);
            assert_eq!((one.registered(), two.registered()), (0, 0));
            log.take()
        });
        assert_eq!(run.unwrap().join().unwrap(), (0..=DEPTH).collect::<Vec<_>>());
    }
}

#[test]
fn rule_13_threads_notify_at_once() {
    const EACH: usize = 2000;
    for fence in ways() {
        let object = object(fence);
        let calls = Arc::new(AtomicUsize::new(0));
        let registrations: Vec<_> = (0..3)
            .map(|_| {
                let calls = Arc::clone(&calls);
                object.register(move |_, _| _ = calls.fetch_add(1, Ordering::Relaxed)).unwrap()
            })
            .collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..EACH).for_each(|_| notify(&object)));
            }
        });
        assert_eq!(calls.load(Ordering::Relaxed), 4 * 3 * EACH);
        drop(registrations);
    }
}

#[test]
fn rule_13_two_notifications_are_inside_one_routine_together() {
    for fence in ways() {
        let object = object(fence);
        let together = Arc::new(std::sync::Barrier::new(2));
        let barrier = Arc::clone(&together);
        let registration = object.register(move |_, _| _ = barrier.wait()).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| notify(&object));
            notify(&object);
        });
        drop(registration);
    }
}

#[test]
fn rule_14_a_routine_runs_at_the_level_of_the_notifier() {
    for fence in ways() {
        let object = object(fence);
        let log = Log::default();
        let levels = log.clone();
        let registration = object.register(move |_, _| levels.add(irql::current().into())).unwrap();
        for level in [PASSIVE, APC, DISPATCH] {
            let raised = irql::raise(level).unwrap();
            notify(&object);
            drop(raised);
            assert_eq!(log.take(), [usize::from(level)]);
            assert_eq!(irql::current(), PASSIVE);
        }
        drop(registration);
    }
}
