//! Callbacks of a signature that is known only at run time.
//!
//! The handler sees the native bytes of every argument and writes those of the result; what they
//! mean is the business of whoever knows the declaration. The bytes are where native code put them:
//! in the registers' image, on the stack, behind a reference; nothing is copied but values that
//! came in two registers.

use core::fmt;
use core::marker::PhantomData;
use core::ptr;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Target;

use super::CallbackError;
use super::callback::{Everywhere, OwnThread, end};
use super::frame::FramePtr;
use super::gate::{Admission, Anywhere, Nested};
use super::invocation::run;
use super::machine::{Flavour, Returned, entry};
use super::plan::{Unreachable, UpcallPlan};
use super::policy::{OnPanic, OnWrongThread};
use super::shim::finish;
use super::slot::{Form, Header, Occupant, Slot};
use super::{Identity, thunk_table};
use crate::arch::called_from_code;
use crate::native::CodePtr;

/// What a dynamic callback does on a thread other than the one that made it.
///
/// For handlers that may run on every thread, see [`DynamicDeclaration::callback_anywhere`].
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::upcall::{DynamicCallback, ThreadRule};
///
/// let signature: Signature = "(i32,i32)->i32".parse()?;
/// let rule = ThreadRule::OwnThreadElseFallback;
/// let callback = DynamicCallback::new(&signature, "first", |args| args.answer::<4>(args.bytes(0)), rule)?;
/// // SAFETY: the callback has this signature and is alive.
/// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
/// assert_eq!(function(7, 9), 7);
/// assert_eq!(std::thread::spawn(move || function(7, 9)).join().ok(), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThreadRule {
    /// Report the callback and both threads, and abort.
    #[default]
    OwnThread,
    /// Return the fallback value (zero unless declared) without running the handler.
    OwnThreadElseFallback,
}

/// A callback as its prototype declares it, for signatures known only at run time.
///
/// Declarations with the same content are one, and are kept for ever.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::upcall::DynamicDeclaration;
///
/// let signature: Signature = "(i32,i32)->i32".parse()?;
/// let first = DynamicDeclaration::new(&signature, "first")?.fallback(&(-1_i32).to_ne_bytes())?;
/// let callback = first.callback(|args| args.answer::<4>(args.bytes(0)))?;
/// // SAFETY: the callback has this signature and is alive.
/// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
/// assert_eq!(function(7, 9), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct DynamicDeclaration(&'static Declared);

#[repr(C)]
struct Declared {
    header: Header,
    facts: Facts,
    plan: UpcallPlan,
}

/// What makes two declarations the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Facts {
    signature: Signature,
    name: String,
    fallback: Vec<u8>,
    on_panic: OnPanic,
    on_wrong_thread: OnWrongThread,
}

