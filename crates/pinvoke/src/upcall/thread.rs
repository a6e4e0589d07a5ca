//! What a thread knows about its own upcalls: who it is, and whether a panic is on its way.
//!
//! Both questions are asked at every upcall and have one answer, the *key* of the thread: a multiple of
//! [`key::THREAD`] that no other thread of the process ever has, with [`PENDING`] set while a panic waits
//! for the outer native call to return. A callback that belongs to a thread compares one word with it;
//! the cold path sorts out why they differ.
//!
//! Nothing here has a destructor, so callbacks may come from thread-exit handlers of C libraries.

use core::any::Any;
use core::cell::Cell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering};
use std::error::Error;
use std::panic::resume_unwind;

use super::key::{self, PENDING};

type Payload = Box<dyn Any + Send>;

/// Why a callback could not run its closure, on its way to the outer native call like a panic, but
/// without ever unwinding.
pub(crate) struct Refusal(pub(crate) Box<dyn Error + Send + Sync>);

struct Thread {
    key: Cell<u64>,
    /// How many [`resume_after`] are on the stack.
    outer_calls: Cell<u32>,
    /// The payload, in a box of its own so that a thin pointer without destructor holds it.
    pending: Cell<*mut Payload>,
}

thread_local! {
    static SELF: Thread = const {
        Thread { key: Cell::new(0), outer_calls: Cell::new(0), pending: Cell::new(null_mut()) }
    };
}

/// The key of this thread; 0 if it never asked for one.
#[inline]
pub(crate) fn key() -> u64 {
    SELF.with(|t| t.key.get())
}

/// The key of this thread, given to it now if it has none.
#[inline]
pub(crate) fn own_key() -> u64 {
    SELF.with(|t| {
        if t.key.get() == 0 {
            t.key.set(next_key());
        }
        t.key.get() & !PENDING
    })
}

/// A key that no thread has had. There are enough for 2000 new threads a second for a year.
#[cold]
fn next_key() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(key::FIRST);
    let key = NEXT.fetch_add(key::THREAD, Ordering::Relaxed);
    assert!(key < PENDING, "too many threads of this process have had callbacks to tell one more from them");
    key
}

/// Whether a panic of this thread waits for the outer native call to return.
#[inline]
pub(crate) fn is_pending() -> bool {
    key() & PENDING != 0
}

/// Keeps a panic for the outer native call; gives it back if there is none.
pub(crate) fn stash(payload: Payload) -> Result<(), Payload> {
    own_key();
    if SELF.with(|t| t.outer_calls.get()) == 0 {
        return Err(payload);
    }
    // No callback runs while a panic is pending, so a second one cannot arrive.
    put_pending(payload);
    Ok(())
}

fn take_pending() -> Option<Payload> {
    SELF.with(|t| {
        if t.key.get() & PENDING == 0 {
            return None;
        }
        t.key.set(t.key.get() & !PENDING);
        let stashed = t.pending.replace(null_mut());
        // SAFETY: PENDING is set exactly while `pending` owns a box made by `stash`.
        Some(unsafe { *Box::from_raw(stashed) })
    })
}

fn put_pending(payload: Payload) {
    SELF.with(|t| {
        t.pending.set(Box::into_raw(Box::new(payload)));
        t.key.set(t.key.get() | PENDING);
    });
}

/// One outer native call; ends when dropped.
struct OuterCall {
    /// A panic that was pending when the call began: somebody's plain `extern` function was called
    /// back meanwhile and calls out again. It has to wait, and must not be taken for ours.
    suspended: Option<Payload>,
}

impl OuterCall {
    #[inline]
    fn begin() -> OuterCall {
        SELF.with(|t| t.outer_calls.set(t.outer_calls.get() + 1));
        OuterCall { suspended: if is_pending() { take_pending() } else { None } }
    }
}

