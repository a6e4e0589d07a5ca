//! Callbacks written as expressions in [Rhai](https://rhai.rs/book).
//!
//! An argument such as `|a, b| a - b` is a script whose value is a closure. The script runs once, before the
//! call; the closure runs whenever native code calls back. Variables before the closure are captured and live
//! through all invocations, and `state` is a map that all callbacks of a call share:
//!
//! ```text
//! let n = 0; |path, sb, flag| { n += 1; print(`${n}: ${path}`); 0 }
//! ```
//!
//! Native values become script values by their declared type:
//!
//! | declared | in the expression |
//! |---|---|
//! | integers, enumerations, `_Bool`, `char` | `int` (128 bits where 64 do not do), `bool`, `char` |
//! | `float`, `double`, `long double` | `float` |
//! | `const char *` and wide texts | a string, `()` for null |
//! | pointers to functions | a function: `f.call(1, 2)` |
//! | other pointers, structures, arrays | [`Place`]: `sb.st_size`, `a[1]`, or the number behind it in arithmetic |
//! | null | `()` |
//!
//! Mistakes are found as early as can be: syntax, unknown variables and the number of parameters before the
//! call, everything else at the first invocation that meets it. The call is then given up at once (the
//! worker process ends): to go on with a made-up answer could do anything.

mod arithmetic;
mod convert;
mod engine;
mod function;
mod place;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use pinvoke::value::{CallbackArgs, Handler, TypeRef, Value};
use pinvoke_decl::Unit;
use pinvoke_decl::types::TypeKind;
use rhai::{AST, Dynamic, Engine, EvalAltResult, FnPtr, Position, Scope};

pub(crate) use place::Place;

use crate::excerpt::{excerpt, offset};
use crate::failure::{Failure, Kind};
use crate::isolate::worker;

/// All callback expressions of one call.
pub(crate) struct Callbacks {
    engine: Rc<Engine>,
    /// What the prototype leaves open: names without a definition.
    notes: Rc<[String]>,
    /// Holds `state`.
    scope: RefCell<Scope<'static>>,
}

impl Callbacks {
    /// Ready to compile expressions that may name the types of `unit`.
    pub(crate) fn new(unit: &Unit) -> Callbacks {
        let mut scope = Scope::new();
        scope.push("state", rhai::Map::new());
        let notes = unit.notes().iter().map(|note| note.render().trim_end().to_owned()).collect();
        Callbacks { engine: Rc::new(engine::engine(unit)), notes, scope: RefCell::new(scope) }
    }

    /// Compiles the expression given for parameter `index`, a pointer to a function of type `ty`.
    pub(crate) fn compile(
        &self,
        index: usize,
        name: &str,
        text: &str,
        ty: &TypeRef,
    ) -> Result<Value, Failure> {
        let source = Source { name: format!("callback '{name}'"), text: text.to_owned() };
        let Some(to) = ty.pointee() else {
            return Err(source.refuse(0..text.len(), "the parameter is no pointer to a function"));
        };
        let TypeKind::Function(function) = to.kind() else {
            return Err(source.refuse(0..text.len(), "the parameter is no pointer to a function"));
        };
        let declared = ty.to_string();
        let (ast, closure) =
            self.closure(&source).map_err(|failure| failure.note(format!("'{name}' is declared as {ty}")))?;
        let given = arity(&ast, &closure);
        let wanted = function.params.len();
        if given != wanted {
            let names: Vec<String> = (0..)
                .zip(&function.params)
                .map(|(i, p)| p.name.as_deref().map_or_else(|| parameter_letter(i), str::to_owned))
                .collect();
            let message = format!(
                "the expression takes {}, native code passes {}",
                plural(given, "parameter"),
                plural(wanted, "argument"),
            );
            return Err(source
                .refuse(closure_span(text), message)
                .note(format!("'{name}' is declared as {ty}"))
                .help(format!("begin it with |{}|", names.join(", "))));
        }
        let run = Run {
            engine: Rc::clone(&self.engine),
            notes: Rc::clone(&self.notes),
            ast,
            closure,
            source,
            parameter: name.to_owned(),
            declared,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            ret: to.sibling(function.ret),
            invocations: Cell::new(0),
        };
        // The process ends with the call, so nothing can call it too late.
        let handler = Handler::new(move |args| Ok(run.invoke(args))).kept();
        Ok(Value::Callback(handler))
    }

    /// Runs the script once; its value must be a closure.
    fn closure(&self, source: &Source) -> Result<(AST, FnPtr), Failure> {
        let mut scope = self.scope.borrow_mut();
        let ast = self.engine.compile_with_scope(&scope, &source.text).map_err(|error| {
            source
                .refuse(source.span(error.1), format!("the callback expression does not parse: {}", error.0))
        })?;
        let kept = scope.len();
        let value = self.engine.eval_ast_with_scope::<Dynamic>(&mut scope, &ast);
        scope.rewind(kept);
        let value = value.map_err(|error| {
            let (message, position) = explain(*error);
            source.refuse(source.span(position), message)
        })?;
        let found = value.type_name();
        match value.try_cast::<FnPtr>() {
            Some(closure) => Ok((ast, closure)),
            None => Err(source
                .refuse(
                    0..source.text.len(),
                    format!("expected a closure, the value of the expression is {}", article(found)),
                )
                .help("a callback expression looks like |a, b| a - b")),
        }
    }
}

/// The number of parameters of a closure, captured variables left out.
fn arity(ast: &AST, closure: &FnPtr) -> usize {
    let function = ast.iter_functions().find(|function| function.name == closure.fn_name());
    function.map_or(0, |function| function.params.len().saturating_sub(closure.curry().len()))
}

