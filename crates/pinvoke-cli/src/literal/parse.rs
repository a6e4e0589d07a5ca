//! Text to [`Node`]s, by recursive descent.

use std::ops::Range;

use super::number::number;
use super::{Literal, LiteralError, Node};

/// Nesting beyond which a literal is refused instead of the stack overflowing.
const MAX_DEPTH: usize = 200;

/// The literal that the whole of `text` is.
pub(crate) fn parse(text: &str) -> Result<Node, LiteralError> {
    let mut parser = Parser { text, at: 0 };
    let node = parser.literal(0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(LiteralError::new(parser.at..text.len(), "expected the end of the argument"));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, c: char) -> bool {
        self.space();
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    /// The character at hand, or a place to point at where the text has ended.
    fn here(&self) -> Range<usize> {
        self.at..self.at + self.peek().map_or(0, char::len_utf8)
    }

    fn expected(&self, what: &str) -> LiteralError {
        match self.peek() {
            Some(c) => LiteralError::new(self.here(), format!("expected {what}, found '{c}'")),
            None => LiteralError::new(self.here(), format!("expected {what}, found the end")),
        }
    }

    fn literal(&mut self, depth: usize) -> Result<Node, LiteralError> {
        self.space();
        if depth > MAX_DEPTH {
            return Err(LiteralError::new(self.here(), format!("nested more than {MAX_DEPTH} deep")));
        }
        let start = self.at;
        let literal = match self.peek() {
            Some('[') => self.array(depth)?,
            Some('{') => self.structure(depth)?,
            Some('(') => self.cast(depth)?,
            Some('&') => {
                self.at += 1;
                Literal::AddressOf(Box::new(self.literal(depth + 1)?))
            }
            Some('"') => self.text_literal()?,
            Some('\'') => self.character()?,
            // As a whole argument a callback is recognised by its type.
            Some('|') if depth > 0 => self.callback()?,
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number()?,
            Some(c) if c.is_alphabetic() || c == '_' => self.word(depth)?,
            _ => return Err(self.expected("a value")),
        };
        Ok(Node { literal, span: start..self.at })
    }

    fn array(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.eat(']') {
            items.push(self.literal(depth + 1)?);
            if !self.eat(',') {
                if self.eat(']') {
                    break;
                }
                return Err(self.expected("',' or ']'"));
            }
        }
        Ok(Literal::Array(items))
    }

    fn structure(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        self.at += 1;
        let mut members: Vec<(Option<String>, Node)> = Vec::new();
        while !self.eat('}') {
            self.space();
            let start = self.at;
            // C's designator dot is accepted: `{.x = 1}`.
            let dot = self.rest().starts_with('.')
                && self.rest()[1..].starts_with(|c: char| c.is_alphabetic() || c == '_');
            self.at += usize::from(dot);
            let name = identifier(self.rest()).to_owned();
            let after = self.rest()[name.len()..].trim_start();
            let named = !name.is_empty() && (after.starts_with(':') || (dot && after.starts_with('=')));
            let name = if named {
                if members.iter().any(|(n, _)| n.as_deref() == Some(&name)) {
                    let span = start..self.at + name.len();
                    return Err(LiteralError::new(span, format!("'{name}' is given twice")));
                }
                self.at += name.len();
                self.space();
                self.at += 1;
                Some(name)
            } else {
                self.at = start;
                None
            };
            members.push((name, self.literal(depth + 1)?));
            if !self.eat(',') {
                if self.eat('}') {
                    break;
                }
                return Err(self.expected("',' or '}'"));
            }
        }
        Ok(Literal::Struct(members))
    }

    /// `(type) value`. The type is not parsed here, only its end is found.
    fn cast(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        let open = self.at;
        let mut nesting = 0usize;
        let close = self.rest().char_indices().find_map(|(i, c)| {
            match c {
                '(' => nesting += 1,
                ')' => nesting -= 1,
                _ => {}
            }
            (nesting == 0).then_some(open + i)
        });
        let Some(close) = close else {
            return Err(LiteralError::new(open..open + 1, "this '(' is never closed"));
        };
        let ty = self.text[open + 1..close].trim().to_owned();
        let ty_span = open + 1..close;
        if ty.is_empty() {
            return Err(LiteralError::new(open..close + 1, "expected a type between the parentheses"));
        }
        self.at = close + 1;
        let value = Box::new(self.literal(depth + 1)?);
        Ok(Literal::Cast { ty, ty_span, value })
    }

    fn number(&mut self) -> Result<Literal, LiteralError> {
        let start = self.at;
        let mut previous = '\0';
        let hex = {
            let digits = self.rest().trim_start_matches(['-', '+']);
            digits.starts_with("0x") || digits.starts_with("0X")
        };
        let mut signs_allowed = true;
        let mut length = 0;
        for (i, c) in self.rest().char_indices() {
            let exponent =
                matches!((previous, hex), ('e' | 'E', false) | ('p' | 'P', true)) && matches!(c, '+' | '-');
            // A second sign starts the imaginary part, if there is one.
            let sign = !exponent
                && matches!(c, '+' | '-')
                && (i == 0 || (signs_allowed && self.imaginary_follows(i)));
            if sign && i > 0 {
                signs_allowed = false;
            }
            if !(c.is_alphanumeric() || matches!(c, '.' | '_') || exponent || sign) {
                break;
            }
            previous = c;
            length = i + c.len_utf8();
        }
        self.at += length;
        number(&self.text[start..self.at], start)
    }

    /// Whether from this sign on `+2i` stands.
    fn imaginary_follows(&self, at: usize) -> bool {
        let word: &str = &self.rest()[at + 1..];
        let end =
            word.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '+' | '-'))).unwrap_or(word.len());
        word[..end].ends_with(['i', 'j'])
    }

    fn word(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        let word = identifier(self.rest()).to_owned();
        let start = self.at;
        self.at += word.len();
        match word.as_str() {
            "null" | "NULL" | "nullptr" => Ok(Literal::Null),
            "true" => Ok(Literal::Bool(true)),
            "false" => Ok(Literal::Bool(false)),
            "inf" | "infinity" | "nan" | "INFINITY" | "NAN" => number(&word, start),
            "out" => self.out(depth),
            "b" if self.peek() == Some('"') => Ok(Literal::Bytes(self.quoted('"')?)),
            // C's prefixes say how the text is encoded; here the declared type does.
            "L" | "u" | "U" | "u8" if self.peek() == Some('"') => self.text_literal(),
            "L" | "u" | "U" if self.peek() == Some('\'') => self.character(),
            _ => Ok(Literal::Name(word)),
        }
    }

    fn out(&mut self, depth: usize) -> Result<Literal, LiteralError> {
        let mut count = None;
        if self.eat('[') {
            self.space();
            let start = self.at;
            let digits = self.rest().find(']').ok_or_else(|| self.expected("a number and ']'"))?;
            let text = self.rest()[..digits].trim_end().to_owned();
            let span = start..start + text.len();
            let Ok(Literal::Int { negative: false, magnitude, .. }) = number(&text, start) else {
                return Err(LiteralError::new(span, "expected the number of elements, such as out[256]"));
            };
            count = Some(
                u64::try_from(magnitude).map_err(|_| LiteralError::new(span, "more than there is memory"))?,
            );
            self.at = start + digits + 1;
        }
        let initial = if self.eat('=') { Some(Box::new(self.literal(depth + 1)?)) } else { None };
        Ok(Literal::Out { count, initial })
    }

    /// A closure up to the end of its expression: the first comma or closing bracket that is not inside
    /// brackets or a text of its own.
    fn callback(&mut self) -> Result<Literal, LiteralError> {
        let start = self.at;
        let Some(parameters) = self.rest()[1..].find('|') else {
            return Err(LiteralError::new(
                start..start + 1,
                "expected '|' behind the parameters of the callback",
            ));
        };
        self.at += parameters + 2;
        let mut nesting = 0usize;
        while let Some(c) = self.peek() {
            match c {
                '(' | '[' | '{' => nesting += 1,
                ')' | ']' | '}' | ',' if nesting == 0 => break,
                ')' | ']' | '}' => nesting -= 1,
                '"' | '\'' | '`' => {
                    self.skip_text(c)?;
                    continue;
                }
                _ => {}
            }
            self.at += c.len_utf8();
        }
        Ok(Literal::Callback(self.text[start..self.at].trim_end().to_owned()))
    }

    /// Skips a text of the expression language.
    fn skip_text(&mut self, quote: char) -> Result<(), LiteralError> {
        let open = self.at;
        let mut escaped = false;
        for (i, c) in self.text[open + 1..].char_indices() {
            if c == quote && !escaped {
                self.at = open + 1 + i + 1;
                return Ok(());
            }
            escaped = c == '\\' && !escaped;
        }
        Err(LiteralError::new(open..open + 1, format!("this {quote} is never closed")))
    }

    fn text_literal(&mut self) -> Result<Literal, LiteralError> {
        let bytes = self.quoted('"')?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => Literal::Text(text),
            Err(error) => Literal::Bytes(error.into_bytes()),
        })
    }

    fn character(&mut self) -> Result<Literal, LiteralError> {
        let start = self.at;
        let bytes = self.quoted('\'')?;
        let span = start..self.at;
        if let [byte] = bytes[..]
            && !byte.is_ascii()
        {
            // '\xff' is a number in C too.
            return Ok(Literal::Int { negative: false, magnitude: byte.into(), hex: true });
        }
        let text = String::from_utf8(bytes).ok();
        let mut chars = text.iter().flat_map(|t| t.chars());
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Literal::Char(c)),
            _ => Err(LiteralError::new(span, "expected exactly one character between the quotes")
                .help("a text has double quotes")),
        }
    }

    /// The bytes between quotes, escapes resolved.
    fn quoted(&mut self, quote: char) -> Result<Vec<u8>, LiteralError> {
        let open = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let at = self.at;
            let Some(c) = self.peek() else {
                return Err(LiteralError::new(open..open + 1, format!("this {quote} is never closed")));
            };
            self.at += c.len_utf8();
            if c == quote {
                return Ok(bytes);
            }
            if c == '\\' {
                self.escape(at, &mut bytes)?;
            } else {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }

    /// One escape, its backslash already read.
    fn escape(&mut self, start: usize, bytes: &mut Vec<u8>) -> Result<(), LiteralError> {
        let Some(c) = self.peek() else {
            return Err(LiteralError::new(start..self.at, "expected an escape after the backslash"));
        };
        self.at += c.len_utf8();
        let simple = match c {
            'n' => b'\n',
            't' => b'\t',
            'r' => b'\r',
            'a' => 7,
            'b' => 8,
            'e' => 0x1b,
            'f' => 12,
            'v' => 11,
            '\\' | '"' | '\'' | '?' => u8::try_from(c).unwrap_or(b'?'),
            '0'..='7' => {
                let digits = self.digits(8, 2);
                let text = format!("{c}{digits}");
                u8::from_str_radix(&text, 8)
                    .map_err(|_| LiteralError::new(start..self.at, "the octal escape is above \\377"))?
            }
            'x' => {
                let digits = self.digits(16, 2);
                u8::from_str_radix(&digits, 16).map_err(|_| {
                    LiteralError::new(start..self.at, "expected two hexadecimal digits, as in \\x41")
                })?
            }
            'u' | 'U' => {
                let digits = if self.peek() == Some('{') {
                    self.at += 1;
                    let digits = self.digits(16, 8);
                    if self.peek() != Some('}') {
                        return Err(self.expected("'}'"));
                    }
                    self.at += 1;
                    digits
                } else {
                    self.digits(16, if c == 'u' { 4 } else { 8 })
                };
                let scalar =
                    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(|| {
                        LiteralError::new(start..self.at, "expected a Unicode character, as in \\u{e9}")
                    })?;
                bytes.extend_from_slice(scalar.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => {
                return Err(LiteralError::new(start..self.at, format!("'\\{c}' is no escape"))
                    .help("write \\\\ for a backslash"));
            }
        };
        bytes.push(simple);
        Ok(())
    }

    fn digits(&mut self, base: u32, max: usize) -> String {
        let digits: String = self.rest().chars().take(max).take_while(|c| c.is_digit(base)).collect();
        self.at += digits.len();
        digits
    }
}

/// The identifier that `text` starts with, or nothing.
pub(super) fn identifier(text: &str) -> &str {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}