impl DynamicDeclaration {
    /// Declares a callback: its signature and the name that reports use. Its fallback value is zero.
    ///
    /// # Errors
    /// If the signature is variadic, is for another machine, or has no plan.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// assert!(DynamicDeclaration::new(&signature, "compare").is_ok());
    /// let variadic: Signature = "(ptr,...,i32)->i32".parse()?;
    /// assert!(DynamicDeclaration::new(&variadic, "log").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(signature: &Signature, name: &str) -> Result<DynamicDeclaration, CallbackError> {
        let callback = || name.to_owned();
        if signature.variadic_from.is_some() {
            return Err(CallbackError::Variadic { callback: callback() });
        }
        if signature.target != Target::HOST {
            return Err(CallbackError::ForeignTarget { callback: callback(), target: signature.target });
        }
        let plan = CallPlan::new(signature)
            .map_err(|reason| CallbackError::Plan { callback: callback(), reason })?;
        intern(Facts {
            signature: signature.clone(),
            name: callback(),
            fallback: vec![0; plan.ret_size() as usize],
            on_panic: OnPanic::default(),
            on_wrong_thread: OnWrongThread::default(),
        })
    }

    /// Sets the native bytes of the result when the handler cannot answer.
    ///
    /// # Errors
    /// If there are not as many bytes as the result has.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::{DynamicDeclaration, OnPanic};
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let compare = DynamicDeclaration::new(&signature, "compare")?.on_panic(OnPanic::Return)?;
    /// assert!(compare.fallback(&[0; 8]).is_err(), "the result has four bytes");
    /// let callback = compare.fallback(&(-1_i32).to_ne_bytes())?.callback(|_| panic!("no order"))?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(function(7, 9), -1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fallback(self, bytes: &[u8]) -> Result<DynamicDeclaration, CallbackError> {
        let facts = &self.0.facts;
        if bytes.len() != facts.fallback.len() {
            return Err(CallbackError::FallbackSize {
                callback: facts.name.clone(),
                expected: facts.fallback.len(),
                given: bytes.len(),
            });
        }
        intern(Facts { fallback: bytes.to_owned(), ..facts.clone() })
    }

    /// Sets what happens when the handler panics.
    ///
    /// # Errors
    /// As for [`DynamicDeclaration::new`].
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::{DynamicDeclaration, OnPanic};
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let compare = DynamicDeclaration::new(&signature, "compare")?.on_panic(OnPanic::Return)?;
    /// let callback = compare.callback(|_| panic!("no order"))?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(function(7, 9), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_panic(self, on_panic: OnPanic) -> Result<DynamicDeclaration, CallbackError> {
        intern(Facts { on_panic, ..self.0.facts.clone() })
    }

    /// Sets what happens on a thread to which the handler does not belong.
    ///
    /// # Errors
    /// As for [`DynamicDeclaration::new`].
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::{DynamicDeclaration, OnWrongThread};
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let first = DynamicDeclaration::new(&signature, "first")?.on_wrong_thread(OnWrongThread::Return)?;
    /// let callback = first.callback(|args| args.answer::<4>(args.bytes(0)))?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(std::thread::spawn(move || function(7, 9)).join().ok(), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_wrong_thread(self, rule: OnWrongThread) -> Result<DynamicDeclaration, CallbackError> {
        intern(Facts { on_wrong_thread: rule, ..self.0.facts.clone() })
    }

    /// Makes a callback of a handler that runs on this thread only.
    ///
    /// # Errors
    /// [`CallbackError::NoThunk`].
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let last = std::rc::Rc::new(core::cell::Cell::new(0)); // not `Send`, and need not be
    /// let seen = last.clone();
    /// let callback = DynamicDeclaration::new(&signature, "note")?
    ///     .callback(move |args| seen.set(i32::from_ne_bytes(args.bytes(1))))?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!((function(7, 9), last.get()), (0, 9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn callback(
        self,
        handler: impl Fn(&mut UpcallArgs<'_>) + 'static,
    ) -> Result<DynamicCallback, CallbackError> {
        self.claim::<Nested, _, _>(handler)
    }

    /// Makes a callback of a handler that runs on whichever thread invokes it.
    ///
    /// # Errors
    /// [`CallbackError::NoThunk`].
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "second")?
    ///     .callback_anywhere(|args| args.answer::<4>(args.bytes(1)))?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(std::thread::spawn(move || function(7, 9)).join().ok(), Some(9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn callback_anywhere(
        self,
        handler: impl Fn(&mut UpcallArgs<'_>) + Send + Sync + 'static,
    ) -> Result<DynamicCallback<Everywhere>, CallbackError> {
        self.claim::<Anywhere, _, _>(handler)
    }

    fn claim<A: Admission, F: Fn(&mut UpcallArgs<'_>) + 'static, T>(
        self,
        handler: F,
    ) -> Result<DynamicCallback<T>, CallbackError> {
        let plan = &self.0.plan;
        let target = entry(plan.needs());
        let slot = thunk_table::claim(Flavour::ENTRY, target)?;
        let dispatch = if plan.is_plain() { dispatch_plain::<A, F> } else { dispatch::<A, F> };
        slot.occupy(Occupant {
            target,
            form: Some(Form { dispatch, plan }),
            context: Box::into_raw(Box::new(handler)).cast(),
            declaration: ptr::from_ref(self.0).cast(),
            owner: A::owner(),
        });
        Ok(DynamicCallback { slot, end: end::<F, A, true>, bound: PhantomData })
    }
}

impl fmt::Debug for DynamicDeclaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.facts, f)
    }
}

