//! Smaller variants of a failing prototype.
//!
//! The order is fixed, so that the way to the minimal prototype can be written down as a list of
//! indices and walked again by another process: it is the `--shrink` option of a reproduction.

use crate::convention::Convention;
use crate::layouts;
use crate::model::{Member, Prototype, Record, Scalar, Spelling, Ty};

/// Every prototype that is one step smaller, most promising first.
pub(crate) fn candidates(of: &Prototype) -> Vec<Prototype> {
    let mut out = Vec::new();
    if of.params.len() > 1 {
        let half = of.params.len() / 2;
        out.push(without(of, half, of.params.len()));
        out.push(without(of, 0, half));
    }
    if of.ret.is_some() {
        out.push(Prototype { ret: None, ..of.clone() });
    }
    for i in 0..of.params.len() {
        out.push(without(of, i, i + 1));
    }
    if of.variadic_from.is_some() {
        out.push(Prototype { variadic_from: None, ..of.clone() });
    }
    for (i, ty) in of.params.iter().enumerate() {
        for ty in smaller(ty) {
            let mut params = of.params.clone();
            params[i] = ty;
            out.push(Prototype { params, ..of.clone() });
        }
    }
    for ty in of.ret.iter().flat_map(smaller) {
        out.push(Prototype { ret: Some(ty), ..of.clone() });
    }
    if of.convention != Convention::Default {
        out.push(Prototype { convention: Convention::Default, ..of.clone() });
    }
    out.retain(is_valid);
    out
}

/// Walks a list of choices.
pub(crate) fn walk(from: Prototype, path: &[usize]) -> Option<Prototype> {
    path.iter().try_fold(from, |at, choice| candidates(&at).into_iter().nth(*choice))
}

fn is_valid(prototype: &Prototype) -> bool {
    let fixed = prototype.variadic_from.unwrap_or(prototype.params.len());
    let promoted = prototype.params.iter().skip(fixed).all(|ty| match ty {
        Ty::Scalar(scalar) => scalar.promoted(),
        Ty::Record(_) | Ty::Array(..) => true,
    });
    let this = prototype.convention != Convention::Thiscall
        || matches!(prototype.params.first(), Some(Ty::Scalar(Scalar::Pointer)));
    this && promoted && fixed <= prototype.params.len() && prototype.variadic_from != Some(0)
}

fn without(of: &Prototype, from: usize, to: usize) -> Prototype {
    let mut params = of.params.clone();
    params.drain(from..to);
    let variadic_from = of.variadic_from.map(|fixed| fixed - (fixed.min(to) - fixed.min(from)));
    Prototype { params, variadic_from, ..of.clone() }
}

fn smaller(ty: &Ty) -> Vec<Ty> {
    match ty {
        Ty::Scalar(scalar) => simpler(*scalar).iter().map(|s| Ty::Scalar(*s)).collect(),
        Ty::Array(element, count) => {
            let mut out = vec![(**element).clone()];
            if *count > 1 {
                out.push(Ty::Array(element.clone(), count / 2));
                out.push(Ty::Array(element.clone(), count - 1));
            }
            out.extend(smaller(element).into_iter().map(|e| Ty::Array(Box::new(e), *count)));
            out
        }
        Ty::Record(record) => smaller_records(record),
    }
}

fn simpler(scalar: Scalar) -> &'static [Scalar] {
    match scalar {
        Scalar::Int => &[],
        Scalar::Float | Scalar::Long | Scalar::UChar | Scalar::UInt => &[Scalar::Int],
        Scalar::Double | Scalar::ComplexFloat => &[Scalar::Int, Scalar::Float],
        Scalar::ComplexDouble => &[Scalar::Int, Scalar::Double],
        Scalar::LongDouble | Scalar::ComplexLongDouble => &[Scalar::Int, Scalar::Double],
        Scalar::Int128 | Scalar::UInt128 => &[Scalar::Int, Scalar::Long],
        Scalar::VectorFloat4 => &[Scalar::Int, Scalar::Float, Scalar::VectorFloat2],
        Scalar::VectorLong2 | Scalar::VectorShort8 => &[Scalar::Int, Scalar::VectorFloat4],
        Scalar::VectorFloat2 | Scalar::VectorUChar8 => &[Scalar::Int, Scalar::Double],
        _ => &[Scalar::Int, Scalar::UChar, Scalar::Long],
    }
}

fn smaller_records(record: &Record) -> Vec<Ty> {
    let mut out = Vec::new();
    for member in &record.members {
        if member.bits.is_none() && !matches!(member.ty, Ty::Array(..)) {
            out.push(member.ty.clone());
        }
    }
    let mut push = |members: Vec<Member>| out.push(Ty::Record(Record { members, ..record.clone() }));
    for i in 0..record.members.len() {
        let mut members = record.members.clone();
        members.remove(i);
        push(members);
    }
    for (i, member) in record.members.iter().enumerate() {
        for changed in smaller_members(member) {
            let mut members = record.members.clone();
            members[i] = changed;
            push(members);
        }
    }
    if record.packed {
        out.push(Ty::Record(Record { packed: false, ..record.clone() }));
    }
    if record.aligned.is_some() {
        out.push(Ty::Record(Record { aligned: None, ..record.clone() }));
    }
    if record.union {
        out.push(Ty::Record(Record { union: false, ..record.clone() }));
    }
    out.retain(|ty| layouts::of(ty).is_ok());
    out
}

fn smaller_members(member: &Member) -> Vec<Member> {
    let mut out = Vec::new();
    if member.bits.is_some() {
        if member.spelling == Spelling::Named {
            out.push(Member { bits: None, ..member.clone() });
        }
        return out;
    }
    for ty in smaller(&member.ty) {
        let named = Member { ty, spelling: Spelling::Named, ..member.clone() };
        out.push(named);
    }
    if member.aligned.is_some() {
        out.push(Member { aligned: None, ..member.clone() });
    }
    if member.spelling != Spelling::Named {
        out.push(Member { spelling: Spelling::Named, ..member.clone() });
    }
    out
}
