//! Native values to script values and back.

use pinvoke::value::{Pointer, TypeRef, Value, View, ViewError};
use pinvoke_decl::types::TypeKind;
use rhai::{Blob, Dynamic, FnPtr, INT, ImmutableString, Map};

use super::{Place, function};

/// A number or a text to calculate with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// An integer.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
}

impl Operand {
    /// As a script value: the language's own integer where it is wide enough.
    pub(super) fn into_script(self) -> Dynamic {
        match self {
            Operand::Int(n) => INT::try_from(n).map_or_else(|_| Dynamic::from(n), Dynamic::from),
            Operand::Float(x) => x.into(),
            Operand::Text(text) => text.into(),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        match self {
            Operand::Int(n) => *n == 0,
            Operand::Float(x) => *x == 0.0,
            Operand::Text(_) => false,
        }
    }

    pub(super) fn float(&self) -> f64 {
        match self {
            Operand::Int(n) => *n as f64,
            Operand::Float(x) => *x,
            Operand::Text(_) => f64::NAN,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Operand::Int(n) => n.to_string(),
            Operand::Float(x) => x.to_string(),
            Operand::Text(text) => text.clone(),
        }
    }

    /// The operand that a value is, if it is one.
    pub(super) fn of(value: &Value) -> Option<Operand> {
        Some(match value {
            Value::Bool(b) => Operand::Int((*b).into()),
            Value::Int(n) | Value::Enum { number: n, .. } => Operand::Int(*n),
            Value::Char(c) => Operand::Int(u32::from(*c).into()),
            Value::Float(x) => Operand::Float(*x),
            Value::LongDouble(x) => Operand::Float(x.to_f64()),
            Value::Text(text) => Operand::Text(text.clone()),
            _ => return None,
        })
    }
}

/// What stands at a native place, for an expression: numbers and texts by value, the rest as a [`Place`].
pub(super) fn to_script(view: &View) -> Result<Dynamic, ViewError> {
    let ty = view.type_ref();
    Ok(match ty.kind() {
        TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Vector { .. } => {
            Dynamic::from(Place::new(view.clone()))
        }
        TypeKind::Array { element, .. } => {
            let chars = matches!(ty.sibling(*element).kind(), TypeKind::Char | TypeKind::WideChar);
            if chars { value_to_script(&view.read()?, view) } else { Dynamic::from(Place::new(view.clone())) }
        }
        TypeKind::Pointer { to } => {
            let to = ty.sibling(*to);
            let text = matches!(to.kind(), TypeKind::Char | TypeKind::WideChar);
            match view.read()? {
                Value::Null => Dynamic::UNIT,
                // What may be written to must stay a place; a constant text is the text itself.
                value if text && to.get().is_const => value_to_script(&value, view),
                value @ Value::Function(_) => value_to_script(&value, view),
                _ => Dynamic::from(Place::new(view.clone())),
            }
        }
        _ => value_to_script(&view.read()?, view),
    })
}

/// A value that was read from `view`.
fn value_to_script(value: &Value, view: &View) -> Dynamic {
    match value {
        Value::Pointer(_) => Dynamic::from(Place::new(view.clone())),
        other => copy_to_script(other),
    }
}

/// A value that depends on no place; addresses become numbers.
pub(super) fn copy_to_script(value: &Value) -> Dynamic {
    match value {
        Value::Bool(b) => (*b).into(),
        Value::Char(c) => (*c).into(),
        Value::Uint(n) => Dynamic::from(i128::try_from(*n).unwrap_or(i128::MAX)),
        Value::Int(_) | Value::Enum { .. } | Value::Float(_) | Value::LongDouble(_) | Value::Text(_) => {
            Operand::of(value).map_or(Dynamic::UNIT, Operand::into_script)
        }
        Value::Complex(re, im) => {
            let parts = [("re", *re), ("im", *im)];
            Dynamic::from_map(parts.into_iter().map(|(name, part)| (name.into(), part.into())).collect())
        }
        Value::Bytes(bytes) => Dynamic::from_blob(bytes.clone()),
        Value::Array(items) => Dynamic::from_array(items.iter().map(copy_to_script).collect()),
        Value::Struct(fields) => {
            let fields = fields.iter().map(|(name, value)| ((&**name).into(), copy_to_script(value)));
            Dynamic::from_map(fields.collect::<Map>())
        }
        Value::Pointer(pointer) => Operand::Int(pointer.address() as i128).into_script(),
        Value::Function(pointer) => function::to_script(pointer),
        _ => Dynamic::UNIT,
    }
}

/// A script value as `print` shows it.
pub(super) fn text(value: &Dynamic) -> String {
    match value.clone().try_cast::<Place>() {
        Some(place) => place.show(),
        None if value.is_unit() => "null".to_owned(),
        None if value.is_fnptr() => {
            from_script(value).map_or_else(|| value.to_string(), |value| value.to_string())
        }
        None if value.is_string() => format!("{value:?}"),
        None => value.to_string(),
    }
}

/// A script value as a native one of any type; `None` if there is none.
pub(super) fn from_script(value: &Dynamic) -> Option<Value> {
    if value.is_unit() {
        return Some(Value::Null);
    }
    if let Ok(n) = value.as_int() {
        return Some(Value::Int(n.into()));
    }
    if let Ok(x) = value.as_float() {
        return Some(Value::Float(x));
    }
    if let Ok(b) = value.as_bool() {
        return Some(Value::Bool(b));
    }
    if let Ok(c) = value.as_char() {
        return Some(Value::Char(c));
    }
    if let Some(n) = value.clone().try_cast::<i128>() {
        return Some(Value::Int(n));
    }
    if let Some(text) = value.clone().try_cast::<ImmutableString>() {
        return Some(Value::Text(text.into()));
    }
    if let Some(place) = value.clone().try_cast::<Place>() {
        return place.view().read().ok();
    }
    if let Some(function) = value.clone().try_cast::<FnPtr>() {
        return function::from_pointer(&function).map(Value::Function);
    }
    if let Some(bytes) = value.clone().try_cast::<Blob>() {
        return Some(Value::Bytes(bytes));
    }
    if let Some(items) = value.clone().try_cast::<rhai::Array>() {
        return items.iter().map(from_script).collect::<Option<_>>().map(Value::Array);
    }
    if let Some(fields) = value.clone().try_cast::<Map>() {
        let fields = fields.iter().map(|(name, value)| Some((name.as_str().into(), from_script(value)?)));
        return fields.collect::<Option<_>>().map(Value::Struct);
    }
    None
}

/// The answer of a callback, which must suit the result type that native code expects.
pub(super) fn to_native(value: Dynamic, ret: &TypeRef) -> Result<Value, String> {
    use TypeKind::{
        Array, Bool, Char, Complex, Enum, Float, Function, Int, Opaque, Pointer, Struct, Union, Vector, Void,
        WideChar,
    };
    if matches!(ret.kind(), Void) {
        return Ok(Value::Void);
    }
    let mismatch = || match value.type_name() {
        "()" => format!("the expression gives nothing, and '{ret}' is expected"),
        name => format!("the expression gives a value of type {name}, and '{ret}' is expected"),
    };
    let by_value = !matches!(ret.kind(), Pointer { .. } | Struct(_) | Union(_) | Vector { .. });
    // A place stands for the number in it, as it does in arithmetic.
    let native = match value.clone().try_cast::<Place>() {
        Some(place) if by_value => place.operand().map_err(|_| mismatch())?.into_script(),
        _ => value.clone(),
    };
    let native = from_script(&native).ok_or_else(mismatch)?;
    let suits = match (ret.kind(), &native) {
        (Int { .. } | Char | WideChar | Enum(_), Value::Int(n)) => return integer(*n, ret),
        (Int { .. } | Char | WideChar, Value::Char(_)) => true,
        (Int { .. } | Char | WideChar | Bool, Value::Bool(_)) => true,
        (Int { .. } | Char | WideChar, Value::Float(x)) => x.fract() == 0.0,
        (Bool, Value::Int(n)) => matches!(n, 0 | 1),
        (Enum(_), Value::Text(_) | Value::Enum { .. }) => true,
        (Float, Value::Float(_) | Value::Int(_) | Value::LongDouble(_)) => true,
        (Complex, Value::Complex(..) | Value::Float(_) | Value::Int(_)) => true,
        (Pointer { .. }, Value::Int(n)) => match usize::try_from(*n) {
            Ok(address) => return Ok(Value::Pointer(self::Pointer::new(address))),
            Err(_) => false,
        },
        (Pointer { .. }, Value::Null | Value::Pointer(_) | Value::Function(_) | Value::Text(_)) => true,
        (Pointer { .. }, Value::Bytes(_) | Value::Array(_) | Value::Struct(_)) => true,
        (Struct(_) | Union(_), Value::Struct(_) | Value::Array(_)) => true,
        (Vector { .. }, Value::Array(_) | Value::Bytes(_)) => true,
        (Void | Function(_) | Opaque { .. } | Array { .. }, _) => false,
        _ => false,
    };
    if suits { Ok(native) } else { Err(mismatch()) }
}

/// An integer that fits the type.
fn integer(n: i128, ty: &TypeRef) -> Result<Value, String> {
    let bits = 8 * ty.size().unwrap_or(16);
    let signed = match ty.kind() {
        TypeKind::Int { signed } => *signed,
        TypeKind::Enum(e) => e.signed,
        // Characters are written either way.
        _ => n < 0,
    };
    let fits = match (signed, bits) {
        (true, 128..) => true,
        (true, bits) => (-(1i128 << (bits - 1))..1i128 << (bits - 1)).contains(&n),
        (false, 127..) => n >= 0,
        (false, bits) => (0..1i128 << bits).contains(&n),
    };
    if fits { Ok(Value::Int(n)) } else { Err(format!("{n} does not fit the result type '{ty}'")) }
}
