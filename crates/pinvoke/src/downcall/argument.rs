//! Arguments of all forms, named and variable, written into their places.
//!
//! A named parameter rules over its argument. An argument for `...` has no parameter: its type is the one
//! stated with it, or the one that C would give the literal (6.4.4.1 and the default argument promotions of
//! 6.5.2.2): an integer is an `int`, a `long` or a `long long`, the first that holds it; a fraction is a
//! `double`; a text is a `const char *`.

use pinvoke_abi::layout::{Kind, Layout};
use pinvoke_abi::target::Target;
use pinvoke_decl::marshaller::{Direction, MarshalStep, Marshaller};
use pinvoke_decl::types::{TypeId, TypeKind, TypeTable};

use super::{Arg, Position};
use crate::dynamic::{
    self, Content, Frame, Mismatch, Parameter, Pending, Trust, callback, scalar, size_of, write_argument,
};
use crate::value::{LongDouble, TypeRef, Value};

/// Why an argument was refused: the message, position included.
pub(super) type Refused = String;

/// What to put in a parameter; `None` for a nested stated type, which has no content of its own.
fn content(arg: &Arg) -> Option<Content<'_>> {
    match arg {
        Arg::Value(value) => Some(Content::Value(value)),
        Arg::InOut { value, capacity } => Some(Content::Roomy(value, *capacity)),
        Arg::Out(count) => Some(Content::Out(*count)),
        Arg::Typed(..) => None,
    }
}

/// Converts a value to a stated type and back, as a cast in C does, without losing any of it.
fn converted(ty: &TypeRef, value: &Value) -> Result<Value, Mismatch> {
    let (types, id) = (ty.table(), ty.id());
    let mut bytes = vec![0; size_of(types, id)];
    let mut frame = Frame::without_memory("a value of this type needs memory of its own here");
    dynamic::write(&mut frame, types, id, value, None, &mut bytes)?;
    Ok(dynamic::read(&Trust::NONE.reader(), types, id, None, &bytes))
}

/// Whether a type is a number, and so converted by value.
fn is_number(ty: &TypeRef) -> bool {
    use Marshaller::{Bool, Complex, Enumeration, Float, Integer};
    matches!(Marshaller::of(ty.table(), ty.id()), Bool | Integer | Enumeration | Float | Complex)
}

/// Writes the argument of a named parameter.
pub(super) fn write_named(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    step: &MarshalStep,
    index: usize,
    arg: &Arg,
    out: &mut [u8],
) -> Result<Option<Pending>, Refused> {
    let position = frame.position.clone();
    let told = |m: Mismatch| m.at(&position);
    let parameter = Parameter { types, id: step.ty, direction: step.direction, count: step.count };
    let Arg::Typed(stated, inner) = arg else {
        let Some(content) = content(arg) else { return Err(nested(&position)) };
        return write_argument(frame, index, parameter, content, out).map_err(told);
    };
    let Some(content) = content(inner) else { return Err(nested(&position)) };
    let same = Marshaller::of(stated.table(), stated.id()) == step.marshaller;
    match content {
        Content::Value(value) if is_number(stated) => {
            let value = converted(stated, value).map_err(told)?;
            write_argument(frame, index, parameter, Content::Value(&value), out).map_err(told)
        }
        _ if step.marshaller == Marshaller::Bytes => {
            write_stated(frame, stated, index, content, out).map_err(told)
        }
        _ if same => write_argument(frame, index, parameter, content, out).map_err(told),
        _ => {
            let declared = types.display(step.ty);
            Err(format!("{position} is declared as '{declared}', which is not the stated type '{stated}'"))
        }
    }
}

fn nested(position: &Position) -> Refused {
    format!("{position} has two stated types; state one")
}

