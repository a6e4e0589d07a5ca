//! One invocation of a closure on behalf of native code: may it run, run it, what if it panicked.
//!
//! The fast path is: compare one word with the thread's key, count the invocation, call, uncount.
//! Everything else is cold and out of line.
//!
//! The count is what makes it sound to drop a callback while it runs. Whoever drops it finds the
//! count at zero and frees the closure, or marks the count and leaves that to the invocation which
//! brings it back to zero. For callbacks that belong to one thread the count needs no atomic
//! read-modify-write: the guard cannot leave that thread either.

use core::sync::atomic::Ordering;
use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::declaration::Declaration;
use super::policy::{OnPanic, OnWrongThread};
use super::prototype::Prototype;
use super::slot::{Header, Slot};
use super::{report, thread};

/// Which threads may run a callback, and how often at once.
pub trait Admission {
    /// The key of its slots, asked for on the creating thread.
    fn slot_key() -> u64;
    /// Counts an invocation, unless it must not run.
    fn enter(slot: &Slot) -> bool;
    /// Uncounts it; true if the callback was dropped meanwhile and nobody runs it any more.
    fn leave(slot: &Slot) -> bool;
    /// Marks the callback as dropped; true if nobody runs it.
    fn drop_mark(slot: &Slot) -> bool;
}

/// `FnMut`: its own thread, one at a time.
#[derive(Debug)]
pub(crate) struct Exclusive;
/// `Fn`: its own thread, nested if need be.
#[derive(Debug)]
pub(crate) struct Nested;
/// `Fn + Send + Sync`: anywhere.
#[derive(Debug)]
pub(crate) struct Anywhere;

impl Admission for Exclusive {
    fn slot_key() -> u64 {
        thread::own_key()
    }

    #[inline]
    fn enter(slot: &Slot) -> bool {
        if slot.key() != thread::key() || slot.running().load(Ordering::Relaxed) != 0 {
            return false;
        }
        slot.running().store(1, Ordering::Relaxed);
        true
    }

    #[inline]
    fn leave(slot: &Slot) -> bool {
        Nested::leave(slot)
    }

    #[inline]
    fn drop_mark(slot: &Slot) -> bool {
        Nested::drop_mark(slot)
    }
}

impl Admission for Nested {
    fn slot_key() -> u64 {
        thread::own_key()
    }

    #[inline]
    fn enter(slot: &Slot) -> bool {
        if slot.key() != thread::key() {
            return false;
        }
        let running = slot.running().load(Ordering::Relaxed);
        slot.running().store(running + 1, Ordering::Relaxed);
        true
    }

    #[inline]
    fn leave(slot: &Slot) -> bool {
        let running = slot.running().load(Ordering::Relaxed) - 1;
        slot.running().store(running, Ordering::Relaxed);
        running == Slot::DROPPED
    }

    #[inline]
    fn drop_mark(slot: &Slot) -> bool {
        let running = slot.running().load(Ordering::Relaxed);
        slot.running().store(running | Slot::DROPPED, Ordering::Relaxed);
        running == 0
    }
}

impl Admission for Anywhere {
    fn slot_key() -> u64 {
        Slot::ANY_THREAD
    }

    #[inline]
    fn enter(slot: &Slot) -> bool {
        if thread::is_pending() {
            return false;
        }
        let before = slot.running().fetch_add(1, Ordering::Acquire);
        if before & Slot::DROPPED != 0 {
            return false;
        }
        true
    }

    #[inline]
    fn leave(slot: &Slot) -> bool {
        slot.running().fetch_sub(1, Ordering::AcqRel) == (Slot::DROPPED | 1)
    }

    #[inline]
    fn drop_mark(slot: &Slot) -> bool {
        slot.running().fetch_or(Slot::DROPPED, Ordering::AcqRel) == 0
    }
}

/// `Fn + Sync`, borrowed: anywhere, and whoever ends the borrow waits.
#[derive(Debug)]
pub(crate) struct Borrowed;

