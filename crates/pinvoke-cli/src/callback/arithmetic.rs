//! Operators for what native code passes: places that stand for the number or text in them, and integers
//! wider than the language's own 64 bits.
//!
//! `|a, b| a - b` works for `const int *a`, because an operand that is a [`Place`] is read first. Integers
//! that need more than 64 bits are `i128` values; the mixed operators that the language lacks are here.

use rhai::{Dynamic, Engine, EvalAltResult, FLOAT, INT, ImmutableString};

use super::convert::Operand;
use super::fault;
use super::place::Place;

type Answer = Result<Dynamic, Box<EvalAltResult>>;

/// Binary operators, by their names in the language.
const OPERATORS: [&str; 17] =
    ["+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>", "==", "!=", "<", "<=", ">", ">="];

/// Registers the operators for every pair of operands of which one is ours.
pub(super) fn register(engine: &mut Engine) {
    for op in OPERATORS {
        engine.register_fn(op, move |a: Place, b: Place| apply(op, &a.operand()?, &b.operand()?));
        engine.register_fn(op, move |a: Place, b: INT| apply(op, &a.operand()?, &Operand::Int(b.into())));
        engine.register_fn(op, move |a: INT, b: Place| apply(op, &Operand::Int(a.into()), &b.operand()?));
        engine.register_fn(op, move |a: Place, b: FLOAT| apply(op, &a.operand()?, &Operand::Float(b)));
        engine.register_fn(op, move |a: FLOAT, b: Place| apply(op, &Operand::Float(a), &b.operand()?));
        engine.register_fn(op, move |a: Place, b: i128| apply(op, &a.operand()?, &Operand::Int(b)));
        engine.register_fn(op, move |a: i128, b: Place| apply(op, &Operand::Int(a), &b.operand()?));
        engine.register_fn(op, move |a: Place, b: char| {
            apply(op, &a.operand()?, &Operand::Int(u32::from(b).into()))
        });
        engine.register_fn(op, move |a: char, b: Place| {
            apply(op, &Operand::Int(u32::from(a).into()), &b.operand()?)
        });
        engine.register_fn(op, move |a: Place, b: ImmutableString| {
            apply(op, &a.operand()?, &Operand::Text(b.into()))
        });
        engine.register_fn(op, move |a: ImmutableString, b: Place| {
            apply(op, &Operand::Text(a.into()), &b.operand()?)
        });
        engine.register_fn(op, move |a: i128, b: INT| apply(op, &Operand::Int(a), &Operand::Int(b.into())));
        engine.register_fn(op, move |a: INT, b: i128| apply(op, &Operand::Int(a.into()), &Operand::Int(b)));
        engine.register_fn(op, move |a: i128, b: FLOAT| apply(op, &Operand::Int(a), &Operand::Float(b)));
        engine.register_fn(op, move |a: FLOAT, b: i128| apply(op, &Operand::Float(a), &Operand::Int(b)));
    }
    engine.register_fn("-", |a: Place| apply("-", &Operand::Int(0), &a.operand()?));
    engine.register_fn("+", |a: Place| a.operand().map(Operand::into_script));
    engine.register_fn("!", |a: Place| a.operand().map(|operand| operand.is_zero()));
    engine.register_fn("abs", |a: Place| match a.operand()? {
        Operand::Int(n) => {
            n.checked_abs().map(|n| Operand::Int(n).into_script()).ok_or_else(|| overflow("abs"))
        }
        Operand::Float(x) => Ok(x.abs().into()),
        Operand::Text(_) => Err(fault("a text has no absolute value")),
    });
}

fn overflow(op: &str) -> Box<EvalAltResult> {
    fault(format!("arithmetic overflow in '{op}'"))
}

/// `a op b`.
fn apply(op: &str, a: &Operand, b: &Operand) -> Answer {
    match (a, b) {
        (Operand::Int(a), Operand::Int(b)) => integers(op, *a, *b),
        (Operand::Text(a), Operand::Text(b)) => texts(op, a, b),
        (Operand::Text(_), _) | (_, Operand::Text(_)) => match op {
            "+" => Ok(format!("{}{}", a.text(), b.text()).into()),
            "==" => Ok(false.into()),
            "!=" => Ok(true.into()),
            _ => Err(fault(format!("'{op}' does not work on a text and a number"))),
        },
        (Operand::Float(_), _) | (_, Operand::Float(_)) => floats(op, a.float(), b.float()),
    }
}

fn integers(op: &str, a: i128, b: i128) -> Answer {
    let shift = u32::try_from(b).ok();
    let number = match op {
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "/" | "%" if b == 0 => return Err(fault("division by zero")),
        "/" => a.checked_div(b),
        "%" => a.checked_rem(b),
        "**" => shift.and_then(|power| a.checked_pow(power)),
        "&" => Some(a & b),
        "|" => Some(a | b),
        "^" => Some(a ^ b),
        "<<" => shift.and_then(|bits| a.checked_shl(bits)),
        ">>" => shift.and_then(|bits| a.checked_shr(bits)),
        _ => return order(op, a.partial_cmp(&b)),
    };
    number.map(|number| Operand::Int(number).into_script()).ok_or_else(|| overflow(op))
}

fn floats(op: &str, a: f64, b: f64) -> Answer {
    Ok(match op {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "%" => a % b,
        "**" => a.powf(b),
        "&" | "|" | "^" | "<<" | ">>" => return Err(fault(format!("'{op}' works on integers only"))),
        _ => return order(op, a.partial_cmp(&b)),
    }
    .into())
}

fn texts(op: &str, a: &str, b: &str) -> Answer {
    match op {
        "+" => Ok(format!("{a}{b}").into()),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => order(op, a.partial_cmp(b)),
        _ => Err(fault(format!("'{op}' does not work on texts"))),
    }
}

fn order(op: &str, ordering: Option<std::cmp::Ordering>) -> Answer {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let holds = match op {
        "==" => ordering == Some(Equal),
        "!=" => ordering != Some(Equal),
        "<" => ordering == Some(Less),
        "<=" => matches!(ordering, Some(Less | Equal)),
        ">" => ordering == Some(Greater),
        ">=" => matches!(ordering, Some(Greater | Equal)),
        _ => return Err(fault(format!("'{op}' is no operator here"))),
    };
    Ok(holds.into())
}
