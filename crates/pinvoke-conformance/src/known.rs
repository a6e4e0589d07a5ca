//! Known disagreements between the compilers.
//!
//! Where gcc and clang pass the same prototype differently, both cannot be matched. Such a case is
//! an entry here, with the reason, the compiler that deviates and a witness: a prototype that the
//! sample test runs from one compiler to the other and that must still disagree, so that an entry
//! does not outlive its reason.

use pinvoke_abi::layout::{Kind, Layout};
use pinvoke_abi::plan::{ArgPlan, CallPlan, Location};

use crate::compiler::Compiler;
use crate::facts::any_value;
use crate::layouts::{self, Leaf};
use crate::model::{Convention, Member, Prototype, Record, Scalar, Spelling, Ty};

/// A disagreement.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What is known about it.
    pub(crate) reason: &'static str,
    /// The compilers that are not followed.
    pub(crate) deviates: &'static [Compiler],
    /// On which side of a call they deviate.
    pub(crate) role: Role,
    pub(crate) applies: fn(&Prototype) -> bool,
    pub(crate) witness: fn() -> Prototype,
}

/// On which side of a call a compiler deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// In the functions it compiles, not in its calls.
    Callee,
    /// In the calls it compiles, not in its functions.
    Caller,
    /// In both.
    Both,
}

/// All of them.
pub(crate) const KNOWN: &[Known] = &[
    Known {
        name: "ms_abi long double result",
        reason: "gcc, and clang for MinGW, return a long double through a pointer; clang for Linux in st(0)",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| is_ms(p) && p.ret == Some(Ty::Scalar(Scalar::LongDouble)),
        witness: || ms(vec![Ty::Scalar(Scalar::Int)], Some(Ty::Scalar(Scalar::LongDouble)), None),
    },
    Known {
        name: "ms_abi empty result",
        reason: "gcc, and rustc for MinGW, return nothing for a structure without bytes; clang returns it \
                 through a pointer, which shifts every argument",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| is_ms(p) && p.ret.as_ref().is_some_and(|ty| size(ty) == 0),
        witness: || ms(vec![Ty::Scalar(Scalar::Int)], Some(Ty::Record(record(Vec::new()))), None),
    },
    Known {
        name: "ms_abi va_arg by reference",
        reason: "a variable argument that is not of 1, 2, 4 or 8 bytes travels as an address, and both pass it \
                 so; but va_arg, when compiled for Linux, reads the value itself from the stack",
        deviates: &[Compiler::Gcc, Compiler::Clang],
        role: Role::Callee,
        applies: |p| {
            let fixed = p.variadic_from.unwrap_or(usize::MAX);
            is_ms(p) && p.params.iter().skip(fixed).any(|ty| !matches!(size(ty), 1 | 2 | 4 | 8))
        },
        witness: || ms(vec![Ty::Scalar(Scalar::Int), Ty::Scalar(Scalar::ComplexDouble)], None, Some(1)),
    },
    Known {
        name: "unnamed bit-field alone",
        reason: "gcc classifies an unnamed bit-field as an integer; clang leaves it out",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| !is_ms(p) && any_value(p, &|ty| ty.any(&has_unnamed_bits)),
        witness: || Prototype {
            convention: Convention::Default,
            params: vec![Ty::Record(record(vec![unnamed_bits()])), Ty::Scalar(Scalar::Int)],
            ret: None,
            variadic_from: None,
        },
    },
    Known {
        name: "unnamed bit-fields only",
        reason: "clang passes nothing for a structure that has no other members; gcc gives it a register while \
                 there is one, but no word on the stack; and no address to return it under ms_abi",
        deviates: &[Compiler::Gcc, Compiler::Clang],
        role: Role::Both,
        applies: |p| {
            let alone = |ty: &Ty| size(ty) > 0 && leaves(ty) == 0;
            if is_ms(p) { p.ret.as_ref().is_some_and(alone) } else { p.params.iter().any(alone) }
        },
        witness: || Prototype {
            convention: Convention::Default,
            params: vec![Ty::Record(record(vec![unnamed_bits()])), Ty::Scalar(Scalar::Int)],
            ret: None,
            variadic_from: None,
        },
    },
    Known {
        name: "zero-width bit-field in a union",
        reason: "gcc counts it as an integer; clang leaves it out, as both do in a structure",
        deviates: &[Compiler::Gcc],
        role: Role::Both,
        applies: |p| !is_ms(p) && any_value(p, &|ty| ty.any(&is_union_with_zero_width)),
        witness: || {
            let float = Member {
                ty: Ty::Scalar(Scalar::Float),
                bits: None,
                spelling: Spelling::Named,
                aligned: None,
            };
            let end = Member { bits: Some(0), ..unnamed_bits() };
            let union = Record { union: true, ..record(vec![float, end]) };
            Prototype {
                convention: Convention::Default,
                params: vec![Ty::Record(union)],
                ret: None,
                variadic_from: None,
            }
        },
    },
    Known {
        name: "misaligned record of aligned scalars",
        reason: "a record inside a packed one may be misaligned while no scalar in it is; gcc looks at the \
                 scalars, clang sends the whole value to memory",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| {
            !is_ms(p)
                && any_value(p, &|ty| {
                    (1..=16).contains(&size(ty))
                        && layouts::of(ty).is_ok_and(|layout| has_misaligned_record(&layout, 0))
                        && layouts::leaves(ty, &mut |_| None).iter().all(is_aligned)
                })
        },
        witness: || {
            let long = Member {
                ty: Ty::Scalar(Scalar::Long),
                bits: Some(32),
                spelling: Spelling::Named,
                aligned: None,
            };
            let inner = Member {
                ty: Ty::Record(record(vec![long])),
                bits: None,
                spelling: Spelling::Named,
                aligned: None,
            };
            let int = Member { ty: Ty::Scalar(Scalar::Int), ..inner.clone() };
            let outer = Record { packed: true, ..record(vec![int, inner]) };
            Prototype {
                convention: Convention::Default,
                params: vec![Ty::Record(outer)],
                ret: None,
                variadic_from: None,
            }
        },
    },
    Known {
        name: "__int128 on the stack",
        reason: "psABI 3.2.3: an __int128 travels in two registers or, aligned to 16, in memory; clang before \
                 version 20 splits it between the last register and the stack and aligns it to 8",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| !is_ms(p) && has_int128_on_stack(p),
        witness: || Prototype {
            convention: Convention::Default,
            params: [vec![Ty::Scalar(Scalar::Int); 5], vec![Ty::Scalar(Scalar::Int128)]].concat(),
            ret: None,
            variadic_from: None,
        },
    },
];

