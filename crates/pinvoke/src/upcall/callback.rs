//! Live callbacks of typed closures: the guards that end them.
//!
//! A guard is three words: the slot, the address for native code, and how to end it. A callback
//! that borrows its closure allocates nothing.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pinvoke_abi::plan::{ArgPlan, CallPlan, Location};
use pinvoke_abi::signature::Signature;

use super::declaration::Declaration;
use super::gate::Admission;
use super::machine::{Flavour, entry};
use super::plan::{Unreachable, UpcallPlan};
use super::prototype::{EntryPoints, Prototype, Route, ThunkFlavour, WithUserData, WithoutUserData};
use super::shim::finish;
use super::slot::{Form, Occupant, Slot};
use super::{CallbackError, Identity, thunk_table};
use crate::native::{CodePtr, NativeType};

/// In a callback's type: it runs on every thread, and its guard may go to any.
///
/// ```
/// use pinvoke::upcall::{Callback, Declaration, Everywhere};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const UNARY: Declaration<Unary> = Declaration::new("unary");
///
/// let callback: Callback<'static, Unary, Everywhere> = UNARY.owned_anywhere(|n: i32| n + 1)?;
/// assert!(std::thread::spawn(move || drop(callback)).join().is_ok());
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Everywhere;

/// In a callback's type: it runs on the thread that made it, and its guard stays there.
///
/// ```
/// use pinvoke::upcall::{Callback, Declaration, OwnThread};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const UNARY: Declaration<Unary> = Declaration::new("unary");
///
/// /// Stays on its thread with the callback in it.
/// struct Listener {
///     callback: Callback<'static, Unary, OwnThread>,
/// }
/// let listener = Listener { callback: UNARY.owned(|n: i32| n + 1)? };
/// // SAFETY: the callback is alive.
/// assert_eq!(unsafe { listener.callback.function()(7) }, 8);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OwnThread(PhantomData<*const ()>);

/// A live callback. Dropping it ends it.
///
/// A native call that begins after that ends the process with a report that names the declaration.
/// Dropping a callback while it runs is fine: what it owns is freed by the last invocation.
///
/// Made by the constructors of [`Declaration`]. Where the callback borrows, do not forget the
/// guard (`core::mem::forget`): native code could then call a closure that is gone, and nothing
/// would tell.
///
/// ```
/// use pinvoke::upcall::Declaration;
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const UNARY: Declaration<Unary> = Declaration::new("unary");
///
/// let seen = std::rc::Rc::new(());
/// let of_closure = seen.clone();
/// let callback = UNARY.owned(move |n: i32| n + std::rc::Rc::strong_count(&of_closure) as i32)?;
/// // SAFETY: the callback is alive.
/// assert_eq!(unsafe { callback.function()(7) }, 9);
/// drop(callback);
/// assert_eq!(std::rc::Rc::strong_count(&seen), 1, "what the closure owned is gone");
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub struct Callback<'a, P: Prototype, T = OwnThread> {
    claimed: Claimed,
    borrow: PhantomData<&'a mut ()>,
    bound: PhantomData<(fn() -> P, T)>,
}

/// A callback that lives for ever.
///
/// ```
/// use pinvoke::upcall::{Declaration, Leaked};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const UNARY: Declaration<Unary> = Declaration::new("unary");
///
/// let offset = 10;
/// let leaked: Leaked<Unary> = UNARY.leak(move |n: i32| n + offset)?;
/// let copy = leaked; // nothing ends with it
/// assert_eq!((leaked.function()(1), copy.function()(2)), (11, 12));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub struct Leaked<P: Prototype> {
    slot: &'static Slot,
    code: CodePtr,
    prototype: PhantomData<fn() -> P>,
}

/// A slot that a callback lives in, before its guard is typed.
pub(super) struct Claimed {
    slot: &'static Slot,
    /// What native code calls: the thunk, or the shim if there is user data.
    code: CodePtr,
    /// # Safety
    /// Called once, for the slot that it was made for.
    end: unsafe fn(&'static Slot),
}

impl<'a, P: Prototype, T> Callback<'a, P, T> {
    pub(super) fn new(claimed: Claimed) -> Callback<'a, P, T> {
        Callback { claimed, borrow: PhantomData, bound: PhantomData }
    }

