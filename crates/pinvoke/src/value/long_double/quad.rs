//! IEEE 754 binary128, the `long double` of Linux on AArch64: sixteen bytes, a significand of 113 bits whose integer
//! bit follows from the exponent.

/// Bits of the significand.
pub(super) const PRECISION: u32 = 113;
/// Decimal digits that tell any two numbers apart.
pub(super) const DIGITS: u32 = 36;
/// Bytes that carry the number.
pub(super) const SIZE: usize = 16;

/// The integer bit, where the exponent is not 0.
const INTEGER: u128 = 1 << (PRECISION - 1);

/// The bytes of a number, lowest first.
pub(super) fn to_bytes(sign_exponent: u16, significand: u128) -> [u8; SIZE] {
    (u128::from(sign_exponent) << (PRECISION - 1) | significand & (INTEGER - 1)).to_le_bytes()
}

/// Sign and exponent, and the significand.
pub(super) fn from_bytes(bytes: [u8; SIZE]) -> (u16, u128) {
    let [.., e0, e1] = bytes;
    let sign_exponent = u16::from_le_bytes([e0, e1]);
    let fraction = u128::from_le_bytes(bytes) & (INTEGER - 1);
    let integer = if sign_exponent & !super::SIGN == 0 { 0 } else { INTEGER };
    (sign_exponent, integer | fraction)
}
