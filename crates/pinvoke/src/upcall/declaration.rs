//! What is known of a callback before there is a closure: its name, its type, and what to do when
//! the closure cannot answer.
//!
//! Declarations are static: a report that comes after everything else is gone still has the name.
//!
//! # Which constructor
//!
//! | the closure is | borrowed | owned by the callback | for ever |
//! |---|---|---|---|
//! | `FnMut`, entered once at a time, on this thread | [`scoped`](Declaration::scoped) | [`owned`](Declaration::owned) | [`leak`](Declaration::leak) |
//! | `Fn`, entered again while it runs, on this thread | [`scoped_reentrant`](Declaration::scoped_reentrant) | [`owned_reentrant`](Declaration::owned_reentrant) | |
//! | `Fn + Send + Sync`, on every thread | [`scoped_anywhere`](Declaration::scoped_anywhere) | [`owned_anywhere`](Declaration::owned_anywhere) | [`leak_anywhere`](Declaration::leak_anywhere) |
//! | `FnMut`, on the thread of a [`Queue`] | | [`queued`](Declaration::queued), [`posted`](Declaration::posted) | |

use core::fmt;

use super::callback::Everywhere;
use super::callback::{Callback, Leaked, claim};
use super::gate::{Anywhere, Borrowed, Exclusive, Forever, Nested};
use super::policy::{OnPanic, OnWrongThread};
use super::prototype::Prototype;
use super::queue::Queue;
use super::shim::{Handler, HandlerMut, QueuedHandler};
use super::slot::Header;
use super::{CallbackError, callback};
use crate::native::NativeType;

/// A callback as its C prototype declares it: `S` is the type of the function pointer.
///
/// Write it as a `const` (or `static`) item, which lives for ever:
///
/// ```
/// use core::ffi::{c_int, c_void};
/// use pinvoke::upcall::{Declaration, resume_after};
///
/// type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;
/// const COMPARE: Declaration<Compare> = Declaration::new("compare");
///
/// let mut numbers = [5_i32, 3, 9];
/// let mut comparisons = 0;
/// let mut compare = |a: *const c_void, b: *const c_void| {
///     comparisons += 1;
///     // SAFETY: qsort passes pointers to elements.
///     unsafe { *a.cast::<i32>() - *b.cast::<i32>() }
/// };
/// let callback = COMPARE.scoped(&mut compare)?;
/// resume_after(|| {
///     // SAFETY: three elements of four bytes, and a comparison of such.
///     unsafe { libc::qsort(numbers.as_mut_ptr().cast(), 3, 4, Some(callback.function())) }
/// });
/// drop(callback);
/// assert_eq!(numbers, [3, 5, 9]);
/// assert!(comparisons >= 2);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[repr(transparent)]
pub struct Declaration<P: Prototype>(Answers<P::Ret>);

/// A declaration as a slot refers to it: the type of the result is all that matters.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Answers<R> {
    header: Header,
    pub(super) fallback: R,
}

impl<P: Prototype> Clone for Declaration<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Prototype> Copy for Declaration<P> {}

// SAFETY: a fallback value, of which there are only copies and those only for native code, and
// plain words.
unsafe impl<P: Prototype> Send for Declaration<P> {}
// SAFETY: as for Send.
unsafe impl<P: Prototype> Sync for Declaration<P> {}

impl<P: Prototype> Declaration<P> {
    /// A callback of this name, with zero as its fallback value.
    ///
    /// # Panics
    /// If zero is not a value of the result type; then use [`Declaration::with_fallback`], or
    /// `#[fallback(..)]` in a declared import. In a `const` item this is an error at compile time.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// assert_eq!((UNARY.name(), UNARY.fallback()), ("unary", 0));
    /// ```
    #[must_use]
    pub const fn new(name: &'static str) -> Declaration<P> {
        assert!(
            <P::Ret as NativeType>::ZEROABLE,
            "zero is not a value of the result type, and no fallback value is declared: #[fallback(..)], Declaration::with_fallback"
        );
        // SAFETY: `ZEROABLE` says that all zero is a value.
        let zero = unsafe { core::mem::zeroed() };
        Declaration::with_fallback(name, zero)
    }

    /// A callback of this name, that returns `fallback` when its closure cannot answer.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1);
    ///
    /// assert_eq!(UNARY.fallback(), -1);
    /// ```
    #[must_use]
    pub const fn with_fallback(name: &'static str, fallback: P::Ret) -> Declaration<P> {
        let header = Header { name, on_panic: OnPanic::Resume, on_wrong_thread: OnWrongThread::Abort };
        Declaration(Answers { header, fallback })
    }