fn intern(facts: Facts) -> Result<DynamicDeclaration, CallbackError> {
    static ALL: Mutex<Option<HashMap<Facts, DynamicDeclaration>>> = Mutex::new(None);
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    if let Some(declaration) = all.get(&facts) {
        return Ok(*declaration);
    }
    let plan = CallPlan::new(&facts.signature)
        .map_err(|reason| CallbackError::Plan { callback: facts.name.clone(), reason })?;
    let plan = UpcallPlan::new(&plan).map_err(|Unreachable(location)| CallbackError::Location {
        callback: facts.name.clone(),
        location,
    })?;
    let header = Header {
        name: String::leak(facts.name.clone()),
        on_panic: facts.on_panic,
        on_wrong_thread: facts.on_wrong_thread,
    };
    let declaration =
        DynamicDeclaration(Box::leak(Box::new(Declared { header, facts: facts.clone(), plan })));
    all.insert(facts, declaration);
    Ok(declaration)
}

called_from_code! {
    /// # Safety
    /// The entry calls it, for a slot that [`DynamicDeclaration::claim`] filled with `A` and an `F`, with the
    /// frame of a call of its signature.
    unsafe fn dispatch<A: Admission, F: Fn(&mut UpcallArgs<'_>)>(
        slot: &'static Slot,
        frame: FramePtr,
    ) -> Returned {
        // SAFETY: `claim` stored a form.
        let plan = unsafe { slot.plan() };
        // SAFETY: the frame is that of a call which the plan describes.
        unsafe { plan.gather(frame) };
        // SAFETY: as above.
        unsafe { plan.clear_result(frame) };
        // SAFETY: as above; and `claim` filled the slot with `A` and an `F`.
        unsafe { handle::<A, F>(slot, plan, frame) };
        // SAFETY: as above.
        unsafe { plan.deliver(frame) }
    }
}

called_from_code! {
    /// As [`dispatch`], for plain plans.
    ///
    /// # Safety
    /// As for [`dispatch`].
    unsafe fn dispatch_plain<A: Admission, F: Fn(&mut UpcallArgs<'_>)>(
        slot: &'static Slot,
        frame: FramePtr,
    ) -> Returned {
        // SAFETY: `claim` stored a form.
        let plan = unsafe { slot.plan() };
        // SAFETY: the frame is that of a call which the plan describes.
        unsafe { plan.clear_answer(frame) };
        // SAFETY: as above; and `claim` filled the slot with `A` and an `F`.
        unsafe { handle::<A, F>(slot, plan, frame) };
        // SAFETY: as above.
        unsafe { plan.answer(frame) }
    }
}

/// Lets the handler answer, or the declaration.
///
/// # Safety
/// - [`DynamicDeclaration::claim`] filled the slot with `A` and an `F`;
/// - the frame is that of a call which the plan describes, was gathered, and its result cleared.
#[inline(always)]
unsafe fn handle<A: Admission, F: Fn(&mut UpcallArgs<'_>)>(
    slot: &'static Slot,
    plan: &'static UpcallPlan,
    frame: FramePtr,
) {
    run::<A, ()>(
        slot,
        || {
            // SAFETY: `claim` stored a box of an `F`, which lives while an invocation is counted.
            let handler = unsafe { &*slot.context().cast::<F>() };
            handler(&mut UpcallArgs { plan, frame, call: PhantomData });
        },
        // SAFETY: the same contract; no handler runs any more.
        |slot| unsafe { fall_back(slot, plan, frame) },
        // SAFETY: `run` calls this once, after the last invocation; the box is one of an `F`.
        |slot| unsafe { finish::<F, true>(slot) },
    );
}

/// Answers as declared.
///
/// # Safety
/// As for [`handle`], when no handler runs.
#[cold]
#[inline(never)]
unsafe fn fall_back(slot: &'static Slot, plan: &UpcallPlan, frame: FramePtr) {
    // SAFETY: `claim` stored the address of a static declaration.
    let declared = unsafe { &*slot.declaration().cast::<Declared>() };
    // SAFETY: the caller vouches for the frame; the result was cleared.
    let result = unsafe { plan.result(frame) };
    result.copy_from_slice(&declared.facts.fallback);
}

/// The arguments of an upcall in native form, and the place of its result.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::upcall::DynamicDeclaration;
///
/// let signature: Signature = "(i32,i32)->i32".parse()?;
/// let callback = DynamicDeclaration::new(&signature, "handler")?.callback(|args| {
///     let sum = i32::from_ne_bytes(args.bytes(0)) + i32::from_ne_bytes(args.bytes(1));
///     args.answer(sum.to_ne_bytes());
/// })?;
/// // SAFETY: the callback has this signature and is alive.
/// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
/// assert_eq!(function(7, 9), 16);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct UpcallArgs<'a> {
    plan: &'static UpcallPlan,
    frame: FramePtr,
    call: PhantomData<&'a mut ()>,
}

