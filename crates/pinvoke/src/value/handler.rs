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
    pub fn new(run: impl Fn(&CallbackArgs<'_>) -> Result<Value, HandlerError> + 'static) -> Handler {
        let run = ThreadBound::new(run);
        let run = move |args: &CallbackArgs<'_>| match run.get() {
            Some(run) => run(args),
            None => Err("the callback was called on another thread than the one that made it".into()),
        };
        Handler::with(Box::new(run))
    }

    /// A handler that runs on whichever thread native code calls it.
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
    #[must_use]
    pub fn kept(mut self) -> Handler {
        self.kept = true;
        self
    }

    /// What native code gets where the handler fails, instead of zero: for `ftw`, where 0 means "go on", 1.
    #[must_use]
    pub fn returning_on_error(mut self, value: Value) -> Handler {
        self.on_error = Some(Box::new(value));
        self
    }

    /// The errors of invocations that happened outside any [`Downcall`](crate::downcall::Downcall), which
    /// had nobody to report them; the oldest first. They are handed out once.
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
#[derive(Debug)]
pub struct HandlerError(Box<dyn Error + Send + Sync>);

impl HandlerError {
    /// Wraps what went wrong.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> HandlerError {
        HandlerError(cause.into())
    }

    /// What went wrong.
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
    #[must_use]
    pub fn len(&self) -> usize {
        self.views.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// The argument at this position, counted from 0, as a place in native memory. The view, and every view
    /// made from it, refuses to be used after the callback has returned.
    ///
    /// # Panics
    /// If there is no such argument.
    #[must_use]
    pub fn view(&self, index: usize) -> View {
        self.views[index].clone()
    }

    /// The value of the argument at this position, as [`View::read`] gives it.
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
    #[must_use]
    pub fn name(&self, index: usize) -> Option<&str> {
        self.parameters.get(index)?.name.as_deref()
    }
}
