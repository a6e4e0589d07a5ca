//! Memory that the callee fills: out parameters, and what is read again after the call.
//!
//! `out` behind `T *` is one zeroed T, `out[n]` is n of them, bytes behind `void *`. How many there are must
//! be said wherever one would be a trap: a `char *` buffer of one byte holds no text, and nobody knows the
//! size of what stands behind `void *`.
//!
//! What was passed by value behind a pointer, or behind a member of a structure that was passed by value, is
//! read twice, right after it was written and after the call.
//! Only a difference is reported: comparing what was *read* makes `[3]` given for a `double *` and the `3.0`
//! found there the same.

use pinvoke_decl::marshaller::{Direction, Marshaller};
use pinvoke_decl::types::{TypeId, TypeKind, TypeTable};

use super::frame::{Frame, Shape};
use super::mismatch::Mismatch;
use super::structure::record;
use super::{Reader, address, array, pointee, scalar, size_of};
use crate::value::{TypeRef, Value};

/// Memory behind an argument that is read after the call.
#[derive(Debug)]
pub(crate) struct Pending {
    /// Index of the argument.
    pub(crate) index: usize,
    /// What leads there.
    pub(crate) through: Through,
    /// What it held before the call; `None` if it is reported in any case.
    pub(crate) before: Option<Value>,
}

/// What leads to memory behind an argument.
#[derive(Debug)]
pub(crate) enum Through {
    /// The argument, which is its address.
    Address(usize),
    /// Members of a structure or union by value: the bytes that were passed, which stay.
    Members(TypeRef, Vec<u8>),
}

impl Through {
    /// What stands there now, if it is ours.
    fn read(&self, frame: &Frame<'_>) -> Option<Value> {
        let reader = Reader::of_call(frame);
        match self {
            Through::Address(address) => frame.read(&reader, *address),
            Through::Members(ty, bytes) => Some(super::read(&reader, ty.table(), ty.id(), None, bytes)),
        }
    }
}

/// What a parameter says about an argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter<'a> {
    /// The table of its type.
    pub(crate) types: &'a TypeTable,
    /// Its type.
    pub(crate) id: TypeId,
    /// Which way it is copied.
    pub(crate) direction: Direction,
    /// Number of elements, where declared.
    pub(crate) count: Option<u64>,
}

