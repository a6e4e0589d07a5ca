//! Sizes and alignments of types, once their shapes are known, and the words for types without one.

use pinvoke_abi::layout::Layout;

use super::{NoLayout, Resolver, Shape, Site, scalar};
use crate::diagnostic::Diagnostic;
use crate::model::{Alignment, Keyworded};
use crate::span::Span;
use crate::types::TypeId;

impl Resolver<'_> {
    /// The layout of a type that must be complete; reported if it is not.
    pub(super) fn sized(&mut self, id: TypeId, site: &Site, span: Span, what: &str) -> Option<Layout> {
        match self.layout_of(id) {
            Ok(layout) if *self.shape(id) != Shape::Keyworded(Keyworded::Void) => Some(layout),
            Err(NoLayout::Reported) => None,
            Err(NoLayout::Unsupported(words)) => {
                let name = self.node(id).alias.clone();
                let message = match name {
                    Some(name) => format!("{what} has type '{name}': {words} is not supported"),
                    None => format!("{what}: {words} is not supported"),
                };
                self.error(site, span, message);
                None
            }
            _ => {
                let name = self.describe(id);
                let message = format!("{what} has the incomplete type '{name}'");
                let mut problem = Diagnostic::error(&site.source, span, message);
                problem.help = match name.split_once(' ') {
                    Some((_, tag)) if matches!(self.shape(id), Shape::Record(_)) => self.tag_suggestion(tag),
                    _ => None,
                };
                self.diagnostics.push(problem);
                None
            }
        }
    }

    pub(super) fn layout_of(&mut self, id: TypeId) -> Result<Layout, NoLayout> {
        if let Some(layout) = self.layouts.get(&id) {
            return Ok(layout.clone());
        }
        let node = self.node(id).clone();
        let mut layout = match node.shape {
            Shape::Error => return Err(NoLayout::Reported),
            Shape::Unsupported(words) => return Err(NoLayout::Unsupported(words)),
            Shape::Keyworded(ty) | Shape::Wide(ty) => scalar::layout(self.target, ty),
            Shape::Pointer(_) => Layout::pointer(self.target),
            Shape::Array(element, Some(count)) => {
                let element = self.layout_of(element)?;
                // Checked when the array type was made.
                Layout::array(element, count).map_err(|_| NoLayout::Reported)?
            }
            Shape::Vector(element, count) => {
                let element = self.layout_of(element)?;
                // Checked when the vector type was made.
                Layout::vector(self.target, element, count).map_err(|_| NoLayout::Reported)?
            }
            Shape::Array(_, None) | Shape::Function(_) | Shape::Opaque(_) => {
                return Err(NoLayout::Incomplete);
            }
            Shape::Enum(e) => scalar::layout(self.target, self.enums[e].ty),
            Shape::Record(record) => {
                self.complete(record)?;
                self.records[record].layout.clone().ok_or(NoLayout::Reported)?
            }
        };
        if let Some(align) = node.align {
            layout.align = align;
        }
        self.layouts.insert(id, layout.clone());
        Ok(layout)
    }

    /// A type in words for a message, before any table exists.
    pub(super) fn describe(&self, id: TypeId) -> String {
        let node = self.node(id);
        if let Some(alias) = &node.alias {
            return alias.to_string();
        }
        match &node.shape {
            Shape::Keyworded(ty) | Shape::Wide(ty) => scalar::keywords(*ty).to_owned(),
            Shape::Record(r) => {
                let record = &self.records[*r];
                format!("{} {}", record.kind.keyword(), record.tag.as_deref().unwrap_or("(unnamed)"))
            }
            Shape::Enum(e) => format!("enum {}", self.enums[*e].tag.as_deref().unwrap_or("(unnamed)")),
            Shape::Pointer(to) => match self.shape(*to) {
                Shape::Pointer(_) => "a pointer to a pointer".to_owned(),
                _ => format!("{} *", self.describe_flat(*to)),
            },
            Shape::Array(element, _) => format!("{}[]", self.describe_flat(*element)),
            Shape::Vector(element, _) => format!("a vector of '{}'", self.describe_flat(*element)),
            Shape::Function(_) => "a function".to_owned(),
            Shape::Opaque(name) | Shape::Unsupported(name) => name.to_string(),
            Shape::Error => "?".to_owned(),
        }
    }

    pub(super) fn describe_flat(&self, id: TypeId) -> String {
        match self.shape(id) {
            Shape::Pointer(_) | Shape::Array(..) if self.node(id).alias.is_none() => "...".to_owned(),
            _ => self.describe(id),
        }
    }

    /// The alignment that attributes ask for: the largest of them.
    pub(super) fn alignment(&mut self, attributes: &[Alignment], site: &Site) -> Option<u64> {
        let mut largest = None;
        for attribute in attributes {
            let align = match attribute {
                Alignment::Largest => Some(16),
                Alignment::Expr(expr) => {
                    let span = expr.span;
                    match self.evaluate(expr, site) {
                        Ok(0) => None,
                        Ok(value) => {
                            match u64::try_from(value).ok().filter(|a| a.is_power_of_two() && *a <= 1 << 28) {
                                Some(align) => Some(align),
                                None => {
                                    let message = format!(
                                        "alignment {value} is not a power of two from 1 to 268435456"
                                    );
                                    self.error(site, span, message);
                                    None
                                }
                            }
                        }
                        Err(problem) => {
                            self.diagnostics.push(*problem);
                            None
                        }
                    }
                }
                Alignment::Type(ty) => {
                    let id = self.type_of(ty, site, "the alignment");
                    self.sized(id, site, ty.span, "the type in '_Alignas'").map(|l| l.align)
                }
            };
            largest = largest.max(align);
        }
        largest
    }
}