impl Drop for OuterCall {
    #[inline]
    fn drop(&mut self) {
        SELF.with(|t| t.outer_calls.set(t.outer_calls.get() - 1));
        if is_pending() {
            // The closure around the native call is unwinding with a panic of its own.
            drop(take_pending());
        }
        if let Some(payload) = self.suspended.take() {
            put_pending(payload);
        }
    }
}

/// Calls native code that may call back; a panic of a callback resumes here once it has returned.
///
/// A panic cannot cross native frames. A callback that panics returns its declared value instead
/// and keeps the panic; until the native call returns, further callbacks on this thread return
/// their declared values without running. Then the panic goes on from here, with the same payload.
/// Calls nest: the innermost one gets the panic.
///
/// ```
/// use pinvoke::upcall::{Declaration, resume_after};
/// type Each = unsafe extern "C" fn(i32) -> i32;
/// const EACH: Declaration<Each> = Declaration::new("each");
///
/// let mut handler = |n: i32| -> i32 { panic!("no more than {n}") };
/// let callback = EACH.scoped(&mut handler)?;
/// let each = callback.function();
/// let result = std::panic::catch_unwind(|| {
///     // SAFETY: the callback is alive.
///     resume_after(|| unsafe { each(7) })
/// });
/// let payload = result.unwrap_err();
/// assert_eq!(payload.downcast_ref::<String>().unwrap(), "no more than 7");
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
///
/// # Panics
/// With the panic of a callback. If `native_call` itself panics, that panic wins.
#[inline]
pub fn resume_after<R>(native_call: impl FnOnce() -> R) -> R {
    match outer_call(native_call) {
        (result, None) => result,
        (_, Some(payload)) => go_on(payload),
    }
}

/// As [`resume_after`], for callers that can say more than a panic: gives the reason if a callback could
/// not run its closure because a value had no conversion ([`Declaration::refuse`]), next to what the
/// native call returned, which may own something.
///
/// [`Declaration::refuse`]: super::Declaration::refuse
///
/// # Panics
/// As for [`resume_after`].
///
/// ```
/// use pinvoke::upcall::{Declaration, resume_or_refused};
///
/// type Each = unsafe extern "C" fn(u32) -> i32;
/// const EACH: Declaration<Each> = Declaration::with_fallback("each", -1);
///
/// let mut letters = String::new();
/// let mut each = |unit: u32| match char::from_u32(unit) {
///     Some(letter) => {
///         letters.push(letter);
///         0
///     }
///     None => EACH.refuse(format!("{unit:#x} is no character")),
/// };
/// let callback = EACH.scoped(&mut each)?;
/// let function = callback.function();
/// // SAFETY: the callback is alive.
/// let (results, refused) = resume_or_refused(|| [0x68, 0xd800].map(|unit| unsafe { function(unit) }));
/// assert_eq!(results, [0, -1], "what native code got");
/// assert_eq!(refused.map(|reason| reason.to_string()).as_deref(), Some("0xd800 is no character"));
/// drop(callback);
/// assert_eq!(letters, "h");
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[inline]
pub fn resume_or_refused<R>(native_call: impl FnOnce() -> R) -> (R, Option<Box<dyn Error + Send + Sync>>) {
    match outer_call(native_call) {
        (result, None) => (result, None),
        (result, Some(payload)) => (result, Some(refusal(payload))),
    }
}

#[inline]
fn outer_call<R>(native_call: impl FnOnce() -> R) -> (R, Option<Payload>) {
    let outer = OuterCall::begin();
    let result = native_call();
    let panic = if is_pending() { take_pending() } else { None };
    drop(outer);
    (result, panic)
}

#[cold]
#[inline(never)]
fn go_on(payload: Payload) -> ! {
    let reason = refusal(payload);
    panic!("{reason}")
}

/// The reason of a refusal. If it is a panic, that goes on.
#[cold]
#[inline(never)]
fn refusal(payload: Payload) -> Box<dyn Error + Send + Sync> {
    match payload.downcast::<Refusal>() {
        Ok(refusal) => refusal.0,
        Err(payload) => resume_unwind(payload),
    }
}