impl Admission for Borrowed {
    fn slot_key() -> u64 {
        Slot::ANY_THREAD
    }

    #[inline]
    fn enter(slot: &Slot) -> bool {
        Anywhere::enter(slot)
    }

    #[inline]
    fn leave(slot: &Slot) -> bool {
        slot.running().fetch_sub(1, Ordering::Release);
        false
    }

    #[inline]
    fn drop_mark(slot: &Slot) -> bool {
        let mut running = slot.running().fetch_or(Slot::DROPPED, Ordering::AcqRel) | Slot::DROPPED;
        while running != Slot::DROPPED {
            // Rare and as long as somebody's closure takes: no queue is worth its place in the slot.
            std::thread::sleep(Duration::from_micros(50));
            running = slot.running().load(Ordering::Acquire);
        }
        true
    }
}

/// `Fn + Send + Sync` that never ends: anywhere, uncounted.
#[derive(Debug)]
pub(crate) struct Forever;

impl Admission for Forever {
    fn slot_key() -> u64 {
        Slot::ANY_THREAD
    }

    #[inline]
    fn enter(_: &Slot) -> bool {
        !thread::is_pending()
    }

    #[inline]
    fn leave(_: &Slot) -> bool {
        false
    }

    #[inline]
    fn drop_mark(slot: &Slot) -> bool {
        // Its guard is leaked before anybody sees it; if not, the slot is lost and nothing else.
        slot.die();
        false
    }
}

/// Runs `call` if `A` admits it, contains its panic, and gives its result or the fallback.
/// `finish` runs if the callback was dropped and this was its last invocation.
#[inline(always)]
pub(crate) fn run<A: Admission, R>(
    slot: &'static Slot,
    call: impl FnOnce() -> R,
    fallback: impl Fn() -> R,
    finish: impl FnOnce(),
) -> R {
    if !A::enter(slot) {
        refused(slot);
        return fallback();
    }
    let guarded = || {
        let passage = Passage(|| report::foreign_exception_in(slot));
        let result = call();
        passage.reached_its_end();
        result
    };
    let result = match catch_unwind(AssertUnwindSafe(guarded)) {
        Ok(result) => result,
        Err(payload) => {
            panicked(slot, payload);
            fallback()
        }
    };
    if A::leave(slot) {
        rarely(finish);
    }
    result
}

/// Keeps the registers that `f` would need out of the way of those who do not call it.
#[cold]
#[inline(never)]
fn rarely(f: impl FnOnce()) {
    f();
}

/// A declaration that belongs to a type: functions without slot find it through that.
pub trait Declared<P: Prototype> {
    /// The declaration.
    const DECLARATION: Declaration<P>;
}

/// A declaration with zero as its fallback value, and the closure's type for a name.
#[derive(Debug)]
pub(crate) enum Unnamed {}

impl<P: Prototype> Declared<P> for Unnamed {
    const DECLARATION: Declaration<P> = Declaration::new("");
}

/// Refuses, at compile time, to make a function of a closure with captures.
pub(super) const fn assert_captureless<F>() {
    assert!(size_of::<F>() == 0, "this closure captures values: declare it and use a callback");
}

/// Runs a closure without captures, which has no slot.
#[inline(always)]
pub(crate) fn run_bare<F, D: Declared<P>, P: Prototype>(call: impl FnOnce(&F) -> P::Ret) -> P::Ret {
    // Compiled for others too, where the choice is made by size; called for none of them.
    assert!(size_of::<F>() == 0, "a closure with captures is no function");
    let declaration = const { D::DECLARATION };
    if !thread::is_pending() {
        // SAFETY: of size 0, so a dangling pointer to it may be read; whoever made the function vouches
        // that a closure of this type exists as long as it is called.
        let closure = unsafe { core::ptr::NonNull::<F>::dangling().as_ref() };
        let header = declaration.header();
        let guarded = || {
            let passage = Passage(|| report::foreign_exception(bare_name::<F>(header)));
            let result = call(closure);
            passage.reached_its_end();
            result
        };
        match catch_unwind(AssertUnwindSafe(guarded)) {
            Ok(result) => return result,
            Err(payload) => bare_panicked(header, bare_name::<F>(header), payload),
        }
    }
    declaration.fallback()
}

