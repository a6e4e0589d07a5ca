//! What native code is given for the length of one call: a function of its own where the closure captures
//! nothing, a thunk where it captures something.
//!
//! A closure of size 0 can be conjured up anywhere, so a plain function can run it: no thunk, no slot, no
//! check, and the compiler may see through it. That is only sound where the closure may run on every
//! thread and may be entered while it runs, for nothing is left that could check: `Fn + Send + Sync`.
//! An `FnMut` closure does not qualify, even if it captures nothing: the type cannot tell a closure
//! without captures from one that captured a value of size 0 by move, such as a token that proves which
//! thread it is on or that it exists once, and `&mut` to that must not be handed out twice.

use super::CallbackError;
use super::callback::{Callback, Everywhere};
use super::declaration::Declaration;
use super::invocation::Declared;
use super::prototype::WithoutUserData;
use super::shim::{BareHandler, Handler};

/// A callback for the length of a call, on every thread.
///
/// ```
/// use pinvoke::upcall::{Declaration, Declared, ForCall, for_call};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const UNARY: Declaration<Unary> = Declaration::new("unary");
/// enum OfUnary {}
/// impl Declared<Unary> for OfUnary {
///     const DECLARATION: Declaration<Unary> = UNARY;
/// }
///
/// let offset = 10;
/// let closure = |n: i32| n + offset;
/// let callback: ForCall<'_, Unary> = for_call::<OfUnary, _, _>(&UNARY, &closure)?;
/// let function = callback.function();
/// // SAFETY: the callback is alive until the thread has ended.
/// let elsewhere = std::thread::spawn(move || unsafe { function(7) }).join();
/// assert_eq!(elsewhere.ok(), Some(17));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[derive(Debug)]
pub struct ForCall<'a, P: WithoutUserData> {
    /// None if the closure is a function of its own.
    guard: Option<Callback<'a, P, Everywhere>>,
    function: P::Function,
}

impl<P: WithoutUserData> ForCall<'_, P> {
    /// The function pointer for native code; see [`Callback::function`].
    ///
    /// ```
    /// use pinvoke::upcall::{Declaration, Declared, for_call};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    /// enum OfUnary {}
    /// impl Declared<Unary> for OfUnary {
    ///     const DECLARATION: Declaration<Unary> = UNARY;
    /// }
    ///
    /// let calls = core::sync::atomic::AtomicI32::new(0);
    /// let count = |n: i32| n * calls.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
    /// let callback = for_call::<OfUnary, _, _>(&UNARY, &count)?;
    /// let function: Unary = callback.function();
    /// // SAFETY: the callback is alive.
    /// assert_eq!(unsafe { (function(5), function(5), function(5)) }, (0, 5, 10));
    /// drop(callback);
    /// assert_eq!(calls.into_inner(), 3);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn function(&self) -> P::Function {
        self.function
    }

    /// Whether it has a thunk; without, the closure captures nothing.
    ///
    /// ```
    /// use pinvoke::upcall::{Declaration, Declared, for_call};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    /// enum OfUnary {}
    /// impl Declared<Unary> for OfUnary {
    ///     const DECLARATION: Declaration<Unary> = UNARY;
    /// }
    ///
    /// let negate = |n: i32| -n;
    /// let callback = for_call::<OfUnary, _, _>(&UNARY, &negate)?;
    /// assert!(!callback.has_thunk(), "a function of its own");
    /// let offset = 10;
    /// let add = |n: i32| n + offset;
    /// let callback = for_call::<OfUnary, _, _>(&UNARY, &add)?;
    /// assert!(callback.has_thunk(), "for `offset` has to be found");
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn has_thunk(&self) -> bool {
        self.guard.is_some()
    }
}

/// A callback that borrows its closure, as [`Declaration::scoped_anywhere`], but without thunk if the
/// closure captures nothing. `D` has the same declaration, for the function of such a closure.
///
/// # Errors
/// As for [`Declaration::scoped_anywhere`].
///
/// ```
/// use pinvoke::upcall::{Declaration, Declared, for_call};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const UNARY: Declaration<Unary> = Declaration::with_fallback("unary", -1);
/// enum OfUnary {}
/// impl Declared<Unary> for OfUnary {
///     const DECLARATION: Declaration<Unary> = UNARY;
/// }
///
/// let by_itself = |n: i32| n + 1;
/// let callback = for_call::<OfUnary, _, _>(&UNARY, &by_itself)?;
/// assert!(!callback.has_thunk());
/// let offset = 2;
/// let captures = |n: i32| n + offset;
/// let callback = for_call::<OfUnary, _, _>(&UNARY, &captures)?;
/// assert!(callback.has_thunk());
/// // SAFETY: the callback is alive.
/// assert_eq!(unsafe { callback.function()(40) }, 42);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
///
/// [`Declaration::scoped_anywhere`]: super::Declaration::scoped_anywhere
#[inline]
pub fn for_call<'a, D, P, F>(
    declaration: &'static Declaration<P>,
    closure: &'a F,
) -> Result<ForCall<'a, P>, CallbackError>
where
    D: Declared<P>,
    P: WithoutUserData + 'static,
    F: BareHandler<P> + Handler<P> + Send + Sync,
{
    if const { size_of::<F>() == 0 && !core::mem::needs_drop::<F>() && P::BY_RUST } {
        // SAFETY: the function is compiled for this prototype, and `closure` exists during the call.
        let function = unsafe { P::function(F::bare::<D>()) };
        return Ok(ForCall { guard: None, function });
    }
    let guard = declaration.scoped_anywhere(closure)?;
    let function = guard.function();
    Ok(ForCall { guard: Some(guard), function })
}
