//! Native functions in expressions: `f.call(1, 2)`.
//!
//! The language has function pointers of its own. A native function becomes one that carries it as a first,
//! hidden argument, by which it is recognised when it is handed back.

use std::any::TypeId;

use pinvoke::downcall::{Arg, DowncallOptions};
use pinvoke::value::FunctionPtr;
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext};

use super::convert::{copy_to_script, from_script};
use super::fault;
use crate::native;

/// A function that native code has passed to a callback.
#[derive(Clone, Debug)]
struct NativeFunction(FunctionPtr);

/// The name under which the language knows what its function pointers to native functions call.
const NAME: &str = "call_native_function";

/// Most arguments that an expression can pass.
const MAX_ARGS: usize = 16;

/// As a function pointer of the language.
pub(super) fn to_script(pointer: &FunctionPtr) -> Dynamic {
    match FnPtr::new(NAME) {
        Ok(mut function) => {
            function.add_curry(Dynamic::from(NativeFunction(pointer.clone())));
            Dynamic::from(function)
        }
        // Only a bad name is refused.
        Err(_) => Dynamic::UNIT,
    }
}

/// Makes native functions known to the language.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<NativeFunction>("native function");
    for count in 0..=MAX_ARGS {
        let mut types = vec![TypeId::of::<Dynamic>(); count + 1];
        types[0] = TypeId::of::<NativeFunction>();
        engine.register_raw_fn(NAME, &types, |_: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
            let Some((function, args)) = args.split_first() else { return Ok(Dynamic::UNIT) };
            match (**function).clone().try_cast::<NativeFunction>() {
                Some(function) => function.call(args),
                None => Err(fault("this is no native function")),
            }
        });
    }
}

/// The native function behind a function pointer of the language, if there is one.
pub(super) fn from_pointer(function: &FnPtr) -> Option<FunctionPtr> {
    Some(function.curry().first()?.clone().try_cast::<NativeFunction>()?.0)
}

impl NativeFunction {
    fn call(&self, args: &[&mut Dynamic]) -> Result<Dynamic, Box<EvalAltResult>> {
        let mut values = Vec::new();
        for arg in args {
            match from_script(arg) {
                Some(value) => values.push(Arg::Value(value)),
                None => {
                    return Err(fault(format!(
                        "a value of type {} cannot be passed to native code",
                        arg.type_name()
                    )));
                }
            }
        }
        let downcall =
            self.0.downcall(DowncallOptions::default()).map_err(|error| fault(error.to_string()))?;
        let outcome = native::call(&downcall, &values).map_err(|error| fault(error.to_string()))?;
        Ok(copy_to_script(&outcome.ret))
    }
}
