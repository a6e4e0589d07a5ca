//! Callbacks whose closures run on one thread, whichever thread invokes them.
//!
//! A graphical program, or anything built on `Rc`, has a thread on which everything happens, and a C
//! library that calls back from threads of its own. A [`Queue`] belongs to the first; invocations
//! from other threads become jobs in it, and wait there until the owner runs them.
//!
//! Two ways to answer native code: *queued* callbacks make the foreign thread wait for the closure's
//! result; *posted* ones return the declaration's fallback value at once. The closure need not be
//! `Send`: it never leaves the owner. If the callback ends elsewhere, the closure is sent home to be
//! dropped there; if the owner is gone by then, it is leaked.

use core::cell::RefCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::thread;

/// Where the invocations of queued and posted callbacks wait for their thread.
///
/// ```
/// use pinvoke::upcall::{Declaration, Queue};
/// use std::{cell::Cell, rc::Rc, time::Duration};
/// type Progress = unsafe extern "C" fn(i32) -> i32;
/// const PROGRESS: Declaration<Progress> = Declaration::new("progress");
///
/// let queue = Queue::new();
/// let last = Rc::new(Cell::new(0)); // not Send, and need not be
/// let seen = last.clone();
/// let callback = PROGRESS.queued(&queue, move |percent: i32| -> i32 { seen.set(percent); 7 })?;
/// let progress = callback.function();
/// // SAFETY: the callback outlives the thread.
/// let worker = std::thread::spawn(move || unsafe { progress(50) });
/// while queue.run_within(Duration::from_secs(1)) == 0 {}
/// assert_eq!((worker.join().unwrap(), last.get()), (7, 50));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub struct Queue {
    jobs: Arc<Jobs>,
    bound: PhantomData<*const ()>,
}

/// What is shared with the callbacks.
struct Jobs {
    owner: u64,
    list: Mutex<List>,
    arrival: Condvar,
}

struct List {
    waiting: VecDeque<Job>,
    /// The owner is gone: nobody will run a job any more.
    closed: bool,
}

type Job = Box<dyn FnOnce() + Send>;

impl Queue {
    /// A queue whose jobs run on this thread.
    ///
    /// ```
    /// use pinvoke::upcall::Queue;
    ///
    /// let queue = Queue::new();
    /// assert_eq!(queue.run_pending(), 0);
    /// ```
    #[must_use]
    pub fn new() -> Queue {
        let list = Mutex::new(List { waiting: VecDeque::new(), closed: false });
        let jobs = Arc::new(Jobs { owner: thread::own_key(), list, arrival: Condvar::new() });
        Queue { jobs, bound: PhantomData }
    }

    /// Runs the invocations that are waiting, in the order in which they came, and says how many.
    ///
    /// # Panics
    /// If a closure panics. The invocation has been answered with the fallback value then; those
    /// behind it keep waiting.
    ///
    /// ```
    /// use pinvoke::upcall::{Declaration, Queue};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1);
    ///
    /// let queue = Queue::new();
    /// let callback = UNARY.posted(&queue, |n: i32| -> i32 { n })?;
    /// let function = callback.function();
    /// // SAFETY: the callback is alive until the thread has ended.
    /// let posts = std::thread::spawn(move || unsafe { (function(1), function(2)) });
    /// assert!(posts.join().is_ok());
    /// assert_eq!(queue.run_pending(), 2);
    /// assert_eq!(queue.run_pending(), 0);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    pub fn run_pending(&self) -> usize {
        let waiting = self.jobs.lock().waiting.len();
        for done in 0..waiting {
            // A closure may run the queue itself, so there can be fewer.
            let Some(job) = self.jobs.lock().waiting.pop_front() else { return done };
            job();
        }
        waiting
    }

    /// As [`Queue::run_pending`], after waiting for the first invocation that long at most.
    ///
    /// # Panics
    /// As for [`Queue::run_pending`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use pinvoke::upcall::{Declaration, Queue};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1);
    ///
    /// let queue = Queue::new();
    /// let callback = UNARY.posted(&queue, |n: i32| -> i32 { n })?;
    /// let function = callback.function();
    /// // SAFETY: the callback is alive until the thread has ended.
    /// let posts = std::thread::spawn(move || unsafe { (function(1), function(2)) });
    /// assert!(posts.join().is_ok());
    /// assert_eq!(queue.run_within(Duration::from_secs(10)), 2, "without waiting, for they are there");
    /// assert_eq!(queue.run_within(Duration::from_millis(1)), 0);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    pub fn run_within(&self, time: Duration) -> usize {
        let list = self.jobs.lock();
        let waited = self.jobs.arrival.wait_timeout_while(list, time, |list| list.waiting.is_empty());
        drop(waited);
        self.run_pending()
    }

    /// Keeps a closure for this thread while others hold it.
    #[doc(hidden)]
    pub fn home<F>(&self, closure: F) -> Home<F> {
        Home { jobs: self.jobs.clone(), closure: ManuallyDrop::new(RefCell::new(closure)) }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Queue::new()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut list = self.jobs.lock();
        list.closed = true;
        let waiting = core::mem::take(&mut list.waiting);
        drop(list);
        // Dropping a job answers whoever waits for it.
        drop(waiting);
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.jobs.lock().waiting.len()).finish()
    }
}

impl Jobs {
    fn lock(&self) -> MutexGuard<'_, List> {
        // Nothing that can panic runs under the lock.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the job back if nobody will run it.
    fn post(&self, job: Job) -> Result<(), Job> {
        let mut list = self.lock();
        if list.closed {
            return Err(job);
        }
        list.waiting.push_back(job);
        self.arrival.notify_all();
        Ok(())
    }
}

