//! Integer, character and string constants to values (C17 6.4.4, 6.4.5).

use pinvoke_abi::target::Target;

use crate::model::Keyworded;

/// The value and type of an integer constant, or what is wrong with it.
///
/// The type is the first of the list in C17 6.4.4.1 that can represent the value.
pub(crate) fn integer(text: &str, target: Target) -> Result<(i128, Keyworded), &'static str> {
    let lower: String = text.chars().filter(|c| *c != '\'').map(|c| c.to_ascii_lowercase()).collect();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let end = digits.find(|c: char| !c.is_digit(if radix == 16 { 16 } else { 10 })).unwrap_or(digits.len());
    let (digits, suffix) = digits.split_at(end);
    let (unsigned, longs) = match suffix {
        "" => (false, 0),
        "u" => (true, 0),
        "l" => (false, 1),
        "ul" | "lu" => (true, 1),
        "ll" | "i64" => (false, 2),
        "ull" | "llu" | "ui64" => (true, 2),
        _ if suffix.starts_with(['.', 'e', 'p', 'f']) => return Err("a floating constant is not an integer"),
        _ => return Err("this suffix of an integer constant is not known"),
    };
    if digits.is_empty() && radix != 8 {
        return Err("this number has no digits");
    }
    let digits = if digits.is_empty() { "0" } else { digits };
    let value = match u64::from_str_radix(digits, radix) {
        Ok(value) => i128::from(value),
        Err(error) if *error.kind() == std::num::IntErrorKind::PosOverflow => {
            return Err("this number does not fit 64 bits");
        }
        Err(_) => return Err("this number has a digit that its base does not have"),
    };
    use Keyworded::{Int, Long, LongLong, UnsignedInt, UnsignedLong, UnsignedLongLong};
    let candidates: &[Keyworded] = match (unsigned, longs, radix) {
        (true, 0, _) => &[UnsignedInt, UnsignedLong],
        (true, 1, _) => &[UnsignedLong],
        (false, 0, 10) => &[Int, Long, LongLong],
        (false, 0, _) => &[Int, UnsignedInt, Long, UnsignedLong, LongLong],
        (false, 1, 10) => &[Long, LongLong],
        (false, 1, _) => &[Long, UnsignedLong, LongLong],
        (false, 2, _) => &[LongLong],
        _ => &[],
    };
    let fits = |ty: &&Keyworded| {
        let bits = match ty {
            Int => 31,
            UnsignedInt => 32,
            Long => target.long_size() * 8 - 1,
            UnsignedLong => target.long_size() * 8,
            LongLong => 63,
            _ => 64,
        };
        value >> bits == 0
    };
    Ok((value, candidates.iter().find(fits).copied().unwrap_or(UnsignedLongLong)))
}

/// The value and type of a character constant, quotes and prefix included.
pub(crate) fn character(text: &str, target: Target) -> Result<(i128, Keyworded), &'static str> {
    let Some((prefix, rest)) = text.split_once('\'') else { return Err("a character constant needs quotes") };
    let body = rest.strip_suffix('\'').ok_or("this character constant is never closed")?;
    let ty = match (prefix, target.wchar_size(), target.wchar_signed()) {
        ("", ..) => Keyworded::Int,
        ("u8", ..) => Keyworded::UnsignedChar,
        ("u", ..) | ("L", 2, _) => Keyworded::UnsignedShort,
        ("L", _, true) => Keyworded::Int,
        _ => Keyworded::UnsignedInt,
    };
    let units = unescape(body)?;
    let [first, more @ ..] = units.as_slice() else { return Err("an empty character constant") };
    if prefix.is_empty() {
        // gcc, clang and MSVC agree: bytes from left to right, the last one lowest.
        let bytes: Vec<u8> = units.iter().flat_map(Unit::bytes).collect();
        let [only] = bytes.as_slice() else {
            let value = bytes.iter().fold(0u32, |v, b| (v << 8) | u32::from(*b));
            return Ok((i128::from(value.cast_signed()), ty));
        };
        let signed = target.char_signed();
        return Ok((if signed { i128::from(only.cast_signed()) } else { i128::from(*only) }, ty));
    }
    if !more.is_empty() {
        return Err("a wide character constant holds one character");
    }
    Ok((
        match first {
            Unit::Char(c) => i128::from(u32::from(*c)),
            Unit::Code(code) => i128::from(*code),
        },
        ty,
    ))
}

/// A string literal.
pub(crate) struct StringLiteral {
    /// Number of code units, without the terminating zero.
    pub(crate) units: u64,
    /// Size of a code unit in bytes.
    pub(crate) unit_size: u64,
    /// Its text, as far as it is UTF-8.
    pub(crate) text: String,
}

/// Reads a string literal, quotes and prefix included.
pub(crate) fn string(text: &str, target: Target) -> Result<StringLiteral, &'static str> {
    let Some((prefix, rest)) = text.split_once('"') else { return Err("a string needs quotes") };
    let body = rest.strip_suffix('"').ok_or("this string is never closed")?;
    let units = unescape(body)?;
    let unit_size = match prefix {
        "" | "u8" => 1,
        "u" => 2,
        "L" => target.wchar_size(),
        _ => 4,
    };
    let unit_count = |unit: &Unit| match (unit, unit_size) {
        (_, 1) => unit.bytes().len() as u64,
        (Unit::Char(c), 2) => c.len_utf16() as u64,
        _ => 1,
    };
    let bytes: Vec<u8> = units.iter().flat_map(Unit::bytes).collect();
    Ok(StringLiteral {
        units: units.iter().map(unit_count).sum(),
        unit_size,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// A character, or the number that an escape sequence gave.
enum Unit {
    Char(char),
    Code(u32),
}

impl Unit {
    /// In a narrow literal.
    fn bytes(&self) -> Vec<u8> {
        match self {
            Unit::Char(c) => c.to_string().into_bytes(),
            Unit::Code(code) => vec![code.to_le_bytes()[0]],
        }
    }
}

fn unescape(body: &str) -> Result<Vec<Unit>, &'static str> {
    let mut units = Vec::new();
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.push(Unit::Char(c));
            continue;
        }
        let escape = chars.next().ok_or("a backslash ends the constant")?;
        let code = match escape {
            'n' => 10,
            't' => 9,
            'r' => 13,
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'v' => 11,
            'e' => 27,
            '\'' | '"' | '\\' | '?' => u32::from(escape),
            '0'..='7' => {
                let mut code = escape.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    chars.next();
                }
                code
            }
            'x' => {
                let mut code = None::<u32>;
                while let Some(digit) = chars.peek().and_then(|c| c.to_digit(16)) {
                    code = Some(
                        code.unwrap_or(0).checked_mul(16).ok_or("this escape sequence is too large")? + digit,
                    );
                    chars.next();
                }
                code.ok_or("'\\x' without hexadecimal digits")?
            }
            'u' | 'U' => {
                let mut code = 0;
                for _ in 0..if escape == 'u' { 4 } else { 8 } {
                    let digit = chars.next().and_then(|c| c.to_digit(16)).ok_or("too few digits")?;
                    code = (code << 4) | digit;
                }
                units.push(Unit::Char(char::from_u32(code).ok_or("no such character")?));
                continue;
            }
            '\n' => continue,
            _ => return Err("this escape sequence is not known"),
        };
        units.push(Unit::Code(code));
    }
    Ok(units)
}
