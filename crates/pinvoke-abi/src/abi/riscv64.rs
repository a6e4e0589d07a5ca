//! 64-bit RISC-V with the D extension: LP64D, the convention of Linux.
//!
//! Specification: *RISC-V ABIs Specification* (riscv-elf-psabi-doc), "Integer Calling Convention" and "Hardware
//! Floating-Point Calling Convention"; the former is the base, the latter what is tried before it.
//!
//! * **Floating point.** A named `float` or `double`, or a structure that holds nothing else than one or two of them,
//!   or one and an integer, travels in `fa0` to `fa7` and, with its integer, `a0` to `a7`: each number in a register, in
//!   memory order, if there is one for every member. Structures and arrays inside are looked into (*flattened*), what
//!   has no bytes is left out, and neither `packed` nor `aligned` matters, so that such a structure may have any size.
//!   A union ends it, and so does a pointer, which is no integer here. A `float` is filled up with ones (*NaN-boxed*).
//! * **Integers.** Any other value of up to 16 bytes travels in one or two of `a0` to `a7`, beginning anywhere. If one
//!   is left and two are wanted, the second half lies on the stack. What is larger travels as the address of a copy.
//!   Integers are widened by the side that writes them, by their sign to 32 bits, and from there with copies of bit 31
//!   whatever their sign; so an `unsigned` of 2^31 is a negative register.
//! * **Variable arguments** are treated as integers, whatever they are. One that is aligned to 16 begins with an even
//!   register, or lies on the stack, and with it everything behind it.
//! * **Results** travel like a first argument. The address of memory for one is an argument before the first, and does
//!   not come back.
//!
//! `_Complex` is a structure of two numbers, `long double` a binary128 in two integer registers. A vector of a fixed
//! length is "treated as an aggregate", whatever it is a vector of.
//!
//! The text is followed also where compilers are older than its present wording: gcc 12 takes an array of no elements
//! between two numbers, or an empty union, for something that ends flattening, and aligns the stack for an empty
//! structure aligned to 16; clang 14 takes a bit-field of no width so. Both do so with a flexible array member, which
//! layouts do not tell from an array of no elements. (C programs do not pass such structures by value.)
//!
//! Worked example: `f(struct { float x; int n; }, double, unsigned char, long double)`: `fa0` and `a0`, `fa1`, `a1`,
//! `a2` and `a3`.

use crate::layout::walk::{self, Malformed};
use crate::layout::{BitRange, Field, Kind, Layout};
use crate::plan::Extend;
use crate::reg::{Bank, Reg};

use super::descriptor::{
    AbiDescriptor, Cleanup, Exhausted, IndirectReturn, Narrow, Pairs, Slots, StackArgs, Variadic,
};
use super::{Class, Part, Parts};

pub(crate) const LP64D: AbiDescriptor = AbiDescriptor {
    int_args: &[Reg::A(0), Reg::A(1), Reg::A(2), Reg::A(3), Reg::A(4), Reg::A(5), Reg::A(6), Reg::A(7)],
    vec_args: &[
        Reg::Fa(0),
        Reg::Fa(1),
        Reg::Fa(2),
        Reg::Fa(3),
        Reg::Fa(4),
        Reg::Fa(5),
        Reg::Fa(6),
        Reg::Fa(7),
    ],
    int_rets: &[Reg::A(0), Reg::A(1)],
    vec_rets: &[Reg::Fa(0), Reg::Fa(1)],
    x87_rets: &[],
    word: 8,
    slots: Slots::IntegersElse { classify: integers },
    exhausted: Exhausted::StaysOpen,
    pairs: Pairs::EvenIfVariable,
    stack: StackArgs::AlignedToSixteen,
    narrow: Narrow::WriterWidens,
    indirect_return: IndirectReturn::FirstArgument { returned: None },
    variadic: Variadic::Otherwise { classify: integers },
    cleanup: Cleanup::Caller,
    shadow: 0,
    stack_align: 16,
    reference_align: 8,
    classify,
    classify_result: classify,
};

/// The hardware floating-point calling convention.
fn classify(layout: &Layout) -> Result<Class, Malformed> {
    walk::check_scalar(layout)?;
    let mut members = Members::default();
    members.add(layout, 0, walk::MAX_DEPTH)?;
    let parts = members.parts();
    // Of a value that travels as an address nobody asks what is in it, which may be much.
    if parts.is_some() || layout.size <= 16 {
        walk::scalars(layout, &mut |_| {})?;
    }
    match parts {
        Some(parts) => Ok(Class::Parts(parts)),
        None => integers(layout),
    }
}

