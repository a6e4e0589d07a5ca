//! Function pointers made of handlers: native code calls, a [`Handler`] answers with a value.
//!
//! An invocation turns the native arguments into [`View`]s, runs the handler, and writes its value as the
//! native result. Three things are kept from getting lost on the way:
//!
//! - *Errors.* A handler that fails cannot be heard by native code. The result becomes the value chosen for
//!   that case (zero by default), further invocations during the same call get it without running, and the
//!   downcall that is innermost on the thread reports the first failure once native code has returned. A
//!   failure outside any downcall stays with the handler.
//! - *Panics* take the same way through [`crate::upcall`], which resumes them after the outer call.
//! - *`errno`.* Whatever the handler does in the meantime, native code finds it as it was.
//!
//! Memory of a result (a text, a structure behind a pointer) lives as long as the callback.
#![allow(unsafe_code, reason = "makes views of the arguments that native code passes")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use pinvoke_decl::types::{FunctionType, TypeId, TypeKind, TypeTable};

use super::frame::Frame;
use super::mismatch::Mismatch;
use super::position::Position;
use super::size_of;
use crate::last_error::LastError;
use crate::upcall::{self, DynamicCallback, DynamicDeclaration, Everywhere, Identity, UpcallArgs};
use crate::value::{CallbackArgs, FunctionPtr, Handler, HandlerError, Scope, TypeRef, Value, View};

/// A handler that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Which argument gave the handler.
    pub(crate) position: Position,
    /// Which invocation it was, from 1.
    pub(crate) invocation: u64,
    /// Why.
    pub(crate) cause: HandlerError,
}

/// What callbacks report to one downcall.
#[derive(Debug, Default)]
pub(crate) struct Invocations {
    count: AtomicU64,
    failed: AtomicBool,
    failure: Mutex<Option<Failure>>,
    /// Set when the call has returned: nobody looks here any more.
    over: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while the lock is held cannot leave the value half-written: each use is one assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Invocations {
    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The first failure.
    pub(crate) fn take_failure(&self) -> Option<Failure> {
        lock(&self.failure).take()
    }
}

thread_local! {
    /// The downcalls in progress on this thread, the innermost last.
    static IN_PROGRESS: RefCell<Vec<Arc<Invocations>>> = const { RefCell::new(Vec::new()) };
}

/// A downcall in progress; callbacks on this thread report to it until it is dropped.
#[derive(Debug)]
pub(crate) struct InProgress(Arc<Invocations>);

impl InProgress {
    pub(crate) fn begin(invocations: &Arc<Invocations>) -> InProgress {
        // Where the thread's variables are gone, callbacks report to the call that was given them.
        _ = IN_PROGRESS.try_with(|calls| calls.borrow_mut().push(invocations.clone()));
        InProgress(invocations.clone())
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
        _ = IN_PROGRESS.try_with(|calls| calls.borrow_mut().pop());
    }
}

/// A handler with what it needs to be called by native code.
struct Bound {
    handler: Handler,
    types: TypeTable,
    function: FunctionType,
    position: Position,
    /// The call that it was passed to.
    invocations: Arc<Invocations>,
    /// Native bytes of the result where the handler has none.
    fallback: Vec<u8>,
    /// Memory of results.
    results: Mutex<Frame<'static>>,
}

/// Makes a native function of `handler` for a pointer type `id` to a function type. Returns its address.
pub(crate) fn write(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    (id, function): (TypeId, TypeId),
    handler: &Handler,
) -> Result<usize, Mismatch> {
    if let Some(reason) = frame.refusal() {
        return Err(Mismatch::because(types, id, reason));
    }
    let TypeKind::Function(ty) = &types.get(function).kind else {
        return Err(Mismatch::because(types, id, "it does not point at a function"));
    };
    if ty.variadic {
        return Err(Mismatch::because(types, id, "a callback cannot take variable arguments"));
    }
    let by_value = ty.params.iter().map(|p| p.ty);
    if let Some(bad) = by_value.chain([ty.ret]).find(|t| types.get(*t).layout.is_none()) {
        let reason = format!("'{}' by value has no known size", TypeRef::new(types, bad));
        return Err(Mismatch::because(types, id, reason));
    }
    // What native code gets where the handler has no answer, also for a panic.
    let mut fallback = vec![0; size_of(types, ty.ret)];
    if let Some(value) = handler.error_value().filter(|_| !fallback.is_empty()) {
        super::write(frame, types, ty.ret, value, None, &mut fallback)
            .map_err(|m| m.inside("the value to return on errors"))?;
    }
    let name = format!("callback for {} of '{}'", frame.position, frame.callee);
    let mut results = Frame::detached(frame.trust);
    results.invocations = frame.invocations.clone();
    results.callee = frame.callee.clone();
    let bound = Bound {
        handler: handler.clone(),
        types: types.clone(),
        function: ty.clone(),
        position: frame.position.clone(),
        invocations: frame.invocations.clone().unwrap_or_default(),
        fallback: fallback.clone(),
        results: Mutex::new(results),
    };
    let callback = DynamicDeclaration::new(&ty.signature(types, &[]), &name)
        .and_then(|declaration| declaration.fallback(&fallback))
        // Handlers of one thread check that themselves, to fail with an error instead of an abort.
        .and_then(|declaration| declaration.callback_anywhere(move |args| bound.invoke(args)))
        .map_err(|e| Mismatch::because(types, id, e.to_string()))?;
    let address = callback.code().addr();
    handlers().insert(callback.identity(), handler.clone());
    if handler.is_kept() {
        callback.leak();
    } else {
        frame.hold_callback(LiveCallback(callback));
    }
    Ok(address)
}

/// The handlers behind the native functions that are alive.
fn handlers() -> MutexGuard<'static, HashMap<Identity, Handler>> {
    static ALL: LazyLock<Mutex<HashMap<Identity, Handler>>> = LazyLock::new(Mutex::default);
    lock(&ALL)
}

