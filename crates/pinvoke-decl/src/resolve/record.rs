//! Structures, unions and enumerations: identity, members, layout.

use std::sync::Arc;

use pinvoke_abi::layout::{Kind, Layout, LayoutError, StructBuilder};
use pinvoke_abi::target::{BitFieldRule, Os};

use super::{EnumState, MAX_DEPTH, NoLayout, RecordState, Resolver, Scope, Shape, Site, Status, scalar};
use crate::model::{BitRule, EnumFact, Keyworded, MemberFact, RecordFact, TagKind};
use crate::types::{RecordField, TypeId};

impl Resolver<'_> {
    /// The type of a body. All bodies of one tag are one type: the first (others are compared with it
    /// by [`super::check_redeclarations`]).
    pub(super) fn record_type(&mut self, fact: &Arc<RecordFact>, scope: Scope) -> TypeId {
        let first = fact.tag.as_ref().and_then(|tag| {
            let facts = if scope == Scope::User { self.user } else { self.builtin };
            match facts.tags.get(&tag.text)?.first()? {
                super::TagFact::Record(first) if first.kind == fact.kind => Some(Arc::clone(first)),
                _ => None,
            }
        });
        let fact = first.unwrap_or_else(|| Arc::clone(fact));
        self.record_of_body(&fact, scope)
    }

    /// The type of exactly this body.
    pub(super) fn record_of_body(&mut self, fact: &Arc<RecordFact>, scope: Scope) -> TypeId {
        let key = Arc::as_ptr(fact).addr();
        if let Some(id) = self.by_body.get(&key) {
            return *id;
        }
        self.records.push(RecordState {
            kind: fact.kind,
            tag: fact.tag.as_ref().map(|t| Arc::clone(&t.text)),
            fact: Some(Arc::clone(fact)),
            scope,
            status: Status::Waiting,
            fields: Vec::new(),
            layout: None,
            transparent: fact.transparent,
            nesting: 0,
            unsupported: None,
        });
        let id = self.plain(Shape::Record(self.records.len() - 1));
        self.by_body.insert(key, id);
        id
    }

    /// Lays out a registered structure or union.
    pub(super) fn complete(&mut self, record: usize) -> Result<(), NoLayout> {
        match self.records[record].status {
            Status::Done => return Ok(()),
            Status::Failed => return Err(NoLayout::Reported),
            Status::Unsupported => {
                let words = self.records[record].unsupported.clone();
                return Err(words.map_or(NoLayout::Reported, NoLayout::Unsupported));
            }
            Status::Incomplete => return Err(NoLayout::Incomplete),
            Status::Waiting | Status::Busy => {}
        }
        let Some(fact) = self.records[record].fact.clone() else { return Err(NoLayout::Incomplete) };
        let site = Site { scope: self.records[record].scope, source: Arc::clone(&fact.source) };
        if self.records[record].status == Status::Busy {
            let name = self.record_name(record);
            self.error(&site, fact.span, format!("'{name}' contains itself"));
            return Err(NoLayout::Reported);
        }
        self.records[record].status = Status::Busy;
        let mut laid_out = self.deeper(&site, fact.span, |r| r.lay_out(&fact, &site));
        if let Some(Ok((fields, _))) = &laid_out {
            let nesting = fields.iter().map(|f| self.nesting_of(f.ty) + 1).max().unwrap_or(1);
            self.records[record].nesting = nesting;
            if nesting > MAX_DEPTH {
                self.too_deep(&site, fact.span);
                laid_out = None;
            }
        }
        let state = &mut self.records[record];
        match laid_out {
            Some(Ok((fields, layout))) if !fact.broken => {
                (state.fields, state.layout, state.status) = (fields, Some(layout), Status::Done);
                Ok(())
            }
            Some(Err(NoLayout::Unsupported(words))) => {
                (state.status, state.unsupported) = (Status::Unsupported, Some(Arc::clone(&words)));
                Err(NoLayout::Unsupported(words))
            }
            _ => {
                state.status = Status::Failed;
                Err(NoLayout::Reported)
            }
        }
    }

    pub(super) fn record_name(&self, record: usize) -> String {
        let state = &self.records[record];
        format!("{} {}", state.kind.keyword(), state.tag.as_deref().unwrap_or("(unnamed)"))
    }

    fn lay_out(&mut self, fact: &RecordFact, site: &Site) -> Result<(Vec<RecordField>, Layout), NoLayout> {
        let union = fact.kind == TagKind::Union;
        let mut builder =
            if union { StructBuilder::new_union(self.target) } else { StructBuilder::new(self.target) };
        let mut failed = false;
        if let Some(pack) = fact.pack
            && let Err(error) = builder.pack(pack)
        {
            self.layout_error(site, fact.span, "packed", &error);
            return Err(NoLayout::Reported);
        }
        match fact.bit_rule {
            Some(BitRule::Microsoft) => drop(builder.bit_fields(BitFieldRule::Microsoft)),
            Some(BitRule::SystemV) => drop(builder.bit_fields(BitFieldRule::SystemV)),
            None => {}
        }
        // (member, index in the builder)
        let mut placed: Vec<(Option<Arc<str>>, TypeId, usize)> = Vec::new();
        let mut names = std::collections::HashMap::new();
        let last = fact.members.len().saturating_sub(1);
        for (index, member) in fact.members.iter().enumerate() {
            let what = match &member.name {
                Some(name) => format!("member '{}'", name.text),
                None => "the unnamed member".to_owned(),
            };
            if let Some(name) = &member.name
                && let Some(first) = names.insert(Arc::clone(&name.text), name.span)
            {
                let problem = crate::diagnostic::Diagnostic::error(
                    &site.source,
                    name.span,
                    format!("there are two members '{}'", name.text),
                );
                self.diagnostics.push(problem.related(&site.source, first, "the first is here"));
                failed = true;
            }
            let id = self.type_of(&member.ty, site, &what);
            if let Err(NoLayout::Unsupported(words)) = self.layout_of(id) {
                return Err(NoLayout::Unsupported(words));
            }
            builder.packed(fact.packed || member.packed);
            match self.member(&mut builder, member, id, site, &what, union || index == last) {
                Some(Some(at)) => {
                    placed.push((member.name.as_ref().map(|n| Arc::clone(&n.text)), id, at));
                }
                Some(None) => {}
                None => failed = true,
            }
        }
        let aligned = self.alignment(&fact.aligned, site);
        if failed {
            return Err(NoLayout::Reported);
        }
        let layout = match builder.finish(aligned) {
            Ok(layout) => layout,
            Err(error) => {
                self.layout_error(site, fact.span, fact.kind.keyword(), &error);
                return Err(NoLayout::Reported);
            }
        };
        let (Kind::Struct { fields } | Kind::Union { fields }) = &layout.kind else {
            return Err(NoLayout::Reported);
        };
        let fields = placed
            .into_iter()
            // An unnamed bit-field is only padding.
            .filter(|(name, _, at)| name.is_some() || fields[*at].bits.is_none())
            .map(|(name, ty, at)| RecordField { name, ty, offset: fields[at].offset, bits: fields[at].bits })
            .collect();
        Ok((fields, layout))
    }

    /// Places one member; the index in the builder, none for a zero-width bit-field; `None` if reported.
    fn member(
        &mut self,
        builder: &mut StructBuilder,
        member: &MemberFact,
        id: TypeId,
        site: &Site,
        what: &str,
        may_be_flexible: bool,
    ) -> Option<Option<usize>> {
        let layout = match *self.shape(id) {
            Shape::Array(element, None) => {
                let element = self.sized(element, site, member.span, what)?;
                if !may_be_flexible {
                    self.error(site, member.span, format!("{what} has no size and is not the last one"));
                    return None;
                }
                Layout::array(element, 0).ok()?
            }
            Shape::Function(_) => {
                self.error(site, member.span, format!("{what} is a function; a pointer to one is meant"));
                return None;
            }
            _ => self.sized(id, site, member.span, what)?,
        };
        let aligned = self.alignment(&member.aligned, site);
        let placed = match &member.bits {
            None => builder.field(layout, aligned).map(Some),
            Some(expr) => {
                let width = match self.evaluate(expr, site) {
                    Ok(width) => width,
                    Err(problem) => {
                        self.diagnostics.push(*problem);
                        return None;
                    }
                };
                let Ok(bits) = u32::try_from(width) else {
                    self.error(site, expr.span, format!("{what} has a width of {width} bits"));
                    return None;
                };
                if bits == 0 && member.name.is_some() {
                    self.error(
                        site,
                        expr.span,
                        format!("{what} has no bits; only an unnamed one may have none"),
                    );
                    return None;
                }
                builder.bit_field_aligned(layout, bits, member.name.is_some(), aligned)
            }
        };
        match placed {
            Ok(placed) => Some(placed),
            Err(LayoutError::BitFieldType) => {
                let name = self.describe(id);
                self.error(
                    site,
                    member.span,
                    format!("{what} is a bit-field of type '{name}', which is no integer"),
                );
                None
            }
            Err(error) => {
                self.layout_error(site, member.span, what, &error);
                None
            }
        }
    }

    // --- enumerations -------------------------------------------------------------------------

    pub(super) fn enum_type(&mut self, fact: &Arc<EnumFact>, scope: Scope) -> TypeId {
        let first = fact.tag.as_ref().and_then(|tag| {
            let facts = if scope == Scope::User { self.user } else { self.builtin };
            match facts.tags.get(&tag.text)?.first()? {
                super::TagFact::Enum(first) => Some(Arc::clone(first)),
                super::TagFact::Record(_) => None,
            }
        });
        let fact = first.unwrap_or_else(|| Arc::clone(fact));
        self.enum_of_body(&fact, scope)
    }

    /// The type of exactly this body.
    pub(super) fn enum_of_body(&mut self, fact: &Arc<EnumFact>, scope: Scope) -> TypeId {
        let key = Arc::as_ptr(fact).addr();
        if let Some(id) = self.by_body.get(&key) {
            return *id;
        }
        let values = self.enum_values(fact, scope);
        let site = Site { scope, source: Arc::clone(&fact.source) };
        let ty = match &fact.underlying {
            Some(ty) => {
                let id = self.type_of(ty, &site, "the enumeration");
                match *self.shape(id) {
                    Shape::Keyworded(ty) | Shape::Wide(ty)
                        if scalar::integer_bits(self.target, ty).is_some() =>
                    {
                        ty
                    }
                    Shape::Error => Keyworded::Int,
                    _ => {
                        self.error(&site, ty.span, "the type of an enumeration must be an integer type");
                        Keyworded::Int
                    }
                }
            }
            None => self.enum_integer(fact, &values, &site),
        };
        self.enums.push(EnumState {
            tag: fact.tag.as_ref().map(|t| Arc::clone(&t.text)),
            fact: Some(Arc::clone(fact)),
            ty,
            values,
        });
        let id = self.plain(Shape::Enum(self.enums.len() - 1));
        self.by_body.insert(key, id);
        id
    }

    /// The integer type of an enumeration that does not state one.
    ///
    /// gcc and clang take `unsigned int` unless a constant is negative, then `int`, and a wider type if
    /// a constant does not fit; Microsoft always takes `int`.
    fn enum_integer(&mut self, fact: &EnumFact, values: &[(Arc<str>, i128)], site: &Site) -> Keyworded {
        if self.target.os == Os::WindowsMsvc && !fact.packed {
            return Keyworded::Int;
        }
        let (low, high) = values.iter().fold((0, 0), |(l, h), (_, v)| ((*v).min(l), (*v).max(h)));
        let signed = low < 0;
        let sizes: &[u64] = if fact.packed { &[1, 2, 4, 8] } else { &[4, 8] };
        for size in sizes {
            let bits = size * 8 - u64::from(signed);
            if high >> bits == 0
                && low >= -(1i128 << (size * 8 - 1))
                && let Some(ty) = scalar::integer(self.target, *size, signed)
            {
                return ty;
            }
        }
        self.error(site, fact.span, "no integer type holds all constants of this enumeration");
        Keyworded::Int
    }
}
