//! `long double` where it is more than a `double`, without a processor's help.
//!
//! Rust has no such type, so the bytes are taken apart: a sign, a biased exponent of 15 bits, and a
//! significand of `PRECISION` bits with its integer bit. A value is
//! `significand × 2^(exponent − 16383 − (PRECISION − 1))`; exponent 0 counts as 1 (subnormal), 32767 is infinity or
//! NaN. How the bytes lie and how many bits there are is a matter of the format, which has a file of its own: that
//! of the [x87](mod@format), or binary128.
//!
//! Every `double` is a long double; the other way rounds once, ties to even. Decimal conversion is in
//! `decimal`.

mod decimal;
#[cfg(any(all(target_arch = "aarch64", target_os = "linux"), target_arch = "riscv64"))]
#[path = "quad.rs"]
mod format;
#[cfg(not(any(all(target_arch = "aarch64", target_os = "linux"), target_arch = "riscv64")))]
#[path = "x87.rs"]
mod format;
mod natural;

use self::format::PRECISION;

const EXPONENT_BIAS: i32 = 16383;
/// What the exponent of a significand taken as an integer is less than the biased one.
const UNIT: i32 = EXPONENT_BIAS + PRECISION.cast_signed() - 1;
const EXPONENT_MAX: i32 = 0x7fff;
const SIGN: u16 = 0x8000;
/// The integer bit of a significand.
const INTEGER: u128 = 1 << (PRECISION - 1);

/// A `long double` as C has it here: in extended precision of the x87, on AArch64 and RISC-V Linux in quadruple precision.
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
    /// Significand with its integer bit.
    significand: u128,
}

/// Why a text is no long double.
///
/// ```
/// use pinvoke::value::LongDouble;
///
/// let error = "one half".parse::<LongDouble>().unwrap_err();
/// assert_eq!(error.to_string(), "'one half' is not a floating-point number");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a floating-point number")]
pub struct ParseLongDoubleError {
    text: String,
}

impl LongDouble {
    const ZERO: LongDouble = LongDouble { sign_exponent: 0, significand: 0 };
    const INFINITY: LongDouble = LongDouble { sign_exponent: 0x7fff, significand: INTEGER };
    const NAN: LongDouble = LongDouble { sign_exponent: 0x7fff, significand: INTEGER | INTEGER >> 1 };
    /// Bytes that carry the number; those behind them, if `long double` has more, are padding.
    pub const SIZE: usize = format::SIZE;

    /// The bytes as they stand in memory, lowest first.
    ///
    /// ```
    /// use pinvoke::value::LongDouble;
    ///
    /// let one = LongDouble::from(1.0);
    /// // Sign and exponent stand behind the significand, in every format.
    /// assert_eq!(one.to_bytes()[LongDouble::SIZE - 2..], [0xff, 0x3f]);
    /// ```
    #[must_use]
    pub fn to_bytes(self) -> [u8; LongDouble::SIZE] {
        format::to_bytes(self.sign_exponent, self.significand)
    }

