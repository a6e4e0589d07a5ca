//! The walk that gives every argument its registers and stack slots.
//!
//! The same code for every ABI; every difference is a rule of the [`AbiDescriptor`].

use crate::layout::{Kind, Layout, walk};
use crate::plan::{ArgPlan, Extend, Location, MAX_STACK, Piece, Pieces, PlanError, RetPlan, Which};
use crate::reg::{Bank, Reg};

use super::descriptor::{
    AbiDescriptor, Cleanup, Exhausted, IndirectReturn, Narrow, Pairs, Slots, StackArgs, Variadic,
};
use super::{Class, Part, Parts};

/// Registers and stack given away so far.
#[derive(Debug)]
pub(crate) struct Assignment {
    abi: &'static AbiDescriptor,
    variadic_from: Option<usize>,
    /// Next register of each bank; under [`Slots::Positional`] both are the position.
    ints: usize,
    vecs: usize,
    /// End of the stack arguments so far, in bytes.
    stack: u32,
    stack_align: u32,
    /// Bytes of stack that hold the address of memory for the result.
    address: u32,
}

/// What an argument takes of the stack.
#[derive(Clone, Copy, Debug)]
struct Room {
    align: u32,
    /// The next argument begins at a multiple of this.
    round: u32,
}

impl Assignment {
    pub(crate) fn new(abi: &'static AbiDescriptor, variadic_from: Option<usize>) -> Assignment {
        let (stack, stack_align) = (abi.shadow, abi.stack_align);
        Assignment { abi, variadic_from, ints: 0, vecs: 0, stack, stack_align, address: 0 }
    }

    /// Places the result. Comes before the arguments: memory for it takes an argument register.
    pub(crate) fn result(&mut self, class: Class) -> Result<RetPlan, PlanError> {
        match class {
            Class::Ignore => Ok(RetPlan::Void),
            Class::Parts(parts) => Ok(RetPlan::Direct(self.result_pieces(&parts)?)),
            Class::Memory | Class::ByReference => match self.abi.indirect_return {
                IndirectReturn::FirstArgument { returned } => {
                    let pointer = self.word(Which::Result)?;
                    self.address = self.stack - self.abi.shadow;
                    Ok(RetPlan::Indirect { pointer, returned })
                }
                IndirectReturn::FirstOnStack { returned } => {
                    let pointer = self.stack_word(Which::Result)?;
                    self.address = self.abi.word;
                    Ok(RetPlan::Indirect { pointer, returned: Some(returned) })
                }
                IndirectReturn::OwnRegister(reg) => {
                    Ok(RetPlan::Indirect { pointer: Location::Reg(reg), returned: None })
                }
            },
        }
    }

    fn result_pieces(&self, parts: &Parts) -> Result<Pieces, PlanError> {
        let (mut ints, mut vecs, mut x87s) = (0, 0, 0);
        let mut pieces = Pieces::new();
        for part in parts.as_slice() {
            let reg = match part.bank {
                Bank::Int => next(&mut ints, self.abi.int_rets),
                Bank::Vec => next(&mut vecs, self.abi.vec_rets),
                Bank::X87 => next(&mut x87s, self.abi.x87_rets),
            };
            let reg = reg.ok_or(PlanError::Defect("a result wants more registers than there are"))?;
            pieces.push(self.piece(part, Location::Reg(reg)));
        }
        Ok(pieces)
    }

