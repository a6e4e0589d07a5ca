//! How native code enters us on 64-bit RISC-V: the code of the thunks, and the way in for calls whose signature is known
//! only at run time.
//!
//! # Thunks
//!
//! A thunk is 16 bytes of fixed code that belongs to one slot of 64 bytes of data:
//!
//! ```text
//!   auipc <register>, slot
//!   addi  <register>, <register>, slot
//!   ld    t1, (<register>)       a slot begins with the address to go to
//!   jr    t1
//! ```
//!
//! The register is one that carries no argument of the call, so the code behind `jr` sees the call as native code made
//! it, and the slot as one argument more. Nine registers make nine *flavours*: the eight that integers are passed in,
//! and `t3`, which no convention uses for arguments. Every instruction has four bytes, and the linker is told to leave
//! them so.
//!
//! Every flavour has a *pool*, whose slots lie in the program's data, and a *template*: one page of thunks whose slots
//! lie right behind the page. The template is never executed where it stands; it is there to be mapped again, from the
//! program's own file, in front of fresh data pages.
//!
//! # Entry
//!
//! `entry_*` is where a `t3` thunk leads when no register is free, or the signature is not known at compile time: it
//! stores argument registers in an [`UpcallFrame`], calls the *dispatch* function that the slot names, and loads the
//! results from the frame; an integer that is the whole result comes back in `a0` without that detour.

use core::arch::naked_asm;
use core::mem::offset_of;

use pinvoke_abi::plan::{Abi, CallPlan, RetPlan};
use pinvoke_abi::reg::Reg;

use crate::upcall::frame::{FrameOffset, FramePtr};
use crate::upcall::slot::Slot;

/// Bytes of code of one thunk.
pub(crate) const THUNK_SIZE: usize = 16;
/// Size of a page of memory; Linux has no other on this architecture.
const PAGE_SIZE: usize = 4096;
/// Thunks on one template page.
pub(crate) const TEMPLATE_THUNKS: usize = PAGE_SIZE / THUNK_SIZE;
/// Bytes of the file that are mapped once more for a page of thunks.
pub(crate) const TEMPLATE_SIZE: usize = PAGE_SIZE;
/// Bytes from one such page to the next, with the slots of the first right behind it.
pub(crate) const STRIDE: usize = TEMPLATE_SIZE + TEMPLATE_THUNKS * size_of::<Slot>();
/// Thunks in the pool of one flavour: 256, and 32 that are resting after use.
pub(crate) const POOL_THUNKS: usize = 288;

/// How many numbers find a register of their own before the others take one of integers.
pub(crate) const NUMBERS_APART: Option<usize> = Some(8);

/// Callers rely on integer results being widened to the whole register.
pub(crate) const RESULTS_AS_THEY_ARE: bool = false;

/// The register in which a thunk hands over its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Flavour {
    A0,
    A1,
    A2,
    A3,
    A4,
    A5,
    A6,
    A7,
    T3,
}

impl Flavour {
    /// All of them.
    pub(crate) const ALL: [Flavour; 9] = [
        Flavour::A0,
        Flavour::A1,
        Flavour::A2,
        Flavour::A3,
        Flavour::A4,
        Flavour::A5,
        Flavour::A6,
        Flavour::A7,
        Flavour::T3,
    ];

    /// The flavour whose thunks lead to an entry: its register carries no argument.
    pub(crate) const ENTRY: Flavour = Flavour::T3;

    /// The flavour whose slots callbacks with user data take, which leave the thunks unused. Few others want it.
    pub(crate) const SPARE: Flavour = Flavour::A7;

    /// The flavour whose thunks use `register`, if it can carry an argument.
    pub(crate) fn of(register: Reg) -> Option<Flavour> {
        match register {
            Reg::A(n @ 0..=7) => Some(Flavour::ALL[usize::from(n)]),
            _ => None,
        }
    }

    /// How the arguments of a convention take the registers of flavours.
    pub(crate) const fn order(_: Abi) -> Order {
        const INTEGERS: [Flavour; 8] = [
            Flavour::A0,
            Flavour::A1,
            Flavour::A2,
            Flavour::A3,
            Flavour::A4,
            Flavour::A5,
            Flavour::A6,
            Flavour::A7,
        ];
        Order::ForIntegers(&INTEGERS)
    }

