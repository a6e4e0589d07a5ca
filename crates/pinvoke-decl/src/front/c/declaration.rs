//! Declarations at file scope.

use std::sync::Arc;

use super::declarator::{Declared, Naming};
use super::{Parse, Parser};
use crate::lex::{Keyword, Punct, TokenKind};
use crate::model::{Base, Declaration, DeclarationKind, Derivation, TypeFact};

impl Parser<'_> {
    /// Reads one declaration; reports and skips it if it is not one.
    pub(super) fn external_declaration(&mut self) {
        let before = self.at;
        let depth = self.depth;
        if self.declaration().is_err() {
            self.depth = depth;
            self.resync();
        }
        if self.at == before {
            self.bump();
        }
    }

    fn declaration(&mut self) -> Parse<()> {
        if self.eat(Punct::Semi) {
            return Ok(());
        }
        if self.eat_keyword(Keyword::StaticAssert) {
            return self.static_assert();
        }
        if self.kind() == TokenKind::Keyword(Keyword::Asm) {
            self.bump();
            self.skip_group()?;
            self.eat(Punct::Semi);
            return Ok(());
        }
        // `extern "C" {`, `extern "C" int f(void);`
        if self.kind() == TokenKind::Keyword(Keyword::Extern) && self.token(1).kind == TokenKind::Str {
            self.bump();
            self.bump();
            if self.eat(Punct::LBrace) {
                return self.linkage_block();
            }
        }
        let specifiers = self.specifiers("at the start of a declaration")?;
        if self.at_declaration_end() && specifiers.declares_tag {
            return self.declaration_end("the declaration");
        }
        let (is_typedef, base) = (specifiers.is_typedef, specifiers.ty.clone());
        let mut declared = self.declarator(specifiers, Naming::Required)?;
        loop {
            self.trailing_attributes(&mut declared)?;
            let what = self.declare(declared, is_typedef);
            if self.is(Punct::LBrace) {
                // A function body.
                self.skip_group()?;
                self.eat(Punct::Semi);
                return Ok(());
            }
            if self.eat(Punct::Assign) {
                self.skip_initializer()?;
            }
            if !self.eat(Punct::Comma) {
                return self.declaration_end(&format!("'{what}'"));
            }
            declared = self.further_declarator(&base, Naming::Required)?;
        }
    }

    /// The declarations in `extern "C" { .. }`; they stay where they are, only the braces are eaten.
    fn linkage_block(&mut self) -> Parse<()> {
        self.nested(|p| {
            while !p.eat(Punct::RBrace) {
                if p.at_end() {
                    return Err(p.expected("'}'", "to close 'extern \"C\"'"));
                }
                p.external_declaration();
            }
            Ok(())
        })
    }

    fn declare(&mut self, declared: Declared, is_typedef: bool) -> Arc<str> {
        let Some(name) = declared.name else { return "".into() };
        let function = self.is_function(&declared.ty);
        let kind = match (is_typedef, function) {
            (true, _) => DeclarationKind::Typedef,
            (_, true) => DeclarationKind::Function,
            _ => DeclarationKind::Variable,
        };
        let text = Arc::clone(&name.text);
        self.facts.add_declaration(Declaration {
            kind,
            name,
            ty: declared.ty,
            entry_point: declared.attributes.entry_point,
            aligned: declared.attributes.aligned,
            transparent: declared.attributes.transparent,
            source: Arc::clone(&self.source),
        });
        text
    }

    /// Whether a type is a function, through typedefs too: `typedef int callback(int); callback on_exit;`.
    fn is_function(&self, ty: &TypeFact) -> bool {
        match (ty.derivations.last(), &ty.base) {
            (Some(derivation), _) => matches!(derivation, Derivation::Function(_)),
            (None, Base::Named(name)) => {
                // A typedef sees only what stands in front of it, so that this ends; the limit is for
                // texts in error.
                let mut name = Arc::clone(&name.text);
                for _ in 0..super::MAX_NESTING {
                    let mut scopes = std::iter::once(&*self.facts).chain(self.known.iter().copied());
                    let Some(found) = scopes.find_map(|f| f.find(&name)) else { return false };
                    match (found.ty.derivations.last(), &found.ty.base) {
                        (Some(derivation), _) => return matches!(derivation, Derivation::Function(_)),
                        (None, Base::Named(next)) => name = Arc::clone(&next.text),
                        _ => return false,
                    }
                }
                false
            }
            _ => false,
        }
    }

    fn at_declaration_end(&self) -> bool {
        self.is(Punct::Semi) || self.at_end()
    }

    /// `;`, or the end of a pasted text.
    fn declaration_end(&mut self, what: &str) -> Parse<()> {
        if self.at_end() || self.eat(Punct::Semi) {
            return Ok(());
        }
        Err(self.expected("';'", &format!("after {what}")))
    }

    /// `= value` up to the next `,` or `;`.
    fn skip_initializer(&mut self) -> Parse<()> {
        loop {
            match self.kind() {
                TokenKind::End | TokenKind::Punct(Punct::Semi | Punct::Comma) => return Ok(()),
                TokenKind::Punct(Punct::LParen | Punct::LBracket | Punct::LBrace) => {
                    self.skip_group()?;
                }
                _ => {
                    self.bump();
                }
            }
        }
    }

    /// The rest of `_Static_assert(condition, "words");`. What a compiler has checked is not checked again.
    pub(super) fn static_assert(&mut self) -> Parse<()> {
        if !self.is(Punct::LParen) {
            return Err(self.expected("'('", "after '_Static_assert'"));
        }
        self.skip_group()?;
        self.declaration_end("'_Static_assert'")
    }

    /// Goes behind the `;` or `}` that ends the declaration in error.
    fn resync(&mut self) {
        loop {
            match self.kind() {
                TokenKind::End => return,
                TokenKind::Punct(Punct::Semi) => {
                    self.bump();
                    return;
                }
                TokenKind::Punct(Punct::RBrace) => {
                    // Inside `extern "C" {` the brace belongs to the block.
                    if self.depth == 0 {
                        self.bump();
                        self.eat(Punct::Semi);
                    }
                    return;
                }
                TokenKind::Punct(Punct::LBrace) if self.behind_group(0).is_some() => {
                    self.at += self.behind_group(0).unwrap_or(1);
                    // `struct s { .. } name;` goes on, a function body ends here.
                    if matches!(self.kind(), TokenKind::Keyword(_) | TokenKind::End) {
                        return;
                    }
                }
                TokenKind::Punct(Punct::LParen | Punct::LBracket) if self.behind_group(0).is_some() => {
                    self.at += self.behind_group(0).unwrap_or(1);
                }
                _ => {
                    self.bump();
                }
            }
        }
    }
}
