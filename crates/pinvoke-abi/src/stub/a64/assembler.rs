//! The AArch64 instructions that stubs are made of, and no more.
//!
//! Every instruction is one word of 32 bits (*Arm Architecture Reference Manual*, C6 and C7). Names are those of
//! assemblers; each method writes one instruction unless it says otherwise.

/// A general-purpose register that is neither the stack pointer nor zero: `x0` to `x30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct X(pub(super) u8);

/// What a load or store has as its base: number 31 is the stack pointer.
pub(super) const SP: X = X(31);

/// Instructions one behind the other.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::ArgumentRecord;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::a64::{Assembler, encode};
/// use pinvoke_abi::target::Target;
///
/// // One buffer for any number of stubs, each in place of the one before.
/// let mut buffer = Assembler::new();
/// for text in ["(f64)->f64", "()"] {
///     let signature = Signature::parse(Target::AARCH64_LINUX, text)?;
///     let plan = CallPlan::new(&signature)?;
///     encode(&plan, &ArgumentRecord::new(&signature, &plan)?, &mut buffer)?;
/// }
/// assert_eq!(buffer.code().len(), 12); // bti c; mov x16, x0; br x16
///
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Assembler {
    bytes: Vec<u8>,
}

/// A load or store of one register, by its form with an offset of 12 bits in units of the access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    opcode: u32,
    /// Logarithm of the number of bytes.
    scale: u32,
}

impl Access {
    pub(super) const LDR_X: Access = Access { opcode: 0xF940_0000, scale: 3 };
    pub(super) const LDR_W: Access = Access { opcode: 0xB940_0000, scale: 2 };
    pub(super) const LDRH: Access = Access { opcode: 0x7940_0000, scale: 1 };
    pub(super) const LDRB: Access = Access { opcode: 0x3940_0000, scale: 0 };
    /// Sign-extends to the whole register, as the next two.
    pub(super) const LDRSW: Access = Access { opcode: 0xB980_0000, scale: 2 };
    pub(super) const LDRSH: Access = Access { opcode: 0x7980_0000, scale: 1 };
    pub(super) const LDRSB: Access = Access { opcode: 0x3980_0000, scale: 0 };
    pub(super) const STR_X: Access = Access { opcode: 0xF900_0000, scale: 3 };
    pub(super) const STR_W: Access = Access { opcode: 0xB900_0000, scale: 2 };
    pub(super) const STRH: Access = Access { opcode: 0x7900_0000, scale: 1 };
    pub(super) const STRB: Access = Access { opcode: 0x3900_0000, scale: 0 };
    pub(super) const LDR_S: Access = Access { opcode: 0xBD40_0000, scale: 2 };
    pub(super) const LDR_D: Access = Access { opcode: 0xFD40_0000, scale: 3 };
    pub(super) const LDR_Q: Access = Access { opcode: 0x3DC0_0000, scale: 4 };
    pub(super) const STR_S: Access = Access { opcode: 0xBD00_0000, scale: 2 };
    pub(super) const STR_D: Access = Access { opcode: 0xFD00_0000, scale: 3 };
    pub(super) const STR_Q: Access = Access { opcode: 0x3D80_0000, scale: 4 };
}

/// Holds addresses whose offset no instruction can.
const FAR: X = X(17);

fn number(register: X) -> u32 {
    register.0.into()
}

