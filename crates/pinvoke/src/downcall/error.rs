//! Why a call was refused, or what went wrong in it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use pinvoke_decl::marshaller::PlanError;

use super::{Outcome, Position};
use crate::call;
use crate::value::HandlerError;

/// Why a call was refused, or what went wrong in it.
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::downcall::{CallError, Downcall, DowncallOptions};
/// use pinvoke::library::Library;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let abs = Unit::new(Target::HOST).parse_prototype("int abs(int j)").unwrap();
/// let abs = Downcall::new(&abs, &c.entry_point("abs")?, DowncallOptions::default())?;
/// // SAFETY: neither list of arguments fits, so nothing is called.
/// let (count, value) = unsafe { (abs.call(&[]), abs.call(&["five".into()])) };
/// assert_eq!(count.unwrap_err().to_string(), "'abs' takes 1 argument, 0 given: int abs(int j)");
/// let Err(CallError::Argument { position, .. }) = value else { unreachable!("text is no int") };
/// assert_eq!(position.to_string(), "parameter 1 'j'");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Too few or too many arguments. Nothing was called.
    #[error("'{function}' takes {}{}, {given} given: {prototype}",
        arguments(*expected), if *variadic { " or more" } else { "" })]
    ArgumentCount {
        /// The function.
        function: Arc<str>,
        /// Number of parameters.
        expected: usize,
        /// Whether more are allowed.
        variadic: bool,
        /// Number of arguments.
        given: usize,
        /// The prototype in C.
        prototype: String,
    },
    /// An argument that its parameter cannot take. Nothing was called.
    #[error("{message}")]
    Argument {
        /// Which one.
        position: Position,
        /// The whole message, position and type included.
        message: String,
    },
    /// The prototype has a type that no value can be passed for.
    #[error("cannot prepare calls of '{prototype}'")]
    Prototype {
        /// The prototype in C.
        prototype: String,
        /// What cannot be passed.
        source: PlanError,
    },
    /// The call cannot be planned.
    #[error("cannot prepare calls of '{prototype}'")]
    Prepare {
        /// The prototype in C.
        prototype: String,
        /// Why.
        source: call::CallError,
    },
    /// There is no memory for the arguments.
    #[error("there is no memory for the arguments of '{function}'")]
    NoMemory {
        /// The function.
        function: Arc<str>,
    },
    /// A callback failed during the call; the call itself ran to its end.
    #[error("the callback for {} failed in its invocation number {}", .0.position, .0.invocation)]
    Callback(#[source] Box<CallbackFailure>),
    /// The function removed other than its arguments from the stack, as 32-bit x86 shows: its convention is not
    /// the declared one, or its arguments are not. The call ran to its end, and the stack was put right.
    #[error("'{prototype}' does not describe the function")]
    Convention {
        /// The prototype in C.
        prototype: String,
        /// What was seen.
        source: call::StackImbalance,
        /// What the call left behind.
        outcome: Box<Outcome>,
    },
    /// The callee wrote past the end of memory that it was given. The process may be damaged; what the call
    /// left behind can still be seen.
    #[error(
        "the callee wrote past the {len} bytes it was given for {position}; give a larger buffer, \
         and check the prototype"
    )]
    Overrun {
        /// Which argument.
        position: Position,
        /// Size of the memory in bytes.
        len: usize,
        /// What the call left behind.
        outcome: Box<Outcome>,
    },
}

fn arguments(n: usize) -> String {
    format!("{n} argument{}", if n == 1 { "" } else { "s" })
}

impl CallError {
    /// What the call left behind, if it took place all the same.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::{Handler, Value};
    ///
    /// extern "C" fn ask(question: extern "C" fn() -> i32) -> i32 {
    ///     question();
    ///     7
    /// }
    ///
    /// let function = Unit::new(Target::HOST).parse_prototype("int ask(int (*question)(void))").unwrap();
    /// let code = CodePtr::new(ask as *const _).expect("functions are not null");
    /// let ask = Downcall::at(&function, code, DowncallOptions::default())?;
    /// let no_answer = Handler::new(|_| Err("no answer".into()));
    /// // SAFETY: that is the function's prototype.
    /// let error = unsafe { ask.call(&[no_answer.into()]) }.unwrap_err();
    /// // The callback failed; the call ran to its end.
    /// assert_eq!(error.outcome().map(|outcome| &outcome.ret), Some(&Value::Int(7)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            CallError::Callback(failure) => Some(&failure.outcome),
            CallError::Overrun { outcome, .. } | CallError::Convention { outcome, .. } => Some(outcome),
            _ => None,
        }
    }
}

/// A callback that failed, and the outcome of the call that it belongs to. As an error it reads as its
/// cause.
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::downcall::{CallError, Downcall, DowncallOptions};
/// use pinvoke::native::CodePtr;
/// use pinvoke::value::{Handler, Value};
///
/// extern "C" fn each(visit: extern "C" fn(i32) -> i32) -> i32 {
///     (1..=3).map(|n| visit(n)).sum()
/// }
///
/// let function = Unit::new(Target::HOST).parse_prototype("int each(int (*visit)(int n))").unwrap();
/// let code = CodePtr::new(each as *const _).expect("functions are not null");
/// let each = Downcall::at(&function, code, DowncallOptions::default())?;
/// let visit = Handler::new(|args| match args.value(0)? {
///     Value::Int(2) => Err("not the second".into()),
///     value => Ok(value),
/// });
/// // SAFETY: that is the function's prototype.
/// let Err(CallError::Callback(failure)) = (unsafe { each.call(&[visit.into()]) }) else {
///     unreachable!("the handler fails")
/// };
/// assert_eq!((failure.invocation, &*failure.cause.to_string()), (2, "not the second"));
/// assert_eq!(failure.outcome.ret, Value::Int(1)); // 0 for those that were not answered
///
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CallbackFailure {
    /// Where the callback was given.
    pub position: Position,
    /// Which invocation of a callback during the call failed, from 1.
    pub invocation: u64,
    /// Why.
    pub cause: HandlerError,
    /// What the call left behind all the same.
    pub outcome: Outcome,
}

impl fmt::Display for CallbackFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for CallbackFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
