//! Tier 0: a plan compiled to moves between the argument record and a frame image.
//!
//! Interpreting a plan as it stands would decide per piece, on every call, how wide it is, how it is
//! widened and which register it goes to. All of that is known at preparation. What is left for the call
//! is a list of moves, each from an offset in the record to an offset in the [`Frame`] or in the stack
//! area, sorted so that the two commonest, 8 bytes and 4 bytes, run in loops without a decision:
//!
//! ```text
//! sysv64(i32, f64, i8) -> i32        the registers' places by Frame::argument
//!   Word       record+8  → xmm0       one loop
//!   Half       record+0  → rdi        one loop
//!   SignByte   record+16 → rsi        by operation
//! ```
//!
//! A result comes back in registers, as from a stub; only one that has to be stored (see
//! [`delivery`](pinvoke_abi::stub::host::delivery())) goes through the frame.
//!
//! A register is always written in its whole width, since the thunk loads it so: a load wider than the store
//! before it would wait for the store to reach the cache. For the same reason the record is read in the
//! width of the value and not in words.

use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of};
use core::ptr;

use pinvoke_abi::plan::{ArgPlan, CallPlan, Extend, Location, Piece, RetPlan, Which};
use pinvoke_abi::record::ArgumentRecord;
use pinvoke_abi::reg::Reg;
use pinvoke_abi::stub::host::delivery;

use crate::arch::{CallCode, Frame, Results, called_from_code, thunk_of};
use crate::native::CodePtr;

use super::{CallError, StackImbalance};

/// Moves of one direction, sorted by operation.
#[derive(Debug)]
struct Moves {
    list: Box<[Move]>,
    /// The first so many are [`Operation::Word`].
    words: usize,
    /// The next so many are [`Operation::Half`].
    halves: usize,
}

/// One transport from the record to the frame or the stack area.
#[derive(Clone, Copy, Debug)]
struct Move {
    /// Offset in the record, in bytes.
    from: u32,
    /// Offset in the frame or the stack area, in bytes.
    to: u32,
    /// Bytes, where the operation does not say.
    len: u32,
    operation: Operation,
}

/// What a move does; the order is that of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    /// 8 bytes.
    Word,
    /// 4 bytes, zero-extended to a register (also where the other bytes are unspecified).
    Half,
    SignHalf,
    ZeroTwo,
    SignTwo,
    ZeroByte,
    SignByte,
    /// Fewer bytes than a register has, the rest zero.
    ZeroOdd,
    /// Fewer bytes than a register has, sign-extended.
    SignOdd,
    /// 4 bytes below ones.
    BoxedHalf,
    /// `len` bytes as they are.
    Copy,
    /// The address of the place in the record.
    Address,
    /// The address of the result buffer.
    ResultAddress,
}

/// A run of bytes from a stored result register to the result buffer.
#[derive(Clone, Copy, Debug)]
struct ResultMove {
    /// Offset in the frame, in bytes.
    from: u32,
    /// Offset in the result buffer, in bytes.
    to: u32,
    /// Bytes.
    width: u32,
}

/// A compiled plan.
#[derive(Debug)]
pub(super) struct Program {
    thunk: CallCode,
    registers: Moves,
    stack_moves: Moves,
    /// Of results that the thunk stores.
    stored: Box<[ResultMove]>,
    stack: usize,
    stack_mask: isize,
    vector_regs: u64,
    /// Bytes of stack that the callee removes.
    popped: u32,
}

/// What [`fill_stack`] needs: lives for one call.
struct StackContext<'p> {
    moves: &'p Moves,
    record: *mut u8,
    ret: *mut u8,
}

/// Bytes of a register, and of a word of the stack.
#[expect(clippy::cast_possible_truncation, reason = "4 or 8")]
const WORD: u32 = size_of::<usize>() as u32;

/// Pieces up to this many bytes are cut into words; longer ones are copied by `memcpy`.
const CUT_INTO_WORDS: u32 = 64;