/// Returns if the fallback value shall be returned.
#[cold]
#[inline(never)]
fn refused(slot: &'static Slot) {
    let key = slot.key();
    if key == Slot::NO_THREAD || slot.running().load(Ordering::Relaxed) & Slot::DROPPED != 0 {
        report::called_after_drop(slot);
    }
    if thread::is_pending() {
        return;
    }
    if key != thread::own_key() {
        match slot.header().on_wrong_thread {
            OnWrongThread::Return => return,
            OnWrongThread::Abort => report::wrong_thread(slot),
        }
    }
    let entered_again = || {
        panic!(
            "callback `{}` was invoked while it was running; its closure is `FnMut` and cannot be entered twice",
            slot.header().name
        )
    };
    let Err(payload) = catch_unwind(entered_again);
    panicked(slot, payload);
}

const NO_OUTER_CALL: &str =
    "panicked, and there is no enclosing `resume_after` on this thread where the panic could go on";

/// Returns if the fallback value shall be returned.
#[cold]
#[inline(never)]
fn panicked(slot: &'static Slot, payload: Box<dyn Any + Send>) {
    match slot.header().on_panic {
        OnPanic::Return => drop(payload),
        OnPanic::Abort => report::fatal_in(slot, format_args!("panicked, and is declared to abort then")),
        OnPanic::Resume => {
            if thread::stash(payload).is_err() {
                report::fatal_in(slot, format_args!("{NO_OUTER_CALL}"));
            }
        }
    }
}

/// What stands around a closure. Left by a return it does nothing; a panic goes on to where it is contained; the
/// exception of another language, which must not be contained by Rust and must not cross it either, ends here.
struct Passage<F: FnMut()>(F);

impl<F: FnMut()> Passage<F> {
    #[inline(always)]
    fn reached_its_end(self) {
        core::mem::forget(self);
    }
}

impl<F: FnMut()> Drop for Passage<F> {
    #[cold]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            (self.0)();
        }
    }
}

/// The name of a closure without slot.
fn bare_name<F>(header: Header) -> &'static str {
    if header.name.is_empty() { core::any::type_name::<F>() } else { header.name }
}

/// As [`panicked`], for a closure without slot.
#[cold]
#[inline(never)]
fn bare_panicked(header: Header, name: &str, payload: Box<dyn Any + Send>) {
    match header.on_panic {
        OnPanic::Return => drop(payload),
        OnPanic::Abort => {
            report::fatal(format_args!("`{name}`"), format_args!("panicked, and is declared to abort then"))
        }
        OnPanic::Resume => {
            if thread::stash(payload).is_err() {
                report::fatal(format_args!("`{name}`"), format_args!("{NO_OUTER_CALL}"));
            }
        }
    }
}

/// A callback could not run its closure; returns if the fallback value shall be returned.
#[cold]
#[inline(never)]
pub(super) fn refuse(header: Header, reason: Box<dyn Error + Send + Sync>) {
    let name = format_args!("`{}`", header.name);
    match header.on_panic {
        OnPanic::Return => report::note(name, format_args!("returns its fallback value: {reason}")),
        OnPanic::Abort => report::fatal(name, format_args!("cannot go on: {reason}")),
        OnPanic::Resume => {
            let text = reason.to_string();
            if thread::stash(Box::new(thread::Refusal(reason))).is_err() {
                report::fatal(
                    name,
                    format_args!(
                        "cannot go on, and there is no enclosing `resume_after` on this thread that could say so: {text}"
                    ),
                );
            }
        }
    }
}
