//! Text: `char *` in UTF-8, `wchar_t *`, `char16_t *` and `char32_t *` in units of 2 or 4 bytes.
//!
//! A C string ends at its first null. A text that contains one would silently reach the callee cut short,
//! so it is refused with the place; bytes and arrays are passed as they are, with a null behind them.
//!
//! Native text need not be valid Unicode. Where it is not, nothing is replaced or lost: `char *` becomes
//! [`Value::Bytes`], wide text an array of its units.

use pinvoke_decl::types::{TypeId, TypeTable};

use super::frame::{Frame, Shape};
use super::mismatch::Mismatch;
use super::{Reader, array};
use crate::value::{Pointer, TypeRef, Value};

/// The bytes of `text` in units of `unit` bytes, without a terminator; `Err` with the byte offset of a null
/// character in it.
pub(super) fn encode(text: &str, unit: usize) -> Result<Vec<u8>, usize> {
    match text.find('\0') {
        Some(at) => Err(at),
        None => Ok(match unit {
            1 => text.as_bytes().to_vec(),
            2 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
        }),
    }
}

/// Units up to the first that is zero as text, or as they are where they are not valid Unicode.
pub(super) fn decode(units: &[u8], unit: usize) -> Value {
    let len = units.chunks_exact(unit).position(|u| u.iter().all(|b| *b == 0));
    let units = &units[..len.map_or(units.len() / unit * unit, |n| n * unit)];
    let numbers = || {
        units.chunks_exact(unit).map(|u| match *u {
            [a, b] => u32::from(u16::from_le_bytes([a, b])),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        })
    };
    let text = match unit {
        1 => {
            return String::from_utf8(units.to_vec())
                .map_or_else(|e| Value::Bytes(e.into_bytes()), Value::Text);
        }
        2 => char::decode_utf16(numbers().map(|n| u16::try_from(n).unwrap_or(u16::MAX)))
            .collect::<Result<String, _>>()
            .ok(),
        _ => numbers().map(char::from_u32).collect(),
    };
    match text {
        Some(text) => Value::Text(text),
        None => Value::Array(numbers().map(|n| Value::Int(i128::from(n))).collect()),
    }
}

/// The size of one unit of the text that a pointer of type `id` leads to.
pub(super) fn unit_of(types: &TypeTable, element: TypeId) -> usize {
    match types.get(element).layout.as_ref().map(|l| l.size) {
        Some(2) => 2,
        Some(4) => 4,
        _ => 1,
    }
}

/// Makes a string for a pointer of type `id` to units of type `element`, with room for at least `capacity`
/// units. Returns its address.
pub(super) fn hold(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    (id, element): (TypeId, TypeId),
    text: &str,
    capacity: u64,
) -> Result<usize, Mismatch> {
    let unit = unit_of(types, element);
    // A short text that is only read goes from one place on the stack to another.
    let mut short = [0; 256];
    if unit == 1 && capacity == 0 && text.len() < short.len() && !frame.writable && !text.contains('\0') {
        short[..text.len()].copy_from_slice(text.as_bytes());
        let len = text.len() + 1;
        return frame.hold(types, (id, element), &short[..len], len, Shape::Text);
    }
    let mut units = encode(text, unit).map_err(|at| inner_null(types, id, at))?;
    units.resize(units.len() + unit, 0);
    let room = array::byte_size(types, id, unit as u64, capacity)?;
    let len = units.len().max(room);
    frame.hold(types, (id, element), &units, len, Shape::Text)
}

/// The refusal of a text with a null character inside.
pub(super) fn inner_null(types: &TypeTable, id: TypeId, at: usize) -> Mismatch {
    let reason = format!(
        "the text has a null character at byte {at}, where a C string ends; give bytes to pass it all"
    );
    Mismatch::because(types, id, reason)
}

/// The text at a native address, or the address itself where it cannot be read or is longer than allowed.
pub(crate) fn read(reader: &Reader<'_>, types: &TypeTable, element: TypeId, address: usize) -> Value {
    if address == 0 {
        return Value::Null;
    }
    let unit = unit_of(types, element);
    match reader.text(address, unit) {
        Ok(units) => decode(&units, unit),
        Err(_) => Value::Pointer(Pointer::typed(address, TypeRef::new(types, element))),
    }
}
