//! Callbacks at the level of values: what a script or a host language gives for a function pointer.
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use pinvoke_decl::types::Parameter;

use super::thread_bound::ThreadBound;
use super::{Value, View, ViewError};

type Run = dyn Fn(&CallbackArgs<'_>) -> Result<Value, HandlerError> + Send + Sync;

/// A function of ours that native code calls through a function pointer.
///
/// ```
/// use pinvoke::value::{Handler, Value};
/// let compare = Handler::new(|args| {
///     let (a, b) = (args.view(0).deref()?.read()?, args.view(1).deref()?.read()?);
///     match (a, b) {
///         (Value::Int(a), Value::Int(b)) => Ok(Value::Int(a - b)),
///         _ => Err("two integers expected".into()),
///     }
/// });
/// # let _ = compare;
/// ```
///
/// Clones are the same handler. A call that is given one makes a native function of it, valid until the call
/// returns unless the handler is [`kept`](Handler::kept).
#[derive(Clone)]
pub struct Handler {
    body: Arc<Body>,
    kept: bool,
    on_error: Option<Box<Value>>,
}

struct Body {
    /// Errors that no call was there to report.
    unreported: Mutex<Vec<HandlerError>>,
    run: Box<Run>,
}

impl Handler {
    /// A handler that runs on the thread that made it. Where native code calls it from another thread it
    /// does not run: native code gets the value of [`returning_on_error`](Handler::returning_on_error), and
    /// the call that passed the handler fails.
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    ///
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// extern "C" fn three_times(visit: extern "C" fn(i32)) {
    ///     (1..=3).for_each(|n| visit(n));
    /// }
    ///
    /// let function = Unit::new(Target::HOST).parse_prototype("void three_times(void (*visit)(int))").unwrap();
    /// let code = CodePtr::new(three_times as *const _).expect("functions are not null");
    /// let three_times = Downcall::at(&function, code, DowncallOptions::default())?;
    /// // It stays on its thread, so it may capture what cannot leave it.
    /// let sum = Rc::new(Cell::new(0));
    /// let captured = Rc::clone(&sum);
    /// let visit = Handler::new(move |args| {
    ///     if let Value::Int(n) = args.value(0)? {
    ///         captured.set(captured.get() + n);
    ///     }
    ///     Ok(Value::Void)
    /// });
    /// // SAFETY: that is its prototype.
    /// let outcome = unsafe { three_times.call(&[visit.into()]) }?;
    /// assert_eq!((outcome.callbacks, sum.get()), (3, 6));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(run: impl Fn(&CallbackArgs<'_>) -> Result<Value, HandlerError> + 'static) -> Handler {
        let run = ThreadBound::new(run);
        let run = move |args: &CallbackArgs<'_>| match run.get() {
            Some(run) => run(args),
            None => Err("the callback was called on another thread than the one that made it".into()),
        };
        Handler::with(Box::new(run))
    }

    /// A handler that runs on whichever thread native code calls it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// extern "C" fn elsewhere(run: extern "C" fn()) {
    ///     std::thread::spawn(move || run()).join().expect("it does not panic");
    /// }
    ///
    /// let function = Unit::new(Target::HOST).parse_prototype("void elsewhere(void (*run)(void))").unwrap();
    /// let code = CodePtr::new(elsewhere as *const _).expect("functions are not null");
    /// let elsewhere = Downcall::at(&function, code, DowncallOptions::default())?;
    /// let runs = Arc::new(AtomicU32::new(0));
    /// let counted = Arc::clone(&runs);
    /// let run = Handler::shared(move |_| {
    ///     counted.fetch_add(1, Ordering::Relaxed);
    ///     Ok(Value::Void)
    /// });
    /// // SAFETY: that is its prototype.
    /// unsafe { elsewhere.call(&[run.into()]) }?;
    /// assert_eq!(runs.load(Ordering::Relaxed), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shared(
        run: impl Fn(&CallbackArgs<'_>) -> Result<Value, HandlerError> + Send + Sync + 'static,
    ) -> Handler {
        Handler::with(Box::new(run))
    }

    fn with(run: Box<Run>) -> Handler {
        let body = Body { unreported: Mutex::default(), run };
        Handler { body: Arc::new(body), kept: false, on_error: None }
    }

    /// The native function stays valid after the call it is passed to, until the process ends: for functions
    /// that register a callback (`signal`, `on_exit`). Without it the callback ends with the call, and calling
    /// it later aborts the process with its name.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
    ///
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// static HOOK: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());
    /// static RUNS: AtomicU32 = AtomicU32::new(0);
    /// extern "C" fn register(hook: extern "C" fn()) {
    ///     HOOK.store(hook as *mut (), Ordering::Relaxed);
    /// }
    ///
    /// let function = Unit::new(Target::HOST).parse_prototype("void register_hook(void (*hook)(void))").unwrap();
    /// let code = CodePtr::new(register as *const _).expect("functions are not null");
    /// let register = Downcall::at(&function, code, DowncallOptions::default())?;
    /// let hook = Handler::new(|_| {
    ///     RUNS.fetch_add(1, Ordering::Relaxed);
    ///     Ok(Value::Void)
    /// });
    /// // SAFETY: that is its prototype; what it registers stays valid.
    /// unsafe { register.call(&[hook.kept().into()]) }?;
    /// // SAFETY: the function that was registered.
    /// let hook: extern "C" fn() = unsafe { std::mem::transmute(HOOK.load(Ordering::Relaxed)) };
    /// hook(); // long after the call
    /// assert_eq!(RUNS.load(Ordering::Relaxed), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn kept(mut self) -> Handler {
        self.kept = true;
        self
    }

    /// What native code gets where the handler fails, instead of zero: for `ftw`, where 0 means "go on", 1.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// /// Goes on until the callback says something else than 0.
    /// extern "C" fn walk(visit: extern "C" fn(i32) -> i32) -> i32 {
    ///     (0..1000).find(|n| visit(*n) != 0).unwrap_or(1000)
    /// }
    ///
    /// let function = Unit::new(Target::HOST).parse_prototype("int walk(int (*visit)(int))").unwrap();
    /// let code = CodePtr::new(walk as *const _).expect("functions are not null");
    /// let walk = Downcall::at(&function, code, DowncallOptions::default())?;
    /// let visit = Handler::new(|args| match args.value(0)? {
    ///     Value::Int(5) => Err("enough".into()),
    ///     _ => Ok(Value::Int(0)),
    /// });
    /// // SAFETY: that is its prototype.
    /// let error = unsafe { walk.call(&[visit.returning_on_error(Value::Int(1)).into()]) }.unwrap_err();
    /// assert_eq!(error.outcome().map(|outcome| &outcome.ret), Some(&Value::Int(5))); // not 1000
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn returning_on_error(mut self, value: Value) -> Handler {
        self.on_error = Some(Box::new(value));
        self
    }

    /// The errors of invocations that happened outside any [`Downcall`](crate::downcall::Downcall), which
    /// had nobody to report them; the oldest first. They are handed out once.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicPtr, Ordering};
    ///
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// static HOOK: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());
    /// extern "C" fn register(hook: extern "C" fn()) {
    ///     HOOK.store(hook as *mut (), Ordering::Relaxed);
    /// }
    ///
    /// let function = Unit::new(Target::HOST).parse_prototype("void register_hook(void (*hook)(void))").unwrap();
    /// let code = CodePtr::new(register as *const _).expect("functions are not null");
    /// let register = Downcall::at(&function, code, DowncallOptions::default())?;
    /// let hook = Handler::new(|_| Err("nobody is there".into())).kept();
    /// // SAFETY: that is its prototype; what it registers stays valid.
    /// unsafe { register.call(&[hook.clone().into()]) }?;
    /// // SAFETY: the function that was registered.
    /// let registered: extern "C" fn() = unsafe { std::mem::transmute(HOOK.load(Ordering::Relaxed)) };
    /// registered();
    /// let errors: Vec<String> = hook.take_errors().iter().map(ToString::to_string).collect();
    /// assert_eq!(errors, ["nobody is there"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn take_errors(&self) -> Vec<HandlerError> {
        std::mem::take(&mut *self.body.unreported.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn keep_error(&self, error: HandlerError) {
        self.body.unreported.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }

    pub(crate) fn run(&self, args: &CallbackArgs<'_>) -> Result<Value, HandlerError> {
        (self.body.run)(args)
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }

    pub(crate) fn error_value(&self) -> Option<&Value> {
        self.on_error.as_deref()
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("kept", &self.kept)
            .field("on_error", &self.on_error)
            .finish_non_exhaustive()
    }
}

