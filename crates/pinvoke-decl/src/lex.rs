//! C text to tokens, in one pass.
//!
//! Besides tokens the lexer finds out what the parser would otherwise have to search for again and
//! again: the partner of every bracket (so that a body is skipped in one step), the line markers, and
//! the `#pragma pack` in force at every token.
//!
//! Preprocessing is not done here. `#define NAME expression` is kept as a constant, `#ifdef`, `#ifndef`
//! and `#if 0`/`#if 1` are followed as far as the names defined in the text itself go, of any other `#if`
//! the first branch is read and a warning given; `#include` and other directives are skipped.

mod directive;
mod keyword;
pub(crate) mod literal;

use std::collections::HashSet;
use std::sync::Arc;

pub(crate) use keyword::Keyword;

use crate::diagnostic::Severity;
use crate::span::{LineMarker, Span, offset};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Ident,
    Keyword(Keyword),
    /// An integer or floating constant.
    Number,
    /// A character constant with its prefix.
    Char,
    /// A string literal with its prefix.
    Str,
    Punct(Punct),
    /// A character that begins no token.
    Unknown,
    /// The end of the text; always the last token.
    End,
}

macro_rules! puncts {
    ($($name:ident $text:literal),* $(,)?) => {
        /// Punctuation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Punct { $($name),* }

        impl Punct {
            pub(crate) fn text(self) -> &'static str {
                match self { $(Punct::$name => $text),* }
            }

            /// Longest first.
            const ALL: &'static [Punct] = &[$(Punct::$name),*];
        }
    };
}

puncts! {
    Ellipsis "...", ShlAssign "<<=", ShrAssign ">>=",
    Arrow "->", Shl "<<", Shr ">>", Le "<=", Ge ">=", EqEq "==", Ne "!=", AndAnd "&&", OrOr "||",
    ColonColon "::", PlusPlus "++", MinusMinus "--",
    LParen "(", RParen ")", LBracket "[", RBracket "]", LBrace "{", RBrace "}",
    Semi ";", Comma ",", Dot ".", Star "*", Amp "&", Plus "+", Minus "-", Tilde "~", Bang "!",
    Slash "/", Percent "%", Lt "<", Gt ">", Caret "^", Pipe "|", Question "?", Colon ":", Assign "=",
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// `#define NAME body`: the name and the span of the body. `#undef NAME` is one with an empty body.
#[derive(Clone, Debug)]
pub(crate) struct Define {
    pub(crate) name: Arc<str>,
    pub(crate) body: Span,
}

/// All tokens of a text.
#[derive(Debug)]
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    /// For every bracket the index of its partner, else `usize::MAX`.
    pub(crate) partner: Vec<usize>,
    /// From which token on which `#pragma pack` holds.
    pub(crate) packs: Vec<(usize, Option<u64>)>,
    pub(crate) markers: Vec<LineMarker>,
    pub(crate) defines: Vec<Define>,
    pub(crate) problems: Vec<(Severity, Span, String)>,
}

impl Lexed {
    /// The `#pragma pack` in force at a token.
    pub(crate) fn pack_at(&self, token: usize) -> Option<u64> {
        let after = self.packs.partition_point(|(at, _)| *at <= token);
        after.checked_sub(1).and_then(|i| self.packs[i].1)
    }
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Whether only white space has been seen on this line.
    line_start: bool,
    out: Lexed,
    open: Vec<usize>,
    pack_stack: Vec<(Option<Arc<str>>, Option<u64>)>,
    conditions: Vec<directive::Condition>,
    /// Names of macros, for `#ifdef`.
    defined: HashSet<Arc<str>>,
}

