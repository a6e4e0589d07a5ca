//! Declarations of one name compared with each other (C17 6.2.7, and C23 6.7.2.3 for repeated bodies).

use std::collections::HashSet;
use std::sync::Arc;

use super::{Resolver, Scope, Shape, Status};
use crate::diagnostic::{Diagnostic, Severity};
use crate::facts::{Facts, TagFact};
use crate::types::TypeId;

/// Compares every declaration from index `from` on with the first of its name, and every body with the
/// first of its tag. `severity` is that of a difference between functions or variables.
pub(crate) fn check_redeclarations(
    resolver: &mut Resolver<'_>,
    facts: &Facts,
    from: usize,
    bodies_from: usize,
    severity: Severity,
) {
    for declaration in &facts.declarations[from..] {
        let Some(first) = facts.find(&declaration.name.text) else { continue };
        if Arc::ptr_eq(first, declaration) {
            continue;
        }
        let compatible = first.kind == declaration.kind && {
            let before = resolver.diagnostics.len();
            let a = resolver.declaration_type(first);
            let b = resolver.declaration_type(declaration);
            resolver.diagnostics.truncate(before);
            resolver.compatible(a, b)
        };
        if resolver.gave_up() {
            return;
        }
        if !compatible {
            let message = format!("'{}' was declared differently before", declaration.name.text);
            resolver.diagnostics.push(
                Diagnostic::new(severity, &declaration.source, declaration.name.span, message).related(
                    &first.source,
                    first.name.span,
                    "the earlier declaration",
                ),
            );
        }
    }
    check_constants(resolver, facts, bodies_from);
    for body in &facts.bodies[bodies_from..] {
        let Some(tag) = body.tag() else { continue };
        let Some(first) = facts.tags.get(&tag.text).and_then(|all| all.first()) else { continue };
        if first.is(body) {
            continue;
        }
        let same = match (first, body) {
            (TagFact::Record(a), TagFact::Record(b)) if a.kind == b.kind => {
                let before = resolver.diagnostics.len();
                let (a, b) =
                    (resolver.record_of_body(a, Scope::User), resolver.record_of_body(b, Scope::User));
                let same = resolver.same_bodies(a, b);
                resolver.diagnostics.truncate(before);
                same
            }
            (TagFact::Enum(a), TagFact::Enum(b)) => {
                let (a, b) = (resolver.enum_values(a, Scope::User), resolver.enum_values(b, Scope::User));
                a == b
            }
            _ => false,
        };
        if resolver.gave_up() {
            return;
        }
        if !same {
            let message = format!("'{} {}' was defined differently before", body.kind().keyword(), tag.text);
            resolver.diagnostics.push(Diagnostic::error(body.source(), tag.span, message).related(
                first.source(),
                first.span(),
                "the earlier definition",
            ));
        }
    }
}

/// An enumeration constant has one value in all of a unit.
fn check_constants(resolver: &mut Resolver<'_>, facts: &Facts, bodies_from: usize) {
    for body in &facts.bodies[bodies_from..] {
        let TagFact::Enum(fact) = body else { continue };
        for (index, (name, _)) in fact.constants.iter().enumerate() {
            let Some((first, at)) = facts.constants.get(&name.text) else { continue };
            let itself = Arc::ptr_eq(first, fact);
            if (itself && *at == index) || resolver.gave_up() {
                continue;
            }
            let same = !itself && {
                let (a, b) =
                    (resolver.enum_values(first, Scope::User), resolver.enum_values(fact, Scope::User));
                a.get(*at).map(|c| c.1) == b.get(index).map(|c| c.1)
            };
            if !same {
                let message = format!("the constant '{}' is defined twice", name.text);
                resolver.diagnostics.push(Diagnostic::error(&fact.source, name.span, message).related(
                    &first.source,
                    first.constants[*at].0.span,
                    "the first is here",
                ));
            }
        }
    }
}

