//! Downcall stubs for x86-64, System V and Microsoft x64 alike.
//!
//! # Shape of the code
//! On entry `rdi` is the target, `rsi` the argument record, `rdx` the result buffer. A call that needs no
//! stack is loads and a jump, and the callee returns straight to our caller, with the result in the
//! registers that a function returns in (see [`Delivery`]):
//!
//! ```text
//!   endbr64
//!   mov  r11, rdi             only if an argument travels in rdi
//!   …loads…
//!   jmp  r11
//! ```
//!
//! All others come back to take their stack words away:
//!
//! ```text
//!   endbr64
//!   sub  rsp, n               stack words and one more; above a page, touching every page
//!   mov  r11, rdi
//!   mov  [rsp+n-8], rdx       the result buffer; only if the result is stored
//!   …stack words…             in pairs through xmm0, alone through rax; long ones by rep movsq
//!   …registers…               rsi last, being the base of all loads
//!   mov  eax, k               variadic: number of vector registers
//!   call r11
//!   add  rsp, n               if the result is stored: n-8, which leaves the result buffer to be popped
//!   pop  rcx                  only if the result is stored
//!   …result, in its own width…
//!   ret
//! ```
//!
//! An argument that is aligned to more than 16 bytes makes the size of the frame unknown; then `push rbp;
//! mov rbp, rsp` and an `and rsp` come first, behind a `push rdx` if the result is stored, and `leave` behind the
//! call takes the place of `add`.
//!
//! Nothing is kept below the stack pointer: System V has a red zone there, Windows has none.
//!
//! # Unwinding
//! What unwinds out of a callee meets a stub at its call, if at all: code that jumped is gone. The
//! instruction behind the call says how large the frame is, so that [one description](eh_frame) is true
//! for every stub, and none has to be written per stub.
//!
//! # Choices
//! * Values are loaded in their own width, never in wider words: a caller has just stored them in that
//!   width, and a load wider than the store it depends on waits for the cache. Equal shapes are therefore
//!   those of equal widths: `int(int, int)` and `unsigned(unsigned, unsigned)` are one stub, and
//!   `long(long, long)` is another.
//! * Pieces of 3, 5, 6 and 7 bytes are read as whole words; the record guarantees that these belong to
//!   the value.
//! * A short call with many arguments is as long as the stores it makes. So two arguments of a whole word that
//!   are neighbours on the stack are stored as one, though they are loaded one by one (parts of one structure
//!   gain nothing by it: a callee that reads them otherwise waits for the longer way); and there is no frame
//!   pointer where the size of the frame is known.
//! * No callee-saved register but `rbp` is touched, so there is nothing else to save.
//! * Microsoft x64 callees preserve more than System V asks of a stub, never less.

mod assembler;
mod delivery;
mod seh;
mod unwind;

use crate::plan::{ArgPlan, CallPlan, Extend, Location, Piece, RetPlan};
use crate::record::ArgumentRecord;
use crate::reg::{Gpr, Reg};

use super::{MAX_STUB, StubError};

pub use self::assembler::Assembler;
use self::assembler::{Mem, Shift, VecWidth, Width};
pub use self::delivery::{Delivery, Word, delivery};
pub use self::seh::unwind_info;
pub use self::unwind::eh_frame;

/// A stub of no call that returns 42, to see whether code may run: `endbr64; mov eax, 42; ret`.
pub const PROBE: [u8; 10] = [0xF3, 0x0F, 0x1E, 0xFA, 0xB8, 42, 0, 0, 0, 0xC3];

/// What fills the room between stubs, where nothing may run: `int3`.
pub const FILLER: u8 = 0xCC;

/// Stack pieces up to this many bytes are copied in words: a structure has often been written so.
const BY_WORDS: u32 = 64;

/// Stack pieces up to this many bytes are copied in vector registers, longer ones by `rep movsq`, which
/// costs some 30 cycles to start.
const BY_VECTORS: u32 = 256;

/// The stack is touched at least once per so many bytes on the way down.
const PAGE: u32 = 4096;

