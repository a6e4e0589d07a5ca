//! Structures and unions, member by member.
//!
//! Members that are not given stay zero; a name that the type does not have is refused with the nearest one
//! it has. The members of an anonymous structure or union belong to the outer one, as in C.
//!
//! A union takes the member that is meant. It may be given several, as reading one gives them all, if they
//! agree on the bytes they share.

use std::collections::HashSet;
use std::sync::Arc;

use pinvoke_abi::layout::BitRange;
use pinvoke_decl::diagnostic::closest;
use pinvoke_decl::marshaller::Marshaller;
use pinvoke_decl::types::{Record, TypeId, TypeKind, TypeTable};

use super::frame::Frame;
use super::mismatch::Mismatch;
use super::{Reader, size_of};
use crate::value::Value;

/// Where a member lies in the outermost structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// Its type.
    pub(crate) ty: TypeId,
    /// Its offset in bytes.
    pub(crate) offset: usize,
    /// Its bits, if it is a bit-field.
    pub(crate) bits: Option<BitRange>,
}

impl Member {
    /// Which bits of byte `i` of the structure belong to it, if it lies in the bytes `range`.
    fn mask(&self, range: &std::ops::Range<usize>, i: usize) -> u8 {
        match self.bits {
            _ if !range.contains(&i) => 0,
            None => 0xff,
            Some(bits) => {
                let first = u32::try_from((i - range.start) * 8).unwrap_or(u32::MAX - 8);
                (0..8)
                    .filter(|b| (bits.start..bits.start + bits.width).contains(&(first + b)))
                    .fold(0, |m, b| m | 1 << b)
            }
        }
    }
}

/// Whether members of a type can share bytes: unions, and whatever has an anonymous one inside.
fn may_overlap(types: &TypeTable, id: TypeId) -> bool {
    match &types.get(id).kind {
        TypeKind::Union(_) => true,
        TypeKind::Struct(r) => r.fields.iter().any(|f| f.name.is_none() && may_overlap(types, f.ty)),
        _ => false,
    }
}

/// The members of a structure or union; `None` for any other type.
pub(crate) fn record(types: &TypeTable, id: TypeId) -> Option<&Record> {
    match &types.get(id).kind {
        TypeKind::Struct(record) | TypeKind::Union(record) => Some(record),
        _ => None,
    }
}

/// The member of this name, those of anonymous members included.
pub(crate) fn member(types: &TypeTable, record_of: &Record, name: &str) -> Option<Member> {
    record_of.fields.iter().find_map(|field| {
        let offset = usize::try_from(field.offset).ok()?;
        match &field.name {
            Some(own) => (**own == *name).then_some(Member { ty: field.ty, offset, bits: field.bits }),
            None => {
                let inner = member(types, record(types, field.ty)?, name)?;
                Some(Member { offset: offset + inner.offset, ..inner })
            }
        }
    })
}

/// The names of all members, those of anonymous members included.
pub(crate) fn names(types: &TypeTable, record_of: &Record) -> Vec<Arc<str>> {
    let mut all = Vec::new();
    for field in &record_of.fields {
        match &field.name {
            Some(name) => all.push(name.clone()),
            None => all.extend(record(types, field.ty).map(|r| names(types, r)).unwrap_or_default()),
        }
    }
    all
}

/// What to say where a member is not there.
pub(crate) fn no_member(types: &TypeTable, record_of: &Record, name: &str) -> String {
    let names = names(types, record_of);
    match closest(name, names.iter().map(|n| &**n)) {
        Some(near) => format!("it has no member '{name}'; did you mean '{near}'?"),
        None if names.is_empty() => format!("it has no member '{name}', nor any other"),
        None => {
            let some: Vec<&str> = names.iter().take(8).map(|n| &**n).collect();
            let more = if names.len() > some.len() { ", ..." } else { "" };
            format!("it has no member '{name}'; its members are {}{more}", some.join(", "))
        }
    }
}

