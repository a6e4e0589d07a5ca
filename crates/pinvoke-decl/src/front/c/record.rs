//! Bodies of structures, unions and enumerations.

use std::sync::Arc;

use super::attribute::Attributes;
use super::declarator::{Declared, Naming};
use super::specifier::Specifiers;
use super::{Parse, Parser};
use crate::lex::{Keyword, Punct, TokenKind};
use crate::model::{Base, EnumFact, MemberFact, Name, RecordFact, TagKind};
use crate::span::Span;

impl Parser<'_> {
    /// `{ members } attributes`.
    pub(super) fn record_body(
        &mut self,
        kind: TagKind,
        tag: Option<Name>,
        mut attributes: Attributes,
        span: Span,
    ) -> Parse<Base> {
        let pack = self.lexed.pack_at(self.at);
        self.bump();
        let mut members = Vec::new();
        let mut broken = false;
        loop {
            if self.eat(Punct::RBrace) {
                break;
            }
            if self.eat(Punct::Semi) {
                continue;
            }
            if self.at_end() {
                let name = Self::name_or(tag.as_ref(), "");
                let what = format!("{} {name}", kind.keyword());
                let message = format!("'{}' is never closed by '}}'", what.trim_end());
                return Err(self.error(span, &message));
            }
            if self.member(&mut members).is_err() {
                broken = true;
                self.resync_member();
            }
        }
        self.attributes(&mut attributes)?;
        let fact = Arc::new(RecordFact {
            kind,
            tag,
            members,
            packed: attributes.packed,
            aligned: attributes.aligned,
            pack,
            transparent: attributes.transparent,
            bit_rule: attributes.bit_rule,
            broken,
            source: Arc::clone(&self.source),
            span,
        });
        self.facts.add_record(&fact);
        Ok(Base::Record(fact))
    }

    /// Goes behind the next `;`, or to the `}` that ends the body.
    fn resync_member(&mut self) {
        loop {
            match self.kind() {
                TokenKind::End | TokenKind::Punct(Punct::RBrace) => return,
                TokenKind::Punct(Punct::Semi) => {
                    self.bump();
                    return;
                }
                TokenKind::Punct(Punct::LParen | Punct::LBracket | Punct::LBrace)
                    if self.behind_group(0).is_some() =>
                {
                    self.at += self.behind_group(0).unwrap_or(1);
                }
                _ => {
                    self.bump();
                }
            }
        }
    }

    /// One declaration in a body, which may declare several members.
    fn member(&mut self, members: &mut Vec<MemberFact>) -> Parse<()> {
        if self.eat_keyword(Keyword::StaticAssert) {
            return self.static_assert();
        }
        let start = self.span();
        let mut specifiers = self.specifiers("for a member")?;
        // An alignment among the specifiers holds for every member of the declaration.
        let shared_alignment = std::mem::take(&mut specifiers.attributes.aligned);
        let shared_packed = specifiers.attributes.packed;
        let base = specifiers.ty.clone();
        if self.is(Punct::Semi) || self.is(Punct::RBrace) {
            let anonymous = matches!(&base.base, Base::Record(r) if r.tag.is_none());
            let tagged_or_enum = matches!(&base.base, Base::Record(_) | Base::Enum(_) | Base::Tag { .. });
            if anonymous {
                members.push(MemberFact {
                    name: None,
                    ty: base,
                    bits: None,
                    aligned: shared_alignment,
                    packed: shared_packed,
                    span: self.span_since(start),
                });
            } else if !tagged_or_enum {
                return Err(self.expected("a name", "for the member"));
            }
            return self.end_of_member(None);
        }
        let mut first: Option<Specifiers> = Some(specifiers);
        loop {
            let start = self.span();
            let mut declared = match first.take() {
                Some(specifiers) if !self.is(Punct::Colon) => {
                    self.declarator(specifiers, Naming::Required)?
                }
                _ if self.is(Punct::Colon) => {
                    Declared { name: None, ty: base.clone(), attributes: Attributes::default() }
                }
                _ => self.further_declarator(&base, Naming::Required)?,
            };
            let bits = if self.eat(Punct::Colon) { Some(self.constant_expression()?) } else { None };
            self.trailing_attributes(&mut declared)?;
            let mut aligned = shared_alignment.clone();
            aligned.append(&mut declared.attributes.aligned);
            members.push(MemberFact {
                name: declared.name,
                ty: declared.ty,
                bits,
                aligned,
                packed: shared_packed || declared.attributes.packed,
                span: self.span_since(start),
            });
            if !self.eat(Punct::Comma) {
                break;
            }
        }
        let name = members.last().and_then(|m| m.name.clone());
        self.end_of_member(name.as_ref())
    }

    fn end_of_member(&mut self, name: Option<&Name>) -> Parse<()> {
        let place = match name {
            Some(name) => format!("after member '{}'", name.text),
            None => "after the member".to_owned(),
        };
        self.expect(Punct::Semi, &place).map(drop)
    }

    /// `: type { A, B = 2 } attributes`, or only the first part.
    pub(super) fn enum_body(
        &mut self,
        tag: Option<Name>,
        mut attributes: Attributes,
        span: Span,
    ) -> Parse<Base> {
        let mut underlying = None;
        if self.eat(Punct::Colon) {
            underlying = Some(self.specifiers("behind ':'")?.ty);
        }
        let mut constants = Vec::new();
        if self.eat(Punct::LBrace) {
            while !self.is(Punct::RBrace) {
                let Some(name) = self.ident() else {
                    return Err(self.expected("the name of a constant or '}'", "in the enumeration"));
                };
                self.attributes(&mut Attributes::default())?;
                let value = if self.eat(Punct::Assign) { Some(self.constant_expression()?) } else { None };
                let place = format!("after constant '{}'", name.text);
                constants.push((name, value));
                if !self.eat(Punct::Comma) && !self.is(Punct::RBrace) {
                    return Err(self.expected("',' or '}'", &place));
                }
            }
            self.bump();
        }
        self.attributes(&mut attributes)?;
        let fact = Arc::new(EnumFact {
            tag,
            constants,
            underlying,
            packed: attributes.packed,
            source: Arc::clone(&self.source),
            span,
        });
        self.facts.add_enum(&fact);
        Ok(Base::Enum(fact))
    }
}
