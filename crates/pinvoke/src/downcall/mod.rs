//! Calls of functions whose prototype is known only at run time, with [`Value`]s for arguments.
#![allow(unsafe_code, reason = "calls native code through a pointer")]

mod argument;
mod error;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use pinvoke_abi::layout::Layout;
use pinvoke_decl::marshaller::{MarshalPlan, Marshaller};
use pinvoke_decl::types::{ResolvedFunction, TypeId, TypeTable};

pub use crate::dynamic::Position;
pub use error::{CallError, CallbackFailure};

use crate::call::{PreparedCall, Tier, capture};
use crate::dynamic::callback::{Failure, InProgress, Invocations};
use crate::dynamic::{self, Block, Frame, HandedOver, Pending, Reader, Scratch, Through, Trust, size_of};
use crate::entry_point::EntryPoint;
use crate::last_error::LastError;
use crate::native::CodePtr;
use crate::upcall::resume_after;
use crate::value::{FunctionPtr, Pointer, TypeRef, Value};
use argument::Variable;

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

/// Choices for a [`Downcall`]; write `DowncallOptions { capture: false, ..DowncallOptions::default() }`.
#[derive(Clone, Debug)]
pub struct DowncallOptions {
    /// How native code is reached: [`Tier::Auto`] by default.
    pub tier: Tier,
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
        DowncallOptions {
            tier: Tier::Auto,
            capture: true,
            returned: Ownership::Borrowed,
            out: Vec::new(),
            max_text: 16 << 20,
        }
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
///
/// ```
/// use pinvoke::downcall::{Arg, Downcall, DowncallOptions};
/// use pinvoke::library::Library;
/// use pinvoke::value::Value;
/// use pinvoke_abi::target::Target;
/// use pinvoke_decl::Unit;
///
/// let mut unit = Unit::new(Target::HOST);
/// let pow = unit.parse_prototype("double pow(double x, double y)").unwrap();
/// let entry = Library::open("libm.so.6")?.entry_point("pow")?;
/// let pow = Downcall::new(&pow, &entry, DowncallOptions::default())?;
/// // SAFETY: this is the prototype of `pow`, which takes any two numbers.
/// let outcome = unsafe { pow.call(&[Arg::Value(Value::Int(2)), Arg::Value(Value::Float(10.0))]) }?;
/// assert_eq!(outcome.ret, Value::Float(1024.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Downcall {
    function: ResolvedFunction,
    plan: MarshalPlan,
    code: CodePtr,
    /// Keeps the library loaded.
    entry: Option<EntryPoint>,
    options: DowncallOptions,
    /// The call without variable arguments.
    prepared: Arc<PreparedCall>,
    /// Calls with variable arguments, by their layouts.
    shapes: RwLock<HashMap<Vec<Layout>, Arc<PreparedCall>>>,
}

