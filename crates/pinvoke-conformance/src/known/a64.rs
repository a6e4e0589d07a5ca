//! Disagreements on AArch64.

use super::{Known, Role};
use crate::compiler::Compiler;
use crate::convention::Convention;
use crate::layouts;
use crate::model::{Member, Prototype, Record, Scalar, Spelling, Ty};

/// All of them.
pub(crate) const KNOWN: &[Known] = &[UNNAMED_BIT_FIELDS];

/// On 32-bit x86, too.
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