/// Writes the stub of `plan` into `out`, in place of what was there.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::ArgumentRecord;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::x64::{Assembler, encode};
/// use pinvoke_abi::target::Target;
///
/// let code = |text| {
///     let signature = Signature::parse(Target::X86_64_LINUX, text)?;
///     let plan = CallPlan::new(&signature)?;
///     let mut code = Assembler::new();
///     encode(&plan, &ArgumentRecord::new(&signature, &plan)?, &mut code)?;
///     Ok::<_, Box<dyn std::error::Error>>(code.code().to_vec())
/// };
/// assert_eq!(code("(i32)")?[..4], [0xF3, 0x0F, 0x1E, 0xFA]); // endbr64
/// // Equal shapes have equal bytes, whatever the types.
/// assert_eq!(code("(i32,i32)->i32")?, code("(u32,u32)->u32")?);
/// assert_ne!(code("(i32,i32)->i32")?, code("(i64,i64)->i32")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StubError`]: the call needs more code than is sensible, or a piece travels in a way that the
/// encoder does not know.
pub fn encode(plan: &CallPlan, record: &ArgumentRecord, out: &mut Assembler) -> Result<(), StubError> {
    out.clear();
    out.endbr64();
    let mut stub = Stub { out, plan, record, base: Gpr::Rsi };
    let stores = delivery(plan) == Delivery::Stored;
    if plan.stack() == 0 && !stores {
        let target = if stub.uses(Gpr::Rdi) { stub.move_target() } else { Gpr::Rdi };
        stub.registers()?;
        stub.out.jump(target);
    } else {
        let frame = stub.enter(stores);
        let target =
            if stub.uses(Gpr::Rdi) || stub.copies_long_pieces() { stub.move_target() } else { Gpr::Rdi };
        stub.stack()?;
        stub.registers()?;
        stub.out.call(target);
        stub.take_away(frame, stores);
        if stores {
            stub.results()?;
        }
        stub.out.ret();
    }
    if stub.out.len() > MAX_STUB { Err(StubError::TooLong) } else { Ok(()) }
}

/// What a stub has on the machine's stack during the call.
#[derive(Clone, Copy)]
enum Frame {
    /// So many bytes.
    Sized(u32),
    /// A number of bytes that depends on how the stack was aligned before, below a saved `rbp`.
    Aligned,
}

/// A whole word that travels on the stack: offsets in the record and on the stack.
#[derive(Clone, Copy)]
struct StackWord {
    from: u32,
    to: u32,
}

struct Stub<'a> {
    out: &'a mut Assembler,
    plan: &'a CallPlan,
    record: &'a ArgumentRecord,
    /// The register that holds the argument record.
    base: Gpr,
}

