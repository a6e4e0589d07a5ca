//! System V AMD64: x86-64 Linux, macOS, the BSDs.
//!
//! Specification: *System V Application Binary Interface, AMD64 Architecture Processor Supplement*
//! (psABI), section 3.2.3 "Parameter Passing". A value of up to 16 bytes is cut into *eightbytes*;
//! each gets the class that all scalars touching it agree on by the merge rules, and travels in a
//! register of that class. Anything larger lies in memory, except `__float128` and `_Complex long
//! double`.
//!
//! Where the text leaves room, gcc decides, being the compiler that builds the systems we call into:
//! * A member that is not aligned *for a scalar in it* sends the whole value to memory; whether an
//!   inner structure as such is aligned does not matter (clang looks at that too). Of an array every
//!   element counts, as the text and clang have it; gcc looks at the first one only.
//! * Unnamed bit-fields count as integers (clang leaves them out).
//! * A flexible array member is left out (clang sends such a structure to memory). So is a member of
//!   zero length; gcc lets `char e[0]` in the middle of an eightbyte count as an integer. If its
//!   element is misaligned there, the value goes to memory all the same.
//! * `_Complex float` is one vector register, `_Complex double` two, `_Complex long double` memory
//!   as an argument and `st(0)`, `st(1)` as a result.
//! * An empty structure (size 0 in GNU C) travels nowhere.
//! * A structure around a `__float128` is SSE, SSEUP as the text says (clang 14 sends it to memory).
//! * A vector of one `double`, of fewer than 8 bytes or of more than 16 is refused by value.
//! * An `__int128` is in two registers or, aligned to 16, in memory (clang before 18 splits it, or
//!   aligns it to 8).
//!
//! Worked example: `struct { float x, y; char tag; }` (12 bytes). Eightbyte 0 holds two floats: SSE.
//! Eightbyte 1 holds a char: INTEGER. So: 8 bytes in a vector register, 4 in an integer register.

use crate::layout::walk::{self, Malformed, Scalar};
use crate::layout::{Kind, Layout};
use crate::plan::Extend;
use crate::reg::{Bank, Gpr, Reg};

use super::descriptor::{
    AbiDescriptor, Cleanup, Exhausted, IndirectReturn, Narrow, Pairs, Slots, StackArgs, Variadic,
};
use super::{Class, Part, Parts};

pub(crate) const DESCRIPTOR: AbiDescriptor = AbiDescriptor {
    int_args: &[
        Reg::Int(Gpr::Rdi),
        Reg::Int(Gpr::Rsi),
        Reg::Int(Gpr::Rdx),
        Reg::Int(Gpr::Rcx),
        Reg::Int(Gpr::R8),
        Reg::Int(Gpr::R9),
    ],
    vec_args: &[
        Reg::Vec(0),
        Reg::Vec(1),
        Reg::Vec(2),
        Reg::Vec(3),
        Reg::Vec(4),
        Reg::Vec(5),
        Reg::Vec(6),
        Reg::Vec(7),
    ],
    int_rets: &[Reg::Int(Gpr::Rax), Reg::Int(Gpr::Rdx)],
    vec_rets: &[Reg::Vec(0), Reg::Vec(1)],
    x87_rets: &[Reg::X87(0), Reg::X87(1)],
    word: 8,
    slots: Slots::PerBank,
    exhausted: Exhausted::StaysOpen,
    pairs: Pairs::Any,
    stack: StackArgs::Aligned,
    narrow: Narrow::WriterWidens,
    indirect_return: IndirectReturn::FirstArgument { returned: Some(Reg::Int(Gpr::Rax)) },
    variadic: Variadic::CountVectors,
    cleanup: Cleanup::Caller,
    shadow: 0,
    stack_align: 16,
    reference_align: 16,
    classify,
    // The same: what has no argument register of its bank (x87) ends up on the stack in assignment.
    classify_result: classify,
};

/// The class of one eightbyte, psABI 3.2.3 "Classification", in the names of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Eightbyte {
    NoClass,
    Integer,
    Sse,
    SseUp,
    X87,
    X87Up,
    Memory,
}