/// What to put in a parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// A value, in memory of its own size.
    Value(&'a Value),
    /// A value in memory with room for this many elements.
    Roomy(&'a Value, u64),
    /// Zeroed memory.
    Out(Option<u64>),
}

/// Writes one argument into its place in the argument record.
pub(crate) fn write_argument(
    frame: &mut Frame<'_>,
    index: usize,
    parameter: Parameter<'_>,
    content: Content<'_>,
    out: &mut [u8],
) -> Result<Option<Pending>, Mismatch> {
    let Parameter { types, id, direction, count } = parameter;
    let declared = count.unwrap_or(0);
    let address = match content {
        Content::Value(value) => {
            frame.writable = direction != Direction::In;
            if record(types, id).is_some() {
                return write_record(frame, index, (types, id), value, out);
            }
            if pointee(types, id).is_none() {
                super::write(frame, types, id, value, None, out)?;
                return Ok(None);
            }
            address::write_pointer(frame, types, id, value, declared)?
        }
        Content::Roomy(value, capacity) => {
            frame.writable = true;
            check_buffer(types, id)?;
            address::write_pointer(frame, types, id, value, declared.max(capacity))?
        }
        Content::Out(asked) => {
            frame.writable = true;
            hold_out(frame, types, id, asked.or(count))?
        }
    };
    Ok(finish(frame, index, address, content, out))
}

/// Writes an argument whose stated type is an array, which is passed as the address of its first element.
pub(crate) fn write_array_argument(
    frame: &mut Frame<'_>,
    index: usize,
    parameter: Parameter<'_>,
    element: TypeId,
    content: Content<'_>,
    out: &mut [u8],
) -> Result<Option<Pending>, Mismatch> {
    let Parameter { types, id, count, .. } = parameter;
    frame.writable = true;
    let both = (id, element);
    let room = count.unwrap_or(0);
    let accepts = Marshaller::Array.facts().accepts;
    let address = match content {
        Content::Value(value @ (Value::Array(_) | Value::Bytes(_))) => {
            array::hold(frame, types, both, value, room, false)?
        }
        Content::Roomy(value @ (Value::Array(_) | Value::Bytes(_)), capacity) => {
            array::hold(frame, types, both, value, room.max(capacity), false)?
        }
        Content::Value(value) | Content::Roomy(value, _) => {
            return Err(Mismatch::kind(types, id, value, accepts));
        }
        Content::Out(asked) => {
            let count = asked.or(count).unwrap_or(1);
            let len = array::byte_size(types, id, size_of(types, element) as u64, count)?;
            frame.hold(types, (id, element), &[], len, Shape::Many(count))?
        }
    };
    Ok(finish(frame, index, address, content, out))
}

/// Writes the address of an argument, and remembers what stands there now.
fn finish(
    frame: &Frame<'_>,
    index: usize,
    address: usize,
    content: Content<'_>,
    out: &mut [u8],
) -> Option<Pending> {
    scalar::store(address as u128, None, 0, out);
    let always = matches!(content, Content::Out(_));
    let through = Through::Address(address);
    let before = if always || !frame.writable { None } else { through.read(frame) };
    (always || before.is_some()).then_some(Pending { index, through, before })
}

/// Writes a structure or union by value. The callee may write to what its members point to, of which only
/// the types of members tell.
fn write_record(
    frame: &mut Frame<'_>,
    index: usize,
    (types, id): (&TypeTable, TypeId),
    value: &Value,
    out: &mut [u8],
) -> Result<Option<Pending>, Mismatch> {
    frame.writable = true;
    let before = frame.blocks();
    super::write(frame, types, id, value, None, out)?;
    if frame.blocks() == before {
        return Ok(None);
    }
    let through = Through::Members(TypeRef::new(types, id), out.to_vec());
    let before = through.read(frame);
    Ok(Some(Pending { index, through, before }))
}

fn check_buffer(types: &TypeTable, id: TypeId) -> Result<TypeId, Mismatch> {
    let marshaller = Marshaller::of(types, id);
    let refused = |why: &str| {
        let accepts = marshaller.facts().accepts;
        Mismatch::because(types, id, format!("it cannot be out, {why}; it takes {accepts}"))
    };
    let element = pointee(types, id).ok_or_else(|| refused("as it is no pointer"))?;
    match marshaller {
        Marshaller::Handle => Err(refused("as the size of what it points at is not declared")),
        Marshaller::Callback => Err(refused("as it points at a function")),
        _ if types.get(element).is_const => Err(refused("as what it points at is const")),
        _ => Ok(element),
    }
}

/// Makes zeroed memory for a pointer of type `id`.
fn hold_out(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    id: TypeId,
    count: Option<u64>,
) -> Result<usize, Mismatch> {
    let element = check_buffer(types, id)?;
    let marshaller = Marshaller::of(types, id);
    let byte = matches!(types.get(element).kind, TypeKind::Int { signed: false })
        && address::is_byte(types, element);
    let shape = match (marshaller, count) {
        (Marshaller::Text | Marshaller::WideText | Marshaller::Bytes, None) => {
            let reason = "how large the buffer is must be said, as in out[256]";
            return Err(Mismatch::because(types, id, reason));
        }
        (Marshaller::Text | Marshaller::WideText, Some(_)) => Shape::Text,
        (Marshaller::Bytes, Some(_)) => Shape::Bytes,
        (_, Some(_)) if byte => Shape::Bytes,
        (_, Some(n)) => Shape::Many(n),
        (_, None) => Shape::One,
    };
    let size = if marshaller == Marshaller::Bytes { 1 } else { size_of(types, element) as u64 };
    let len = array::byte_size(types, id, size, count.unwrap_or(1))?;
    frame.hold(types, (id, element), &[], len, shape)
}

/// What stands behind a pending argument after the call, if it is to be reported.
pub(crate) fn changed(frame: &Frame<'_>, pending: &Pending) -> Option<Value> {
    let after = pending.through.read(frame)?;
    match &pending.before {
        Some(before) if unchanged(before, &after) => None,
        _ => Some(after),
    }
}

/// Equality of values that were read, where a NaN is what it was.
fn unchanged(before: &Value, after: &Value) -> bool {
    let same = |a: &f64, b: &f64| a.to_bits() == b.to_bits();
    match (before, after) {
        (Value::Float(a), Value::Float(b)) => same(a, b),
        (Value::Complex(a, b), Value::Complex(c, d)) => same(a, c) && same(b, d),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| unchanged(a, b))
        }
        (Value::Struct(a), Value::Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((_, a), (_, b))| unchanged(a, b))
        }
        _ => before == after,
    }
}
