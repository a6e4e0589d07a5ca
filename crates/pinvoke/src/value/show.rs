//! Values as literals: `Display` of [`Value`].

use std::fmt;

use super::Value;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Void => Ok(()),
            Value::Null => f.write_str("null"),
            Value::Bool(v) => v.fmt(f),
            Value::Int(v) => v.fmt(f),
            Value::Uint(v) => v.fmt(f),
            Value::Char(c) => write_char(f, *c),
            Value::Enum { name, number } => write!(f, "{name} ({number})"),
            Value::Float(v) => write_float(f, *v),
            Value::LongDouble(v) => v.fmt(f),
            Value::Complex(re, im) => {
                write_float(f, *re)?;
                // The sign of a NaN or of a negative zero is part of the literal as well.
                f.write_str(if im.is_sign_negative() { " - " } else { " + " })?;
                write_float(f, im.abs())?;
                f.write_str("i")
            }
            Value::Text(text) => write_text(f, text),
            Value::Bytes(bytes) => write_bytes(f, bytes),
            Value::Array(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Value::Struct(fields) => {
                f.write_str("{")?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{name}: {value}")?;
                }
                f.write_str("}")
            }
            Value::Pointer(p) => p.fmt(f),
            Value::Function(p) => write!(f, "{:#x}", p.code().addr()),
            Value::Callback(_) => f.write_str("<callback>"),
        }
    }
}

/// The shortest decimal that reads back as the same number, with a point or exponent that tells it from an
/// integer.
fn write_float(f: &mut fmt::Formatter<'_>, v: f64) -> fmt::Result {
    if v.is_nan() {
        f.write_str("nan")
    } else if v.is_infinite() {
        f.write_str(if v > 0.0 { "inf" } else { "-inf" })
    } else {
        write!(f, "{v:?}")
    }
}

fn write_char(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    f.write_str("'")?;
    if c == '\'' {
        f.write_str("\\'")?
    } else {
        write_escaped(f, c)?
    }
    f.write_str("'")
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        if c == '"' { f.write_str("\\\"")? } else { write_escaped(f, c)? }
    }
    f.write_str("\"")
}

/// C's escapes for what a terminal would swallow; everything else stands for itself.
fn write_escaped(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\0' => f.write_str("\\0"),
        '\\' => f.write_str("\\\\"),
        c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c)),
        c => write!(f, "{c}"),
    }
}

/// `b"..."`, bytes outside printable ASCII as `\xhh`.
fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("b\"")?;
    for &b in bytes {
        match b {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            b'\n' => f.write_str("\\n")?,
            0x20..=0x7e => write!(f, "{}", char::from(b))?,
            _ => write!(f, "\\x{b:02x}")?,
        }
    }
    f.write_str("\"")
}
