//! Callbacks of a signature that is known only at run time.
//!
//! The handler sees the native bytes of every argument and writes those of the result; what they
//! mean is the business of whoever knows the declaration. The bytes are where native code put them:
//! in the registers' image, on the stack, behind a reference; nothing is copied but values that
//! came in two registers.

use core::fmt;
use core::marker::PhantomData;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pinvoke_abi::plan::{Abi, CallPlan};
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::Target;

use super::CallbackError;
use super::callback::{Everywhere, OwnThread};
use super::invocation::{Admission, Anywhere, Nested, run};
use super::plan::{ResultBytes, Unreachable, UpcallPlan};
use super::policy::{OnPanic, OnWrongThread};
use super::slot::{Form, Header, Occupant, Slot};
use super::x64::{Dispatch, Flavour, Returned, UpcallFrame, entry};
use super::{Identity, thunk_table};
use crate::native::CodePtr;

/// What a dynamic callback does on a thread other than the one that made it.
///
/// For handlers that may run on every thread, see [`DynamicDeclaration::callback_anywhere`].
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
#[derive(Clone, Copy)]
pub struct DynamicDeclaration(&'static Declared);

#[repr(C)]
struct Declared {
    header: Header,
    facts: Facts,
    /// For handlers of one thread, and for those of all.
    forms: [Form; 2],
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
    pub fn new(signature: &Signature, name: &str) -> Result<DynamicDeclaration, CallbackError> {
        let callback = || name.to_owned();
        if signature.variadic_from.is_some() {
            return Err(CallbackError::Variadic { callback: callback() });
        }
        if signature.target != Target::HOST {
            return Err(CallbackError::ForeignTarget { callback: callback(), target: signature.target });
        }
        let plan = CallPlan::new(signature)
            .map_err(|source| CallbackError::Plan { callback: callback(), source })?;
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
    pub fn on_panic(self, on_panic: OnPanic) -> Result<DynamicDeclaration, CallbackError> {
        intern(Facts { on_panic, ..self.0.facts.clone() })
    }

    /// Sets what happens on a thread to which the handler does not belong.
    ///
    /// # Errors
    /// As for [`DynamicDeclaration::new`].
    pub fn on_wrong_thread(self, rule: OnWrongThread) -> Result<DynamicDeclaration, CallbackError> {
        intern(Facts { on_wrong_thread: rule, ..self.0.facts.clone() })
    }

    /// Makes a callback of a handler that runs on this thread only.
    ///
    /// # Errors
    /// [`CallbackError::NoThunk`].
    pub fn callback(
        self,
        handler: impl Fn(&mut UpcallArgs<'_>) + 'static,
    ) -> Result<DynamicCallback, CallbackError> {
        let handler: Handler = Box::new(handler);
        let slot = self.claim::<Nested>(&self.0.forms[0], handler)?;
        Ok(DynamicCallback { slot, drop_mark: Nested::drop_mark, bound: PhantomData })
    }

    /// Makes a callback of a handler that runs on whichever thread invokes it.
    ///
    /// # Errors
    /// [`CallbackError::NoThunk`].
    pub fn callback_anywhere(
        self,
        handler: impl Fn(&mut UpcallArgs<'_>) + Send + Sync + 'static,
    ) -> Result<DynamicCallback<Everywhere>, CallbackError> {
        let handler: Handler = Box::new(handler);
        let slot = self.claim::<Anywhere>(&self.0.forms[1], handler)?;
        Ok(DynamicCallback { slot, drop_mark: Anywhere::drop_mark, bound: PhantomData })
    }

    fn claim<A: Admission>(
        self,
        form: &'static Form,
        handler: Handler,
    ) -> Result<&'static Slot, CallbackError> {
        let slot = thunk_table::claim(Flavour::R10)?;
        slot.occupy(Occupant {
            target: entry(form.plan.abi() == Abi::Win64, form.plan.uses_vectors()),
            form: Some(form),
            context: Box::into_raw(Box::new(handler)).cast(),
            declaration: core::ptr::from_ref(self.0).cast(),
            key: A::slot_key(),
        });
        Ok(slot)
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
        .map_err(|source| CallbackError::Plan { callback: facts.name.clone(), source })?;
    let form = |general: Dispatch, plain: Dispatch| {
        let plan = UpcallPlan::new(&plan).map_err(|Unreachable(location)| CallbackError::Location {
            callback: facts.name.clone(),
            location,
        })?;
        let dispatch = if plan.is_plain() { plain } else { general };
        Ok(Form { dispatch, plan })
    };
    let forms = [
        form(dispatch::<Nested>, dispatch_plain::<Nested>)?,
        form(dispatch::<Anywhere>, dispatch_plain::<Anywhere>)?,
    ];
    let header = Header {
        name: String::leak(facts.name.clone()),
        on_panic: facts.on_panic,
        on_wrong_thread: facts.on_wrong_thread,
    };
    let declaration =
        DynamicDeclaration(Box::leak(Box::new(Declared { header, facts: facts.clone(), forms })));
    all.insert(facts, declaration);
    Ok(declaration)
}

type Handler = Box<dyn Fn(&mut UpcallArgs<'_>)>;

/// # Safety
/// The entry calls it, for a slot that [`DynamicDeclaration::claim`] filled with `A`, with the frame
/// of a call of its signature.
unsafe extern "sysv64" fn dispatch<A: Admission>(slot: &'static Slot, frame: &mut UpcallFrame) -> Returned {
    // SAFETY: `claim` stored a form.
    let plan = &unsafe { slot.form() }.plan;
    let mut buffer: ResultBytes = [0; 2];
    // SAFETY: the frame is that of a call which the plan describes.
    unsafe { plan.gather(frame) };
    // SAFETY: as above.
    let result = unsafe { plan.result(frame, &mut buffer) };
    // SAFETY: `claim` filled the slot with `A`.
    unsafe { handle::<A>(slot, UpcallArgs { plan, frame, result }) };
    // SAFETY: as above.
    unsafe { plan.deliver(frame, &buffer) }
}

/// As [`dispatch`], for plain plans.
///
/// # Safety
/// As for [`dispatch`].
unsafe extern "sysv64" fn dispatch_plain<A: Admission>(
    slot: &'static Slot,
    frame: &mut UpcallFrame,
) -> Returned {
    // SAFETY: `claim` stored a form.
    let plan = &unsafe { slot.form() }.plan;
    let mut buffer = 0_u64;
    let result = &mut plan.result_of(&mut buffer)[..];
    // SAFETY: `claim` filled the slot with `A`.
    unsafe { handle::<A>(slot, UpcallArgs { plan, frame, result }) };
    plan.integer(&buffer)
}

/// Lets the handler answer, or the declaration.
///
/// # Safety
/// [`DynamicDeclaration::claim`] filled the slot with `A`.
#[inline(always)]
unsafe fn handle<A: Admission>(slot: &'static Slot, mut args: UpcallArgs<'_>) {
    let answered = run::<A, bool>(
        slot,
        || {
            // SAFETY: `claim` stored a box of a handler, which lives while an invocation is counted.
            let handler = unsafe { &*slot.context().cast::<Handler>() };
            handler(&mut args);
            true
        },
        || false,
        || finish(slot),
    );
    if !answered {
        // SAFETY: `claim` stored the address of a static declaration.
        let declared = unsafe { &*slot.declaration().cast::<Declared>() };
        args.result.copy_from_slice(&declared.facts.fallback);
    }
}

/// Frees what a dropped callback held; nobody runs it any more.
fn finish(slot: &'static Slot) {
    // SAFETY: `claim` stored a box of a handler, and the callback ends once.
    drop(unsafe { Box::from_raw(slot.context().cast::<Handler>()) });
    thunk_table::release(slot);
}

/// The arguments of an upcall in native form, and the place of its result.
#[derive(Debug)]
pub struct UpcallArgs<'a> {
    plan: &'static UpcallPlan,
    frame: &'a UpcallFrame,
    result: &'a mut [u8],
}

impl UpcallArgs<'_> {
    /// Number of arguments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.plan.len()
    }

    /// Whether there are none.
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
    #[must_use]
    #[inline]
    pub fn arg(&self, index: usize) -> &[u8] {
        // SAFETY: `dispatch` made this for the frame of a call in progress and gathered.
        match unsafe { self.plan.argument(index, self.frame) } {
            Some(bytes) => bytes,
            None => panic!("argument {index} of an upcall with {} arguments", self.len()),
        }
    }

    /// The place of the result, as many bytes as its layout has; all zero at first. Empty for
    /// `void`.
    #[must_use]
    #[inline]
    pub fn ret(&mut self) -> &mut [u8] {
        self.result
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
///     let int = |i| i32::from_ne_bytes(args.arg(i).try_into().unwrap());
///     let sum = int(0) + int(1);
///     args.ret().copy_from_slice(&sum.to_ne_bytes());
/// }, ThreadRule::OwnThread)?;
/// // SAFETY: the callback has this signature and is alive.
/// let function: extern "C" fn(i32, i32) -> i32 = unsafe { std::mem::transmute(add.code()) };
/// assert_eq!(function(40, 2), 42);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub struct DynamicCallback<T = OwnThread> {
    slot: &'static Slot,
    drop_mark: fn(&Slot) -> bool,
    bound: PhantomData<T>,
}

impl DynamicCallback {
    /// Declares a callback and makes it at once; see [`DynamicDeclaration`] for more choices.
    ///
    /// # Errors
    /// If the signature is variadic, is for another machine, or has no plan; or if there are no
    /// more thunks to be had.
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
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.slot.code()
    }

    /// Which callback this is, as [`lookup`](super::lookup) finds it by its address.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::of(self.slot)
    }

    /// Keeps the callback alive for ever.
    pub fn leak(self) -> CodePtr {
        let code = self.code();
        core::mem::forget(self);
        code
    }
}

impl<T> Drop for DynamicCallback<T> {
    fn drop(&mut self) {
        self.slot.die();
        if (self.drop_mark)(self.slot) {
            finish(self.slot);
        }
    }
}

impl<T> fmt::Debug for DynamicCallback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicCallback").field(&self.identity()).finish()
    }
}