    fn piece(&self, part: &Part, at: Location) -> Piece {
        let extend = match self.abi.narrow {
            Narrow::WriterWidens => part.extend,
            Narrow::ReaderWidens => Extend::None,
        };
        Piece { offset: part.offset, width: part.width.into(), extend, at, mirror: None }
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
        let variable = self.variadic_from.is_some_and(|from| index >= from);
        let on_stack = variable && matches!(self.abi.variadic, Variadic::OnStack);
        let class = self.settled(which, layout, class)?;
        let (ArgPlan::Direct(pieces), false) = (&mut *plan, class == Class::ByReference) else {
            let align = u32::try_from(layout.align).map_err(|_| PlanError::too_large(which, layout))?;
            let align = align.max(self.abi.reference_align);
            let at = if on_stack { self.stack_word(which)? } else { self.word(which)? };
            *plan = ArgPlan::ByReference { at, align };
            return Ok(());
        };
        match class {
            Class::Ignore | Class::ByReference => Ok(()),
            Class::Memory => {
                let room = self.room(layout, None);
                self.on_stack(which, layout, Extend::None, room, pieces)
            }
            Class::Parts(_) if on_stack => {
                let room = Room { align: self.word_or_sixteen(layout), round: self.abi.word };
                self.on_stack(which, layout, Extend::None, room, pieces)
            }
            Class::Parts(parts) if self.imaginary_stack() => {
                self.words(which, layout, &parts, variable, pieces)
            }
            Class::Parts(parts) => match self.abi.slots {
                Slots::PerBank => self.per_bank(which, layout, &parts, variable, pieces),
                Slots::Positional => self.positional(which, &parts, pieces),
                Slots::IntegersElse { .. } if parts.has_vectors() => {
                    self.per_bank(which, layout, &parts, variable, pieces)
                }
                Slots::IntegersElse { .. } => self.words(which, layout, &parts, variable, pieces),
            },
        }
    }

    /// What a value wants now that it is known which registers are left.
    fn settled(&self, which: Which, layout: &Layout, class: Class) -> Result<Class, PlanError> {
        let (Slots::IntegersElse { classify }, Class::Parts(parts)) = (self.abi.slots, &class) else {
            return Ok(class);
        };
        let wants = |bank| parts.as_slice().iter().filter(|part| part.bank == bank).count();
        let vecs = wants(Bank::Vec);
        let found = self.vecs + vecs <= self.abi.vec_args.len()
            && self.ints + wants(Bank::Int) <= self.abi.int_args.len();
        if vecs == 0 || found {
            return Ok(class);
        }
        classify(layout).map_err(|malformed| PlanError::malformed(which, malformed))
    }

    fn per_bank(
        &mut self,
        which: Which,
        layout: &Layout,
        parts: &Parts,
        variable: bool,
        pieces: &mut Pieces,
    ) -> Result<(), PlanError> {
        let (mut ints, mut vecs) = (self.ints, self.vecs);
        if parts.as_slice().len() == 2 && parts.bank() == Bank::Int && self.wants_even(layout, variable) {
            ints = ints.next_multiple_of(2);
        }
        for part in parts.as_slice() {
            let reg = match part.bank {
                Bank::Int => next(&mut ints, self.abi.int_args),
                Bank::Vec => next(&mut vecs, self.abi.vec_args),
                Bank::X87 => None,
            };
            let Some(reg) = reg else {
                pieces.clear();
                self.exhaust(parts.bank());
                let first = &parts.as_slice()[0];
                let extend = self.piece(first, Location::Stack(0)).extend;
                return self.on_stack(which, layout, extend, self.room(layout, Some(parts)), pieces);
            };
            pieces.push(self.piece(part, Location::Reg(reg)));
        }
        (self.ints, self.vecs) = (ints, vecs);
        Ok(())
    }

    /// A value has not found all the registers it wants.
    fn exhaust(&mut self, bank: Bank) {
        match (self.abi.exhausted, bank) {
            (Exhausted::StaysOpen, _) | (Exhausted::Closes, Bank::X87) => {}
            (Exhausted::Closes, Bank::Int) => self.ints = self.abi.int_args.len(),
            (Exhausted::Closes, Bank::Vec) => self.vecs = self.abi.vec_args.len(),
        }
    }

