//! The objects of the system on Windows: the window that hears of its events is told of some.
#![cfg(windows)]
#![allow(unsafe_code, clippy::unwrap_used, reason = "sends messages; a test fails by panicking")]

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use callback_object::{Attributes, Directory};
use callback_object_host::system::{Publisher, Veto, host};

#[link(name = "user32")]
unsafe extern "system" {
    fn FindWindowW(class: *const u16, title: *const u16) -> isize;
    fn SendMessageW(window: isize, message: u32, wide: usize, long: isize) -> isize;
}

const WM_TIMECHANGE: u32 = 0x1E;
const WM_POWERBROADCAST: u32 = 0x218;
const PBT_APMPOWERSTATUSCHANGE: usize = 0xA;

fn window() -> isize {
    let class: Vec<u16> = "callback-object-system\0".encode_utf16().collect();
    // SAFETY: the name ends with 0, and there need not be a title.
    unsafe { FindWindowW(class.as_ptr(), std::ptr::null()) }
}

#[test]
fn what_the_system_tells_its_windows_is_notified() {
    assert_eq!(window(), 0);
    let publisher = Publisher::start(host().unwrap(), Veto::Report).unwrap();
    let directory = Directory::global();
    let follow = |name: &str| {
        let (sender, receiver) = channel();
        let sender = Mutex::new(sender);
        let object = directory.open(name, Attributes::new()).unwrap();
        let routine = object.register(move |a, b| {
            let told = (std::thread::current().name().map(str::to_owned), a.addr(), b.addr());
            let _ = sender.lock().unwrap().send(told);
        });
        (routine.unwrap(), receiver)
    };
    let (_time, set) = follow("\\Callback\\SetSystemTime");
    let (_power, supply) = follow("\\Callback\\PowerState");
    for _ in 0..2 {
        // SAFETY: messages without pointers.
        unsafe { SendMessageW(window(), WM_TIMECHANGE, 0, 0) };
        let (thread, a, b) = set.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!((thread.as_deref(), a, b), (Some("callback-object-system"), 0, 0));
    }
    // The supply is the one that it was, so there is nothing to be told.
    // SAFETY: as above.
    unsafe { SendMessageW(window(), WM_POWERBROADCAST, PBT_APMPOWERSTATUSCHANGE, 0) };
    assert!(supply.try_recv().is_err());
    assert!(directory.open("\\Callback\\ProcessorAdd", Attributes::new()).is_ok());
    drop(publisher);
    assert_eq!(window(), 0, "nobody hears of anything any more");
    // And once more.
    drop(Publisher::start(host().unwrap(), Veto::Report).unwrap());
}
