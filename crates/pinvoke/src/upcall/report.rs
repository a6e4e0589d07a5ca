//! Last words: what is printed before the process is aborted because a callback cannot go on.
//!
//! Native code sits below on the stack, so there is nobody to return an error to. The report names
//! the callback's declaration, because the address that a debugger shows belongs to a thunk.

use core::sync::atomic::Ordering;
use std::io::Write;

use super::slot::Slot;
use super::{gate, key, thread, thread_name};

/// Prints one line to standard error and aborts.
#[cold]
pub(crate) fn fatal(callback: core::fmt::Arguments<'_>, what: core::fmt::Arguments<'_>) -> ! {
    note(callback, what);
    std::process::abort()
}

/// Prints one line to standard error.
#[cold]
pub(crate) fn note(callback: core::fmt::Arguments<'_>, what: core::fmt::Arguments<'_>) {
    let mut line = Vec::new();
    // Writing to a Vec does not fail, and one write to stderr keeps threads from mixing lines.
    let _ = writeln!(line, "pinvoke: callback {callback} {what}");
    let _ = std::io::stderr().write_all(&line);
}

/// As [`fatal`], for the callback in a slot.
#[cold]
pub(crate) fn fatal_in(slot: &Slot, what: core::fmt::Arguments<'_>) -> ! {
    fatal(format_args!("`{}` (generation {})", slot.header().name, slot.generation()), what)
}

/// Where the thunks of dropped callbacks lead.
#[cold]
pub(crate) extern "C" fn called_after_drop(slot: &'static Slot) -> ! {
    fatal_in(
        slot,
        format_args!(
            "was invoked after it was dropped, on {}; keep the callback alive until native code has forgotten it",
            this_thread()
        ),
    )
}

const FOREIGN_EXCEPTION: &str = "let an exception of another language out of native code that it called; exceptions \
     cannot cross a callback, they have to be caught by the native code below it";

/// An exception that is no panic comes out of the closure in this slot.
#[cold]
pub(crate) fn foreign_exception_in(slot: &Slot) -> ! {
    fatal_in(slot, format_args!("{FOREIGN_EXCEPTION}"))
}

/// The same for a closure without slot.
#[cold]
pub(crate) fn foreign_exception(name: &str) -> ! {
    fatal(format_args!("`{name}`"), format_args!("{FOREIGN_EXCEPTION}"))
}

/// A thread of its own may call it, and this is another.
#[cold]
pub(crate) fn wrong_thread(slot: &Slot) -> ! {
    fatal_in(
        slot,
        format_args!(
            "was invoked on {}, but it belongs to thread #{}; a closure that is `Fn + Send + Sync` may run anywhere, \
             a queued callback posts to its own thread",
            this_thread(),
            key::number(gate::owner(slot.gate().load(Ordering::Relaxed)))
        ),
    )
}

/// "thread #3 `worker`", numbered in the order in which threads met a callback.
fn this_thread() -> String {
    let number = key::number(thread::own_key());
    // `current()` may not be had in a thread that is being torn down, so the name is not asked of
    // it but of the system.
    match thread_name::of_this_thread() {
        Some(name) => format!("thread #{number} `{name}`"),
        None => format!("thread #{number}"),
    }
}
