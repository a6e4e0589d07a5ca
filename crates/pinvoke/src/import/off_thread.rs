//! Calls on a thread of their own: `async fn` in a block.
//!
//! A native function that waits holds its thread. Declared `async`, it runs on another one, which *owns
//! its arguments*: whatever becomes of the future, texts and buffers stay until the function has
//! returned. That is why borrowed arguments are refused there; rustc says which.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// A native call in progress on another thread. Await it, or [`join`](Self::join) it.
///
/// ```
/// # #[cfg(unix)] {
/// #[pinvoke::dll_import("libc")]
/// unsafe extern "C" {
///     async safe fn usleep(microseconds: u32) -> i32;
/// }
///
/// let sleep = usleep(1000);
/// // ... meanwhile ...
/// assert_eq!(sleep.join(), 0);
/// # }
/// ```
///
/// Dropping it does not end the call; nothing can. The call goes on and its result is dropped.
#[must_use = "the result is lost"]
pub struct OffThread<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    done: Condvar,
}

struct State<T> {
    outcome: Option<Outcome<T>>,
    waker: Option<Waker>,
}

impl<T> Shared<T> {
    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> OffThread<T> {
    /// Starts a call on a new thread. What it uses moves there.
    ///
    /// ```
    /// use pinvoke::import::OffThread;
    ///
    /// // What a declared `async fn` does with its call:
    /// let sum = OffThread::start("sum", || (1..=1000).sum::<u32>());
    /// assert_eq!(sum.join(), 500_500);
    /// ```
    ///
    /// # Panics
    /// If the system refuses a thread.
    pub fn start(name: &str, call: impl FnOnce() -> T + Send + 'static) -> OffThread<T> {
        let state = Mutex::new(State { outcome: None, waker: None });
        let shared = Arc::new(Shared { state, done: Condvar::new() });
        let theirs = Arc::clone(&shared);
        let run = move || {
            let outcome = catch_unwind(AssertUnwindSafe(call));
            let waker = {
                let mut state = theirs.lock();
                state.outcome = Some(outcome);
                state.waker.take()
            };
            theirs.done.notify_all();
            // Not under the lock: whoever is woken may ask at once.
            if let Some(waker) = waker {
                waker.wake();
            }
        };
        match thread::Builder::new().name(name.to_owned()).spawn(run) {
            Ok(_) => OffThread(shared),
            Err(error) => panic!("no thread for a call of `{name}`: {error}"),
        }
    }
}

impl<T> OffThread<T> {
    /// Waits for the result.
    ///
    /// ```
    /// use pinvoke::import::OffThread;
    ///
    /// let text = OffThread::start("read", || std::fs::read_to_string("Cargo.toml").map(|text| text.len()));
    /// assert!(text.join()? > 0);
    /// // A panic comes out here.
    /// let failed = OffThread::start("fail", || -> i32 { panic!("no answer") });
    /// assert!(std::panic::catch_unwind(move || failed.join()).is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// With the panic of the call.
    pub fn join(self) -> T {
        let mut state = self.0.lock();
        loop {
            if let Some(outcome) = state.outcome.take() {
                drop(state);
                return finish(outcome);
            }
            state = self.0.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the result is there.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    ///
    /// use pinvoke::import::OffThread;
    ///
    /// let (send, receive) = channel::<()>();
    /// let call = OffThread::start("wait", move || receive.recv().is_ok());
    /// assert!(!call.is_done());
    /// send.send(()).expect("the call waits");
    /// assert!(call.join());
    /// ```
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.lock().outcome.is_some()
    }
}

fn finish<T>(outcome: Outcome<T>) -> T {
    outcome.unwrap_or_else(|payload| resume_unwind(payload))
}

impl<T> Future for OffThread<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.lock();
        if let Some(outcome) = state.outcome.take() {
            drop(state);
            return Poll::Ready(finish(outcome));
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<T> core::fmt::Debug for OffThread<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OffThread").field("is_done", &self.is_done()).finish()
    }
}
