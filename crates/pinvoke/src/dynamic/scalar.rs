//! Integers, characters, enumerations, floating-point and complex numbers.
//!
//! Nothing is cut silently: an integer must lie in the range of its type, a whole number given for a
//! floating-point type must be exactly representable, a floating-point number given for an integer must be
//! whole. Only a fraction may be rounded, as in any program (`0.1` for a `float`).
//!
//! Plain `char` takes -128 to 255, since both readings of the byte are common: `200` and `-56` are the same
//! byte.
//!
//! Every target this crate runs on stores the lowest byte first.

use pinvoke_abi::layout::{BitRange, Kind, Layout};
use pinvoke_abi::target::{LongDouble as LongDoubleFormat, Target};
use pinvoke_decl::diagnostic::closest;
use pinvoke_decl::types::{Enumeration, TypeId, TypeKind, TypeTable};

use super::mismatch::Mismatch;
use crate::value::{LongDouble, Value};

/// The mathematical value of an integer of up to 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    /// Fits a signed 128-bit integer.
    Signed(i128),
    /// Above [`i128::MAX`].
    Large(u128),
}

impl Whole {
    /// Two's complement.
    fn bits(self) -> u128 {
        match self {
            Whole::Signed(v) => v.cast_unsigned(),
            Whole::Large(v) => v,
        }
    }

    fn fits(self, width: u32, signed: bool) -> bool {
        match self {
            Whole::Signed(v) if signed => {
                let (min, max) = signed_range(width);
                (min..=max).contains(&v)
            }
            Whole::Signed(v) => u128::try_from(v).is_ok_and(|v| v <= unsigned_max(width)),
            Whole::Large(v) => !signed && v <= unsigned_max(width),
        }
    }
}

fn signed_range(width: u32) -> (i128, i128) {
    (i128::MIN >> (128 - width), i128::MAX >> (128 - width))
}

fn unsigned_max(width: u32) -> u128 {
    u128::MAX >> (128 - width)
}

fn range_text(width: u32, signed: bool) -> String {
    if signed {
        let (min, max) = signed_range(width);
        format!("{min} to {max}")
    } else {
        format!("0 to {}", unsigned_max(width))
    }
}

/// The integer that a value means, whatever the type it goes to.
fn whole(value: &Value) -> Option<Whole> {
    Some(match value {
        Value::Bool(v) => Whole::Signed(i128::from(*v)),
        Value::Int(v) => Whole::Signed(*v),
        Value::Uint(v) => i128::try_from(*v).map_or(Whole::Large(*v), Whole::Signed),
        Value::Char(c) => Whole::Signed(i128::from(u32::from(*c))),
        Value::Enum { number, .. } => Whole::Signed(*number),
        Value::Float(v) => Whole::Signed(exact_integer(*v)?),
        Value::LongDouble(v) => Whole::Signed(v.to_i128()?),
        // An address kept in an integer (uintptr_t).
        Value::Pointer(p) => Whole::Signed(i128::try_from(p.address()).ok()?),
        _ => return None,
    })
}

/// A floating-point number as an integer, if it is whole and in range.
fn exact_integer(v: f64) -> Option<i128> {
    const LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0; // 2^127
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range, as just checked")]
    (v.fract() == 0.0 && (-LIMIT..LIMIT).contains(&v)).then_some(v as i128)
}

/// An integer as a `double`, if it is exactly representable.
fn exact_double(v: i128) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "checked by converting back")]
    let double = v as f64;
    (exact_integer(double) == Some(v)).then_some(double)
}

/// Writes an integer, character or enumeration constant into `out`, or into some bits of it.
pub(crate) fn write_integer(
    types: &TypeTable,
    id: TypeId,
    value: &Value,
    bits: Option<BitRange>,
    out: &mut [u8],
) -> Result<(), Mismatch> {
    let ty = types.get(id);
    let bytes = u32::try_from(out.len().min(16)).unwrap_or(16);
    let size = ty.layout.as_ref().map_or(bytes, |l| u32::try_from(l.size).unwrap_or(bytes));
    let width = bits.map_or(size * 8, |b| b.width);
    let (number, signed) = match &ty.kind {
        TypeKind::Enum(e) => (constant(types, id, e, value)?, e.signed),
        TypeKind::Char | TypeKind::WideChar => (character(types, id, value)?, char_signed(types, id)),
        TypeKind::Bool => (integer(types, id, value)?, false),
        TypeKind::Int { signed } => (integer(types, id, value)?, *signed),
        _ => return Err(Mismatch::kind(types, id, value, "a value of another kind")),
    };
    let either_sign = matches!(ty.kind, TypeKind::Char) && bits.is_none();
    if !number.fits(width, signed) && !(either_sign && (number.fits(8, true) || number.fits(8, false))) {
        let range = match ty.kind {
            _ if either_sign => "-128 to 255".to_owned(),
            _ => range_text(width, signed),
        };
        let range = if bits.is_some() { format!("{width} bits: {range}") } else { range };
        return Err(Mismatch::range(types, id, value, range));
    }
    store(number.bits(), bits, width, out);
    Ok(())
}

