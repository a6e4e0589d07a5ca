//! `pinvoke call`, as the worker does it.
//!
//! A command line may ask for several calls (`--then`). All of them are read before the first is made; they
//! share the process, with its memory and the callbacks that it has been given, and later ones take what
//! earlier ones have left.

use std::ffi::{OsStr, OsString};

use pinvoke::call::Tier;
use pinvoke::downcall::{Arg, CallError, Downcall, DowncallOptions, Outcome, Ownership, Position};
use pinvoke::entry_point::EntryPoint;
use pinvoke::library::Library;
use pinvoke::native::CodePtr;
use pinvoke::value::{TypeRef, Value};
use pinvoke_abi::target::Target;
use pinvoke_decl::types::{Parameter, ResolvedFunction, TypeKind};
use pinvoke_decl::{Diagnostic, Unit};

use super::finding;
use super::show::{followed, narrowed, shown};
use crate::callback::Callbacks;
use crate::cli::{Call, TierChoice, Words};
use crate::failure::{Failure, Kind};
use crate::isolate::{Description, worker};
use crate::literal::typing::{Fitted, Names, fit};
use crate::native::{self, Phase};
use crate::report::{CallReport, ErrorCode, Report};
use crate::sources;

/// Reads everything, finds the functions, calls them one after the other.
pub(crate) fn run(call: &Call) -> Result<Report, Failure> {
    let mut unit = sources::read(&call.declarations, Target::HOST)?;
    let library = finding::library(&call.library, &call.search)?;
    let mut steps = Vec::new();
    for (index, words) in call.steps().into_iter().enumerate() {
        let entry_point = call.entry.as_deref().filter(|_| index == 0);
        steps.push(Step::new(&mut unit, &library, entry_point, words)?);
    }
    let callbacks = Callbacks::new(&unit);
    let mut earlier = Earlier::default();
    let mut reports = Vec::new();
    for step in &steps {
        let outcome = step.call(call, &unit, &library, &callbacks, &earlier)?;
        reports.push(report(&library, step, &outcome, call.owned.is_some()));
        earlier.add(&outcome);
    }
    Ok(Report::Calls(reports))
}

/// One of the calls that a command line asks for.
struct Step {
    function: ResolvedFunction,
    entry: EntryPoint,
    texts: Vec<OsString>,
    notes: Vec<Diagnostic>,
}

impl Step {
    fn new(
        unit: &mut Unit,
        library: &Library,
        entry_point: Option<&str>,
        words: Words,
    ) -> Result<Step, Failure> {
        let function = prototype(unit, &words.prototype)?;
        let notes: Vec<Diagnostic> = unit.notes().to_vec();
        count(&function, words.arguments.len())?;
        let name = entry_point.or(function.entry_point.as_deref()).unwrap_or(&function.name);
        let entry = finding::function(library, name, &function)?;
        Ok(Step { function, entry, texts: words.arguments, notes })
    }

    fn call(
        &self,
        call: &Call,
        unit: &Unit,
        library: &Library,
        callbacks: &Callbacks,
        earlier: &Earlier,
    ) -> Result<Outcome, Failure> {
        let lookup = |name: &str| lookup(library, name);
        let args = self.arguments(unit, &lookup, callbacks, earlier)?;
        let options = DowncallOptions {
            tier: match call.tier {
                TierChoice::Auto => Tier::Auto,
                TierChoice::Thunk => Tier::Thunk,
                TierChoice::Stub => Tier::Stub,
            },
            returned: match &call.owned {
                None => Ownership::Borrowed,
                Some(name) => Ownership::Owned {
                    free: lookup(name).ok_or_else(|| {
                        Failure::new(
                            Kind::NotFound,
                            format!("there is no function '{name}' to release the result with"),
                        )
                    })?,
                },
            },
            ..DowncallOptions::default()
        };
        let downcall = Downcall::new(&self.function, &self.entry, options)
            .map_err(|error| refused(&error, &self.texts))?;
        self.describe(library);
        worker::flight().enter(Phase::Calling);
        let outcome = native::call(&downcall, &args);
        worker::flight().enter(Phase::Collecting);
        outcome.map_err(|error| refused(&error, &self.texts))
    }

