//! `__attribute__((..))`, `__declspec(..)`, `[[..]]`, `_Alignas(..)`, `__asm__("..")`.

use std::sync::Arc;

use pinvoke_abi::signature::CallConv;

use super::{Parse, Parser, words};
use crate::lex::{Keyword, Punct, TokenKind, literal};
use crate::model::{Alignment, Base, BitRule, Keyworded, Mode, TypeFact, VectorFact, VectorLen};
use crate::span::Span;

/// Attributes collected from one place. Where they apply is decided by the place.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) packed: bool,
    pub(super) aligned: Vec<Alignment>,
    pub(super) mode: Option<Mode>,
    pub(super) conv: Option<CallConv>,
    pub(super) transparent: bool,
    pub(super) bit_rule: Option<BitRule>,
    /// `vector_size` and its like.
    pub(super) vector: Option<Box<VectorLen>>,
    /// A machine mode that is not handled.
    pub(super) unsupported: Option<Arc<str>>,
    pub(super) entry_point: Option<Arc<str>>,
}

impl Attributes {
    /// Lets attributes that make another type of the base do so.
    pub(super) fn change_base(&mut self, ty: &mut TypeFact) {
        if let Some(mode) = self.mode.take() {
            ty.mode = Some(mode);
        }
        if let Some(len) = self.vector.take() {
            let mode = ty.mode.take();
            // The base alone; what is derived from it is derived from the vector.
            let element = TypeFact {
                base: ty.base.clone(),
                is_const: false,
                mode,
                derivations: Vec::new(),
                span: ty.span,
            };
            ty.base = Base::Vector(Box::new(VectorFact { element, len: *len }));
        }
        if let Some(what) = self.unsupported.take() {
            ty.base = Base::Unsupported(what);
        }
    }
}

