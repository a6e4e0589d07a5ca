//! Native functions in expressions: `f.call(1, 2)`.

use std::any::TypeId;

use pinvoke::downcall::{Arg, DowncallOptions};
use pinvoke::value::FunctionPtr;
use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext};

use super::convert::{copy_to_script, from_script};
use crate::native;

/// Most arguments that an expression can pass.
const MAX_ARGS: usize = 12;

/// A function that native code has passed to a callback.
#[derive(Clone, Debug)]
pub(crate) struct NativeFunction(FunctionPtr);

impl NativeFunction {
    pub(super) fn new(pointer: FunctionPtr) -> NativeFunction {
        NativeFunction(pointer)
    }

    pub(super) fn pointer(&self) -> &FunctionPtr {
        &self.0
    }

    fn call(&self, args: &[&mut Dynamic]) -> Result<Dynamic, Box<EvalAltResult>> {
        let mut values = Vec::new();
        for arg in args {
            match from_script(arg) {
                Some(value) => values.push(Arg::Value(value)),
                None => {
                    return Err(format!(
                        "a value of type {} cannot be passed to native code",
                        arg.type_name()
                    )
                    .into());
                }
            }
        }
        let downcall = self.0.downcall(DowncallOptions::default()).map_err(|error| error.to_string())?;
        let outcome = native::call(&downcall, &values).map_err(|error| error.to_string())?;
        Ok(copy_to_script(&outcome.ret))
    }
}

/// Makes native functions known to the language.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<NativeFunction>("native function");
    for name in ["to_string", "print", "to_debug", "debug"] {
        engine.register_fn(name, |f: &mut NativeFunction| format!("{:#x}", f.0.code().addr()));
    }
    engine.register_get("address", |f: &mut NativeFunction| f.0.code().addr() as rhai::INT);
    engine.register_get("type", |f: &mut NativeFunction| f.0.type_ref().to_string());
    for count in 0..=MAX_ARGS {
        let mut types = vec![TypeId::of::<Dynamic>(); count + 1];
        types[0] = TypeId::of::<NativeFunction>();
        engine.register_raw_fn("call", &types, |_: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
            let Some((function, args)) = args.split_first_mut() else { return Ok(Dynamic::UNIT) };
            match function.clone().try_cast::<NativeFunction>() {
                Some(function) => function.call(args),
                None => Err("only native functions can be called this way".into()),
            }
        });
    }
}