    /// The number that these bytes hold, lowest first.
    ///
    /// ```
    /// use pinvoke::value::LongDouble;
    ///
    /// // What native code has left in memory, padding cut off:
    /// let bytes = LongDouble::from(-2.5).to_bytes();
    /// assert_eq!(LongDouble::from_bytes(bytes).to_f64(), -2.5);
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: [u8; LongDouble::SIZE]) -> LongDouble {
        let (sign_exponent, significand) = format::from_bytes(bytes);
        LongDouble { sign_exponent, significand }
    }

    /// Whether it is no number.
    ///
    /// ```
    /// use pinvoke::value::LongDouble;
    ///
    /// assert!(LongDouble::from(f64::NAN).is_nan());
    /// assert!(!LongDouble::from(f64::INFINITY).is_nan());
    /// ```
    #[must_use]
    pub fn is_nan(self) -> bool {
        let exponent = self.sign_exponent & !SIGN;
        let integer_bit = self.significand & INTEGER != 0;
        exponent != 0 && !integer_bit || exponent == 0x7fff && self.significand & (INTEGER - 1) != 0
    }

    /// Whether its sign bit is set.
    ///
    /// ```
    /// use pinvoke::value::LongDouble;
    ///
    /// assert!(LongDouble::from(-0.0).is_negative());
    /// assert!(!LongDouble::from(0.5).is_negative());
    /// ```
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
    fn parts(self) -> Option<(u128, i32)> {
        let exponent = i32::from(self.sign_exponent & !SIGN);
        let finite = exponent < EXPONENT_MAX && self.significand != 0;
        finite.then(|| (self.significand, exponent.max(1) - UNIT))
    }

    /// `significand × 2^exponent`, where the significand has all its bits, or the exponent is the smallest there
    /// is; infinity where it is above the largest.
    fn from_parts(significand: u128, exponent: i32) -> LongDouble {
        let biased = exponent + UNIT;
        if significand & INTEGER == 0 {
            return LongDouble { sign_exponent: 0, significand };
        }
        match u16::try_from(biased) {
            Ok(sign_exponent @ 1..0x7fff) => LongDouble { sign_exponent, significand },
            _ => LongDouble::INFINITY,
        }
    }

    /// The nearest `double`, ties to even.
    ///
    /// ```
    /// use pinvoke::value::LongDouble;
    ///
    /// let third: LongDouble = "0.333333333333333333333".parse()?;
    /// assert_eq!(third.to_f64(), 1.0 / 3.0);
    /// let beyond: LongDouble = "1e400".parse()?; // more than a double holds
    /// assert_eq!(beyond.to_f64(), f64::INFINITY);
    /// # Ok::<(), pinvoke::value::ParseLongDoubleError>(())
    /// ```
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
    ///
    /// ```
    /// use pinvoke::value::LongDouble;
    ///
    /// assert_eq!("1e18".parse::<LongDouble>()?.to_i128(), Some(1_000_000_000_000_000_000));
    /// assert_eq!("0.5".parse::<LongDouble>()?.to_i128(), None);
    /// assert_eq!("1e400".parse::<LongDouble>()?.to_i128(), None);
    /// # Ok::<(), pinvoke::value::ParseLongDoubleError>(())
    /// ```
    #[must_use]
    pub fn to_i128(self) -> Option<i128> {
        if self.is_nan() {
            return None;
        }
        let magnitude = match self.magnitude().parts() {
            None if self.significand == 0 => 0,
            None => return None,
            Some((significand, exponent)) if exponent >= 0 => {
                let fits = significand.leading_zeros() > exponent.unsigned_abs();
                fits.then(|| (significand << exponent).cast_signed())?
            }
            Some((significand, exponent)) => {
                let shift = exponent.unsigned_abs();
                (significand.trailing_zeros() >= shift).then(|| (significand >> shift).cast_signed())?
            }
        };
        Some(if self.is_negative() { -magnitude } else { magnitude })
    }

    /// An integer, if it is exactly representable: if it has at most 64 significant bits, or 113 in quadruple precision.
    ///
    /// ```
    /// use pinvoke::value::LongDouble;
    ///
    /// // Every 64-bit integer is exactly one, which is not so of a double.
    /// let large = i128::from(i64::MAX);
    /// assert_eq!(LongDouble::from_i128(large).and_then(LongDouble::to_i128), Some(large));
    /// assert_eq!(LongDouble::from_i128(i128::MAX), None);
    /// ```
    #[must_use]
    pub fn from_i128(v: i128) -> Option<LongDouble> {
        let magnitude = v.unsigned_abs();
        if magnitude == 0 {
            return Some(LongDouble::ZERO);
        }
        let shift = magnitude.leading_zeros();
        let normalized = magnitude << shift;
        let below = 128 - PRECISION;
        if normalized & ((1 << below) - 1) != 0 {
            return None;
        }
        let number = LongDouble::from_parts(normalized >> below, (below.cast_signed()) - shift.cast_signed());
        Some(if v < 0 { number.negated() } else { number })
    }
}

/// `significand` × 2^`exponent`, rounded once to the nearest `double`, ties to even.
fn scale(significand: u128, exponent: i32) -> f64 {
    if significand == 0 {
        return 0.0;
    }
    let shift = significand.leading_zeros();
    let wide = significand << shift;
    // Value = 1.f × 2^top.
    let top = exponent - shift.cast_signed() + 127;
    if top > 1023 {
        return f64::INFINITY;
    }
    // Bits below the last one that a double of this magnitude keeps: 75, and more for a subnormal.
    let dropped = 75 + (-1022 - top).max(0).unsigned_abs();
    if dropped > 128 {
        return 0.0;
    }
    let kept = wide.checked_shr(dropped).unwrap_or(0);
    let half = 1u128 << (dropped - 1);
    let rest = wide & (half | (half - 1));
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
            0x7ff => (0x7fff, INTEGER | u128::from(fraction) << (PRECISION - 53)),
            0 if fraction == 0 => (0, 0),
            0 => {
                // A subnormal double is a normal long double: 0.f × 2^-1022.
                let shift = fraction.leading_zeros();
                let top = 63 - i32::try_from(shift).unwrap_or(0) - 52;
                (
                    u16::try_from(16383 - 1022 + top).unwrap_or(0),
                    u128::from(fraction << shift) << (PRECISION - 64),
                )
            }
            e => (e + (16383 - 1023), INTEGER | u128::from(fraction) << (PRECISION - 53)),
        };
        LongDouble { sign_exponent: sign | exponent, significand }
    }
}
