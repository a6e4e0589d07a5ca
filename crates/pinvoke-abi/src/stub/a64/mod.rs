//! Downcall stubs for AArch64.
//!
//! # Shape of the code
//! On entry `x0` is the target, `x1` the argument record, `x2` the result buffer. A call that needs no stack is loads
//! and a jump, and the callee returns straight to our caller, with the result in the registers that a function returns
//! in (see [`Delivery`]):
//!
//! ```text
//!   bti  c
//!   mov  x16, x0
//!   mov  x9, x1               only if an argument travels in x1
//!   mov  x8, x2               only if the result is memory
//!   …loads…
//!   br   x16
//! ```
//!
//! All others come back to take their stack words away:
//!
//! ```text
//!   bti  c
//!   stp  x29, x30, [sp, #-32]!
//!   mov  x29, sp
//!   str  x2, [sp, #16]        only if the result is stored
//!   sub  sp, sp, #n           above a page, touching every page; aligned, if an argument wants more than 16 bytes
//!   …as above, with stack words through x10…
//!   blr  x16
//!   mov  sp, x29
//!   ldr  x9, [sp, #16]        only if the result is stored
//!   …result, in its own width…
//!   ldp  x29, x30, [sp], #32
//!   ret
//! ```
//!
//! # Choices
//! * The jump goes through `x16`, from which branch target identification lets a function be entered.
//! * All frames have 32 bytes, so that [one description](eh_frame) is true for every stub.
//! * Values are loaded in their own width, never in wider words, for the reason that x86-64 has: a load wider than
//!   the store before it waits for the cache. Pieces of 3, 5, 6 and 7 bytes are read as whole words; the record
//!   guarantees that these belong to the value.
//! * Stack words are written in their own width too: Apple's variant packs them.
//! * Structures above 16 bytes travel by reference on this architecture, so there are no long copies to make.

mod assembler;
mod delivery;
mod unwind;

use crate::plan::{ArgPlan, CallPlan, Extend, Location, Piece, RetPlan};
use crate::record::ArgumentRecord;
use crate::reg::Reg;

use super::{MAX_STUB, StubError};

pub use self::assembler::Assembler;
use self::assembler::{Access, SP, X};
pub use self::delivery::{Delivery, delivery};
pub use self::unwind::eh_frame;

/// A stub of no call that returns 42, to see whether code may run: `bti c; mov w0, #42; ret`.
pub const PROBE: [u8; 12] = [0x5F, 0x24, 0x03, 0xD5, 0x40, 0x05, 0x80, 0x52, 0xC0, 0x03, 0x5F, 0xD6];

/// What fills the room between stubs, where nothing may run: `udf #0`.
pub const FILLER: u8 = 0;

/// Bytes of the frame of a stub that calls.
const FRAME: u8 = 32;
/// Where in it the address of the result buffer waits.
const SAVED_RET: u32 = 16;

/// The stack is touched at least once per so many bytes on the way down.
const PAGE: u32 = 4096;

const TARGET: X = X(16);
/// The argument record, if an argument travels in `x1`; the result buffer behind the call.
const BASE: X = X(9);
const SCRATCH: X = X(10);
const FP: X = X(29);

/// Writes the stub of `plan` into `out`, in place of what was there.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::ArgumentRecord;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::a64::{Assembler, encode};
/// use pinvoke_abi::target::Target;
///
/// let signature = Signature::parse(Target::AARCH64_LINUX, "(i32)->i32")?;
/// let plan = CallPlan::new(&signature)?;
/// let mut code = Assembler::new();
/// encode(&plan, &ArgumentRecord::new(&signature, &plan)?, &mut code)?;
/// // bti c; mov x16, x0; ldr w0, [x1]; br x16
/// assert_eq!(code.code().len(), 16);
/// assert_eq!(code.code()[..4], [0x5F, 0x24, 0x03, 0xD5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StubError`]: the call needs more code than is sensible, or a piece travels in a way that the
/// encoder does not know.
pub fn encode(plan: &CallPlan, record: &ArgumentRecord, out: &mut Assembler) -> Result<(), StubError> {
    out.clear();
    out.bti_c();
    let mut stub = Stub { out, plan, record, base: X(1) };
    let stores = delivery(plan).is_stored();
    if plan.stack() == 0 && !stores {
        stub.keep();
        stub.registers()?;
        stub.out.br(TARGET);
    } else {
        stub.enter(stores);
        stub.keep();
        stub.stack()?;
        stub.registers()?;
        stub.out.blr(TARGET);
        stub.out.mov_sp(SP, FP);
        if stores {
            stub.results()?;
        }
        stub.out.pop_frame(FRAME);
        stub.out.ret();
    }
    if stub.out.len() > MAX_STUB { Err(StubError::TooLong) } else { Ok(()) }
}