    fn arguments(
        &self,
        unit: &Unit,
        lookup: &dyn Fn(&str) -> Option<CodePtr>,
        callbacks: &Callbacks,
        earlier: &Earlier,
    ) -> Result<Vec<Arg>, Failure> {
        let mut args = Vec::new();
        for (index, text) in self.texts.iter().enumerate() {
            let parameter = self.function.ty.params.get(index);
            if let Some(value) = earlier.value(text, &label(index, parameter))? {
                args.push(Arg::Value(value));
                continue;
            }
            let ty = parameter.map(|parameter| TypeRef::new(&self.function.types, parameter.ty));
            let name = parameter_name(index, parameter);
            let callback = |text: &str, ty: &TypeRef| callbacks.compile(index, &name, text, ty);
            let names = Names { unit, function: lookup, callback: &callback };
            args.push(match (fit(text, ty.as_ref(), &label(index, parameter), &names)?, ty) {
                (Fitted::Arg(arg), _) => arg,
                (Fitted::Callback, Some(ty)) => Arg::Value(callback(&text.to_string_lossy(), &ty)?),
                (Fitted::Callback, None) => {
                    return Err(Failure::new(Kind::Argument, "a variable argument cannot be a callback"));
                }
            });
        }
        Ok(args)
    }

    /// Says what is about to be called, for the case that it crashes.
    fn describe(&self, library: &Library) {
        let params = &self.function.ty.params;
        let name = |i: usize| parameter_name(i, params.get(i));
        worker::describe(&Description {
            function: self.function.name.to_string(),
            prototype: self.function.to_string(),
            library: finding::title(library),
            arguments: self
                .texts
                .iter()
                .enumerate()
                .map(|(i, text)| (name(i), text.display().to_string()))
                .collect(),
            code: native::code_in_memory(),
        });
    }
}

/// What earlier calls of the same command line have left, under the names that later ones use: `$1` is the
/// result of the first call, `$name` what a call has stored through its parameter of that name.
#[derive(Default)]
struct Earlier {
    values: Vec<(String, Value)>,
    calls: usize,
}

impl Earlier {
    fn add(&mut self, outcome: &Outcome) {
        self.calls += 1;
        // A text is shown as a text; to native code it is where it stands.
        let address = outcome.ret_address.clone().map(Value::Pointer);
        let result = address.unwrap_or_else(|| outcome.ret.clone());
        self.values.push((self.calls.to_string(), result));
        let named = outcome
            .changed
            .iter()
            .filter_map(|changed| Some((changed.name.as_deref()?.to_owned(), changed.value.clone())));
        self.values.extend(named);
    }

    /// The value that an argument names; the last one of that name. `None` for what names none.
    fn value(&self, text: &OsStr, label: &str) -> Result<Option<Value>, Failure> {
        let Some(name) = text.to_str().and_then(|text| text.strip_prefix('$')).filter(|_| self.calls > 0)
        else {
            return Ok(None);
        };
        if let Some((_, value)) = self.values.iter().rev().find(|(known, _)| known == name) {
            return Ok(Some(value.clone()));
        }
        let known: Vec<String> = self.values.iter().map(|(known, _)| format!("${known}")).collect();
        Err(Failure::new(Kind::Argument, format!("{label}: no earlier call has left a value '${name}'"))
            .help(format!("there are {}", known.join(", ")))
            .help("a text that begins with $ is written in quotes: '\"$text\"'"))
    }
}

/// The prototype given, or the one that the declarations have for a mere name.
fn prototype(unit: &mut Unit, text: &str) -> Result<ResolvedFunction, Failure> {
    let name = text.trim();
    if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return unit.function(name).map_err(|findings| {
            if !findings.is_empty() {
                return sources::rejected(&findings);
            }
            Failure::new(
                Kind::Declaration,
                format!("'{name}' is a name, not a prototype, and nothing declares it"),
            )
            .help(format!("write the whole prototype, such as 'int {name}(void)'"))
            .help("or name the header that declares it with --include, or a file with --decl")
        });
    }
    unit.parse_prototype(text).map_err(|findings| sources::rejected(&findings))
}

/// A function of the library, or of any other that is loaded.
fn lookup(library: &Library, name: &str) -> Option<CodePtr> {
    let everywhere = || Library::main_program().ok()?.entry_point(name).ok();
    library.entry_point(name).ok().or_else(everywhere).map(|entry| entry.code())
}

