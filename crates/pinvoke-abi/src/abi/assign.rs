//! The walk that gives every argument its registers and stack slots.
//!
//! The same code for every ABI; every difference is a rule of the [`AbiDescriptor`].

use crate::layout::{Kind, Layout};
use crate::plan::{ArgPlan, Extend, Location, MAX_STACK, Piece, Pieces, PlanError, RetPlan, Which};
use crate::reg::Reg;

use super::descriptor::{AbiDescriptor, IndirectReturn, Slots, StackArgs, Variadic};
use super::{Bank, Class, Parts};

/// Registers and stack given away so far.
#[derive(Debug)]
pub(crate) struct Assignment {
    abi: &'static AbiDescriptor,
    variadic: bool,
    /// Next register of each bank; under [`Slots::Positional`] both are the position.
    ints: usize,
    vecs: usize,
    /// End of the stack arguments so far, in bytes.
    stack: u32,
    stack_align: u32,
}

impl Assignment {
    pub(crate) fn new(abi: &'static AbiDescriptor, variadic: bool) -> Assignment {
        Assignment { abi, variadic, ints: 0, vecs: 0, stack: abi.shadow, stack_align: abi.stack_align }
    }

    /// Places the result. Comes before the arguments: memory for it takes an argument register.
    pub(crate) fn result(&mut self, class: Class) -> Result<RetPlan, PlanError> {
        match class {
            Class::Ignore => Ok(RetPlan::Void),
            Class::Parts(parts) => Ok(RetPlan::Direct(self.result_pieces(&parts)?)),
            Class::Memory | Class::ByReference => match self.abi.indirect_return {
                IndirectReturn::FirstArgument { returned } => {
                    let pointer = self.word(Which::Result)?;
                    Ok(RetPlan::Indirect { pointer, returned: Reg::Int(returned) })
                }
            },
        }
    }

    fn result_pieces(&self, parts: &Parts) -> Result<Pieces, PlanError> {
        let (mut ints, mut vecs, mut x87s) = (0, 0, 0);
        let mut pieces = Pieces::new();
        for part in parts.as_slice() {
            let reg = match part.bank {
                Bank::Int => next(&mut ints, self.abi.int_rets).map(Reg::Int),
                Bank::Vec => next(&mut vecs, self.abi.vec_rets).map(Reg::Vec),
                Bank::X87 => next(&mut x87s, self.abi.x87_rets).map(Reg::X87),
            };
            let at =
                Location::Reg(reg.ok_or(PlanError::Defect("a result wants more registers than there are"))?);
            pieces.push(Piece {
                offset: part.offset.into(),
                width: part.width.into(),
                extend: part.extend,
                at,
                mirror: None,
            });
        }
        Ok(pieces)
    }

    /// Places the next argument. `plan` comes without pieces and is filled in place: a plan is large
    /// enough for its copies to show.
    pub(crate) fn argument(
        &mut self,
        index: usize,
        layout: &Layout,
        class: Class,
        plan: &mut ArgPlan,
    ) -> Result<(), PlanError> {
        let which = Which::Argument(index);
        let (ArgPlan::Direct(pieces), false) = (&mut *plan, class == Class::ByReference) else {
            let align = u32::try_from(layout.align).map_err(|_| PlanError::too_large(which, layout))?;
            let align = align.max(self.abi.reference_align);
            *plan = ArgPlan::ByReference { at: self.word(which)?, align };
            return Ok(());
        };
        match class {
            Class::Ignore | Class::ByReference => Ok(()),
            Class::Memory => self.on_stack(which, layout, Extend::None, pieces),
            Class::Parts(parts) => match self.abi.slots {
                Slots::PerBank => self.per_bank(which, layout, &parts, pieces),
                Slots::Positional => self.positional(which, &parts, pieces),
            },
        }
    }

    fn per_bank(
        &mut self,
        which: Which,
        layout: &Layout,
        parts: &Parts,
        pieces: &mut Pieces,
    ) -> Result<(), PlanError> {
        let (mut ints, mut vecs) = (self.ints, self.vecs);
        for part in parts.as_slice() {
            let reg = match part.bank {
                Bank::Int => next(&mut ints, self.abi.int_args).map(Reg::Int),
                Bank::Vec => next(&mut vecs, self.abi.vec_args).map(Reg::Vec),
                Bank::X87 => None,
            };
            let Some(reg) = reg else {
                pieces.clear();
                return self.on_stack(which, layout, parts.as_slice()[0].extend, pieces);
            };
            pieces.push(Piece {
                offset: part.offset.into(),
                width: part.width.into(),
                extend: part.extend,
                at: Location::Reg(reg),
                mirror: None,
            });
        }
        (self.ints, self.vecs) = (ints, vecs);
        Ok(())
    }

