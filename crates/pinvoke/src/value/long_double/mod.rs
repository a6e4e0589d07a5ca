//! `long double` in x87 extended precision, without an x87.
//!
//! Rust has no such type, so the ten bytes are taken apart: a sign, a biased exponent of 15 bits, and a
//! significand of 64 bits whose integer bit is explicit. A value is
//! `significand × 2^(exponent − 16383 − 63)`; exponent 0 counts as 1 (subnormal), 32767 is infinity or NaN.
//! Encodings whose integer bit contradicts the exponent are invalid to the processor and count as NaN.
//!
//! Every `double` is a long double; the other way rounds once, ties to even. Decimal conversion is in
//! `decimal`.

mod decimal;
mod natural;

const EXPONENT_BIAS: i32 = 16383;
const EXPONENT_MAX: i32 = 0x7fff;
const SIGN: u16 = 0x8000;

/// An x87 extended-precision number.
///
/// Compares bit by bit: `0.0` and `-0.0` differ, a NaN equals itself.
///
/// ```
/// use pinvoke::value::LongDouble;
/// let tenth: LongDouble = "0.1".parse()?;
/// assert_eq!(tenth.to_string(), "0.1");
/// assert_ne!(tenth, LongDouble::from(0.1)); // the double is farther off
/// assert_eq!(tenth.to_f64(), 0.1);
/// # Ok::<(), pinvoke::value::ParseLongDoubleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LongDouble {
    /// Sign in bit 15, biased exponent below.
    sign_exponent: u16,
    /// Significand with its explicit integer bit.
    significand: u64,
}

/// Why a text is no long double.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a floating-point number")]
pub struct ParseLongDoubleError {
    text: String,
}

impl LongDouble {
    const ZERO: LongDouble = LongDouble { sign_exponent: 0, significand: 0 };
    const INFINITY: LongDouble = LongDouble { sign_exponent: 0x7fff, significand: 1 << 63 };
    const NAN: LongDouble = LongDouble { sign_exponent: 0x7fff, significand: 3 << 62 };

    /// The ten bytes as they stand in memory, lowest first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.significand.to_le_bytes());
        bytes[8..].copy_from_slice(&self.sign_exponent.to_le_bytes());
        bytes
    }

    /// The number that these ten bytes hold, lowest first.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 10]) -> LongDouble {
        let [s0, s1, s2, s3, s4, s5, s6, s7, e0, e1] = bytes;
        LongDouble {
            sign_exponent: u16::from_le_bytes([e0, e1]),
            significand: u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]),
        }
    }

    /// Whether it is no number.
    #[must_use]
    pub fn is_nan(self) -> bool {
        let exponent = self.sign_exponent & !SIGN;
        let integer_bit = self.significand >> 63 == 1;
        exponent != 0 && !integer_bit || exponent == 0x7fff && self.significand << 1 != 0
    }

    /// Whether its sign bit is set.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.sign_exponent & SIGN != 0
    }

    fn magnitude(self) -> LongDouble {
        LongDouble { sign_exponent: self.sign_exponent & !SIGN, ..self }
    }

    fn negated(self) -> LongDouble {
        LongDouble { sign_exponent: self.sign_exponent ^ SIGN, ..self }
    }

    /// `significand × 2^exponent` of a finite number that is not zero, sign left out.
    fn parts(self) -> Option<(u64, i32)> {
        let exponent = i32::from(self.sign_exponent & !SIGN);
        let finite = exponent < EXPONENT_MAX && self.significand != 0;
        finite.then(|| (self.significand, exponent.max(1) - EXPONENT_BIAS - 63))
    }

    /// `significand × 2^exponent`, where the significand has 64 bits, or the exponent is the smallest there
    /// is; infinity where it is above the largest.
    fn from_parts(significand: u64, exponent: i32) -> LongDouble {
        let biased = exponent + EXPONENT_BIAS + 63;
        if significand >> 63 == 0 {
            return LongDouble { sign_exponent: 0, significand };
        }
        match u16::try_from(biased) {
            Ok(sign_exponent @ 1..0x7fff) => LongDouble { sign_exponent, significand },
            _ => LongDouble::INFINITY,
        }
    }

    /// The nearest `double`, ties to even.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        let magnitude = match self.magnitude().parts() {
            _ if self.is_nan() => f64::NAN,
            Some((significand, exponent)) => scale(significand, exponent),
            None if self.significand == 0 => 0.0,
            None => f64::INFINITY,
        };
        if self.is_negative() { -magnitude } else { magnitude }
    }

    /// The number as an integer, if it is one and fits.
    #[must_use]
    pub fn to_i128(self) -> Option<i128> {
        if self.is_nan() {
            return None;
        }
        let magnitude = match self.magnitude().parts() {
            None if self.significand == 0 => 0,
            None => return None,
            Some((significand, exponent @ 0..=62)) => i128::from(significand) << exponent,
            Some((significand, exponent @ -63..0)) => {
                let shift = exponent.unsigned_abs();
                (significand.trailing_zeros() >= shift).then(|| i128::from(significand >> shift))?
            }
            Some(_) => return None,
        };
        Some(if self.is_negative() { -magnitude } else { magnitude })
    }

    /// An integer, if it is exactly representable: if it has at most 64 significant bits.
    #[must_use]
    pub fn from_i128(v: i128) -> Option<LongDouble> {
        let magnitude = v.unsigned_abs();
        if magnitude == 0 {
            return Some(LongDouble::ZERO);
        }
        let shift = magnitude.leading_zeros();
        let normalized = magnitude << shift;
        let significand = u64::try_from(normalized >> 64).ok()?;
        if normalized << 64 != 0 {
            return None;
        }
        let number = LongDouble::from_parts(significand, 64 - shift.cast_signed());
        Some(if v < 0 { number.negated() } else { number })
    }
}