/// Puts the lowest `width` bits of `number` at their place; other bits of a bit-field's bytes stay.
pub(super) fn store(number: u128, bits: Option<BitRange>, width: u32, out: &mut [u8]) {
    match bits {
        None => {
            let bytes = number.to_le_bytes();
            let len = out.len().min(bytes.len());
            out[..len].copy_from_slice(&bytes[..len]);
        }
        Some(BitRange { start, .. }) => {
            for i in 0..width {
                let at = start + i;
                let mask = 1u8 << (at % 8);
                let byte = &mut out[(at / 8) as usize];
                if number >> i & 1 == 1 { *byte |= mask } else { *byte &= !mask }
            }
        }
    }
}

/// The bits at a place, the lowest first.
pub(super) fn load(bits: Option<BitRange>, bytes: &[u8]) -> (u128, u32) {
    match bits {
        None => {
            let len = bytes.len().min(16);
            let mut all = [0; 16];
            all[..len].copy_from_slice(&bytes[..len]);
            (u128::from_le_bytes(all), u32::try_from(len * 8).unwrap_or(128))
        }
        Some(BitRange { start, width }) => {
            let bit = |i: u32| u128::from(bytes[(i / 8) as usize] >> (i % 8) & 1);
            ((0..width).fold(0, |n, i| n | bit(start + i) << i), width)
        }
    }
}

fn integer(types: &TypeTable, id: TypeId, value: &Value) -> Result<Whole, Mismatch> {
    if let Some(number) = whole(value) {
        return Ok(number);
    }
    match value {
        Value::Float(_) | Value::LongDouble(_) => {
            Err(Mismatch::because(types, id, format!("{value} is not a whole number that it can hold")))
        }
        _ => Err(Mismatch::kind(types, id, value, "an integer")),
    }
}

/// An integer, or a text of one character.
fn character(types: &TypeTable, id: TypeId, value: &Value) -> Result<Whole, Mismatch> {
    if let Value::Text(text) = value {
        let mut chars = text.chars();
        return match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Whole::Signed(i128::from(u32::from(c)))),
            _ => Err(Mismatch::kind(types, id, value, "an integer or one character")),
        };
    }
    match whole(value) {
        Some(_) => integer(types, id, value),
        None => Err(Mismatch::kind(types, id, value, "an integer or one character")),
    }
}

/// An integer, a constant by name, or several of them: `"O_RDWR | O_CREAT"`.
fn constant(types: &TypeTable, id: TypeId, e: &Enumeration, value: &Value) -> Result<Whole, Mismatch> {
    let Value::Text(text) = value else {
        return whole(value)
            .ok_or_else(|| Mismatch::kind(types, id, value, "the name of a constant or an integer"));
    };
    let mut number = 0;
    for name in text.split('|').map(str::trim) {
        match e.constants.iter().find(|(n, _)| &**n == name) {
            Some((_, v)) => number |= v,
            None => {
                let hint = match closest(name, e.constants.iter().map(|(n, _)| &**n)) {
                    Some(near) => format!("; did you mean '{near}'?"),
                    None => {
                        let names: Vec<&str> = e.constants.iter().take(8).map(|(n, _)| &**n).collect();
                        format!("; it has {}", names.join(", "))
                    }
                };
                return Err(Mismatch::because(types, id, format!("it has no constant '{name}'{hint}")));
            }
        }
    }
    Ok(Whole::Signed(number))
}

fn char_signed(types: &TypeTable, id: TypeId) -> bool {
    match &types.get(id).layout {
        Some(layout) => matches!(layout.kind, Kind::Int { signed: true }),
        None => types.target().char_signed(),
    }
}

/// Reads an integer, character or enumeration constant.
pub(crate) fn read_integer(types: &TypeTable, id: TypeId, bits: Option<BitRange>, bytes: &[u8]) -> Value {
    let (raw, width) = load(bits, bytes);
    let signed = match &types.get(id).kind {
        TypeKind::Int { signed } => *signed,
        TypeKind::Enum(e) => e.signed,
        TypeKind::Char | TypeKind::WideChar => char_signed(types, id),
        _ => false,
    };
    let number = if signed {
        Whole::Signed((raw << (128 - width)).cast_signed() >> (128 - width))
    } else {
        i128::try_from(raw).map_or(Whole::Large(raw), Whole::Signed)
    };
    let Whole::Signed(number) = number else { return Value::Uint(raw) };
    match &types.get(id).kind {
        TypeKind::Enum(e) => match e.constants.iter().find(|(_, v)| *v == number) {
            Some((name, _)) => Value::Enum { name: name.clone(), number },
            None => Value::Int(number),
        },
        TypeKind::Char | TypeKind::WideChar if bits.is_none() => {
            let limit = if matches!(types.get(id).kind, TypeKind::Char) { 0x7f } else { 0x10_ffff };
            match u32::try_from(number).ok().filter(|n| *n <= limit).and_then(char::from_u32) {
                Some(c) if !c.is_control() || matches!(c, '\t' | '\n' | '\r') => Value::Char(c),
                _ => Value::Int(number),
            }
        }
        _ => Value::Int(number),
    }
}