impl fmt::Debug for Downcall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downcall")
            .field("function", &self.function.to_string())
            .field("code", &self.code)
            .field("entry", &self.entry)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Downcall {
    /// Prepares calls of an entry point, whose library stays loaded for as long.
    ///
    /// # Errors
    /// [`CallError`] if a type of the prototype cannot be passed.
    pub fn new(
        function: &ResolvedFunction,
        entry: &EntryPoint,
        options: DowncallOptions,
    ) -> Result<Downcall, CallError> {
        let downcall = Downcall::at(function, entry.code(), options)?;
        Ok(Downcall { entry: Some(entry.clone()), ..downcall })
    }

    /// Prepares calls of the code at `code`, which must stay loaded for as long as it is called.
    ///
    /// # Errors
    /// [`CallError`] if a type of the prototype cannot be passed.
    pub fn at(
        function: &ResolvedFunction,
        code: CodePtr,
        options: DowncallOptions,
    ) -> Result<Downcall, CallError> {
        let plan = MarshalPlan::new(&function.types, &function.ty)
            .map_err(|source| CallError::Prototype { prototype: function.to_string(), source })?;
        let prepared = prepare(function, &[], options.tier)?;
        let shapes = RwLock::default();
        Ok(Downcall { function: function.clone(), plan, code, entry: None, options, prepared, shapes })
    }

    /// The prototype.
    #[must_use]
    pub fn function(&self) -> &ResolvedFunction {
        &self.function
    }

    /// How its arguments and its result are converted.
    #[must_use]
    pub fn plan(&self) -> &MarshalPlan {
        &self.plan
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

    /// The prepared call of a list of variable arguments.
    fn prepared(&self, variable: Vec<Layout>) -> Result<Arc<PreparedCall>, CallError> {
        if variable.is_empty() {
            return Ok(self.prepared.clone());
        }
        // A panic cannot leave the map half-changed: what is inserted is complete.
        let known = self.shapes.read().unwrap_or_else(PoisonError::into_inner).get(&variable).cloned();
        if let Some(prepared) = known {
            return Ok(prepared);
        }
        let prepared = prepare(&self.function, &variable, self.options.tier)?;
        let mut shapes = self.shapes.write().unwrap_or_else(PoisonError::into_inner);
        Ok(shapes.entry(variable).or_insert(prepared).clone())
    }

    fn position(&self, index: usize) -> Position {
        match self.function.ty.params.get(index) {
            Some(parameter) => Position::Parameter { index, name: parameter.name.clone() },
            None => Position::Variable { index },
        }
    }

    fn check_count(&self, given: usize) -> Result<(), CallError> {
        let ty = &self.function.ty;
        let expected = ty.params.len();
        if given == expected || given > expected && ty.variadic {
            return Ok(());
        }
        Err(CallError::ArgumentCount {
            function: self.function.name.clone(),
            expected,
            variadic: ty.variadic,
            given,
            prototype: self.function.to_string(),
        })
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
    /// - Pointers that it returns, stores in out parameters or passes to callbacks are null or lead to what
    ///   their types say; ownership is as the options state.
    pub unsafe fn call(&self, args: &[Arg]) -> Result<Outcome, CallError> {
        // Setup.
        self.check_count(args.len())?;
        let named = self.plan.params().len();
        let target = self.function.types.target();
        let refuse = |index, message| CallError::Argument { position: self.position(index), message };
        let variable = args[named..]
            .iter()
            .zip(named..)
            .map(|(arg, i)| Variable::of(arg, target, &self.position(i)).map_err(|m| refuse(i, m)))
            .collect::<Result<Vec<_>, _>>()?;
        let prepared = self.prepared(variable.iter().map(|v| v.layout(target)).collect())?;
        let invocations = Arc::new(Invocations::default());
        let mut scratch = Scratch::new();
        // SAFETY: promised by the caller, for what is passed and for what comes back.
        let trust = unsafe { Trust::new(self.options.max_text) };
        let mut frame = Frame::new(&mut scratch, trust);
        frame.callee = self.function.name.clone();
        frame.invocations = Some(invocations.clone());

        // Marshal.
        let mut values = vec![0; prepared.record_size()];
        let mut pending = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            frame.position = self.position(i);
            let start = prepared.arg_offset(i);
            let written = match self.plan.params().get(i) {
                Some(step) => {
                    let types = &self.function.types;
                    let out = &mut values[start..start + size_of(types, step.ty)];
                    argument::write_named(&mut frame, types, step, i, arg, out)
                }
                None => {
                    let variable = &variable[i - named];
                    let size = usize::try_from(variable.layout(target).size).unwrap_or(0);
                    variable.write(&mut frame, i, &mut values[start..start + size])
                }
            };
            pending.extend(written.map_err(|m| refuse(i, m))?);
        }

        // Load.
        let no_memory = || CallError::NoMemory { function: self.function.name.clone() };
        let record = Block::new(&values, 0, prepared.record_align()).ok_or_else(no_memory)?;
        let result = Block::new(&[], prepared.ret_size().next_multiple_of(16), prepared.ret_align())
            .ok_or_else(no_memory)?;

        // Invoke, and capture.
        let in_progress = InProgress::begin(&invocations);
        let (returned, last_error) = resume_after(|| {
            let call = || {
                // SAFETY: the signature is that of the function, by the caller's promise; the record and
                // the result are blocks of the sizes and alignments asked for.
                unsafe { prepared.try_invoke(self.code, record.start(), result.start()) }
            };
            if self.options.capture {
                let (returned, last_error) = capture(call);
                (returned, Some(last_error))
            } else {
                (call(), None)
            }
        });
        drop(in_progress);

        // Unmarshal: what is ours to free first, so that it is freed whatever follows.
        self.take_over(&mut frame, &pending, &result.to_vec());
        let (ret, ret_address) = self.read_result(&frame, &result.to_vec());
        let changed = pending
            .iter()
            .filter_map(|p| {
                let name = self.function.ty.params.get(p.index).and_then(|p| p.name.clone());
                Some(Changed { index: p.index, name, value: dynamic::changed(&frame, p)? })
            })
            .collect();
        let outcome = Outcome { ret, ret_address, last_error, changed, callbacks: invocations.count() };

        // Cleanup is the end of `frame`.
        if let Err(source) = returned {
            let prototype = self.function.to_string();
            return Err(CallError::Convention { prototype, source, outcome: Box::new(outcome) });
        }
        if let Some((len, position)) = frame.overrun() {
            return Err(CallError::Overrun { position: position.clone(), len, outcome: Box::new(outcome) });
        }
        match invocations.take_failure() {
            None => Ok(outcome),
            Some(Failure { position, invocation, cause }) => {
                Err(CallError::Callback(Box::new(CallbackFailure { position, invocation, cause, outcome })))
            }
        }
    }

    /// Has the frame free what the options say the callee handed over.
    fn take_over(&self, frame: &mut Frame<'_>, pending: &[Pending], result: &[u8]) {
        if let (Ownership::Owned { free }, Some(address)) =
            (self.options.returned, pointer_in(&self.function.types, self.plan.ret().ty, result))
        {
            // SAFETY: the options state it, which the caller of `call` vouches for.
            frame.hold_handed_over(unsafe { HandedOver::new(address, free) });
        }
        for p in pending {
            let stated = self.options.out.iter().find(|(index, _)| *index == p.index);
            if let Some((_, Ownership::Owned { free })) = stated
                && let Through::Address(address) = p.through
                && let Some(address) = frame.word_at(address)
            {
                // SAFETY: as above.
                frame.hold_handed_over(unsafe { HandedOver::new(address, *free) });
            }
        }
    }

    /// The result, and the address behind it if it is a pointer.
    fn read_result(&self, frame: &Frame<'_>, result: &[u8]) -> (Value, Option<Pointer>) {
        let (types, id) = (&self.function.types, self.plan.ret().ty);
        let reader = Reader::of_call(frame);
        let value = dynamic::read(&reader, types, id, None, &result[..size_of(types, id)]);
        let address = pointer_in(types, id, result).filter(|a| *a != 0);
        let Some(address) = address else { return (value, None) };
        let element = dynamic::pointee(types, id).unwrap_or(id);
        let pointer = Pointer::typed(address, TypeRef::new(types, element));
        // An owned object dies with the call: what is left of it is its value.
        let owned = matches!(self.options.returned, Ownership::Owned { .. });
        if !owned || self.plan.ret().marshaller != Marshaller::Elements || !matches!(value, Value::Pointer(_))
        {
            return (value, Some(pointer));
        }
        let Some(mut bytes) = dynamic::zeros(size_of(types, element)) else { return (value, Some(pointer)) };
        // SAFETY: the caller of `call` promised that the result leads to what its type says.
        let copied = unsafe { dynamic::copy_from(address, &mut bytes) };
        let value = if copied { dynamic::read(&reader, types, element, None, &bytes) } else { value };
        (value, Some(pointer))
    }
}

/// The address in the bytes of a pointer to data.
fn pointer_in(types: &TypeTable, id: TypeId, bytes: &[u8]) -> Option<usize> {
    dynamic::pointee(types, id)?;
    let word = bytes.get(..size_of(types, id))?;
    Some(usize::from_le_bytes(word.try_into().ok()?))
}

fn prepare(
    function: &ResolvedFunction,
    variable: &[Layout],
    tier: Tier,
) -> Result<Arc<PreparedCall>, CallError> {
    PreparedCall::with_tier(&function.signature(variable), tier)
        .map(Arc::new)
        .map_err(|source| CallError::Prepare { prototype: function.to_string(), source })
}

impl FunctionPtr {
    /// Prepares calls of it.
    ///
    /// # Errors
    /// As [`Downcall::at`].
    pub fn downcall(&self, options: DowncallOptions) -> Result<Downcall, CallError> {
        let function = ResolvedFunction {
            name: self.name().into(),
            entry_point: None,
            ty: self.function_type().clone(),
            types: self.type_ref().table().clone(),
        };
        Downcall::at(&function, self.code(), options)
    }
}
