//! Arguments as a person writes them, before any type is applied.
//!
//! A [`Literal`] says what was written and where; [`typing`] then fits it to the declared type of the
//! parameter. Two things cannot be told apart without the type and are therefore decided there: a text
//! without quotes (`/usr/share/doc` for a `const char *`) and a callback expression. Everything else
//! has the grammar
//!
//! ```text
//! literal  = "null" | "true" | "false" | number | character | string | name
//!          | "[" [ literal { "," literal } ] "]"
//!          | "{" [ member { "," member } ] "}"          member = [ name ":" ] literal
//!          | "out" [ "[" number "]" ] [ "=" literal ]   memory for the callee, with what it holds first
//!          | "&" literal                                the address of such a value
//!          | "(" C type ")" literal                     a value of a stated type
//!          | "|" parameters "|" expression              a callback, as a member or an element
//! number   = [ sign ] ( decimal | "0x" hex | "0o" octal | "0" octal | "0b" binary ) [ C suffix ]
//!          | [ sign ] floating ( decimal or hexadecimal, as in C ) [ sign imaginary "i" ]
//! ```
//!
//! Digits may be grouped with `_`. A leading `0` means octal, as in C: file modes are written that way.

mod number;
mod parse;
pub(crate) mod typing;

use std::ops::Range;

pub(crate) use parse::parse;

/// What was written, and where in the text of the argument.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// What was written.
    pub(crate) literal: Literal,
    /// Its bytes within the text.
    pub(crate) span: Range<usize>,
}

/// One literal. See the grammar in the module comment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer; `hex` tells addresses from numbers.
    Int {
        /// Whether a minus sign stands before it.
        negative: bool,
        /// Its absolute value.
        magnitude: u128,
        /// Whether it was written with `0x`.
        hex: bool,
    },
    /// A floating-point number. The text is kept for types wider than `double`.
    Float {
        /// As `double`.
        value: f64,
        /// As written, without `_` and suffix.
        text: String,
    },
    /// A complex number: real and imaginary part.
    Complex(f64, f64),
    /// `'a'`.
    Char(char),
    /// `"text"`.
    Text(String),
    /// `b"bytes"`, or a text with escapes that are no Unicode.
    Bytes(Vec<u8>),
    /// `[a, b]`.
    Array(Vec<Node>),
    /// `{x: a, b}`.
    Struct(Vec<(Option<String>, Node)>),
    /// `out`, `out[n]`, `out[n] = initial`.
    Out {
        /// Number of elements.
        count: Option<u64>,
        /// What it holds first.
        initial: Option<Box<Node>>,
    },
    /// `&value`.
    AddressOf(Box<Node>),
    /// `(type) value`.
    Cast {
        /// The type in C.
        ty: String,
        /// Where it stands.
        ty_span: Range<usize>,
        /// The value.
        value: Box<Node>,
    },
    /// `|a, b| a - b` inside another literal, up to the comma or bracket that ends it there.
    Callback(String),
    /// A name: of an enumeration constant, a macro or a function.
    Name(String),
}

/// Why a text is no literal, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LiteralError {
    /// What was expected or is wrong.
    pub(crate) message: String,
    /// Where.
    pub(crate) span: Range<usize>,
    /// What to write instead.
    pub(crate) help: Option<String>,
}

impl LiteralError {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> LiteralError {
        LiteralError { message: message.into(), span, help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> LiteralError {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests;