struct Stub<'a> {
    out: &'a mut Assembler,
    plan: &'a CallPlan,
    record: &'a ArgumentRecord,
    /// The register that holds the argument record.
    base: X,
}

impl Stub<'_> {
    /// Whether an argument travels in `xN`.
    fn uses(&self, n: u8) -> bool {
        let is = |at: &Location| *at == Location::Reg(Reg::X(n));
        self.plan.args().iter().any(|arg| match arg {
            ArgPlan::Direct(pieces) => pieces.iter().any(|piece| is(&piece.at)),
            ArgPlan::ByReference { at, .. } => is(at),
        })
    }

    /// Takes what we work from out of the way of arguments.
    fn keep(&mut self) {
        self.out.mov(TARGET, X(0));
        if self.uses(1) {
            self.out.mov(BASE, X(1));
            self.base = BASE;
        }
    }

    /// Makes the frame and room for the stack words.
    fn enter(&mut self, stores: bool) {
        let (stack, align) = (self.plan.stack(), self.plan.stack_align());
        self.out.push_frame(FRAME);
        self.out.mov_sp(FP, SP);
        if stores {
            self.out.access(Access::STR_X, 2, SP, SAVED_RET);
        }
        if stack == 0 {
            return;
        }
        if stack < PAGE && align <= 16 {
            self.out.sub(SP, SP, stack);
            return;
        }
        self.out.sub(BASE, SP, stack);
        if align > 16 {
            self.out.align(BASE, BASE, align);
        }
        if stack + align >= PAGE {
            self.out.lower_stack_by_pages(BASE);
        } else {
            self.out.mov_sp(SP, BASE);
        }
    }

    /// Every word that travels on the stack.
    fn stack(&mut self) -> Result<(), StubError> {
        let (plan, record) = (self.plan, self.record);
        for (index, (arg, base)) in plan.args().iter().zip(record.offsets()).enumerate() {
            match arg {
                ArgPlan::Direct(pieces) => {
                    for piece in pieces.iter() {
                        if let Location::Stack(to) = piece.at {
                            self.stack_piece(index, piece, base + piece.offset, to)?;
                        }
                    }
                }
                ArgPlan::ByReference { at: Location::Stack(to), .. } => {
                    self.out.add(SCRATCH, self.base, *base);
                    self.out.access(Access::STR_X, SCRATCH.0, SP, *to);
                }
                ArgPlan::ByReference { at: Location::Reg(_), .. } => {}
            }
        }
        Ok(())
    }

    fn stack_piece(&mut self, index: usize, piece: &Piece, from: u32, to: u32) -> Result<(), StubError> {
        if piece.extend == Extend::Sign && !piece.width.is_power_of_two() {
            return Err(StubError::Piece(Some(index)));
        }
        let mut done = 0;
        while done < piece.width {
            let (size, load, store) = match piece.width - done {
                8.. => (8, Access::LDR_X, Access::STR_X),
                4.. => (4, Access::LDR_W, Access::STR_W),
                2.. => (2, Access::LDRH, Access::STRH),
                _ => (1, Access::LDRB, Access::STRB),
            };
            self.out.access(load, SCRATCH.0, self.base, from + done);
            self.out.access(store, SCRATCH.0, SP, to + done);
            done += size;
        }
        Ok(())
    }

    /// Every register.
    fn registers(&mut self) -> Result<(), StubError> {
        let (plan, record) = (self.plan, self.record);
        match plan.ret() {
            RetPlan::Void | RetPlan::Direct(_) => {}
            // Before any argument is loaded into x2.
            RetPlan::Indirect { pointer: Location::Reg(Reg::X(r)), .. } => self.out.mov(X(*r), X(2)),
            RetPlan::Indirect { .. } => return Err(StubError::Piece(None)),
        }
        for (index, (arg, base)) in plan.args().iter().zip(record.offsets()).enumerate() {
            match arg {
                ArgPlan::Direct(pieces) => {
                    for piece in pieces.iter() {
                        if let Location::Reg(reg) = piece.at {
                            let known = piece.mirror.is_none() && self.load(reg, piece, base + piece.offset);
                            known.then_some(()).ok_or(StubError::Piece(Some(index)))?;
                        }
                    }
                }
                ArgPlan::ByReference { at: Location::Reg(Reg::X(r)), .. } => {
                    self.out.add(X(*r), self.base, *base);
                }
                ArgPlan::ByReference { at: Location::Reg(_), .. } => {
                    return Err(StubError::Piece(Some(index)));
                }
                ArgPlan::ByReference { at: Location::Stack(_), .. } => {}
            }
        }
        Ok(())
    }

    /// Loads a register; whether there is an instruction for that.
    fn load(&mut self, reg: Reg, piece: &Piece, from: u32) -> bool {
        let (access, register) = match (reg, piece.width, piece.extend) {
            (Reg::X(n), 1, Extend::Sign) => (Access::LDRSB, n),
            (Reg::X(n), 2, Extend::Sign) => (Access::LDRSH, n),
            (Reg::X(n), 4, Extend::Sign) => (Access::LDRSW, n),
            (Reg::X(n), 1, _) => (Access::LDRB, n),
            (Reg::X(n), 2, _) => (Access::LDRH, n),
            (Reg::X(n), 4, _) => (Access::LDR_W, n),
            (Reg::X(n), 8, _) => (Access::LDR_X, n),
            (Reg::X(n), 1..8, Extend::None) if piece.offset.is_multiple_of(8) => (Access::LDR_X, n),
            (Reg::V(n), 4, Extend::None) => (Access::LDR_S, n),
            (Reg::V(n), 8, Extend::None) => (Access::LDR_D, n),
            (Reg::V(n), 16, Extend::None) => (Access::LDR_Q, n),
            _ => return false,
        };
        self.out.access(access, register, self.base, from);
        true
    }

    /// Stores what came back in the buffer whose address waits in the frame.
    fn results(&mut self) -> Result<(), StubError> {
        let RetPlan::Direct(pieces) = self.plan.ret() else { return Ok(()) };
        self.out.access(Access::LDR_X, BASE.0, SP, SAVED_RET);
        for piece in pieces.iter() {
            let Location::Reg(reg) = piece.at else { return Err(StubError::Piece(None)) };
            match (reg, piece.width) {
                (Reg::V(n), 4) => self.out.access(Access::STR_S, n, BASE, piece.offset),
                (Reg::V(n), 8) => self.out.access(Access::STR_D, n, BASE, piece.offset),
                (Reg::V(n), 16) => self.out.access(Access::STR_Q, n, BASE, piece.offset),
                (Reg::X(n), 1..=8) => self.store_int(X(n), piece.offset, piece.width),
                _ => return Err(StubError::Piece(None)),
            }
        }
        Ok(())
    }

    /// Stores the low `width` bytes of a register, and not one more.
    fn store_int(&mut self, from: X, offset: u32, width: u32) {
        let mut done = 0;
        for (size, store) in [(8, Access::STR_X), (4, Access::STR_W), (2, Access::STRH), (1, Access::STRB)] {
            if width & size == 0 {
                continue;
            }
            self.out.access(store, from.0, BASE, offset + done);
            done += size;
            if done < width {
                self.out.lsr(from, from, size * 8);
            }
        }
    }
}
