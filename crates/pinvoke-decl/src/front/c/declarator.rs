//! Declarators: `*`, `[..]`, `(..)` around a name, to a list of derivations.
//!
//! `int (*fn[3])(void)` is read from the outside in: no `*`; a nested declarator `*fn[3]`; the suffix
//! `(void)`. The list is the outer `*`s, the outer suffixes backwards, then the nested list:
//! function, pointer, array of 3 - each applied to what came before.

use std::sync::Arc;

use pinvoke_abi::signature::CallConv;

use super::attribute::Attributes;
use super::specifier::Specifiers;
use super::{MAX_DERIVATIONS, Parse, Parser};
use crate::lex::{Keyword, Punct, TokenKind};
use crate::model::{ArrayLen, Derivation, FunctionFact, Name, ParamFact, TypeFact};

/// Whether a declarator has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// It must: a declaration.
    Required,
    /// It may: a parameter.
    Optional,
    /// It must not: a type name.
    Abstract,
}

/// A declared name with its type.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: Option<Name>,
    pub(super) ty: TypeFact,
    /// Attributes of specifiers and declarator together.
    pub(super) attributes: Attributes,
}

/// What one level of parentheses contributes.
#[derive(Debug, Default)]
struct Level {
    name: Option<Name>,
    derivations: Vec<Derivation>,
    /// A convention stated in front of the `*`; applies to the function the level stands in.
    conv: Option<CallConv>,
}

