//! Integer constant expressions (C17 6.6) to postfix order.

use super::{Parse, Parser};
use crate::lex::{Keyword, Punct, TokenKind, literal};
use crate::model::{Binary, Designator, Expr, Op, Unary};
use crate::span::Span;

/// The infix operator of a token and how tightly it binds.
fn infix(punct: Punct) -> Option<(Binary, u8)> {
    Some(match punct {
        Punct::Star => (Binary::Multiply, 10),
        Punct::Slash => (Binary::Divide, 10),
        Punct::Percent => (Binary::Remainder, 10),
        Punct::Plus => (Binary::Add, 9),
        Punct::Minus => (Binary::Subtract, 9),
        Punct::Shl => (Binary::ShiftLeft, 8),
        Punct::Shr => (Binary::ShiftRight, 8),
        Punct::Lt => (Binary::Less, 7),
        Punct::Gt => (Binary::Greater, 7),
        Punct::Le => (Binary::LessEqual, 7),
        Punct::Ge => (Binary::GreaterEqual, 7),
        Punct::EqEq => (Binary::Equal, 6),
        Punct::Ne => (Binary::NotEqual, 6),
        Punct::Amp => (Binary::BitAnd, 5),
        Punct::Caret => (Binary::BitXor, 4),
        Punct::Pipe => (Binary::BitOr, 3),
        Punct::AndAnd => (Binary::And, 2),
        Punct::OrOr => (Binary::Or, 1),
        _ => return None,
    })
}

type Ops = Vec<(Op, Span)>;

