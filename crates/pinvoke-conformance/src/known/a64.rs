//! Disagreements on AArch64.

use super::{Known, Role};
use crate::compiler::Compiler;
use crate::convention::Convention;
use crate::facts::any_value;
use crate::layouts;
use crate::model::{Member, Prototype, Record, Scalar, Shape, Spelling, Ty};

/// All of them.
pub(crate) const KNOWN: &[Known] = &[
    UNNAMED_BIT_FIELDS,
    Known {
        name: "zero-width bit-field beside floats",
        reason: "gcc leaves it out, so that the floats are a homogeneous aggregate; in clang 14 it ends homogeneity",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| any_value(p, &|ty| ty.any(&has_zero_width) && is_all_floats(ty)),
        witness: || {
            let float = Record { members: vec![named(Scalar::Float)], ..unnamed_bits() };
            let end = Member { bits: Some(0), spelling: Spelling::Unnamed, ..named(Scalar::SChar) };
            let inner = Member { ty: Ty::Record(float), ..named(Scalar::Float) };
            let both = Record { members: vec![end, inner], ..unnamed_bits() };
            Prototype {
                convention: Convention::Default,
                params: vec![Ty::Record(both)],
                ret: None,
                variadic_from: None,
            }
        },
    },
];

fn named(scalar: Scalar) -> Member {
    Member { ty: Ty::Scalar(scalar), bits: None, spelling: Spelling::Named, aligned: None }
}

fn has_zero_width(ty: &Ty) -> bool {
    matches!(ty, Ty::Record(record) if record.members.iter().any(|m| m.bits == Some(0)))
}

fn is_all_floats(ty: &Ty) -> bool {
    let float = |shape| !matches!(shape, Shape::Int { .. } | Shape::Bool | Shape::Pointer);
    layouts::leaves(ty, &mut |_| None).iter().all(|leaf| leaf.bits.is_none() && float(leaf.scalar.shape()))
}

/// On 32-bit x86 and RISC-V, too.
pub(super) const UNNAMED_BIT_FIELDS: Known = Known {
    name: "unnamed bit-fields only",
    reason: "clang passes nothing for a structure that has no other members; gcc passes it as any of its size",
    deviates: &[Compiler::Clang],
    role: Role::Both,
    applies: |p| p.params.iter().chain(&p.ret).any(is_unnamed),
    witness: || Prototype {
        convention: Convention::Default,
        params: vec![Ty::Record(unnamed_bits()), Ty::Scalar(Scalar::Int)],
        ret: None,
        variadic_from: None,
    },
};

/// Whether a value has bytes, but none that C can name.
fn is_unnamed(ty: &Ty) -> bool {
    let size = layouts::of(ty).map_or(0, |layout| layout.size);
    size > 0 && layouts::leaves(ty, &mut |_| None).is_empty()
}

pub(super) fn unnamed_bits() -> Record {
    let ty = Ty::Scalar(Scalar::UChar);
    let member = Member { ty, bits: Some(2), spelling: Spelling::Unnamed, aligned: None };
    Record { union: false, packed: false, aligned: None, members: vec![member] }
}
