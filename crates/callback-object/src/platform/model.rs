//! Threads and locks of loom's model. There are no panics to contain, no forks, no levels to raise.

use alloc::boxed::Box;
use alloc::string::String;
use core::any::Any;
use core::cell::Cell;
use core::ptr::null;

loom::thread_local! {
    static WORD: Cell<*const ()> = Cell::new(null());
}

pub(crate) fn thread_word() -> *const () {
    WORD.with(Cell::get)
}

/// Loom's atomics are more than their bytes, so nothing stands in for them.
pub(crate) const STAND_IN: usize = usize::MAX;

pub(crate) fn no_word() -> *const () {
    null()
}

pub(crate) fn set_thread_word(word: *const ()) {
    WORD.with(|cell| cell.set(word));
}

/// A slot of the model is used by one thread only.
pub(crate) fn at_thread_exit(_action: fn()) -> bool {
    true
}

#[derive(Debug)]
pub(crate) struct Lock<T>(loom::sync::Mutex<T>);

pub(crate) type Guard<'a, T> = loom::sync::MutexGuard<'a, T>;

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.0.lock().expect("no test panics under a lock")
    }
}

#[derive(Debug)]
pub(crate) struct Signal(loom::sync::Condvar);

impl Signal {
    pub(crate) fn new() -> Signal {
        Signal(loom::sync::Condvar::new())
    }

    /// Sleeps until woken; a wake-up that is lost shows as a deadlock of the model.
    pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>) -> (Guard<'a, T>, bool) {
        (self.0.wait(guard).expect("no test panics under a lock"), true)
    }

    pub(crate) fn wake_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn forget_sleepers(&self) {}
}

pub(crate) fn catch(body: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    body();
    Ok(())
}

pub(crate) fn resume(_payload: Box<dyn Any + Send>) -> ! {
    unreachable!("nothing is caught")
}

pub(crate) fn panicking() -> bool {
    std::thread::panicking()
}

pub(crate) fn abort() -> ! {
    panic!("the model reached an abort")
}

pub(crate) fn log(_line: &str) {}

pub(crate) fn thread_label() -> String {
    String::new()
}

pub(crate) fn after_fork(_action: fn()) {}

pub(crate) fn foreign_exception() -> bool {
    false
}