impl Parser<'_> {
    /// A conditional expression.
    pub(super) fn constant_expression(&mut self) -> Parse<Expr> {
        let start = self.span();
        let mut ops = Vec::new();
        self.nested(|p| p.conditional(&mut ops))?;
        Ok(Expr { ops, span: self.span_since(start) })
    }

    fn conditional(&mut self, ops: &mut Ops) -> Parse<()> {
        self.binary(ops)?;
        if !self.is(Punct::Question) {
            return Ok(());
        }
        let span = self.bump().span;
        if self.is(Punct::Colon) {
            return Err(self.error(span, "'?:' without a first choice is not supported"));
        }
        self.nested(|p| p.conditional(ops))?;
        self.expect(Punct::Colon, "between the choices of '?'")?;
        self.nested(|p| p.conditional(ops))?;
        ops.push((Op::Conditional, span));
        Ok(())
    }

    /// Infix operators by precedence, with an explicit stack.
    fn binary(&mut self, ops: &mut Ops) -> Parse<()> {
        let mut pending: Vec<(Binary, u8, Span)> = Vec::new();
        loop {
            self.unary(ops)?;
            let next = match self.kind() {
                TokenKind::Punct(punct) => infix(punct),
                _ => None,
            };
            let binds = next.map_or(0, |(_, binds)| binds);
            while let Some(&(op, tighter, span)) = pending.last()
                && tighter >= binds
            {
                pending.pop();
                ops.push((Op::Binary(op), span));
            }
            let Some((op, binds)) = next else { return Ok(()) };
            let span = self.bump().span;
            pending.push((op, binds, span));
        }
    }

    /// Prefix operators and casts, collected and applied from the inside out.
    fn unary(&mut self, ops: &mut Ops) -> Parse<()> {
        let mut prefixes = Vec::new();
        loop {
            let span = self.span();
            let op = match self.kind() {
                TokenKind::Punct(Punct::Plus) => Op::Unary(Unary::Plus),
                TokenKind::Punct(Punct::Minus) => Op::Unary(Unary::Minus),
                TokenKind::Punct(Punct::Tilde) => Op::Unary(Unary::Complement),
                TokenKind::Punct(Punct::Bang) => Op::Unary(Unary::Not),
                TokenKind::Keyword(Keyword::Extension) => {
                    self.bump();
                    continue;
                }
                TokenKind::Punct(Punct::Star | Punct::Amp) => {
                    // Not constant, and fine where the value does not matter: `char text[(*length)]`.
                    self.bump();
                    self.nested(|p| p.unary(&mut Vec::new()))?;
                    ops.push((Op::NotInteger("pointers and addresses are not integer constants"), span));
                    ops.extend(prefixes.into_iter().rev());
                    return Ok(());
                }
                TokenKind::Punct(Punct::LParen) if self.known_type_at(1) => {
                    self.bump();
                    let ty = self.nested(Self::type_name)?;
                    self.expect(Punct::RParen, "to close the cast")?;
                    if self.is(Punct::LBrace) {
                        return Err(self.error(span, "a compound literal is not a constant"));
                    }
                    prefixes.push((Op::Cast(Box::new(ty)), span));
                    continue;
                }
                _ => break,
            };
            self.bump();
            prefixes.push((op, span));
        }
        self.primary(ops)?;
        ops.extend(prefixes.into_iter().rev());
        Ok(())
    }

    fn primary(&mut self, ops: &mut Ops) -> Parse<()> {
        let span = self.span();
        let text = self.text_of(span);
        match self.kind() {
            TokenKind::Number => {
                self.bump();
                let op = match literal::integer(text, self.target) {
                    Ok((value, ty)) => Op::Int { value, ty },
                    // A floating constant is harmless until its value is asked for.
                    Err(message) if message.starts_with("a floating") => Op::NotInteger(message),
                    Err(message) => return Err(self.error(span, message)),
                };
                ops.push((op, span));
            }
            TokenKind::Char => {
                self.bump();
                match literal::character(text, self.target) {
                    Ok((value, ty)) => ops.push((Op::Int { value, ty }, span)),
                    Err(message) => return Err(self.error(span, message)),
                }
            }
            TokenKind::Str => {
                while self.kind() == TokenKind::Str {
                    self.bump();
                }
                ops.push((Op::NotInteger("a string is not an integer constant"), span));
            }
            TokenKind::Ident => {
                self.bump();
                ops.push((Op::Name(text.into()), span));
                if self.is(Punct::LParen) {
                    return Err(self.error(span, "a call is not a constant"));
                }
            }
            TokenKind::Punct(Punct::LParen) => {
                self.bump();
                self.nested(|p| p.conditional(ops))?;
                self.expect(Punct::RParen, "to close the parenthesis")?;
            }
            TokenKind::Keyword(Keyword::Sizeof) => {
                self.bump();
                self.size_of(ops, span)?;
            }
            TokenKind::Keyword(Keyword::Alignof) => {
                self.bump();
                self.expect(Punct::LParen, "after '_Alignof'")?;
                let ty = self.nested(Self::type_name)?;
                self.expect(Punct::RParen, "to close '_Alignof'")?;
                ops.push((Op::AlignOf(Box::new(ty)), span));
            }
            TokenKind::Keyword(Keyword::Offsetof) => {
                self.bump();
                self.offset_of(ops, span)?;
            }
            _ => return Err(self.expected("a constant", "")),
        }
        Ok(())
    }

    /// The operand of `sizeof`: a type, or a string.
    fn size_of(&mut self, ops: &mut Ops, span: Span) -> Parse<()> {
        // `sizeof(Unknown)` is a type unless the name is a constant.
        let typed = self.is(Punct::LParen)
            && (self.known_type_at(1) || self.ident_text(1).is_some_and(|w| !self.is_constant(w)));
        if typed {
            self.bump();
            let ty = self.nested(Self::type_name)?;
            self.expect(Punct::RParen, "to close 'sizeof'")?;
            ops.push((Op::SizeOf(Box::new(ty)), span));
            return Ok(());
        }
        let parenthesised = self.is(Punct::LParen) && self.token(1).kind == TokenKind::Str;
        if parenthesised {
            self.bump();
        }
        if self.kind() != TokenKind::Str {
            return Err(self.error(span, "'sizeof' of an expression is not supported; write the type"));
        }
        // Adjacent strings are one, with one terminating zero.
        let (mut units, mut unit_size) = (1, 1);
        while self.kind() == TokenKind::Str {
            let span = self.bump().span;
            match literal::string(self.text_of(span), self.target) {
                Ok(string) => {
                    units += string.units;
                    unit_size = unit_size.max(string.unit_size);
                }
                Err(message) => return Err(self.error(span, message)),
            }
        }
        if parenthesised {
            self.expect(Punct::RParen, "to close 'sizeof'")?;
        }
        ops.push((Op::Size(units * unit_size), span));
        Ok(())
    }

    fn is_constant(&self, name: &str) -> bool {
        let mut scopes = std::iter::once(&*self.facts).chain(self.known.iter().copied());
        scopes.any(|f| f.constants.contains_key(name) || f.macros.contains_key(name))
    }

    /// `offsetof(type, a.b[3].c)`.
    fn offset_of(&mut self, ops: &mut Ops, span: Span) -> Parse<()> {
        self.expect(Punct::LParen, "after 'offsetof'")?;
        let ty = self.nested(Self::type_name)?;
        self.expect(Punct::Comma, "after the type of 'offsetof'")?;
        let mut path = Vec::new();
        loop {
            let Some(name) = self.ident() else { return Err(self.expected("a member", "in 'offsetof'")) };
            path.push(Designator::Member(name));
            while self.eat(Punct::LBracket) {
                path.push(Designator::Index(self.constant_expression()?));
                self.expect(Punct::RBracket, "after the index")?;
            }
            if !self.eat(Punct::Dot) {
                break;
            }
        }
        self.expect(Punct::RParen, "to close 'offsetof'")?;
        ops.push((Op::OffsetOf(Box::new(ty), path), span));
        Ok(())
    }
}
