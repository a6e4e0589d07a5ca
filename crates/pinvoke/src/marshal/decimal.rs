//! `DECIMAL` and `CY`: exact numbers of OLE.
//!
//! | type | native | value | in .NET |
//! |---|---|---|---|
//! | [`Decimal`] | 16 bytes: reserved, scale, sign, 96-bit integer | integer / 10^scale, scale up to 28 | `decimal` |
//! | [`Currency`] | 8 bytes | integer / 10,000 | `decimal` as `UnmanagedType.Currency` |
//!
//! Conversions are exact or fail; .NET rounds a `decimal` that has too many digits.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use crate::native::NativeType;

/// A decimal number of up to 28 significant digits: `DECIMAL` of OLE.
///
/// Equal are numbers of equal value, whatever their scale.
///
/// ```
/// use pinvoke::marshal::Decimal;
///
/// let price: Decimal = "-12.50".parse()?;
/// assert_eq!((price.mantissa(), price.scale()), (-1250, 2));
/// assert_eq!(price, Decimal::new(-125, 1)?);
/// assert_eq!(price.to_string(), "-12.50");
/// assert_eq!(price.to_f64(), -12.5);
/// # Ok::<(), pinvoke::marshal::DecimalError>(())
/// ```
#[derive(Clone, Copy, NativeType)]
#[repr(C)]
pub struct Decimal {
    reserved: u16,
    scale: u8,
    sign: u8,
    high: u32,
    low: u64,
}

const NEGATIVE: u8 = 0x80;
const MAX_SCALE: u8 = 28;
const MAX_MANTISSA: u128 = (1 << 96) - 1;

/// Why a number is no decimal.
///
/// ```
/// use pinvoke::marshal::{Currency, Decimal, DecimalError};
///
/// assert_eq!(Decimal::new(1, 29), Err(DecimalError::TooFine { scale: 29, max: 28 }));
/// assert_eq!(Decimal::new(i128::MAX, 0), Err(DecimalError::TooLarge { bits: 96 }));
/// assert_eq!("twelve".parse::<Currency>(), Err(DecimalError::NotANumber { text: "twelve".into() }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// It needs more than 96 bits.
    #[error("the number has too many digits: its integer takes more than {bits} bits")]
    TooLarge {
        /// How many bits there are.
        bits: u32,
    },
    /// It has more digits behind the point than the type.
    #[error("the number has {scale} digits behind the point, and {max} are possible")]
    TooFine {
        /// Digits of the number.
        scale: usize,
        /// Digits of the type.
        max: u8,
    },
    /// It is no number.
    #[error("'{text}' is not a decimal number")]
    NotANumber {
        /// What was given.
        text: String,
    },
}

impl Decimal {
    /// `mantissa / 10^scale`.
    ///
    /// ```
    /// use pinvoke::marshal::Decimal;
    ///
    /// assert_eq!(Decimal::new(1999, 2)?.to_string(), "19.99");
    /// assert!(Decimal::new(1 << 96, 0).is_err());
    /// # Ok::<(), pinvoke::marshal::DecimalError>(())
    /// ```
    ///
    /// # Errors
    /// The mantissa has more than 96 bits, or the scale is above 28.
    pub fn new(mantissa: i128, scale: u8) -> Result<Decimal, DecimalError> {
        if scale > MAX_SCALE {
            return Err(DecimalError::TooFine { scale: scale.into(), max: MAX_SCALE });
        }
        let magnitude = mantissa.unsigned_abs();
        if magnitude > MAX_MANTISSA {
            return Err(DecimalError::TooLarge { bits: 96 });
        }
        let (high, low) = halves(magnitude);
        let sign = if mantissa < 0 { NEGATIVE } else { 0 };
        Ok(Decimal { reserved: 0, scale, sign, high, low })
    }

    /// The integer.
    ///
    /// ```
    /// use pinvoke::marshal::Decimal;
    ///
    /// let rate: Decimal = "0.0725".parse()?;
    /// // Exact arithmetic with the numbers that it is made of:
    /// assert_eq!(rate.mantissa() * 10_000, 7_250_000);
    /// # Ok::<(), pinvoke::marshal::DecimalError>(())
    /// ```
    #[must_use]
    pub fn mantissa(self) -> i128 {
        let magnitude = i128::from(self.high) << 64 | i128::from(self.low);
        if self.sign & NEGATIVE == 0 { magnitude } else { -magnitude }
    }

    /// Digits behind the point. What native code wrote may be above 28, and is no number then to OLE.
    ///
    /// ```
    /// use pinvoke::marshal::Decimal;
    ///
    /// // The zeros of the text are kept, as OLE keeps them.
    /// assert_eq!(("1.50".parse::<Decimal>()?.scale(), "1.5".parse::<Decimal>()?.scale()), (2, 1));
    /// # Ok::<(), pinvoke::marshal::DecimalError>(())
    /// ```
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The nearest `double`.
    ///
    /// ```
    /// use pinvoke::marshal::Decimal;
    ///
    /// assert_eq!("0.1".parse::<Decimal>()?.to_f64(), 0.1);
    /// # Ok::<(), pinvoke::marshal::DecimalError>(())
    /// ```
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Through the text, which rounds once.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The same number without zeros at its end.
    #[must_use]
    fn reduced(self) -> (i128, u8) {
        let (mut mantissa, mut scale) = (self.mantissa(), self.scale);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        (mantissa, scale)
    }
}

