//! Literals fitted to the declared type of their parameter.
//!
//! The type decides what a text means: `0x10` is a text for a `const char *`, an address for a `void *`, a
//! number for an `int`. Ranges and shapes are checked by the marshallers, which know the rules; here is only
//! what the notation needs.

use std::ffi::OsStr;

use pinvoke::downcall::Arg;
use pinvoke::native::CodePtr;
use pinvoke::value::{LongDouble, Pointer, TypeRef, Value};
use pinvoke_decl::Unit;
use pinvoke_decl::types::{Record, TypeKind};

use super::{Literal, LiteralError, Node, parse};
use crate::excerpt::excerpt;
use crate::failure::{Failure, Kind};

/// What the notation may refer to.
pub(crate) struct Names<'a> {
    /// The declarations: types of casts, constants.
    pub(crate) unit: &'a Unit,
    /// Functions, for parameters that want the address of one.
    pub(crate) function: &'a dyn Fn(&str) -> Option<CodePtr>,
    /// Compiles a callback expression for a pointer to a function.
    pub(crate) callback: &'a dyn Fn(&str, &TypeRef) -> Result<Value, Failure>,
}

/// What an argument turned out to be.
pub(crate) enum Fitted {
    /// An argument of the call.
    Arg(Arg),
    /// The text of a callback expression.
    Callback,
}

/// Fits the text of an argument to the type of its parameter; `None` for a variable argument. `label` names
/// the argument in messages.
pub(crate) fn fit(
    text: &OsStr,
    ty: Option<&TypeRef>,
    label: &str,
    names: &Names<'_>,
) -> Result<Fitted, Failure> {
    let Some(utf8) = text.to_str() else {
        return match ty.filter(|ty| is_text(ty)) {
            Some(_) => Ok(Fitted::Arg(Arg::Value(Value::Bytes(text.as_encoded_bytes().to_vec())))),
            None => Err(Failure::new(Kind::Argument, format!("{label} is not valid UTF-8"))),
        };
    };
    let fitted = match ty {
        None => names.variable(utf8),
        Some(ty) if is_function_pointer(ty) => names.function_pointer(utf8, ty),
        Some(ty) if is_text(ty) => names.text(utf8, ty).map(Fitted::Arg),
        Some(ty) => names.other(utf8, ty).map(Fitted::Arg),
    };
    fitted.map_err(|error| bad_argument(label, ty, utf8, &error))
}

/// The failure that shows where in an argument the error is.
fn bad_argument(label: &str, declared: Option<&TypeRef>, text: &str, error: &LiteralError) -> Failure {
    let shown = excerpt(label, text, error.span.clone());
    let mut failure = Failure::new(Kind::Argument, format!("{}\n{shown}", error.message));
    if let Some(ty) = declared {
        failure = failure.note(format!("declared as {ty}"));
    }
    if let Some(help) = &error.help {
        failure = failure.help(help.clone());
    }
    failure
        .fact("argument", label)
        .fact("text", text)
        .fact("start", error.span.start)
        .fact("end", error.span.end)
}

/// Whether values of the type are text: `char *` and its wide relatives.
pub(crate) fn is_text(ty: &TypeRef) -> bool {
    ty.pointee().is_some_and(|to| matches!(to.kind(), TypeKind::Char | TypeKind::WideChar))
}

/// Whether values of the type are addresses of functions.
pub(crate) fn is_function_pointer(ty: &TypeRef) -> bool {
    ty.pointee().is_some_and(|to| matches!(to.kind(), TypeKind::Function(_)))
}

