//! Declaration specifiers: storage, qualifiers, and the words that make up a base type, in any order.

use std::sync::Arc;

use super::attribute::Attributes;
use super::{Parse, Parser};
use crate::lex::{Keyword, Punct, TokenKind};
use crate::model::{Base, Keyworded, Name, TagKind, TypeFact};
use crate::span::Span;

/// What stands in front of a declarator.
#[derive(Debug)]
pub(super) struct Specifiers {
    pub(super) ty: TypeFact,
    pub(super) is_typedef: bool,
    /// Whether the type alone declares something: a body or a tag.
    pub(super) declares_tag: bool,
    pub(super) attributes: Attributes,
}

/// Type keywords counted; C allows them in any order (`long unsigned int long`).
#[derive(Debug, Default)]
struct Words {
    void: bool,
    bool: bool,
    char: bool,
    int: bool,
    short: bool,
    long: u8,
    sized: Option<Keyworded>,
    int128: bool,
    signed: bool,
    unsigned: bool,
    float: Option<Keyworded>,
    complex: bool,
    unsupported: Option<&'static str>,
    any: bool,
}

impl Words {
    /// Takes a type keyword; false if it is none.
    fn take(&mut self, keyword: Keyword) -> bool {
        match keyword {
            Keyword::Void => self.void = true,
            Keyword::Bool => self.bool = true,
            Keyword::Char => self.char = true,
            Keyword::Int => self.int = true,
            Keyword::Int8 => self.sized = Some(Keyworded::SignedChar),
            Keyword::Int16 => self.sized = Some(Keyworded::Short),
            Keyword::Int64 => self.sized = Some(Keyworded::LongLong),
            Keyword::Int128 => self.int128 = true,
            Keyword::Short => self.short = true,
            Keyword::Long => self.long = self.long.saturating_add(1),
            Keyword::Signed => self.signed = true,
            Keyword::Unsigned => self.unsigned = true,
            Keyword::Float | Keyword::Float32 => self.float = Some(Keyworded::Float),
            Keyword::Double | Keyword::Float64 | Keyword::Float32x => self.float = Some(Keyworded::Double),
            Keyword::Float64x => self.float = Some(Keyworded::Float64x),
            Keyword::Float128 => self.float = Some(Keyworded::Float128),
            Keyword::Complex => self.complex = true,
            Keyword::Float16 => self.unsupported = Some("a 16-bit floating type"),
            Keyword::Decimal => self.unsupported = Some("a decimal floating type"),
            Keyword::Imaginary => self.unsupported = Some("an imaginary type"),
            Keyword::Auto => self.unsupported = Some("a deduced type"),
            _ => return false,
        }
        self.any = true;
        true
    }

    /// The type, or the words that do not go together.
    fn resolve(&self) -> Result<Base, &'static str> {
        if let Some(what) = self.unsupported {
            return Ok(Base::Unsupported(what.into()));
        }
        let sign = self.signed || self.unsigned;
        let ints = self.int || self.short || self.long > 0 || self.int128 || sign || self.sized.is_some();
        if self.signed && self.unsigned {
            return Err("a type cannot be both 'signed' and 'unsigned'");
        }
        use Keyworded as K;
        let ty = if self.void || self.bool {
            if ints || self.char || self.float.is_some() || self.complex || (self.void && self.bool) {
                return Err("'void' and '_Bool' go with no other type");
            }
            if self.void { K::Void } else { K::Bool }
        } else if let Some(float) = self.float.or(self.complex.then_some(K::Double)) {
            if sign || self.short || self.int || self.char || self.int128 || self.sized.is_some() {
                return if self.complex && self.float.is_none() {
                    Ok(Base::Unsupported("a complex integer type".into()))
                } else {
                    Err("a floating type goes with no integer type")
                };
            }
            let float = match (float, self.long) {
                (_, 0) => float,
                (K::Double, 1) => K::LongDouble,
                _ => return Err("too many 'long' for a floating type"),
            };
            if self.complex { complex(float) } else { float }
        } else if self.char {
            if self.int || self.short || self.long > 0 || self.int128 || self.sized.is_some() {
                return Err("'char' goes with no other size");
            }
            match (self.signed, self.unsigned) {
                (true, _) => K::SignedChar,
                (_, true) => K::UnsignedChar,
                _ => K::Char,
            }
        } else {
            let sizes = usize::from(self.short)
                + usize::from(self.long > 0)
                + usize::from(self.int128)
                + usize::from(self.sized.is_some());
            if sizes > 1 || self.long > 2 {
                return Err("these sizes do not go together");
            }
            let signed = match (self.short, self.long, self.int128, self.sized) {
                (true, ..) => K::Short,
                (_, 1, ..) => K::Long,
                (_, 2, ..) => K::LongLong,
                (_, _, true, _) => K::Int128,
                (.., Some(sized)) => sized,
                _ => K::Int,
            };
            if self.unsigned { unsigned(signed) } else { signed }
        };
        Ok(Base::Keyworded(ty))
    }
}