impl Program {
    pub(super) fn compile(plan: &CallPlan, record: &ArgumentRecord) -> Result<Program, CallError> {
        let mut compiler = Compiler { registers: Vec::with_capacity(8), stack: Vec::new() };
        for (index, (arg, base)) in plan.args().iter().zip(record.offsets()).enumerate() {
            compiler.argument(arg, *base).ok_or(CallError::NoThunk(Which::Argument(index)))?;
        }
        if let RetPlan::Indirect { pointer, .. } = plan.ret() {
            let word = compiler.word(*pointer, 0, Operation::ResultAddress);
            word.ok_or(CallError::NoThunk(Which::Result))?;
        }
        let stored = if delivery(plan).is_stored() { stored(plan.ret()) } else { Some(Box::default()) };
        let stored = stored.ok_or(CallError::NoThunk(Which::Result))?;
        let thunk = thunk_of(plan).ok_or(CallError::NoThunk(Which::Result))?;
        // At most MAX_STACK, see CallPlan.
        let stack = plan.stack() as usize;
        Ok(Program {
            thunk,
            registers: Moves::sort(compiler.registers),
            stack_moves: Moves::sort(compiler.stack),
            stored,
            stack,
            stack_mask: (plan.stack_align() as usize).cast_signed().wrapping_neg(),
            vector_regs: plan.vector_regs().unwrap_or(0).into(),
            popped: plan.popped(),
        })
    }

    /// Performs the call.
    ///
    /// # Safety
    /// As for [`super::PreparedCall::invoke`]; and `results` is of the same plan.
    #[inline(never)]
    pub(super) unsafe fn run(
        &self,
        results: Results,
        target: CodePtr,
        record: *mut u8,
        ret: *mut u8,
    ) -> Result<(), StackImbalance> {
        let context = StackContext { moves: &self.stack_moves, record, ret };
        let mut frame = MaybeUninit::<Frame>::uninit();
        let image = frame.as_mut_ptr();
        self.write_head(&mut frame, target, &context);
        // SAFETY: the caller's record and result buffer are valid for all moves, and every destination
        // lies in the frame (`Frame::argument` gives no other).
        unsafe { self.registers.run(record, ret, image.cast()) };
        // SAFETY: the head is filled in; the moves of the plan have filled the registers, and `fill`
        // writes the plan's stack words into `self.stack` bytes. The caller vouches for the target, and
        // the thunk was chosen for the plan.
        unsafe { self.thunk.call(results, image.cast_const().cast(), record, ret) };
        for r in &self.stored {
            // SAFETY: in the frame, by `Frame::result`.
            let from = unsafe { image.cast::<u8>().add(r.from as usize) };
            // SAFETY: the caller's result buffer has `ret_size` bytes, of which the plan covers each once.
            let to = unsafe { ret.add(r.to as usize) };
            // SAFETY: the thunk of this kind has stored the register; both ranges are valid.
            unsafe { ptr::copy_nonoverlapping(from, to, r.width as usize) };
        }
        let Some(removed) = Frame::REMOVED else { return Ok(()) };
        // SAFETY: a field of the frame.
        let removed = unsafe { image.byte_add(removed) }.cast::<u32>();
        // SAFETY: of this type, and the thunk has stored it.
        let removed = unsafe { removed.read() }.cast_signed();
        let expected = self.popped.cast_signed();
        if removed == expected { Ok(()) } else { Err(StackImbalance { expected, removed }) }
    }

    fn write_head(&self, frame: &mut MaybeUninit<Frame>, target: CodePtr, context: &StackContext<'_>) {
        fn put<T>(frame: &mut MaybeUninit<Frame>, offset: usize, value: T) {
            debug_assert!(offset + size_of::<T>() <= size_of::<Frame>());
            // SAFETY: `offset` is that of a field of type `T`.
            let field = unsafe { frame.as_mut_ptr().byte_add(offset) };
            // SAFETY: valid and aligned, being a field.
            unsafe { field.cast::<T>().write(value) };
        }
        put(frame, offset_of!(Frame, target), target.as_ptr());
        put(frame, offset_of!(Frame, stack), self.stack);
        if let Some(vector_regs) = Frame::VECTOR_REGS {
            put(frame, vector_regs, self.vector_regs);
        }
        if self.stack != 0 {
            put(frame, offset_of!(Frame, stack_mask), self.stack_mask);
            put::<crate::arch::Fill>(frame, offset_of!(Frame, fill), fill_stack);
            put(frame, offset_of!(Frame, fill_context), ptr::from_ref(context).cast::<c_void>());
        }
    }
}

