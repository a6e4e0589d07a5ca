//! Disagreements on Linux x86-64.

use pinvoke_abi::layout::{Kind, Layout};
use pinvoke_abi::plan::{ArgPlan, CallPlan, Location};

use super::{Known, Role};
use crate::compiler::Compiler;
use crate::convention::Convention;
use crate::facts::any_value;
use crate::layouts;
use crate::model::{Member, Prototype, Record, Scalar, Spelling, Ty};

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
        name: "ms_abi vector of 8 bytes",
        reason: "Microsoft's text and gcc pass and return it as an integer; clang passes its address and returns it in \
                 xmm0",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| is_ms(p) && has_half_vector(p),
        witness: || ms(vec![Ty::Scalar(Scalar::VectorFloat2)], None, None),
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
        name: "va_arg of nothing that is aligned",
        reason: "an empty structure is not passed; but va_arg of clang 14 aligns the stack for it and so skips \
                 a word that belongs to the next argument",
        deviates: &[Compiler::Clang],
        role: Role::Callee,
        applies: |p| {
            let aligned = |ty: &Ty| layouts::of(ty).is_ok_and(|l| l.size == 0 && l.align > 8);
            let fixed = p.variadic_from.unwrap_or(usize::MAX);
            !is_ms(p) && p.params.iter().skip(fixed).any(aligned)
        },
        witness: || {
            let long = || member(Ty::Scalar(Scalar::Long));
            let empty = Record { aligned: Some(64), ..record(Vec::new()) };
            let on_stack = record(vec![long(), long(), long()]);
            let params = vec![Ty::Scalar(Scalar::Int), Ty::Record(empty), Ty::Record(on_stack)];
            Prototype { variadic_from: Some(1), ..sysv(params) }
        },
    },
    Known {
        name: "unnamed bit-field alone",
        reason: "gcc classifies an unnamed bit-field as an integer; clang leaves it out",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| !is_ms(p) && any_value(p, &|ty| size(ty) <= 16 && ty.any(&has_unnamed_bits)),
        witness: || sysv(vec![Ty::Record(record(vec![unnamed_bits()])), Ty::Scalar(Scalar::Int)]),
    },
    Known {
        name: "unnamed bit-fields only",
        reason: "clang passes nothing for a structure that has no other members, or all of it in memory if it is \
                 large; gcc gives it a register while there is one, but no word on the stack, and no address to \
                 return it where it would return others through memory",
        deviates: &[Compiler::Gcc, Compiler::Clang],
        role: Role::Both,
        applies: |p| {
            let alone = |ty: &Ty| size(ty) > 0 && leaves(ty) == 0;
            let returned = |ty: &Ty| alone(ty) && (is_ms(p) || size(ty) > 16);
            p.params.iter().any(alone) || p.ret.as_ref().is_some_and(returned)
        },
        witness: || sysv(vec![Ty::Record(record(vec![unnamed_bits()])), Ty::Scalar(Scalar::Int)]),
    },
    Known {
        name: "zero-width bit-field in a union",
        reason: "gcc counts it as an integer; clang leaves it out, as both do in a structure",
        deviates: &[Compiler::Gcc],
        role: Role::Both,
        applies: |p| !is_ms(p) && any_value(p, &|ty| size(ty) <= 16 && ty.any(&is_union_with_zero_width)),
        witness: || {
            let float = member(Ty::Scalar(Scalar::Float));
            let end = Member { bits: Some(0), ..unnamed_bits() };
            let union = Record { union: true, ..record(vec![float, end]) };
            sysv(vec![Ty::Record(union)])
        },
    },
    Known {
        name: "zero-length array inside an eightbyte",
        reason: "gcc counts `char e[0]` as an integer unless an eightbyte begins there, so that the floats around \
                 it travel in an integer register; clang leaves it out",
        deviates: &[Compiler::Gcc],
        role: Role::Both,
        applies: |p| !is_ms(p) && any_small_value(p, |l| has_empty_array(l, 0) && !misaligned(l)),
        witness: || {
            let float = member(Ty::Scalar(Scalar::Float));
            let empty = member(Ty::Array(Box::new(Ty::Scalar(Scalar::Char)), 0));
            sysv(vec![Ty::Record(record(vec![float, empty]))])
        },
    },
    Known {
        name: "misaligned inside a packed record",
        reason: "both send a value with a misaligned member to memory; gcc asks every scalar, and every bit-field \
                 of a union as the integer that holds it; clang asks every member by its declared type",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| !is_ms(p) && any_small_value(p, |l| misaligned(l) != misaligned_in_clang(l, 0)),
        witness: || {
            let long = Member { bits: Some(32), ..member(Ty::Scalar(Scalar::LongLong)) };
            let members = vec![member(Ty::Scalar(Scalar::Int)), member(Ty::Record(record(vec![long])))];
            sysv(vec![Ty::Record(Record { packed: true, ..record(members) })])
        },
    },
    Known {
        name: "misaligned second element",
        reason: "psABI 3.2.3 sends a value with misaligned members to memory, and so does clang; of an array gcc \
                 asks the first element only, though those behind it may be misaligned if they are packed",
        deviates: &[Compiler::Gcc],
        role: Role::Both,
        applies: |p| !is_ms(p) && any_small_value(p, |l| misaligned(l) != misaligned_in_gcc(l)),
        witness: || {
            let members = vec![member(Ty::Scalar(Scalar::Short)), member(Ty::Scalar(Scalar::Char))];
            let element = Ty::Record(Record { packed: true, ..record(members) });
            sysv(vec![Ty::Record(record(vec![member(Ty::Array(Box::new(element), 2))]))])
        },
    },
    Known {
        name: "__int128 on the stack",
        reason: "psABI 3.2.3: an __int128 travels in two registers or, aligned to 16, in memory; clang 14 \
                 splits it between the last register and the stack and aligns it to 8",
        deviates: &[Compiler::Clang],
        role: Role::Both,
        applies: |p| !is_ms(p) && has_int128_on_stack(p),
        witness: || sysv([vec![Ty::Scalar(Scalar::Int); 5], vec![Ty::Scalar(Scalar::Int128)]].concat()),
    },
];

