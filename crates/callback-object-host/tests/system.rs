//! The three objects of the system, from real events of this one: its clock is set (to what it shows), and its
//! kernel is asked to tell again of a processor. Both need the rights of root; without them the tests say so
//! and check less.
#![cfg(unix)]
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    reason = "routines read what they are given; a test fails by panicking"
)]

use std::ffi::c_void;
use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use callback_object::report::{self, Report};
use callback_object::{Attributes, Directory, Registration};
use callback_object_host::system::{Publisher, Veto, host};
use callback_object_sys as sys;
use rustix::time::{ClockId, clock_gettime, clock_settime};

/// Longer than an event takes to arrive.
const SOON: Duration = Duration::from_secs(20);

/// The tests share the machine's clock and processors, also with other runs of this program.
fn alone() -> (MutexGuard<'static, ()>, fs::File) {
    static ONE: Mutex<()> = Mutex::new(());
    let here = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let machine = fs::File::create(std::env::temp_dir().join("callback-object-system-test.lock")).unwrap();
    machine.lock().unwrap();
    (here, machine)
}

/// Registers a closure with a reserved object and receives what it returns.
fn follow<T: Send + 'static>(
    name: &str,
    routine: impl Fn(*mut c_void, *mut c_void) -> T + Send + Sync + 'static,
) -> (Registration, Receiver<T>) {
    let object = Directory::global().open(name, Attributes::new()).unwrap();
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let registration = object.register(move |argument1, argument2| {
        let _ = sender.lock().unwrap().send(routine(argument1, argument2));
    });
    (registration.unwrap(), receiver)
}

#[test]
fn setting_the_clock_is_notified() {
    let _alone = alone();
    let _publisher = Publisher::start(host().unwrap(), Veto::Report).unwrap();
    let (_registration, set) = follow("\\Callback\\SetSystemTime", |a, b| (a.addr(), b.addr()));
    if let Err(error) = clock_settime(ClockId::Realtime, clock_gettime(ClockId::Realtime)) {
        println!("not checked: the clock cannot be set here: {error}");
        return;
    }
    assert_eq!(set.recv_timeout(SOON).unwrap(), (0, 0));
    // And a second time: the timer has been armed again.
    clock_settime(ClockId::Realtime, clock_gettime(ClockId::Realtime)).unwrap();
    assert_eq!(set.recv_timeout(SOON).unwrap(), (0, 0));
}

const PROCESSOR: &str = "/sys/devices/system/cpu/cpu1/uevent";

/// What a routine of `ProcessorAdd` sees.
type Seen = (sys::KE_PROCESSOR_CHANGE_NOTIFY_STATE, u32, sys::NTSTATUS, (u16, u8), sys::NTSTATUS);

unsafe fn read(context: *mut c_void, operation: *mut c_void) -> Seen {
    // SAFETY: the documented arguments of this object.
    let context = unsafe { context.cast::<sys::KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT>().read() };
    // SAFETY: as above.
    let operation = unsafe { operation.cast::<sys::NTSTATUS>().read() };
    let number = (context.ProcNumber.Group, context.ProcNumber.Number);
    (context.State, context.NtNumber, context.Status, number, operation)
}

#[test]
fn starting_a_processor_is_notified_and_can_be_vetoed() {
    use sys::KE_PROCESSOR_CHANGE_NOTIFY_STATE::{
        KeProcessorAddCompleteNotify as Complete, KeProcessorAddFailureNotify as Failure,
        KeProcessorAddStartNotify as Start,
    };
    const OK: sys::NTSTATUS = sys::STATUS_SUCCESS;
    const VETO: sys::NTSTATUS = sys::STATUS_INSUFFICIENT_RESOURCES;
    static REPORTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let _alone = alone();
    report::set_handler(Some(|report: &Report| REPORTS.lock().unwrap().push(report.to_string())));
    let _publisher = Publisher::start(host().unwrap(), Veto::Report).unwrap();
    // SAFETY: the arguments are those of this object.
    let (_first, added) = follow("\\Callback\\ProcessorAdd", |a, b| unsafe { read(a, b) });

    // The kernel tells of the processor once more; nothing happens to it.
    let tell = |action: &str| fs::write(PROCESSOR, action);
    if let Err(error) = tell("offline") {
        println!("not checked: the kernel cannot be asked for events here: {error}");
        return;
    }
    tell("online").unwrap();
    let expected = |state, status| (state, 1, status, (0, 1), OK);
    assert_eq!(added.recv_timeout(SOON).unwrap(), expected(Start, OK));
    assert_eq!(added.recv_timeout(SOON).unwrap(), expected(Complete, OK));

    // The documented veto, by a routine registered after the first; a third one sees it and adds nothing.
    let (_second, vetoed) = follow("\\Callback\\ProcessorAdd", |context, operation| {
        // SAFETY: the arguments are those of this object.
        let seen = unsafe { read(context, operation) };
        if seen.0 == Start && seen.4 == OK {
            // SAFETY: the second argument may be written to in this state.
            unsafe { operation.cast::<sys::NTSTATUS>().write(VETO) };
        }
    });
    // SAFETY: the arguments are those of this object.
    let (_third, later) = follow("\\Callback\\ProcessorAdd", |a, b| unsafe { read(a, b) });
    tell("offline").unwrap();
    tell("online").unwrap();
    assert_eq!(added.recv_timeout(SOON).unwrap(), expected(Start, OK));
    vetoed.recv_timeout(SOON).unwrap();
    assert_eq!(later.recv_timeout(SOON).unwrap(), (Start, 1, OK, (0, 1), VETO));
    assert_eq!(added.recv_timeout(SOON).unwrap(), expected(Failure, VETO));
    assert_eq!(later.recv_timeout(SOON).unwrap(), expected(Failure, VETO));
    drop(_publisher);
    report::set_handler(None);
    let reports = REPORTS.lock().unwrap();
    assert!(reports.iter().any(|r| r.contains("vetoed processor 1")), "{reports:?}");
}

#[test]
fn publishing_ends_and_begins_again() {
    let _alone = alone();
    for _ in 0..3 {
        drop(Publisher::start(host().unwrap(), Veto::Stop).unwrap());
    }
    assert!(Directory::global().open("\\Callback\\PowerState", Attributes::new()).is_ok());
    assert!(Directory::global().host().is_none(), "the capability is given out once");
}