/// Writes an argument by its stated type, which is an address in the end: a pointer, or an array or
/// function that turns into one.
fn write_stated(
    frame: &mut Frame<'_>,
    stated: &TypeRef,
    index: usize,
    content: Content<'_>,
    out: &mut [u8],
) -> Result<Option<Pending>, Mismatch> {
    let (types, id) = (stated.table(), stated.id());
    match (stated.kind(), content) {
        (TypeKind::Function(_), Content::Value(Value::Callback(handler))) => {
            let address = callback::write(frame, types, (id, id), handler)?;
            out.copy_from_slice(&address.to_le_bytes()[..out.len()]);
            Ok(None)
        }
        (TypeKind::Pointer { .. }, _) => {
            let parameter = Parameter { types, id, direction: direction_of(types, id), count: None };
            write_argument(frame, index, parameter, content, out)
        }
        (TypeKind::Array { element, len }, _) => {
            let parameter = Parameter { types, id, direction: Direction::InOut, count: *len };
            dynamic::write_array_argument(frame, index, parameter, *element, content, out)
        }
        _ => Err(Mismatch::because(types, id, "it is no address; state a pointer type")),
    }
}

/// Memory behind a pointer is copied back unless it is `const`.
fn direction_of(types: &TypeTable, id: TypeId) -> Direction {
    match dynamic::pointee(types, id) {
        Some(to) if !types.get(to).is_const => Direction::InOut,
        _ => Direction::In,
    }
}

/// The type of an argument for `...`, after promotion.
#[derive(Debug)]
pub(super) enum Variable<'a> {
    /// Stated, and as it is passed: what stands behind it is written by this type.
    Stated(&'a TypeRef, Content<'a>),
    /// A number of this layout.
    Number(Layout, Value),
    /// Text or bytes, with a null behind them.
    Constant(&'a [u8]),
    /// An address.
    Address(usize),
}

