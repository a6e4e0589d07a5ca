//! One invocation of a closure on behalf of native code: may it run, run it, what if it panicked.
//!
//! The fast path is: enter the gate, call, leave the gate ([`super::gate`]). Everything else is cold
//! and out of line.

use core::arch::asm;
use core::hint::black_box;
use core::sync::atomic::Ordering;
use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::declaration::Declaration;
use super::gate::{self, Admission};
use super::policy::{OnPanic, OnWrongThread};
use super::prototype::Prototype;
use super::slot::{Header, Slot};
use super::{report, thread};
use crate::last_error::Sheltered;

/// Runs `call` if `A` admits it, contains its panic, and gives its result or the fallback.
/// `finish` runs if the callback was dropped and this was its last invocation.
///
/// What happens rarely is out of line and comes last, so that the compiler can jump there and needs
/// neither a frame nor a saved register for it.
#[inline(always)]
pub(crate) fn run<A: Admission, R>(
    slot: &'static Slot,
    call: impl FnOnce() -> R,
    fallback: impl Fn(&'static Slot) -> R,
    finish: impl FnOnce(&'static Slot),
) -> R {
    let met = Sheltered::now();
    if !A::enter(slot.gate()) {
        begin_at_a_line();
        let result = instead(slot, fallback);
        met.put_back();
        return result;
    }
    let guarded = || {
        let passage = Passage(move || report::foreign_exception_in(slot));
        met.put_back();
        let result = call();
        let left = Sheltered::now();
        passage.reached_its_end();
        (result, left)
    };
    let (result, left) = match catch_unwind(AssertUnwindSafe(guarded)) {
        Ok(returned) => returned,
        Err(payload) => {
            panicked(slot, payload);
            (fallback(slot), met)
        }
    };
    if A::leave(slot.gate()) {
        let result = afterwards(slot, result, finish);
        left.put_back();
        return result;
    }
    left.put_back();
    result
}

/// Lets the function that this is part of begin with a line of the instruction cache. What native code enters is as
/// short as such a line; where one begins in the middle of it costs up to two cycles of the ten or so that an
/// invocation takes.
///
/// Said in the way that is hardly ever taken, for that is where what is skipped lies. Most targets give every function
/// a section of its own, and a section is aligned as well as anything in it; on others nothing is gained.
#[inline(always)]
fn begin_at_a_line() {
    // SAFETY: no instruction but such as do nothing.
    unsafe { asm!(".p2align 6", options(nomem, nostack, preserves_flags)) };
}

/// Answers an invocation that was not admitted. `extern "C"`, as nothing may unwind from here.
#[cold]
#[inline(never)]
extern "C" fn instead<R>(slot: &'static Slot, fallback: impl Fn(&'static Slot) -> R) -> R {
    refused(slot);
    fallback(slot)
}

/// Frees a callback that was dropped meanwhile. `extern "C"`, as nothing may unwind from here.
#[cold]
#[inline(never)]
extern "C" fn afterwards<R>(slot: &'static Slot, result: R, finish: impl FnOnce(&'static Slot)) -> R {
    finish(slot);
    // Lest the compiler finds that this is the caller's own value, keeps it there and needs to come back.
    black_box(result)
}

/// A declaration that belongs to a type: functions without slot find it through that.
///
/// ```
/// use pinvoke::upcall::{Declaration, Declared, OnPanic, declared_function};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// enum Share {}
/// impl Declared<Unary> for Share {
///     const DECLARATION: Declaration<Unary> =
///         Declaration::with_fallback("share", -1).on_panic(OnPanic::Return);
/// }
///
/// let code = declared_function::<Share, Unary, _>(|n: i32| 100 / n);
/// // SAFETY: made for this prototype.
/// let share = unsafe { core::mem::transmute::<_, Unary>(code) };
/// // SAFETY: the function lives for ever.
/// assert_eq!(unsafe { share(7) }, 14);
/// // SAFETY: as above. Division by zero panics.
/// assert_eq!(unsafe { share(0) }, -1, "what is declared");
/// ```
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

