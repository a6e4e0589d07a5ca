//! The types that keywords name, per target.

use pinvoke_abi::layout::{Kind, Layout};
use pinvoke_abi::target::{LongDouble, Target};

use crate::model::Keyworded;

/// A type that a target does not have, in words.
pub(super) fn missing(target: Target, ty: Keyworded) -> Option<&'static str> {
    use Keyworded as K;
    match ty {
        K::Int128 | K::UnsignedInt128 if target.pointer_size() < 8 => Some("'__int128' on a 32-bit target"),
        K::Float128 | K::ComplexFloat128 if target.os.is_windows() => Some("'_Float128' on Windows"),
        _ => None,
    }
}

/// Size, alignment and kind.
pub(super) fn layout(target: Target, ty: Keyworded) -> Layout {
    use Keyworded as K;
    let int = |size, signed| Layout::int(target, size, signed);
    let long = target.long_size();
    match ty {
        K::Void => Layout::void(),
        K::Bool => Layout::bool(),
        K::Char => int(1, target.char_signed()),
        K::SignedChar => int(1, true),
        K::UnsignedChar => int(1, false),
        K::Short => int(2, true),
        K::UnsignedShort => int(2, false),
        K::Int => int(4, true),
        K::UnsignedInt => int(4, false),
        K::Long => int(long, true),
        K::UnsignedLong => int(long, false),
        K::LongLong => int(8, true),
        K::UnsignedLongLong => int(8, false),
        K::Int128 => int(16, true),
        K::UnsignedInt128 => int(16, false),
        K::Float => Layout::float(target, 4),
        K::Double => Layout::float(target, 8),
        K::LongDouble => Layout::long_double(target),
        K::Float64x => extended(target),
        K::Float128 => binary128(),
        K::ComplexFloat => Layout::complex(&Layout::float(target, 4)),
        K::ComplexDouble => Layout::complex(&Layout::float(target, 8)),
        K::ComplexLongDouble => Layout::complex(&Layout::long_double(target)),
        K::ComplexFloat64x => Layout::complex(&extended(target)),
        K::ComplexFloat128 => Layout::complex(&binary128()),
    }
}

/// `_Float64x`: x87 on x86, binary128 elsewhere (C17 TS 18661-3 as gcc implements it).
fn extended(target: Target) -> Layout {
    match target.long_double() {
        LongDouble::X87 { .. } => Layout::long_double(target),
        LongDouble::Double | LongDouble::Binary128 => binary128(),
    }
}

/// IEEE binary128, aligned to 16 on every target that has it.
fn binary128() -> Layout {
    Layout { size: 16, align: 16, kind: Kind::Float }
}

/// Whether an integer type is signed; false for other types.
pub(super) fn is_signed(target: Target, ty: Keyworded) -> bool {
    matches!(layout(target, ty).kind, Kind::Int { signed: true })
}

/// The integer type of `size` bytes that comes first in C's ranking.
pub(super) fn integer(target: Target, size: u64, signed: bool) -> Option<Keyworded> {
    use Keyworded as K;
    Some(match (size, signed) {
        (1, true) => K::SignedChar,
        (1, false) => K::UnsignedChar,
        (2, true) => K::Short,
        (2, false) => K::UnsignedShort,
        (4, true) => K::Int,
        (4, false) => K::UnsignedInt,
        (8, true) if target.long_size() == 8 => K::Long,
        (8, false) if target.long_size() == 8 => K::UnsignedLong,
        (8, true) => K::LongLong,
        (8, false) => K::UnsignedLongLong,
        (16, true) if target.pointer_size() == 8 => K::Int128,
        (16, false) if target.pointer_size() == 8 => K::UnsignedInt128,
        _ => return None,
    })
}

/// Whether integer constants of a type are possible, and of how many bits.
pub(super) fn integer_bits(target: Target, ty: Keyworded) -> Option<u32> {
    match layout(target, ty).kind {
        Kind::Int { .. } => u32::try_from(layout(target, ty).size * 8).ok(),
        Kind::Bool => Some(8),
        _ => None,
    }
}

/// How C writes it.
pub(crate) fn keywords(ty: Keyworded) -> &'static str {
    use Keyworded as K;
    match ty {
        K::Void => "void",
        K::Bool => "_Bool",
        K::Char => "char",
        K::SignedChar => "signed char",
        K::UnsignedChar => "unsigned char",
        K::Short => "short",
        K::UnsignedShort => "unsigned short",
        K::Int => "int",
        K::UnsignedInt => "unsigned int",
        K::Long => "long",
        K::UnsignedLong => "unsigned long",
        K::LongLong => "long long",
        K::UnsignedLongLong => "unsigned long long",
        K::Int128 => "__int128",
        K::UnsignedInt128 => "unsigned __int128",
        K::Float => "float",
        K::Double => "double",
        K::LongDouble => "long double",
        K::Float64x => "_Float64x",
        K::Float128 => "_Float128",
        K::ComplexFloat => "float _Complex",
        K::ComplexDouble => "double _Complex",
        K::ComplexLongDouble => "long double _Complex",
        K::ComplexFloat64x => "_Float64x _Complex",
        K::ComplexFloat128 => "_Float128 _Complex",
    }
}