/// `significand` × 2^`exponent`, rounded once to the nearest `double`, ties to even.
fn scale(significand: u64, exponent: i32) -> f64 {
    if significand == 0 {
        return 0.0;
    }
    let shift = significand.leading_zeros();
    let significand = significand << shift;
    // Value = 1.f × 2^top.
    let top = exponent - shift.cast_signed() + 63;
    if top > 1023 {
        return f64::INFINITY;
    }
    // Bits below the last one that a double of this magnitude keeps: 11, and more for a subnormal.
    let dropped = if top >= -1022 { 11 } else { 11 + (-1022 - top) };
    if dropped > 64 {
        return 0.0;
    }
    let wide = u128::from(significand);
    let kept = wide >> dropped;
    let rest = wide & ((1 << dropped) - 1);
    let half = 1u128 << (dropped - 1);
    let round_up = rest > half || (rest == half && kept & 1 == 1);
    let kept = u64::try_from(kept + u128::from(round_up)).unwrap_or(u64::MAX);
    if top >= -1022 {
        // `kept` has its integer bit at 52; adding (rather than or-ing) lets a carry reach the exponent, and
        // from the largest exponent to infinity.
        let biased = u64::try_from(top + 1023).unwrap_or(0);
        f64::from_bits((biased << 52).wrapping_add(kept - (1 << 52)))
    } else {
        f64::from_bits(kept)
    }
}

impl From<f64> for LongDouble {
    /// Exact: every `double` is a long double.
    fn from(v: f64) -> LongDouble {
        let bits = v.to_bits();
        let sign = if v.is_sign_negative() { 0x8000 } else { 0 };
        let fraction = bits & ((1 << 52) - 1);
        let exponent = u16::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
        let (exponent, significand) = match exponent {
            0x7ff => (0x7fff, 1 << 63 | fraction << 11),
            0 if fraction == 0 => (0, 0),
            0 => {
                // A subnormal double is a normal long double: 0.f × 2^-1022.
                let shift = fraction.leading_zeros();
                let top = 63 - i32::try_from(shift).unwrap_or(0) - 52;
                (u16::try_from(16383 - 1022 + top).unwrap_or(0), fraction << shift)
            }
            e => (e + (16383 - 1023), 1 << 63 | fraction << 11),
        };
        LongDouble { sign_exponent: sign | exponent, significand }
    }
}