/// The parameter list between bars, to point at.
fn closure_span(text: &str) -> std::ops::Range<usize> {
    let start = text.find('|').unwrap_or(0);
    let end = text[start..].get(1..).and_then(|rest| rest.find('|')).map_or(text.len(), |at| start + at + 2);
    start..end
}

fn parameter_letter(index: usize) -> String {
    char::from_digit(u32::try_from(index % 26).unwrap_or(0) + 10, 36).unwrap_or('x').to_string()
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn article(type_name: &str) -> String {
    match type_name {
        "()" => "nothing".to_owned(),
        name => format!("of type {name}"),
    }
}

/// The text of an expression.
struct Source {
    name: String,
    text: String,
}

impl Source {
    /// From a position of the engine to the end of the word there.
    fn span(&self, position: Position) -> std::ops::Range<usize> {
        let start = match (position.line(), position.position()) {
            (Some(line), Some(column)) => offset(&self.text, line, column),
            (Some(line), None) => offset(&self.text, line, 1),
            (None, _) => self.text.len(),
        };
        let rest = &self.text[start..];
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        start..start + word
    }

    /// The failure of an argument that is refused before the call.
    fn refuse(&self, span: std::ops::Range<usize>, message: impl Into<String>) -> Failure {
        let (start, end) = (span.start, span.end);
        let message = format!("{}\n{}", message.into(), excerpt(&self.name, &self.text, span));
        Failure::new(Kind::Argument, message)
            .fact("argument", self.name.clone())
            .fact("text", self.text.clone())
            .fact("start", start)
            .fact("end", end)
    }
}

/// An error of ours, which is told from one that the expression threw by its type.
#[derive(Clone, Debug)]
struct Fault(String);

fn fault(message: impl Into<String>) -> Box<EvalAltResult> {
    // Of all errors of the engine only this kind has both a value and a place.
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(Fault(message.into())), Position::NONE))
}

/// What an error of the engine says, and where it is.
fn explain(error: EvalAltResult) -> (String, Position) {
    let mut position = error.position();
    let mut inner = &error;
    while let EvalAltResult::ErrorInFunctionCall(_, _, cause, _) = inner {
        inner = cause;
        if !inner.position().is_none() {
            position = inner.position();
        }
    }
    let message = match inner {
        EvalAltResult::ErrorRuntime(value, _) if value.is_unit() => "it threw an error".to_owned(),
        EvalAltResult::ErrorRuntime(value, _) => match value.clone().try_cast::<Fault>() {
            Some(Fault(message)) => message,
            None => format!("it threw: {value}"),
        },
        other => {
            let text = other.to_string();
            // The position is shown by the caret.
            text.rsplit_once(" (line ").map_or_else(|| text.clone(), |(message, _)| message.to_owned())
        }
    };
    (message, position)
}

/// One callback during the call.
struct Run {
    engine: Rc<Engine>,
    notes: Rc<[String]>,
    ast: AST,
    closure: FnPtr,
    source: Source,
    parameter: String,
    declared: String,
    index: u32,
    ret: TypeRef,
    invocations: Cell<u64>,
}

impl Run {
    /// Answers native code. Whatever goes wrong ends the process with a report.
    fn invoke(&self, args: &CallbackArgs<'_>) -> Value {
        self.invocations.set(self.invocations.get() + 1);
        let before = worker::flight().enter_callback(self.index, self.invocations.get());
        let value = self.answer(args);
        worker::flight().resume(before);
        match value {
            Ok(value) => value,
            Err((message, span)) => worker::finish(Err(self.failure(args, message, span))),
        }
    }

    fn answer(&self, args: &CallbackArgs<'_>) -> Result<Value, (String, std::ops::Range<usize>)> {
        let whole = 0..self.source.text.len();
        let mut values = Vec::with_capacity(args.len());
        for i in 0..args.len() {
            let value =
                convert::to_script(&args.view(i)).map_err(|error| (error.to_string(), whole.clone()))?;
            values.push(value);
        }
        let result = self.closure.call::<Dynamic>(&self.engine, &self.ast, values).map_err(|error| {
            let (message, position) = explain(*error);
            (message, self.source.span(position))
        })?;
        convert::to_native(result, &self.ret).map_err(|message| (message, whole))
    }

    fn failure(&self, args: &CallbackArgs<'_>, message: String, span: std::ops::Range<usize>) -> Failure {
        let invocation = self.invocations.get();
        let shown = excerpt(&self.source.name, &self.source.text, span);
        let captured = self.closure.curry().len();
        let function = self.ast.iter_functions().find(|function| function.name == self.closure.fn_name());
        let names: Vec<&str> =
            function.map(|f| f.params.iter().skip(captured).copied().collect()).unwrap_or_default();
        let given: Vec<String> = (0..args.len())
            .map(|i| {
                let name = names.get(i).copied().unwrap_or("?");
                let value = convert::to_script(&args.view(i))
                    .map_or_else(|error| error.to_string(), |value| convert::text(&value));
                format!("{name} = {value}")
            })
            .collect();
        let what = format!(
            "the callback given for '{}' failed in invocation {invocation}: {message}\n{shown}",
            self.parameter
        );
        let called = names.iter().find(|name| message.starts_with(&format!("Function not found: {name} (")));
        let mut failure = Failure::new(Kind::Callback, what)
            .note(format!("called with {}", given.join(", ")))
            .note(format!("declared as {}", self.declared))
            .note("the call was given up at this point")
            .fact("callback", self.parameter.clone())
            .fact("invocation", invocation);
        if let Some(name) = called {
            failure = failure.help(format!("a native function is called with {name}.call(...)"));
        }
        self.notes
            .iter()
            .fold(failure, |failure, note| failure.note(note.strip_prefix("note: ").unwrap_or(note)))
    }
}

#[cfg(test)]
mod tests;
