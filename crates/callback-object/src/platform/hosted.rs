//! Threads and panics of the standard library.
//!
//! The destructor that gives a thread's slot back belongs to a cell that is touched once per thread; the word of a
//! thread, which every notification reads, has none.
//!
//! # Safety
//! One function of C++, looked up by its name.
#![allow(unsafe_code, reason = "a function that is looked up")]

use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use std::any::Any;
use std::boxed::Box;
use std::string::String;

pub(crate) use super::fork::after_fork;
use super::last_end::{at_last_end, is_over};
pub(crate) use super::locks::Signal;
pub use super::locks::{Guard, Lock};
pub(crate) use super::stand_in::{STAND_IN, no_word};
pub(crate) use super::word::{set_thread_word, thread_word};

thread_local! {
    static EXIT: AtExit = const { AtExit(Cell::new(None)) };
}

struct AtExit(Cell<Option<fn()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(action) = self.0.take() {
            action();
            // From here on this image may be unloaded.
            at_last_end(None);
        }
    }
}

/// Has `action` run when this thread ends. False when the thread is so near its end that it will not.
pub(crate) fn at_thread_exit(action: fn()) -> bool {
    let known = !is_over() && EXIT.try_with(|exit| exit.0.set(Some(action))).is_ok();
    // On Unix a value that is made when all of them have been destroyed is destroyed by nobody.
    at_last_end(Some(action)) || known
}

/// Runs `body`; a panic inside is returned.
#[inline]
pub(crate) fn catch(body: impl FnOnce()) -> Result<(), Box<dyn Any + Send>> {
    std::panic::catch_unwind(AssertUnwindSafe(body))
}

/// Goes on with a panic that was caught.
pub(crate) fn resume(payload: Box<dyn Any + Send>) -> ! {
    std::panic::resume_unwind(payload)
}

pub(crate) fn panicking() -> bool {
    std::thread::panicking()
}

pub(crate) fn abort() -> ! {
    std::process::abort()
}

/// Writes a line where a person will see it.
pub(crate) fn log(line: &str) {
    std::eprintln!("callback-object: {line}");
}

/// This thread, for a report.
pub(crate) fn thread_label() -> String {
    let thread = std::thread::current();
    thread.name().map_or_else(|| std::format!("{:?}", thread.id()), ToString::to_string)
}

/// Whether this thread is unwinding because of a C++ exception.
#[cfg(unix)]
pub(crate) fn foreign_exception() -> bool {
    type Uncaught = unsafe extern "C" fn() -> libc::c_int;
    // `std::uncaught_exceptions`, in the C++ library that is loaded, if one is.
    // SAFETY: a null-terminated name, and a handle that means the whole process.
    let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_ZSt19uncaught_exceptionsv".as_ptr()) };
    if symbol.is_null() {
        return false;
    }
    // SAFETY: the function of that mangled name takes nothing and returns an int.
    let uncaught = unsafe { core::mem::transmute::<*mut libc::c_void, Uncaught>(symbol) };
    // SAFETY: it has no precondition.
    unsafe { uncaught() != 0 }
}

/// Here threads end without unwinding, so that nothing else unwinds.
#[cfg(not(unix))]
pub(crate) fn foreign_exception() -> bool {
    true
}