impl<'a> Variable<'a> {
    /// The type that an argument for `...` has.
    pub(super) fn of(arg: &'a Arg, target: Target, position: &Position) -> Result<Variable<'a>, Refused> {
        match arg {
            Arg::Value(value) => Variable::inferred(value, target, position),
            Arg::Typed(stated, inner) => match (content(inner), is_number(stated)) {
                (None, _) => Err(nested(position)),
                (Some(Content::Value(value)), true) => {
                    let value = converted(stated, value).map_err(|m| m.at(position))?;
                    Ok(Variable::Number(promoted(stated, target), value))
                }
                (Some(_), true) => Err(format!(
                    "{position} cannot be out, as '{stated}' is no pointer; state one, as in (int *) out"
                )),
                (Some(content), false) => Ok(Variable::Stated(stated, content)),
            },
            Arg::Out(_) | Arg::InOut { .. } => {
                Err(format!("{position} needs a stated type to be out, as in (int *) out"))
            }
        }
    }

    fn inferred(value: &'a Value, target: Target, position: &Position) -> Result<Variable<'a>, Refused> {
        let number = |layout: Layout, value: Value| Ok(Variable::Number(layout, value));
        let int = |size| Layout::int(target, size, true);
        match value {
            Value::Bool(v) => number(int(4), Value::Int(i128::from(*v))),
            Value::Char(c) => number(int(4), Value::Int(i128::from(u32::from(*c)))),
            Value::Int(v) | Value::Enum { number: v, .. } => {
                let layout = if i32::try_from(*v).is_ok() {
                    int(4)
                } else if i64::try_from(*v).is_ok() {
                    int(8)
                } else if u64::try_from(*v).is_ok() {
                    Layout::int(target, 8, false)
                } else {
                    int(16)
                };
                number(layout, Value::Int(*v))
            }
            Value::Uint(v) => number(Layout::int(target, 16, false), Value::Uint(*v)),
            Value::Float(_) => number(Layout::float(target, 8), value.clone()),
            Value::LongDouble(_) => number(Layout::long_double(target), value.clone()),
            Value::Complex(..) => number(Layout::complex(&Layout::float(target, 8)), value.clone()),
            Value::Text(text) => match text.find('\0') {
                Some(at) => Err(format!(
                    "{position}: the text has a null character at byte {at}, where a C string ends; give \
                     bytes to pass it all"
                )),
                None => Ok(Variable::Constant(text.as_bytes())),
            },
            Value::Bytes(bytes) => Ok(Variable::Constant(bytes)),
            Value::Null => Ok(Variable::Address(0)),
            Value::Pointer(p) => Ok(Variable::Address(p.address())),
            Value::Function(f) => Ok(Variable::Address(f.code().addr())),
            Value::Void | Value::Array(_) | Value::Struct(_) | Value::Callback(_) => Err(format!(
                "{position}: what {} is passed as must be stated, as in (int *) [1, 2]",
                value.noun()
            )),
        }
    }

    /// Its layout in the signature of the call.
    pub(super) fn layout(&self, target: Target) -> Layout {
        match self {
            Variable::Number(layout, _) => layout.clone(),
            Variable::Stated(stated, _) => match (stated.kind(), &stated.get().layout) {
                (TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Vector { .. }, Some(layout)) => {
                    layout.clone()
                }
                _ => Layout::pointer(target),
            },
            Variable::Constant(_) | Variable::Address(_) => Layout::pointer(target),
        }
    }

    /// Writes it.
    pub(super) fn write(
        &self,
        frame: &mut Frame<'_>,
        index: usize,
        out: &mut [u8],
    ) -> Result<Option<Pending>, Refused> {
        match self {
            Variable::Number(layout, value) => {
                number_bytes(layout, value, out);
                Ok(None)
            }
            Variable::Stated(stated, content) => {
                let aggregate = matches!(
                    stated.kind(),
                    TypeKind::Struct(_) | TypeKind::Union(_) | TypeKind::Vector { .. }
                );
                let position = frame.position.clone();
                match content {
                    Content::Value(value) if aggregate => {
                        frame.writable = false;
                        dynamic::write(frame, stated.table(), stated.id(), value, None, out).map(|()| None)
                    }
                    _ => write_stated(frame, stated, index, *content, out),
                }
                .map_err(|m| m.at(position))
            }
            Variable::Constant(bytes) => {
                let mut text = bytes.to_vec();
                text.push(0);
                let address = frame
                    .hold_constant(&text, 1)
                    .ok_or_else(|| format!("there is no memory for {}", frame.position))?;
                out.copy_from_slice(&address.to_le_bytes()[..out.len()]);
                Ok(None)
            }
            Variable::Address(address) => {
                out.copy_from_slice(&address.to_le_bytes()[..out.len()]);
                Ok(None)
            }
        }
    }
}

/// The layout of a number after the default argument promotions.
fn promoted(ty: &TypeRef, target: Target) -> Layout {
    let int = Layout::int(target, 4, true);
    match &ty.get().layout {
        Some(layout) => match layout.kind {
            Kind::Int { .. } | Kind::Bool if layout.size < 4 => int,
            Kind::Float if layout.size == 4 => Layout::float(target, 8),
            _ => layout.clone(),
        },
        None => int,
    }
}

/// The bytes of a number that is known to fit its layout.
fn number_bytes(layout: &Layout, value: &Value, out: &mut [u8]) {
    let float = |value: &Value, out: &mut [u8]| match value {
        Value::Float(v) if out.len() == 8 => out.copy_from_slice(&v.to_le_bytes()),
        Value::Float(v) => {
            #[expect(clippy::cast_possible_truncation, reason = "read from a float, so it is one")]
            out.copy_from_slice(&(*v as f32).to_le_bytes());
        }
        Value::LongDouble(v) => out[..LongDouble::SIZE].copy_from_slice(&v.to_bytes()),
        Value::Bytes(raw) => out.copy_from_slice(raw),
        _ => {}
    };
    let integer = |bits: u128, out: &mut [u8]| {
        let len = out.len().min(16);
        out[..len].copy_from_slice(&bits.to_le_bytes()[..len]);
    };
    match value {
        Value::Bool(v) => integer(u128::from(*v), out),
        Value::Int(v) | Value::Enum { number: v, .. } => integer(v.cast_unsigned(), out),
        Value::Uint(v) => integer(*v, out),
        Value::Char(c) => integer(u128::from(u32::from(*c)), out),
        Value::Complex(re, im) => {
            let long = scalar::is_long(layout);
            let half = out.len() / 2;
            let (a, b) = out.split_at_mut(half);
            for (part, out) in [(*re, a), (*im, b)] {
                let part = if long { Value::LongDouble(part.into()) } else { Value::Float(part) };
                float(&part, out);
            }
        }
        other => float(other, out),
    }
}
