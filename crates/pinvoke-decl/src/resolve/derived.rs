//! Arrays and functions, and the adjustments that parameters undergo (C17 6.7.6.3).

use std::sync::Arc;

use pinvoke_abi::layout::{Layout, LayoutError};

use super::{FunctionState, MAX_DEPTH, NoLayout, Resolver, Shape, Site, scalar};
use crate::front::c::describe_parameter;
use crate::model::{
    ArrayLen, Derivation, Expr, FunctionFact, Keyworded, Op, TypeFact, VectorFact, VectorLen,
};
use crate::span::Span;
use crate::types::TypeId;

impl Resolver<'_> {
    pub(super) fn array(
        &mut self,
        element: TypeId,
        len: &ArrayLen,
        span: Span,
        site: &Site,
        what: &str,
    ) -> TypeId {
        if let Shape::Error | Shape::Unsupported(_) = self.shape(element) {
            return element;
        }
        let count = match len {
            ArrayLen::Unknown => None,
            ArrayLen::Expr(expr) => match self.evaluate(expr, site) {
                Ok(value) => match u64::try_from(value) {
                    Ok(count) => Some(count),
                    Err(_) => {
                        self.error(site, span, format!("the array {what} has {value} elements"));
                        return self.plain(Shape::Error);
                    }
                },
                Err(problem) => {
                    self.diagnostics.push(*problem);
                    return self.plain(Shape::Error);
                }
            },
        };
        if let Err(NoLayout::Unsupported(words)) = self.layout_of(element) {
            return self.plain(Shape::Unsupported(words));
        }
        let Some(layout) = self.sized(element, site, span, &format!("the element of {what}")) else {
            return self.plain(Shape::Error);
        };
        if let Some(count) = count
            && let Err(error) = Layout::array(layout, count)
        {
            self.layout_error(site, span, &format!("the array {what}"), &error);
            return self.plain(Shape::Error);
        }
        let id = self.plain(Shape::Array(element, count));
        let nesting = self.nesting_of(element) + 1;
        if nesting > MAX_DEPTH {
            self.too_deep(site, span);
            return self.plain(Shape::Error);
        }
        self.nesting.insert(id, nesting);
        id
    }

    /// `element __attribute__((vector_size(..)))`.
    pub(super) fn vector(&mut self, vector: &VectorFact, site: &Site, what: &str) -> TypeId {
        let VectorFact { element, len } = vector;
        let id = self.type_of(element, site, what);
        if let Shape::Error | Shape::Unsupported(_) = self.shape(id) {
            return id;
        }
        let (VectorLen::Bytes(expr) | VectorLen::Elements(expr)) = len;
        let number = match self.evaluate(expr, site) {
            Ok(number) => number,
            Err(problem) => {
                self.diagnostics.push(*problem);
                return self.plain(Shape::Error);
            }
        };
        let scalar = matches!(self.shape(id), Shape::Keyworded(_) | Shape::Wide(_));
        let layout = match self.layout_of(id) {
            Ok(layout) if scalar => layout,
            _ => {
                self.layout_error(
                    site,
                    element.span,
                    &format!("the vector {what}"),
                    &LayoutError::VectorElement,
                );
                return self.plain(Shape::Error);
            }
        };
        let count = match (len, u64::try_from(number)) {
            (VectorLen::Elements(_), Ok(count)) => count,
            (VectorLen::Bytes(_), Ok(size)) if layout.size > 0 && size.is_multiple_of(layout.size) => {
                size / layout.size
            }
            _ => {
                let words = scalar_words(self.shape(id));
                let message =
                    format!("the vector {what} has {number} bytes, which are no number of '{words}'");
                self.error(site, expr.span, message);
                return self.plain(Shape::Error);
            }
        };
        if let Err(error) = Layout::vector(self.target, layout, count) {
            self.layout_error(site, expr.span, &format!("the vector {what}"), &error);
            return self.plain(Shape::Error);
        }
        self.plain(Shape::Vector(id, count))
    }

    /// How many types lie inside each other in a type.
    pub(super) fn nesting_of(&self, id: TypeId) -> u32 {
        match self.shape(id) {
            Shape::Record(record) => self.records[*record].nesting,
            _ => self.nesting.get(&id).copied().unwrap_or(0),
        }
    }

    pub(super) fn too_deep(&mut self, site: &Site, span: Span) {
        self.error(site, span, format!("nested too deeply: more than {MAX_DEPTH} types inside each other"));
    }

    /// Whether a length depends on another parameter: `double m[rows][columns]`.
    pub(super) fn is_variable_length(&mut self, expr: &Expr, site: &Site) -> bool {
        let before = self.diagnostics.len();
        let known = !has_names(expr) || self.evaluate(expr, site).is_ok();
        self.diagnostics.truncate(before);
        !known
    }

    /// The number of elements of an array parameter; unknown if it depends on another parameter.
    pub(super) fn parameter_len(&mut self, len: &ArrayLen, site: &Site) -> Option<u64> {
        let ArrayLen::Expr(expr) = len else { return None };
        let names = has_names(expr);
        let before = self.diagnostics.len();
        match self.evaluate(expr, site) {
            Ok(value) => u64::try_from(value).ok(),
            Err(problem) => {
                if names {
                    self.diagnostics.truncate(before);
                } else {
                    self.diagnostics.push(*problem);
                }
                None
            }
        }
    }

    /// `around` names what has this function type, for messages.
    pub(super) fn function(
        &mut self,
        fact: &FunctionFact,
        ret: TypeId,
        site: &Site,
        around: Option<&str>,
    ) -> TypeId {
        let mut params = Vec::with_capacity(fact.params.len());
        let mut failed = *self.shape(ret) == Shape::Error;
        for (index, param) in fact.params.iter().enumerate() {
            let mut what = describe_parameter(index + 1, param.name.as_ref());
            if let Some(around) = around {
                what = format!("{what} of {around}");
            }
            let (mut id, len) = self.type_of_with(&param.ty, site, &what, true);
            if *self.shape(id) == Shape::Keyworded(Keyworded::Void) {
                self.error(site, param.span, format!("{what} has type 'void'"));
                id = self.plain(Shape::Error);
            }
            failed |= *self.shape(id) == Shape::Error;
            let id = self.transparent(id);
            params.push((param.name.as_ref().map(|n| Arc::clone(&n.text)), id, len));
        }
        if failed {
            return self.plain(Shape::Error);
        }
        self.functions.push(FunctionState {
            conv: fact.conv,
            params,
            ret,
            variadic: fact.variadic,
            unspecified: fact.unspecified,
        });
        self.plain(Shape::Function(self.functions.len() - 1))
    }

    /// A parameter of `transparent_union` type is passed as the union's first member.
    pub(super) fn transparent(&mut self, id: TypeId) -> TypeId {
        let Shape::Record(record) = *self.shape(id) else { return id };
        if !self.records[record].transparent {
            return id;
        }
        match self.layout_of(id) {
            Ok(_) => self.records[record].fields.first().map_or(id, |f| f.ty),
            Err(_) => id,
        }
    }

    /// Reports what keeps a declared function from being called.
    pub(super) fn check_function(
        &mut self,
        id: TypeId,
        fact: &TypeFact,
        site: &Site,
        name: Option<&Arc<str>>,
    ) {
        let Shape::Function(function) = *self.shape(id) else { return };
        let written = match fact.derivations.last() {
            Some(Derivation::Function(written)) => written.params.as_slice(),
            // Declared by the name of a function type, which lists the parameters elsewhere.
            _ => &[],
        };
        let state = &self.functions[function];
        let (ret, params): (TypeId, Vec<TypeId>) = (state.ret, state.params.iter().map(|p| p.1).collect());
        let name = name.map_or_else(|| "the function".to_owned(), |n| format!("'{n}'"));
        match *self.shape(ret) {
            Shape::Keyworded(Keyworded::Void) => {}
            Shape::Array(..) | Shape::Function(_) => {
                let message = format!("{name} returns an array or a function; C functions return neither");
                self.error(site, fact.span, message);
            }
            _ => {
                self.sized(ret, site, fact.span, &format!("the result of {name}"));
            }
        }
        for (index, param) in params.iter().enumerate() {
            let written = written.get(index);
            let what = describe_parameter(index + 1, written.and_then(|p| p.name.as_ref()));
            self.sized(*param, site, written.map_or(fact.span, |p| p.span), &what);
        }
    }
}

fn scalar_words(shape: &Shape) -> &'static str {
    match shape {
        Shape::Keyworded(ty) | Shape::Wide(ty) => scalar::keywords(*ty),
        _ => "this type",
    }
}

/// Whether an expression names something, or looks behind a pointer.
fn has_names(expr: &Expr) -> bool {
    expr.ops.iter().any(|(op, _)| matches!(op, Op::Name(_) | Op::NotInteger(_)))
}
