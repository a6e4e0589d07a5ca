//! Calls of functions whose prototype is known only at run time, with [`Value`]s for arguments.
#![allow(unsafe_code, reason = "calls native code through a pointer")]

mod error;

use std::sync::Arc;

use pinvoke_decl::types::ResolvedFunction;

pub use error::{CallError, CallbackFailure, Position};

use crate::last_error::LastError;
use crate::native::CodePtr;
use crate::value::{Pointer, TypeRef, Value};

/// One argument of a [`Downcall`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Arg {
    /// A value, converted by the declared type of the parameter. Behind a pointer to something that is not
    /// `const` it is copied in and copied back.
    Value(Value),
    /// An argument of a stated type: for a variable argument (`(long) 5`, `(int *) out`), and for a named
    /// parameter `void *` what the memory holds (`(int *) [5, 3, 9]`). For other parameters the value is
    /// first converted to the stated type.
    Typed(TypeRef, Box<Arg>),
    /// Zeroed memory that the callee fills: this many elements (bytes behind `void *` and `char *`), or one.
    /// Reported in [`Outcome::changed`] whatever stands there afterwards.
    Out(Option<u64>),
    /// As [`Arg::Value`] in memory with room for `capacity` elements, for functions that write more than
    /// they were given (`strcat`).
    InOut {
        /// What the memory holds at first.
        value: Value,
        /// Its room in elements (bytes behind `void *` and `char *`), at least that of the value.
        capacity: u64,
    },
}

impl<V: Into<Value>> From<V> for Arg {
    fn from(value: V) -> Arg {
        Arg::Value(value.into())
    }
}

/// Who frees memory that a function hands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ownership {
    /// The callee keeps it; it is read and left alone.
    #[default]
    Borrowed,
    /// The caller frees it with this function, a `void (*)(void *)` such as `free`, once it is read.
    /// Null is not passed to it.
    Owned {
        /// The function.
        free: CodePtr,
    },
}

/// Choices for a [`Downcall`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DowncallOptions {
    /// Whether `errno` is cleared before and read right after the call. True by default.
    pub capture: bool,
    /// Who frees the text or pointer that the function returns.
    pub returned: Ownership,
    /// Who frees what the function stores in an out parameter (`char **out`), by parameter index from 0;
    /// borrowed where none is given.
    pub out: Vec<(usize, Ownership)>,
    /// Longest text read from native memory, in bytes. 16 MiB by default.
    pub max_text: usize,
}

impl Default for DowncallOptions {
    fn default() -> DowncallOptions {
        DowncallOptions { capture: true, returned: Ownership::Borrowed, out: Vec::new(), max_text: 16 << 20 }
    }
}

/// What a call left behind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The result; [`Value::Void`] if there is none.
    pub ret: Value,
    /// The address behind a returned text, which `ret` no longer shows. Dangling if the text was owned.
    pub ret_address: Option<Pointer>,
    /// `errno` as the call left it, if it was captured.
    pub last_error: Option<LastError>,
    /// Memory that the call changed, in parameter order: arrays, texts and structures only where they
    /// differ from what was passed, out parameters always.
    pub changed: Vec<Changed>,
    /// How often native code called a callback during the call.
    pub callbacks: u64,
}

/// Memory behind one argument after a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Index of the argument, from 0.
    pub index: usize,
    /// Name of the parameter, if the prototype gives one.
    pub name: Option<Arc<str>>,
    /// What stands there now.
    pub value: Value,
}

/// A native function ready to be called with [`Value`]s, any number of times, on any thread.
#[derive(Debug)]
pub struct Downcall {
    function: ResolvedFunction,
    code: CodePtr,
    options: DowncallOptions,
}

impl Downcall {
    /// Prepares calls of the code at `code`, which must stay loaded for as long as it is called.
    ///
    /// # Errors
    /// [`CallError`] if a type of the prototype cannot be passed.
    pub fn at(
        function: &ResolvedFunction,
        code: CodePtr,
        options: DowncallOptions,
    ) -> Result<Downcall, CallError> {
        Ok(Downcall { function: function.clone(), code, options })
    }

    /// The prototype.
    #[must_use]
    pub fn function(&self) -> &ResolvedFunction {
        &self.function
    }

    /// Where the function stands.
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.code
    }

    /// The choices it was prepared with.
    #[must_use]
    pub fn options(&self) -> &DowncallOptions {
        &self.options
    }

    /// Calls the function.
    ///
    /// The stages, in this order: every argument is converted; `errno` is cleared; the function runs;
    /// `errno` is read; the result, then what arguments changed, is converted back; memory made for the
    /// call is freed, newest first, also if a stage fails.
    ///
    /// # Errors
    /// [`CallError`]: nothing was called if an argument is refused. A callback that failed is reported
    /// with the outcome of the call, which ran to its end.
    ///
    /// # Panics
    /// If a callback panicked, its panic goes on here once the function has returned.
    ///
    /// # Safety
    /// - The prototype describes the function: convention, number and types of parameters, result.
    /// - The arguments satisfy the function's own contract: buffers as large as it writes, pointers valid as
    ///   long as it uses them, callbacks `kept` if it calls them later.
    /// - Pointers that it returns, or passes to callbacks, are null or point at what their types say.
    pub unsafe fn call(&self, args: &[Arg]) -> Result<Outcome, CallError> {
        let _ = args;
        Err(CallError::Unfinished)
    }
}