impl Eightbyte {
    /// Rule 4: the class of an eightbyte that holds scalars of both classes.
    fn merge(self, other: Eightbyte) -> Eightbyte {
        use Eightbyte::{Integer, Memory, NoClass, Sse, SseUp, X87, X87Up};
        match (self, other) {
            (a, b) if a == b => a,
            (NoClass, x) | (x, NoClass) => x,
            (Memory, _) | (_, Memory) => Memory,
            (Integer, _) | (_, Integer) => Integer,
            (X87 | X87Up, _) | (_, X87 | X87Up) => Memory,
            (Sse | SseUp, Sse | SseUp) => Sse,
        }
    }
}

fn classify(layout: &Layout) -> Result<Class, Malformed> {
    walk::check_scalar(layout)?;
    let size = layout.size;
    let one = |bank, width| Class::Parts(Parts::one(bank, 0, width));
    let pair = |bank| Class::Parts(Parts::two(Part::new(bank, 0, 8), Part::new(bank, 8, 8)));
    Ok(match layout.kind {
        Kind::Void => Class::Ignore,
        Kind::Bool => Class::Parts(Parts::one(Bank::Int, 0, 1).extended(Extend::Zero)),
        // Compilers widen to 32 bits in the caller, though no text asks for it (psABI 3.2.3 has a
        // footnote for _Bool alone), and some callees rely on it.
        Kind::Int { signed } => match size {
            1 => Class::Parts(Parts::one(Bank::Int, 0, 1).extended(Extend::of(signed))),
            2 => Class::Parts(Parts::one(Bank::Int, 0, 2).extended(Extend::of(signed))),
            4 => one(Bank::Int, 4),
            8 => one(Bank::Int, 8),
            _ => pair(Bank::Int),
        },
        Kind::Pointer => one(Bank::Int, if size == 4 { 4 } else { 8 }),
        Kind::Float => match size {
            4 => one(Bank::Vec, 4),
            8 => one(Bank::Vec, 8),
            _ => one(Bank::Vec, 16),
        },
        Kind::Vector { .. } => {
            vector(layout)?;
            one(Bank::Vec, if size == 8 { 8 } else { 16 })
        }
        Kind::X87 => one(Bank::X87, 10),
        Kind::Complex { x87: false } => match size {
            8 => one(Bank::Vec, 8),
            16 => pair(Bank::Vec),
            _ => Class::Memory,
        },
        Kind::Complex { x87: true } => {
            let second = if size == 24 { 12 } else { 16 };
            Class::Parts(Parts::two(Part::new(Bank::X87, 0, 10), Part::new(Bank::X87, second, 10)))
        }
        Kind::Array { .. } | Kind::Struct { .. } | Kind::Union { .. } => match size {
            0 => Class::Ignore,
            1..=16 => aggregate(layout)?,
            32 | 64 => {
                wide(layout)?;
                Class::Memory
            }
            _ => Class::Memory,
        },
    })
}

/// Whether a vector travels in the low bytes of one register: SSE or, of 16 bytes, SSE and SSEUP.
fn vector(layout: &Layout) -> Result<(), Malformed> {
    match (&layout.kind, layout.size) {
        (Kind::Vector { element, count: 1 }, 8) if element.kind == Kind::Float => {
            Err(Malformed::Vector("of one `double`, which gcc passes in memory and clang in a register"))
        }
        (_, 8 | 16) => Ok(()),
        (_, 0..8) => Err(Malformed::Vector("of fewer than 8 bytes, of which no text says how it is passed")),
        (_, _) => {
            Err(Malformed::Vector("of more than 16 bytes, for which the processor may have no registers"))
        }
    }
}

/// Refuses an aggregate of one larger vector, which has the class of that; any other of this size lies in memory.
fn wide(layout: &Layout) -> Result<(), Malformed> {
    let mut refused = Ok(());
    walk::scalars(layout, &mut |scalar| {
        if matches!(scalar.layout.kind, Kind::Vector { .. }) && scalar.layout.size == layout.size {
            refused = vector(scalar.layout);
        }
    })?;
    refused
}