impl Parser<'_> {
    /// Reads a declarator and joins it with its specifiers.
    pub(super) fn declarator(&mut self, specifiers: Specifiers, naming: Naming) -> Parse<Declared> {
        let Specifiers { mut ty, mut attributes, .. } = specifiers;
        let level = self.level(naming, &mut attributes)?;
        ty.derivations.extend(level.derivations);
        let conv = level.conv.or(attributes.conv);
        self.finish_declared(level.name, ty, attributes, conv)
    }

    /// A further declarator of the same declaration: `int a, *b;`.
    pub(super) fn further_declarator(&mut self, base: &TypeFact, naming: Naming) -> Parse<Declared> {
        let mut attributes = Attributes::default();
        let level = self.level(naming, &mut attributes)?;
        let mut ty = base.clone();
        ty.derivations.extend(level.derivations);
        let conv = level.conv.or(attributes.conv);
        self.finish_declared(level.name, ty, attributes, conv)
    }

    fn finish_declared(
        &mut self,
        name: Option<Name>,
        mut ty: TypeFact,
        mut attributes: Attributes,
        conv: Option<CallConv>,
    ) -> Parse<Declared> {
        if ty.derivations.len() > MAX_DERIVATIONS {
            let message = format!(
                "nested too deeply: more than {MAX_DERIVATIONS} pointers, arrays and functions in one type"
            );
            return Err(self.error(ty.span, &message));
        }
        self.attributes(&mut attributes)?;
        let conv = attributes.conv.or(conv);
        if let Some(conv) = conv {
            set_convention(&mut ty.derivations, conv);
        }
        Ok(Declared { name, ty, attributes })
    }

    /// Adds what was read behind a declarator (`int x __attribute__((mode(SI)))`).
    pub(super) fn trailing_attributes(&mut self, declared: &mut Declared) -> Parse<()> {
        loop {
            let before = self.at;
            self.attributes(&mut declared.attributes)?;
            self.skip_trailing_annotations();
            if self.at == before {
                break;
            }
        }
        if let Some(conv) = declared.attributes.conv {
            set_convention(&mut declared.ty.derivations, conv);
        }
        declared.attributes.change_base(&mut declared.ty);
        Ok(())
    }

    fn level(&mut self, naming: Naming, attributes: &mut Attributes) -> Parse<Level> {
        let mut level = Level::default();
        self.pointers(&mut level, attributes)?;
        let mut inner = Level::default();
        if self.is(Punct::LParen) && self.nested_declarator_follows(naming) {
            inner = self.nested(|p| {
                p.bump();
                let inner = p.level(naming, attributes)?;
                p.skip_trailing_annotations();
                p.attributes(attributes)?;
                p.expect(Punct::RParen, "to close the declarator")?;
                Ok(inner)
            })?;
        } else if naming != Naming::Abstract
            && let Some(name) = self.ident()
        {
            inner.name = Some(name);
        } else if naming == Naming::Required {
            return Err(self.expected("a name", "in the declaration"));
        }
        let mut suffixes = Vec::new();
        loop {
            match self.kind() {
                TokenKind::Punct(Punct::LBracket) if !self.is_ahead(1, Punct::LBracket) => {
                    suffixes.push(self.nested(Self::array_suffix)?);
                }
                TokenKind::Punct(Punct::LParen) => {
                    let conv = inner.conv.take();
                    let mut function = self.nested(|p| p.parameters(inner.name.as_ref()))?;
                    if let Some(conv) = conv {
                        function.conv = conv;
                    }
                    suffixes.push(Derivation::Function(Arc::new(function)));
                }
                TokenKind::Punct(Punct::LBracket) => self.attributes(attributes)?,
                TokenKind::Ident if self.prototype_macro_follows() => {
                    self.bump();
                    self.bump();
                    let function = self.nested(|p| p.parameters(inner.name.as_ref()))?;
                    suffixes.push(Derivation::Function(Arc::new(function)));
                    self.expect(Punct::RParen, "to close the macro around the parameters")?;
                }
                _ => break,
            }
            if suffixes.len() > MAX_DERIVATIONS {
                let message =
                    format!("nested too deeply: more than {MAX_DERIVATIONS} derivations in one type");
                return Err(self.error(self.span(), &message));
            }
        }
        level.name = inner.name;
        level.derivations.extend(suffixes.into_iter().rev());
        level.derivations.extend(inner.derivations);
        if level.conv.is_none() {
            level.conv = inner.conv;
        }
        Ok(level)
    }

    /// `*`, its qualifiers, and the annotations and conventions among them.
    fn pointers(&mut self, level: &mut Level, attributes: &mut Attributes) -> Parse<()> {
        loop {
            match self.kind() {
                TokenKind::Punct(Punct::Star) => {
                    self.bump();
                    if level.derivations.len() >= MAX_DERIVATIONS {
                        let message = format!("nested too deeply: more than {MAX_DERIVATIONS} pointers");
                        return Err(self.error(self.span(), &message));
                    }
                    level.derivations.push(Derivation::Pointer { is_const: false });
                }
                TokenKind::Punct(Punct::Caret) => {
                    return Err(self.error(self.span(), "block types ('^') are not supported"));
                }
                TokenKind::Punct(Punct::Amp) => {
                    return Err(self.error(self.span(), "references ('&') are C++; write a pointer ('*')"));
                }
                TokenKind::Keyword(Keyword::Const) => {
                    self.bump();
                    if let Some(Derivation::Pointer { is_const }) = level.derivations.last_mut() {
                        *is_const = true;
                    }
                }
                TokenKind::Keyword(
                    Keyword::Volatile | Keyword::Restrict | Keyword::Atomic | Keyword::Extension,
                ) => {
                    self.bump();
                }
                TokenKind::Keyword(Keyword::Attribute | Keyword::Declspec) => {
                    // In front of `*` an attribute of the function around; behind it, of the pointer.
                    let mut own = Attributes::default();
                    self.attributes(&mut own)?;
                    level.conv = own.conv.or(level.conv);
                    attributes.aligned.append(&mut own.aligned);
                    attributes.vector = own.vector.or(attributes.vector.take());
                    attributes.unsupported = own.unsupported.or(attributes.unsupported.take());
                }
                TokenKind::Ident => {
                    if let Some(conv) = self.convention_word() {
                        level.conv = Some(conv);
                    } else if self.skip_annotation_before_name() {
                        if self.text_of(self.last_span()) == "CONST"
                            && let Some(Derivation::Pointer { is_const }) = level.derivations.last_mut()
                        {
                            *is_const = true;
                        }
                    } else {
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// `OF((int x))`: the macro with which old headers hide parameters from older compilers.
    fn prototype_macro_follows(&self) -> bool {
        let macros = ["OF", "__P", "_P", "PARAMS", "PROTO", "_ANSI_ARGS_", "ARGS"];
        self.ident_text(0).is_some_and(|w| macros.contains(&w))
            && self.is_ahead(1, Punct::LParen)
            && self.is_ahead(2, Punct::LParen)
    }

    /// Whether the parenthesis here opens a nested declarator and not a parameter list.
    fn nested_declarator_follows(&self, naming: Naming) -> bool {
        let mut ahead = 1;
        // `(WINAPI *fn)`, `(__attribute__((stdcall)) *fn)`
        loop {
            match self.token(ahead).kind {
                TokenKind::Ident
                    if self.ident_text(ahead).is_some_and(|w| super::words::convention(w).is_some()) =>
                {
                    ahead += 1;
                }
                TokenKind::Keyword(Keyword::Attribute | Keyword::Declspec) => {
                    match self.behind_group(ahead + 1) {
                        Some(behind) => ahead = behind,
                        None => return false,
                    }
                }
                _ => break,
            }
        }
        match self.token(ahead).kind {
            TokenKind::Punct(Punct::Star | Punct::Caret | Punct::LParen) => true,
            TokenKind::Punct(Punct::LBracket) => !self.is_ahead(ahead + 1, Punct::LBracket),
            TokenKind::Ident => {
                let word = self.ident_text(ahead).unwrap_or("");
                // `int (name)`; in a type name or a parameter a known type begins a parameter list.
                match naming {
                    Naming::Required => !self.is_typedef(word) || self.is_ahead(ahead + 1, Punct::RParen),
                    Naming::Optional => {
                        !self.is_typedef(word)
                            && (self.is_ahead(ahead + 1, Punct::RParen)
                                || self.is_ahead(ahead + 1, Punct::Star)
                                || self.is_ahead(ahead + 1, Punct::LParen)
                                || self.is_ahead(ahead + 1, Punct::LBracket))
                    }
                    Naming::Abstract => false,
                }
            }
            _ => false,
        }
    }

    /// `[n]`, and in parameters `[static n]`, `[restrict]`, `[*]`, `[.n]`.
    fn array_suffix(&mut self) -> Parse<Derivation> {
        let start = self.bump().span;
        while matches!(
            self.kind(),
            TokenKind::Keyword(Keyword::Static | Keyword::Restrict | Keyword::Const | Keyword::Volatile)
        ) || self.ident_text(0).is_some_and(super::words::is_nullability)
        {
            self.bump();
        }
        if self.eat(Punct::RBracket) {
            return Ok(Derivation::Array { len: ArrayLen::Unknown, span: self.span_since(start) });
        }
        // `[*]`, and `[.n]` of manual pages: parameters only, where the value does not matter.
        let manual = self.is(Punct::Dot)
            || self.is(Punct::Ellipsis)
            || self.is(Punct::Star) && self.is_ahead(1, Punct::RBracket);
        if manual {
            while !self.is(Punct::RBracket) {
                match self.kind() {
                    TokenKind::End | TokenKind::Punct(Punct::Semi | Punct::LBrace) => {
                        return Err(self.expected("']'", "after the number of elements"));
                    }
                    TokenKind::Punct(Punct::LParen | Punct::LBracket) => {
                        self.skip_group()?;
                    }
                    _ => {
                        self.bump();
                    }
                }
            }
            self.bump();
            return Ok(Derivation::Array { len: ArrayLen::Unknown, span: self.span_since(start) });
        }
        let len = self.constant_expression()?;
        self.expect(Punct::RBracket, "after the number of elements")?;
        Ok(Derivation::Array { len: ArrayLen::Expr(len), span: self.span_since(start) })
    }

    /// A parameter list with its parentheses. `function` is the name in front of it, if any.
    fn parameters(&mut self, function: Option<&Name>) -> Parse<FunctionFact> {
        let start = self.bump().span;
        let mut fact = FunctionFact {
            conv: CallConv::C,
            params: Vec::new(),
            variadic: false,
            unspecified: false,
            span: start,
        };
        if self.is(Punct::RParen) {
            fact.unspecified = true;
        } else if self.kind() == TokenKind::Keyword(Keyword::Void) && self.is_ahead(1, Punct::RParen) {
            self.bump();
        } else {
            loop {
                if self.eat(Punct::Ellipsis) {
                    fact.variadic = true;
                    if !self.is(Punct::RParen) {
                        return Err(self.expected("')'", "after '...'"));
                    }
                    break;
                }
                let param = self.parameter(fact.params.len() + 1)?;
                let described = describe_parameter(fact.params.len() + 1, param.name.as_ref());
                fact.params.push(param);
                if self.eat(Punct::Comma) {
                    continue;
                }
                if self.is(Punct::RParen) {
                    break;
                }
                return Err(self.expected("',' or ')'", &format!("after {described}")));
            }
        }
        let place = function.map_or_else(
            || "to close the parameter list".to_owned(),
            |name| format!("to close the parameter list of '{}'", name.text),
        );
        self.expect(Punct::RParen, &place)?;
        fact.span = self.span_since(start);
        Ok(fact)
    }

    fn parameter(&mut self, number: usize) -> Parse<ParamFact> {
        let start = self.span();
        let specifiers = self.specifiers(&format!("for parameter {number}"))?;
        let mut declared = self.declarator(specifiers, Naming::Optional)?;
        self.trailing_attributes(&mut declared)?;
        if self.eat(Punct::Assign) {
            return Err(self.error(self.last_span(), "C parameters have no default values"));
        }
        Ok(ParamFact { name: declared.name, ty: declared.ty, span: self.span_since(start) })
    }
}

/// "parameter 2 ('fn')".
pub(crate) fn describe_parameter(number: usize, name: Option<&Name>) -> String {
    match name {
        Some(name) => format!("parameter {number} ('{}')", name.text),
        None => format!("parameter {number}"),
    }
}

/// Gives the function nearest to the declared name a calling convention.
fn set_convention(derivations: &mut [Derivation], conv: CallConv) {
    let nearest = derivations.iter_mut().rev().find_map(|d| match d {
        Derivation::Function(f) => Some(f),
        _ => None,
    });
    if let Some(function) = nearest {
        let fact = &**function;
        *function = Arc::new(FunctionFact { conv, ..fact.clone() });
    }
}