/// A closure that is touched on the owner's thread only.
#[doc(hidden)]
pub struct Home<F> {
    jobs: Arc<Jobs>,
    closure: ManuallyDrop<RefCell<F>>,
}

// SAFETY: `closure` is used and dropped on the owner's thread only; see `with` and `drop`.
unsafe impl<F> Send for Home<F> {}
// SAFETY: as for Send.
unsafe impl<F> Sync for Home<F> {}

/// Something that travels to the owner's thread, or back to a thread that waits for it.
struct Carried<T>(T);

// SAFETY: made by `Home` for arguments and results of native calls, which native code may pass
// between its threads as it likes, and for closures on their way home.
unsafe impl<T> Send for Carried<T> {}

impl<T> Carried<T> {
    fn unpack(self) -> T {
        self.0
    }
}

impl<F: 'static> Home<F> {
    /// Runs the closure on this thread.
    fn with<R>(&self, call: impl FnOnce(&mut F) -> R) -> R {
        assert_eq!(thread::own_key(), self.jobs.owner, "a queued closure runs on its own thread");
        match self.closure.try_borrow_mut() {
            Ok(mut closure) => call(&mut closure),
            Err(_) => panic!("a queued callback was invoked while it was running; its closure is `FnMut`"),
        }
    }

    /// Runs the closure on the owner's thread and waits for its result; `None` if the owner is gone
    /// or the closure panicked there.
    pub(super) fn run<R: 'static>(self: &Arc<Self>, call: impl FnOnce(&mut F) -> R + 'static) -> Option<R> {
        if thread::own_key() == self.jobs.owner {
            return Some(self.with(call));
        }
        let answer = Arc::new(Answer::new());
        let promise = Promise(answer.clone());
        let home = self.clone();
        let call = Carried(call);
        let job = Box::new(move || {
            let call = call;
            match catch_unwind(AssertUnwindSafe(|| home.with(call.unpack()))) {
                Ok(result) => promise.0.give(Some(Carried(result))),
                Err(payload) => fail(promise, payload),
            }
        });
        // A job that is refused is dropped, and its promise answers.
        drop(self.jobs.post(job));
        answer.wait().map(Carried::unpack)
    }

    /// Has the closure run on the owner's thread at some time; at once if this is it.
    pub(super) fn post_native(self: &Arc<Self>, call: impl FnOnce(&mut F) + 'static) {
        let call = Carried(call);
        self.post(move |closure| {
            let call = call;
            call.unpack()(closure);
        });
    }

    /// As `post_native`, for values that native code did not vouch for.
    #[doc(hidden)]
    pub fn post(self: &Arc<Self>, call: impl FnOnce(&mut F) + Send + 'static) {
        if thread::own_key() == self.jobs.owner {
            return self.with(call);
        }
        let home = self.clone();
        drop(self.jobs.post(Box::new(move || home.with(call))));
    }
}

fn fail<R>(promise: Promise<R>, payload: Box<dyn Any + Send>) -> ! {
    drop(promise);
    resume_unwind(payload)
}

impl<F> fmt::Debug for Home<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("owner", &self.jobs.owner).finish_non_exhaustive()
    }
}

impl<F> Drop for Home<F> {
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        let closure = unsafe { ManuallyDrop::take(&mut self.closure) };
        if thread::own_key() == self.jobs.owner {
            return drop(closure);
        }
        send_home(&self.jobs, closure);
    }
}

/// Has a closure dropped on its own thread.
fn send_home<F>(jobs: &Jobs, closure: RefCell<F>) {
    // Owned through a thin pointer: the queue's jobs are `'static`, and what the pointer leads to
    // is used by `drop_boxed` only.
    let parcel =
        Carried((Box::into_raw(Box::new(closure)).cast::<()>(), drop_boxed::<F> as unsafe fn(*mut ())));
    let job = Box::new(move || {
        let parcel = parcel;
        let (closure, drop_boxed) = parcel.unpack();
        // SAFETY: the box was made for this type, and the job runs once, on the owner's thread.
        unsafe { drop_boxed(closure) };
    });
    // Refused: the owner is gone and nobody may drop the closure. The job is only numbers.
    drop(jobs.post(job));
}

/// # Safety
/// From `Box::into_raw`, once, of a box of this type.
unsafe fn drop_boxed<F>(closure: *mut ()) {
    // SAFETY: the caller vouches for it.
    drop(unsafe { Box::from_raw(closure.cast::<RefCell<F>>()) });
}

/// Where a thread waits for a result.
struct Answer<R> {
    state: Mutex<Option<Option<Carried<R>>>>,
    arrival: Condvar,
}

impl<R> Answer<R> {
    fn new() -> Answer<R> {
        Answer { state: Mutex::new(None), arrival: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Option<Carried<R>>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first answer counts.
    fn give(&self, result: Option<Carried<R>>) {
        self.lock().get_or_insert(result);
        self.arrival.notify_all();
    }

    fn wait(&self) -> Option<Carried<R>> {
        let waited = self.arrival.wait_while(self.lock(), |state| state.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).take().flatten()
    }
}

/// Answers "nothing" when dropped unanswered: the queue was dropped, or the closure panicked.
struct Promise<R>(Arc<Answer<R>>);

impl<R> Drop for Promise<R> {
    fn drop(&mut self) {
        self.0.give(None);
    }
}