/// Rules 3 to 5 for an aggregate of 1 to 16 bytes.
fn aggregate(layout: &Layout) -> Result<Class, Malformed> {
    let mut eightbytes = [Eightbyte::NoClass; 2];
    let mut refused = None;
    walk::scalars(layout, &mut |scalar| {
        if matches!(scalar.layout.kind, Kind::Vector { .. }) {
            refused = refused.or(vector(scalar.layout).err());
        }
        add(&mut eightbytes, scalar);
    })?;
    if let Some(refused) = refused {
        return Err(refused);
    }
    let [low, mut high] = eightbytes;
    // Rule 5, the clean-up. (c), more than two eightbytes, cannot be here. (b) in both directions:
    // explicit offsets can put an integer over the second half of a long double alone.
    if (high == Eightbyte::X87Up) != (low == Eightbyte::X87) {
        return Ok(Class::Memory);
    }
    if high == Eightbyte::SseUp && low != Eightbyte::Sse {
        high = Eightbyte::Sse;
    }
    let rest = match layout.size {
        9..=15 => u8::try_from(layout.size - 8).map_or(8, |rest| rest),
        _ => 8,
    };
    let first = match layout.size {
        1..=7 => u8::try_from(layout.size).map_or(8, |first| first),
        _ => 8,
    };
    let one = |bank, width| Class::Parts(Parts::one(bank, 0, width));
    let bank = |class| match class {
        Eightbyte::Integer => Some(Bank::Int),
        Eightbyte::Sse => Some(Bank::Vec),
        Eightbyte::NoClass | Eightbyte::SseUp | Eightbyte::X87 | Eightbyte::X87Up | Eightbyte::Memory => None,
    };
    Ok(match (low, high) {
        (Eightbyte::Memory, _) | (_, Eightbyte::Memory) => Class::Memory,
        (Eightbyte::Sse, Eightbyte::SseUp) => one(Bank::Vec, 16),
        (Eightbyte::X87, Eightbyte::X87Up) => one(Bank::X87, 10),
        _ => match (bank(low), bank(high)) {
            (Some(low), Some(high)) => {
                Class::Parts(Parts::two(Part::new(low, 0, first), Part::new(high, 8, rest)))
            }
            (Some(low), None) => Class::Parts(Parts::one(low, 0, first)),
            (None, Some(high)) => Class::Parts(Parts::one(high, 8, rest)),
            (None, None) => Class::Ignore,
        },
    })
}

/// Merges the class of one scalar into the eightbytes that it touches.
fn add(eightbytes: &mut [Eightbyte; 2], scalar: Scalar<'_>) {
    let Scalar { offset, layout, bits, in_union, absent } = scalar;
    let mut merge = |byte: u64, class| {
        let which = usize::from(byte >= 8);
        eightbytes[which] = eightbytes[which].merge(class);
    };
    if let Some(bits) = bits {
        if absent.is_some() {
            return;
        }
        let last = offset + u64::from(bits.start + bits.width - 1) / 8;
        // In a union a bit-field counts as the smallest integer that holds it, to be aligned as such.
        let unit = u64::from(bits.width.div_ceil(8).next_power_of_two());
        if in_union && !offset.is_multiple_of(unit) {
            merge(offset, Eightbyte::Memory);
            return;
        }
        merge(offset, Eightbyte::Integer);
        merge(last, Eightbyte::Integer);
        return;
    }
    // What the scalar must be aligned to, whatever attribute says it need not be.
    let (unit, class) = match layout.kind {
        Kind::Float => (layout.size, Eightbyte::Sse),
        Kind::Vector { .. } => (layout.size, Eightbyte::Sse),
        Kind::X87 => (16, Eightbyte::X87),
        Kind::Complex { .. } => (layout.size / 2, Eightbyte::Sse),
        _ => (layout.size, Eightbyte::Integer),
    };
    // Nothing is asked of an array without elements with which an eightbyte begins.
    if absent.is_some_and(|array| array.is_multiple_of(8)) {
        return;
    }
    if !offset.is_multiple_of(unit) {
        merge(offset, Eightbyte::Memory);
        return;
    }
    if absent.is_some() {
        return;
    }
    merge(offset, class);
    let second = match (class, unit) {
        (Eightbyte::Sse, 16) => Eightbyte::SseUp,
        (Eightbyte::X87, _) => Eightbyte::X87Up,
        _ => class,
    };
    merge(offset + layout.size - 1, second);
}
