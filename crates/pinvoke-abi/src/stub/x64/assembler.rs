//! The x86-64 instruction forms that a stub needs, as bytes.
//!
//! Encodings follow the Intel SDM, volume 2, chapter 2: optional mandatory prefix (66, F2, F3), REX,
//! opcode, ModRM, SIB if the base is `rsp` or `r12`, displacement of 1 or 4 bytes. An instruction is
//! packed into one little-endian word of 8 bytes and stored at once, a long displacement behind it. What
//! comes before ModRM in a load, most of what a stub is made of, stands in tables. That, and not a push
//! per byte, is what keeps the making of a stub below 100 ns.

use crate::reg::Gpr;

/// A base register and a displacement in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mem {
    pub(super) base: Gpr,
    pub(super) disp: i32,
}

/// Bytes that one store may touch.
const ROOM: usize = 8;

/// Code under construction. Reusing one keeps its memory.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::ArgumentRecord;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::x64::{Assembler, encode};
/// use pinvoke_abi::target::Target;
///
/// // One buffer for any number of stubs, each in place of the one before.
/// let mut buffer = Assembler::new();
/// for text in ["(f64)->f64", "()"] {
///     let signature = Signature::parse(Target::X86_64_LINUX, text)?;
///     let plan = CallPlan::new(&signature)?;
///     encode(&plan, &ArgumentRecord::new(&signature, &plan)?, &mut buffer)?;
/// }
/// assert_eq!(buffer.code(), [0xF3, 0x0F, 0x1E, 0xFA, 0xFF, 0xE7]); // endbr64; jmp rdi
///
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Assembler {
    /// Storage; bytes from `len` on mean nothing.
    bytes: Vec<u8>,
    len: usize,
}

/// Up to 8 bytes of one instruction, lowest first. None of ours needs more before a displacement of 4.
#[derive(Clone, Copy)]
struct Instruction {
    bits: u64,
    len: u32,
}

impl Instruction {
    const EMPTY: Instruction = Instruction { bits: 0, len: 0 };

    #[inline]
    const fn byte(self, b: u8) -> Instruction {
        Instruction { bits: self.bits | (b as u64) << (self.len * 8), len: self.len + 1 }
    }

    #[inline]
    fn imm32(self, v: u32) -> Instruction {
        Instruction { bits: self.bits | u64::from(v) << (self.len * 8), len: self.len + 4 }
    }

    /// REX if any bit is set or `force`d (byte access to `sil`, `dil` needs an empty one).
    #[inline]
    const fn rex(self, w: bool, reg: u8, base: u8, force: bool) -> Instruction {
        let rex = 0x40 | (w as u8) << 3 | (reg >> 3) << 2 | base >> 3;
        if rex != 0x40 || force { self.byte(rex) } else { self }
    }

    /// A prefix unless it is 0, REX if there is need, and an opcode: of one byte, or two that begin with 0F.
    #[inline]
    const fn head(prefix: u8, w: bool, opcode: u16, reg: u8, base: u8) -> Instruction {
        let start = if prefix == 0 { Instruction::EMPTY } else { Instruction::EMPTY.byte(prefix) };
        let rex = start.rex(w, reg, base, false);
        let [first, second] = opcode.to_be_bytes();
        if first == 0 { rex.byte(second) } else { rex.byte(first).byte(second) }
    }

    #[inline]
    fn modrm_regs(self, reg: u8, rm: u8) -> Instruction {
        self.byte(0xC0 | (reg & 7) << 3 | (rm & 7))
    }
}

/// A load into a register: prefix, whether REX.W is set, opcode.
type Load = (u8, bool, u16);

/// By [`Width`]; of unsigned values, then of signed ones.
const INT_LOADS: [Load; 8] = [
    (0, false, 0x0FB6),
    (0, false, 0x0FB7),
    (0, false, 0x8B),
    (0, true, 0x8B),
    (0, true, 0x0FBE),
    (0, true, 0x0FBF),
    (0, true, 0x63),
    (0, true, 0x8B),
];
/// By [`VecWidth`].
const VEC_LOADS: [Load; 3] = [(0xF3, false, 0x0F10), (0xF2, false, 0x0F10), (0, false, 0x0F10)];