fn halves(magnitude: u128) -> (u32, u64) {
    let [l0, l1, l2, l3, l4, l5, l6, l7, h0, h1, h2, h3, ..] = magnitude.to_le_bytes();
    (u32::from_le_bytes([h0, h1, h2, h3]), u64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]))
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.reduced() == other.reduced()
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        // Whole part, then the digits behind the point as if there were 28 of them.
        let key = |d: &Decimal| {
            let (mantissa, scale) = d.reduced();
            let unit = 10_i128.checked_pow(scale.into()).unwrap_or(i128::MAX);
            let fill = 10_i128.pow(u32::from(MAX_SCALE.saturating_sub(scale)));
            (mantissa / unit, (mantissa % unit) * fill)
        };
        key(self).cmp(&key(other))
    }
}

impl core::hash::Hash for Decimal {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.reduced().hash(state);
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.mantissa(), self.scale, f)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn show(mantissa: i128, scale: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale == 0 { "" } else { "." };
    f.pad_integral(mantissa >= 0, "", &format!("{whole}{point}{fraction}"))
}

/// Integer and scale of a text.
fn read(text: &str) -> Result<(i128, usize), DecimalError> {
    let not_a_number = || DecimalError::NotANumber { text: text.to_owned() };
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
        return Err(not_a_number());
    }
    let digits = format!("{whole}{fraction}");
    let magnitude: i128 = digits.parse().map_err(|_| DecimalError::TooLarge { bits: 96 })?;
    Ok((if text.starts_with('-') { -magnitude } else { magnitude }, fraction.len()))
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Decimal, DecimalError> {
        let (mantissa, scale) = read(text)?;
        let too_fine = |_| DecimalError::TooFine { scale, max: MAX_SCALE };
        Decimal::new(mantissa, u8::try_from(scale).map_err(too_fine)?)
    }
}

macro_rules! integers {
    ($($type:ty)*) => { $(
        impl From<$type> for Decimal {
            fn from(number: $type) -> Decimal {
                let mantissa = i128::from(number);
                let (high, low) = halves(mantissa.unsigned_abs());
                Decimal { reserved: 0, scale: 0, sign: if mantissa < 0 { NEGATIVE } else { 0 }, high, low }
            }
        }
    )* };
}

integers!(i8 u8 i16 u16 i32 u32 i64 u64);

/// An amount in ten-thousandths: `CY` of OLE.
///
/// ```
/// use pinvoke::marshal::{Currency, Decimal};
///
/// let amount: Currency = "19.99".parse()?;
/// assert_eq!(amount.ten_thousandths(), 199_900);
/// assert_eq!(Decimal::from(amount), "19.99".parse()?);
/// assert!("0.00001".parse::<Currency>().is_err());
/// # Ok::<(), pinvoke::marshal::DecimalError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, NativeType)]
#[repr(transparent)]
pub struct Currency(i64);

const CURRENCY_SCALE: u8 = 4;

impl Currency {
    /// Of ten-thousandths of the unit.
    ///
    /// ```
    /// use pinvoke::marshal::Currency;
    ///
    /// assert_eq!(Currency::from_ten_thousandths(-125_000), "-12.5".parse()?);
    /// # Ok::<(), pinvoke::marshal::DecimalError>(())
    /// ```
    #[must_use]
    pub const fn from_ten_thousandths(number: i64) -> Currency {
        Currency(number)
    }

    /// In ten-thousandths of the unit.
    ///
    /// ```
    /// use pinvoke::marshal::Currency;
    ///
    /// assert_eq!("19.99".parse::<Currency>()?.ten_thousandths(), 199_900);
    /// # Ok::<(), pinvoke::marshal::DecimalError>(())
    /// ```
    #[must_use]
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }
}

impl From<Currency> for Decimal {
    fn from(amount: Currency) -> Decimal {
        Decimal { scale: CURRENCY_SCALE, ..Decimal::from(amount.0) }
    }
}

impl TryFrom<Decimal> for Currency {
    type Error = DecimalError;

    fn try_from(number: Decimal) -> Result<Currency, DecimalError> {
        let (mantissa, scale) = number.reduced();
        let Some(missing) = CURRENCY_SCALE.checked_sub(scale) else {
            return Err(DecimalError::TooFine { scale: scale.into(), max: CURRENCY_SCALE });
        };
        let scaled = mantissa.checked_mul(10_i128.pow(missing.into()));
        let amount = scaled.and_then(|n| i64::try_from(n).ok());
        amount.map(Currency).ok_or(DecimalError::TooLarge { bits: 64 })
    }
}

impl FromStr for Currency {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Currency, DecimalError> {
        Currency::try_from(text.parse::<Decimal>()?)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0.into(), CURRENCY_SCALE, f)
    }
}
