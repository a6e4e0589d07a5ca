//! Expressions, and values on their way between script and native code.

use pinvoke::value::{TypeRef, Value};
use pinvoke_abi::target::Target;
use pinvoke_decl::Unit;
use rhai::{Dynamic, Scope};

use super::{arity, convert, engine};

/// The value of an expression in which `wide` is 2^100.
fn evaluate(text: &str) -> Result<Dynamic, String> {
    let engine = engine::engine(&Unit::new(Target::HOST));
    let mut scope = Scope::new();
    scope.push("wide", 1i128 << 100);
    engine.eval_with_scope::<Dynamic>(&mut scope, text).map_err(|error| super::explain(*error).0)
}

#[test]
fn wide_integers_mix_with_others() {
    for (text, expected) in [
        ("wide / 2 == wide - wide / 2", "true"),
        ("wide + 1 > wide", "true"),
        ("1 - wide < 0", "true"),
        ("wide >> 90", "1024"),
        ("wide % 7", "2"),
        ("wide * 0.5 == 2.0 ** 99", "true"),
        // Back to the language's own integers where they are wide enough.
        ("type_of(wide >> 90)", "i64"),
        ("type_of(wide + 1)", "i128"),
    ] {
        assert_eq!(evaluate(text).unwrap().to_string(), expected, "{text}");
    }
    for (text, words) in [
        ("wide * wide", "overflow"),
        ("wide / 0", "division by zero"),
        ("wide << 200", "arithmetic overflow in '<<'"),
        ("throw 5", "it threw: 5"),
    ] {
        let message = evaluate(text).unwrap_err();
        assert!(message.contains(words), "{text}: {message}");
    }
}

#[test]
fn scripts_cannot_reach_out() {
    assert!(evaluate("eval(\"1\")").is_err());
    assert!(evaluate("import \"x\" as x; 1").is_err());
}

#[test]
fn parameters_are_counted_without_captured_variables() {
    let engine = engine::engine(&Unit::new(Target::HOST));
    for (text, expected) in [("|a, b| a", 2), ("let n = 1; let m = 2; |a| a + n + m", 1), ("|| 1", 0)] {
        let ast = engine.compile(text).unwrap();
        let closure = engine.eval_ast(&ast).unwrap();
        assert_eq!(arity(&ast, &closure), expected, "{text}");
    }
}

#[test]
fn answers_suit_the_result_type() {
    let unit = Unit::new(Target::HOST);
    let answer = |ty: &str, text: &str| {
        let (types, id) = unit.type_named(ty).unwrap();
        convert::to_native(evaluate(text).unwrap(), &TypeRef::new(&types, id))
    };
    for (ty, text, expected) in [
        ("int", "-1", Value::Int(-1)),
        ("int", "true", Value::Bool(true)),
        ("int", "2.0", Value::Float(2.0)),
        ("unsigned char", "255", Value::Int(255)),
        ("double", "1", Value::Int(1)),
        ("void", "\"anything\"", Value::Void),
        ("void *", "()", Value::Null),
        ("char *", "\"text\"", Value::Text("text".to_owned())),
    ] {
        assert_eq!(answer(ty, text), Ok(expected), "{ty} {text}");
    }
    // C has the type on 64-bit targets only.
    let wide = answer("unsigned __int128", "wide");
    if cfg!(target_pointer_width = "64") {
        assert_eq!(wide, Ok(Value::Int(1 << 100)));
    } else {
        assert!(wide.unwrap_err().contains("on a 32-bit target"));
    }
    for (ty, text, words) in [
        ("int", "2147483648", "does not fit"),
        ("unsigned char", "-1", "does not fit"),
        ("signed char", "128", "does not fit"),
        ("int", "1.5", "type f64"),
        ("int", "()", "gives nothing"),
        ("double", "\"x\"", "type string"),
        ("_Bool", "2", "type i64"),
        ("void *", "-1", "type i64"),
    ] {
        let message = answer(ty, text).unwrap_err();
        assert!(message.contains(words), "{ty} {text}: {message}");
    }
}