/// The bytes of a place that a member may touch: all from its offset on for a bit-field.
fn slice(types: &TypeTable, at: Member, len: usize) -> std::ops::Range<usize> {
    match at.bits {
        Some(bits) => at.offset..at.offset + (bits.start + bits.width).div_ceil(8) as usize,
        None => at.offset..(at.offset + size_of(types, at.ty)).min(len),
    }
}

/// Writes a structure or union in place.
pub(super) fn write(
    frame: &mut Frame<'_>,
    types: &TypeTable,
    id: TypeId,
    value: &Value,
    out: &mut [u8],
) -> Result<(), Mismatch> {
    let refused = || Mismatch::kind(types, id, value, Marshaller::of(types, id).facts().accepts);
    let record_of = record(types, id).ok_or_else(refused)?;
    let is_union = matches!(types.get(id).kind, TypeKind::Union(_));
    match value {
        Value::Struct(given) => {
            let mut seen = HashSet::new();
            // Which bits earlier members have set; only members that overlap can contradict each other.
            let mut covered = vec![0; if may_overlap(types, id) { out.len() } else { 0 }];
            for (name, value) in given {
                let at = member(types, record_of, name)
                    .ok_or_else(|| Mismatch::because(types, id, no_member(types, record_of, name)))?;
                if !seen.insert(&**name) {
                    return Err(Mismatch::because(types, id, format!("member '{name}' is given twice")));
                }
                let before = if covered.is_empty() { Vec::new() } else { out.to_vec() };
                let range = slice(types, at, out.len());
                super::write(frame, types, at.ty, value, at.bits, &mut out[range.clone()])
                    .map_err(|m| m.inside(format_args!("member '{name}'")))?;
                let contradicts = |i: usize| (before[i] ^ out[i]) & covered[i] != 0;
                if (0..covered.len()).any(contradicts) {
                    let reason = format!("member '{name}' contradicts one given before it; give one");
                    return Err(Mismatch::because(types, id, reason));
                }
                for (i, bits) in covered.iter_mut().enumerate() {
                    *bits |= at.mask(&range, i);
                }
            }
            Ok(())
        }
        Value::Array(items) if !is_union => {
            if items.len() > record_of.fields.len() {
                let reason =
                    format!("{} values given, it has {} members", items.len(), record_of.fields.len());
                return Err(Mismatch::because(types, id, reason));
            }
            for (field, item) in record_of.fields.iter().zip(items) {
                let offset = usize::try_from(field.offset).map_err(|_| refused())?;
                let at = Member { ty: field.ty, offset, bits: field.bits };
                let range = slice(types, at, out.len());
                let name = field.name.as_deref().unwrap_or("an anonymous member");
                super::write(frame, types, at.ty, item, at.bits, &mut out[range])
                    .map_err(|m| m.inside(format_args!("member '{name}'")))?;
            }
            Ok(())
        }
        Value::Bytes(bytes) if bytes.len() == out.len() => {
            out.copy_from_slice(bytes);
            Ok(())
        }
        _ => Err(refused()),
    }
}

/// Reads a structure or union in place.
pub(super) fn read(reader: &Reader<'_>, types: &TypeTable, id: TypeId, bytes: &[u8]) -> Value {
    let Some(record_of) = record(types, id) else { return Value::Bytes(bytes.to_vec()) };
    let mut fields = Vec::with_capacity(record_of.fields.len());
    for field in &record_of.fields {
        let Ok(offset) = usize::try_from(field.offset) else { continue };
        let at = Member { ty: field.ty, offset, bits: field.bits };
        let value = super::read(reader, types, at.ty, at.bits, &bytes[slice(types, at, bytes.len())]);
        match (&field.name, value) {
            (Some(name), value) => fields.push((name.clone(), value)),
            (None, Value::Struct(inner)) => fields.extend(inner),
            (None, _) => {}
        }
    }
    Value::Struct(fields)
}