/// Refuses, at compile time, to make a function of a closure with captures, or with a result that C expects where no
/// function of Rust leaves one, or an argument of that kind.
pub(super) const fn assert_function<P: Prototype, F>() {
    assert!(size_of::<F>() == 0, "this closure captures values: declare it and use a callback");
    assert!(
        P::BY_RUST,
        "no function of Rust takes and returns these types where C does: register the closure, with `leak_anywhere` or one of its sisters"
    );
}

/// Runs a closure without captures, which has no slot.
#[inline(always)]
pub(crate) fn run_bare<F, D: Declared<P>, P: Prototype>(call: impl FnOnce(&F) -> P::Ret) -> P::Ret {
    // Compiled for others too, where the choice is made by size; called for none of them.
    assert!(size_of::<F>() == 0, "a closure with captures is no function");
    let met = Sheltered::now();
    if thread::is_pending() {
        begin_at_a_line();
        met.put_back();
        return D::DECLARATION.fallback();
    }
    // SAFETY: of size 0, so a dangling pointer to it may be read; whoever made the function vouches
    // that a closure of this type exists as long as it is called.
    let closure = unsafe { core::ptr::NonNull::<F>::dangling().as_ref() };
    let guarded = || {
        let passage = Passage(|| report::foreign_exception(bare_name::<F>(D::DECLARATION.header())));
        met.put_back();
        let result = call(closure);
        let left = Sheltered::now();
        passage.reached_its_end();
        (result, left)
    };
    let (result, left) = match catch_unwind(AssertUnwindSafe(guarded)) {
        Ok(returned) => returned,
        Err(payload) => (bare_panicked::<F, D, P>(payload), met),
    };
    left.put_back();
    result
}

/// Returns if the fallback value shall be returned.
#[cold]
#[inline(never)]
fn refused(slot: &'static Slot) {
    let gate = slot.gate().load(Ordering::Relaxed);
    if gate & gate::DROPPED != 0 {
        report::called_after_drop(slot);
    }
    if thread::is_pending() {
        return;
    }
    if gate::owner(gate) != thread::own_key() {
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

/// Returns if the fallback value shall be returned. `extern "C"`, as nothing may unwind from here.
#[cold]
#[inline(never)]
#[expect(improper_ctypes_definitions, reason = "only Rust calls it")]
extern "C" fn panicked(slot: &'static Slot, payload: Box<dyn Any + Send>) {
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
struct Passage<F: Fn() + Copy>(F);

impl<F: Fn() + Copy> Passage<F> {
    #[inline(always)]
    fn reached_its_end(self) {
        core::mem::forget(self);
    }
}

impl<F: Fn() + Copy> Drop for Passage<F> {
    // Inline, for otherwise there would have to be something in memory to drop.
    #[inline(always)]
    fn drop(&mut self) {
        left_by_unwinding(self.0);
    }
}

#[cold]
#[inline(never)]
fn left_by_unwinding(report: impl Fn()) {
    if !std::thread::panicking() {
        report();
    }
}

/// The name of a closure without slot.
fn bare_name<F>(header: Header) -> &'static str {
    if header.name.is_empty() { core::any::type_name::<F>() } else { header.name }
}

/// As [`panicked`], for a closure without slot, with the fallback value. `extern "C"`, as nothing may unwind
/// from here.
#[cold]
#[inline(never)]
#[expect(improper_ctypes_definitions, reason = "only Rust calls it")]
extern "C" fn bare_panicked<F, D: Declared<P>, P: Prototype>(payload: Box<dyn Any + Send>) -> P::Ret {
    let declaration = const { D::DECLARATION };
    let header = declaration.header();
    let name = bare_name::<F>(header);
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
    declaration.fallback()
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
