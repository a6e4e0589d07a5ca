//! Reads the compact notation.

use core::fmt;
use core::str::FromStr;

use crate::layout::walk::MAX_DEPTH;
use crate::layout::{BitRange, Field, Kind, Layout, LayoutError, MAX_SIZE, StructBuilder};
use crate::target::{Arch, LongDouble, Target};

use super::{CallConv, Signature};

/// Text that is not a signature or layout.
///
/// ```
/// use pinvoke_abi::signature::Signature;
///
/// let error = "(i32,,f64)".parse::<Signature>().unwrap_err();
/// assert_eq!(error.position, 5); // where the type is missing
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotationError {
    /// Where, in bytes from the start of the text.
    pub position: usize,
    /// What.
    pub problem: Problem,
}

/// What is wrong with the text.
///
/// ```
/// use pinvoke_abi::signature::{Problem, Signature};
/// use pinvoke_abi::target::Target;
///
/// let problem = |target, text| Signature::parse(target, text).unwrap_err().problem;
/// assert_eq!(problem(Target::X86_64_LINUX, "(ptr,...,...)"), Problem::SecondEllipsis);
/// assert!(matches!(problem(Target::AARCH64_LINUX, "(f80)"), Problem::NoSuchType { name: "f80", .. }));
/// assert!(matches!(problem(Target::X86_64_LINUX, "({u32:40})"), Problem::Layout(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Something else should stand here.
    Expected {
        /// What would have been understood.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// More than 200 types inside each other.
    TooDeep,
    /// A second `...`.
    SecondEllipsis,
    /// A type that the target does not have.
    NoSuchType {
        /// The type.
        name: &'static str,
        /// The machine.
        target: Target,
    },
    /// A number that does not fit 64 bits, or 32 for a bit-field's width.
    NumberTooLarge,
    /// `size(n)` below what the members need, or above [`MAX_SIZE`].
    BadSize {
        /// The size asked for.
        size: u64,
        /// What the members need.
        least: u64,
    },
    /// The parts are well formed, but there is no such type.
    Layout(LayoutError),
}

impl fmt::Display for NotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: ", self.position)?;
        match &self.problem {
            Problem::Expected { expected, found } => write!(f, "expected {expected}, found {found}"),
            Problem::TooDeep => write!(f, "more than {MAX_DEPTH} types inside each other"),
            Problem::SecondEllipsis => f.write_str("`...` stands twice"),
            Problem::NoSuchType { name, target } => write!(f, "{target} has no `{name}`"),
            Problem::NumberTooLarge => f.write_str("the number is too large"),
            Problem::BadSize { size, least } => {
                write!(f, "size {size} is not between the {least} bytes of the members and {MAX_SIZE}")
            }
            Problem::Layout(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for NotationError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.problem {
            Problem::Layout(error) => Some(error),
            _ => None,
        }
    }
}

impl FromStr for Signature {
    type Err = NotationError;

    fn from_str(text: &str) -> Result<Signature, NotationError> {
        signature(Target::HOST, text)
    }
}

impl FromStr for Layout {
    type Err = NotationError;

    fn from_str(text: &str) -> Result<Layout, NotationError> {
        layout(Target::HOST, text)
    }
}

pub(super) fn signature(target: Target, text: &str) -> Result<Signature, NotationError> {
    let mut parser = Parser { target, text, position: 0, depth: 0 };
    let signature = parser.signature()?;
    parser.end()?;
    Ok(signature)
}

pub(super) fn layout(target: Target, text: &str) -> Result<Layout, NotationError> {
    let mut parser = Parser { target, text, position: 0, depth: 0 };
    let layout = parser.layout()?;
    parser.end()?;
    Ok(layout)
}

struct Parser<'a> {
    target: Target,
    text: &'a str,
    /// Next byte to read.
    position: usize,
    depth: u32,
}

/// A member as written, not yet placed.
struct Member {
    position: usize,
    layout: Layout,
    named: bool,
    width: Option<u32>,
    at: Option<(u64, u32)>,
}

/// What may stand behind a type.
#[derive(Default)]
struct Suffixes {
    packed: bool,
    pack: Option<u64>,
    align: Option<u64>,
    size: Option<u64>,
    /// Where the first of them stands.
    position: usize,
}

