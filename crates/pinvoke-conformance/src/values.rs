//! The bytes that travel: random patterns with distinct bytes, and a mask of the bits that count.
//!
//! Padding is filled with graffiti and masked out. Floats are finite, because moving a signalling
//! NaN through an x87 register may change it; a `long double` of the x87 has its explicit integer bit set;
//! `_Bool` is 0 or 1. In a union one member is chosen and only its bits count.

use pinvoke_abi::target::LongDouble;

use crate::layouts::{self, Leaf};
use crate::machine::target;
use crate::model::{Element, Prototype, Scalar, Shape, Ty};
use crate::random::Random;

/// The bytes of all values of one call, one behind the other.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    pub(crate) bytes: Vec<u8>,
    /// Of the same length as `bytes`: set where a bit counts.
    pub(crate) masks: Vec<u8>,
    params: Vec<Place>,
    ret: Place,
}

/// Where one value lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) at: usize,
    pub(crate) size: usize,
}

impl Values {
    /// The values of prototype `index` of `seed`.
    pub(crate) fn new(seed: u64, index: u64, prototype: &Prototype) -> Values {
        let random = &mut Random::new(seed, index, 2);
        let mut values = Values {
            bytes: Vec::new(),
            masks: Vec::new(),
            params: Vec::new(),
            ret: Place { at: 0, size: 0 },
        };
        values.params = prototype.params.iter().map(|ty| values.add(random, ty)).collect();
        if let Some(ty) = &prototype.ret {
            values.ret = values.add(random, ty);
        }
        values
    }

    pub(crate) fn param(&self, i: usize) -> Place {
        self.params[i]
    }

    pub(crate) fn ret(&self) -> Place {
        self.ret
    }

    /// The first byte of `got` that differs from the value at `place` in a bit that counts.
    pub(crate) fn difference(&self, place: Place, got: &[u8]) -> Option<usize> {
        (0..place.size).find(|i| {
            let at = place.at + i;
            got.get(*i).is_none_or(|g| (g ^ self.bytes[at]) & self.masks[at] != 0)
        })
    }

    /// `got` with the bits that do not count cleared.
    pub(crate) fn counting(&self, place: Place, got: &[u8]) -> Vec<u8> {
        self.masks[place.at..place.at + place.size].iter().zip(got).map(|(m, g)| m & g).collect()
    }

    /// The bytes at `place`, graffiti included.
    pub(crate) fn bytes_of(&self, place: Place) -> &[u8] {
        &self.bytes[place.at..place.at + place.size]
    }

    fn add(&mut self, random: &mut Random, ty: &Ty) -> Place {
        let at = self.bytes.len().next_multiple_of(16);
        let size = layouts::of(ty).map_or(0, |l| usize::try_from(l.size).unwrap_or(0));
        self.bytes.resize_with(at + size, || random.byte());
        self.masks.resize(at + size, 0);
        let leaves = layouts::leaves(ty, &mut |members| usize::try_from(random.below(members as u64)).ok());
        for leaf in leaves {
            let offset = at + usize::try_from(leaf.offset).expect("a small value");
            self.set(random, &leaf, offset);
        }
        Place { at, size }
    }

    fn set(&mut self, random: &mut Random, leaf: &Leaf, at: usize) {
        if let Some((start, width)) = leaf.bits {
            // The other bits of these bytes may belong to a neighbour: they stay.
            let value = random.next();
            for bit in 0..width {
                let place = (start + bit) as usize;
                let (byte, one) = (at + place / 8, 1_u8 << (place % 8));
                self.masks[byte] |= one;
                self.bytes[byte] =
                    if value >> bit & 1 == 1 { self.bytes[byte] | one } else { self.bytes[byte] & !one };
            }
            return;
        }
        match leaf.scalar.shape() {
            Shape::Int { size, .. } => {
                self.put(at, &random_bytes(random, usize::try_from(size).unwrap_or(0)))
            }
            Shape::Pointer => self.put(at, &random_bytes(random, pointer_size())),
            Shape::Bool => self.put(at, &[random.byte() & 1]),
            Shape::Float { size } => self.put_float(random, at, size),
            Shape::Complex { part } => {
                self.put_float(random, at, part);
                self.put_float(random, at + usize::try_from(part).unwrap_or(0), part);
            }
            Shape::Vector { element, count } => {
                let size = element.layout().size;
                for i in 0..count {
                    let at = at + usize::try_from(i * size).unwrap_or(0);
                    match element {
                        Element::Int { size, .. } => {
                            self.put(at, &random_bytes(random, usize::try_from(size).unwrap_or(0)))
                        }
                        Element::Float => self.put_float(random, at, size),
                    }
                }
            }
            Shape::LongDouble => self.put_long_double(random, at),
            Shape::ComplexLongDouble => {
                self.put_long_double(random, at);
                let second = usize::try_from(Scalar::LongDouble.layout().size).unwrap_or(0);
                self.put_long_double(random, at + second);
            }
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.masks[at..at + bytes.len()].fill(0xff);
    }

    fn put_float(&mut self, random: &mut Random, at: usize, size: u64) {
        if size == 4 {
            let bytes = random_bytes(random, 2);
            self.put(at, &[bytes[0], bytes[1], random.byte() & 0x7f, 0x40 | random.byte() & 0x83]);
        } else {
            let mut bytes = random_bytes(random, 8);
            bytes[7] = 0x40 | bytes[7] & 0x83;
            self.put(at, &bytes);
        }
    }

    fn put_long_double(&mut self, random: &mut Random, at: usize) {
        let x87 = matches!(target().long_double(), LongDouble::X87 { .. });
        let mut bytes = random_bytes(random, if x87 { 10 } else { 16 });
        if x87 {
            bytes[7] |= 0x80;
        }
        if let Some(last) = bytes.last_mut() {
            *last = 0x40 | *last & 0x83;
        }
        self.put(at, &bytes);
    }
}

fn pointer_size() -> usize {
    usize::try_from(target().pointer_size()).unwrap_or(0)
}

fn random_bytes(random: &mut Random, count: usize) -> Vec<u8> {
    (0..count).map(|_| random.byte()).collect()
}

/// Which field of a value holds a byte, for a report.
pub(crate) fn field_at(ty: &Ty, byte: usize) -> String {
    let found = layouts::leaves(ty, &mut |_| None).into_iter().find(|leaf| {
        let at = usize::try_from(leaf.offset).unwrap_or(usize::MAX);
        let end = match leaf.bits {
            Some((start, width)) => at + ((start + width) as usize).div_ceil(8),
            None => at + usize::try_from(leaf.scalar.layout().size).unwrap_or(0),
        };
        (at..end).contains(&byte)
    });
    found.map_or_else(|| "padding".to_owned(), |leaf| format!("{} ({})", leaf.path, leaf.scalar.c_name()))
}