impl UpcallArgs<'_> {
    /// Number of arguments.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "handler")?.callback(|args| {
    ///     args.answer((args.len() as i32).to_ne_bytes());
    /// })?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(function(7, 9), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.plan.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::{DynamicDeclaration, UpcallArgs};
    ///
    /// // A handler for several signatures.
    /// let last = |args: &mut UpcallArgs<'_>| match args.is_empty() {
    ///     true => args.answer((-1_i32).to_ne_bytes()),
    ///     false => args.answer::<4>(args.bytes(args.len() - 1)),
    /// };
    /// let none = DynamicDeclaration::new(&"()->i32".parse::<Signature>()?, "none")?.callback(last)?;
    /// let one = DynamicDeclaration::new(&"(i32)->i32".parse::<Signature>()?, "one")?.callback(last)?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let of_none: extern "C" fn() -> i32 = unsafe { core::mem::transmute(none.code()) };
    /// // SAFETY: as above.
    /// let of_one: extern "C" fn(i32) -> i32 = unsafe { core::mem::transmute(one.code()) };
    /// assert_eq!((of_none(), of_one(7)), (-1, 7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The native bytes of an argument, as many as its layout has, aligned as its layout wants but to
    /// 16 at most: gcc does not align the copy of a value by reference any further.
    /// Padding has unspecified contents.
    ///
    /// # Panics
    /// If there is no such argument.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "handler")?.callback(|args| {
    ///     let second = args.arg(1).to_owned(); // of whatever size
    ///     args.ret().copy_from_slice(&second);
    /// })?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(function(7, 9), 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn arg(&self, index: usize) -> &[u8] {
        // SAFETY: `dispatch` made this for the frame of a call in progress and gathered.
        match unsafe { self.plan.argument(index, self.frame) } {
            Some(bytes) => bytes,
            None => panic!("argument {index} of an upcall with {} arguments", self.len()),
        }
    }

    /// The same for an argument of a size that is known: `i32::from_ne_bytes(args.bytes(0))`.
    ///
    /// # Panics
    /// If there is no such argument, or it has another size.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "handler")?.callback(|args| {
    ///     let first = i32::from_ne_bytes(args.bytes(0));
    ///     args.answer((2 * first).to_ne_bytes());
    /// })?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(function(7, 9), 14);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn bytes<const N: usize>(&self, index: usize) -> [u8; N] {
        let bytes = self.arg(index);
        match bytes.first_chunk() {
            Some(chunk) if bytes.len() == N => *chunk,
            _ => panic!("argument {index} of an upcall has {} bytes, not {N}", bytes.len()),
        }
    }

    /// Sets the result, of a size that is known: `args.answer(sum.to_ne_bytes())`.
    ///
    /// # Panics
    /// If the result has another size.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "handler")?.callback(|args| {
    ///     args.answer(42_i32.to_ne_bytes());
    /// })?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(function(7, 9), 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn answer<const N: usize>(&mut self, bytes: [u8; N]) {
        let result = self.ret();
        let size = result.len();
        match result.first_chunk_mut() {
            Some(chunk) if size == N => *chunk = bytes,
            _ => panic!("the result of an upcall has {size} bytes, not {N}"),
        }
    }

    /// The place of the result, as many bytes as its layout has; all zero at first. Empty for
    /// `void`.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "handler")?.callback(|args| {
    ///     args.ret().fill(0xff);
    /// })?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(function(7, 9), -1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn ret(&mut self) -> &mut [u8] {
        // SAFETY: `handle` made this for the frame of a call in progress and cleared the result, which
        // is reached through this value only.
        unsafe { self.plan.result(self.frame) }
    }
}

