//! What to do when a closure cannot answer, decided with the declaration and not in the emergency.

/// What happens when a closure panics. The panic never reaches native code.
///
/// ```
/// use pinvoke::upcall::{Declaration, OnPanic, resume_after};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const FORGETS: Declaration<Unary> = Declaration::with_fallback("forgets", -1).on_panic(OnPanic::Return);
/// const RESUMES: Declaration<Unary> = Declaration::with_fallback("resumes", -1);
///
/// let forgets = FORGETS.owned(|_: i32| -> i32 { panic!("out of paper") })?;
/// let resumes = RESUMES.owned(|_: i32| -> i32 { panic!("out of ink") })?;
/// // SAFETY: the callbacks are alive.
/// assert_eq!(unsafe { forgets.function()(7) }, -1);
/// let function = resumes.function();
/// // SAFETY: as above.
/// let panic = std::panic::catch_unwind(|| resume_after(|| unsafe { function(7) }));
/// assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"out of ink"));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnPanic {
    /// Return the fallback value, and go on panicking where the enclosing
    /// [`resume_after`](super::resume_after) returns. Where there is none, as on threads that
    /// native code started, report and abort.
    #[default]
    Resume,
    /// Return the fallback value and forget the panic; the panic hook has printed it.
    Return,
    /// Report and abort.
    Abort,
}

/// What happens when a callback that belongs to one thread is invoked on another.
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
/// let elsewhere = std::thread::spawn(move || unsafe { function(7) });
/// assert_eq!(elsewhere.join().ok(), Some(-1));
/// // SAFETY: as above.
/// assert_eq!(unsafe { function(7) }, 8);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnWrongThread {
    /// Report the callback and both threads, and abort.
    #[default]
    Abort,
    /// Return the fallback value without running the closure.
    Return,
}
