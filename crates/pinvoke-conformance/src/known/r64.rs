//! Disagreements on RISC-V: where the psABI has been made clearer than it was when these compilers were written, its
//! present text is followed.

use super::a64::UNNAMED_BIT_FIELDS;
use super::{Known, Role};
use crate::compiler::Compiler;
use crate::convention::Convention;
use crate::facts::any_value;
use crate::layouts::{self, Leaf};
use crate::model::{Member, Prototype, Record, Scalar, Shape, Spelling, Ty};

/// All of them.
pub(crate) const KNOWN: &[Known] = &[
    UNNAMED_BIT_FIELDS,
    Known {
        name: "bit-field beside a number in its unit",
        reason: "clang 14 keeps the number away from the whole declared type of the bit-field, and so looks for it \
                 elsewhere than it lies; gcc does not",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| any_value(p, &reaches_over_a_number),
        witness: || returning(structure(vec![bits(Scalar::ULong, 14), scalar(Scalar::Float)])),
    },
    Known {
        name: "zero-width bit-field beside numbers",
        reason: "\"Fields containing zero-length bit-fields [...] are ignored while flattening\": by gcc, not by clang 14",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| any_value(p, &|ty| ty.any(&has_zero_width) && is_small(ty)),
        witness: || {
            let end = Member { spelling: Spelling::Unnamed, ..bits(Scalar::Int, 0) };
            returning(structure(vec![scalar(Scalar::Float), end, scalar(Scalar::Float)]))
        },
    },
    Known {
        name: "nothing beside numbers",
        reason: "\"Fields containing empty structs or unions are ignored while flattening\", and \"zero-length arrays\": \
                 by clang, not by gcc 12 if there are two members",
        deviates: &[Compiler::Gcc],
        role: Role::Both,
        applies: |p| any_value(p, &|ty| ty.any(&has_nothing) && is_small(ty)),
        witness: || {
            let none = Member { ty: Ty::Array(Box::new(Ty::Scalar(Scalar::Int)), 0), ..scalar(Scalar::Int) };
            returning(structure(vec![scalar(Scalar::Float), none, scalar(Scalar::Float)]))
        },
    },
    Known {
        name: "empty structure aligned to 16",
        reason: "\"Empty structs [...] are ignored\": by clang, while gcc aligns the stack for them",
        deviates: &[Compiler::Gcc],
        role: Role::Both,
        applies: |p| p.params.iter().any(is_empty_and_aligned),
        witness: || {
            let empty = Record { aligned: Some(16), ..record(Vec::new()) };
            let mut params = vec![Ty::Scalar(Scalar::Int); 9];
            params.extend([Ty::Record(empty), Ty::Scalar(Scalar::Int)]);
            Prototype { params, ret: None, ..returning(Ty::Scalar(Scalar::Int)) }
        },
    },
];

fn record(members: Vec<Member>) -> Record {
    Record { union: false, packed: false, aligned: None, members }
}

fn structure(members: Vec<Member>) -> Ty {
    Ty::Record(record(members))
}

fn scalar(scalar: Scalar) -> Member {
    Member { ty: Ty::Scalar(scalar), bits: None, spelling: Spelling::Named, aligned: None }
}

fn bits(of: Scalar, width: u32) -> Member {
    Member { bits: Some(width), ..scalar(of) }
}

fn returning(ty: Ty) -> Prototype {
    Prototype { convention: Convention::Default, params: Vec::new(), ret: Some(ty), variadic_from: None }
}

fn leaves(ty: &Ty) -> Vec<Leaf> {
    layouts::leaves(ty, &mut |_| None)
}

/// Whether a value is a bit-field and a number, and the declared type of the one would reach over the other, or over the
/// end.
fn reaches_over_a_number(ty: &Ty) -> bool {
    let size = layouts::of(ty).map_or(0, |layout| layout.size);
    let leaves = leaves(ty);
    let [first, second] = &leaves[..] else { return false };
    let (bits, number) = if first.bits.is_some() { (first, second) } else { (second, first) };
    let end = bits.offset + bits.scalar.layout().size;
    let reaches = end > size || bits.offset < number.offset && end > number.offset;
    bits.bits.is_some() && matches!(number.scalar.shape(), Shape::Float { .. }) && reaches
}

/// Whether it could travel in floating-point registers.
fn is_small(ty: &Ty) -> bool {
    let leaves = leaves(ty);
    let number = |leaf: &Leaf| matches!(leaf.scalar.shape(), Shape::Float { .. } | Shape::Complex { .. });
    leaves.len() <= 2 && leaves.iter().any(number)
}

fn has_zero_width(ty: &Ty) -> bool {
    matches!(ty, Ty::Record(record) if record.members.iter().any(|m| m.bits == Some(0)))
}

/// Whether it has members that have no bytes.
fn has_nothing(ty: &Ty) -> bool {
    let nothing = |member: &Member| member.bits.is_none() && leaves(&member.ty).is_empty();
    matches!(ty, Ty::Record(record) if record.members.iter().any(nothing))
}

fn is_empty_and_aligned(ty: &Ty) -> bool {
    layouts::of(ty).is_ok_and(|layout| layout.size == 0 && layout.align >= 16)
}
