//! How a routine is left: rules 8, 9, 10, 11, 26, 29.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};

use callback_object::{Handle, Registration, Status, register_raw, unregister_raw};

use super::support::{FENCES, Latch, Log, nothing_from, notify, object, pointer, receive};

#[test]
fn rule_08_unregistering_waits_for_the_running_call() {
    for fence in FENCES {
        let object = object(fence);
        let (inside, go_on) = (Latch::default(), Latch::default());
        let registration = {
            let (inside, go_on) = (inside.clone(), go_on.clone());
            let routine = move |_, _| {
                inside.open();
                go_on.pass();
            };
            object.register(routine).unwrap()
        };
        std::thread::scope(|scope| {
            scope.spawn(|| notify(&object));
            inside.pass();
            let (gone, is_gone) = channel();
            scope.spawn(move || {
                registration.unregister().unwrap();
                gone.send(()).unwrap();
            });
            nothing_from(&is_gone);
            go_on.open();
            receive(&is_gone);
        });
        assert_eq!(object.registered(), 0);
    }
}

#[test]
fn rule_08_the_closure_is_freed_when_unregistering_returns() {
    for fence in FENCES {
        let object = object(fence);
        let owned = Arc::new(());
        let theirs = Arc::clone(&owned);
        let registration = object.register(move |_, _| _ = &theirs).unwrap();
        notify(&object);
        assert_eq!(Arc::strong_count(&owned), 2);
        drop(registration);
        assert_eq!(Arc::strong_count(&owned), 1);
    }
}

#[test]
fn rule_09_an_unrelated_slow_routine_is_not_waited_for() {
    for fence in FENCES {
        let object = object(fence);
        let (inside, go_on) = (Latch::default(), Latch::default());
        let log = Log::default();
        let quick_before = object.register(|_, _| {}).unwrap();
        let slow = {
            let (inside, go_on) = (inside.clone(), go_on.clone());
            let routine = move |_, _| {
                inside.open();
                go_on.pass();
            };
            object.register(routine).unwrap()
        };
        let quick_after = {
            let log = log.clone();
            object.register(move |_, _| log.add(3)).unwrap()
        };
        std::thread::scope(|scope| {
            scope.spawn(|| notify(&object));
            inside.pass();
            // Both return while the slow one is still inside.
            quick_before.unregister().unwrap();
            quick_after.unregister().unwrap();
            assert!(!go_on.is_open());
            go_on.open();
        });
        assert_eq!(log.take(), []);
        drop(slow);
    }
}

/// A place for a registration that its own routine takes.
type Cell = Arc<Mutex<Option<Registration>>>;

fn take(cell: &Cell) -> Option<Registration> {
    cell.lock().unwrap().take()
}

#[test]
fn rule_10_a_routine_may_unregister_itself_at_any_depth() {
    for fence in FENCES {
        for depth in [1, 2, 3, 10, 40] {
            let object = object(fence);
            let cell = Cell::default();
            let owned = Arc::new(());
            let calls = Arc::new(AtomicUsize::new(0));
            let routine = {
                let (object, cell, owned, calls) =
                    (object.reference(), Arc::clone(&cell), Arc::clone(&owned), Arc::clone(&calls));
                move |_, _| {
                    if calls.fetch_add(1, Ordering::Relaxed) + 1 < depth {
                        object.notify(pointer(0), pointer(0)).unwrap();
                    } else if let Some(own) = take(&cell) {
                        own.unregister().unwrap();
                    }
                    // What the closure owns is still there for the frames that are inside.
                    assert_eq!(Arc::strong_count(&owned), 2);
                }
            };
            *cell.lock().unwrap() = Some(object.register(routine).unwrap());
            notify(&object);
            notify(&object);
            assert_eq!(calls.load(Ordering::Relaxed), depth);
            assert_eq!(Arc::strong_count(&owned), 1, "the closure is freed after its last frame");
        }
    }
}

#[test]
fn rule_10_with_two_threads_inside_it_waits_for_the_other_only() {
    for fence in FENCES {
        let object = object(fence);
        let cell = Cell::default();
        let (both, go_on) = (Arc::new(Barrier::new(2)), Latch::default());
        let (gone, is_gone) = channel();
        let routine = {
            let (cell, both, go_on) = (Arc::clone(&cell), Arc::clone(&both), go_on.clone());
            move |_, _| {
                both.wait();
                match take(&cell) {
                    Some(own) => {
                        own.unregister().unwrap();
                        gone.send(()).unwrap();
                    }
                    None => go_on.pass(),
                }
            }
        };
        *cell.lock().unwrap() = Some(object.register(routine).unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| notify(&object));
            scope.spawn(|| notify(&object));
            nothing_from(&is_gone);
            go_on.open();
            receive(&is_gone);
        });
        assert_eq!(object.registered(), 0);
    }
}