impl Stub<'_> {
    /// Whether an argument travels in `r`.
    fn uses(&self, r: Gpr) -> bool {
        let int = |at: &Location| *at == Location::Reg(Reg::Int(r));
        let ret = matches!(self.plan.ret(), RetPlan::Indirect { pointer, .. } if int(pointer));
        ret || self.plan.args().iter().any(|arg| match arg {
            ArgPlan::Direct(pieces) => pieces.iter().any(|p| int(&p.at) || p.mirror == Some(Reg::Int(r))),
            ArgPlan::ByReference { at, .. } => int(at),
        })
    }

    fn move_target(&mut self) -> Gpr {
        self.out.mov(Gpr::R11, Gpr::Rdi);
        Gpr::R11
    }

    /// Makes room for the stack words, with the stack aligned for the call, and saves the address of the
    /// result buffer above them if the result is to be stored.
    fn enter(&mut self, stores: bool) -> Frame {
        let (stack, align) = (self.plan.stack(), self.plan.stack_align());
        if align > 16 {
            if stores {
                self.out.push(Gpr::Rdx);
            }
            self.out.push(Gpr::Rbp);
            self.out.mov(Gpr::Rbp, Gpr::Rsp);
            self.room(stack + align);
            self.out.align_rsp(align);
            return Frame::Aligned;
        }
        // Behind our return address the stack pointer is 8 off.
        let size = stack + 8;
        self.room(size);
        if stores {
            let place = Mem { base: Gpr::Rsp, disp: stack.cast_signed() };
            self.out.store(place, Gpr::Rdx, Width::B8);
        }
        Frame::Sized(size)
    }

    fn room(&mut self, bytes: u32) {
        if bytes >= PAGE {
            self.out.grow_stack_by_pages(bytes);
        } else {
            self.out.sub_rsp(bytes);
        }
    }

    /// Ends the frame, right behind the call, where [`eh_frame`] looks for it. Leaves the address of the result
    /// buffer in `rcx` if it was saved.
    fn take_away(&mut self, frame: Frame, stores: bool) {
        match frame {
            Frame::Sized(size) => self.out.add_rsp(size - if stores { 8 } else { 0 }),
            Frame::Aligned => self.out.leave(),
        }
        if stores {
            self.out.pop(Gpr::Rcx);
        }
    }

    fn is_long(piece: &Piece) -> bool {
        matches!(piece.at, Location::Stack(_)) && piece.width > BY_VECTORS
    }

    /// Whether `rep movsq` is needed, which takes `rdi`, `rsi` and `rcx`.
    fn copies_long_pieces(&self) -> bool {
        let has_long = |a: &ArgPlan| matches!(a, ArgPlan::Direct(pieces) if pieces.iter().any(Self::is_long));
        self.plan.stack() > BY_VECTORS && self.plan.args().iter().any(has_long)
    }

    /// Every word that travels on the stack.
    fn stack(&mut self) -> Result<(), StubError> {
        let (plan, record) = (self.plan, self.record);
        if plan.stack() == 0 {
            return Ok(());
        }
        if self.copies_long_pieces() {
            self.out.mov(Gpr::R10, Gpr::Rsi);
            self.base = Gpr::R10;
        }
        let mut first = None;
        for (index, (arg, base)) in plan.args().iter().zip(record.offsets()).enumerate() {
            match arg {
                ArgPlan::Direct(pieces) => {
                    for piece in pieces.iter() {
                        if let Location::Stack(to) = piece.at {
                            self.stack_piece(index, piece, base + piece.offset, to, &mut first)?;
                        }
                    }
                }
                ArgPlan::ByReference { at: Location::Stack(to), .. } => {
                    let from = self.at(*base)?;
                    self.out.lea(Gpr::Rax, from);
                    self.out.store(stack_word(*to)?, Gpr::Rax, Width::B8);
                }
                ArgPlan::ByReference { at: Location::Reg(_), .. } => {}
            }
        }
        self.lone_word(first)?;
        if let RetPlan::Indirect { pointer: Location::Stack(to), .. } = plan.ret() {
            self.out.store(stack_word(*to)?, Gpr::Rdx, Width::B8);
        }
        Ok(())
    }

    /// One piece. `first` is a word that was left for later, because the next may be its neighbour.
    fn stack_piece(
        &mut self,
        index: usize,
        piece: &Piece,
        from: u32,
        to: u32,
        first: &mut Option<StackWord>,
    ) -> Result<(), StubError> {
        if !to.is_multiple_of(8) || (piece.width > 8 && !piece.offset.is_multiple_of(8)) {
            return Err(StubError::Piece(Some(index)));
        }
        let mut done = 0;
        if piece.width > BY_VECTORS {
            let (source, destination) = (self.at(from)?, stack_word(to)?);
            self.out.lea(Gpr::Rsi, source);
            self.out.lea(Gpr::Rdi, destination);
            self.out.mov_imm(Gpr::Rcx, piece.width / 8);
            self.out.copy_words();
            done = piece.width / 8 * 8;
        } else if piece.width > BY_WORDS {
            while piece.width - done >= 16 {
                let (source, destination) = (self.at(from + done)?, stack_word(to + done)?);
                self.out.load_vec(0, source, VecWidth::B16);
                self.out.store_vec(destination, 0, VecWidth::B16);
                done += 16;
            }
        }
        while done < piece.width {
            let width = (piece.width - done).min(8);
            if piece.width == 8 {
                self.whole_word(StackWord { from: from + done, to: to + done }, first)?;
            } else {
                let part = Piece { offset: piece.offset + done, width, ..*piece };
                self.load_int(Gpr::Rax, &part, from + done, Some(index))?;
                self.out.store(stack_word(to + done)?, Gpr::Rax, Width::B8);
            }
            done += width;
        }
        Ok(())
    }

    /// Stores a word with the one below it, or leaves it for the one above.
    fn whole_word(&mut self, word: StackWord, first: &mut Option<StackWord>) -> Result<(), StubError> {
        match first.take() {
            Some(below) if below.to + 8 == word.to => {
                let (lower, upper) = (self.at(below.from)?, self.at(word.from)?);
                self.out.load_vec(0, lower, VecWidth::B8);
                self.out.load_vec_upper(0, upper);
                self.out.store_vec(stack_word(below.to)?, 0, VecWidth::B16);
            }
            other => {
                self.lone_word(other)?;
                *first = Some(word);
            }
        }
        Ok(())
    }

    fn lone_word(&mut self, word: Option<StackWord>) -> Result<(), StubError> {
        if let Some(StackWord { from, to }) = word {
            let from = self.at(from)?;
            self.out.load(Gpr::Rax, from, Width::B8, false);
            self.out.store(stack_word(to)?, Gpr::Rax, Width::B8);
        }
        Ok(())
    }

    /// Every register; the base of the loads last.
    fn registers(&mut self) -> Result<(), StubError> {
        let (plan, record) = (self.plan, self.record);
        if let RetPlan::Indirect { pointer: Location::Reg(reg), .. } = plan.ret() {
            match reg {
                // Before any argument is loaded into rdx.
                Reg::Int(r) if *r != Gpr::Rsi => self.out.mov(*r, Gpr::Rdx),
                _ => return Err(StubError::Piece(None)),
            }
        }
        let mut last = None;
        for (index, (arg, base)) in plan.args().iter().zip(record.offsets()).enumerate() {
            match arg {
                ArgPlan::Direct(pieces) => {
                    for piece in pieces.iter() {
                        let Location::Reg(reg) = piece.at else { continue };
                        let from = base + piece.offset;
                        if reg == Reg::Int(self.base) {
                            last = Some((index, piece, from));
                        } else {
                            self.load(reg, piece, from, index)?;
                        }
                        match piece.mirror {
                            None => {}
                            Some(mirror) if mirror == Reg::Int(self.base) => {
                                last = Some((index, piece, from))
                            }
                            Some(mirror) => self.load(mirror, piece, from, index)?,
                        }
                    }
                }
                ArgPlan::ByReference { at: Location::Reg(Reg::Int(r)), .. } if *r != self.base => {
                    let from = self.at(*base)?;
                    self.out.lea(*r, from);
                }
                ArgPlan::ByReference { at: Location::Reg(_), .. } => {
                    return Err(StubError::Piece(Some(index)));
                }
                ArgPlan::ByReference { at: Location::Stack(_), .. } => {}
            }
        }
        if let Some((index, piece, from)) = last {
            self.load(Reg::Int(self.base), piece, from, index)?;
        }
        if let Some(count) = plan.vector_regs() {
            self.out.mov_imm(Gpr::Rax, count.into());
        }
        Ok(())
    }

    #[inline]
    fn load(&mut self, reg: Reg, piece: &Piece, from: u32, index: usize) -> Result<(), StubError> {
        let refuse = StubError::Piece(Some(index));
        match reg {
            Reg::Int(r) => self.load_int(r, piece, from, Some(index)),
            Reg::Vec(n) => {
                let width = match piece.width {
                    4 => VecWidth::B4,
                    1..=8 if within_word(piece, 8) => VecWidth::B8,
                    16 => VecWidth::B16,
                    _ => return Err(refuse),
                };
                let from = self.at(from)?;
                self.out.load_vec(n, from, width);
                Ok(())
            }
            Reg::X87(_) | Reg::Int32(_) | Reg::X(_) | Reg::V(_) | Reg::A(_) | Reg::Fa(_) => Err(refuse),
        }
    }

    /// Loads at most 8 bytes and widens them.
    #[inline]
    fn load_int(&mut self, to: Gpr, piece: &Piece, from: u32, index: Option<usize>) -> Result<(), StubError> {
        let width = match piece.width {
            1 => Width::B1,
            2 => Width::B2,
            4 => Width::B4,
            8 => Width::B8,
            _ => return self.load_odd(to, piece, from, index),
        };
        let from = self.at(from)?;
        self.out.load(to, from, width, piece.extend == Extend::Sign);
        Ok(())
    }

    /// The same for 3, 5, 6 and 7 bytes, by the words that belong to them.
    #[cold]
    fn load_odd(&mut self, to: Gpr, piece: &Piece, from: u32, index: Option<usize>) -> Result<(), StubError> {
        let from = self.at(from)?;
        let signed = piece.extend == Extend::Sign;
        let width = match piece.width {
            3 if within_word(piece, 4) => Width::B4,
            3 | 5..=7 if within_word(piece, 8) => Width::B8,
            _ => return Err(StubError::Piece(index)),
        };
        self.out.load(to, from, width, signed);
        if piece.extend != Extend::None {
            let unused = u8::try_from(64 - 8 * piece.width).map_err(|_| StubError::Piece(index))?;
            self.out.shift(to, Shift::Left, unused);
            self.out.shift(to, if signed { Shift::RightSign } else { Shift::RightZero }, unused);
        }
        Ok(())
    }

    /// Stores what came back in the buffer at `rcx`.
    fn results(&mut self) -> Result<(), StubError> {
        let RetPlan::Direct(pieces) = self.plan.ret() else { return Ok(()) };
        // st(0) is popped by its store, so that st(1) becomes st(0).
        let mut popped = 0;
        for piece in pieces.iter() {
            let Location::Reg(reg) = piece.at else { return Err(StubError::Piece(None)) };
            match reg {
                Reg::Int(r) => self.store_int(r, piece.offset, piece.width)?,
                Reg::Vec(n) => match piece.width {
                    4 => self.out.store_vec(ret_at(piece.offset)?, n, VecWidth::B4),
                    8 => self.out.store_vec(ret_at(piece.offset)?, n, VecWidth::B8),
                    16 => self.out.store_vec(ret_at(piece.offset)?, n, VecWidth::B16),
                    width => {
                        self.out.move_vec_to_gpr(Gpr::R10, n);
                        self.store_int(Gpr::R10, piece.offset, width)?;
                    }
                },
                Reg::X87(n) if n == popped && piece.width == 10 => {
                    self.out.store_x87(ret_at(piece.offset)?);
                    popped += 1;
                }
                Reg::X87(_) | Reg::Int32(_) | Reg::X(_) | Reg::V(_) | Reg::A(_) | Reg::Fa(_) => {
                    return Err(StubError::Piece(None));
                }
            }
        }
        Ok(())
    }

    /// Stores the low `width` bytes of a register, and not one more.
    fn store_int(&mut self, from: Gpr, offset: u32, width: u32) -> Result<(), StubError> {
        let mut done = 0;
        for (size, instruction) in [(8, Width::B8), (4, Width::B4), (2, Width::B2), (1, Width::B1)] {
            if width & size == 0 {
                continue;
            }
            self.out.store(ret_at(offset + done)?, from, instruction);
            done += size;
            if done < width {
                let bits = u8::try_from(size * 8).map_err(|_| StubError::Piece(None))?;
                self.out.shift(from, Shift::RightZero, bits);
            }
        }
        if done == width { Ok(()) } else { Err(StubError::Piece(None)) }
    }

    /// A place in the argument record.
    fn at(&self, offset: u32) -> Result<Mem, StubError> {
        Ok(Mem { base: self.base, disp: displacement(offset)? })
    }
}

/// Whether a read of `bytes` at the piece stays in the whole words that belong to its value.
fn within_word(piece: &Piece, bytes: u32) -> bool {
    piece.offset % 8 + bytes <= 8
}

fn stack_word(offset: u32) -> Result<Mem, StubError> {
    Ok(Mem { base: Gpr::Rsp, disp: displacement(offset)? })
}

fn ret_at(offset: u32) -> Result<Mem, StubError> {
    Ok(Mem { base: Gpr::Rcx, disp: displacement(offset)? })
}

fn displacement(offset: u32) -> Result<i32, StubError> {
    i32::try_from(offset).map_err(|_| StubError::TooLong)
}