/// Whether a vector of 8 bytes travels by itself.
pub(super) fn has_half_vector(prototype: &Prototype) -> bool {
    let half = |ty: &Ty| matches!(ty, Ty::Scalar(Scalar::VectorFloat2 | Scalar::VectorUChar8));
    prototype.params.iter().chain(&prototype.ret).any(half)
}

fn is_union_with_zero_width(ty: &Ty) -> bool {
    matches!(ty, Ty::Record(r) if r.union && r.members.iter().any(|m| m.bits == Some(0)))
}

/// Which elements of an array are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Elements {
    All,
    First,
}

/// Whether a scalar lies where its type does not want it, as gcc asks but of all elements of an array.
fn misaligned(layout: &Layout) -> bool {
    has_misaligned_scalar(layout, 0, false, Elements::All)
}

fn misaligned_in_gcc(layout: &Layout) -> bool {
    has_misaligned_scalar(layout, 0, false, Elements::First)
}

/// The element of an array that has none counts inside an eightbyte; a bit-field counts in a union.
fn has_misaligned_scalar(layout: &Layout, offset: u64, in_empty: bool, elements: Elements) -> bool {
    match &layout.kind {
        Kind::Struct { fields } | Kind::Union { fields } => {
            let union = matches!(layout.kind, Kind::Union { .. });
            fields.iter().any(|field| match field.bits {
                None => has_misaligned_scalar(&field.layout, offset + field.offset, in_empty, elements),
                Some(bits) => {
                    let holder = u64::from(bits.width.div_ceil(8).next_power_of_two());
                    union && !(offset + field.offset).is_multiple_of(holder)
                }
            })
        }
        Kind::Array { .. } if layout.size == 0 && !in_empty && offset.is_multiple_of(8) => false,
        Kind::Array { element, count } => {
            let in_empty = in_empty || *count == 0;
            let count = if elements == Elements::First { 1 } else { (*count).max(1) };
            let at = |i| offset + i * element.size;
            (0..count).any(|i| has_misaligned_scalar(element, at(i), in_empty, elements))
        }
        _ => !offset.is_multiple_of(layout.align),
    }
}

