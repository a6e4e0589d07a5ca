//! `long double` from and to decimal, exactly rounded.
//!
//! A decimal is a fraction of two natural numbers, and so is a binary floating-point number. Both directions
//! divide one natural number by another for just the digits that are wanted, and round by the remainder,
//! ties to even. Slow next to the clever algorithms, but right by construction; long doubles are rare.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::format::{DIGITS, PRECISION};
use super::natural::Natural;
use super::{EXPONENT_BIAS, EXPONENT_MAX, INTEGER, LongDouble, ParseLongDoubleError, UNIT};

/// More digits than any midpoint between two long doubles has; those behind matter only as "not zero".
const MAX_DIGITS: usize = 12_000;

/// The sum of a quotient and the rounding that its remainder asks for.
fn round(quotient: u128, remainder: &Natural, divisor: &Natural) -> u128 {
    match remainder.shl(1).cmp(divisor) {
        Ordering::Less => quotient,
        Ordering::Greater => quotient + 1,
        Ordering::Equal => quotient + (quotient & 1),
    }
}

/// The long double nearest to `n / d`.
fn nearest(n: &Natural, d: &Natural) -> LongDouble {
    if n.bits() == 0 {
        return LongDouble::ZERO;
    }
    // The quotient of numbers of a and b bits has a-b or a-b+1 bits; start with the guess that makes as many as
    // a significand has, and never below the exponent of the smallest subnormal.
    let min = 1 - UNIT;
    let mut exponent = (n.bits().cast_signed() - d.bits().cast_signed() - PRECISION.cast_signed()).max(min);
    loop {
        let (scaled_n, scaled_d) = if exponent < 0 {
            (n.shl(exponent.unsigned_abs()), d.clone())
        } else {
            (n.clone(), d.shl(exponent.unsigned_abs()))
        };
        let (quotient, remainder) = scaled_n.divide(&scaled_d);
        if quotient >= 1 << PRECISION {
            exponent += 1;
            continue;
        }
        let rounded = round(quotient, &remainder, &scaled_d);
        return if rounded < 1 << PRECISION {
            LongDouble::from_parts(rounded, exponent)
        } else {
            LongDouble::from_parts(INTEGER, exponent + 1)
        };
    }
}

impl FromStr for LongDouble {
    type Err = ParseLongDoubleError;

    /// Decimal notation with optional fraction and exponent, `inf` and `nan`; rounded to the nearest long
    /// double, ties to even.
    fn from_str(text: &str) -> Result<LongDouble, ParseLongDoubleError> {
        let error = || ParseLongDoubleError { text: text.to_owned() };
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let magnitude = match rest.to_ascii_lowercase().as_str() {
            "inf" | "infinity" => LongDouble::INFINITY,
            "nan" => LongDouble::NAN,
            _ => magnitude(rest).ok_or_else(error)?,
        };
        Ok(if negative { magnitude.negated() } else { magnitude })
    }
}

fn magnitude(text: &str) -> Option<LongDouble> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i64>().ok().or_else(|| saturated(e))?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let significant = digits().skip_while(|b| *b == b'0');
    let mut n = Natural::new(0);
    let mut kept = 0;
    let mut tail = false;
    for digit in significant {
        if kept < MAX_DIGITS {
            push(&mut n, digit - b'0');
            kept += 1;
        } else {
            tail |= digit != b'0';
        }
    }
    let all = whole.len() + fraction.len() - digits().take_while(|b| *b == b'0').count();
    let dropped = all - kept;
    if tail {
        push(&mut n, 1);
    }
    // The value is n × 10^exponent.
    let exponent = exponent
        .saturating_sub(i64::try_from(fraction.len()).ok()?)
        .saturating_add(i64::try_from(dropped).ok()?)
        .saturating_sub(i64::from(tail));
    if n.bits() == 0 {
        return Some(LongDouble::ZERO);
    }
    // Where the first digit stands decides about overflow before any large number is made.
    let top = exponent.saturating_add(i64::try_from(kept).ok()?);
    if top > 5000 {
        return Some(LongDouble::INFINITY);
    }
    if top < -5000 {
        return Some(LongDouble::ZERO);
    }
    let mut d = Natural::new(1);
    let power = u32::try_from(exponent.unsigned_abs()).ok()?;
    if exponent < 0 {
        d.mul_power_of_ten(power)
    } else {
        n.mul_power_of_ten(power)
    }
    Some(nearest(&n, &d))
}

