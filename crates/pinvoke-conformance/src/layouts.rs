//! Layouts of the model's types, and the leaves inside them.
//!
//! This is one of three opinions about a type: the front end makes another one from the C text,
//! and the compiler states its own in the table of facts; all three are compared.

use pinvoke_abi::layout::{Field, Kind, Layout, LayoutError, StructBuilder};
use pinvoke_abi::signature::Signature;

use crate::machine::target;
use crate::model::{Prototype, Record, Scalar, Spelling, Ty};

/// The layout of a type.
pub(crate) fn of(ty: &Ty) -> Result<Layout, LayoutError> {
    match ty {
        Ty::Scalar(scalar) => Ok(scalar.layout()),
        Ty::Record(record) => of_record(record),
        Ty::Array(element, count) => Layout::array(of(element)?, *count),
    }
}

/// The layout of a record.
pub(crate) fn of_record(record: &Record) -> Result<Layout, LayoutError> {
    let mut builder =
        if record.union { StructBuilder::new_union(target()) } else { StructBuilder::new(target()) };
    if record.packed {
        builder.packed(true);
    }
    for member in &record.members {
        let layout = of(&member.ty)?;
        match member.bits {
            Some(width) => {
                builder.bit_field(layout, width, member.spelling != Spelling::Unnamed)?;
            }
            None => {
                builder.field(layout, member.aligned)?;
            }
        }
    }
    builder.finish(record.aligned)
}

/// The signature of a prototype.
pub(crate) fn signature(prototype: &Prototype) -> Result<Signature, LayoutError> {
    Ok(Signature {
        target: target(),
        conv: prototype.convention.call_conv(),
        params: prototype.params.iter().map(of).collect::<Result<_, _>>()?,
        ret: prototype.ret.as_ref().map_or(Ok(Layout::void()), of)?,
        variadic_from: prototype.variadic_from,
    })
}

/// A scalar or bit-field somewhere inside a value.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// How C reaches it from the value: `.f1.f2[3]`; empty for the value itself.
    pub(crate) path: String,
    pub(crate) scalar: Scalar,
    /// Byte offset within the value.
    pub(crate) offset: u64,
    /// For a bit-field: first bit, counted from the byte at `offset`, and width.
    pub(crate) bits: Option<(u32, u32)>,
}

/// The leaves of a type that C can name. `choose` says which member of a union counts; all of them
/// where it gives `None`.
pub(crate) fn leaves(ty: &Ty, choose: &mut dyn FnMut(usize) -> Option<usize>) -> Vec<Leaf> {
    let mut out = Vec::new();
    if let Ok(layout) = of(ty) {
        walk(ty, &layout, 0, String::new(), &mut 0, choose, &mut out);
    }
    out
}

/// Names are given in the order of the walk, also to members that are skipped, so that they agree
/// with those of the C text.
fn walk(
    ty: &Ty,
    layout: &Layout,
    offset: u64,
    path: String,
    names: &mut u32,
    choose: &mut dyn FnMut(usize) -> Option<usize>,
    out: &mut Vec<Leaf>,
) {
    match (ty, &layout.kind) {
        (Ty::Scalar(scalar), _) => out.push(Leaf { path, scalar: *scalar, offset, bits: None }),
        (Ty::Array(element, count), Kind::Array { element: one, .. }) => {
            let first = *names;
            for i in 0..*count {
                *names = first;
                walk(element, one, offset + i * one.size, format!("{path}[{i}]"), names, choose, out);
            }
            if *count == 0 {
                walk(element, one, offset, String::new(), names, choose, &mut Vec::new());
            }
        }
        (Ty::Record(record), Kind::Struct { fields } | Kind::Union { fields }) => {
            walk_record(record, fields, offset, &path, names, choose, out);
        }
        (Ty::Array(..) | Ty::Record(_), _) => unreachable!("the layout was made from this type"),
    }
}

fn walk_record(
    record: &Record,
    fields: &[Field],
    offset: u64,
    path: &str,
    names: &mut u32,
    choose: &mut dyn FnMut(usize) -> Option<usize>,
    out: &mut Vec<Leaf>,
) {
    let nameable: Vec<usize> = (0..record.members.len())
        .filter(|i| record.members[*i].bits.is_none() || record.members[*i].spelling != Spelling::Unnamed)
        .collect();
    let chosen =
        if record.union && !nameable.is_empty() { choose(nameable.len()).map(|i| nameable[i]) } else { None };
    let mut fields = fields.iter();
    for (i, member) in record.members.iter().enumerate() {
        let name = member_name(names, member.spelling);
        if member.bits == Some(0) {
            continue;
        }
        let Some(field) = fields.next() else { unreachable!("the layout was made from this record") };
        let mut discarded = Vec::new();
        let out = if chosen.is_none_or(|c| c == i) { &mut *out } else { &mut discarded };
        let at = offset + field.offset;
        match (field.bits, &name) {
            (Some(_), None) => {}
            (Some(bits), Some(name)) => {
                let Ty::Scalar(scalar) = member.ty else { unreachable!("a bit-field is a scalar") };
                let path = format!("{path}.{name}");
                out.push(Leaf { path, scalar, offset: at, bits: Some((bits.start, bits.width)) });
            }
            (None, Some(name)) => {
                let path = format!("{path}.{name}");
                walk(&member.ty, &field.layout, at, path, names, choose, out);
            }
            (None, None) => walk(&member.ty, &field.layout, at, path.to_owned(), names, choose, out),
        }
    }
}

/// The name of the next member: numbered through the whole type, because the members of an
/// anonymous record share the scope of the outer one.
pub(crate) fn member_name(names: &mut u32, spelling: Spelling) -> Option<String> {
    let name = format!("f{names}");
    *names += 1;
    (spelling != Spelling::Unnamed).then_some(name)
}
