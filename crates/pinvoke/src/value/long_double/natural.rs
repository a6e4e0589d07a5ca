//! Natural numbers of any size: as much of them as decimal conversion needs.

use std::cmp::Ordering;

/// Digits in base 2^32, the lowest first, no zeros at the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Natural(Vec<u32>);

impl Natural {
    pub(super) fn new(n: u128) -> Natural {
        let digit = |at: u32| u32::try_from(n >> (32 * at) & 0xFFFF_FFFF).unwrap_or(0);
        let mut digits = Natural(vec![digit(0), digit(1), digit(2), digit(3)]);
        digits.trim();
        digits
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// Number of bits.
    pub(super) fn bits(&self) -> u32 {
        let top = self.0.last().map_or(0, |d| 32 - d.leading_zeros());
        u32::try_from(self.0.len().saturating_sub(1) * 32).unwrap_or(u32::MAX - 32) + top
    }

    /// self × factor + term.
    pub(super) fn mul_add(&mut self, factor: u32, term: u32) {
        let mut carry = u64::from(term);
        for digit in &mut self.0 {
            let product = u64::from(*digit) * u64::from(factor) + carry;
            *digit = low(product);
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(low(carry));
        }
    }

    /// self × 10^exponent.
    pub(super) fn mul_power_of_ten(&mut self, exponent: u32) {
        for _ in 0..exponent / 9 {
            self.mul_add(1_000_000_000, 0);
        }
        self.mul_add(10u32.pow(exponent % 9), 0);
        self.trim();
    }

    /// self × 2^bits.
    pub(super) fn shl(&self, bits: u32) -> Natural {
        if self.0.is_empty() {
            return self.clone();
        }
        let mut digits = vec![0; (bits / 32) as usize];
        digits.extend_from_slice(&self.0);
        let mut shifted = Natural(digits);
        shifted.mul_add(1 << (bits % 32), 0);
        shifted
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for digit in self.0.iter_mut().rev() {
            (*digit, carry) = (*digit >> 1 | carry, *digit << 31);
        }
        self.trim();
    }

    /// self − other, which is not larger.
    fn sub(&mut self, other: &Natural) {
        let mut borrow = false;
        for (i, digit) in self.0.iter_mut().enumerate() {
            let (less, b1) = digit.overflowing_sub(other.0.get(i).copied().unwrap_or(0));
            let (less, b2) = less.overflowing_sub(u32::from(borrow));
            *digit = less;
            borrow = b1 || b2;
        }
        self.trim();
    }

    /// Quotient and remainder by a number that is not zero. The quotient must be below 2^127.
    pub(super) fn divide(mut self, divisor: &Natural) -> (u128, Natural) {
        let shift = self.bits().saturating_sub(divisor.bits());
        let mut shifted = divisor.shl(shift);
        let mut quotient = 0;
        for _ in 0..=shift {
            quotient <<= 1;
            if self >= shifted {
                self.sub(&shifted);
                quotient |= 1;
            }
            shifted.halve();
        }
        (quotient, self)
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Natural) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
fn low(n: u64) -> u32 {
    n as u32
}