impl Resolver<'_> {
    /// The type of exactly this declaration, whatever an earlier one says.
    fn declaration_type(&mut self, declaration: &crate::model::Declaration) -> TypeId {
        let site = super::Site { scope: Scope::User, source: Arc::clone(&declaration.source) };
        self.type_of(&declaration.ty, &site, "this")
    }

    pub(super) fn compatible(&mut self, a: TypeId, b: TypeId) -> bool {
        self.compatible_within(a, b, &mut HashSet::new())
    }

    /// Structural comparison; `assumed` holds pairs under comparison, which makes cycles end.
    fn compatible_within(&self, a: TypeId, b: TypeId, assumed: &mut HashSet<(TypeId, TypeId)>) -> bool {
        let mut pending = vec![(a, b)];
        while let Some((a, b)) = pending.pop() {
            if a == b || !assumed.insert((a, b)) {
                continue;
            }
            let same = match (self.shape(a), self.shape(b)) {
                // What has been reported is not reported again.
                (Shape::Error, _) | (_, Shape::Error) => true,
                (Shape::Keyworded(x) | Shape::Wide(x), Shape::Keyworded(y) | Shape::Wide(y)) => x == y,
                // C17 6.7.2.2: an enumeration is compatible with its integer type.
                (Shape::Enum(e), Shape::Keyworded(ty)) | (Shape::Keyworded(ty), Shape::Enum(e)) => {
                    self.enums[*e].ty == *ty
                }
                (Shape::Enum(x), Shape::Enum(y)) => {
                    let (x, y) = (&self.enums[*x], &self.enums[*y]);
                    x.tag == y.tag && (x.values == y.values || x.fact.is_none() || y.fact.is_none())
                }
                (Shape::Pointer(x), Shape::Pointer(y)) => {
                    pending.push((*x, *y));
                    self.node(*x).is_const == self.node(*y).is_const
                }
                (Shape::Array(x, n), Shape::Array(y, m)) => {
                    pending.push((*x, *y));
                    n == m || n.is_none() || m.is_none()
                }
                (Shape::Vector(x, n), Shape::Vector(y, m)) => {
                    pending.push((*x, *y));
                    n == m
                }
                (Shape::Record(x), Shape::Record(y)) => {
                    let (x, y) = (&self.records[*x], &self.records[*y]);
                    let complete = x.status == Status::Done && y.status == Status::Done;
                    x.kind == y.kind
                        && x.tag == y.tag
                        && (x.tag.is_some() || !complete || x.layout == y.layout)
                }
                (Shape::Function(x), Shape::Function(y)) => {
                    let (x, y) = (&self.functions[*x], &self.functions[*y]);
                    pending.push((x.ret, y.ret));
                    let silent = x.unspecified || y.unspecified;
                    if !silent {
                        pending.extend(x.params.iter().zip(&y.params).map(|(p, q)| (p.1, q.1)));
                    }
                    x.conv == y.conv
                        && (silent || (x.params.len() == y.params.len() && x.variadic == y.variadic))
                }
                (Shape::Opaque(x), Shape::Opaque(y)) => x == y,
                _ => false,
            };
            if !same {
                return false;
            }
        }
        true
    }

    /// Whether two bodies have the same members in the same places.
    fn same_bodies(&mut self, a: TypeId, b: TypeId) -> bool {
        let (la, lb) = (self.layout_of(a).ok(), self.layout_of(b).ok());
        let (Shape::Record(x), Shape::Record(y)) = (self.shape(a).clone(), self.shape(b).clone()) else {
            return false;
        };
        let (Some(la), Some(lb)) = (la, lb) else { return true };
        if la.size != lb.size || la.align != lb.align {
            return false;
        }
        let (x, y) = (&self.records[x].fields, &self.records[y].fields);
        let mut assumed = HashSet::from([(a, b)]);
        x.len() == y.len()
            && x.iter().zip(y).all(|(p, q)| {
                p.name == q.name
                    && p.offset == q.offset
                    && p.bits == q.bits
                    && self.compatible_within(p.ty, q.ty, &mut assumed)
            })
    }
}