/// Whether a number of this layout, or a part of it if it is complex, is a [`LongDouble`].
pub(crate) fn is_long(layout: &Layout) -> bool {
    let quad = |part: u64| part == 16 && Target::HOST.long_double() == LongDoubleFormat::Binary128;
    match layout.kind {
        Kind::X87 | Kind::Complex { x87: true } => true,
        Kind::Float => quad(layout.size),
        Kind::Complex { x87: false } => quad(layout.size / 2),
        _ => false,
    }
}

/// One floating-point number, of the size of `out`.
pub(crate) fn write_float(
    types: &TypeTable,
    id: TypeId,
    value: &Value,
    out: &mut [u8],
) -> Result<(), Mismatch> {
    let long = types.get(id).layout.as_ref().is_some_and(is_long);
    let inexact = |kind: &str| {
        Mismatch::because(types, id, format!("{value} cannot be represented exactly as a {kind}"))
    };
    if long {
        let number = match value {
            Value::LongDouble(v) => *v,
            Value::Float(v) => LongDouble::from(*v),
            _ => match whole(value) {
                Some(Whole::Signed(v)) => LongDouble::from_i128(v).ok_or_else(|| inexact("long double"))?,
                Some(Whole::Large(_)) => return Err(inexact("long double")),
                None => return Err(Mismatch::kind(types, id, value, "a number")),
            },
        };
        out[..LongDouble::SIZE].copy_from_slice(&number.to_bytes());
        return Ok(());
    }
    let number = match value {
        Value::Float(v) => *v,
        Value::LongDouble(v) => v.to_f64(),
        _ => match whole(value) {
            Some(Whole::Signed(v)) => exact_double(v).ok_or_else(|| inexact("double"))?,
            Some(Whole::Large(_)) => return Err(inexact("double")),
            None => return Err(Mismatch::kind(types, id, value, "a number")),
        },
    };
    if out.len() == 4 {
        #[expect(clippy::cast_possible_truncation, reason = "rounding a fraction is meant")]
        let single = number as f32;
        if single.is_infinite() && number.is_finite() {
            return Err(Mismatch::range(types, id, value, "up to 3.4028235e38".to_owned()));
        }
        if !matches!(value, Value::Float(_) | Value::LongDouble(_)) && f64::from(single) != number {
            return Err(inexact("float"));
        }
        out.copy_from_slice(&single.to_le_bytes());
    } else if out.len() == 8 {
        out.copy_from_slice(&number.to_le_bytes());
    } else {
        return Err(Mismatch::because(types, id, "128-bit floating-point numbers cannot be converted"));
    }
    Ok(())
}

/// Reads one floating-point number; the raw bytes where the format has no value of its own.
pub(crate) fn read_float(long: bool, bytes: &[u8]) -> Value {
    match (long, bytes) {
        (true, bytes) => match bytes.first_chunk() {
            Some(number) => Value::LongDouble(LongDouble::from_bytes(*number)),
            None => Value::Bytes(bytes.to_vec()),
        },
        (false, [b0, b1, b2, b3]) => Value::Float(widen(f32::from_le_bytes([*b0, *b1, *b2, *b3]))),
        (false, [b0, b1, b2, b3, b4, b5, b6, b7]) => {
            Value::Float(f64::from_le_bytes([*b0, *b1, *b2, *b3, *b4, *b5, *b6, *b7]))
        }
        _ => Value::Bytes(bytes.to_vec()),
    }
}

fn widen(v: f32) -> f64 {
    f64::from(v)
}

/// A complex number: real part, imaginary part.
pub(crate) fn write_complex(
    types: &TypeTable,
    id: TypeId,
    value: &Value,
    out: &mut [u8],
) -> Result<(), Mismatch> {
    let half = out.len() / 2;
    let (re, im) = out.split_at_mut(half);
    match value {
        Value::Complex(a, b) => {
            write_float(types, id, &Value::Float(*a), re)?;
            write_float(types, id, &Value::Float(*b), im)
        }
        Value::Array(parts) if parts.len() == 2 => {
            write_float(types, id, &parts[0], re)?;
            write_float(types, id, &parts[1], im)
        }
        other => match write_float(types, id, other, re) {
            Ok(()) => Ok(()),
            Err(_) if whole(other).is_none() && !matches!(other, Value::Float(_) | Value::LongDouble(_)) => {
                Err(Mismatch::kind(types, id, value, "a number or a complex number"))
            }
            Err(refused) => Err(refused),
        },
    }
}

/// Reads a complex number.
pub(crate) fn read_complex(long: bool, bytes: &[u8]) -> Value {
    let (re, im) = bytes.split_at(bytes.len() / 2);
    let part = |bytes| match read_float(long, bytes) {
        Value::Float(v) => Some(v),
        Value::LongDouble(v) => Some(v.to_f64()),
        _ => None,
    };
    match (part(re), part(im)) {
        (Some(re), Some(im)) => Value::Complex(re, im),
        _ => Value::Bytes(bytes.to_vec()),
    }
}