    fn positional(&mut self, which: Which, parts: &Parts, pieces: &mut Pieces) -> Result<(), PlanError> {
        let [part] = parts.as_slice() else {
            return Err(PlanError::Defect("a positional argument wants two registers"));
        };
        let position = self.ints;
        let int = self.abi.int_args.get(position).copied().map(Reg::Int);
        let (at, mirror) = match (part.bank, int) {
            (Bank::Int, Some(reg)) => (Location::Reg(reg), None),
            (Bank::Vec, Some(mirror)) => {
                let reg = self.abi.vec_args.get(position).copied();
                let reg = reg.ok_or(PlanError::Defect("vector and integer positions differ in number"))?;
                let mirrors = self.variadic && self.abi.variadic == Variadic::MirrorVectors;
                (Location::Reg(Reg::Vec(reg)), mirrors.then_some(mirror))
            }
            (Bank::X87, _) => return Err(PlanError::Defect("a positional argument wants an x87 register")),
            (Bank::Int | Bank::Vec, None) => (self.stack_slot(which, 8, 8)?, None),
        };
        self.ints += 1;
        self.vecs = self.ints;
        let (offset, width, extend) = (part.offset.into(), part.width.into(), part.extend);
        pieces.push(Piece { offset, width, extend, at, mirror });
        Ok(())
    }

    fn on_stack(
        &mut self,
        which: Which,
        layout: &Layout,
        extend: Extend,
        pieces: &mut Pieces,
    ) -> Result<(), PlanError> {
        let width = u32::try_from(layout.size).map_err(|_| PlanError::too_large(which, layout))?;
        let align = match self.abi.stack {
            StackArgs::Slots => 8,
            // The alignment attribute of a typedef does not follow a scalar into a call.
            StackArgs::Aligned => match layout.kind {
                Kind::Int { .. } | Kind::Float | Kind::X87 => layout.size,
                Kind::Complex { .. } => layout.size / 2,
                _ => layout.align,
            },
        };
        let align = u32::try_from(align).map_err(|_| PlanError::too_large(which, layout))?.max(8);
        let at = self.stack_slot(which, width, align)?;
        pieces.push(Piece { offset: 0, width, extend, at, mirror: None });
        Ok(())
    }

    /// A place for an address.
    fn word(&mut self, which: Which) -> Result<Location, PlanError> {
        let at = match self.abi.int_args.get(self.ints) {
            Some(reg) => {
                self.ints += 1;
                Location::Reg(Reg::Int(*reg))
            }
            None => self.stack_slot(which, 8, 8)?,
        };
        if self.abi.slots == Slots::Positional {
            self.vecs = self.ints;
        }
        Ok(at)
    }

    fn stack_slot(&mut self, which: Which, width: u32, align: u32) -> Result<Location, PlanError> {
        let start = u64::from(self.stack).next_multiple_of(u64::from(align));
        let end = (start + u64::from(width)).next_multiple_of(8);
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else {
            return Err(PlanError::StackTooLarge(which));
        };
        if end > MAX_STACK {
            return Err(PlanError::StackTooLarge(which));
        }
        self.stack = end;
        self.stack_align = self.stack_align.max(align);
        Ok(Location::Stack(start))
    }

    /// Bytes of outgoing stack and the alignment of its start.
    pub(crate) fn stack(&self) -> (u32, u32) {
        (self.stack.next_multiple_of(self.abi.stack_align), self.stack_align)
    }

    /// The number to announce in `al`, if this ABI and this call want it.
    pub(crate) fn vector_regs(&self) -> Option<u8> {
        match self.abi.variadic {
            Variadic::CountVectors if self.variadic => u8::try_from(self.vecs).ok(),
            Variadic::CountVectors | Variadic::MirrorVectors => None,
        }
    }
}

fn next<T: Copy>(taken: &mut usize, registers: &[T]) -> Option<T> {
    let reg = registers.get(*taken).copied()?;
    *taken += 1;
    Some(reg)
}
