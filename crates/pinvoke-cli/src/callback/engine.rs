//! The expression engine: what expressions can do beyond the language itself.

use std::io::Write;

use pinvoke_decl::Unit;
use rhai::Engine;

use super::{arithmetic, function, place};
use crate::native;

/// Nesting of expressions and of calls beyond which an expression is refused. Both use native stack.
const MAX_DEPTH: usize = 64;

/// An engine with native places and functions.
pub(super) fn engine(unit: &Unit) -> Engine {
    let mut engine = Engine::new();
    engine.set_max_expr_depths(MAX_DEPTH, MAX_DEPTH);
    engine.set_max_call_levels(MAX_DEPTH);
    engine.set_strict_variables(true);
    engine.disable_symbol("eval");
    engine.on_print(|text| print(std::io::stdout().lock(), text));
    engine.on_debug(|text, _, position| print(std::io::stderr().lock(), &format!("{position:?}: {text}")));
    arithmetic::register(&mut engine);
    place::register(&mut engine, unit);
    function::register(&mut engine);
    engine
}

/// One line, at once. Where nobody reads it, there is nothing left to do: end as SIGPIPE would.
fn print(mut out: impl Write, text: &str) {
    if writeln!(out, "{text}").is_err() {
        native::flush_c_streams();
        native::exit_now(141);
    }
}