impl Names<'_> {
    /// A callback expression, unless it is null, an address or the name of a function.
    fn function_pointer(&self, text: &str, ty: &TypeRef) -> Result<Fitted, LiteralError> {
        match parse(text) {
            Ok(node @ Node { literal: Literal::Null | Literal::Int { .. } | Literal::Name(_), .. }) => {
                self.value(&node, Some(ty)).map(|value| Fitted::Arg(Arg::Value(value)))
            }
            // `&strcmp` is as good C as `strcmp`.
            Ok(Node { literal: Literal::AddressOf(inner), .. })
                if matches!(inner.literal, Literal::Name(_)) =>
            {
                self.value(&inner, Some(ty)).map(|value| Fitted::Arg(Arg::Value(value)))
            }
            _ => Ok(Fitted::Callback),
        }
    }

    /// Text as it stands, unless it is quoted or clearly something else.
    fn text(&self, text: &str, ty: &TypeRef) -> Result<Arg, LiteralError> {
        let trimmed = text.trim_start();
        let quoted =
            ["\"", "b\"", "L\"", "u\"", "U\"", "u8\""].iter().any(|start| trimmed.starts_with(start));
        let parsed = parse(text);
        match parsed {
            Ok(Node {
                literal: Literal::Null | Literal::Text(_) | Literal::Bytes(_) | Literal::Out { .. },
                ..
            }) => self.arg(&parsed?, ty),
            // `(char *) 0x7f..`, but not `(hello)`.
            Ok(Node { literal: Literal::Cast { ref ty, .. }, .. }) if self.unit.type_named(ty).is_ok() => {
                let node = parsed?;
                self.cast(&node)
            }
            Err(error) if quoted || trimmed.starts_with("out[") => Err(error),
            _ => Ok(Arg::Value(Value::Text(text.to_owned()))),
        }
    }

    /// Everything that is neither text nor a function. What is no literal may be a constant expression.
    fn other(&self, text: &str, ty: &TypeRef) -> Result<Arg, LiteralError> {
        let mut chars = text.chars();
        if let (TypeKind::Char | TypeKind::WideChar, Some(c), None) = (ty.kind(), chars.next(), chars.next())
            && !c.is_ascii_digit()
        {
            return Ok(Arg::Value(Value::Char(c)));
        }
        let error = match parse(text) {
            Ok(node) => match &node.literal {
                Literal::Cast { .. } => return self.cast(&node),
                _ => return self.arg(&node, ty),
            },
            Err(error) => error,
        };
        let integer =
            matches!(ty.kind(), TypeKind::Int { .. } | TypeKind::Enum(_) | TypeKind::Char | TypeKind::Bool);
        if !integer || !text.contains(|c: char| c.is_alphanumeric()) {
            return Err(error);
        }
        match self.constant(text, 0) {
            Ok(value) => Ok(Arg::Value(value)),
            // An expression has an operator or a name in it; what has none is a number gone wrong.
            Err(other)
                if text.trim_start().starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '~')
                    || text.contains(['|', '<', '*', '/', '%', '^', '?']) =>
            {
                Err(other)
            }
            Err(_) => Err(error),
        }
    }

    /// A variable argument: what it looks like decides.
    fn variable(&self, text: &str) -> Result<Fitted, LiteralError> {
        let arg = |ty: &str, value: Value| self.typed(ty, Arg::Value(value)).map(Fitted::Arg);
        let node = match parse(text) {
            Ok(node) => node,
            Err(error) if text.trim_start().starts_with(['"', '[', '{', '\'']) => return Err(error),
            Err(_) if text.contains(['|', '&']) && self.unit.evaluate(text).is_ok() => {
                return arg("int", self.constant(text, 0)?);
            }
            Err(_) => return arg("const char *", Value::Text(text.to_owned())),
        };
        match &node.literal {
            Literal::Cast { .. } => self.cast(&node).map(Fitted::Arg),
            Literal::Null => arg("void *", Value::Null),
            Literal::Bool(value) => arg("int", Value::Int(i128::from(*value))),
            Literal::Int { .. } => {
                let value = self.value(&node, None)?;
                let ty = match value {
                    Value::Int(v) if i32::try_from(v).is_ok() => "int",
                    Value::Int(v) if i64::try_from(v).is_ok() => "long long",
                    Value::Int(v) if u64::try_from(v).is_ok() => "unsigned long long",
                    Value::Int(_) => "__int128",
                    _ => "unsigned __int128",
                };
                arg(ty, value)
            }
            Literal::Float { .. } => arg("double", self.value(&node, None)?),
            Literal::Complex(..) => arg("double _Complex", self.value(&node, None)?),
            Literal::Char(c) => arg("int", Value::Int(i128::from(u32::from(*c)))),
            Literal::Text(_) | Literal::Bytes(_) => arg("const char *", self.value(&node, None)?),
            Literal::Name(name) => match self.unit.evaluate(name) {
                Ok(value) => arg("int", Value::Int(value)),
                Err(_) => arg("const char *", Value::Text(text.to_owned())),
            },
            Literal::Out { .. }
            | Literal::Array(_)
            | Literal::Struct(_)
            | Literal::AddressOf(_)
            | Literal::Callback(_) => {
                Err(LiteralError::new(node.span.clone(), "the type of this variable argument must be stated")
                    .help(format!("put it before the value in parentheses, as in (int *){text}")))
            }
        }
    }

    /// `(type) value` as an argument.
    fn cast(&self, node: &Node) -> Result<Arg, LiteralError> {
        let Literal::Cast { ty, ty_span, value } = &node.literal else {
            return Err(LiteralError::new(node.span.clone(), "expected a type in parentheses"));
        };
        let to = self.type_named(ty, ty_span)?;
        Ok(Arg::Typed(to.clone(), Box::new(self.arg(value, &to)?)))
    }

    fn type_named(&self, ty: &str, span: &std::ops::Range<usize>) -> Result<TypeRef, LiteralError> {
        match self.unit.type_named(ty) {
            Ok((types, id)) => Ok(TypeRef::new(&types, id)),
            Err(findings) => {
                let why = findings.first().map_or_else(|| "unknown".to_owned(), |f| f.message.clone());
                Err(LiteralError::new(span.clone(), format!("'{ty}' is not a type: {why}")))
            }
        }
    }

    fn typed(&self, ty: &str, arg: Arg) -> Result<Arg, LiteralError> {
        Ok(Arg::Typed(self.type_named(ty, &(0..0))?, Box::new(arg)))
    }

    /// A value as an argument of a named parameter.
    fn arg(&self, node: &Node, ty: &TypeRef) -> Result<Arg, LiteralError> {
        match &node.literal {
            Literal::Out { .. } if ty.pointee().is_none() => {
                let message = format!("'out' needs a pointer to fill memory behind, and this is {ty}");
                Err(LiteralError::new(node.span.clone(), message))
            }
            Literal::Out { count, initial: None } => Ok(Arg::Out(*count)),
            Literal::Out { count, initial: Some(initial) } => {
                let value = self.value(initial, Some(ty))?;
                match count {
                    Some(capacity) => Ok(Arg::InOut { value, capacity: *capacity }),
                    None => Ok(Arg::Value(value)),
                }
            }
            Literal::Cast { .. } => self.cast(node),
            _ => self.value(node, Some(ty)).map(Arg::Value),
        }
    }

    /// A value of a type; `None` where nothing is known about it.
    fn value(&self, node: &Node, ty: Option<&TypeRef>) -> Result<Value, LiteralError> {
        let error = |message: String| LiteralError::new(node.span.clone(), message);
        let pointer = ty.filter(|ty| matches!(ty.kind(), TypeKind::Pointer { .. }));
        Ok(match &node.literal {
            Literal::Null => Value::Null,
            Literal::Bool(value) => Value::Bool(*value),
            Literal::Int { negative: false, magnitude: 0, .. } if pointer.is_some() => Value::Null,
            Literal::Int { negative, magnitude, hex } => match pointer {
                Some(ty) => {
                    return address(*negative, *magnitude, *hex, ty).map_err(|(m, h)| error(m).help(h));
                }
                None => integer(*negative, *magnitude)
                    .ok_or_else(|| error("the number does not fit 128 bits".into()))?,
            },
            Literal::Float { value, text } => match ty {
                Some(ty) if is_long_double(ty) => match text.parse::<LongDouble>() {
                    Ok(exact) => Value::LongDouble(exact),
                    // Hexadecimal notation, infinities: a double says it all.
                    Err(_) => Value::Float(*value),
                },
                _ => Value::Float(*value),
            },
            Literal::Complex(re, im) => Value::Complex(*re, *im),
            Literal::Char(c) => Value::Char(*c),
            Literal::Text(text) => Value::Text(text.clone()),
            Literal::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Literal::Array(items) => {
                let element = ty.and_then(element);
                Value::Array(
                    items.iter().map(|item| self.value(item, element.as_ref())).collect::<Result<_, _>>()?,
                )
            }
            Literal::Struct(members) => self.structure(members, ty)?,
            Literal::AddressOf(inner) => {
                let Some(to) = pointer.and_then(TypeRef::pointee) else {
                    let declared = ty.map_or_else(|| "no type at all".to_owned(), ToString::to_string);
                    return Err(error(format!("'&' makes a pointer, and this is {declared}")));
                };
                let value = self.value(inner, Some(&to))?;
                // A structure behind a pointer is written without `&` as well.
                if matches!(value, Value::Struct(_)) { value } else { Value::Array(vec![value]) }
            }
            Literal::Cast { ty, ty_span, value } => {
                let to = self.type_named(ty, ty_span)?;
                self.value(value, Some(&to))?
            }
            Literal::Out { .. } => return Err(error("'out' stands for a whole argument only".into())),
            Literal::Name(name) => self.name(name, node, ty)?,
            Literal::Callback(text) => match ty.filter(|ty| is_function_pointer(ty)) {
                // The caret points at the whole expression: its own excerpt would be one inside another.
                Some(ty) => (self.callback)(text, ty).map_err(|failure| {
                    let first = failure.message.lines().next().unwrap_or_default().to_owned();
                    match failure.more.help.first() {
                        Some(help) => error(first).help(help.clone()),
                        None => error(first),
                    }
                })?,
                None => return Err(error("a callback can stand only for a pointer to a function".into())),
            },
        })
    }

    fn structure(
        &self,
        members: &[(Option<String>, Node)],
        ty: Option<&TypeRef>,
    ) -> Result<Value, LiteralError> {
        // Behind a pointer it is what the pointer points at.
        let target = ty.map(|ty| ty.pointee().unwrap_or_else(|| ty.clone()));
        let named = members.iter().filter(|(name, _)| name.is_some()).count();
        if named == 0 {
            let types: Vec<TypeRef> = target.iter().flat_map(member_types).collect();
            let values = members.iter().enumerate().map(|(i, (_, node))| self.value(node, types.get(i)));
            return Ok(Value::Array(values.collect::<Result<_, _>>()?));
        }
        let mut fields = Vec::new();
        for (name, written) in members {
            let Some(name) = name else {
                return Err(LiteralError::new(
                    written.span.clone(),
                    "either all members have names or none has",
                )
                .help(format!("write name: before it, as in {{{}: ...}}", first_name(members))));
            };
            let field = target.as_ref().and_then(|ty| member(ty, name));
            if let (Some(ty), None) = (&target, &field)
                && record(ty).is_some()
            {
                let message = format!("'{ty}' has no member '{name}'");
                let error = LiteralError::new(written.span.clone(), message);
                return Err(error.help(format!("its members are {}", member_names(ty).join(", "))));
            }
            fields.push((name.as_str().into(), self.value(written, field.as_ref())?));
        }
        Ok(Value::Struct(fields))
    }

    /// A constant or a function.
    fn name(&self, name: &str, node: &Node, ty: Option<&TypeRef>) -> Result<Value, LiteralError> {
        if let Some(ty) = ty {
            if is_function_pointer(ty) {
                return match (self.function)(name) {
                    Some(code) => Ok(Value::Pointer(Pointer::new(code.addr()))),
                    None => {
                        Err(LiteralError::new(node.span.clone(), format!("there is no function '{name}'"))
                            .help("a callback expression looks like |a, b| a - b"))
                    }
                };
            }
            if is_text(ty) {
                return Err(LiteralError::new(node.span.clone(), "expected a text in quotes")
                    .help(format!("write \"{name}\"")));
            }
        }
        if ty.is_some_and(|ty| matches!(ty.kind(), TypeKind::Float | TypeKind::Complex))
            && let Some(number) = mathematical(name)
        {
            return Ok(Value::Float(number));
        }
        self.constant(name, node.span.start)
    }

    /// The value of a constant expression that stands at `at`.
    fn constant(&self, text: &str, at: usize) -> Result<Value, LiteralError> {
        match self.unit.evaluate(text) {
            Ok(value) => Ok(Value::Int(value)),
            Err(findings) => {
                let finding = findings.iter().find(|f| f.is_error()).or(findings.first());
                let (span, message, help) = finding.map_or_else(
                    || (0..text.len(), format!("'{text}' is not a constant"), None),
                    |f| (f.span.start as usize..f.span.end as usize, f.message.clone(), f.help.clone()),
                );
                let span = (at + span.start.min(text.len()))..(at + span.end.min(text.len()));
                let error = LiteralError::new(span, message);
                Err(error.help(help.unwrap_or_else(|| {
                    "constants come from --include HEADER, --decl FILE or the common POSIX headers".to_owned()
                })))
            }
        }
    }
}

