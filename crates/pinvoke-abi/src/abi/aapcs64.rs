//! AArch64: Linux, macOS, Windows.
//!
//! Specification: *Procedure Call Standard for the Arm 64-bit Architecture* (AAPCS64), section 6.8
//! "Parameter passing"; the rules named below are its stages. A *homogeneous aggregate*, one to four
//! floating-point numbers or short vectors of one size and nothing else, travels in as many SIMD registers (C.2).
//! Another value of up to 16 bytes travels in one or two integer registers (C.9 to C.12), anything
//! larger as the address of a copy (B.4). A value never lies half in registers: once one has not
//! fitted, its bank is closed (C.3, C.13). A value whose members are aligned to 16 begins with an even
//! register (C.10), on the stack at a multiple of 16 (C.14). Memory for a result is announced in `x8`.
//!
//! Three systems, three sets of rules, one classification:
//!
//! * [`LINUX`] is the text. The reader widens narrow integers.
//! * [`APPLE`]: *Writing ARM64 code for Apple platforms*. Variable arguments all lie on the stack;
//!   stack arguments take their natural size and alignment; any register may begin a pair; the
//!   writer widens narrow integers to 32 bits. The alignment of a type as declared counts.
//! * [`WINDOWS`]: *Overview of ARM64 ABI conventions*, Microsoft Learn. A call with variable arguments
//!   uses no SIMD register and knows no homogeneous aggregates: everything is laid on an imaginary
//!   stack, of which the first 64 bytes travel in `x0` to `x7`. A value may lie in `x7` and on the
//!   stack then.
//!
//! What the texts leave open, gcc and clang decide: `_Complex` is a homogeneous aggregate of two, an
//! empty structure travels nowhere, a bit-field or an array of no elements ends homogeneity.
//!
//! Worked example: `f(struct { float x, y, z; }, char, struct { long a; char b; })`: `s0 s1 s2`, `w0`,
//! `x1 x2`.

use crate::layout::walk::{self, Malformed};
use crate::layout::{Kind, Layout};
use crate::plan::{Extend, MAX_PIECES};
use crate::reg::{Bank, Reg};

use super::descriptor::{
    AbiDescriptor, Cleanup, Exhausted, IndirectReturn, Narrow, Pairs, Slots, StackArgs, Variadic,
};
use super::{Class, Parts};

pub(crate) const LINUX: AbiDescriptor = AbiDescriptor {
    int_args: &[Reg::X(0), Reg::X(1), Reg::X(2), Reg::X(3), Reg::X(4), Reg::X(5), Reg::X(6), Reg::X(7)],
    vec_args: &[Reg::V(0), Reg::V(1), Reg::V(2), Reg::V(3), Reg::V(4), Reg::V(5), Reg::V(6), Reg::V(7)],
    int_rets: &[Reg::X(0), Reg::X(1)],
    vec_rets: &[Reg::V(0), Reg::V(1), Reg::V(2), Reg::V(3)],
    x87_rets: &[],
    word: 8,
    slots: Slots::PerBank,
    exhausted: Exhausted::Closes,
    pairs: Pairs::EvenByMembers,
    stack: StackArgs::WordOrSixteen,
    narrow: Narrow::ReaderWidens,
    indirect_return: IndirectReturn::OwnRegister(Reg::X(8)),
    variadic: Variadic::Alike,
    cleanup: Cleanup::Caller,
    shadow: 0,
    stack_align: 16,
    reference_align: 8,
    classify,
    classify_result: classify,
};

pub(crate) const APPLE: AbiDescriptor = AbiDescriptor {
    pairs: Pairs::Any,
    stack: StackArgs::Natural,
    narrow: Narrow::WriterWidens,
    variadic: Variadic::OnStack,
    ..LINUX
};

pub(crate) const WINDOWS: AbiDescriptor = AbiDescriptor {
    pairs: Pairs::EvenByType,
    variadic: Variadic::ImaginaryStack { classify: variable },
    ..LINUX
};

fn classify(layout: &Layout) -> Result<Class, Malformed> {
    walk::check_scalar(layout)?;
    let vector = |count| match layout.size / u64::from(count) {
        4 => Ok(Class::Parts(Parts::row(Bank::Vec, 4, count))),
        8 => Ok(Class::Parts(Parts::row(Bank::Vec, 8, count))),
        16 => Ok(Class::Parts(Parts::row(Bank::Vec, 16, count))),
        _ => Err(Malformed::BadScalar),
    };
    match layout.kind {
        Kind::Float => vector(1),
        Kind::Vector { .. } => match layout.size {
            8 | 16 => vector(1),
            0..8 => Err(Malformed::Vector("of fewer than 8 bytes, of which no text says how it is passed")),
            // No type of the standard; both compilers treat it as a structure.
            _ => Ok(Class::ByReference),
        },
        Kind::Complex { x87: false } => vector(2),
        Kind::Array { .. } | Kind::Struct { .. } | Kind::Union { .. } => match homogeneous(layout)? {
            Some(count) => vector(count),
            None => integers(layout),
        },
        _ => integers(layout),
    }
}

/// The class of any argument of a call with variable ones, on Windows.
fn variable(layout: &Layout) -> Result<Class, Malformed> {
    match layout.kind {
        Kind::Vector { .. } => Err(Malformed::Vector(
            "in a call with variable arguments, of which Microsoft's text does not say how it is passed",
        )),
        _ => integers(layout),
    }
}

/// The class of a value of which nobody asks what it is made of.
fn integers(layout: &Layout) -> Result<Class, Malformed> {
    walk::check_scalar(layout)?;
    let extend = match layout.kind {
        Kind::X87 | Kind::Complex { x87: true } => return Err(Malformed::Foreign),
        Kind::Bool => Extend::Zero,
        Kind::Int { signed } if layout.size < 4 => Extend::of(signed),
        _ => Extend::None,
    };
    Class::integers(layout.size, extend)
}

/// The number of members of a homogeneous aggregate (AAPCS64 5.9.5): floating-point numbers of one size, or short
/// vectors of one size, whatever they are vectors of.
fn homogeneous(layout: &Layout) -> Result<Option<u8>, Malformed> {
    // Four of 16 bytes are the largest.
    if layout.size == 0 || layout.size > 64 {
        return Ok(None);
    }
    // All scalars are floating point numbers, or all are short vectors, of one size, and every place for one
    // is taken: one bit each.
    let (mut base, mut places, mut all) = (0, 0_u64, true);
    let mut vectors = None;
    walk::scalars(layout, &mut |scalar| {
        let size = match scalar.layout.kind {
            Kind::Float => scalar.layout.size,
            Kind::Complex { x87: false } => scalar.layout.size / 2,
            Kind::Vector { .. } if matches!(scalar.layout.size, 8 | 16) => scalar.layout.size,
            _ => 0,
        };
        let vector = matches!(scalar.layout.kind, Kind::Vector { .. });
        all &= *vectors.get_or_insert(vector) == vector;
        base = if base == 0 { size } else { base };
        all &= size != 0 && size == base && scalar.bits.is_none() && scalar.absent.is_none();
        all &= scalar.offset.is_multiple_of(size.max(1));
        if all {
            let place = scalar.offset / size;
            (place..place + scalar.layout.size / size).for_each(|place| places |= 1 << place);
        }
    })?;
    let count = places.count_ones();
    let whole = base * u64::from(count) == layout.size;
    let count = u8::try_from(count).ok().filter(|count| usize::from(*count) <= MAX_PIECES && *count > 0);
    Ok(count.filter(|_| all && whole))
}