/// The heads of loads into each register, from a base that needs no REX.
static INT_HEADS: [[Instruction; 16]; 8] = heads(INT_LOADS);
static VEC_HEADS: [[Instruction; 16]; 3] = heads(VEC_LOADS);

const fn heads<const N: usize>(loads: [Load; N]) -> [[Instruction; 16]; N] {
    let mut heads = [[Instruction::EMPTY; 16]; N];
    let mut load = 0;
    while load < N {
        let (prefix, w, opcode) = loads[load];
        let mut reg = 0_u8;
        while reg < 16 {
            heads[load][reg as usize] = Instruction::head(prefix, w, opcode, reg, 0);
            reg += 1;
        }
        load += 1;
    }
    heads
}

impl Assembler {
    /// An empty one.
    ///
    /// ```
    /// use pinvoke_abi::stub::x64::Assembler;
    ///
    /// assert!(Assembler::new().code().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Assembler {
        Assembler::default()
    }

    /// The code so far.
    ///
    /// ```
    /// use pinvoke_abi::plan::CallPlan;
    /// use pinvoke_abi::record::ArgumentRecord;
    /// use pinvoke_abi::signature::Signature;
    /// use pinvoke_abi::stub::x64::{Assembler, encode};
    /// use pinvoke_abi::target::Target;
    ///
    /// let signature = Signature::parse(Target::X86_64_WINDOWS, "(i32)")?;
    /// let plan = CallPlan::new(&signature)?;
    /// let mut buffer = Assembler::new();
    /// encode(&plan, &ArgumentRecord::new(&signature, &plan)?, &mut buffer)?;
    /// // Windows wants 32 bytes of stack for every call, so this one comes back: the last instruction is `ret`.
    /// assert_eq!(buffer.code().last(), Some(&0xC3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// Number of bytes so far.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    #[inline]
    fn put(&mut self, i: Instruction) {
        if self.len + ROOM > self.bytes.len() {
            self.grow();
        }
        if let Some(room) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            *room = i.bits.to_le_bytes();
            self.len += i.len as usize;
        }
    }

    #[cold]
    fn grow(&mut self) {
        self.bytes.resize((self.len + ROOM).max(512) * 2, 0);
    }

    /// An instruction with a memory operand: `i` is all before ModRM, `reg` the register operand.
    #[inline]
    fn put_mem(&mut self, i: Instruction, reg: u8, m: Mem) {
        let base = m.base as u8 & 7;
        let reg = (reg & 7) << 3;
        if let (Ok(short), true) = (i8::try_from(m.disp), base != 4 && base != 5) {
            // By far the commonest. Without a displacement it is one byte shorter.
            let present = short != 0;
            let modrm = (u8::from(present) << 6) | reg | base;
            let operand = u64::from(u16::from_le_bytes([modrm, short.cast_unsigned()]));
            let len = i.len + 1 + u32::from(present);
            return self.put(Instruction { bits: i.bits | operand << (i.len * 8), len });
        }
        let sib = |i: Instruction| if base == 4 { i.byte(0x24) } else { i };
        match i8::try_from(m.disp) {
            // rbp and r13 without displacement are spelled with a zero displacement of one byte.
            Ok(0) if base != 5 => self.put(sib(i.byte(reg | base))),
            Ok(short) => self.put(sib(i.byte(0x40 | reg | base)).byte(short.cast_unsigned())),
            Err(_) => {
                self.put(sib(i.byte(0x80 | reg | base)));
                self.put(Instruction::EMPTY.imm32(m.disp.cast_unsigned()));
            }
        }
    }

    pub(super) fn endbr64(&mut self) {
        self.put(Instruction { bits: 0xFA1E_0FF3, len: 4 });
    }

    pub(super) fn leave(&mut self) {
        self.put(Instruction { bits: 0xC9, len: 1 });
    }

    pub(super) fn ret(&mut self) {
        self.put(Instruction { bits: 0xC3, len: 1 });
    }

    pub(super) fn push(&mut self, r: Gpr) {
        let n = r as u8;
        self.put(Instruction::EMPTY.rex(false, 0, n, false).byte(0x50 | n & 7));
    }

    pub(super) fn pop(&mut self, r: Gpr) {
        let n = r as u8;
        self.put(Instruction::EMPTY.rex(false, 0, n, false).byte(0x58 | n & 7));
    }

    pub(super) fn call(&mut self, r: Gpr) {
        let n = r as u8;
        self.put(Instruction::EMPTY.rex(false, 0, n, false).byte(0xFF).modrm_regs(2, n));
    }

    pub(super) fn jump(&mut self, r: Gpr) {
        let n = r as u8;
        self.put(Instruction::EMPTY.rex(false, 0, n, false).byte(0xFF).modrm_regs(4, n));
    }

    /// 64-bit register to register.
    #[inline]
    pub(super) fn mov(&mut self, to: Gpr, from: Gpr) {
        let (to, from) = (to as u8, from as u8);
        self.put(Instruction::EMPTY.rex(true, from, to, false).byte(0x89).modrm_regs(from, to));
    }

    pub(super) fn mov_imm(&mut self, to: Gpr, value: u32) {
        let n = to as u8;
        self.put(Instruction::EMPTY.rex(false, 0, n, false).byte(0xB8 | n & 7).imm32(value));
    }

    pub(super) fn sub_rsp(&mut self, bytes: u32) {
        self.rsp_imm(5, bytes.cast_signed());
    }

    /// In its long form always, whose last 4 bytes are the number.
    pub(super) fn add_rsp(&mut self, bytes: u32) {
        self.put(Instruction::EMPTY.byte(0x48).byte(0x81).modrm_regs(0, 4).imm32(bytes));
    }

    /// `and rsp, -align`
    pub(super) fn align_rsp(&mut self, align: u32) {
        self.rsp_imm(4, align.cast_signed().wrapping_neg());
    }

    fn rsp_imm(&mut self, operation: u8, value: i32) {
        let i = Instruction::EMPTY.byte(0x48);
        self.put(match i8::try_from(value) {
            Ok(short) => i.byte(0x83).modrm_regs(operation, 4).byte(short.cast_unsigned()),
            Err(_) => i.byte(0x81).modrm_regs(operation, 4).imm32(value.cast_unsigned()),
        });
    }

    /// REX, opcode (of one byte, or two that begin with 0F) and a memory operand.
    #[inline]
    fn op_mem(&mut self, w: bool, opcode: u16, reg: u8, m: Mem, force_rex: bool) {
        let head = if force_rex {
            let [_, opcode] = opcode.to_be_bytes();
            Instruction::EMPTY.rex(w, reg, m.base as u8, true).byte(opcode)
        } else {
            Instruction::head(0, w, opcode, reg, m.base as u8)
        };
        self.put_mem(head, reg, m);
    }

    /// Loads `width` bytes (1, 2, 4 or 8) into the whole register.
    #[inline]
    pub(super) fn load(&mut self, to: Gpr, from: Mem, width: Width, signed: bool) {
        self.load_from(&INT_LOADS, &INT_HEADS, width as usize + 4 * usize::from(signed), to as u8, from);
    }

    #[inline(always)]
    fn load_from(&mut self, loads: &[Load], heads: &[[Instruction; 16]], load: usize, to: u8, from: Mem) {
        let head = if (from.base as u8) < 8 {
            heads[load][usize::from(to & 15)]
        } else {
            let (prefix, w, opcode) = loads[load];
            Instruction::head(prefix, w, opcode, to, from.base as u8)
        };
        self.put_mem(head, to, from);
    }

    pub(super) fn lea(&mut self, to: Gpr, of: Mem) {
        self.op_mem(true, 0x8D, to as u8, of, false);
    }

    #[inline]
    pub(super) fn store(&mut self, to: Mem, from: Gpr, width: Width) {
        let reg = from as u8;
        match width {
            Width::B1 => self.op_mem(false, 0x88, reg, to, (4..8).contains(&reg)),
            Width::B2 => {
                let i = Instruction::EMPTY.byte(0x66).rex(false, reg, to.base as u8, false).byte(0x89);
                self.put_mem(i, reg, to);
            }
            Width::B4 => self.op_mem(false, 0x89, reg, to, false),
            Width::B8 => self.op_mem(true, 0x89, reg, to, false),
        }
    }

    /// Loads a vector register from 4, 8 or 16 bytes; the rest becomes zero.
    #[inline]
    pub(super) fn load_vec(&mut self, to: u8, from: Mem, width: VecWidth) {
        self.load_from(&VEC_LOADS, &VEC_HEADS, width as usize, to, from);
    }

    /// `movhps`: loads 8 bytes into the upper half of a vector register; the lower half stays.
    #[inline]
    pub(super) fn load_vec_upper(&mut self, to: u8, from: Mem) {
        self.put_mem(Instruction::head(0, false, 0x0F16, to, from.base as u8), to, from);
    }

    #[inline]
    pub(super) fn store_vec(&mut self, to: Mem, from: u8, width: VecWidth) {
        let (prefix, w, _) = VEC_LOADS[width as usize];
        self.put_mem(Instruction::head(prefix, w, 0x0F11, from, to.base as u8), from, to);
    }

    /// `movq r64, xmm`
    pub(super) fn move_vec_to_gpr(&mut self, to: Gpr, from: u8) {
        let to = to as u8;
        self.put(
            Instruction::EMPTY
                .byte(0x66)
                .rex(true, from, to, false)
                .byte(0x0F)
                .byte(0x7E)
                .modrm_regs(from, to),
        );
    }

    /// `fstp tbyte ptr`: stores `st(0)` in 10 bytes and pops it.
    pub(super) fn store_x87(&mut self, to: Mem) {
        self.op_mem(false, 0xDB, 7, to, false);
    }

    pub(super) fn shift(&mut self, r: Gpr, shift: Shift, bits: u8) {
        let n = r as u8;
        self.put(Instruction::EMPTY.rex(true, 0, n, false).byte(0xC1).modrm_regs(shift as u8, n).byte(bits));
    }

    /// `rep movsq`: copies `rcx` words from `[rsi]` to `[rdi]`.
    pub(super) fn copy_words(&mut self) {
        self.put(Instruction { bits: 0xA5_48F3, len: 3 });
    }

    /// Touches every page while the stack pointer goes down by `bytes`, so that an overflow meets the
    /// guard page instead of stepping over it. Changes `rcx`.
    ///
    /// ```text
    ///       lea  rcx, [rsp - bytes]
    ///   1:  sub  rsp, 4096
    ///       or   qword ptr [rsp], 0
    ///       cmp  rsp, rcx ; ja 1b
    ///       mov  rsp, rcx
    /// ```
    pub(super) fn grow_stack_by_pages(&mut self, bytes: u32) {
        self.lea(Gpr::Rcx, Mem { base: Gpr::Rsp, disp: bytes.cast_signed().wrapping_neg() });
        let start = self.len;
        self.sub_rsp(4096);
        self.put(Instruction { bits: 0x0000_240C_8348, len: 5 });
        self.put(Instruction { bits: 0x00CC_3948, len: 3 });
        // The jump itself is two bytes long.
        let back = i8::try_from(self.len + 2 - start).unwrap_or(0);
        self.put(Instruction::EMPTY.byte(0x77).byte(back.wrapping_neg().cast_unsigned()));
        self.mov(Gpr::Rsp, Gpr::Rcx);
    }
}

/// Widths that an integer instruction can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    B1,
    B2,
    B4,
    B8,
}

/// Widths that a vector instruction can move: `movss`, `movsd`, `movups`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VecWidth {
    B4,
    B8,
    B16,
}

/// Shifts of a 64-bit register by an immediate; the value is the opcode extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    Left = 4,
    RightZero = 5,
    RightSign = 7,
}
