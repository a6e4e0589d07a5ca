//! Numbers: integers of any base, floating point in decimal and hexadecimal, complex numbers.

use std::ops::Range;

use super::{Literal, LiteralError};

/// The literal that the whole of `text` is, a number by its first characters. `at` is where it stands.
pub(super) fn number(text: &str, at: usize) -> Result<Literal, LiteralError> {
    let span = at..at + text.len();
    if let Some((real, imaginary)) = split_imaginary(text) {
        let part = |text: &str| -> Result<f64, LiteralError> {
            match real_number(text, span.clone())? {
                Literal::Float { value, .. } => Ok(value),
                Literal::Int { negative, magnitude, .. } => {
                    let value = magnitude as f64;
                    Ok(if negative { -value } else { value })
                }
                _ => Err(LiteralError::new(span.clone(), "expected a number")),
            }
        };
        let re = if real.is_empty() { 0.0 } else { part(real)? };
        let im = match imaginary {
            "+" | "" => 1.0,
            "-" => -1.0,
            text => part(text)?,
        };
        return Ok(Literal::Complex(re, im));
    }
    real_number(text, span)
}

/// Splits `1.5+2i` into `1.5` and `+2`; `None` if it does not end in `i`.
fn split_imaginary(text: &str) -> Option<(&str, &str)> {
    let body = text.strip_suffix(['i', 'j'])?;
    // The sign that separates the parts is the last one that is not an exponent's.
    let hex = body.contains(['x', 'X']);
    let sign = body
        .char_indices()
        .rev()
        .find(|&(i, c)| {
            let before = body[..i].chars().next_back();
            matches!(c, '+' | '-')
                && !matches!((before, hex), (Some('e' | 'E'), false) | (Some('p' | 'P'), _))
        })
        .map_or(0, |(i, _)| i);
    Some((body[..sign].trim_end(), &body[sign..]))
}

fn real_number(text: &str, span: Range<usize>) -> Result<Literal, LiteralError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text[1..].trim_start()),
        Some(b'+') => (false, text[1..].trim_start()),
        _ => (false, text),
    };
    let clean: String = digits.chars().filter(|c| !matches!(c, '_' | '\'')).collect();
    let lower = clean.to_ascii_lowercase();
    if let Some(value) = special(&lower) {
        let value = if negative { -value } else { value };
        return Ok(Literal::Float { value, text: format!("{}{lower}", if negative { "-" } else { "" }) });
    }
    let hex = lower.starts_with("0x");
    let floating =
        if hex { lower.contains(['.', 'p']) } else { lower.contains('.') || decimal_exponent(&lower) };
    if floating { float(&lower, negative, span) } else { integer(&lower, negative, hex, span) }
}

fn special(text: &str) -> Option<f64> {
    match text {
        "inf" | "infinity" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}

/// `1e5` is floating, `0b1` and `0o7` are not.
fn decimal_exponent(text: &str) -> bool {
    text.contains('e') && !text.starts_with("0b") && !text.starts_with("0o")
}

fn integer(text: &str, negative: bool, hex: bool, span: Range<usize>) -> Result<Literal, LiteralError> {
    // `f` is a digit in hexadecimal and no integer suffix anywhere.
    let digits = text.trim_end_matches(['u', 'l']);
    let suffix = &text[digits.len()..];
    if !matches!(suffix, "" | "u" | "l" | "ul" | "lu" | "ll" | "ull" | "llu") {
        return Err(LiteralError::new(span, format!("'{suffix}' is no suffix of an integer")));
    }
    let (base, digits, name) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..], "hexadecimal"),
        Some("0o") => (8, &digits[2..], "octal"),
        Some("0b") => (2, &digits[2..], "binary"),
        Some(_) if digits.starts_with('0') => (8, &digits[1..], "octal"),
        _ => (10, digits, "decimal"),
    };
    if let Some(bad) = digits.chars().find(|c| !c.is_digit(base)) {
        let error = LiteralError::new(span, format!("'{bad}' is no {name} digit"));
        return Err(match (base, name) {
            (8, _) if !text.starts_with("0o") => error.help("a leading 0 means octal, as in C"),
            _ => error,
        });
    }
    let magnitude = u128::from_str_radix(digits, base).map_err(|error| match error.kind() {
        std::num::IntErrorKind::Empty => LiteralError::new(span, format!("expected {name} digits")),
        _ => LiteralError::new(span, "the number does not fit 128 bits"),
    })?;
    Ok(Literal::Int { negative, magnitude, hex })
}

fn float(text: &str, negative: bool, span: Range<usize>) -> Result<Literal, LiteralError> {
    let hex = text.starts_with("0x");
    let suffixes: &[char] = if hex && !text.contains('p') { &['l'] } else { &['f', 'l'] };
    let digits = text.strip_suffix(suffixes).unwrap_or(text);
    let value = if hex { hex_float(digits) } else { digits.parse().ok() };
    let Some(value) = value else {
        return Err(LiteralError::new(span, format!("'{text}' is not a floating-point number")));
    };
    let sign = if negative { "-" } else { "" };
    Ok(Literal::Float { value: if negative { -value } else { value }, text: format!("{sign}{digits}") })
}

/// C17 6.4.4.2: `0x1.8p3` is 1.5 × 2^3. Digits beyond 60 bits round the value once, to nearest even.
fn hex_float(text: &str) -> Option<f64> {
    let body = text.strip_prefix("0x")?;
    let (digits, exponent) = body.split_once('p').unwrap_or((body, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa: u64 = 0;
    let mut scale = exponent.clamp(-100_000, 100_000);
    for (i, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(c.to_digit(16)?);
        let fractional = i >= whole.len();
        if mantissa >> 58 == 0 {
            mantissa = mantissa << 4 | digit;
            scale -= if fractional { 4 } else { 0 };
        } else {
            // Too many digits: only whether any of them is set matters for rounding.
            mantissa |= u64::from(digit != 0);
            scale += if fractional { 0 } else { 4 };
        }
    }
    Some(ldexp(mantissa, scale))
}

/// `mantissa` × 2^`exponent`, rounded once.
fn ldexp(mantissa: u64, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let top = 63 - i64::from(mantissa.leading_zeros()) + exponent;
    // Bits that a double keeps below its leading one: fewer where it is subnormal.
    let keep = if top >= -1022 { 53 } else { 53 - (-1022 - top) };
    let have = 64 - i64::from(mantissa.leading_zeros());
    let drop = have - keep;
    let (rounded, exponent) = if drop <= 0 {
        (u128::from(mantissa), exponent)
    } else if drop > 64 {
        return 0.0;
    } else {
        let wide = u128::from(mantissa);
        let (kept, rest, half) = (wide >> drop, wide & ((1 << drop) - 1), 1u128 << (drop - 1));
        (kept + u128::from(rest > half || (rest == half && kept & 1 == 1)), exponent + drop)
    };
    // At most 53 bits: exact. The power is applied in two steps so that each stays representable.
    let value = rounded as f64;
    let half = i32::try_from(exponent / 2).unwrap_or(0);
    let rest = i32::try_from(exponent - exponent / 2).unwrap_or(0);
    value * 2f64.powi(half) * 2f64.powi(rest)
}