    /// The function pointer for native code. Calling it after the callback was dropped, or from a
    /// thread that the declaration does not allow, is reported and does not return.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let callback = UNARY.owned(|n: i32| -n)?;
    /// let function: Unary = callback.function();
    /// // SAFETY: the callback is alive.
    /// assert_eq!(unsafe { function(7) }, -7);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn function(&self) -> P::Function {
        // SAFETY: the code was made for this prototype.
        unsafe { P::function(self.claimed.code) }
    }

    /// The address of the function.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let callback = UNARY.owned(|n: i32| -n)?;
    /// // For a C function that takes a `void *`:
    /// let address = callback.code().as_ptr();
    /// assert_eq!(address.addr(), callback.function() as usize);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.claimed.code
    }

    /// The function as a type that is safe to call, which some bindings of C functions ask for.
    ///
    /// # Safety
    /// It must not be called after the callback was dropped.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let callback = UNARY.owned(|n: i32| -n)?;
    /// // SAFETY: called while the callback is alive.
    /// let function: extern "C" fn(i32) -> i32 = unsafe { callback.as_safe_function() };
    /// assert_eq!(function(7), -7);
    /// drop(callback);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub unsafe fn as_safe_function(&self) -> P::Forever {
        // SAFETY: the code was made for this prototype; the caller vouches for its life.
        unsafe { P::forever(self.claimed.code) }
    }
}

impl<P: WithUserData, T> Callback<'_, P, T> {
    /// The user data that goes with the function.
    ///
    /// ```
    /// use core::ffi::c_void;
    /// use pinvoke::upcall::{Declaration, UserDataFirst};
    ///
    /// type Visit = unsafe extern "C" fn(*mut c_void, i32) -> i32;
    /// const VISIT: Declaration<UserDataFirst<Visit>> = Declaration::new("visit");
    ///
    /// let callback = VISIT.owned(|n: i32| n + 1)?;
    /// let (function, user_data) = (callback.function(), callback.user_data());
    /// // SAFETY: the callback is alive, and the data is its own.
    /// assert_eq!(unsafe { function(user_data, 7) }, 8);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn user_data(&self) -> *mut c_void {
        core::ptr::from_ref(self.claimed.slot).cast_mut().cast()
    }
}

impl<P: WithoutUserData, T> Callback<'_, P, T> {
    /// Which callback this is, as [`lookup`](super::lookup) finds it by its address.
    ///
    /// ```
    /// use pinvoke::upcall::{Declaration, lookup};
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let callback = UNARY.owned(|n: i32| -n)?;
    /// assert_eq!(lookup(callback.code()), Some(callback.identity()));
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::of(self.claimed.slot)
    }
}

impl<P: Prototype, T> Callback<'static, P, T> {
    /// Lets the callback live for ever.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let leaked = UNARY.owned(|n: i32| -n)?.leak();
    /// assert_eq!(leaked.function()(7), -7);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    pub fn leak(self) -> Leaked<P> {
        let Claimed { slot, code, .. } = self.claimed;
        core::mem::forget(self);
        Leaked { slot, code, prototype: PhantomData }
    }
}

impl<P: Prototype, T> Drop for Callback<'_, P, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: made for this slot; the guard is dropped once.
        unsafe { (self.claimed.end)(self.claimed.slot) };
    }
}

impl<P: Prototype, T> fmt::Debug for Callback<'_, P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Callback").field(&Identity::of(self.claimed.slot)).finish()
    }
}

impl<P: Prototype> Leaked<P> {
    /// The function pointer.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let function: extern "C" fn(i32) -> i32 = UNARY.leak(|n: i32| -n)?.function();
    /// assert_eq!(function(7), -7);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn function(&self) -> P::Forever {
        // SAFETY: the code was made for this prototype and is never given back.
        unsafe { P::forever(self.code) }
    }

    /// The address of the function.
    ///
    /// ```
    /// use pinvoke::upcall::Declaration;
    ///
    /// type Unary = unsafe extern "C" fn(i32) -> i32;
    /// const UNARY: Declaration<Unary> = Declaration::new("unary");
    ///
    /// let leaked = UNARY.leak(|n: i32| -n)?;
    /// assert_eq!(leaked.code().addr(), leaked.function() as usize);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.code
    }
}

impl<P: WithUserData> Leaked<P> {
    /// The user data that goes with the function.
    ///
    /// ```
    /// use core::ffi::c_void;
    /// use pinvoke::upcall::{Declaration, UserDataFirst};
    ///
    /// type Visit = unsafe extern "C" fn(*mut c_void, i32) -> i32;
    /// const VISIT: Declaration<UserDataFirst<Visit>> = Declaration::new("visit");
    ///
    /// let leaked = VISIT.leak(|n: i32| n + 1)?;
    /// // SAFETY: it lives for ever, and the data is its own.
    /// assert_eq!(unsafe { leaked.function()(leaked.user_data(), 7) }, 8);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn user_data(&self) -> *mut c_void {
        core::ptr::from_ref(self.slot).cast_mut().cast()
    }
}

impl<P: Prototype> Clone for Leaked<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Prototype> Copy for Leaked<P> {}

