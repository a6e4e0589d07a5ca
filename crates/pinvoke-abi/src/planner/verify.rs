//! Proof that a plan loses nothing: checked for every plan, whatever rules produced it.
//!
//! 1. Pieces lie inside their value, in ascending order, without overlap.
//! 2. Every byte of a value that carries information travels. Padding may be left out: a structure
//!    `{ long a; }` aligned to 16 travels as its first 8 bytes, a `long double` as 10 of its 16.
//! 3. A piece fits its location.
//! 4. No register carries two things, and none that mirrors another carries anything else.
//! 5. Stack slots are aligned, disjoint, above the shadow space and inside the announced size.
//! 6. The announced number of vector registers is the number used.
//!
//! It is written without a look at the descriptor's register lists on purpose: the checks hold for
//! any ABI, and a slip in a table shows up as a collision here.

use crate::abi::descriptor::{AbiDescriptor, StackArgs};
use crate::layout::walk;
use crate::layout::{Kind, Layout};
use crate::reg::{Gpr, Reg};
use crate::signature::Signature;

use crate::plan::{ArgPlan, CallPlan, Location, Piece, PlanError, RetPlan};

/// Registers seen, one bit each.
#[derive(Debug, Default)]
struct Taken(u128);

/// The bits of all vector registers.
const VECTORS: u128 = (0xFFFF_FFFF << 16) | (0xFFFF_FFFF << 96);

impl Taken {
    fn take(&mut self, reg: Reg) -> Result<(), PlanError> {
        let bit = match reg {
            Reg::Int(Gpr::Rsp) | Reg::Int32(Gpr::Rsp) => None,
            // Two names of one register.
            Reg::Int(reg) | Reg::Int32(reg) => Some(reg as u8),
            Reg::Vec(n @ 0..32) => Some(16 + n),
            Reg::X87(n @ 0..8) => Some(48 + n),
            // The 32nd is the stack pointer, or zero.
            Reg::X(n @ 0..31) => Some(64 + n),
            Reg::V(n @ 0..32) => Some(96 + n),
            // No call uses those of two machines: these share the bits of AArch64's, by their numbers.
            Reg::A(n @ 0..8) => Some(64 + 10 + n),
            Reg::Fa(n @ 0..8) => Some(96 + 10 + n),
            Reg::Vec(_) | Reg::X87(_) | Reg::X(_) | Reg::V(_) | Reg::A(_) | Reg::Fa(_) => None,
        };
        match bit.map(|bit| 1 << bit) {
            Some(bit) if self.0 & bit == 0 => {
                self.0 |= bit;
                Ok(())
            }
            _ => Err(PlanError::Defect("a register carries two things")),
        }
    }

    fn vectors(&self) -> u32 {
        (self.0 & VECTORS).count_ones()
    }
}

/// Where arguments have gone so far.
#[derive(Debug)]
struct Frame {
    taken: Taken,
    /// End of the last stack slot; slots ascend with the arguments in every ABI.
    stack_end: u32,
    stack: u32,
}

impl Frame {
    fn occupy(&mut self, at: Location, width: u32, align: u32) -> Result<(), PlanError> {
        match at {
            Location::Reg(reg) => self.taken.take(reg),
            Location::Stack(offset) => {
                let end = offset.checked_add(width).ok_or(PlanError::Defect("a stack slot wraps around"))?;
                if !offset.is_multiple_of(align) {
                    return Err(PlanError::Defect("a stack slot is not aligned"));
                }
                if offset < self.stack_end {
                    return Err(PlanError::Defect("a stack slot is used twice"));
                }
                if end > self.stack {
                    return Err(PlanError::Defect("a stack slot lies outside the stack area"));
                }
                self.stack_end = end;
                Ok(())
            }
        }
    }
}