/// The integer calling convention.
fn integers(layout: &Layout) -> Result<Class, Malformed> {
    walk::check_scalar(layout)?;
    let extend = match layout.kind {
        Kind::X87 | Kind::Complex { x87: true } => return Err(Malformed::Foreign),
        Kind::Bool => Extend::Zero,
        // Bit 31 is the sign of the register, whether or not it is the sign of the value.
        Kind::Int { .. } if layout.size == 4 => Extend::Sign,
        Kind::Int { signed } if layout.size < 4 => Extend::of(signed),
        _ => Extend::None,
    };
    Class::integers(layout.size, extend)
}

/// What a value is made of, once flattened, for as long as it may travel in floating-point registers.
#[derive(Clone, Copy, Debug, Default)]
struct Members {
    parts: [Option<Part>; 2],
    /// More than two, or one that does not travel so.
    others: bool,
}

impl Members {
    fn add(&mut self, layout: &Layout, offset: u64, depth: u32) -> Result<(), Malformed> {
        let deeper = depth.checked_sub(1).ok_or(Malformed::TooComplex)?;
        match &layout.kind {
            Kind::Void => {}
            Kind::Struct { fields } => {
                for field in fields.iter() {
                    if self.others {
                        break;
                    }
                    self.field(field, offset, deeper)?;
                }
            }
            Kind::Array { element, count } => {
                for index in 0..*count {
                    let before = self.parts;
                    let at = index.checked_mul(element.size).and_then(|at| at.checked_add(offset));
                    self.add(element, at.ok_or(Malformed::Outside)?, deeper)?;
                    // One element without members is like the next.
                    if self.others || self.parts == before {
                        break;
                    }
                }
            }
            Kind::Union { .. } if layout.size == 0 => {}
            Kind::Float if layout.size <= 8 => self.part(Bank::Vec, offset, layout.size),
            Kind::Complex { x87: false } if layout.size <= 16 => {
                let half = layout.size / 2;
                self.part(Bank::Vec, offset, half);
                self.part(Bank::Vec, offset.saturating_add(half), half);
            }
            Kind::Int { .. } | Kind::Bool if layout.size <= 8 => self.part(Bank::Int, offset, layout.size),
            Kind::Int { .. }
            | Kind::Bool
            | Kind::Float
            | Kind::X87
            | Kind::Complex { .. }
            | Kind::Vector { .. }
            | Kind::Pointer
            | Kind::Union { .. } => self.others = true,
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, offset: u64, depth: u32) -> Result<(), Malformed> {
        let at = offset.checked_add(field.offset).ok_or(Malformed::Outside)?;
        match field.bits {
            None => self.add(&field.layout, at, depth),
            Some(BitRange { start, width }) => {
                self.part(Bank::Int, at, (u64::from(start) + u64::from(width)).div_ceil(8));
                Ok(())
            }
        }
    }

    fn part(&mut self, bank: Bank, offset: u64, width: u64) {
        let place = self.parts.iter_mut().find(|part| part.is_none());
        let part = u32::try_from(offset).ok().zip(u8::try_from(width).ok().filter(|width| *width <= 8));
        match (place, part) {
            (Some(place), Some((offset, width))) => *place = Some(Part::new(bank, offset, width)),
            _ => self.others = true,
        }
    }

    /// The parts, if there are as many as may travel so and one at least is a floating point number.
    fn parts(&self) -> Option<Parts> {
        let boxed = |part: Part| match (part.bank, part.width) {
            (Bank::Vec, 4) => Part { extend: Extend::Ones, ..part },
            _ => part,
        };
        if self.others {
            return None;
        }
        match self.parts.map(|part| part.map(boxed)) {
            [Some(only), None] if only.bank == Bank::Vec => {
                Some(Parts::one(only.bank, only.offset, only.width).extended(only.extend))
            }
            [Some(a), Some(b)] if a.bank == Bank::Vec || b.bank == Bank::Vec => {
                let (first, second) = if a.offset <= b.offset { (a, b) } else { (b, a) };
                let apart = second.offset - first.offset >= u32::from(first.width);
                apart.then(|| Parts::two(first, second))
            }
            _ => None,
        }
    }
}