impl<'a> Parser<'a> {
    fn signature(&mut self) -> Result<Signature, NotationError> {
        let conv = match self.peek() {
            Some(b'(') => CallConv::C,
            _ => self.convention()?,
        };
        self.expect(b'(', "`(`")?;
        let mut params = Vec::new();
        let mut variadic_from = None;
        if !self.take(b')') {
            loop {
                let position = self.here();
                if self.take_text("...") {
                    if variadic_from.replace(params.len()).is_some() {
                        return Err(NotationError { position, problem: Problem::SecondEllipsis });
                    }
                } else {
                    let param = self.layout()?;
                    if param.kind == Kind::Void {
                        return Err(NotationError {
                            position,
                            problem: Problem::Expected {
                                expected: "an argument type, or `()` for no arguments",
                                found: String::from("`void`"),
                            },
                        });
                    }
                    params.push(param);
                }
                if self.take(b')') {
                    break;
                }
                self.expect(b',', "`,` or `)`")?;
            }
        }
        let ret = if self.take_text("->") { self.layout()? } else { Layout::void() };
        Ok(Signature { target: self.target, conv, params, ret, variadic_from })
    }

    fn convention(&mut self) -> Result<CallConv, NotationError> {
        let position = self.here();
        let conv = match self.word() {
            "cdecl" => CallConv::C,
            "system" => CallConv::System,
            "sysv64" => CallConv::SysV64,
            "win64" => CallConv::Win64,
            "stdcall" => CallConv::Stdcall,
            "fastcall" => CallConv::Fastcall,
            "thiscall" => CallConv::Thiscall,
            _ => {
                return Err(self.unexpected(
                    position,
                    "`(` or a calling convention (cdecl, system, sysv64, win64, stdcall, fastcall, thiscall)",
                ));
            }
        };
        Ok(conv)
    }

    fn layout(&mut self) -> Result<Layout, NotationError> {
        let position = self.here();
        if self.depth == MAX_DEPTH {
            return Err(NotationError { position, problem: Problem::TooDeep });
        }
        self.depth += 1;
        let layout = match self.peek() {
            Some(b'{') => self.aggregate(),
            Some(b'[') => self.array(),
            Some(b'<') => self.vector(),
            _ => self.scalar(),
        };
        self.depth -= 1;
        layout
    }

    fn scalar(&mut self) -> Result<Layout, NotationError> {
        let position = self.here();
        let t = self.target;
        let layout = match self.word() {
            "i8" => Layout::int(t, 1, true),
            "i16" => Layout::int(t, 2, true),
            "i32" => Layout::int(t, 4, true),
            "i64" => Layout::int(t, 8, true),
            "i128" => Layout::int(t, 16, true),
            "u8" => Layout::int(t, 1, false),
            "u16" => Layout::int(t, 2, false),
            "u32" => Layout::int(t, 4, false),
            "u64" => Layout::int(t, 8, false),
            "u128" => Layout::int(t, 16, false),
            "bool" => Layout::bool(),
            "f32" => Layout::float(t, 4),
            "f64" => Layout::float(t, 8),
            "f80" => self.x87(position, "f80")?,
            "f128" => Layout::float(t, 16),
            "c32" => Layout::complex(&Layout::float(t, 4)),
            "c64" => Layout::complex(&Layout::float(t, 8)),
            "c80" => Layout::complex(&self.x87(position, "c80")?),
            "c128" => Layout::complex(&Layout::float(t, 16)),
            "ptr" => Layout::pointer(t),
            "void" => Layout::void(),
            _ => return Err(self.unexpected(position, "a type")),
        };
        let suffixes = self.suffixes(false)?;
        restate(layout, &suffixes)
    }

    fn x87(&self, position: usize, name: &'static str) -> Result<Layout, NotationError> {
        match self.target.long_double() {
            LongDouble::X87 { size, align } => Ok(Layout { size, align, kind: Kind::X87 }),
            // Microsoft's compiler has no name for it, but code compiled by others may use it.
            LongDouble::Double if self.target.arch == Arch::X86_64 => {
                Ok(Layout { size: 16, align: 16, kind: Kind::X87 })
            }
            LongDouble::Double | LongDouble::Binary128 => {
                Err(NotationError { position, problem: Problem::NoSuchType { name, target: self.target } })
            }
        }
    }