pub(super) fn verify(
    plan: &CallPlan,
    descriptor: &AbiDescriptor,
    signature: &Signature,
) -> Result<(), PlanError> {
    let mut frame = Frame { taken: Taken::default(), stack_end: descriptor.shadow, stack: plan.stack };
    if !plan.stack.is_multiple_of(descriptor.stack_align)
        || !plan.stack_align.is_multiple_of(descriptor.stack_align)
    {
        return Err(PlanError::Defect("the stack area is not aligned"));
    }
    result(plan, &mut frame, descriptor.word, &signature.ret)?;
    if plan.args.len() != signature.params.len() {
        return Err(PlanError::Defect("an argument is missing"));
    }
    for (arg, layout) in plan.args.iter().zip(&signature.params) {
        match arg {
            ArgPlan::Direct(pieces) => {
                for piece in pieces {
                    fits(piece)?;
                    frame.occupy(piece.at, piece.width, slot_align(descriptor, layout))?;
                    if let Some(mirror) = piece.mirror {
                        frame.taken.take(mirror)?;
                    }
                }
                covered(pieces, layout)?;
            }
            ArgPlan::ByReference { at, align } => {
                if !u64::from(*align).is_multiple_of(layout.align) {
                    return Err(PlanError::Defect("the copy behind a reference is not aligned"));
                }
                frame.occupy(*at, descriptor.word, descriptor.word)?;
            }
        }
    }
    if plan.popped > plan.stack || !plan.popped.is_multiple_of(descriptor.word) {
        return Err(PlanError::Defect("the callee removes more than the stack area"));
    }
    match plan.vector_regs {
        Some(announced) if u32::from(announced) != frame.taken.vectors() => {
            Err(PlanError::Defect("the announced number of vector registers is wrong"))
        }
        _ => Ok(()),
    }
}

/// Alignment that a stack slot for this value must have at least, in bytes.
fn slot_align(descriptor: &AbiDescriptor, layout: &Layout) -> u32 {
    match descriptor.stack {
        StackArgs::Aligned if layout.is_aggregate() => u32::try_from(layout.align.max(8)).unwrap_or(u32::MAX),
        StackArgs::Natural if !layout.is_aggregate() => 1,
        // Homogeneous aggregates of float lie at 4.
        StackArgs::Natural if layout.align <= 4 => 4,
        StackArgs::Aligned | StackArgs::WordOrSixteen | StackArgs::Natural => 8,
        // Also of half a value, at the next word.
        StackArgs::AlignedToSixteen | StackArgs::Words | StackArgs::Slots => descriptor.word,
    }
}

fn result(plan: &CallPlan, frame: &mut Frame, word: u32, layout: &Layout) -> Result<(), PlanError> {
    match &plan.ret {
        RetPlan::Void => covered(&[], layout),
        RetPlan::Direct(pieces) => {
            let mut taken = Taken::default();
            for piece in pieces {
                fits(piece)?;
                match piece.at {
                    Location::Reg(reg) => taken.take(reg)?,
                    Location::Stack(_) => {
                        return Err(PlanError::Defect("a result lies in the argument area"));
                    }
                }
            }
            covered(pieces, layout)
        }
        RetPlan::Indirect { pointer, returned: _ } => frame.occupy(*pointer, word, word),
    }
}

/// Rule 3.
fn fits(piece: &Piece) -> Result<(), PlanError> {
    let fits = match piece.at {
        Location::Reg(reg) => piece.width <= reg.bytes(),
        Location::Stack(_) => true,
    };
    let mirrored = piece.mirror.is_none_or(|reg| piece.width <= reg.bytes());
    if piece.width > 0 && fits && mirrored {
        Ok(())
    } else {
        Err(PlanError::Defect("a piece does not fit its location"))
    }
}