impl<P: Prototype> fmt::Debug for Leaked<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leaked").field(&Identity::of(self.slot)).finish()
    }
}

/// Ends a callback.
///
/// # Safety
/// As for [`finish`], but for the running.
pub(super) unsafe fn end<F, A: Admission, const BOXED: bool>(slot: &'static Slot) {
    slot.die();
    if A::close(slot.gate()) {
        // SAFETY: the caller vouches for the slot, and the mark says that nobody runs it.
        unsafe { finish::<F, BOXED>(slot) };
    }
}

/// Claims a slot for a callback whose context is an `F`, boxed or borrowed.
#[inline]
pub(super) fn claim<P: Prototype, F, A: Admission, const BOXED: bool>(
    declaration: &'static Declaration<P>,
    points: EntryPoints,
    context: *mut F,
) -> Result<Claimed, CallbackError> {
    let (flavour, target, form) = match P::ROUTE {
        Route::Thunk(ThunkFlavour(flavour)) => (flavour, points.shim, None),
        // The thunk goes unused: native code calls the shim, with the slot as user data.
        Route::UserData => (Flavour::SPARE, points.shim, None),
        Route::Frame | Route::ByPlan => planned::<P>(declaration.name(), points)?,
    };
    let slot = thunk_table::claim(flavour, target)?;
    slot.occupy(Occupant {
        target,
        form,
        context: context.cast(),
        declaration: declaration.address(),
        owner: A::owner(),
    });
    let code = match P::ROUTE {
        Route::UserData => CodePtr::of_function(points.shim.cast()),
        Route::Thunk(_) | Route::Frame | Route::ByPlan => slot.code(),
    };
    Ok(Claimed { slot, code, end: end::<F, A, BOXED> })
}

/// As [`claim`], for a closure that the callback will own.
pub(super) fn boxed<P: Prototype, F, A: Admission>(
    declaration: &'static Declaration<P>,
    points: EntryPoints,
    closure: F,
) -> Result<Claimed, CallbackError> {
    let context = Box::into_raw(Box::new(closure));
    claim::<P, F, A, true>(declaration, points, context).inspect_err(|_| {
        // SAFETY: no slot took the box over.
        drop(unsafe { Box::from_raw(context) });
    })
}

/// Where the thunk of a function leads whose types do not tell.
type Planned = (Flavour, *const (), Option<Form>);

/// The way in for prototypes whose plan must be asked, kept for the next callback of the same.
#[cold]
fn planned<P: Prototype>(name: &'static str, points: EntryPoints) -> Result<Planned, CallbackError> {
    /// A free register, or a form for the frame.
    #[derive(Clone, Copy)]
    enum Found {
        Free(Flavour),
        Form(Form),
    }
    /// By shim: equal ones of different signature may have been merged.
    type Known = HashMap<(usize, Signature), Found>;
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

    let signature = P::signature();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    let key = (points.shim.addr(), signature);
    let found = match known.get(&key) {
        Some(found) => *found,
        None => {
            // What Rust takes or returns elsewhere than C needs the frame, whatever is free.
            let free = if P::BY_RUST { free_register(name, &key.1)? } else { None };
            let found = match free {
                Some(flavour) => Found::Free(flavour),
                None => Found::Form(form(name, &key.1, points)?),
            };
            known.insert(key, found);
            found
        }
    };
    Ok(match found {
        Found::Free(flavour) => (flavour, points.shim, None),
        Found::Form(form) => (Flavour::ENTRY, entry(form.plan.needs()), Some(form)),
    })
}

/// The register in which one more pointer would travel.
fn free_register(name: &str, signature: &Signature) -> Result<Option<Flavour>, CallbackError> {
    let mut longer = signature.clone();
    longer.params.push(<*mut c_void as NativeType>::layout());
    let plan = plan(name, &longer)?;
    Ok(match plan.args().last() {
        Some(ArgPlan::Direct(pieces)) => match pieces[..] {
            [piece] => match piece.at {
                Location::Reg(register) => Flavour::of(register),
                Location::Stack(_) => None,
            },
            _ => None,
        },
        _ => None,
    })
}

fn form(name: &str, signature: &Signature, points: EntryPoints) -> Result<Form, CallbackError> {
    let Some(dispatch) = points.dispatch else { unreachable!("prototypes that come here have it") };
    let plan = UpcallPlan::new(&plan(name, signature)?)
        .map_err(|Unreachable(location)| CallbackError::Location { callback: name.to_owned(), location })?;
    Ok(Form { dispatch, plan: Box::leak(Box::new(plan)) })
}

fn plan(name: &str, signature: &Signature) -> Result<CallPlan, CallbackError> {
    CallPlan::new(signature).map_err(|reason| CallbackError::Plan { callback: name.to_owned(), reason })
}