    /// The slots of the pool.
    pub(crate) fn pool_slots(self) -> &'static [Slot; POOL_THUNKS] {
        match self {
            Flavour::A0 => &SLOTS_A0,
            Flavour::A1 => &SLOTS_A1,
            Flavour::A2 => &SLOTS_A2,
            Flavour::A3 => &SLOTS_A3,
            Flavour::A4 => &SLOTS_A4,
            Flavour::A5 => &SLOTS_A5,
            Flavour::A6 => &SLOTS_A6,
            Flavour::A7 => &SLOTS_A7,
            Flavour::T3 => &SLOTS_T3,
        }
    }

    /// The first thunk of the pool.
    pub(crate) fn pool_code(self) -> *const u8 {
        code(match self {
            Flavour::A0 => pool_a0,
            Flavour::A1 => pool_a1,
            Flavour::A2 => pool_a2,
            Flavour::A3 => pool_a3,
            Flavour::A4 => pool_a4,
            Flavour::A5 => pool_a5,
            Flavour::A6 => pool_a6,
            Flavour::A7 => pool_a7,
            Flavour::T3 => pool_t3,
        })
    }

    /// The template: [`TEMPLATE_SIZE`] bytes.
    pub(crate) fn template(self) -> *const u8 {
        code(match self {
            Flavour::A0 => template_a0,
            Flavour::A1 => template_a1,
            Flavour::A2 => template_a2,
            Flavour::A3 => template_a3,
            Flavour::A4 => template_a4,
            Flavour::A5 => template_a5,
            Flavour::A6 => template_a6,
            Flavour::A7 => template_a7,
            Flavour::T3 => template_t3,
        })
    }

    /// Where its thunks begin in the template, in bytes.
    pub(crate) const fn first_thunk(self) -> usize {
        0
    }

    /// Where a thunk leads whose callback was dropped.
    pub(crate) fn dead(self) -> *const () {
        code(match self {
            Flavour::A0 => dead_a0,
            Flavour::A1 => dead_a1,
            Flavour::A2 => dead_a2,
            Flavour::A3 => dead_a3,
            Flavour::A4 => dead_a4,
            Flavour::A5 => dead_a5,
            Flavour::A6 => dead_a6,
            Flavour::A7 => dead_a7,
            Flavour::T3 => dead_t3,
        })
        .cast()
    }
}

/// Which registers arguments take, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Each integer the next of these.
    ForIntegers(&'static [Flavour]),
    /// Each argument, whatever it is, the next of these or the vector register of the same position.
    #[allow(dead_code, reason = "no convention of this architecture is like that")]
    OneForEach(&'static [Flavour]),
}

/// The slot that a thunk hands over, read from its first two instructions, whose immediates are their highest 20 and 12
/// bits.
#[cfg(test)]
pub(crate) fn named_slot(code: *const u8) -> *const u8 {
    let instruction = |index: usize| {
        // SAFETY: an instruction of a thunk.
        unsafe { code.cast::<u32>().wrapping_add(index).read() }
    };
    let high = (instruction(0) & 0xFFFF_F000).cast_signed();
    let low = instruction(1).cast_signed() >> 20;
    code.wrapping_offset(high as isize + low as isize)
}

fn code(function: unsafe extern "C" fn()) -> *const u8 {
    function as *const u8
}

/// Which argument registers an entry stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// `a0` to `a7`.
    Ints,
    /// and `fa0` to `fa7`.
    All,
}

impl Needs {
    /// Of a call that uses these registers.
    pub(crate) fn of(_: &CallPlan, registers: &[Reg]) -> Needs {
        if registers.iter().any(|r| matches!(r, Reg::Fa(_))) { Needs::All } else { Needs::Ints }
    }
}

/// Where a `t3` thunk leads.
pub(crate) fn entry(needs: Needs) -> *const () {
    code(match needs {
        Needs::Ints => entry_ints,
        Needs::All => entry_all,
    })
    .cast()
}