    /// Sets what happens when the closure panics.
    ///
    /// ```
    /// use pinvoke::upcall::{Declaration, OnPanic};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1).on_panic(OnPanic::Return);
    ///
    /// let callback = UNARY.owned(|n: i32| -> i32 { panic!("{n} is too much") })?;
    /// // SAFETY: the callback is alive.
    /// assert_eq!(unsafe { callback.function()(7) }, -1);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub const fn on_panic(self, on_panic: OnPanic) -> Declaration<P> {
        let header = Header { on_panic, ..self.0.header };
        Declaration(Answers { header, ..self.0 })
    }

    /// Sets what happens on a thread to which the closure does not belong.
    ///
    /// ```
    /// use pinvoke::upcall::{Declaration, OnWrongThread};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> =
    ///     Declaration::with_fallback("unary", -1).on_wrong_thread(OnWrongThread::Return);
    ///
    /// let callback = UNARY.owned(|n: i32| n + 1)?;
    /// let function = callback.function();
    /// // SAFETY: the callback is alive until the thread has ended.
    /// let elsewhere = std::thread::spawn(move || unsafe { function(7) }).join().expect("it does not panic");
    /// assert_eq!(elsewhere, -1);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub const fn on_wrong_thread(self, on_wrong_thread: OnWrongThread) -> Declaration<P> {
        let header = Header { on_wrong_thread, ..self.0.header };
        Declaration(Answers { header, ..self.0 })
    }

    /// The name.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// assert_eq!(UNARY.name(), "unary");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.0.header.name
    }

    pub(super) const fn header(&self) -> Header {
        self.0.header
    }

    /// The value that native code gets when the closure cannot answer.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", i32::MIN);
    ///
    /// assert_eq!(UNARY.fallback(), i32::MIN);
    /// ```
    #[must_use]
    pub fn fallback(&self) -> P::Ret {
        self.0.fallback
    }

    /// For a callback that finds, before its closure runs or after, that a value has no conversion: keeps
    /// the reason until the enclosing [`resume_after`](super::resume_after) or
    /// [`resume_or_refused`](super::resume_or_refused) returns, as if the closure had panicked, and gives
    /// the fallback value to return meanwhile. What [`OnPanic`] says about panics holds here too.
    ///
    /// Nothing unwinds, so this works in programs built with `panic = "abort"`.
    ///
    /// ```
    /// use pinvoke::upcall::{Declaration, resume_or_refused};
    /// type Each = unsafe extern "C" fn(i32) -> i32;
    /// const EACH: Declaration<Each> = Declaration::with_fallback("each", -1);
    ///
    /// let mut each = |n: i32| if n < 0 { EACH.refuse("it is negative") } else { n };
    /// let callback = EACH.scoped(&mut each)?;
    /// let function = callback.function();
    /// // SAFETY: the callback is alive.
    /// let (result, refused) = resume_or_refused(|| unsafe { function(-7) });
    /// assert_eq!(result, -1);
    /// assert_eq!(refused.unwrap().to_string(), "it is negative");
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[cold]
    pub fn refuse(&self, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> P::Ret {
        super::invocation::refuse(self.0.header, reason.into());
        self.0.fallback
    }

    /// The address, for a slot.
    pub(super) fn address(&'static self) -> *const Header {
        core::ptr::from_ref(self).cast()
    }

    /// A callback that borrows its closure. It runs on this thread, one invocation at a time; an
    /// invocation while it runs counts as a panic of the closure.
    ///
    /// # Errors
    /// [`CallbackError::NoThunk`]; for prototypes with structures, also if they cannot be passed.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let mut sum = 0;
    /// let mut add = |n: i32| {
    ///     sum += n;
    ///     sum
    /// };
    /// let callback = UNARY.scoped(&mut add)?;
    /// // SAFETY: the callback is alive.
    /// assert_eq!(unsafe { (callback.function()(3), callback.function()(4)) }, (3, 7));
    /// drop(callback);
    /// assert_eq!(sum, 7);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[inline]
    pub fn scoped<'a, F>(&'static self, closure: &'a mut F) -> Result<Callback<'a, P>, CallbackError>
    where
        F: HandlerMut<P>,
    {
        let points = F::entry_points::<Exclusive, false>();
        let context = core::ptr::from_mut(closure);
        claim::<P, F, Exclusive, false>(self, points, context).map(Callback::new)
    }

    /// A callback that borrows its closure, which may be entered again while it runs.
    ///
    /// # Errors
    /// As for [`Declaration::scoped`].
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let own = core::cell::Cell::new(None::<Unary>);
    /// // SAFETY: the callback is alive while it runs.
    /// let factorial = |n: i32| if n < 2 { 1 } else { n * unsafe { own.get().expect("set below")(n - 1) } };
    /// let callback = UNARY.scoped_reentrant(&factorial)?;
    /// own.set(Some(callback.function()));
    /// // SAFETY: the callback is alive.
    /// assert_eq!(unsafe { callback.function()(5) }, 120);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[inline]
    pub fn scoped_reentrant<'a, F>(&'static self, closure: &'a F) -> Result<Callback<'a, P>, CallbackError>
    where
        F: Handler<P>,
    {
        let points = F::entry_points::<Nested, false>();
        let context = core::ptr::from_ref(closure).cast_mut();
        claim::<P, F, Nested, false>(self, points, context).map(Callback::new)
    }

    /// A callback that borrows its closure and runs on whichever thread invokes it.
    ///
    /// Dropping it waits for invocations on other threads. It must not be dropped by its own
    /// closure, which would wait for itself.
    ///
    /// # Errors
    /// As for [`Declaration::scoped`].
    ///
    /// ```
    /// use std::sync::atomic::{AtomicI32, Ordering};
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let sum = AtomicI32::new(0);
    /// let add = |n: i32| sum.fetch_add(n, Ordering::Relaxed);
    /// let callback = UNARY.scoped_anywhere(&add)?;
    /// let function = callback.function();
    /// std::thread::scope(|s| {
    ///     // SAFETY: the callback is alive until the threads have ended.
    ///     s.spawn(move || unsafe { function(3) });
    ///     s.spawn(move || unsafe { function(4) });
    /// });
    /// drop(callback);
    /// assert_eq!(sum.into_inner(), 7);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[inline]
    pub fn scoped_anywhere<'a, F>(
        &'static self,
        closure: &'a F,
    ) -> Result<Callback<'a, P, Everywhere>, CallbackError>
    where
        F: Handler<P> + Sync,
    {
        let points = F::entry_points::<Borrowed, false>();
        let context = core::ptr::from_ref(closure).cast_mut();
        claim::<P, F, Borrowed, false>(self, points, context).map(Callback::new)
    }

    /// A callback that owns its closure, otherwise as [`Declaration::scoped`]. What the closure borrows
    /// limits the callback's life.
    ///
    /// # Errors
    /// As for [`Declaration::scoped`]; the closure is dropped then.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let mut sum = 0;
    /// let callback = UNARY.owned(move |n: i32| {
    ///     sum += n;
    ///     sum
    /// })?;
    /// // SAFETY: the callback is alive.
    /// assert_eq!(unsafe { (callback.function()(3), callback.function()(4)) }, (3, 7));
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[inline]
    pub fn owned<'a, F>(&'static self, closure: F) -> Result<Callback<'a, P>, CallbackError>
    where
        F: HandlerMut<P> + 'a,
    {
        callback::boxed::<P, F, Exclusive>(self, F::entry_points::<Exclusive, true>(), closure)
            .map(Callback::new)
    }

    /// A callback that owns its closure, otherwise as [`Declaration::scoped_reentrant`].
    ///
    /// # Errors
    /// As for [`Declaration::owned`].
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let own = core::cell::Cell::new(None::<Unary>);
    /// // SAFETY: the callback is alive while it runs.
    /// let factorial = |n: i32| if n < 2 { 1 } else { n * unsafe { own.get().expect("set below")(n - 1) } };
    /// let callback = UNARY.owned_reentrant(factorial)?;
    /// own.set(Some(callback.function()));
    /// // SAFETY: the callback is alive.
    /// assert_eq!(unsafe { callback.function()(4) }, 24);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[inline]
    pub fn owned_reentrant<'a, F>(&'static self, closure: F) -> Result<Callback<'a, P>, CallbackError>
    where
        F: Handler<P> + 'a,
    {
        callback::boxed::<P, F, Nested>(self, F::entry_points::<Nested, true>(), closure).map(Callback::new)
    }

    /// A callback that owns its closure and runs on whichever thread invokes it.
    ///
    /// Dropping it does not wait: if the closure is running, it is freed when the last invocation
    /// returns.
    ///
    /// # Errors
    /// As for [`Declaration::owned`].
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let offset = 10;
    /// let callback = UNARY.owned_anywhere(move |n: i32| n + offset)?;
    /// let function = callback.function();
    /// // SAFETY: the callback is alive until the thread has ended.
    /// let elsewhere = std::thread::spawn(move || unsafe { function(7) }).join().expect("it does not panic");
    /// assert_eq!(elsewhere, 17);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[inline]
    pub fn owned_anywhere<F>(
        &'static self,
        closure: F,
    ) -> Result<Callback<'static, P, Everywhere>, CallbackError>
    where
        F: Handler<P> + Send + Sync + 'static,
    {
        callback::boxed::<P, F, Anywhere>(self, F::entry_points::<Anywhere, true>(), closure)
            .map(Callback::new)
    }

    /// As [`Declaration::owned_anywhere`], for a closure that borrows: dropping the callback waits for
    /// invocations on other threads, and must not happen within its own closure.
    ///
    /// # Errors
    /// As for [`Declaration::owned`].
    ///
    /// ```
    /// use std::sync::atomic::{AtomicI32, Ordering};
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let calls = AtomicI32::new(0);
    /// let count = |n: i32| n + calls.fetch_add(1, Ordering::Relaxed);
    /// let callback = UNARY.owned_anywhere_for(count)?;
    /// // SAFETY: the callback is alive.
    /// assert_eq!(unsafe { (callback.function()(5), callback.function()(5)) }, (5, 6));
    /// drop(callback); // from here on no thread looks at `calls`
    /// assert_eq!(calls.into_inner(), 2);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[inline]
    pub fn owned_anywhere_for<'a, F>(
        &'static self,
        closure: F,
    ) -> Result<Callback<'a, P, Everywhere>, CallbackError>
    where
        F: Handler<P> + Send + Sync + 'a,
    {
        callback::boxed::<P, F, Borrowed>(self, F::entry_points::<Borrowed, true>(), closure)
            .map(Callback::new)
    }

    /// A callback that lives for ever, otherwise as [`Declaration::scoped`].
    ///
    /// # Errors
    /// As for [`Declaration::owned`].
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let offset = 10;
    /// let leaked = UNARY.leak(move |n: i32| n + offset)?;
    /// let function = leaked.function(); // for a library that keeps it
    /// assert_eq!(function(7), 17);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    pub fn leak<F>(&'static self, closure: F) -> Result<Leaked<P>, CallbackError>
    where
        F: HandlerMut<P> + 'static,
    {
        self.owned(closure).map(Callback::leak)
    }

    /// A callback that lives for ever and runs on whichever thread invokes it. As it never ends,
    /// its invocations are not counted: this is the cheapest form for many threads.
    ///
    /// # Errors
    /// As for [`Declaration::owned`].
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let offset = 10;
    /// let function = UNARY.leak_anywhere(move |n: i32| n + offset)?.function();
    /// assert_eq!(std::thread::spawn(move || function(7)).join().ok(), Some(17));
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    pub fn leak_anywhere<F>(&'static self, closure: F) -> Result<Leaked<P>, CallbackError>
    where
        F: Handler<P> + Send + Sync + 'static,
    {
        callback::boxed::<P, F, Forever>(self, F::entry_points::<Forever, true>(), closure)
            .map(|claimed| Callback::<P, Everywhere>::new(claimed).leak())
    }

    /// A callback whose closure runs on the queue's thread. Invoked on another thread, it waits
    /// until the owner has run it, for which the owner has to call [`Queue::run_pending`] or
    /// [`Queue::run_within`]; a panic goes on there. The fallback value is returned if it panicked
    /// or the queue is gone.
    ///
    /// # Errors
    /// As for [`Declaration::owned`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use pinvoke::upcall::{Declaration, Queue};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1);
    ///
    /// let queue = Queue::new();
    /// let callback = UNARY.queued(&queue, |n: i32| -> i32 { n + 1 })?;
    /// let function = callback.function();
    /// // SAFETY: the callback is alive until the thread has ended.
    /// let waits = std::thread::spawn(move || unsafe { function(7) });
    /// while queue.run_within(Duration::from_secs(1)) == 0 {}
    /// assert_eq!(waits.join().ok(), Some(8));
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    pub fn queued<F>(
        &'static self,
        queue: &Queue,
        closure: F,
    ) -> Result<Callback<'static, P, Everywhere>, CallbackError>
    where
        F: QueuedHandler<P>,
    {
        closure.queued(self, queue, true)
    }

    /// As [`Declaration::queued`], but the foreign thread does not wait: the fallback value is
    /// returned at once. What the arguments point to may be gone when the closure runs.
    ///
    /// # Errors
    /// As for [`Declaration::owned`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use pinvoke::upcall::{Declaration, Queue};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1);
    ///
    /// let queue = Queue::new();
    /// let callback = UNARY.posted(&queue, |n: i32| -> i32 { n + 1 })?;
    /// let function = callback.function();
    /// // SAFETY: the callback is alive until the thread has ended.
    /// let goes_on = std::thread::spawn(move || unsafe { function(7) });
    /// assert_eq!(goes_on.join().ok(), Some(-1), "the fallback value");
    /// assert_eq!(queue.run_pending(), 1, "the closure runs now");
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    pub fn posted<F>(
        &'static self,
        queue: &Queue,
        closure: F,
    ) -> Result<Callback<'static, P, Everywhere>, CallbackError>
    where
        F: QueuedHandler<P>,
    {
        closure.queued(self, queue, false)
    }
}

impl<P: Prototype> fmt::Debug for Declaration<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { name, on_panic, on_wrong_thread } = self.0.header;
        f.debug_struct("Declaration")
            .field("name", &name)
            .field("on_panic", &on_panic)
            .field("on_wrong_thread", &on_wrong_thread)
            .finish_non_exhaustive()
    }
}