impl FunctionPtr {
    /// The handler that native code was given as this function, if it is one of ours and still alive.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// extern "C" fn same(visit: extern "C" fn()) -> extern "C" fn() {
    ///     visit
    /// }
    ///
    /// let function =
    ///     Unit::new(Target::HOST).parse_prototype("void (*same(void (*visit)(void)))(void)").unwrap();
    /// let code = CodePtr::new(same as *const _).expect("functions are not null");
    /// let same = Downcall::at(&function, code, DowncallOptions::default())?;
    /// let handler = Handler::new(|_| Ok(Value::Void)).kept();
    /// // SAFETY: that is its prototype.
    /// let Value::Function(returned) = unsafe { same.call(&[handler.clone().into()]) }?.ret else {
    ///     unreachable!("it is a function")
    /// };
    /// // What came back is what was given.
    /// assert_eq!(returned.handler(), Some(handler));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn handler(&self) -> Option<Handler> {
        handlers().get(&upcall::lookup(self.code())?).cloned()
    }
}

/// A native function made of a handler; ends when dropped.
#[derive(Debug)]
pub(crate) struct LiveCallback(DynamicCallback<Everywhere>);

impl Drop for LiveCallback {
    fn drop(&mut self) {
        // Dropped outside the lock: what a handler captured may drop anything.
        let handler = handlers().remove(&self.0.identity());
        drop(handler);
    }
}

impl Bound {
    fn invoke(&self, args: &mut UpcallArgs<'_>) {
        let errno = LastError::current();
        // Functions registered for the end of the process run when the thread's own variables are gone already.
        let innermost = IN_PROGRESS.try_with(|calls| calls.borrow().last().cloned()).ok().flatten();
        let report = innermost.as_ref().unwrap_or(&self.invocations);
        let invocation = report.count.fetch_add(1, Ordering::Relaxed) + 1;
        let nobody_listens = report.over.load(Ordering::Acquire);
        let given = if report.failed.load(Ordering::Acquire) && !nobody_listens {
            None
        } else {
            match self.run(args).and_then(|value| self.write_result(&value, args)) {
                Ok(()) => Some(()),
                Err(cause) if nobody_listens => {
                    self.handler.keep_error(cause);
                    None
                }
                Err(cause) => {
                    report.failed.store(true, Ordering::Release);
                    let failure = Failure { position: self.position.clone(), invocation, cause };
                    lock(&report.failure).get_or_insert(failure);
                    None
                }
            }
        };
        if given.is_none() {
            args.ret().copy_from_slice(&self.fallback);
        }
        errno.set_current();
    }

    fn run(&self, args: &UpcallArgs<'_>) -> Result<Value, HandlerError> {
        let scope = Scope::new();
        let mut views = Vec::with_capacity(self.function.params.len());
        for (i, parameter) in self.function.params.iter().enumerate() {
            let path = parameter.name.clone().unwrap_or_else(|| format!("argument {}", i + 1).into());
            let address = args.arg(i).as_ptr().expose_provenance();
            let ty = TypeRef::new(&self.types, parameter.ty);
            // SAFETY: the bytes of argument `i` stand there, as long as the invocation lasts, as does
            // `scope`; that pointers in it lead to what their types say is the contract of the downcall.
            views.push(unsafe { View::argument(ty, address, path, &scope) });
        }
        self.handler.run(&CallbackArgs::new(&views, &self.function.params))
    }

    fn write_result(&self, value: &Value, args: &mut UpcallArgs<'_>) -> Result<(), HandlerError> {
        let ret = self.function.ret;
        let size = size_of(&self.types, ret);
        if matches!(self.types.get(ret).kind, TypeKind::Void) {
            return Ok(());
        }
        let mut bytes = vec![0; size];
        super::write(&mut lock(&self.results), &self.types, ret, value, None, &mut bytes).map_err(|m| {
            HandlerError::new(m.at(format_args!("the result of the callback for {}", self.position)))
        })?;
        args.ret()[..size].copy_from_slice(&bytes);
        Ok(())
    }
}