macro_rules! flavour {
    ($register:literal, $slots:ident, $pool:ident, $template:ident, $dead:ident) => {
        static $slots: [Slot; POOL_THUNKS] = [const { Slot::unused() }; POOL_THUNKS];

        /// The pool: each thunk names its slot, which the linker places.
        #[unsafe(naked)]
        unsafe extern "C" fn $pool() {
            naked_asm!(
                ".option push; .option norvc; .option norelax",
                ".p2align 6",
                ".set .Lpinvoke_thunk, 0",
                ".rept {count}",
                "2:",
                concat!("auipc ", $register, ", %pcrel_hi({slots}+{slot_size}*.Lpinvoke_thunk)"),
                concat!("addi ", $register, ", ", $register, ", %pcrel_lo(2b)"),
                concat!("ld t1, 0(", $register, ")"),
                "jr t1",
                ".set .Lpinvoke_thunk, .Lpinvoke_thunk+1",
                ".endr",
                ".option pop",
                count = const POOL_THUNKS,
                slots = sym $slots,
                slot_size = const size_of::<Slot>(),
            )
        }

        /// Slot number n is at the distance 4096 + 64 n - 16 n from thunk n. The second instruction adds a number with
        /// a sign, so the first adds to the pages one more where that is negative.
        #[unsafe(naked)]
        unsafe extern "C" fn $template() {
            naked_asm!(
                ".option push; .option norvc; .option norelax",
                ".p2align 12",
                ".set .Lpinvoke_distance, {page}",
                ".rept {count}",
                ".set .Lpinvoke_pages, (.Lpinvoke_distance + 0x800) >> 12",
                concat!("auipc ", $register, ", .Lpinvoke_pages"),
                concat!("addi ", $register, ", ", $register, ", .Lpinvoke_distance - (.Lpinvoke_pages << 12)"),
                concat!("ld t1, 0(", $register, ")"),
                "jr t1",
                ".set .Lpinvoke_distance, .Lpinvoke_distance + {slot_size} - {thunk_size}",
                ".endr",
                ".option pop",
                count = const TEMPLATE_THUNKS,
                page = const PAGE_SIZE,
                slot_size = const size_of::<Slot>(),
                thunk_size = const THUNK_SIZE,
            )
        }

        /// Hands the slot to the report. Nothing returns, so nothing needs to be kept but the way back for debuggers.
        #[unsafe(naked)]
        unsafe extern "C" fn $dead() {
            naked_asm!(
                "addi sp, sp, -16",
                "sd ra, 8(sp)",
                "sd s0, 0(sp)",
                "addi s0, sp, 16",
                concat!("mv a0, ", $register),
                "call {report}",
                "unimp",
                report = sym crate::upcall::report::called_after_drop,
            )
        }
    };
}

flavour!("a0", SLOTS_A0, pool_a0, template_a0, dead_a0);
flavour!("a1", SLOTS_A1, pool_a1, template_a1, dead_a1);
flavour!("a2", SLOTS_A2, pool_a2, template_a2, dead_a2);
flavour!("a3", SLOTS_A3, pool_a3, template_a3, dead_a3);
flavour!("a4", SLOTS_A4, pool_a4, template_a4, dead_a4);
flavour!("a5", SLOTS_A5, pool_a5, template_a5, dead_a5);
flavour!("a6", SLOTS_A6, pool_a6, template_a6, dead_a6);
flavour!("a7", SLOTS_A7, pool_a7, template_a7, dead_a7);
flavour!("t3", SLOTS_T3, pool_t3, template_t3, dead_t3);

/// The registers of a call as native code made it, and those that it will find afterwards.
///
/// Registers that the entry did not store hold garbage that no plan reads. Behind the frame are the caller's `s0` and
/// `ra`, and the stack arguments.
#[repr(C, align(16))]
#[derive(Debug)]
pub(crate) struct UpcallFrame {
    /// `a0` to `a7`.
    ints: [u64; 8],
    /// `fa0` to `fa7`.
    floats: [u64; 8],
    /// `a0`, `a1`.
    ret_ints: [u64; 2],
    /// `fa0`, `fa1`.
    ret_floats: [u64; 2],
    /// A result of registers before it is taken apart, in its own layout.
    result: [u128; 16],
    /// Values that came in several places, put together.
    scratch: [u128; 128],
}

impl UpcallFrame {
    /// Where the stack arguments begin, in bytes from the start of the frame.
    #[expect(clippy::cast_possible_truncation, reason = "a frame has thousands of bytes")]
    pub(crate) const STACK: u32 = (size_of::<UpcallFrame>() + 16) as u32;

    /// Bytes of scratch. Of the values that are put together each takes two of 16 registers, and most have 16 bytes;
    /// those of two numbers may be as large as an attribute makes them, and eight of 256 bytes fit.
    pub(crate) const SCRATCH: u16 = 2048;

    /// Where a byte of the scratch area is.
    pub(crate) fn scratch(offset: u16) -> Option<FrameOffset> {
        let start = u16::try_from(offset_of!(UpcallFrame, scratch)).ok()?;
        (offset <= UpcallFrame::SCRATCH).then_some(FrameOffset(start + offset))
    }

    /// Bytes of a result that travels in registers, at most: of two numbers that an attribute keeps apart.
    pub(crate) const RESULT: usize = 256;

    /// Where such a result is put together.
    #[expect(clippy::cast_possible_truncation, reason = "a frame has thousands of bytes")]
    pub(crate) const RESULT_AT: FrameOffset = FrameOffset(offset_of!(UpcallFrame, result) as u16);