    fn array(&mut self) -> Result<Layout, NotationError> {
        let position = self.here();
        self.expect(b'[', "`[`")?;
        let element = self.layout()?;
        let count = if self.take(b';') { self.number()? } else { 0 };
        self.expect(b']', "`;` or `]`")?;
        let layout = Layout::array(element, count).map_err(at(position))?;
        let suffixes = self.suffixes(false)?;
        restate(layout, &suffixes)
    }

    fn vector(&mut self) -> Result<Layout, NotationError> {
        let position = self.here();
        self.expect(b'<', "`<`")?;
        let element = self.layout()?;
        self.expect(b';', "`;` and the number of elements")?;
        let count = self.number()?;
        self.expect(b'>', "`>`")?;
        let layout = Layout::vector(self.target, element, count).map_err(at(position))?;
        let suffixes = self.suffixes(false)?;
        restate(layout, &suffixes)
    }

    fn aggregate(&mut self) -> Result<Layout, NotationError> {
        let position = self.here();
        self.expect(b'{', "`{`")?;
        let mut members = Vec::new();
        let mut separator = None;
        let union = if self.take(b'}') {
            false
        } else if self.take(b'|') {
            self.expect(b'}', "`}`")?;
            true
        } else {
            loop {
                members.push(self.member()?);
                match (self.peek(), separator) {
                    (Some(b'}'), _) => break,
                    (Some(c @ (b',' | b'|')), None) => separator = Some(c),
                    (Some(c), Some(s)) if c == s => {}
                    (_, None) => return Err(self.unexpected(self.position, "`,`, `|` or `}`")),
                    (_, Some(b',')) => return Err(self.unexpected(self.position, "`,` or `}`")),
                    (_, Some(_)) => return Err(self.unexpected(self.position, "`|` or `}`")),
                }
                self.position += 1;
                // A union of one member: `{i32|}`.
                if separator == Some(b'|') && members.len() == 1 && self.peek() == Some(b'}') {
                    break;
                }
            }
            self.expect(b'}', "`}`")?;
            separator == Some(b'|')
        };
        let suffixes = self.suffixes(true)?;
        self.build(position, union, members, &suffixes)
    }

    fn member(&mut self) -> Result<Member, NotationError> {
        let position = self.here();
        let named = !self.take(b'_');
        let layout = self.layout()?;
        let width = if self.take(b':') {
            let position = self.here();
            let width = self.number()?;
            let too_large = NotationError { position, problem: Problem::NumberTooLarge };
            Some(u32::try_from(width).map_err(|_| too_large)?)
        } else {
            None
        };
        if !named && width.is_none() {
            return Err(self.unexpected(self.position, "`:` and a width behind an unnamed bit-field"));
        }
        let at = if self.take(b'@') {
            let byte = self.number()?;
            let bit = match width {
                Some(_) => {
                    self.expect(b'.', "`.` and the bit within the byte")?;
                    let position = self.here();
                    match u32::try_from(self.number()?) {
                        Ok(bit @ 0..=7) => bit,
                        _ => return Err(self.unexpected(position, "a bit from 0 to 7")),
                    }
                }
                None => 0,
            };
            Some((byte, bit))
        } else {
            None
        };
        Ok(Member { position, layout, named, width, at })
    }

    fn build(
        &self,
        position: usize,
        union: bool,
        members: Vec<Member>,
        suffixes: &Suffixes,
    ) -> Result<Layout, NotationError> {
        let mut builder = match union {
            true => StructBuilder::new_union(self.target),
            false => StructBuilder::new(self.target),
        };
        builder.packed(suffixes.packed);
        if let Some(pack) = suffixes.pack {
            builder.pack(pack).map_err(at(suffixes.position))?;
        }
        for Member { position, layout, named, width, at: place } in members {
            match (width, place) {
                (None, None) => builder.field(layout, None).map(drop),
                (None, Some((offset, _))) => builder.field_at(layout, offset).map(drop),
                (Some(width), None) => builder.bit_field(layout, width, named).map(drop),
                (Some(width), Some((offset, start))) => {
                    builder.bit_field_at(layout, offset, BitRange { start, width }).map(drop)
                }
            }
            .map_err(at(position))?;
        }
        // An alignment below the natural one leaves the size as it is.
        let mut layout = builder.finish(suffixes.align).map_err(at(position))?;
        if let Some(align) = suffixes.align {
            layout.align = align;
        }
        if let Some(size) = suffixes.size {
            let least = members_end(&layout);
            if size < least || size > MAX_SIZE {
                return Err(NotationError {
                    position: suffixes.position,
                    problem: Problem::BadSize { size, least },
                });
            }
            layout.size = size;
        }
        Ok(layout)
    }