fn push(n: &mut Natural, digit: u8) {
    if n.bits() == 0 {
        *n = Natural::new(u128::from(digit));
    } else {
        n.mul_add(10, u32::from(digit));
    }
}

/// An exponent too long for an integer, as the largest one of its sign.
fn saturated(exponent: &str) -> Option<i64> {
    let digits = exponent.trim_start_matches(['+', '-']);
    let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then_some(if exponent.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 })
}

/// The shortest decimal that reads back as the same long double.
impl fmt::Display for LongDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_nan() {
            return f.write_str("nan");
        }
        if self.is_negative() {
            f.write_str("-")?;
        }
        let magnitude = self.magnitude();
        if magnitude == LongDouble::INFINITY {
            return f.write_str("inf");
        }
        let Some((significand, exponent)) = magnitude.parts() else { return f.write_str("0.0") };
        let (n, d) = if exponent < 0 {
            (Natural::new(significand), Natural::new(1).shl(exponent.unsigned_abs()))
        } else {
            (Natural::new(significand).shl(exponent.unsigned_abs()), Natural::new(1))
        };
        for count in 1..=DIGITS {
            let (digits, point) = digits(&n, &d, count);
            let text = layout(&digits, point);
            if count == DIGITS || text.parse() == Ok(magnitude) {
                return f.write_str(&text);
            }
        }
        Ok(())
    }
}

/// `count` significant digits of `n / d`, rounded, without zeros at the end, and the decimal exponent of the
/// first one.
fn digits(n: &Natural, d: &Natural, count: u32) -> (String, i32) {
    // 0.30103 ≈ log10 2, and the difference of bit counts is log2 of the quotient, give or take one.
    let log2 = i64::from(n.bits()) - i64::from(d.bits());
    let mut point = i32::try_from((log2 * 30_103).div_euclid(100_000)).unwrap_or(0) + 1;
    loop {
        let scale = count.cast_signed() - 1 - point;
        let (mut scaled_n, mut scaled_d) = (n.clone(), d.clone());
        let power = scale.unsigned_abs();
        if scale >= 0 {
            scaled_n.mul_power_of_ten(power)
        } else {
            scaled_d.mul_power_of_ten(power)
        }
        let (quotient, remainder) = scaled_n.divide(&scaled_d);
        if quotient < 10u128.pow(count - 1) {
            point -= 1;
            continue;
        }
        let rounded = round(quotient, &remainder, &scaled_d).to_string();
        let carried = rounded.len() > count as usize;
        return (rounded.trim_end_matches('0').to_owned(), point + i32::from(carried));
    }
}

/// Digits with a point or an exponent, in the style of Rust's `{:?}` for `f64`.
fn layout(digits: &str, point: i32) -> String {
    match point {
        0..16 => {
            let whole = usize::try_from(point).unwrap_or(0) + 1;
            if digits.len() > whole {
                format!("{}.{}", &digits[..whole], &digits[whole..])
            } else {
                format!("{digits:0<whole$}.0")
            }
        }
        -5..0 => format!("0.{}{digits}", "0".repeat(usize::try_from(-point - 1).unwrap_or(0))),
        _ if digits.len() > 1 => format!("{}.{}e{point}", &digits[..1], &digits[1..]),
        _ => format!("{digits}e{point}"),
    }
}

// Keeps the constant's meaning next to its only arithmetic use here.
const _: () = assert!(EXPONENT_BIAS * 2 + 1 == EXPONENT_MAX);