/// The constants of `<math.h>`, which are no integers.
fn mathematical(name: &str) -> Option<f64> {
    use std::f64::consts;
    Some(match name {
        "M_PI" => consts::PI,
        "M_PI_2" => consts::FRAC_PI_2,
        "M_PI_4" => consts::FRAC_PI_4,
        "M_E" => consts::E,
        "M_LN2" => consts::LN_2,
        "M_LN10" => consts::LN_10,
        "M_LOG2E" => consts::LOG2_E,
        "M_LOG10E" => consts::LOG10_E,
        "M_SQRT2" => consts::SQRT_2,
        "M_SQRT1_2" => consts::FRAC_1_SQRT_2,
        "DBL_MAX" => f64::MAX,
        "DBL_MIN" => f64::MIN_POSITIVE,
        "DBL_EPSILON" => f64::EPSILON,
        "FLT_MAX" => f32::MAX.into(),
        "FLT_MIN" => f32::MIN_POSITIVE.into(),
        "FLT_EPSILON" => f32::EPSILON.into(),
        _ => return None,
    })
}

fn first_name(members: &[(Option<String>, Node)]) -> &str {
    members.iter().find_map(|(name, _)| name.as_deref()).unwrap_or("name")
}

fn integer(negative: bool, magnitude: u128) -> Option<Value> {
    Some(match (negative, i128::try_from(magnitude)) {
        (false, Ok(value)) => Value::Int(value),
        (false, Err(_)) => Value::Uint(magnitude),
        (true, Ok(value)) => Value::Int(-value),
        (true, Err(_)) => Value::Int((magnitude == 1 << 127).then_some(i128::MIN)?),
    })
}