/// Equal if they are clones of the same handler.
impl PartialEq for Handler {
    fn eq(&self, other: &Handler) -> bool {
        Arc::ptr_eq(&self.body, &other.body)
    }
}

/// Why a handler did not produce a value.
///
/// ```
/// use pinvoke::value::{Handler, HandlerError, Value};
///
/// // Errors of all kinds become one with `?` and `into`.
/// let parse = Handler::new(|args| match args.value(0)? {
///     Value::Text(text) => Ok(Value::Int(text.parse().map_err(HandlerError::new)?)),
///     other => Err(format!("{} is not text", other.noun()).into()),
/// });
/// # let _ = parse;
/// ```
#[derive(Debug)]
pub struct HandlerError(Box<dyn Error + Send + Sync>);

impl HandlerError {
    /// Wraps what went wrong.
    ///
    /// ```
    /// use pinvoke::value::HandlerError;
    ///
    /// let error = HandlerError::new(std::io::Error::from(std::io::ErrorKind::NotFound));
    /// assert!(error.cause().is::<std::io::Error>());
    /// ```
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> HandlerError {
        HandlerError(cause.into())
    }

    /// What went wrong.
    ///
    /// ```
    /// use pinvoke::value::HandlerError;
    ///
    /// let error: HandlerError = "x".parse::<i32>().map_err(HandlerError::new).unwrap_err();
    /// assert!(error.cause().downcast_ref::<std::num::ParseIntError>().is_some());
    /// ```
    #[must_use]
    pub fn cause(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl From<&str> for HandlerError {
    fn from(message: &str) -> HandlerError {
        HandlerError::new(message)
    }
}

impl From<String> for HandlerError {
    fn from(message: String) -> HandlerError {
        HandlerError::new(message)
    }
}

impl From<ViewError> for HandlerError {
    fn from(cause: ViewError) -> HandlerError {
        HandlerError::new(cause)
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for HandlerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The arguments of one invocation of a callback.
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::downcall::{Downcall, DowncallOptions};
/// use pinvoke::library::Library;
/// use pinvoke::value::{CallbackArgs, Handler, HandlerError, Value};
///
/// /// Compares what two arguments lead to.
/// fn compare(args: &CallbackArgs<'_>) -> Result<Value, HandlerError> {
///     match (args.view(0).deref()?.read()?, args.view(1).deref()?.read()?) {
///         (Value::Int(a), Value::Int(b)) => Ok(Value::Int(a.cmp(&b) as i128)),
///         _ => Err("two integers expected".into()),
///     }
/// }
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let prototype = "void qsort(int *base, size_t n, size_t size, int (*compare)(const int *, const int *))";
/// let qsort = Unit::new(Target::HOST).parse_prototype(prototype).unwrap();
/// let qsort = Downcall::new(&qsort, &c.entry_point("qsort")?, DowncallOptions::default())?;
/// // SAFETY: three ints of 4 bytes, and a function that compares ints.
/// let outcome =
///     unsafe { qsort.call(&[vec![3, 1, 2].into(), 3.into(), 4.into(), Handler::new(compare).into()]) }?;
/// assert_eq!(outcome.changed[0].value, Value::from(vec![1, 2, 3]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CallbackArgs<'a> {
    views: &'a [View],
    parameters: &'a [Parameter],
}

impl<'a> CallbackArgs<'a> {
    pub(crate) fn new(views: &'a [View], parameters: &'a [Parameter]) -> CallbackArgs<'a> {
        CallbackArgs { views, parameters }
    }

    /// Number of arguments.
    ///
    /// ```
    /// use pinvoke::value::{Handler, Value};
    ///
    /// // One handler for functions of any number of parameters:
    /// let count = Handler::new(|args| Ok(Value::Int(args.len() as i128)));
    /// # let _ = count;
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.views.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// use pinvoke::value::{Handler, Value};
    ///
    /// let handler = Handler::new(|args| {
    ///     if args.is_empty() {
    ///         return Ok(Value::Int(0));
    ///     }
    ///     Ok(args.value(0)?)
    /// });
    /// # let _ = handler;
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// The argument at this position, counted from 0, as a place in native memory. The view, and every view
    /// made from it, refuses to be used after the callback has returned.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// extern "C" fn ask(answer: extern "C" fn(*mut i32)) -> i32 {
    ///     let mut value = 0;
    ///     answer(&mut value);
    ///     value
    /// }
    ///
    /// let function = Unit::new(Target::HOST).parse_prototype("int ask(void (*answer)(int *value))").unwrap();
    /// let code = CodePtr::new(ask as *const _).expect("functions are not null");
    /// let ask = Downcall::at(&function, code, DowncallOptions::default())?;
    /// // An out parameter of the callback is written through its view.
    /// let answer = Handler::new(|args| {
    ///     args.view(0).deref()?.write(&Value::Int(42))?;
    ///     Ok(Value::Void)
    /// });
    /// // SAFETY: that is its prototype.
    /// assert_eq!(unsafe { ask.call(&[answer.into()]) }?.ret, Value::Int(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such argument.
    #[must_use]
    pub fn view(&self, index: usize) -> View {
        self.views[index].clone()
    }

    /// The value of the argument at this position, as [`View::read`] gives it.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// extern "C" fn greet(log: extern "C" fn(*const std::ffi::c_char) -> i32) -> i32 {
    ///     log(c"hello".as_ptr())
    /// }
    ///
    /// let function =
    ///     Unit::new(Target::HOST).parse_prototype("int greet(int (*log)(const char *text))").unwrap();
    /// let code = CodePtr::new(greet as *const _).expect("functions are not null");
    /// let greet = Downcall::at(&function, code, DowncallOptions::default())?;
    /// let log = Handler::new(|args| match args.value(0)? {
    ///     Value::Text(text) => Ok(text.len().into()),
    ///     other => Err(format!("{} instead of text", other.noun()).into()),
    /// });
    /// // SAFETY: that is its prototype.
    /// assert_eq!(unsafe { greet.call(&[log.into()]) }?.ret, Value::Int(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`View::read`].
    ///
    /// # Panics
    /// If there is no such argument.
    pub fn value(&self, index: usize) -> Result<Value, ViewError> {
        self.views[index].read()
    }

    /// The name that the prototype gives the parameter.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// extern "C" fn report(progress: extern "C" fn(i32, i32) -> i32) -> i32 {
    ///     progress(3, 4)
    /// }
    ///
    /// let function =
    ///     Unit::new(Target::HOST).parse_prototype("int report(int (*progress)(int done, int total))").unwrap();
    /// let code = CodePtr::new(report as *const _).expect("functions are not null");
    /// let report = Downcall::at(&function, code, DowncallOptions::default())?;
    /// // A script sees its arguments by name:
    /// let progress = Handler::new(|args| {
    ///     let total = (0..args.len()).find(|index| args.name(*index) == Some("total"));
    ///     Ok(args.value(total.ok_or("there is no total")?)?)
    /// });
    /// // SAFETY: that is its prototype.
    /// assert_eq!(unsafe { report.call(&[progress.into()]) }?.ret, Value::Int(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name(&self, index: usize) -> Option<&str> {
        self.parameters.get(index)?.name.as_deref()
    }
}