/// Splits a text into tokens.
pub(crate) fn lex(text: &str) -> Lexed {
    let out = Lexed {
        tokens: Vec::with_capacity(text.len() / 5 + 1),
        partner: Vec::new(),
        packs: Vec::new(),
        markers: Vec::new(),
        defines: Vec::new(),
        problems: Vec::new(),
    };
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line_start: true,
        out,
        open: Vec::new(),
        pack_stack: Vec::new(),
        conditions: Vec::new(),
        defined: HashSet::new(),
    };
    if text.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    while lexer.step() {}
    let end = Span { start: offset(text.len()), end: offset(text.len()) };
    lexer.push(TokenKind::End, end);
    lexer.out
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: TokenKind, span: Span) {
        let index = self.out.tokens.len();
        let mut partner = usize::MAX;
        if let TokenKind::Punct(p) = kind {
            let opening = match p {
                Punct::RParen => Some(Punct::LParen),
                Punct::RBracket => Some(Punct::LBracket),
                Punct::RBrace => Some(Punct::LBrace),
                _ => None,
            };
            if matches!(p, Punct::LParen | Punct::LBracket | Punct::LBrace) {
                self.open.push(index);
            } else if let (Some(opening), Some(&top)) = (opening, self.open.last()) {
                if self.out.tokens[top].kind == TokenKind::Punct(opening) {
                    self.open.pop();
                    partner = top;
                    self.out.partner[top] = index;
                } else if p == Punct::RBrace {
                    // `{ ( }`: the brace ends whatever was left open inside it.
                    while let Some(top) = self.open.pop() {
                        if self.out.tokens[top].kind == TokenKind::Punct(Punct::LBrace) {
                            partner = top;
                            self.out.partner[top] = index;
                            break;
                        }
                    }
                }
            }
        }
        self.out.tokens.push(Token { kind, span });
        self.out.partner.push(partner);
    }

    fn span_from(&self, start: usize) -> Span {
        Span { start: offset(start), end: offset(self.at) }
    }

    /// Reads one token, comment, directive or run of white space; false at the end.
    fn step(&mut self) -> bool {
        let start = self.at;
        let Some(&byte) = self.bytes.get(self.at) else { return false };
        match byte {
            b'\n' => {
                self.at += 1;
                self.line_start = true;
                return true;
            }
            b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c' => {
                self.at += 1;
                return true;
            }
            b'\\' if self.splice() => return true,
            b'/' if self.peek(1) == b'/' => {
                self.skip_line();
                return true;
            }
            b'/' if self.peek(1) == b'*' => {
                self.block_comment();
                return true;
            }
            b'#' if self.line_start => {
                self.directive();
                return true;
            }
            _ => {}
        }
        self.line_start = false;
        let kind = self.token(byte);
        let span = self.span_from(start);
        self.push(kind, span);
        true
    }

    /// Steps over a backslash in front of a line break.
    fn splice(&mut self) -> bool {
        let skip = match (self.peek(1), self.peek(2)) {
            (b'\n', _) => 2,
            (b'\r', b'\n') => 3,
            _ => return false,
        };
        self.at += skip;
        true
    }

    /// Goes to the end of the line, over spliced lines.
    fn skip_line(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => return,
                b'\\' if self.splice() => {}
                _ => self.at += 1,
            }
        }
    }

    fn block_comment(&mut self) {
        let start = self.at;
        match self.text[self.at + 2..].find("*/") {
            Some(len) => self.at += 2 + len + 2,
            None => {
                self.at = self.bytes.len();
                let span = Span { start: offset(start), end: offset(start + 2) };
                self.out.problems.push((
                    Severity::Error,
                    span,
                    "this comment is never closed by '*/'".into(),
                ));
            }
        }
    }

    fn token(&mut self, byte: u8) -> TokenKind {
        if byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' || byte >= 0x80 {
            return self.word();
        }
        if byte.is_ascii_digit() || (byte == b'.' && self.peek(1).is_ascii_digit()) {
            self.number();
            return TokenKind::Number;
        }
        match byte {
            b'"' => self.quoted(byte, TokenKind::Str),
            b'\'' => self.quoted(byte, TokenKind::Char),
            _ => {
                let rest = &self.bytes[self.at..];
                for punct in Punct::ALL {
                    if rest.starts_with(punct.text().as_bytes()) {
                        self.at += punct.text().len();
                        return TokenKind::Punct(*punct);
                    }
                }
                self.at += 1;
                TokenKind::Unknown
            }
        }
    }

    /// An identifier, a keyword, or a literal with a prefix such as `L"..."`.
    fn word(&mut self) -> TokenKind {
        let start = self.at;
        let rest = &self.text[start..];
        let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        if len == 0 {
            self.at += rest.chars().next().map_or(1, char::len_utf8);
            return TokenKind::Unknown;
        }
        self.at += len;
        let word = &rest[..len];
        if matches!(word, "L" | "u" | "U" | "u8") {
            match self.peek(0) {
                b'"' => return self.quoted(b'"', TokenKind::Str),
                b'\'' => return self.quoted(b'\'', TokenKind::Char),
                _ => {}
            }
        }
        Keyword::of(word).map_or(TokenKind::Ident, TokenKind::Keyword)
    }

    /// A preprocessing number: digits, letters, dots, exponents with their sign.
    fn number(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            let exponent = matches!(byte, b'e' | b'E' | b'p' | b'P') && matches!(self.peek(1), b'+' | b'-');
            let hex_digit_e = exponent && matches!(byte, b'e' | b'E') && self.out_of_hex_prefix();
            if exponent && !hex_digit_e {
                self.at += 2;
            } else if byte.is_ascii_alphanumeric()
                || matches!(byte, b'.' | b'_')
                || (byte == b'\'' && self.peek(1).is_ascii_alphanumeric())
            {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// Whether the number being read began with `0x`, where `e` is a digit: `0xe+1` is a sum.
    fn out_of_hex_prefix(&self) -> bool {
        let from = self.bytes[..self.at].iter().rposition(|b| !b.is_ascii_alphanumeric() && *b != b'_');
        let digits = &self.bytes[from.map_or(0, |f| f + 1)..self.at];
        matches!(digits, [b'0', b'x' | b'X', ..])
    }

    fn quoted(&mut self, quote: u8, kind: TokenKind) -> TokenKind {
        let start = self.at;
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 1 + usize::from(self.at + 1 < self.bytes.len()),
                b'\n' => break,
                _ => self.at += 1,
            }
            if byte == quote {
                return kind;
            }
        }
        // A backslash may have stepped into the middle of a character.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        let span = Span { start: offset(start), end: offset(start + 1) };
        let what = if kind == TokenKind::Str { "string" } else { "character constant" };
        self.out.problems.push((Severity::Error, span, format!("this {what} is never closed")));
        kind
    }
}