fn address(negative: bool, magnitude: u128, hex: bool, ty: &TypeRef) -> Result<Value, (String, String)> {
    let text = if negative { format!("-{magnitude}") } else { magnitude.to_string() };
    if !hex || negative {
        let to = ty.pointee().map_or_else(String::new, |to| to.to_string());
        let help = if is_function_pointer(ty) {
            "write a callback expression such as |a, b| a - b, null, or the name of a function".to_owned()
        } else if ty.pointee().is_some_and(|to| matches!(to.kind(), TypeKind::Void)) {
            format!("write {magnitude:#x} for an address, or (int *)&{text} for that of a number")
        } else {
            format!("write &{text} or [{text}] for the address of {to} values, {magnitude:#x} for an address")
        };
        return Err((format!("the number {text} is no pointer"), help));
    }
    match usize::try_from(magnitude) {
        Ok(address) => Ok(Value::Pointer(Pointer::new(address))),
        Err(_) => {
            Err((format!("{magnitude:#x} is wider than an address"), "addresses have 64 bits".to_owned()))
        }
    }
}

fn is_long_double(ty: &TypeRef) -> bool {
    matches!(ty.kind(), TypeKind::Float) && ty.size().is_some_and(|size| size > 8)
}

/// What the elements of an array literal for this type are.
fn element(ty: &TypeRef) -> Option<TypeRef> {
    match ty.kind() {
        TypeKind::Pointer { to } => {
            let to = ty.sibling(*to);
            // `int (*)[3]` points at whole arrays.
            Some(to)
        }
        TypeKind::Array { element, .. } | TypeKind::Vector { element, .. } => Some(ty.sibling(*element)),
        // Members by position; their types differ.
        _ => None,
    }
}

