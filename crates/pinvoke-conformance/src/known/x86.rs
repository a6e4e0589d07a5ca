//! Disagreements on 32-bit x86.

use pinvoke_abi::plan::{ArgPlan, CallPlan, Location, RetPlan};

use super::a64::UNNAMED_BIT_FIELDS;
use super::{Known, Role};
use crate::compiler::Compiler;
use crate::convention::Convention;
use crate::facts::any_value;
use crate::layouts;
use crate::model::{Member, Prototype, Record, Scalar, Spelling, Ty};

/// Those on Linux.
pub(crate) const LINUX: &[Known] = &[UNNAMED_BIT_FIELDS, REGISTERS_USED_UP, ADDRESS_OF_RESULT];

/// Those on Windows, between MinGW's compilers.
pub(crate) const WINDOWS: &[Known] = &[
    UNNAMED_BIT_FIELDS,
    REGISTERS_USED_UP,
    EMPTY_RESULT,
    BIT_FIELDS_LAID_OUT,
    Known {
        name: "result of one long double",
        reason: "gcc returns a structure of one long double in st(0), as those of the other floating point numbers; \
                 clang in memory",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| p.ret.as_ref().is_some_and(|ty| only_scalar(ty) == Some(Scalar::LongDouble)),
        witness: || returning(Ty::Record(record(vec![member(Ty::Scalar(Scalar::LongDouble))]))),
    },
    Known {
        name: "result of a union of one float",
        reason: "clang returns it in st(0) as if it were a structure; gcc as an integer",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| {
            let float = |ty: &Ty| matches!(only_scalar(ty), Some(Scalar::Float | Scalar::Double));
            p.ret.as_ref().is_some_and(|ty| float(ty) && ty.any(&is_union))
        },
        witness: || {
            let union = Record { union: true, ..record(vec![member(Ty::Scalar(Scalar::Double))]) };
            returning(Ty::Record(union))
        },
    },
];

const REGISTERS_USED_UP: Known = Known {
    name: "fastcall and thiscall: registers used up",
    reason: "Microsoft: the first arguments of up to 4 bytes travel in registers, wherever they stand in the list; \
             gcc and clang let 8-byte integers and structures in front of them, clang a long double, too, use \
             registers up, in which those do not travel",
    deviates: &[Compiler::Gcc, Compiler::Clang],
    role: Role::Both,
    applies: has_register_behind_wide,
    witness: || {
        let params = [Scalar::LongLong, Scalar::Int].map(Ty::Scalar).into();
        Prototype { convention: Convention::Fastcall, params, ret: None, variadic_from: None }
    },
};

const ADDRESS_OF_RESULT: Known = Known {
    name: "thiscall: address of the result",
    reason: "gcc passes it in ecx, in front of `this`; clang on the stack, behind it",
    deviates: &[Compiler::Clang],
    role: Role::Both,
    applies: |p| p.convention == Convention::Thiscall && is_in_memory(p),
    witness: || {
        let big = Ty::Record(record(vec![member(Ty::Array(Box::new(Ty::Scalar(Scalar::Int)), 5))]));
        let params = vec![Ty::Scalar(Scalar::Pointer)];
        Prototype { convention: Convention::Thiscall, params, ..returning(big) }
    },
};

/// On x86-64, too.
pub(super) const EMPTY_RESULT: Known = Known {
    name: "empty result",
    reason: "one compiler passes an address for it, the other nothing: gcc for 32-bit x86 passes one, clang for \
             x86-64; gcc is followed",
    deviates: &[Compiler::Clang],
    role: Role::Both,
    applies: |p| p.ret.as_ref().is_some_and(|ty| size(ty) == 0),
    witness: || Prototype {
        params: vec![Ty::Scalar(Scalar::Int)],
        ..returning(Ty::Record(record(Vec::new())))
    },
};

/// On x86-64, too.
pub(super) const BIT_FIELDS_LAID_OUT: Known = Known {
    name: "bit-fields of unions and packed structures",
    reason: "Microsoft's rules for bit-fields, in MinGW's own compiler, align a union as the declared type wants it, and \
             a packed structure not; in clang for MinGW it is the other way round",
    deviates: &[Compiler::Clang],
    role: Role::Both,
    applies: |p| {
        let has_bits = |r: &Record| (r.union || r.packed) && r.members.iter().any(|m| m.bits.is_some());
        any_value(p, &|ty| ty.any(&|inner| matches!(inner, Ty::Record(r) if has_bits(r))))
    },
    witness: || {
        let bits = Member { bits: Some(22), ..member(Ty::Scalar(Scalar::LongLong)) };
        let union = Record { union: true, ..record(vec![member(Ty::Scalar(Scalar::Int)), bits]) };
        let behind = record(vec![member(Ty::Scalar(Scalar::Short)), member(Ty::Record(union))]);
        let members = [(Scalar::UShort, 11), (Scalar::UInt, 22)]
            .map(|(scalar, width)| Member { bits: Some(width), ..member(Ty::Scalar(scalar)) });
        let packed = Record { packed: true, ..record(members.into()) };
        let params = vec![Ty::Record(behind), Ty::Record(packed), Ty::Scalar(Scalar::Int)];
        Prototype { params, ..returning(Ty::Scalar(Scalar::Int)) }
    },
};

fn record(members: Vec<Member>) -> Record {
    Record { union: false, packed: false, aligned: None, members }
}

fn member(ty: Ty) -> Member {
    Member { ty, bits: None, spelling: Spelling::Named, aligned: None }
}

fn returning(ty: Ty) -> Prototype {
    Prototype { convention: Convention::Default, params: Vec::new(), ret: Some(ty), variadic_from: None }
}

fn is_union(ty: &Ty) -> bool {
    matches!(ty, Ty::Record(record) if record.union)
}

fn size(ty: &Ty) -> u64 {
    layouts::of(ty).map_or(0, |layout| layout.size)
}

/// What a record holds if it is one scalar of the same size, inside whatever else, and nothing more that has bytes.
fn only_scalar(ty: &Ty) -> Option<Scalar> {
    let whole = size(ty);
    let Ty::Record(record) = ty else { return None };
    let mut filled = record.members.iter().filter(|m| size(&m.ty) > 0);
    let (only, None) = (filled.next()?, filled.next()) else { return None };
    let mut inner = &only.ty;
    while let Ty::Array(element, 1) = inner {
        inner = element;
    }
    match inner {
        _ if only.bits.is_some() || size(inner) != whole => None,
        Ty::Scalar(scalar) => Some(*scalar),
        Ty::Record(_) => only_scalar(inner),
        Ty::Array(..) => None,
    }
}

fn is_in_memory(prototype: &Prototype) -> bool {
    plan(prototype).is_some_and(|plan| matches!(plan.ret(), RetPlan::Indirect { .. }))
}

/// Whether an argument travels in a register though one before it, other than a float or double, does not.
fn has_register_behind_wide(prototype: &Prototype) -> bool {
    let Some(plan) = plan(prototype) else { return false };
    let mut wide = false;
    prototype.params.iter().zip(plan.args()).any(|(ty, arg)| {
        let in_register = match arg {
            ArgPlan::Direct(pieces) => pieces.iter().any(|p| matches!(p.at, Location::Reg(_))),
            ArgPlan::ByReference { .. } => false,
        };
        let float = matches!(ty, Ty::Scalar(Scalar::Float | Scalar::Double));
        wide |= !in_register && !float;
        wide && in_register
    })
}

fn plan(prototype: &Prototype) -> Option<CallPlan> {
    layouts::signature(prototype).ok().and_then(|s| CallPlan::new(&s).ok())
}
