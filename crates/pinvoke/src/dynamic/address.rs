//! Pointers: to text, to elements, to anything (`void *`), to what only the library knows, to code.
//!
//! What travels is an address. It is either made here, of memory that holds the value given, or taken as it
//! was given: null, an address that native code handed out earlier, a native function.
//!
//! A bare integer is ambiguous behind `T *`: a person who writes 5 for `int *n` may mean "a pointer to 5".
//! The first page is never mapped, so small numbers other than 0 cannot be meant as addresses and are
//! refused with the spelling of the other meaning, `[5]`. `void *` and handles take any number: both are
//! used for opaque values.

use pinvoke_decl::marshaller::Marshaller;
use pinvoke_decl::types::{TypeId, TypeKind, TypeTable};

use super::array;
use super::frame::{Frame, Shape};
use super::mismatch::Mismatch;
use super::{Reader, callback, pointee, scalar, text};
use crate::native::CodePtr;
use crate::value::{FunctionPtr, Pointer, TypeRef, Value};

/// Addresses below are never those of an object.
const FIRST_ADDRESS: i128 = 4096;

/// The address for a pointer of type `id`, with room behind it for at least `room` elements (bytes for
/// `void *`, units for text) if it is made here.
pub(crate) fn write_pointer(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    id: TypeId,
    value: &Value,
    room: u64,
) -> Result<usize, Mismatch> {
    let marshaller = Marshaller::of(types, id);
    let refused = || Mismatch::kind(types, id, value, marshaller.facts().accepts);
    let element = pointee(types, id).ok_or_else(refused)?;
    match (marshaller, value) {
        (_, Value::Null) => Ok(0),
        (_, Value::Pointer(p)) => Ok(p.address()),
        (_, Value::Int(0)) => Ok(0),
        (Marshaller::Bytes | Marshaller::Handle, Value::Int(n)) => {
            let address = usize::try_from(*n).ok();
            // (void *)-1 is what mmap and shmat return for "failed".
            address.or_else(|| Some(isize::try_from(*n).ok()?.cast_unsigned())).ok_or_else(|| {
                Mismatch::range(types, id, value, format!("an address, 0 to {:#x}", usize::MAX))
            })
        }
        (Marshaller::Callback, Value::Callback(handler)) => {
            callback::write(frame, types, (id, element), handler)
        }
        (Marshaller::Callback | Marshaller::Bytes, Value::Function(f)) => Ok(f.code().addr()),
        (_, Value::Int(n)) => match usize::try_from(*n) {
            Ok(address) if *n >= FIRST_ADDRESS => Ok(address),
            _ if marshaller == Marshaller::Elements => Err(Mismatch::because(
                types,
                id,
                format!("{n} is not an address; for a pointer to the value {n} give [{n}]"),
            )),
            _ => Err(refused()),
        },
        (Marshaller::Text | Marshaller::WideText, Value::Text(s)) => {
            text::hold(frame, types, (id, element), s, room)
        }
        (Marshaller::Text | Marshaller::WideText, Value::Bytes(_) | Value::Array(_)) => {
            array::hold(frame, types, (id, element), value, room, true)
        }
        (Marshaller::Bytes, Value::Text(s)) => {
            if let Some(at) = s.find('\0') {
                return Err(text::inner_null(types, id, at));
            }
            let mut bytes = s.as_bytes().to_vec();
            bytes.push(0);
            hold_bytes(frame, types, (id, element), &bytes, room)
        }
        (Marshaller::Bytes, Value::Bytes(bytes)) => hold_bytes(frame, types, (id, element), bytes, room),
        (Marshaller::Bytes, Value::Array(_) | Value::Struct(_)) => Err(Mismatch::because(
            types,
            id,
            "the type of the elements is not declared; state one, as in (int *) [1, 2]".to_owned(),
        )),
        (Marshaller::Elements, Value::Array(_) | Value::Struct(_) | Value::Bytes(_)) => {
            array::hold(frame, types, (id, element), value, room, false)
        }
        (Marshaller::Elements, Value::Text(s)) if is_byte(types, element) => {
            text::hold(frame, types, (id, element), s, room)
        }
        (Marshaller::Elements, Value::Bool(_) | Value::Float(_) | Value::Char(_) | Value::Enum { .. }) => {
            Err(Mismatch::because(
                types,
                id,
                format!("for a pointer to the value {value} give an array of one, [{value}]"),
            ))
        }
        _ => Err(refused()),
    }
}

fn hold_bytes(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    (id, element): (TypeId, TypeId),
    bytes: &[u8],
    room: u64,
) -> Result<usize, Mismatch> {
    let room = array::byte_size(types, id, 1, room)?;
    frame.hold(types, (id, element), bytes, bytes.len().max(room), Shape::Bytes)
}

/// Whether a type is an integer of one byte, which C programs use for raw bytes and for text alike.
pub(super) fn is_byte(types: &TypeTable, id: TypeId) -> bool {
    matches!(types.get(id).kind, TypeKind::Int { .. }) && super::size_of(types, id) == 1
}

/// Reads a pointer: followed if it leads to text, or back into memory of ours.
pub(super) fn read(reader: &Reader<'_>, types: &TypeTable, id: TypeId, bytes: &[u8]) -> Value {
    let Ok(address) = usize::try_from(scalar::load(None, bytes).0) else {
        return Value::Bytes(bytes.to_vec());
    };
    let Some(element) = pointee(types, id) else { return Value::Bytes(bytes.to_vec()) };
    if address == 0 {
        return Value::Null;
    }
    if let Some(value) = reader.own(address) {
        return value;
    }
    match Marshaller::of(types, id) {
        Marshaller::Text | Marshaller::WideText if reader.follows_text() => {
            text::read(reader, types, element, address)
        }
        Marshaller::Callback => function(types, element, address),
        _ => Value::Pointer(Pointer::typed(address, TypeRef::new(types, element))),
    }
}

/// The function of type `ty` at `address`.
fn function(types: &TypeTable, ty: TypeId, address: usize) -> Value {
    let name = format!("function_at_{address:#x}");
    let pointer = CodePtr::new(std::ptr::with_exposed_provenance(address))
        .and_then(|code| FunctionPtr::new(code, TypeRef::new(types, ty), name.into()));
    pointer.map_or(Value::Pointer(Pointer::new(address)), Value::Function)
}
