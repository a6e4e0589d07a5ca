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
struct Taken {
    ints: u16,
    vecs: u32,
    x87s: u8,
}

impl Taken {
    fn take(&mut self, reg: Reg) -> Result<(), PlanError> {
        let fresh = match reg {
            Reg::Int(Gpr::Rsp) => false,
            Reg::Int(reg) => set(&mut self.ints, 1 << reg as u8),
            Reg::Vec(n) if n < 32 => {
                let bit = 1 << n;
                let fresh = self.vecs & bit == 0;
                self.vecs |= bit;
                fresh
            }
            Reg::X87(n) if n < 8 => {
                let bit = 1 << n;
                let fresh = self.x87s & bit == 0;
                self.x87s |= bit;
                fresh
            }
            Reg::Vec(_) | Reg::X87(_) => false,
        };
        if fresh { Ok(()) } else { Err(PlanError::Defect("a register carries two things")) }
    }
}

fn set(bits: &mut u16, bit: u16) -> bool {
    let fresh = *bits & bit == 0;
    *bits |= bit;
    fresh
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
    result(plan, &mut frame, &signature.ret)?;
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
                frame.occupy(*at, 8, 8)?;
            }
        }
    }
    match plan.vector_regs {
        Some(announced) if u32::from(announced) != frame.taken.vecs.count_ones() => {
            Err(PlanError::Defect("the announced number of vector registers is wrong"))
        }
        _ => Ok(()),
    }
}

/// Alignment that a stack slot for this value must have at least, in bytes.
fn slot_align(descriptor: &AbiDescriptor, layout: &Layout) -> u32 {
    match descriptor.stack {
        StackArgs::Aligned if layout.is_aggregate() => u32::try_from(layout.align.max(8)).unwrap_or(u32::MAX),
        StackArgs::Aligned | StackArgs::Slots => 8,
    }
}

fn result(plan: &CallPlan, frame: &mut Frame, layout: &Layout) -> Result<(), PlanError> {
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
        RetPlan::Indirect { pointer, returned: _ } => frame.occupy(*pointer, 8, 8),
    }
}

/// Rule 3.
fn fits(piece: &Piece) -> Result<(), PlanError> {
    let room = |reg| match reg {
        Reg::Int(_) => 8,
        Reg::Vec(_) => 16,
        Reg::X87(_) => 10,
    };
    let fits = match piece.at {
        Location::Reg(reg) => piece.width <= room(reg),
        Location::Stack(_) => true,
    };
    let mirrored = piece.mirror.is_none_or(|reg| piece.width <= room(reg));
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
        let defects: [(Damage<'_>, &str); 18] = [
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
            (&|p| p.ret = RetPlan::Void, "a byte of a value does not travel"),
            (
                &|p| p.ret = RetPlan::Indirect { pointer: rdi, returned: Reg::Int(Gpr::Rax) },
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