#[test]
fn rule_11_two_routines_that_remove_each_other_do_not_wait_for_ever() {
    for fence in FENCES {
        let objects = [object(fence), object(fence)];
        let cells = [Cell::default(), Cell::default()];
        let owned = [Arc::new(()), Arc::new(())];
        let both = Arc::new(Barrier::new(2));
        let (outcome, outcomes) = channel();
        for i in 0..2 {
            let (theirs, both, outcome) = (Arc::clone(&cells[1 - i]), Arc::clone(&both), outcome.clone());
            let owned = Arc::clone(&owned[i]);
            let routine = move |_, _| {
                both.wait();
                let other = take(&theirs).unwrap();
                outcome.send(other.unregister().map_err(|e| e.status())).unwrap();
                let _ = &owned;
            };
            *cells[i].lock().unwrap() = Some(objects[i].register(routine).unwrap());
        }
        std::thread::scope(|scope| {
            for object in &objects {
                scope.spawn(move || notify(object));
            }
        });
        let mut seen = [receive(&outcomes), receive(&outcomes)];
        seen.sort_by_key(Result::is_ok);
        assert_eq!(seen, [Err(Status::POSSIBLE_DEADLOCK), Ok(())]);
        // The removal that did not wait has completed too.
        assert_eq!(objects.each_ref().map(|o| o.registered()), [0, 0]);
        assert_eq!(owned.each_ref().map(Arc::strong_count), [1, 1]);
    }
}

#[test]
fn rule_11_a_circle_of_three_is_found_too() {
    for fence in FENCES {
        let object = object(fence);
        let cells: [Cell; 3] = Default::default();
        let all = Arc::new(Barrier::new(3));
        let (outcome, outcomes) = channel();
        for i in 0..3 {
            let (next, all, outcome) = (Arc::clone(&cells[(i + 1) % 3]), Arc::clone(&all), outcome.clone());
            // Each thread is stopped in its own routine only.
            let routine = move |turn: *mut std::ffi::c_void, _| {
                if turn.addr() == i {
                    all.wait();
                    let next = take(&next).unwrap();
                    outcome.send(next.unregister().map_err(|e| e.status())).unwrap();
                }
            };
            *cells[i].lock().unwrap() = Some(object.register(routine).unwrap());
        }
        std::thread::scope(|scope| {
            for i in 0..3 {
                let object = &object;
                scope.spawn(move || object.notify(pointer(i), pointer(0)).unwrap());
            }
        });
        let seen = [receive(&outcomes), receive(&outcomes), receive(&outcomes)];
        assert_eq!(seen.iter().filter(|o| **o == Err(Status::POSSIBLE_DEADLOCK)).count(), 1);
        assert_eq!(object.registered(), 0);
    }
}

#[test]
fn rule_26_a_registration_keeps_its_object() {
    for fence in FENCES {
        let object = object(fence);
        let reference = object.reference();
        let registration = object.register(|_, _| {}).unwrap();
        drop(object);
        assert!(registration.object().is_same(&reference));
        assert_eq!(reference.registered(), 1);
        drop(registration);
        assert_eq!(reference.registered(), 0);
    }
}

#[test]
fn rule_26_a_routine_may_drop_the_last_reference_to_its_object() {
    for fence in FENCES {
        let object = object(fence);
        let cell: Arc<Mutex<Option<(Registration, callback_object::CallbackObject)>>> = Arc::default();
        let theirs = Arc::clone(&cell);
        let registration = object.register(move |_, _| drop(theirs.lock().unwrap().take())).unwrap();
        let raw = object.reference().into_raw();
        *cell.lock().unwrap() = Some((registration, object));
        // SAFETY: the reference is taken back right here.
        let last = unsafe { callback_object::ObjectReference::from_raw(raw) };
        last.notify(pointer(0), pointer(0)).unwrap();
        assert!(cell.lock().unwrap().is_none());
        assert_eq!(last.registered(), 0);
    }
}

unsafe extern "system-unwind" fn nothing(
    _: *mut std::ffi::c_void,
    _: *mut std::ffi::c_void,
    _: *mut std::ffi::c_void,
) {
}

#[test]
fn rule_29_a_second_unregister_and_a_forged_handle_are_found_out() {
    for fence in FENCES {
        let object = object(fence);
        // SAFETY: the routine takes any pointers.
        let register = || unsafe { register_raw(&object, nothing, pointer(0), None) }.unwrap();
        let handle = register();
        unregister_raw(handle).unwrap();
        assert_eq!(unregister_raw(handle).unwrap_err().status(), Status::INVALID_HANDLE);
        // The place in the table is used again, the handle is not.
        let again = register();
        assert_ne!(again, handle);
        assert_eq!(unregister_raw(handle).unwrap_err().status(), Status::INVALID_HANDLE);
        for bits in [1, 2, 1 << 31, usize::MAX, again.bits() ^ 1 << (usize::BITS / 2 + 8), again.bits() + 1] {
            let forged = Handle::from_bits(bits).unwrap();
            let error = unregister_raw(forged).unwrap_err();
            assert_eq!(error.status(), Status::INVALID_HANDLE, "{bits:#x}");
            assert!(error.to_string().contains("unregistered before"), "{error}");
        }
        assert_eq!(Handle::from_bits(0), None);
        assert_eq!(object.registered(), 1);
        unregister_raw(again).unwrap();
    }
}

#[test]
fn rule_29_of_many_threads_that_unregister_one_handle_one_succeeds() {
    for fence in FENCES {
        let object = object(fence);
        for _ in 0..50 {
            // SAFETY: the routine takes any pointers.
            let handle = unsafe { register_raw(&object, nothing, pointer(0), None) }.unwrap();
            let succeeded = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        if unregister_raw(handle).is_ok() {
                            succeeded.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!(succeeded.load(Ordering::Relaxed), 1);
        }
    }
}
