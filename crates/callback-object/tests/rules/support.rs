//! What the rules share: both fences, recorders, and waits that end.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use callback_object::{Attributes, CallbackObject, Fence};

/// Both ways to run down, so that every rule is tested under each.
pub(crate) const FENCES: [Fence; 2] = [Fence::Asymmetric, Fence::Portable];

/// Both, and the first once more in threads that notify so often that they leave their fence out: these walk by code of
/// their own. [`notify`] sees to that.
pub(crate) fn ways() -> impl Iterator<Item = Fence> {
    let ways = [(Fence::Asymmetric, false), (Fence::Portable, false), (Fence::Asymmetric, true)];
    ways.into_iter().map(|(fence, often)| {
        OFTEN.set(often);
        fence
    })
}

thread_local! {
    /// Whether this thread notifies often.
    static OFTEN: Cell<bool> = const { Cell::new(false) };
}

/// Has this thread leave its fence out until the next time that somebody unregisters anything.
fn notify_often() {
    // Nobody unregisters from it, which would have all threads begin anew.
    static OTHER: OnceLock<CallbackObject> = OnceLock::new();
    let other = OTHER.get_or_init(|| {
        let other = object(Fence::Asymmetric);
        other.register(|_, _| {}).unwrap().leak();
        other
    });
    (0..1100).for_each(|_| other.notify(pointer(0), pointer(0)).unwrap());
}

/// Longer than anything that ends takes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// Long enough for something to happen that must not.
pub(crate) const A_WHILE: Duration = Duration::from_millis(30);

pub(crate) fn object(fence: Fence) -> CallbackObject {
    CallbackObject::unnamed(Attributes::new().fence(fence))
}

pub(crate) fn pointer(number: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(number)
}

pub(crate) fn notify(object: &CallbackObject) {
    notify_with(object, pointer(0), pointer(0));
}

pub(crate) fn notify_with(object: &CallbackObject, argument1: *mut c_void, argument2: *mut c_void) {
    if OFTEN.get() {
        notify_often();
    }
    object.notify(argument1, argument2).unwrap();
}

/// What routines write down.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<usize>>>);

impl Log {
    pub(crate) fn add(&self, entry: usize) {
        self.0.lock().unwrap().push(entry);
    }

    /// Takes what was written so far.
    pub(crate) fn take(&self) -> Vec<usize> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Opens once.
#[derive(Clone, Default)]
pub(crate) struct Latch(Arc<AtomicBool>);

impl Latch {
    pub(crate) fn open(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Waits until it is open.
    pub(crate) fn pass(&self) {
        let start = Instant::now();
        while !self.is_open() {
            assert!(start.elapsed() < LONG, "waited too long");
            std::thread::yield_now();
        }
    }
}

/// What the other thread sends within a long time.
pub(crate) fn receive<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(LONG).expect("the other thread answers")
}

/// Asserts that the other thread sends nothing for a while.
pub(crate) fn nothing_from<T>(receiver: &Receiver<T>) {
    assert!(matches!(receiver.recv_timeout(A_WHILE), Err(RecvTimeoutError::Timeout)));
}