fn is_union_with_zero_width(ty: &Ty) -> bool {
    matches!(ty, Ty::Record(r) if r.union && r.members.iter().any(|m| m.bits == Some(0)))
}

fn has_misaligned_record(layout: &Layout, offset: u64) -> bool {
    match &layout.kind {
        Kind::Struct { fields } | Kind::Union { fields } => fields.iter().any(|field| {
            let at = offset + field.offset;
            field.bits.is_none()
                && ((field.layout.is_aggregate() && !at.is_multiple_of(field.layout.align))
                    || has_misaligned_record(&field.layout, at))
        }),
        Kind::Array { element, count } => {
            (0..*count).any(|i| has_misaligned_record(element, offset + i * element.size))
        }
        _ => false,
    }
}

/// Whether a leaf lies where its type wants it; a bit-field lies well everywhere.
fn is_aligned(leaf: &Leaf) -> bool {
    leaf.bits.is_some() || leaf.offset.is_multiple_of(leaf.scalar.layout().align)
}

fn leaves(ty: &Ty) -> usize {
    layouts::leaves(ty, &mut |_| None).len()
}

fn unnamed_bits() -> Member {
    Member { ty: Ty::Scalar(Scalar::UChar), bits: Some(2), spelling: Spelling::Unnamed, aligned: None }
}

fn has_unnamed_bits(ty: &Ty) -> bool {
    matches!(ty, Ty::Record(r) if r.members.iter().any(|m| m.spelling == Spelling::Unnamed && m.bits.is_some_and(|b| b > 0)))
}

fn has_int128_on_stack(prototype: &Prototype) -> bool {
    let plan = layouts::signature(prototype).ok().and_then(|s| CallPlan::new(&s).ok());
    plan.is_some_and(|plan| {
        prototype.params.iter().zip(plan.args()).any(|(ty, arg)| {
            let wide = *ty == Ty::Scalar(Scalar::Int128) || *ty == Ty::Scalar(Scalar::UInt128);
            let stacked = matches!(arg, ArgPlan::Direct(pieces) if pieces.iter().any(|p| matches!(p.at, Location::Stack(_))));
            wide && stacked
        })
    })
}

fn is_ms(prototype: &Prototype) -> bool {
    prototype.convention == Convention::Ms
}

fn size(ty: &Ty) -> u64 {
    layouts::of(ty).map_or(0, |layout| layout.size)
}

fn record(members: Vec<crate::model::Member>) -> Record {
    Record { union: false, packed: false, aligned: None, members }
}

fn ms(params: Vec<Ty>, ret: Option<Ty>, variadic_from: Option<usize>) -> Prototype {
    Prototype { convention: Convention::Ms, params, ret, variadic_from }
}

/// The entries that a prototype falls under.
pub(crate) fn applying(prototype: &Prototype) -> Vec<&'static Known> {
    KNOWN.iter().filter(|known| (known.applies)(prototype)).collect()
}