    /// The register of a result of one word.
    pub(crate) const WORD: Reg = Reg::A(0);

    /// Where an argument register is stored.
    pub(crate) fn argument(register: Reg) -> Option<FrameOffset> {
        let at = match register {
            Reg::A(n @ 0..=7) => offset_of!(UpcallFrame, ints) + 8 * usize::from(n),
            Reg::Fa(n @ 0..=7) => offset_of!(UpcallFrame, floats) + 8 * usize::from(n),
            _ => return None,
        };
        u16::try_from(at).ok().map(FrameOffset)
    }

    /// Where a result register is loaded from.
    pub(crate) fn result(register: Reg) -> Option<FrameOffset> {
        let at = match register {
            Reg::A(n @ 0..=1) => offset_of!(UpcallFrame, ret_ints) + 8 * usize::from(n),
            Reg::Fa(n @ 0..=1) => offset_of!(UpcallFrame, ret_floats) + 8 * usize::from(n),
            _ => return None,
        };
        u16::try_from(at).ok().map(FrameOffset)
    }
}

/// Which result registers an entry loads from the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct ResultLoads(u64);

impl ResultLoads {
    /// None: dispatch returns the value of [`UpcallFrame::WORD`] itself.
    pub(crate) const NONE: ResultLoads = ResultLoads(0);
    /// `a0`, `a1`, `fa0` and `fa1`.
    const ALL: ResultLoads = ResultLoads(1);

    /// Those of a result that does not come in one word.
    pub(crate) fn of(_: &RetPlan) -> ResultLoads {
        ResultLoads::ALL
    }
}

/// What dispatch returns, in `a0` and `a1`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Returned {
    pub(crate) word: u64,
    pub(crate) loads: ResultLoads,
}

/// Reads the arguments of a call from its frame and leaves the result there.
pub(crate) type Dispatch = unsafe extern "C" fn(&'static Slot, FramePtr) -> Returned;

/// An entry that stores integers and these registers.
macro_rules! entry {
    ($name:ident, store [$($store:literal),*]) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                "addi sp, sp, -16",
                ".cfi_def_cfa_offset 16",
                "sd ra, 8(sp)",
                ".cfi_offset ra, -8",
                "sd s0, 0(sp)",
                ".cfi_offset s0, -16",
                "addi s0, sp, 16",
                ".cfi_def_cfa s0, 0",
                "li t1, {frame}",
                "sub sp, sp, t1",
                "sd a0, {ints}(sp)",
                "sd a1, {ints} + 8(sp)",
                "sd a2, {ints} + 16(sp)",
                "sd a3, {ints} + 24(sp)",
                "sd a4, {ints} + 32(sp)",
                "sd a5, {ints} + 40(sp)",
                "sd a6, {ints} + 48(sp)",
                "sd a7, {ints} + 56(sp)",
                $($store,)*
                "mv a0, t3",
                "mv a1, sp",
                "ld t1, {dispatch}(t3)",
                "jalr t1",
                "beqz a1, 2f",
                "ld a0, {ret_ints}(sp)",
                "ld a1, {ret_ints} + 8(sp)",
                "fld fa0, {ret_floats}(sp)",
                "fld fa1, {ret_floats} + 8(sp)",
                "2:",
                "addi sp, s0, -16",
                ".cfi_def_cfa sp, 16",
                "ld s0, 0(sp)",
                ".cfi_restore s0",
                "ld ra, 8(sp)",
                ".cfi_restore ra",
                "addi sp, sp, 16",
                ".cfi_def_cfa_offset 0",
                "ret",
                ".cfi_endproc",
                // One entry leaves out what another needs:
                "# {floats}",
                frame = const size_of::<UpcallFrame>(),
                ints = const offset_of!(UpcallFrame, ints),
                floats = const offset_of!(UpcallFrame, floats),
                ret_ints = const offset_of!(UpcallFrame, ret_ints),
                ret_floats = const offset_of!(UpcallFrame, ret_floats),
                dispatch = const Slot::DISPATCH_OFFSET,
            )
        }
    };
}

entry!(entry_ints, store[]);
entry!(entry_all, store [
    "fsd fa0, {floats}(sp)",
    "fsd fa1, {floats} + 8(sp)",
    "fsd fa2, {floats} + 16(sp)",
    "fsd fa3, {floats} + 24(sp)",
    "fsd fa4, {floats} + 32(sp)",
    "fsd fa5, {floats} + 40(sp)",
    "fsd fa6, {floats} + 48(sp)",
    "fsd fa7, {floats} + 56(sp)"
]);