impl Assembler {
    /// An empty one.
    ///
    /// ```
    /// use pinvoke_abi::stub::a64::Assembler;
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
    /// use pinvoke_abi::stub::a64::{Assembler, encode};
    /// use pinvoke_abi::target::Target;
    ///
    /// let signature = Signature::parse(Target::AARCH64_MACOS, "()")?;
    /// let plan = CallPlan::new(&signature)?;
    /// let mut buffer = Assembler::new();
    /// encode(&plan, &ArgumentRecord::new(&signature, &plan)?, &mut buffer)?;
    /// // Instructions of four bytes, the last of them `br x16`:
    /// assert_eq!(buffer.code().last_chunk::<4>(), Some(&[0x00, 0x02, 0x1F, 0xD6]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    fn put(&mut self, instruction: u32) {
        self.bytes.extend(instruction.to_le_bytes());
    }

    /// The landing instruction of indirect calls and of jumps through `x16` or `x17`.
    pub(super) fn bti_c(&mut self) {
        self.put(0xD503_245F);
    }

    pub(super) fn ret(&mut self) {
        self.put(0xD65F_03C0);
    }

    pub(super) fn br(&mut self, to: X) {
        self.put(0xD61F_0000 | number(to) << 5);
    }

    pub(super) fn blr(&mut self, to: X) {
        self.put(0xD63F_0000 | number(to) << 5);
    }

    /// Between registers of which none is the stack pointer.
    pub(super) fn mov(&mut self, to: X, from: X) {
        self.put(0xAA00_03E0 | number(from) << 16 | number(to));
    }

    /// Where one is the stack pointer.
    pub(super) fn mov_sp(&mut self, to: X, from: X) {
        self.put(0x9100_0000 | number(from) << 5 | number(to));
    }

    /// `movz`, and `movk` if it takes two instructions.
    pub(super) fn mov_imm(&mut self, to: X, value: u32) {
        self.put(0xD280_0000 | (value & 0xFFFF) << 5 | number(to));
        if value > 0xFFFF {
            self.put(0xF2A0_0000 | (value >> 16) << 5 | number(to));
        }
    }

    /// `base + bytes`, in up to three instructions. Either register may be the stack pointer.
    pub(super) fn add(&mut self, to: X, base: X, bytes: u32) {
        if bytes < 4096 {
            self.put(0x9100_0000 | bytes << 10 | number(base) << 5 | number(to));
        } else {
            self.mov_imm(FAR, bytes);
            self.put(0x8B20_6000 | number(FAR) << 16 | number(base) << 5 | number(to));
        }
    }

    /// `base - bytes`, likewise.
    pub(super) fn sub(&mut self, to: X, base: X, bytes: u32) {
        if bytes < 4096 {
            self.put(0xD100_0000 | bytes << 10 | number(base) << 5 | number(to));
        } else {
            self.mov_imm(FAR, bytes);
            self.put(0xCB20_6000 | number(FAR) << 16 | number(base) << 5 | number(to));
        }
    }

    /// `from` with the lowest bits cleared, so that it is a multiple of `align`, a power of two. `to` may be the stack
    /// pointer.
    pub(super) fn align(&mut self, to: X, from: X, align: u32) {
        let bits = align.trailing_zeros();
        self.put(0x9240_0000 | (64 - bits) << 16 | (63 - bits) << 10 | number(from) << 5 | number(to));
    }

    pub(super) fn lsr(&mut self, to: X, from: X, bits: u32) {
        self.put(0xD340_FC00 | bits << 16 | number(from) << 5 | number(to));
    }

    /// Loads or stores register number `register` at `base + offset`: one instruction if the offset fits it, and up to
    /// four that change `x17` if not.
    pub(super) fn access(&mut self, access: Access, register: u8, base: X, offset: u32) {
        let register = u32::from(register);
        let units = offset >> access.scale;
        if units << access.scale == offset && units < 4096 {
            self.put(access.opcode | units << 10 | number(base) << 5 | register);
        } else if offset < 256 {
            // The form without a unit.
            self.put(access.opcode & !(1 << 24) | offset << 12 | number(base) << 5 | register);
        } else {
            self.add(FAR, base, offset);
            self.put(access.opcode | number(FAR) << 5 | register);
        }
    }

    /// `stp x29, x30, [sp, #-bytes]!`; `bytes` is a multiple of 8 below 512.
    pub(super) fn push_frame(&mut self, bytes: u8) {
        let units = (i32::from(bytes) / -8).cast_unsigned() & 0x7F;
        self.put(0xA980_0000 | units << 15 | 30 << 10 | 31 << 5 | 29);
    }

    /// `ldp x29, x30, [sp], #bytes`
    pub(super) fn pop_frame(&mut self, bytes: u8) {
        let units = u32::from(bytes) / 8;
        self.put(0xA8C0_0000 | units << 15 | 30 << 10 | 31 << 5 | 29);
    }

    /// Lets the stack pointer go down to `to`, touching every page on the way, so that an overflow meets the guard
    /// page instead of stepping over it.
    ///
    /// ```text
    ///   1:  sub  sp, sp, #1, lsl #12
    ///       str  xzr, [sp]
    ///       cmp  sp, to ; b.hi 1b
    ///       mov  sp, to
    /// ```
    pub(super) fn lower_stack_by_pages(&mut self, to: X) {
        self.put(0xD140_07FF);
        self.put(0xF900_03FF);
        self.put(0xEB20_63FF | number(to) << 16);
        // Three instructions back.
        self.put(0x5400_0008 | (0x7_FFFD << 5));
        self.mov_sp(SP, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of some instructions.
    fn words(write: impl FnOnce(&mut Assembler)) -> Vec<u32> {
        let mut out = Assembler::new();
        write(&mut out);
        out.code().chunks(4).map(|w| u32::from_le_bytes(w.try_into().unwrap())).collect()
    }

    /// Expected are the words that GNU as 2.40 makes of the line in the comment.
    #[test]
    fn instructions_are_those_of_an_assembler() {
        macro_rules! check {
            ($($method:ident($($argument:expr),*) = [$($word:literal),*] $text:literal)*) => {$(
                assert_eq!(words(|a| a.$method($($argument),*)), [$($word),*], $text);
            )*};
        }
        let x = X;
        check! {
            bti_c() = [0xd503_245f] "bti c"
            ret() = [0xd65f_03c0] "ret"
            br(x(16)) = [0xd61f_0200] "br x16"
            blr(x(16)) = [0xd63f_0200] "blr x16"
            mov(x(16), x(0)) = [0xaa00_03f0] "mov x16, x0"
            mov_sp(x(29), SP) = [0x9100_03fd] "mov x29, sp"
            mov_sp(SP, x(29)) = [0x9100_03bf] "mov sp, x29"
            push_frame(32) = [0xa9be_7bfd] "stp x29, x30, [sp, #-32]!"
            pop_frame(32) = [0xa8c2_7bfd] "ldp x29, x30, [sp], #32"
            mov_imm(x(17), 0x1234) = [0xd282_4691] "mov x17, #0x1234"
            mov_imm(x(17), 0x5_1234) = [0xd282_4691, 0xf2a0_00b1] "mov x17, #0x1234; movk x17, #5, lsl #16"
            add(x(10), x(9), 0x123) = [0x9104_8d2a] "add x10, x9, #0x123"
            add(x(10), SP, 0x1234) = [0xd282_4691, 0x8b31_63ea] "mov x17, #0x1234; add x10, sp, x17"
            sub(SP, SP, 0x120) = [0xd104_83ff] "sub sp, sp, #0x120"
            sub(x(9), SP, 0x1234) = [0xd282_4691, 0xcb31_63e9] "mov x17, #0x1234; sub x9, sp, x17"
            align(SP, x(9), 64) = [0x927a_e53f] "and sp, x9, #-64"
            lsr(x(0), x(0), 16) = [0xd350_fc00] "lsr x0, x0, #16"
            lower_stack_by_pages(x(9)) =
                [0xd140_07ff, 0xf900_03ff, 0xeb29_63ff, 0x54ff_ffa8, 0x9100_013f]
                "sub sp, sp, #1, lsl #12; str xzr, [sp]; cmp sp, x9; b.hi .-12; mov sp, x9"
            access(Access::LDR_X, 3, x(9), 32) = [0xf940_1123] "ldr x3, [x9, #32]"
            access(Access::LDR_X, 3, x(9), 33) = [0xf842_1123] "ldur x3, [x9, #33]"
            access(Access::LDR_X, 3, x(9), 0x1_2345) =
                [0xd284_68b1, 0xf2a0_0031, 0x8b31_6131, 0xf940_0223]
                "mov x17, #0x2345; movk x17, #1, lsl #16; add x17, x9, x17; ldr x3, [x17]"
            access(Access::STR_W, 10, SP, 4) = [0xb900_07ea] "str w10, [sp, #4]"
            access(Access::LDRSB, 1, x(9), 1) = [0x3980_0521] "ldrsb x1, [x9, #1]"
            access(Access::LDRSH, 1, x(9), 2) = [0x7980_0521] "ldrsh x1, [x9, #2]"
            access(Access::LDRSW, 1, x(9), 4) = [0xb980_0521] "ldrsw x1, [x9, #4]"
            access(Access::LDRH, 2, x(1), 6) = [0x7940_0c22] "ldrh w2, [x1, #6]"
            access(Access::LDRB, 2, x(1), 7) = [0x3940_1c22] "ldrb w2, [x1, #7]"
            access(Access::LDR_S, 1, x(1), 4) = [0xbd40_0421] "ldr s1, [x1, #4]"
            access(Access::LDR_D, 1, x(1), 8) = [0xfd40_0421] "ldr d1, [x1, #8]"
            access(Access::LDR_Q, 2, x(1), 16) = [0x3dc0_0422] "ldr q2, [x1, #16]"
            access(Access::STR_Q, 3, x(9), 48) = [0x3d80_0d23] "str q3, [x9, #48]"
        }
    }
}