impl Parser<'_> {
    /// Reads all attributes at the current position.
    pub(super) fn attributes(&mut self, into: &mut Attributes) -> Parse<()> {
        loop {
            match self.kind() {
                TokenKind::Keyword(Keyword::Attribute) => {
                    self.bump();
                    self.expect(Punct::LParen, "after '__attribute__'")?;
                    self.expect(Punct::LParen, "after '__attribute__('")?;
                    self.attribute_list(into, Punct::RParen)?;
                    self.expect(Punct::RParen, "to close '__attribute__'")?;
                    self.expect(Punct::RParen, "to close '__attribute__'")?;
                }
                TokenKind::Keyword(Keyword::Declspec) => {
                    self.bump();
                    self.expect(Punct::LParen, "after '__declspec'")?;
                    self.attribute_list(into, Punct::RParen)?;
                    self.expect(Punct::RParen, "to close '__declspec'")?;
                }
                TokenKind::Keyword(Keyword::Alignas) => {
                    self.bump();
                    self.expect(Punct::LParen, "after '_Alignas'")?;
                    let alignment = if self.known_type_at(0) {
                        Alignment::Type(Box::new(self.type_name()?))
                    } else {
                        Alignment::Expr(self.constant_expression()?)
                    };
                    into.aligned.push(alignment);
                    self.expect(Punct::RParen, "to close '_Alignas'")?;
                }
                TokenKind::Keyword(Keyword::Asm) => self.asm_label(into)?,
                TokenKind::Punct(Punct::LBracket) if self.is_ahead(1, Punct::LBracket) => {
                    self.bump();
                    self.bump();
                    self.attribute_list(into, Punct::RBracket)?;
                    self.expect(Punct::RBracket, "to close '[['")?;
                    self.expect(Punct::RBracket, "to close '[['")?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// `__asm__("name")`; adjacent strings are one.
    fn asm_label(&mut self, into: &mut Attributes) -> Parse<()> {
        self.bump();
        while matches!(self.kind(), TokenKind::Keyword(Keyword::Volatile | Keyword::Inline)) {
            self.bump();
        }
        self.expect(Punct::LParen, "after '__asm__'")?;
        let mut label = String::new();
        while self.kind() == TokenKind::Str {
            let span = self.bump().span;
            match literal::string(self.text_of(span), self.target) {
                Ok(string) => label.push_str(&string.text),
                Err(message) => return Err(self.error(span, message)),
            }
        }
        into.entry_point = Some(label.into());
        self.expect(Punct::RParen, "to close '__asm__'")?;
        Ok(())
    }

    /// `name`, `name(args)`, `scope::name(args)`, separated by commas (or nothing, in `__declspec`).
    fn attribute_list(&mut self, into: &mut Attributes, close: Punct) -> Parse<()> {
        while !self.is(close) {
            if self.eat(Punct::Comma) {
                continue;
            }
            let mut span = self.attribute_word()?;
            while self.eat(Punct::ColonColon) || (self.is(Punct::Colon) && self.eat(Punct::Colon)) {
                if !self.is(Punct::Colon) {
                    span = self.attribute_word()?;
                }
            }
            self.attribute(self.text_of(span), span, into)?;
        }
        Ok(())
    }

    fn attribute_word(&mut self) -> Parse<Span> {
        match self.kind() {
            TokenKind::Ident | TokenKind::Keyword(_) => Ok(self.bump().span),
            _ => Err(self.expected("the name of an attribute", "")),
        }
    }

    fn attribute(&mut self, word: &str, span: Span, into: &mut Attributes) -> Parse<()> {
        let name = word.strip_prefix("__").and_then(|n| n.strip_suffix("__")).unwrap_or(word);
        let has_args = self.is(Punct::LParen);
        match name {
            "packed" => into.packed = true,
            "aligned" | "align" if has_args => {
                self.bump();
                let expr = self.constant_expression()?;
                self.expect(Punct::RParen, "to close 'aligned'")?;
                into.aligned.push(Alignment::Expr(expr));
                return Ok(());
            }
            "aligned" => into.aligned.push(Alignment::Largest),
            "mode" if has_args => {
                self.bump();
                let span = self.attribute_word()?;
                into.mode = mode(self.text_of(span));
                if into.mode.is_none() {
                    into.unsupported = Some(format!("machine mode '{}'", self.text_of(span)).into());
                }
                self.expect(Punct::RParen, "to close 'mode'")?;
                return Ok(());
            }
            "ms_abi" => into.conv = Some(CallConv::Win64),
            "sysv_abi" => into.conv = Some(CallConv::SysV64),
            "stdcall" => into.conv = Some(CallConv::Stdcall),
            "cdecl" => into.conv = Some(CallConv::C),
            "fastcall" => into.conv = Some(CallConv::Fastcall),
            "thiscall" => into.conv = Some(CallConv::Thiscall),
            "transparent_union" => into.transparent = true,
            "ms_struct" => into.bit_rule = Some(BitRule::Microsoft),
            "gcc_struct" => into.bit_rule = Some(BitRule::SystemV),
            "vector_size" | "ext_vector_type" | "neon_vector_type" | "neon_polyvector_type" if has_args => {
                self.bump();
                let expr = self.constant_expression()?;
                self.expect(Punct::RParen, &format!("to close '{name}'"))?;
                into.vector = Some(Box::new(match name {
                    "vector_size" => VectorLen::Bytes(expr),
                    _ => VectorLen::Elements(expr),
                }));
                return Ok(());
            }
            "regparm" | "vectorcall" | "pascal" | "aarch64_vector_pcs" | "preserve_all" | "preserve_most"
            | "regcall" | "swiftcall" => {
                _ = self.error(span, &format!("the calling convention '{name}' is not supported"));
            }
            _ => {}
        }
        if has_args {
            self.skip_group()?;
        }
        Ok(())
    }

    /// Takes a calling-convention word at the current position.
    pub(super) fn convention_word(&mut self) -> Option<CallConv> {
        let conv = words::convention(self.ident_text(0)?)?;
        self.bump();
        Some(conv)
    }
}

/// The machine mode of a name such as `__SI__`.
fn mode(word: &str) -> Option<Mode> {
    Some(match word.trim_matches('_') {
        "QI" | "byte" => Mode::Int(1),
        "HI" => Mode::Int(2),
        "SI" => Mode::Int(4),
        "DI" => Mode::Int(8),
        "TI" => Mode::Int(16),
        "word" | "pointer" | "unwind_word" => Mode::Pointer,
        "SF" => Mode::Float(Keyworded::Float),
        "DF" => Mode::Float(Keyworded::Double),
        "XF" => Mode::Float(Keyworded::LongDouble),
        "TF" => Mode::Float(Keyworded::Float128),
        "SC" => Mode::Float(Keyworded::ComplexFloat),
        "DC" => Mode::Float(Keyworded::ComplexDouble),
        "XC" => Mode::Float(Keyworded::ComplexLongDouble),
        "TC" => Mode::Float(Keyworded::ComplexFloat128),
        _ => return None,
    })
}