called_from_code! {
    /// Writes the stack words of a call where the callee expects them.
    ///
    /// # Safety
    /// `context` is a [`StackContext`] whose buffers are valid, `stack` the area of its plan.
    unsafe fn fill_stack(context: *const c_void, stack: *mut u8) {
        // SAFETY: by contract.
        let context = unsafe { &*context.cast::<StackContext<'_>>() };
        // SAFETY: by contract; the plan's stack pieces lie within its stack area.
        unsafe { context.moves.run(context.record, context.ret, stack) };
    }
}

impl Moves {
    fn sort(mut list: Vec<Move>) -> Moves {
        list.sort_by_key(|m| m.operation);
        let words = list.partition_point(|m| m.operation <= Operation::Word);
        let halves = list.partition_point(|m| m.operation <= Operation::Half) - words;
        Moves { list: list.into(), words, halves }
    }

    /// # Safety
    /// - every source lies in the record behind `record`, every destination behind `to`;
    /// - `ret` is what the callee may write its result to, if any move hands it out.
    #[inline(always)]
    unsafe fn run(&self, record: *mut u8, ret: *mut u8, to: *mut u8) {
        let (words, rest) = self.list.split_at(self.words);
        for m in words {
            // SAFETY: by contract.
            let word = unsafe { load::<u64>(record, m.from) };
            // SAFETY: by contract.
            unsafe { put::<u64>(to, m.to, word) };
        }
        let (halves, rest) = rest.split_at(self.halves);
        for m in halves {
            // SAFETY: by contract.
            let half = unsafe { load::<u32>(record, m.from) };
            // SAFETY: by contract.
            unsafe { put::<usize>(to, m.to, half as usize) };
        }
        for m in rest {
            // SAFETY: by contract.
            unsafe { m.run(record, ret, to) };
        }
    }
}

impl Move {
    /// # Safety
    /// As for [`Moves::run`].
    #[inline]
    unsafe fn run(self, record: *mut u8, ret: *mut u8, to: *mut u8) {
        let from = self.from;
        let word = match self.operation {
            Operation::Word => {
                // SAFETY: by contract, here and in all arms below.
                let word = unsafe { load::<u64>(record, from) };
                // SAFETY: by contract.
                return unsafe { put::<u64>(to, self.to, word) };
            }
            // SAFETY: by contract.
            Operation::Half => unsafe { load::<u32>(record, from) as usize },
            // SAFETY: by contract.
            Operation::SignHalf => widened(unsafe { load::<i32>(record, from) }.into()),
            // SAFETY: by contract.
            Operation::ZeroTwo => unsafe { load::<u16>(record, from) }.into(),
            // SAFETY: by contract.
            Operation::SignTwo => widened(unsafe { load::<i16>(record, from) }.into()),
            // SAFETY: by contract.
            Operation::ZeroByte => unsafe { load::<u8>(record, from) }.into(),
            // SAFETY: by contract.
            Operation::SignByte => widened(unsafe { load::<i8>(record, from) }.into()),
            // SAFETY: by contract.
            Operation::ZeroOdd => unsafe { load_odd(record, from, self.len) },
            Operation::SignOdd => {
                // SAFETY: by contract.
                let value = unsafe { load_odd(record, from, self.len) };
                let unused = usize::BITS - 8 * self.len;
                ((value << unused).cast_signed() >> unused).cast_unsigned()
            }
            Operation::BoxedHalf => {
                // SAFETY: by contract.
                let half = unsafe { load::<u32>(record, from) };
                widened(!i64::from(u32::MAX) | i64::from(half))
            }
            Operation::Copy => {
                // SAFETY: by contract.
                let source = unsafe { record.add(from as usize) };
                // SAFETY: by contract.
                let destination = unsafe { to.add(self.to as usize) };
                // SAFETY: by contract; the record and the machine's stack do not overlap.
                unsafe { ptr::copy_nonoverlapping(source, destination, self.len as usize) };
                return;
            }
            // SAFETY: by contract.
            Operation::Address => unsafe { record.add(from as usize) }.expose_provenance(),
            Operation::ResultAddress => ret.expose_provenance(),
        };
        // SAFETY: by contract.
        unsafe { put::<usize>(to, self.to, word) };
    }
}

/// A signed value in a register.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "values wider than a register are cut into words")]
fn widened(value: i64) -> usize {
    (value as isize).cast_unsigned()
}

/// # Safety
/// There is room for a `T` at `to + offset`.
#[inline(always)]
unsafe fn put<T>(to: *mut u8, offset: u32, value: T) {
    // SAFETY: by contract.
    let place = unsafe { to.add(offset as usize) };
    // SAFETY: by contract.
    unsafe { place.cast::<T>().write_unaligned(value) };
}

/// # Safety
/// There is a `T`, a plain integer, at `record + offset`.
#[inline(always)]
unsafe fn load<T: Copy>(record: *const u8, offset: u32) -> T {
    // SAFETY: by contract.
    let place = unsafe { record.add(offset as usize) };
    // SAFETY: by contract.
    unsafe { place.cast::<T>().read_unaligned() }
}

/// # Safety
/// There are `len` bytes, fewer than a register has, at `record + offset`.
unsafe fn load_odd(record: *const u8, offset: u32, len: u32) -> usize {
    let mut bytes = [0_u8; size_of::<usize>()];
    // SAFETY: by contract.
    let source = unsafe { record.add(offset as usize) };
    // SAFETY: by contract; `bytes` has as many as a register.
    unsafe { ptr::copy_nonoverlapping(source, bytes.as_mut_ptr(), len as usize) };
    usize::from_ne_bytes(bytes)
}

struct Compiler {
    registers: Vec<Move>,
    stack: Vec<Move>,
}

impl Compiler {
    /// `None`: a piece travels in a way that the frame has no place for.
    fn argument(&mut self, arg: &ArgPlan, base: u32) -> Option<()> {
        match arg {
            ArgPlan::Direct(pieces) => {
                for piece in pieces.iter() {
                    self.piece(piece, base + piece.offset)?;
                }
                Some(())
            }
            ArgPlan::ByReference { at, .. } => self.word(*at, base, Operation::Address),
        }
    }

    fn piece(&mut self, piece: &Piece, from: u32) -> Option<()> {
        match piece.at {
            Location::Reg(reg) => {
                self.register(piece, reg, from)?;
                piece.mirror.map_or(Some(()), |mirror| self.register(piece, mirror, from))
            }
            Location::Stack(at) if piece.width > CUT_INTO_WORDS => {
                self.stack.push(Move { from, to: at, len: piece.width, operation: Operation::Copy });
                Some(())
            }
            Location::Stack(at) => {
                self.cut(piece, from, |c, m| c.stack.push(Move { to: at + m.to, ..m }));
                Some(())
            }
        }
    }

    fn register(&mut self, piece: &Piece, reg: Reg, from: u32) -> Option<()> {
        let at = Frame::argument(reg)?;
        if piece.width > reg.bytes() {
            return None;
        }
        self.cut(piece, from, |c, m| c.registers.push(Move { to: at + m.to, ..m }));
        Some(())
    }

    /// Cuts a piece into words and a widened rest; `to` counts from the start of the piece.
    fn cut(&mut self, piece: &Piece, from: u32, mut put: impl FnMut(&mut Compiler, Move)) {
        let mut done = 0;
        while piece.width - done >= 8 {
            put(self, Move { from: from + done, to: done, len: 8, operation: Operation::Word });
            done += 8;
        }
        // Of 5 to 7 bytes, where a register has but 4, the last are written last: before them comes a whole register.
        if piece.width - done > WORD {
            put(self, Move { from: from + done, to: done, len: 4, operation: Operation::Half });
            done += 4;
        }
        let len = piece.width - done;
        let operation = match (len, piece.extend) {
            (0, _) => return,
            (4, Extend::Sign) => Operation::SignHalf,
            (4, Extend::Ones) => Operation::BoxedHalf,
            (4, _) => Operation::Half,
            (2, Extend::Sign) => Operation::SignTwo,
            (2, _) => Operation::ZeroTwo,
            (1, Extend::Sign) => Operation::SignByte,
            (1, _) => Operation::ZeroByte,
            (_, Extend::Sign) => Operation::SignOdd,
            (_, _) => Operation::ZeroOdd,
        };
        put(self, Move { from: from + done, to: done, len, operation });
    }

    fn word(&mut self, at: Location, from: u32, operation: Operation) -> Option<()> {
        match at {
            Location::Reg(reg) => {
                self.registers.push(Move { from, to: Frame::argument(reg)?, len: WORD, operation });
            }
            Location::Stack(to) => self.stack.push(Move { from, to, len: WORD, operation }),
        }
        Some(())
    }
}

/// How a result is stored that is not delivered in the registers of a function.
fn stored(ret: &RetPlan) -> Option<Box<[ResultMove]>> {
    let RetPlan::Direct(pieces) = ret else { return None };
    let mut moves = Vec::with_capacity(pieces.len());
    for piece in pieces.iter() {
        let Location::Reg(reg) = piece.at else { return None };
        if piece.width > reg.bytes() {
            return None;
        }
        moves.push(ResultMove { from: Frame::result(reg)?, to: piece.offset, width: piece.width });
    }
    Some(moves.into())
}
