//! Values for people and for programs.

use pinvoke::value::{TypeRef, Value};
use pinvoke_decl::types::TypeKind;
use serde_json::json;

use crate::literal::typing::member;
use crate::native;
use crate::report::Shown;

/// A value as it is.
pub(crate) fn shown(value: &Value) -> Shown {
    Shown { text: value.to_string(), json: to_json(value) }
}

/// The value with every `float` in it as the number that its shortest decimal means. Values are `double`s,
/// and would show digits that a `float` does not have: 1.4142135381698608 for 1.4142135.
pub(crate) fn narrowed(value: &Value, ty: &TypeRef) -> Value {
    match (value, ty.kind()) {
        (Value::Float(number), TypeKind::Float) if ty.size() == Some(4) => Value::Float(shortest(*number)),
        (Value::Complex(re, im), TypeKind::Complex) if ty.size() == Some(8) => {
            Value::Complex(shortest(*re), shortest(*im))
        }
        (Value::Array(items), kind) => {
            // Memory behind a pointer has as many elements as were asked for, each of the type itself.
            let element = match kind {
                TypeKind::Array { element, .. } | TypeKind::Vector { element, .. } => ty.sibling(*element),
                _ => ty.clone(),
            };
            Value::Array(items.iter().map(|item| narrowed(item, &element)).collect())
        }
        (Value::Struct(fields), _) => {
            let narrowed = |(name, value): &(std::sync::Arc<str>, Value)| {
                let value = member(ty, name).map_or_else(|| value.clone(), |ty| narrowed(value, &ty));
                (name.clone(), value)
            };
            Value::Struct(fields.iter().map(narrowed).collect())
        }
        _ => value.clone(),
    }
}

fn shortest(number: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "the number came from a float")]
    let float = number as f32;
    float.to_string().parse().unwrap_or(number)
}

/// A value that a function returned or a variable holds: where it is the address of a structure, the
/// structure is shown, if it can be read.
pub(crate) fn followed(value: &Value) -> Shown {
    let Value::Pointer(pointer) = value else { return shown(value) };
    let Some(to) = pointer.pointee().filter(|to| is_record(to)) else { return shown(value) };
    let size = to.size().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
    if size == 0 || !native::is_readable(pointer.address(), size) {
        return shown(value);
    }
    match native::view_at(to.clone(), pointer.address()).read() {
        Ok(target) => {
            let target = narrowed(&target, to);
            Shown { text: format!("&{target}"), json: to_json(&target) }
        }
        Err(_) => shown(value),
    }
}

fn is_record(ty: &TypeRef) -> bool {
    matches!(ty.kind(), TypeKind::Struct(_) | TypeKind::Union(_))
}

/// A value as JSON. Integers beyond 64 bits and numbers that are none become strings, addresses strings with
/// `0x`, bytes arrays of numbers.
pub(crate) fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Void | Value::Null => serde_json::Value::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
            (Ok(value), _) => json!(value),
            (_, Ok(value)) => json!(value),
            _ => json!(value.to_string()),
        },
        Value::Uint(value) => {
            u64::try_from(*value).map_or_else(|_| json!(value.to_string()), |value| json!(value))
        }
        Value::Enum { name, number } => json!({ "name": &**name, "value": to_json(&Value::Int(*number)) }),
        Value::Float(value) => float(*value),
        Value::LongDouble(value) => json!(value.to_string()),
        Value::Complex(re, im) => json!({ "re": float(*re), "im": float(*im) }),
        Value::Char(c) => json!(c.to_string()),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!(bytes),
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Struct(fields) => fields
            .iter()
            .map(|(name, value)| (name.to_string(), to_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => json!(other.to_string()),
    }
}

fn float(value: f64) -> serde_json::Value {
    serde_json::Number::from_f64(value).map_or_else(|| json!(Value::Float(value).to_string()), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_have_no_digits_of_their_own() {
        let unit = pinvoke_decl::Unit::new(pinvoke_abi::target::Target::HOST);
        let (types, id) = unit.type_named("struct { float f; double d; float a[2]; }").unwrap();
        let ty = TypeRef::new(&types, id);
        let (tenth, exact) = (Value::Float(0.1f32.into()), Value::Float(0.1f32.into()));
        let array = Value::Array(vec![tenth.clone(), Value::Float(f64::INFINITY)]);
        let value = Value::Struct(vec![("f".into(), tenth), ("d".into(), exact), ("a".into(), array)]);
        assert_eq!(narrowed(&value, &ty).to_string(), "{f: 0.1, d: 0.10000000149011612, a: [0.1, inf]}");
    }

    #[test]
    fn values_become_json() {
        for (value, expected) in [
            (Value::Int(-1), json!(-1)),
            (Value::Int(i128::from(u64::MAX)), json!(u64::MAX)),
            (Value::Int(1 << 100), json!("1267650600228229401496703205376")),
            (Value::Float(f64::NAN), json!("nan")),
            (Value::Float(0.5), json!(0.5)),
            (Value::Bytes(vec![1, 255]), json!([1, 255])),
            (Value::Struct(vec![("x".into(), Value::Null)]), json!({ "x": null })),
        ] {
            assert_eq!(to_json(&value), expected);
        }
    }
}