fn complex(float: Keyworded) -> Keyworded {
    match float {
        Keyworded::Float => Keyworded::ComplexFloat,
        Keyworded::LongDouble => Keyworded::ComplexLongDouble,
        Keyworded::Float64x => Keyworded::ComplexFloat64x,
        Keyworded::Float128 => Keyworded::ComplexFloat128,
        _ => Keyworded::ComplexDouble,
    }
}

fn unsigned(signed: Keyworded) -> Keyworded {
    match signed {
        Keyworded::SignedChar => Keyworded::UnsignedChar,
        Keyworded::Short => Keyworded::UnsignedShort,
        Keyworded::Long => Keyworded::UnsignedLong,
        Keyworded::LongLong => Keyworded::UnsignedLongLong,
        Keyworded::Int128 => Keyworded::UnsignedInt128,
        _ => Keyworded::UnsignedInt,
    }
}

impl Parser<'_> {
    /// Reads specifiers; at least one must name a type. `place` completes "expected a type ...".
    pub(super) fn specifiers(&mut self, place: &str) -> Parse<Specifiers> {
        let start = self.span();
        let mut words = Words::default();
        let mut base: Option<Base> = None;
        let mut is_const = false;
        let mut is_atomic = false;
        let mut is_typedef = false;
        let mut attributes = Attributes::default();
        let mut end = start;
        loop {
            let seen = words.any || base.is_some();
            match self.kind() {
                TokenKind::Keyword(keyword) => match keyword {
                    Keyword::Typedef => {
                        is_typedef = true;
                        self.bump();
                    }
                    Keyword::Extern
                    | Keyword::Static
                    | Keyword::Inline
                    | Keyword::Register
                    | Keyword::ThreadLocal
                    | Keyword::Noreturn
                    | Keyword::Extension
                    | Keyword::Restrict
                    | Keyword::Volatile => {
                        self.bump();
                    }
                    Keyword::Const => {
                        is_const = true;
                        self.bump();
                    }
                    Keyword::Auto if self.known_type_at(1) => {
                        self.bump();
                    }
                    Keyword::Atomic => {
                        self.bump();
                        if self.is(Punct::LParen) && !seen {
                            base = Some(Base::Atomic(Box::new(self.parenthesised_type("'_Atomic'")?)));
                        } else {
                            is_atomic = true;
                        }
                    }
                    Keyword::Attribute | Keyword::Declspec | Keyword::Alignas => {
                        self.attributes(&mut attributes)?
                    }
                    Keyword::Struct | Keyword::Union | Keyword::Enum if !seen => {
                        base = Some(self.tagged(keyword)?);
                        end = self.last_span();
                    }
                    Keyword::Typeof if !seen => {
                        self.bump();
                        base = Some(Base::Typeof(Box::new(self.parenthesised_type("'typeof'")?)));
                        end = self.last_span();
                    }
                    _ if base.is_none() && words.take(keyword) => end = self.bump().span,
                    Keyword::Struct | Keyword::Union | Keyword::Enum | Keyword::Typeof => {
                        return Err(self.expected("a name", "after the type"));
                    }
                    _ if base.is_some() && Words::default().take(keyword) => {
                        return Err(self.expected("a name", "after the type"));
                    }
                    _ => break,
                },
                TokenKind::Punct(Punct::LBracket) if self.is_ahead(1, Punct::LBracket) => {
                    self.attributes(&mut attributes)?;
                }
                TokenKind::Ident => {
                    if let Some(conv) = self.convention_word() {
                        attributes.conv = Some(conv);
                    } else if base.is_none()
                        && self.complex_macro_follows(words.float.is_some() || words.long > 0)
                    {
                        words.take(Keyword::Complex);
                        end = self.bump().span;
                    } else if seen {
                        if !self.skip_annotation_before_name() {
                            break;
                        }
                        is_const |= self.text_of(self.last_span()) == "CONST";
                    } else if self.skip_annotation_before_type() {
                        is_const |= self.text_of(self.last_span()) == "CONST";
                    } else if self.is_ahead(1, Punct::LParen)
                        && !self.is_ahead(2, Punct::Star)
                        && !self.ident_text(0).is_some_and(|w| self.is_typedef(w))
                    {
                        let name = self.text_of(self.span());
                        let message = format!("expected a type in front of '{name}'");
                        return Err(self.error(self.span(), &message));
                    } else if let Some(name) = self.ident() {
                        end = name.span;
                        base = Some(Base::Named(name));
                    }
                }
                _ => break,
            }
        }
        if !words.any && base.is_none() {
            return Err(self.expected("a type", place));
        }
        let span = start.to(end);
        let declares_tag = matches!(base, Some(Base::Record(_) | Base::Enum(_) | Base::Tag { .. }));
        let base = match base {
            Some(base) => base,
            None => match words.resolve() {
                Ok(base) => base,
                Err(message) => return Err(self.error(span, message)),
            },
        };
        let mut ty = TypeFact { base, is_const, mode: None, derivations: Vec::new(), span };
        attributes.change_base(&mut ty);
        if is_atomic {
            let base = Base::Atomic(Box::new(ty));
            ty = TypeFact { base, is_const, mode: None, derivations: Vec::new(), span };
        }
        Ok(Specifiers { ty, is_typedef, declares_tag, attributes })
    }

    /// The macro `complex` of `<complex.h>` beside a floating type.
    fn complex_macro_follows(&self, floating: bool) -> bool {
        let before = matches!(
            self.token(1).kind,
            TokenKind::Keyword(Keyword::Float | Keyword::Double | Keyword::Long)
        );
        let name = self.token(1).kind == TokenKind::Ident || self.is_ahead(1, Punct::Star);
        self.ident_text(0) == Some("complex") && (before || floating && name)
    }

    fn parenthesised_type(&mut self, what: &str) -> Parse<TypeFact> {
        self.expect(Punct::LParen, &format!("after {what}"))?;
        let ty = self.nested(Self::type_name)?;
        self.expect(Punct::RParen, &format!("to close {what}"))?;
        Ok(ty)
    }

    /// `struct`, `union` or `enum` with what follows.
    fn tagged(&mut self, keyword: Keyword) -> Parse<Base> {
        let start = self.bump().span;
        let kind = match keyword {
            Keyword::Struct => TagKind::Struct,
            Keyword::Union => TagKind::Union,
            _ => TagKind::Enum,
        };
        let mut attributes = Attributes::default();
        self.attributes(&mut attributes)?;
        // `struct EXPORT name {`
        if self.token(1).kind == TokenKind::Ident
            && (self.is_ahead(2, Punct::LBrace) || self.is_ahead(2, Punct::Colon))
            && self.kind() == TokenKind::Ident
        {
            self.skip_annotation_before_name();
        }
        let tag = self.ident();
        let span = start.to(self.last_span());
        self.attributes(&mut attributes)?;
        let body = match kind {
            TagKind::Enum => self.is(Punct::LBrace) || self.enum_base_follows(),
            TagKind::Struct | TagKind::Union => self.is(Punct::LBrace),
        };
        match (body, tag) {
            (true, tag) => self.nested(|p| match kind {
                TagKind::Enum => p.enum_body(tag, attributes, span),
                TagKind::Struct | TagKind::Union => p.record_body(kind, tag, attributes, span),
            }),
            (false, Some(name)) => Ok(Base::Tag { kind, name }),
            (false, None) => Err(self.expected("a tag or '{'", &format!("after '{}'", kind.keyword()))),
        }
    }

    /// `enum e : type {`, as opposed to the bit-field `enum e : 3`.
    fn enum_base_follows(&self) -> bool {
        self.is(Punct::Colon) && self.known_type_at(1)
    }

    /// A type without a declared name.
    pub(super) fn type_name(&mut self) -> Parse<TypeFact> {
        let specifiers = self.specifiers("")?;
        let declared = self.declarator(specifiers, super::declarator::Naming::Abstract)?;
        if let Some(name) = &declared.name {
            let message = format!("expected a type without a name, found the name '{}'", name.text);
            return Err(self.error(name.span, &message));
        }
        Ok(declared.ty)
    }

    /// The name of a type whose tag or typedef is at hand, for messages.
    pub(super) fn name_or(name: Option<&Name>, otherwise: &str) -> Arc<str> {
        name.map_or_else(|| otherwise.into(), |n| Arc::clone(&n.text))
    }

    pub(super) fn span_since(&self, start: Span) -> Span {
        start.to(self.last_span())
    }
}