/// Rules 1 and 2.
fn covered(pieces: &[Piece], layout: &Layout) -> Result<(), PlanError> {
    let mut end = 0;
    let mut gapless = true;
    for piece in pieces {
        let start = u64::from(piece.offset);
        if start < end {
            return Err(PlanError::Defect("a byte travels twice"));
        }
        gapless &= start == end;
        end = start + u64::from(piece.width);
    }
    if end > layout.size {
        return Err(PlanError::Defect("a piece reaches beyond its value"));
    }
    if gapless && end == layout.size {
        return Ok(());
    }
    let travels = |first: u64, last: u64| {
        (first..=last).all(|byte| {
            pieces.iter().any(|p| {
                let start = u64::from(p.offset);
                (start..start + u64::from(p.width)).contains(&byte)
            })
        })
    };
    let mut all = true;
    let walked = walk::scalars(layout, &mut |scalar| {
        if scalar.absent.is_some() {
            return;
        }
        let first = scalar.offset;
        all &= match (scalar.bits, &scalar.layout.kind) {
            (Some(bits), _) => travels(first, first + u64::from(bits.start + bits.width - 1) / 8),
            (None, Kind::X87) => travels(first, first + 9),
            (None, Kind::Complex { x87: true }) => {
                let second = first + scalar.layout.size / 2;
                travels(first, first + 9) && travels(second, second + 9)
            }
            (None, _) => travels(first, first + scalar.layout.size - 1),
        };
    });
    if walked.is_ok() && all { Ok(()) } else { Err(PlanError::Defect("a byte of a value does not travel")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Abi, Extend, Pieces};
    use crate::target::Target;

    fn parse(text: &str) -> Signature {
        Signature::parse(Target::X86_64_LINUX, text).unwrap()
    }

    /// `f(int, struct { double; long; }, struct of 24 bytes, long double) -> struct { long a; char b; }`.
    fn signature() -> Signature {
        parse("sysv64(i32,{f64,i64},{i64,i64,i64},f80)->{i64,i8}")
    }

    type Damage<'a> = &'a dyn Fn(&mut CallPlan);

    /// What verification says about a sound plan after `damage`.
    fn damaged(abi: Abi, signature: &Signature, damage: impl FnOnce(&mut CallPlan)) -> Option<&'static str> {
        let mut plan = CallPlan::new(signature).unwrap();
        damage(&mut plan);
        match verify(&plan, abi.descriptor(), signature) {
            Ok(()) => None,
            Err(PlanError::Defect(defect)) => Some(defect),
            Err(other) => panic!("{other}"),
        }
    }

    /// One piece of an argument of the plan.
    fn edit(plan: &mut CallPlan, arg: usize, piece: usize, edit: impl FnOnce(&mut Piece)) {
        let ArgPlan::Direct(pieces) = &mut plan.args[arg] else { panic!("by reference") };
        edit_in(pieces, piece, edit);
    }

    fn edit_in(pieces: &mut Pieces, piece: usize, edit: impl FnOnce(&mut Piece)) {
        let mut all: Vec<Piece> = pieces.to_vec();
        edit(&mut all[piece]);
        *pieces = Pieces::new();
        all.into_iter().for_each(|piece| pieces.push(piece));
    }

    #[test]
    fn every_kind_of_damage_is_found() {
        let s = signature();
        let check = |damage: Damage<'_>| damaged(Abi::SysV64, &s, damage);
        let rdi = Location::Reg(Reg::Int(Gpr::Rdi));
        assert_eq!(check(&|_| {}), None);
        let defects: [(Damage<'_>, &str); 19] = [
            (&|p| edit(p, 1, 1, |q| q.at = rdi), "a register carries two things"),
            (&|p| edit(p, 1, 0, |q| q.mirror = Some(Reg::Int(Gpr::Rdi))), "a register carries two things"),
            (
                &|p| edit(p, 0, 0, |q| q.at = Location::Reg(Reg::Int(Gpr::Rsp))),
                "a register carries two things",
            ),
            (&|p| edit(p, 1, 0, |q| q.at = Location::Reg(Reg::Vec(32))), "a register carries two things"),
            (&|p| edit(p, 1, 1, |q| q.width = 7), "a byte of a value does not travel"),
            (&|p| edit(p, 1, 1, |q| q.offset = 7), "a byte travels twice"),
            (&|p| edit(p, 1, 1, |q| q.offset = 9), "a piece reaches beyond its value"),
            (&|p| edit(p, 1, 1, |q| q.width = 9), "a piece does not fit its location"),
            (&|p| edit(p, 1, 1, |q| q.width = 0), "a piece does not fit its location"),
            (&|p| edit(p, 2, 0, |q| q.at = Location::Stack(4)), "a stack slot is not aligned"),
            (&|p| edit(p, 3, 0, |q| q.at = Location::Stack(16)), "a stack slot is used twice"),
            (&|p| edit(p, 3, 0, |q| q.at = Location::Stack(48)), "a stack slot lies outside the stack area"),
            (&|p| p.args[0] = ArgPlan::Direct(Pieces::new()), "a byte of a value does not travel"),
            (&|p| p.args.truncate(3), "an argument is missing"),
            (&|p| p.stack += 8, "the stack area is not aligned"),
            (&|p| p.stack_align = 8, "the stack area is not aligned"),
            (&|p| p.popped = p.stack + 8, "the callee removes more than the stack area"),
            (&|p| p.ret = RetPlan::Void, "a byte of a value does not travel"),
            (
                &|p| p.ret = RetPlan::Indirect { pointer: rdi, returned: Some(Reg::Int(Gpr::Rax)) },
                "a register carries two things",
            ),
        ];
        for (number, (damage, defect)) in defects.iter().enumerate() {
            assert_eq!(check(damage), Some(*defect), "damage {number}");
        }
    }

    #[test]
    fn damage_to_a_result_is_found() {
        let s = signature();
        let ret = |damage: &dyn Fn(&mut Piece)| {
            damaged(Abi::SysV64, &s, |plan| {
                let RetPlan::Direct(pieces) = &mut plan.ret else { panic!("not in registers") };
                edit_in(pieces, 1, damage);
            })
        };
        assert_eq!(ret(&|q| q.width = 1), None, "the rest is padding");
        assert_eq!(ret(&|q| q.at = Location::Reg(Reg::Int(Gpr::Rax))), Some("a register carries two things"));
        assert_eq!(ret(&|q| q.at = Location::Stack(0)), Some("a result lies in the argument area"));
        assert_eq!(ret(&|q| (q.offset, q.width) = (9, 1)), Some("a byte of a value does not travel"));
    }

    #[test]
    fn damage_to_announcement_shadow_space_and_references_is_found() {
        let variadic = parse("sysv64(ptr,...,f64)");
        assert_eq!(
            damaged(Abi::SysV64, &variadic, |plan| plan.vector_regs = Some(0)),
            Some("the announced number of vector registers is wrong")
        );
        let win64 = parse("win64(i32,i32,i32,i32,i32,{[i8;32]}align(32))");
        assert_eq!(
            damaged(Abi::Win64, &win64, |plan| edit(plan, 4, 0, |q| q.at = Location::Stack(24))),
            Some("a stack slot is used twice")
        );
        let reference = |align| {
            damaged(Abi::Win64, &win64, |plan| {
                plan.args[5] = ArgPlan::ByReference { at: Location::Stack(40), align };
            })
        };
        assert_eq!(reference(64), None);
        assert_eq!(reference(16), Some("the copy behind a reference is not aligned"));
    }

    /// Padding may be left out, but a bit-field that lies in it may not.
    #[test]
    fn bit_fields_must_travel() {
        let signature = parse("sysv64({u8,u32:3@4.6})");
        let piece = |offset, width| Piece {
            offset,
            width,
            extend: Extend::None,
            at: Location::Reg(Reg::Int(if offset == 0 { Gpr::Rdi } else { Gpr::Rsi })),
            mirror: None,
        };
        let split = |first: u32, second: (u32, u32)| {
            damaged(Abi::SysV64, &signature, |plan| {
                let mut pieces = Pieces::new();
                pieces.push(piece(0, first));
                pieces.push(piece(second.0, second.1));
                plan.args[0] = ArgPlan::Direct(pieces);
            })
        };
        assert_eq!(split(1, (4, 2)), None);
        assert_eq!(split(1, (4, 1)), Some("a byte of a value does not travel"));
        assert_eq!(split(1, (5, 1)), Some("a byte of a value does not travel"));
    }
}
