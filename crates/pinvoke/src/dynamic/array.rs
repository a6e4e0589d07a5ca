//! Several values in a row: behind a pointer, or in place as a member.
//!
//! Elements are written one by one with the marshaller of their type, so arrays of texts, of structures and
//! of arrays need nothing of their own. An array of pointers gets a null one behind its last element, which
//! callees that take `char **` look for and others do not see.
//!
//! In place (`char name[16]` inside a structure) the length is fixed: fewer elements leave zeros behind
//! them, more are refused. Text must leave room for its terminating null. So it is with a vector, as C
//! initialises one, but its elements are numbers and never text.

use pinvoke_decl::marshaller::Marshaller;
use pinvoke_decl::types::{TypeId, TypeKind, TypeTable};

use super::address::is_byte;
use super::frame::{Frame, Shape};
use super::mismatch::Mismatch;
use super::{Reader, size_of, text, zeros};
use crate::value::Value;

/// `count` elements of `size` bytes, if memory can be that large.
pub(super) fn byte_size(types: &TypeTable, id: TypeId, size: u64, count: u64) -> Result<usize, Mismatch> {
    size.checked_mul(count)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|bytes| isize::try_from(*bytes).is_ok())
        .ok_or_else(|| {
            Mismatch::because(types, id, format!("{count} elements of {size} bytes exceed the address space"))
        })
}

/// The refusal of a value for which there is no memory.
pub(super) fn no_memory(types: &TypeTable, id: TypeId, len: usize) -> Mismatch {
    Mismatch::because(types, id, format!("there is no memory for {len} bytes"))
}

/// Makes memory for a pointer of type `id` that holds the elements of `value`, with room for at least
/// `room` of them, and a zero element behind them if `terminated`. Returns its address.
pub(super) fn hold(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    (id, element): (TypeId, TypeId),
    value: &Value,
    room: u64,
    terminated: bool,
) -> Result<usize, Mismatch> {
    let size = size_of(types, element);
    let pointers = matches!(types.get(element).kind, TypeKind::Pointer { .. });
    let zeroed = |len| zeros(len).ok_or_else(|| no_memory(types, id, len));
    let (mut content, shape) = match value {
        Value::Array(items) => {
            let count = (items.len() as u64).max(room);
            let mut content = zeroed(byte_size(types, id, size as u64, items.len() as u64)?)?;
            for (i, item) in items.iter().enumerate() {
                super::write(frame, types, element, item, None, &mut content[i * size..(i + 1) * size])
                    .map_err(|m| m.inside(format_args!("element [{i}]")))?;
            }
            (content, Shape::Many(count))
        }
        Value::Bytes(bytes) if size > 0 && bytes.len().is_multiple_of(size) => (bytes.clone(), Shape::Bytes),
        Value::Bytes(bytes) => {
            let reason = format!("{} bytes are no multiple of its element size {size}", bytes.len());
            return Err(Mismatch::because(types, id, reason));
        }
        one => {
            let mut content = zeroed(size)?;
            super::write(frame, types, element, one, None, &mut content)?;
            (content, if room > 1 { Shape::Many(room) } else { Shape::One })
        }
    };
    let room = byte_size(types, id, size as u64, room)?;
    let mut len = content.len().max(room);
    if terminated || pointers {
        len = len.saturating_add(size);
    }
    // Small enough for scratch; what is larger gets its zeros from the allocator.
    if !frame.writable && len <= 256 {
        content.resize(len, 0);
    }
    frame.hold(types, (id, element), &content, len, shape)
}

/// Writes an array in place.
pub(super) fn write_in_place(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    id: TypeId,
    value: &Value,
    out: &mut [u8],
) -> Result<(), Mismatch> {
    let refused = || Mismatch::kind(types, id, value, Marshaller::of(types, id).facts().accepts);
    let (element, len, is_vector) = match types.get(id).kind {
        TypeKind::Array { element, len } => (element, len.unwrap_or(0), false),
        TypeKind::Vector { element, len } => (element, len, true),
        _ => return Err(refused()),
    };
    let size = size_of(types, element);
    let is_text = !is_vector
        && (matches!(types.get(element).kind, TypeKind::Char | TypeKind::WideChar)
            || is_byte(types, element));
    match value {
        Value::Array(items) if items.len() as u64 > len => Err(Mismatch::because(
            types,
            id,
            format!("{} elements given, {len} is all it holds", items.len()),
        )),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                super::write(frame, types, element, item, None, &mut out[i * size..(i + 1) * size])
                    .map_err(|m| m.inside(format_args!("element [{i}]")))?;
            }
            Ok(())
        }
        Value::Text(s) if is_text => {
            let units = text::encode(s, size).map_err(|at| text::inner_null(types, id, at))?;
            let (given, room) = ((units.len() / size.max(1)) as u64, len.saturating_sub(1));
            if given > room {
                let reason = format!(
                    "the text has {given} units, {room} fit with the null behind them; give bytes to fill it"
                );
                return Err(Mismatch::because(types, id, reason));
            }
            out[..units.len()].copy_from_slice(&units);
            Ok(())
        }
        Value::Bytes(bytes) if bytes.len() <= out.len() => {
            out[..bytes.len()].copy_from_slice(bytes);
            Ok(())
        }
        Value::Bytes(bytes) => Err(Mismatch::because(
            types,
            id,
            format!("{} bytes given, {} is all it holds", bytes.len(), out.len()),
        )),
        _ => Err(refused()),
    }
}

/// Reads an array in place: text where its elements are characters, bytes where they are unsigned bytes; a
/// vector is always its numbers.
pub(super) fn read_in_place(reader: &Reader<'_>, types: &TypeTable, id: TypeId, bytes: &[u8]) -> Value {
    let (element, is_vector) = match types.get(id).kind {
        TypeKind::Array { element, .. } => (element, false),
        TypeKind::Vector { element, .. } => (element, true),
        _ => return Value::Bytes(bytes.to_vec()),
    };
    let shape = match types.get(element).kind {
        _ if is_vector => Shape::Many(u64::MAX),
        TypeKind::Char | TypeKind::WideChar => Shape::Text,
        TypeKind::Int { signed: false } if is_byte(types, element) => Shape::Bytes,
        _ => Shape::Many(u64::MAX),
    };
    read_memory(reader, types, element, shape, bytes)
}

/// Reads memory that holds elements of type `element`.
pub(crate) fn read_memory(
    reader: &Reader<'_>,
    types: &TypeTable,
    element: TypeId,
    shape: Shape,
    bytes: &[u8],
) -> Value {
    let size = size_of(types, element);
    match shape {
        Shape::One => super::read(reader, types, element, None, &bytes[..size.min(bytes.len())]),
        Shape::Text => text::decode(bytes, text::unit_of(types, element)),
        Shape::Bytes => Value::Bytes(bytes.to_vec()),
        Shape::Many(_) if size == 0 => Value::Array(Vec::new()),
        Shape::Many(count) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let item = |b| super::read(reader, types, element, None, b);
            Value::Array(bytes.chunks_exact(size).take(count).map(item).collect())
        }
    }
}