/// Whether clang finds a member, of whatever kind, where its type does not want it.
fn misaligned_in_clang(layout: &Layout, offset: u64) -> bool {
    match &layout.kind {
        Kind::Struct { fields } | Kind::Union { fields } => fields.iter().any(|field| {
            let at = offset + field.offset;
            let misaligned = !at.is_multiple_of(field.layout.align) || misaligned_in_clang(&field.layout, at);
            field.bits.is_none() && misaligned
        }),
        Kind::Array { element, count } => {
            (0..*count).any(|i| misaligned_in_clang(element, offset + i * element.size))
        }
        _ => false,
    }
}

/// Whether `test` holds for a value that is small enough for registers.
fn any_small_value(prototype: &Prototype, test: fn(&Layout) -> bool) -> bool {
    let small = |layout: &Layout| (1..=16).contains(&layout.size);
    any_value(prototype, &|ty| layouts::of(ty).is_ok_and(|layout| small(&layout) && test(&layout)))
}

/// An array without elements that does not begin an eightbyte.
fn has_empty_array(layout: &Layout, offset: u64) -> bool {
    match &layout.kind {
        Kind::Struct { fields } | Kind::Union { fields } => fields
            .iter()
            .any(|field| field.bits.is_none() && has_empty_array(&field.layout, offset + field.offset)),
        Kind::Array { element, count: 0 } => element.size > 0 && !offset.is_multiple_of(8),
        Kind::Array { element, count } => {
            (0..*count).any(|i| has_empty_array(element, offset + i * element.size))
        }
        _ => false,
    }
}

fn leaves(ty: &Ty) -> usize {
    layouts::leaves(ty, &mut |_| None).len()
}

fn member(ty: Ty) -> Member {
    Member { ty, bits: None, spelling: Spelling::Named, aligned: None }
}

fn unnamed_bits() -> Member {
    Member { bits: Some(2), spelling: Spelling::Unnamed, ..member(Ty::Scalar(Scalar::UChar)) }
}

fn has_unnamed_bits(ty: &Ty) -> bool {
    let is_one = |m: &Member| m.spelling == Spelling::Unnamed && m.bits.is_some_and(|width| width > 0);
    matches!(ty, Ty::Record(record) if record.members.iter().any(is_one))
}

fn has_int128_on_stack(prototype: &Prototype) -> bool {
    let plan = layouts::signature(prototype).ok().and_then(|s| CallPlan::new(&s).ok());
    let is_wide = |ty: &Ty| matches!(ty, Ty::Scalar(Scalar::Int128 | Scalar::UInt128));
    let is_stacked = |arg: &ArgPlan| match arg {
        ArgPlan::Direct(pieces) => pieces.iter().any(|p| matches!(p.at, Location::Stack(_))),
        ArgPlan::ByReference { .. } => false,
    };
    let stacked = |plan: CallPlan| {
        prototype.params.iter().zip(plan.args()).any(|(ty, arg)| is_wide(ty) && is_stacked(arg))
    };
    plan.is_some_and(stacked)
}

fn is_ms(prototype: &Prototype) -> bool {
    prototype.convention == Convention::Ms
}

fn size(ty: &Ty) -> u64 {
    layouts::of(ty).map_or(0, |layout| layout.size)
}

fn record(members: Vec<Member>) -> Record {
    Record { union: false, packed: false, aligned: None, members }
}

fn ms(params: Vec<Ty>, ret: Option<Ty>, variadic_from: Option<usize>) -> Prototype {
    Prototype { convention: Convention::Ms, params, ret, variadic_from }
}

fn sysv(params: Vec<Ty>) -> Prototype {
    Prototype { convention: Convention::Default, params, ret: None, variadic_from: None }
}