/// A live callback of a signature known only at run time. Dropping it ends it.
///
/// It may be dropped while it runs, also by its own handler: the handler and what it owns are then
/// freed when the last invocation returns. A native call that begins later ends the process with a
/// report that names the callback.
///
/// ```
/// use pinvoke::upcall::{DynamicCallback, ThreadRule};
/// use pinvoke_abi::{layout::Layout, signature::Signature, target::Target};
///
/// let int = Layout::int(Target::HOST, 4, true);
/// let signature = Signature::new(Target::HOST, vec![int.clone(), int.clone()], int);
/// let add = DynamicCallback::new(&signature, "add", |args| {
///     let sum = i32::from_ne_bytes(args.bytes(0)) + i32::from_ne_bytes(args.bytes(1));
///     args.answer(sum.to_ne_bytes());
/// }, ThreadRule::OwnThread)?;
/// // SAFETY: the callback has this signature and is alive.
/// let function: extern "C" fn(i32, i32) -> i32 = unsafe { std::mem::transmute(add.code()) };
/// assert_eq!(function(40, 2), 42);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub struct DynamicCallback<T = OwnThread> {
    slot: &'static Slot,
    /// # Safety
    /// Called once, for the slot that it was made for.
    end: unsafe fn(&'static Slot),
    bound: PhantomData<T>,
}

impl DynamicCallback {
    /// Declares a callback and makes it at once; see [`DynamicDeclaration`] for more choices.
    ///
    /// # Errors
    /// If the signature is variadic, is for another machine, or has no plan; or if there are no
    /// more thunks to be had.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::{DynamicCallback, ThreadRule};
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicCallback::new(&signature, "first", |args| args.answer::<4>(args.bytes(0)), ThreadRule::OwnThread)?;
    /// // SAFETY: the callback has this signature and is alive.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(callback.code()) };
    /// assert_eq!(function(7, 9), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        signature: &Signature,
        name: &str,
        handler: impl Fn(&mut UpcallArgs<'_>) + 'static,
        threads: ThreadRule,
    ) -> Result<DynamicCallback, CallbackError> {
        let mut declaration = DynamicDeclaration::new(signature, name)?;
        if threads == ThreadRule::OwnThreadElseFallback {
            declaration = declaration.on_wrong_thread(OnWrongThread::Return)?;
        }
        declaration.callback(handler)
    }
}

impl<T> DynamicCallback<T> {
    /// What native code is given.
    ///
    /// ```
    /// use core::ffi::{c_int, c_void};
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(ptr,ptr)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "compare")?.callback(|args| {
    ///     let [a, b] = [0, 1].map(|index| {
    ///         let element = usize::from_ne_bytes(args.bytes(index));
    ///         // SAFETY: qsort passes pointers to elements.
    ///         unsafe { *core::ptr::with_exposed_provenance::<i32>(element) }
    ///     });
    ///     args.answer((a - b).to_ne_bytes());
    /// })?;
    /// type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;
    /// // SAFETY: the callback has this signature.
    /// let compare: Compare = unsafe { core::mem::transmute(callback.code()) };
    /// let mut numbers = [5_i32, 3, 9];
    /// // SAFETY: three elements of four bytes, and a comparison of such that is alive.
    /// unsafe { libc::qsort(numbers.as_mut_ptr().cast(), 3, 4, Some(compare)) };
    /// assert_eq!(numbers, [3, 5, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.slot.code()
    }

    /// Which callback this is, as [`lookup`](super::lookup) finds it by its address.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::{DynamicDeclaration, lookup};
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "first")?.callback(|args| args.answer::<4>(args.bytes(0)))?;
    /// assert_eq!(lookup(callback.code()), Some(callback.identity()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::of(self.slot)
    }

    /// Keeps the callback alive for ever.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::upcall::DynamicDeclaration;
    ///
    /// let signature: Signature = "(i32,i32)->i32".parse()?;
    /// let callback = DynamicDeclaration::new(&signature, "first")?.callback(|args| args.answer::<4>(args.bytes(0)))?;
    /// let code = callback.leak();
    /// // SAFETY: of this signature, and alive for ever.
    /// let function: extern "C" fn(i32, i32) -> i32 = unsafe { core::mem::transmute(code) };
    /// assert_eq!(function(7, 9), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn leak(self) -> CodePtr {
        let code = self.code();
        core::mem::forget(self);
        code
    }
}

impl<T> Drop for DynamicCallback<T> {
    fn drop(&mut self) {
        // SAFETY: made for this slot; the guard is dropped once.
        unsafe { (self.end)(self.slot) };
    }
}

impl<T> fmt::Debug for DynamicCallback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicCallback").field(&self.identity()).finish()
    }
}