fn record(ty: &TypeRef) -> Option<&Record> {
    match ty.kind() {
        TypeKind::Struct(record) | TypeKind::Union(record) => Some(record),
        _ => None,
    }
}

fn member_types(ty: &TypeRef) -> Vec<TypeRef> {
    match (record(ty), ty.kind()) {
        (Some(record), _) => record.fields.iter().map(|field| ty.sibling(field.ty)).collect(),
        (None, TypeKind::Array { element, len }) => {
            vec![ty.sibling(*element); usize::try_from(len.unwrap_or(0)).unwrap_or(0).min(1 << 16)]
        }
        (None, TypeKind::Vector { element, len }) => {
            vec![ty.sibling(*element); usize::try_from(*len).unwrap_or(0)]
        }
        _ => Vec::new(),
    }
}

fn member_names(ty: &TypeRef) -> Vec<String> {
    let fields = record(ty).map(|record| record.fields.as_slice()).unwrap_or_default();
    let names = fields.iter().flat_map(|field| match &field.name {
        Some(name) => vec![name.to_string()],
        None => member_names(&ty.sibling(field.ty)),
    });
    names.collect()
}

/// The type of a member, those of anonymous members included.
pub(crate) fn member(ty: &TypeRef, name: &str) -> Option<TypeRef> {
    let fields = &record(ty)?.fields;
    fields.iter().find_map(|field| match &field.name {
        Some(n) => (**n == *name).then(|| ty.sibling(field.ty)),
        None => member(&ty.sibling(field.ty), name),
    })
}
