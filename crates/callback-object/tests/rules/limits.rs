//! Limits: rules 3, 4, 15 (see also `tests/quiet.rs`), 27 and 28.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use callback_object::irql::{self, APC, DISPATCH, HIGH};
use callback_object::{
    Attributes, CallbackObject, Directory, Disposition, Registration, Status, register_raw, unregister_raw,
};

use super::support::{FENCES, notify, object, pointer};

#[test]
fn rule_03_an_object_for_one_routine_takes_one_at_a_time() {
    for fence in FENCES {
        let object = CallbackObject::unnamed(Attributes::new().single().fence(fence));
        let first = object.register(|_, _| {}).unwrap();
        let refused = object.register(|_, _| {}).unwrap_err();
        assert_eq!(refused.status(), Status::ALREADY_REGISTERED);
        assert!(refused.to_string().contains("unregister the other"), "{refused}");
        drop(first);
        drop(object.register(|_, _| {}).unwrap());
        assert_eq!(object.registered(), 0);
    }
}

#[test]
fn rule_03_of_racing_registrations_one_wins() {
    for fence in FENCES {
        for threads in [2, 8, 64] {
            let object = CallbackObject::unnamed(Attributes::new().single().fence(fence));
            let winners: Vec<Registration> = std::thread::scope(|scope| {
                let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| object.register(|_, _| {}))).collect();
                all.into_iter().filter_map(|t| t.join().unwrap().ok()).collect()
            });
            assert_eq!((winners.len(), object.registered()), (1, 1));
        }
    }
}

#[test]
fn rule_04_the_number_of_routines_is_settled_by_the_creator() {
    let directory = Directory::new();
    for (created, opened, allowed) in [
        (Attributes::new().single(), Attributes::new(), 1),
        (Attributes::new(), Attributes::new().single(), 3),
    ] {
        let name = format!(r"\Callback\for {allowed}");
        let object = directory.create(&name, created).unwrap();
        let (again, disposition) = directory.open_or_create(&name, opened).unwrap();
        assert_eq!(disposition, Disposition::Opened);
        assert_eq!(again.is_single(), allowed == 1);
        let taken: Vec<_> = (0..3).filter_map(|_| again.register(|_, _| {}).ok()).collect();
        assert_eq!(taken.len(), allowed);
        drop(object);
    }
}

unsafe extern "system-unwind" fn nothing(
    _: *mut std::ffi::c_void,
    _: *mut std::ffi::c_void,
    _: *mut std::ffi::c_void,
) {
}

#[test]
fn rule_27_nothing_that_may_wait_is_done_at_dispatch_level() {
    let directory = Directory::new();
    for fence in FENCES {
        let object = object(fence);
        let owned = Arc::new(());
        let theirs = Arc::clone(&owned);
        let registration = object.register(move |_, _| _ = &theirs).unwrap();
        // SAFETY: the routine takes any pointers.
        let handle = unsafe { register_raw(&object, nothing, pointer(0), None) }.unwrap();
        {
            let _raised = irql::raise(DISPATCH).unwrap();
            let wrong = Status::INVALID_DEVICE_STATE;
            notify(&object);
            assert_eq!(object.register(|_, _| {}).unwrap_err().status(), wrong);
            assert_eq!(directory.create(r"\Callback\x", Attributes::new()).unwrap_err().status(), wrong);
            assert_eq!(directory.open(r"\Callback\x", Attributes::new()).unwrap_err().status(), wrong);
            assert_eq!(directory.create_directory(r"\x").unwrap_err().status(), wrong);
            assert_eq!(object.make_temporary().unwrap_err().status(), wrong);
            // A handle stays valid; a registration goes without a wait.
            assert_eq!(unregister_raw(handle).unwrap_err().status(), wrong);
            assert_eq!(object.registered(), 2);
            let refused = registration.unregister().unwrap_err();
            assert_eq!(refused.status(), wrong);
            assert!(refused.to_string().contains("lower the IRQL"), "{refused}");
            assert_eq!(object.registered(), 1);
        }
        assert_eq!(Arc::strong_count(&owned), 1, "nobody was inside, so the closure is gone");
        unregister_raw(handle).unwrap();
    }
}

#[test]
fn rule_27_a_registration_dropped_at_dispatch_level_goes_when_its_call_ends() {
    for fence in FENCES {
        let object = object(fence);
        let (owned, dropped) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
        let cell: Arc<std::sync::Mutex<Option<Registration>>> = Arc::default();
        let routine = {
            let (owned, cell, dropped) = (Arc::clone(&owned), Arc::clone(&cell), Arc::clone(&dropped));
            move |_, _| {
                drop(cell.lock().unwrap().take());
                dropped.store(Arc::strong_count(&owned), Ordering::Relaxed);
            }
        };
        *cell.lock().unwrap() = Some(object.register(routine).unwrap());
        let raised = irql::raise(DISPATCH).unwrap();
        notify(&object);
        drop(raised);
        assert_eq!(dropped.load(Ordering::Relaxed), 2, "still there for the running call");
        assert_eq!((object.registered(), Arc::strong_count(&owned)), (0, 1));
    }
}

#[test]
fn rule_28_objects_are_created_up_to_apc_level_and_strictly_at_passive() {
    let directory = Directory::new();
    let raised = irql::raise(APC).unwrap();
    let object = directory.create(r"\Callback\x", Attributes::new()).unwrap();
    drop(object.register(|_, _| {}).unwrap());
    // The mode is the process's: a child tests it.
    if super::faults::in_child("rule_28_objects_are_created_up_to_apc_level_and_strictly_at_passive") {
        irql::set_strict(true);
        let refused = directory.open(r"\Callback\x", Attributes::new()).unwrap_err();
        assert_eq!(refused.status(), Status::INVALID_DEVICE_STATE);
        let registration = object.register(|_, _| {}).unwrap();
        drop(raised);
        assert!(directory.open(r"\Callback\x", Attributes::new()).is_ok());
        drop(registration);
    }
}

#[test]
fn rule_14_levels_go_up_and_come_down() {
    use callback_object::irql::{PASSIVE, current, set_lowered, set_raised};
    assert_eq!(set_raised(DISPATCH).unwrap(), PASSIVE);
    assert_eq!(set_raised(DISPATCH).unwrap(), DISPATCH);
    assert_eq!(set_raised(APC).unwrap_err().status(), Status::INVALID_PARAMETER);
    assert_eq!(set_raised(HIGH + 1).unwrap_err().status(), Status::INVALID_PARAMETER);
    assert_eq!(set_lowered(HIGH).unwrap_err().status(), Status::INVALID_PARAMETER);
    assert_eq!(current(), DISPATCH);
    assert_eq!(set_raised(HIGH).unwrap(), DISPATCH);
    let object = CallbackObject::unnamed(Attributes::new());
    object.notify(pointer(0), pointer(0)).unwrap();
    set_lowered(PASSIVE).unwrap();
    let registration = object.register(|_, _| unreachable!("not called above DISPATCH_LEVEL")).unwrap();
    set_raised(HIGH).unwrap();
    let refused = object.notify(pointer(0), pointer(0)).unwrap_err();
    assert_eq!(refused.status(), Status::INVALID_DEVICE_STATE);
    set_lowered(PASSIVE).unwrap();
    drop(registration);
}