    /// Whether a value in two integer registers must begin with an even one.
    fn wants_even(&self, layout: &Layout, variable: bool) -> bool {
        match self.abi.pairs {
            Pairs::Any => false,
            Pairs::EvenByMembers => layout.member_align() >= 16,
            Pairs::EvenByType => layout.align >= 16,
            Pairs::EvenIfVariable => variable && natural_align(layout) >= 16,
        }
    }

    fn positional(&mut self, which: Which, parts: &Parts, pieces: &mut Pieces) -> Result<(), PlanError> {
        let [part] = parts.as_slice() else {
            return Err(PlanError::Defect("a positional argument wants two registers"));
        };
        let position = self.ints;
        let int = self.abi.int_args.get(position).copied();
        let (at, mirror) = match (part.bank, int) {
            (Bank::Int, Some(reg)) => (Location::Reg(reg), None),
            (Bank::Vec, Some(mirror)) => {
                let reg = self.abi.vec_args.get(position).copied();
                let reg = reg.ok_or(PlanError::Defect("vector and integer positions differ in number"))?;
                let mirrors =
                    self.variadic_from.is_some() && matches!(self.abi.variadic, Variadic::MirrorVectors);
                (Location::Reg(reg), mirrors.then_some(mirror))
            }
            (Bank::X87, _) => return Err(PlanError::Defect("a positional argument wants an x87 register")),
            (Bank::Int | Bank::Vec, None) => (self.stack_word(which)?, None),
        };
        self.ints += 1;
        self.vecs = self.ints;
        pieces.push(Piece { mirror, ..self.piece(part, at) });
        Ok(())
    }

    fn imaginary_stack(&self) -> bool {
        self.variadic_from.is_some() && matches!(self.abi.variadic, Variadic::ImaginaryStack { .. })
    }

    /// Word by word: the first in registers, the others on the stack. One value may lie in both.
    fn words(
        &mut self,
        which: Which,
        layout: &Layout,
        parts: &Parts,
        variable: bool,
        pieces: &mut Pieces,
    ) -> Result<(), PlanError> {
        if parts.as_slice().len() == 2 && self.wants_even(layout, variable) {
            self.ints = self.ints.next_multiple_of(2);
        }
        for (index, part) in parts.as_slice().iter().enumerate() {
            let at = match next(&mut self.ints, self.abi.int_args) {
                Some(reg) => Location::Reg(reg),
                None if index == 0 => {
                    let extend = self.piece(part, Location::Stack(0)).extend;
                    return self.on_stack(which, layout, extend, self.room(layout, Some(parts)), pieces);
                }
                None => {
                    let room = Room { align: self.abi.word, round: self.abi.word };
                    self.stack_slot(which, part.width.into(), room)?
                }
            };
            pieces.push(self.piece(part, at));
        }
        Ok(())
    }

    fn on_stack(
        &mut self,
        which: Which,
        layout: &Layout,
        extend: Extend,
        room: Room,
        pieces: &mut Pieces,
    ) -> Result<(), PlanError> {
        let width = u32::try_from(layout.size).map_err(|_| PlanError::too_large(which, layout))?;
        // A widened value would cover what lies behind it.
        let extend = if room.round < self.abi.word { Extend::None } else { extend };
        let at = self.stack_slot(which, width, room)?;
        pieces.push(Piece { offset: 0, width, extend, at, mirror: None });
        Ok(())
    }

    /// What a value takes on the stack; `parts` if it would have taken registers.
    fn room(&self, layout: &Layout, parts: Option<&Parts>) -> Room {
        let word = self.abi.word;
        // MAX_VALUE is less, and so is the alignment of a type.
        let whole = |n: u64| u32::try_from(n).unwrap_or(1 << 31);
        let natural = natural_align(layout);
        let align = match self.abi.stack {
            StackArgs::Slots => word,
            StackArgs::Aligned => whole(natural).max(word),
            StackArgs::WordOrSixteen => self.word_or_sixteen(layout),
            StackArgs::AlignedToSixteen => whole(natural).max(word).min(16),
            StackArgs::Natural => {
                let homogeneous = parts.is_some_and(|parts| parts.bank() == Bank::Vec);
                if homogeneous || !layout.is_aggregate() {
                    // An attribute may ask for more than the registers would have had.
                    let align = whole(natural).min(16);
                    return Room { align, round: 1 };
                }
                self.word_or_sixteen(layout)
            }
            StackArgs::Words if layout.align >= 16 && contains_binary128(layout) => whole(layout.align),
            StackArgs::Words => word,
        };
        Room { align, round: word }
    }

