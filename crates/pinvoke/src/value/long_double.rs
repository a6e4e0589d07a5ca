//! `long double` in x87 extended precision, without an x87.

/// An x87 extended-precision number: 1 sign bit, 15 bits of exponent, 64 bits of significand.
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
        let mut significand = [0; 8];
        significand.copy_from_slice(&bytes[..8]);
        LongDouble {
            sign_exponent: u16::from_le_bytes([bytes[8], bytes[9]]),
            significand: u64::from_le_bytes(significand),
        }
    }
}

impl LongDouble {
    /// The nearest `double`, ties to even.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        let negative = self.sign_exponent & 0x8000 != 0;
        let exponent = i32::from(self.sign_exponent & 0x7fff);
        let magnitude = if exponent == 0x7fff {
            if self.significand << 1 == 0 { f64::INFINITY } else { f64::NAN }
        } else {
            scale(self.significand, exponent.max(1) - 16383 - 63)
        };
        if negative { -magnitude } else { magnitude }
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

/// Rounded to a `double`.
impl std::fmt::Display for LongDouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.to_f64())
    }
}