    /// `packed`, `packed(n)`, `align(n)`, `size(n)`, in any order.
    fn suffixes(&mut self, aggregate: bool) -> Result<Suffixes, NotationError> {
        let mut found = Suffixes { position: self.here(), ..Suffixes::default() };
        loop {
            let before = self.here();
            match self.word() {
                "packed" if aggregate => {
                    if self.peek() == Some(b'(') {
                        found.pack = Some(self.argument()?);
                    } else {
                        found.packed = true;
                    }
                }
                "align" => found.align = Some(self.argument()?),
                "size" if aggregate => found.size = Some(self.argument()?),
                "" => return Ok(found),
                _ if aggregate => {
                    return Err(self.unexpected(before, "`packed`, `align(n)` or `size(n)`"));
                }
                _ => return Err(self.unexpected(before, "`align(n)`")),
            }
        }
    }

    fn argument(&mut self) -> Result<u64, NotationError> {
        self.expect(b'(', "`(`")?;
        let number = self.number()?;
        self.expect(b')', "`)`")?;
        Ok(number)
    }

    fn number(&mut self) -> Result<u64, NotationError> {
        let position = self.here();
        let rest = self.rest();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if digits == 0 {
            return Err(self.unexpected(position, "a number"));
        }
        self.position += digits;
        rest[..digits].parse().map_err(|_| NotationError { position, problem: Problem::NumberTooLarge })
    }

    /// The letters and digits that come next; empty if something else does.
    fn word(&mut self) -> &'a str {
        self.here();
        let rest = self.rest();
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.position += len;
        &rest[..len]
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    /// The position of the next byte that is not blank.
    fn here(&mut self) -> usize {
        self.position = self.text.len() - self.rest().trim_ascii_start().len();
        self.position
    }

    fn peek(&mut self) -> Option<u8> {
        self.here();
        self.rest().bytes().next()
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.position += usize::from(taken);
        taken
    }

    fn take_text(&mut self, text: &str) -> bool {
        self.here();
        let taken = self.rest().starts_with(text);
        if taken {
            self.position += text.len();
        }
        taken
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), NotationError> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected(self.position, expected)) }
    }

    fn end(&mut self) -> Result<(), NotationError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected(self.position, "the end")),
        }
    }

    fn unexpected(&self, position: usize, expected: &'static str) -> NotationError {
        let rest = &self.text[position..];
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let found = match rest.chars().next() {
            None => String::from("the end"),
            Some(c) if word == 0 => format!("`{c}`"),
            Some(_) if word > 24 => format!("`{}…`", &rest[..24]),
            Some(_) => format!("`{}`", &rest[..word]),
        };
        NotationError { position, problem: Problem::Expected { expected, found } }
    }
}

fn at(position: usize) -> impl Fn(LayoutError) -> NotationError {
    move |error| NotationError { position, problem: Problem::Layout(error) }
}

/// Gives a scalar or array the alignment that was written behind it.
fn restate(mut layout: Layout, suffixes: &Suffixes) -> Result<Layout, NotationError> {
    if let Some(align) = suffixes.align {
        // For its check; unlike it, the notation can also lower an alignment.
        layout = layout.with_min_align(align).map_err(at(suffixes.position))?;
        layout.align = align;
    }
    Ok(layout)
}

/// Where the member that ends last ends, in bytes.
fn members_end(layout: &Layout) -> u64 {
    let (Kind::Struct { fields } | Kind::Union { fields }) = &layout.kind else {
        return layout.size;
    };
    let end = |field: &Field| match field.bits {
        None => field.offset + field.layout.size,
        Some(bits) => field.offset + u64::from(bits.start + bits.width).div_ceil(8),
    };
    fields.iter().map(end).max().unwrap_or(0)
}
