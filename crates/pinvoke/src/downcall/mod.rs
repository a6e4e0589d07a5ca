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
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::downcall::{Arg, Downcall, DowncallOptions};
/// use pinvoke::library::Library;
/// use pinvoke::value::Value;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let prototype = |text| Unit::new(Target::HOST).parse_prototype(text).unwrap();
///
/// // strcat writes behind the text that it is given: 16 bytes of room are enough.
/// let strcat = prototype("char *strcat(char *to, const char *from)");
/// let strcat = Downcall::new(&strcat, &c.entry_point("strcat")?, DowncallOptions::default())?;
/// let to = Arg::InOut { value: "plat".into(), capacity: 16 };
/// // SAFETY: the prototype of C; the room is larger than both texts together.
/// let outcome = unsafe { strcat.call(&[to, "form".into()]) }?;
/// assert_eq!(outcome.changed[0].value, Value::Text("platform".into()));
///
/// // frexp has a second result.
/// let frexp = prototype("double frexp(double x, int *exponent)");
/// # let c = if cfg!(windows) { c } else { Library::open("libm.so.6")? };
/// let frexp = Downcall::new(&frexp, &c.entry_point("frexp")?, DowncallOptions::default())?;
/// // SAFETY: the prototype of C; one int is written.
/// let outcome = unsafe { frexp.call(&[8.0.into(), Arg::Out(None)]) }?;
/// assert_eq!((outcome.ret, &outcome.changed[0].value), (Value::Float(0.5), &Value::Int(4)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::downcall::{Downcall, DowncallOptions, Ownership};
/// use pinvoke::library::Library;
/// use pinvoke::value::Value;
///
/// let c = Library::open("libc")?;
/// let strdup = Unit::new(Target::HOST).parse_prototype("char *strdup(const char *s)").unwrap();
/// // What strdup returns belongs to its caller, to be freed with `free`.
/// let returned = Ownership::Owned { free: c.entry_point("free")?.code() };
/// let options = DowncallOptions { returned, ..DowncallOptions::default() };
/// let strdup = Downcall::new(&strdup, &c.entry_point("strdup")?, options)?;
/// // SAFETY: prototype and ownership are those of POSIX.
/// assert_eq!(unsafe { strdup.call(&["a copy".into()]) }?.ret, Value::Text("a copy".into()));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::call::Tier;
/// use pinvoke::decl::Unit;
/// use pinvoke::downcall::{Downcall, DowncallOptions};
/// use pinvoke::library::Library;
/// use pinvoke::value::Value;
///
/// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
/// let strerror = Unit::new(Target::HOST).parse_prototype("char *strerror(int code)").unwrap();
/// // No generated code, no look at errno, and texts longer than 4 bytes are left as addresses.
/// let options =
///     DowncallOptions { tier: Tier::Thunk, capture: false, max_text: 4, ..DowncallOptions::default() };
/// let strerror = Downcall::new(&strerror, &c.entry_point("strerror")?, options)?;
/// // SAFETY: the prototype of C; the text is read before anyone else asks for one.
/// let outcome = unsafe { strerror.call(&[2.into()]) }?;
/// assert_eq!(outcome.last_error, None);
/// assert!(matches!(outcome.ret, Value::Pointer(_))); // "No such file or directory" is longer
///
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// # #[cfg(unix)] {
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::downcall::{Downcall, DowncallOptions};
/// use pinvoke::library::Library;
/// use pinvoke::value::Value;
///
/// let access = Unit::new(Target::HOST).parse_prototype("int access(const char *path, int mode)").unwrap();
/// let entry = Library::open("libc")?.entry_point("access")?;
/// let access = Downcall::new(&access, &entry, DowncallOptions::default())?;
/// // SAFETY: the prototype of POSIX, which takes any path and mode.
/// let outcome = unsafe { access.call(&["/no/such/file".into(), 0.into()]) }?;
/// assert_eq!(outcome.ret, Value::Int(-1));
/// assert_eq!(outcome.last_error.and_then(|error| error.name()), Some("ENOENT"));
/// // The path is const, and nobody was called back.
/// assert!(outcome.changed.is_empty() && outcome.callbacks == 0);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use pinvoke::abi::target::Target;
/// use pinvoke::decl::Unit;
/// use pinvoke::downcall::{Downcall, DowncallOptions};
/// use pinvoke::native::CodePtr;
/// use pinvoke::value::Value;
///
/// extern "C" fn double_all(values: *mut i32, count: i32) {
///     for i in 0..count as usize {
///         // SAFETY: the caller says how many there are.
///         unsafe { *values.add(i) *= 2 };
///     }
/// }
///
/// let double_all_c =
///     Unit::new(Target::HOST).parse_prototype("void double_all(int *values, int count)").unwrap();
/// let code = CodePtr::new(double_all as *const _).expect("functions are not null");
/// let call = Downcall::at(&double_all_c, code, DowncallOptions::default())?;
/// // SAFETY: that is the function's prototype, and there are three values.
/// let outcome = unsafe { call.call(&[vec![1, 2, 3].into(), 3.into()]) }?;
/// let changed = &outcome.changed[0];
/// assert_eq!((changed.index, changed.name.as_deref()), (0, Some("values")));
/// assert_eq!(changed.value, Value::from(vec![2, 4, 6]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
/// let entry = Library::open("libm")?.entry_point("pow")?;
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
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{CallError, Downcall, DowncallOptions};
    /// use pinvoke::library::Library;
    /// use pinvoke::value::Value;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let prototype = |text| Unit::new(Target::HOST).parse_prototype(text).unwrap();
    /// let atoi = Downcall::new(
    ///     &prototype("int atoi(const char *s)"),
    ///     &c.entry_point("atoi")?,
    ///     DowncallOptions::default(),
    /// )?;
    /// drop(c); // the call keeps the library
    /// // SAFETY: the prototype of C.
    /// assert_eq!(unsafe { atoi.call(&["42".into()]) }?.ret, Value::Int(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::Value;
    ///
    /// // A function that no library exports: one of a table that native code handed out, say.
    /// extern "C" fn clamp(x: f64, low: f64, high: f64) -> f64 {
    ///     x.max(low).min(high)
    /// }
    ///
    /// let prototype = "double clamp(double x, double low, double high)";
    /// let function = Unit::new(Target::HOST).parse_prototype(prototype).unwrap();
    /// let code = CodePtr::new(clamp as *const _).expect("functions are not null");
    /// let clamp = Downcall::at(&function, code, DowncallOptions::default())?;
    /// // SAFETY: that is its prototype.
    /// assert_eq!(unsafe { clamp.call(&[7.5.into(), 0.into(), 1.into()]) }?.ret, Value::Float(1.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let abs = Unit::new(Target::HOST).parse_prototype("int abs(int j)").unwrap();
    /// let abs = Downcall::new(&abs, &c.entry_point("abs")?, DowncallOptions::default())?;
    /// // Ready to be shown to whoever is to give the arguments:
    /// assert_eq!(abs.function().to_string(), "int abs(int j)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn function(&self) -> &ResolvedFunction {
        &self.function
    }

    /// How its arguments and its result are converted.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::decl::marshaller::{Direction, Marshaller};
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let strcpy = Unit::new(Target::HOST).parse_prototype("char *strcpy(char *to, const char *from)").unwrap();
    /// let strcpy = Downcall::new(&strcpy, &c.entry_point("strcpy")?, DowncallOptions::default())?;
    /// let [to, from] = strcpy.plan().params() else { unreachable!("it has two parameters") };
    /// assert_eq!((to.marshaller, from.marshaller), (Marshaller::Text, Marshaller::Text));
    /// assert_eq!((to.direction, from.direction), (Direction::InOut, Direction::In));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn plan(&self) -> &MarshalPlan {
        &self.plan
    }

    /// Where the function stands.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let entry = c.entry_point("toupper")?;
    /// let toupper = Unit::new(Target::HOST).parse_prototype("int toupper(int c)").unwrap();
    /// let toupper = Downcall::new(&toupper, &entry, DowncallOptions::default())?;
    /// assert_eq!(toupper.code(), entry.code());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.code
    }

    /// The choices it was prepared with.
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions, Ownership};
    /// use pinvoke::library::Library;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let abs = Unit::new(Target::HOST).parse_prototype("int abs(int j)").unwrap();
    /// let abs = Downcall::new(&abs, &c.entry_point("abs")?, DowncallOptions::default())?;
    /// assert!(abs.options().capture);
    /// assert_eq!(abs.options().returned, Ownership::Borrowed);
    /// assert_eq!(abs.options().max_text, 16 << 20);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// Values are checked against the prototype before anything is called:
    ///
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{CallError, Downcall, DowncallOptions};
    /// use pinvoke::library::Library;
    /// use pinvoke::value::Value;
    ///
    /// let c = Library::open(if cfg!(windows) { "msvcrt" } else { "libc" })?;
    /// let strlen = Unit::new(Target::HOST).parse_prototype("size_t strlen(const char *s)").unwrap();
    /// let strlen = Downcall::new(&strlen, &c.entry_point("strlen")?, DowncallOptions::default())?;
    /// // SAFETY: the prototype of C; strlen reads a text and keeps nothing.
    /// let strlen = |args: &[_]| unsafe { strlen.call(args) };
    ///
    /// assert_eq!(strlen(&["seven c".into()])?.ret, Value::Int(7));
    /// assert!(matches!(strlen(&[]), Err(CallError::ArgumentCount { expected: 1, given: 0, .. })));
    /// assert!(matches!(strlen(&[1.5.into()]), Err(CallError::Argument { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::decl::Unit;
    /// use pinvoke::downcall::{Downcall, DowncallOptions};
    /// use pinvoke::native::CodePtr;
    /// use pinvoke::value::Value;
    ///
    /// extern "C" fn double(x: i32) -> i32 {
    ///     2 * x
    /// }
    /// extern "C" fn operation() -> extern "C" fn(i32) -> i32 {
    ///     double
    /// }
    ///
    /// // A function that returns a function, which is called in its turn.
    /// let function = Unit::new(Target::HOST).parse_prototype("int (*operation(void))(int x)").unwrap();
    /// let code = CodePtr::new(operation as *const _).expect("functions are not null");
    /// let operation = Downcall::at(&function, code, DowncallOptions::default())?;
    /// // SAFETY: that is its prototype.
    /// let Value::Function(double) = unsafe { operation.call(&[]) }?.ret else {
    ///     unreachable!("it is a function")
    /// };
    /// let double = double.downcall(DowncallOptions::default())?;
    /// // SAFETY: as above.
    /// assert_eq!(unsafe { double.call(&[21.into()]) }?.ret, Value::Int(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
