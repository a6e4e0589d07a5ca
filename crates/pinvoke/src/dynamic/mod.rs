//! Values to native bytes and back, by declared type.
//!
//! One file per family of types; which family a type belongs to is a fact of
//! [`pinvoke_decl::marshaller`]. All of them have the same two verbs:
//!
//! - *write*: a value into the bytes of a place (an argument, a member, an element). The bytes are plain
//!   memory of ours and zero at first; what the place points at is made by the [`Frame`] and lives as long.
//! - *read*: the bytes of a place into a value. Reading never fails: where native memory makes no sense of
//!   a type, the value shows what is there (raw bytes, a bare number, an address).
//!
//! Writing is safe code: an address is only a number until native code uses it. Reading follows `char *`,
//! and pointers into memory of ours; that is where trust is needed, and a [`Reader`] is made of it.
//!
//! Example: `{name: "Lee", age: 30}` for `struct person { char *name; int age; }` behind a pointer. The
//! pointer family finds a structure, takes 16 zero bytes, and writes the members: the text family has the
//! frame hold `Lee\0` and writes the address at offset 0, the integer family writes 30 at offset 8. Then
//! the frame holds the 16 bytes, and their address goes into the argument record.

mod address;
mod array;
mod boolean;
pub(crate) mod callback;
mod frame;
mod memory;
mod mismatch;
mod out;
mod peek;
mod position;
mod reader;
pub(crate) mod scalar;
pub(crate) mod structure;
mod text;
mod view;

use pinvoke_abi::layout::BitRange;
use pinvoke_decl::marshaller::Marshaller;
use pinvoke_decl::types::{TypeId, TypeKind, TypeTable};

pub(crate) use address::write_pointer;
pub(crate) use array::read_memory;
pub(crate) use frame::Frame;
pub(crate) use memory::{Block, HandedOver, Scratch, copy_to, zeros};
pub(crate) use mismatch::Mismatch;
pub(crate) use out::{Content, Parameter, Pending, Through, changed, write_argument, write_array_argument};
pub(crate) use peek::copy_from;
pub use position::Position;
pub(crate) use reader::{Reader, Trust};
pub(crate) use text::read as read_text;

use crate::value::Value;

/// Size of a type in bytes; 0 where it has none.
pub(crate) fn size_of(types: &TypeTable, id: TypeId) -> usize {
    types.get(id).layout.as_ref().map_or(0, |l| usize::try_from(l.size).unwrap_or(usize::MAX))
}

/// Writes `value` into the bytes of a place of type `id`, or into some bits of them.
pub(crate) fn write(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    id: TypeId,
    value: &Value,
    bits: Option<BitRange>,
    out: &mut [u8],
) -> Result<(), Mismatch> {
    let marshaller = Marshaller::of(types, id);
    match marshaller {
        Marshaller::Bool => boolean::write(types, id, value, bits, out),
        Marshaller::Integer | Marshaller::Enumeration => scalar::write_integer(types, id, value, bits, out),
        Marshaller::Float => scalar::write_float(types, id, value, out),
        Marshaller::Complex => scalar::write_complex(types, id, value, out),
        Marshaller::Array | Marshaller::Vector => {
            frame.deeper(types, id, |f| array::write_in_place(f, types, id, value, out))
        }
        Marshaller::Structure | Marshaller::Union => {
            frame.deeper(types, id, |f| structure::write(f, types, id, value, out))
        }
        Marshaller::Text
        | Marshaller::WideText
        | Marshaller::Bytes
        | Marshaller::Handle
        | Marshaller::Elements
        | Marshaller::Callback => {
            let address = frame.deeper(types, id, |f| write_pointer(f, types, id, value, 0))?;
            scalar::store(address as u128, None, 0, out);
            Ok(())
        }
        Marshaller::Void => Err(Mismatch::kind(types, id, value, marshaller.facts().accepts)),
    }
}

/// Reads the bytes of a place of type `id`.
pub(crate) fn read(
    reader: &Reader<'_>,
    types: &TypeTable,
    id: TypeId,
    bits: Option<BitRange>,
    bytes: &[u8],
) -> Value {
    match Marshaller::of(types, id) {
        Marshaller::Void => Value::Void,
        Marshaller::Bool => boolean::read(bits, bytes),
        Marshaller::Integer | Marshaller::Enumeration => scalar::read_integer(types, id, bits, bytes),
        Marshaller::Float => scalar::read_float(is_long(types, id), bytes),
        Marshaller::Complex => scalar::read_complex(is_long(types, id), bytes),
        Marshaller::Array | Marshaller::Vector => array::read_in_place(reader, types, id, bytes),
        Marshaller::Structure => structure::read(reader, types, id, bytes),
        Marshaller::Union => structure::read(&reader.without_texts(), types, id, bytes),
        Marshaller::Text
        | Marshaller::WideText
        | Marshaller::Bytes
        | Marshaller::Handle
        | Marshaller::Elements
        | Marshaller::Callback => address::read(reader, types, id, bytes),
    }
}

/// Whether a number, or a part of a complex one, is a [`LongDouble`](crate::value::LongDouble).
fn is_long(types: &TypeTable, id: TypeId) -> bool {
    types.get(id).layout.as_ref().is_some_and(scalar::is_long)
}

/// What a pointer type points at.
pub(crate) fn pointee(types: &TypeTable, id: TypeId) -> Option<TypeId> {
    match types.get(id).kind {
        TypeKind::Pointer { to } => Some(to),
        _ => None,
    }
}