    fn word_or_sixteen(&self, layout: &Layout) -> u32 {
        let align = match self.abi.pairs {
            Pairs::EvenByMembers => layout.member_align(),
            Pairs::Any | Pairs::EvenByType | Pairs::EvenIfVariable => layout.align,
        };
        if align >= 16 { 16 } else { self.abi.word }
    }

    /// A place for an address.
    fn word(&mut self, which: Which) -> Result<Location, PlanError> {
        let at = match self.abi.int_args.get(self.ints) {
            Some(reg) => {
                self.ints += 1;
                Location::Reg(*reg)
            }
            None => self.stack_word(which)?,
        };
        if matches!(self.abi.slots, Slots::Positional) {
            self.vecs = self.ints;
        }
        Ok(at)
    }

    fn stack_word(&mut self, which: Which) -> Result<Location, PlanError> {
        let word = self.abi.word;
        self.stack_slot(which, word, Room { align: word, round: word })
    }

    fn stack_slot(&mut self, which: Which, width: u32, room: Room) -> Result<Location, PlanError> {
        let start = u64::from(self.stack).next_multiple_of(u64::from(room.align));
        let end = (start + u64::from(width)).next_multiple_of(u64::from(room.round));
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else {
            return Err(PlanError::StackTooLarge(which));
        };
        if end > MAX_STACK {
            return Err(PlanError::StackTooLarge(which));
        }
        self.stack = end;
        self.stack_align = self.stack_align.max(room.align);
        Ok(Location::Stack(start))
    }

    /// Bytes of outgoing stack and the alignment of its start.
    pub(crate) fn stack(&self) -> (u32, u32) {
        (self.stack.next_multiple_of(self.abi.stack_align), self.stack_align)
    }

    /// Bytes of stack that the callee removes.
    pub(crate) fn popped(&self) -> u32 {
        match self.abi.cleanup {
            Cleanup::Caller => 0,
            Cleanup::CallerButAddress => self.address,
            Cleanup::Callee => self.stack,
        }
    }

    /// The number to announce in `al`, if this ABI and this call want it.
    pub(crate) fn vector_regs(&self) -> Option<u8> {
        match (self.abi.variadic, self.variadic_from) {
            (Variadic::CountVectors, Some(_)) => u8::try_from(self.vecs).ok(),
            _ => None,
        }
    }
}

/// Alignment in a call: the alignment attribute of a typedef does not follow a scalar there.
fn natural_align(layout: &Layout) -> u64 {
    match layout.kind {
        Kind::Int { .. } | Kind::Float | Kind::X87 | Kind::Vector { .. } => layout.size,
        Kind::Complex { .. } => layout.size / 2,
        _ => layout.align,
    }
}

/// Whether a value contains an IEEE binary128 number.
fn contains_binary128(layout: &Layout) -> bool {
    let mut found = false;
    let walked = walk::scalars(layout, &mut |scalar| {
        let size = match scalar.layout.kind {
            Kind::Float => scalar.layout.size,
            Kind::Complex { x87: false } => scalar.layout.size / 2,
            _ => 0,
        };
        found |= size == 16 && scalar.absent.is_none();
    });
    found && walked.is_ok()
}

fn next(taken: &mut usize, registers: &[Reg]) -> Option<Reg> {
    let reg = registers.get(*taken).copied()?;
    *taken += 1;
    Some(reg)
}
