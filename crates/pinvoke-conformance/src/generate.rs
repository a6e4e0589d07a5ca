//! Random prototypes.
//!
//! Uniform choices would mostly give structures that travel in memory and parameters that all
//! find a register. So the sizes lean towards the 1 to 32 bytes where classification decides, and
//! palettes make whole records or whole parameter lists of one register class, so that one class
//! runs out while the other does not.

use crate::convention::Convention;
use crate::layouts;
use crate::machine::target;
use crate::model::{Member, Prototype, Record, Scalar, Spelling, Ty};
use crate::random::Random;

/// The largest record that is passed by value, in bytes.
const MAX_RECORD: u64 = 200;

const FLOATS: &[Scalar] = &[Scalar::Float, Scalar::Double];
const SMALL: &[Scalar] = &[
    Scalar::Char,
    Scalar::UChar,
    Scalar::Short,
    Scalar::UInt16,
    Scalar::Int8,
    Scalar::Bool,
    Scalar::Int,
    Scalar::Float,
];
const VECTORS: &[Scalar] = &[
    Scalar::VectorFloat2,
    Scalar::VectorFloat4,
    Scalar::VectorLong2,
    Scalar::VectorUChar8,
    Scalar::VectorShort8,
    Scalar::Double,
    Scalar::Int,
];
const WORDS: &[Scalar] =
    &[Scalar::Int, Scalar::UInt32, Scalar::Long, Scalar::SizeT, Scalar::Pointer, Scalar::ULongLong];
const MIXED: &[Scalar] = &[
    Scalar::Int,
    Scalar::Long,
    Scalar::Float,
    Scalar::Double,
    Scalar::Pointer,
    Scalar::UChar,
    Scalar::Short,
];

/// Prototype `index` of `seed`.
pub(crate) fn prototype(seed: u64, index: u64) -> Prototype {
    let random = &mut Random::new(seed, index, 1);
    // Chosen on every machine, so that signatures have the same numbers.
    let foreign = random.chance(35);
    let most = random.pick(&[1, 2, 4, 6, 8, 11, 15]);
    let count = random.below(most);
    let palette = palette(random);
    let records = random.pick(&[0, 20, 40, 40, 80]);
    let mut params: Vec<Ty> = (0..count).map(|_| value(random, palette, records)).collect();
    let ret = if random.chance(10) { None } else { Some(value(random, palette, 50)) };
    let variadic_from = if !params.is_empty() && random.chance(15) {
        let fixed = random.below(count.min(6)) + 1;
        usize::try_from(fixed).ok()
    } else {
        None
    };
    if let Some(fixed) = variadic_from {
        for ty in params.iter_mut().skip(fixed) {
            while let Ty::Scalar(scalar) = *ty {
                if scalar.promoted() {
                    break;
                }
                *ty = Ty::Scalar(random.pick(&Scalar::ALL));
            }
        }
    }
    let others = Convention::others(target());
    let other = (foreign && !others.is_empty()).then(|| Random::new(seed, index, 3).pick(others));
    let convention = other
        .filter(|other| variadic_from.is_none() || other.takes_variable_arguments())
        .unwrap_or(Convention::Default);
    if convention == Convention::Thiscall {
        // It is the convention of member functions.
        let this = Ty::Scalar(Scalar::Pointer);
        match params.first_mut() {
            Some(first) => *first = this,
            None => params.push(this),
        }
    }
    Prototype { convention, params, ret, variadic_from }
}

fn palette(random: &mut Random) -> &'static [Scalar] {
    random.pick(&[&Scalar::ALL[..], &Scalar::ALL[..], FLOATS, SMALL, WORDS, MIXED, VECTORS])
}

fn value(random: &mut Random, palette: &[Scalar], records: u64) -> Ty {
    if !random.chance(records) {
        return Ty::Scalar(random.pick(palette));
    }
    loop {
        let record = record(random, 0);
        let size = layouts::of_record(&record).map(|l| l.size);
        if size.is_ok_and(|s| s <= MAX_RECORD) {
            return Ty::Record(record);
        }
    }
}

fn record(random: &mut Random, depth: u32) -> Record {
    let union = random.chance(14);
    let packed = random.chance(10);
    let aligned = random.chance(6).then(|| random.pick(&[1, 2, 4, 8, 16, 32, 64]));
    let count = if random.chance(3) { 0 } else { random.pick(&[1, 1, 2, 2, 2, 3, 3, 4, 5, 7]) };
    let palette = palette(random);
    let bit_fields = random.pick(&[0, 0, 0, 0, 0, 5, 60]);
    let members = (0..count).map(|_| member(random, depth, palette, bit_fields)).collect();
    Record { union, packed, aligned, members }
}

fn member(random: &mut Random, depth: u32, palette: &[Scalar], bit_fields: u64) -> Member {
    if random.chance(bit_fields) {
        return bit_field(random);
    }
    let nested = depth < 3 && random.chance(14);
    let mut spelling = Spelling::Named;
    let mut ty = Ty::Scalar(random.pick(palette));
    if nested {
        spelling = random.pick(&[Spelling::Named, Spelling::InPlace, Spelling::Unnamed]);
        ty = Ty::Record(record(random, depth + 1));
    }
    if random.chance(14) {
        let len = if random.chance(4) { 0 } else { random.pick(&[1, 1, 2, 2, 3, 3, 4, 5, 8]) };
        ty = Ty::Array(Box::new(ty), len);
        if random.chance(8) {
            ty = Ty::Array(Box::new(ty), 2);
        }
        // An array has a name.
        if spelling == Spelling::Unnamed {
            spelling = Spelling::InPlace;
        }
    }
    // Behind an anonymous record the attribute would belong to the type.
    let aligned =
        (spelling != Spelling::Unnamed && random.chance(3)).then(|| random.pick(&[1, 2, 4, 8, 16, 32]));
    Member { ty, bits: None, spelling, aligned }
}

fn bit_field(random: &mut Random) -> Member {
    loop {
        let scalar = random.pick(&Scalar::ALL);
        let Some(width) = scalar.bit_width() else { continue };
        let unnamed = random.chance(12);
        let bits = if unnamed && random.chance(40) {
            0
        } else {
            u32::try_from(random.below(u64::from(width))).map_or(1, |b| b + 1)
        };
        let spelling = if unnamed { Spelling::Unnamed } else { Spelling::Named };
        return Member { ty: Ty::Scalar(scalar), bits: Some(bits), spelling, aligned: None };
    }
}