fn count(function: &ResolvedFunction, given: usize) -> Result<(), Failure> {
    let expected = function.ty.params.len();
    if given == expected || (given > expected && function.ty.variadic) {
        return Ok(());
    }
    let noun = if expected == 1 { "argument" } else { "arguments" };
    let more = if function.ty.variadic { " or more" } else { "" };
    let message = format!("'{}' takes {expected} {noun}{more}, {given} given", function.name);
    let mut failure = Failure::new(Kind::Argument, message).note(format!("declared as {function}"));
    if given < expected {
        let missing: Vec<String> =
            (given..expected).map(|i| parameter_name(i, function.ty.params.get(i))).collect();
        failure = failure.help(format!("missing: {}", missing.join(", ")));
    }
    Err(failure)
}

/// The name of a parameter: its own, or its position.
fn parameter_name(index: usize, parameter: Option<&Parameter>) -> String {
    parameter.and_then(|p| p.name.as_deref()).map_or_else(|| format!("#{}", index + 1), str::to_owned)
}

fn label(index: usize, parameter: Option<&Parameter>) -> String {
    match parameter.and_then(|p| p.name.as_deref()) {
        Some(name) => format!("argument {} '{name}'", index + 1),
        None => format!("argument {}", index + 1),
    }
}

fn refused(error: &CallError, texts: &[OsString]) -> Failure {
    let kind = match error {
        CallError::ArgumentCount { .. } | CallError::Argument { .. } => Kind::Argument,
        CallError::Callback(_) => Kind::Callback,
        CallError::Prototype { .. } => Kind::Declaration,
        _ => Kind::System,
    };
    let failure = Failure::from_error(kind, error);
    let index = match error {
        CallError::Argument {
            position: Position::Parameter { index, .. } | Position::Variable { index },
            ..
        } => Some(*index),
        _ => None,
    };
    match index.and_then(|index| texts.get(index)) {
        Some(text) => failure.note(format!("given as {}", text.display())),
        None => failure,
    }
}

fn report(library: &Library, step: &Step, outcome: &Outcome, owned: bool) -> CallReport {
    let function = &step.function;
    let ret = TypeRef::new(&function.types, function.ty.ret);
    let result = match &narrowed(&outcome.ret, &ret) {
        Value::Void => None,
        value if owned => Some(shown(value)),
        value => Some(followed(value)),
    };
    let changed = outcome.changed.iter().map(|changed| {
        let name = changed.name.as_deref().map_or_else(|| format!("#{}", changed.index + 1), str::to_owned);
        let declared = function.ty.params.get(changed.index).map(|p| TypeRef::new(&function.types, p.ty));
        let value = match declared.and_then(|ty| ty.pointee()) {
            Some(to) => narrowed(&changed.value, &to),
            None => changed.value.clone(),
        };
        (name, followed(&value))
    });
    let last_error = outcome.last_error.filter(|error| error.0 != 0).map(|error| ErrorCode {
        code: error.0,
        name: error.name().map(str::to_owned),
        message: error.message(),
        line: error.to_string(),
        failed: says_failure(&outcome.ret, &ret),
    });
    CallReport {
        library: finding::title(library),
        entry_point: step.entry.name().to_owned(),
        prototype: function.to_string(),
        result,
        last_error,
        changed: changed.collect(),
        callbacks: outcome.callbacks,
        notes: step.notes.iter().map(|note| note.render().trim_end().to_owned()).collect(),
    }
}

/// Whether a result is one by which C functions say that they have failed: -1, null, `(size_t) -1`,
/// not a number, infinity, or the largest or smallest number there is (`strtol`).
fn says_failure(value: &Value, ty: &TypeRef) -> bool {
    match value {
        Value::Null => true,
        Value::Int(number) => {
            let Some(size @ 1..=8) = ty.size() else { return *number == -1 };
            let bits = 8 * size;
            let signed = matches!(ty.kind(), TypeKind::Int { signed: true } | TypeKind::Enum(_));
            let (min, max) = match signed {
                true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                false => (i128::MIN, (1i128 << bits) - 1),
            };
            *number == -1 || (size > 1 && (*number == min || *number == max))
        }
        Value::Pointer(pointer) => pointer.address() == usize::MAX,
        Value::Float(number) => !number.is_finite(),
        Value::LongDouble(number) => !number.to_f64().is_finite(),
        _ => false,
    }
}
