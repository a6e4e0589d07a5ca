//! Extended precision of the x87: ten bytes, a significand of 64 bits whose integer bit is explicit.
//!
//! Encodings whose integer bit contradicts the exponent are invalid to the processor and count as NaN.

/// Bits of the significand.
pub(super) const PRECISION: u32 = 64;
/// Decimal digits that tell any two numbers apart.
pub(super) const DIGITS: u32 = 21;
/// Bytes that carry the number.
pub(super) const SIZE: usize = 10;

/// The bytes of a number, lowest first.
pub(super) fn to_bytes(sign_exponent: u16, significand: u128) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    bytes[..8].copy_from_slice(&significand.to_le_bytes()[..8]);
    bytes[8..].copy_from_slice(&sign_exponent.to_le_bytes());
    bytes
}

/// Sign and exponent, and the significand.
pub(super) fn from_bytes(bytes: [u8; SIZE]) -> (u16, u128) {
    let [s0, s1, s2, s3, s4, s5, s6, s7, e0, e1] = bytes;
    let significand = u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
    (u16::from_le_bytes([e0, e1]), significand.into())
}
