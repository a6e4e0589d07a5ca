//! How native code enters us on AArch64: the code of the thunks, and the way in for calls whose
//! signature is known only at run time.
//!
//! # Thunks
//!
//! A thunk is 32 bytes of fixed code that belongs to one slot of 64 bytes of data:
//!
//! ```text
//!   bti  c                       the landing instruction of branch target identification
//!   adrp <register>, slot        in the template: adr <register>, slot
//!   add  <register>, <register>, :lo12:slot
//!   ldr  x17, [<register>]       a slot begins with the address to go to
//!   br   x17
//! ```
//!
//! The register is one that carries no argument of the call, so the code behind `br` sees the call
//! as native code made it, and the slot as one argument more. Nine registers make nine *flavours*:
//! the eight that integers are passed in, and `x9`, which no convention uses for arguments.
//!
//! Every flavour has a *pool*, whose slots lie in the program's data. All flavours share one *template*:
//! 64 KiB of text, in which each has 4 KiB of thunks, whose slots lie 64 KiB behind them. A template is never executed
//! where it stands; it is there to be mapped again, from the program's own file, in front of fresh data pages. It is
//! that large because pages have up to 64 KiB on this architecture (4 and 16 are others); of each copy one
//! flavour uses its part, and the rest is address space.
//!
//! # Entry
//!
//! `entry_*` is where an `x9` thunk leads when no register is free, or the signature is not known
//! at compile time: it stores argument registers in an [`UpcallFrame`], calls the *dispatch* function
//! that the slot names, and loads the results from the frame; an integer that is the whole result
//! comes back in `x0` without that detour.

use core::arch::naked_asm;
use core::mem::offset_of;

use pinvoke_abi::plan::{Abi, CallPlan, Location, RetPlan};
use pinvoke_abi::reg::Reg;

use crate::upcall::frame::{FrameOffset, FramePtr};
use crate::upcall::slot::Slot;

/// Bytes of code of one thunk.
pub(crate) const THUNK_SIZE: usize = 32;
/// Thunks of one flavour in the template.
pub(crate) const TEMPLATE_THUNKS: usize = FLAVOUR_SIZE / THUNK_SIZE;
/// Thunks in the pool of one flavour: 256, and 32 that are resting after use.
pub(crate) const POOL_THUNKS: usize = 288;
/// Bytes of the file that are mapped once more: the largest page that the architecture has.
pub(crate) const TEMPLATE_SIZE: usize = 64 * 1024;
/// Bytes from one copy to the next, with the slots of the first behind it. Both are whole pages of any size.
pub(crate) const STRIDE: usize = 2 * TEMPLATE_SIZE;
/// Bytes of the thunks of one flavour in the template.
const FLAVOUR_SIZE: usize = 4096;

// The slots of the last flavour end before the next copy.
const _: () = assert!(
    TEMPLATE_SIZE + Flavour::ENTRY.first_thunk() + TEMPLATE_THUNKS * size_of::<Slot>() <= STRIDE
        && Flavour::ALL.len() * FLAVOUR_SIZE <= TEMPLATE_SIZE
);

/// How many numbers find a register of their own before the others take one of integers; `None` if those take none.
pub(crate) const NUMBERS_APART: Option<usize> = None;

/// Callers look at as many bytes of an integer result as it has.
pub(crate) const RESULTS_AS_THEY_ARE: bool = true;

/// The register in which a thunk hands over its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Flavour {
    X0,
    X1,
    X2,
    X3,
    X4,
    X5,
    X6,
    X7,
    X9,
}

impl Flavour {
    /// All of them.
    pub(crate) const ALL: [Flavour; 9] = [
        Flavour::X0,
        Flavour::X1,
        Flavour::X2,
        Flavour::X3,
        Flavour::X4,
        Flavour::X5,
        Flavour::X6,
        Flavour::X7,
        Flavour::X9,
    ];

    /// The flavour whose thunks lead to an entry: its register carries no argument.
    pub(crate) const ENTRY: Flavour = Flavour::X9;

    /// The flavour whose slots callbacks with user data take, which leave the thunks unused. Few others want it.
    pub(crate) const SPARE: Flavour = Flavour::X7;

    /// The flavour whose thunks use `register`, if it can carry an argument.
    pub(crate) fn of(register: Reg) -> Option<Flavour> {
        match register {
            Reg::X(n @ 0..=7) => Some(Flavour::ALL[usize::from(n)]),
            _ => None,
        }
    }

    /// How the arguments of a convention take the registers of flavours.
    pub(crate) const fn order(_: Abi) -> Order {
        const INTEGERS: [Flavour; 8] = [
            Flavour::X0,
            Flavour::X1,
            Flavour::X2,
            Flavour::X3,
            Flavour::X4,
            Flavour::X5,
            Flavour::X6,
            Flavour::X7,
        ];
        Order::ForIntegers(&INTEGERS)
    }

    /// The slots of the pool.
    pub(crate) fn pool_slots(self) -> &'static [Slot; POOL_THUNKS] {
        match self {
            Flavour::X0 => &SLOTS_X0,
            Flavour::X1 => &SLOTS_X1,
            Flavour::X2 => &SLOTS_X2,
            Flavour::X3 => &SLOTS_X3,
            Flavour::X4 => &SLOTS_X4,
            Flavour::X5 => &SLOTS_X5,
            Flavour::X6 => &SLOTS_X6,
            Flavour::X7 => &SLOTS_X7,
            Flavour::X9 => &SLOTS_X9,
        }
    }

    /// The first thunk of the pool.
    pub(crate) fn pool_code(self) -> *const u8 {
        code(match self {
            Flavour::X0 => pool_x0,
            Flavour::X1 => pool_x1,
            Flavour::X2 => pool_x2,
            Flavour::X3 => pool_x3,
            Flavour::X4 => pool_x4,
            Flavour::X5 => pool_x5,
            Flavour::X6 => pool_x6,
            Flavour::X7 => pool_x7,
            Flavour::X9 => pool_x9,
        })
    }

    /// The template: [`TEMPLATE_SIZE`] bytes.
    pub(crate) fn template(self) -> *const u8 {
        code(template)
    }

    /// Where its thunks begin in the template, in bytes.
    pub(crate) const fn first_thunk(self) -> usize {
        self as usize * FLAVOUR_SIZE
    }

    /// Where a thunk leads whose callback was dropped.
    pub(crate) fn dead(self) -> *const () {
        code(match self {
            Flavour::X0 => dead_x0,
            Flavour::X1 => dead_x1,
            Flavour::X2 => dead_x2,
            Flavour::X3 => dead_x3,
            Flavour::X4 => dead_x4,
            Flavour::X5 => dead_x5,
            Flavour::X6 => dead_x6,
            Flavour::X7 => dead_x7,
            Flavour::X9 => dead_x9,
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

/// The slot that a thunk of the template hands over, read from its second instruction: the immediate of `adr` has its
/// two lowest bits at 29 and the others at 5.
#[cfg(test)]
pub(crate) fn named_slot(code: *const u8) -> *const u8 {
    let adr = code.wrapping_add(4);
    // SAFETY: an instruction of a thunk.
    let word = unsafe { adr.cast::<u32>().read() };
    let immediate = (word >> 5 & 0x7_FFFF) << 2 | word >> 29 & 3;
    // 21 bits with a sign.
    let distance = (immediate << 11).cast_signed() >> 11;
    adr.wrapping_offset(distance as isize)
}

fn code(function: unsafe extern "C" fn()) -> *const u8 {
    function as *const u8
}

/// Which argument registers an entry stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// `x0` to `x3`
    FourInts,
    /// and `x4` to `x8`
    Ints,
    /// and `v0` to `v7`
    All,
}

impl Needs {
    /// Of a call that uses these registers.
    pub(crate) fn of(_: &CallPlan, registers: &[Reg]) -> Needs {
        if registers.iter().any(|r| matches!(r, Reg::V(_))) {
            Needs::All
        } else if registers.iter().all(|r| matches!(r, Reg::X(0..=3))) {
            Needs::FourInts
        } else {
            Needs::Ints
        }
    }
}

/// Where an `x9` thunk leads.
pub(crate) fn entry(needs: Needs) -> *const () {
    code(match needs {
        Needs::FourInts => entry_four_ints,
        Needs::Ints => entry_ints,
        Needs::All => entry_all,
    })
    .cast()
}

macro_rules! flavour {
    ($register:literal, $slots:ident, $pool:ident, $dead:ident) => {
        static $slots: [Slot; POOL_THUNKS] = [const { Slot::unused() }; POOL_THUNKS];

        /// The pool: each thunk names its slot, which the linker places.
        #[unsafe(naked)]
        unsafe extern "C" fn $pool() {
            naked_asm!(
                ".p2align 6",
                ".set .Lpinvoke_thunk, 0",
                ".rept {count}",
                "hint #34", // bti c
                concat!("adrp ", $register, ", {slots}+{slot_size}*.Lpinvoke_thunk"),
                concat!("add ", $register, ", ", $register, ", :lo12:{slots}+{slot_size}*.Lpinvoke_thunk"),
                concat!("ldr x17, [", $register, "]"),
                "br x17",
                ".p2align 5",
                ".set .Lpinvoke_thunk, .Lpinvoke_thunk+1",
                ".endr",
                count = const POOL_THUNKS,
                slots = sym $slots,
                slot_size = const size_of::<Slot>(),
            )
        }

        /// Hands the slot to the report. Nothing returns, so nothing needs to be kept but the way back for debuggers.
        #[unsafe(naked)]
        unsafe extern "C" fn $dead() {
            naked_asm!(
                "hint #34", // bti c
                "stp x29, x30, [sp, #-16]!",
                "mov x29, sp",
                concat!("mov x0, ", $register),
                "bl {report}",
                "brk #1",
                report = sym crate::upcall::report::called_after_drop,
            )
        }
    };
}

flavour!("x0", SLOTS_X0, pool_x0, dead_x0);
flavour!("x1", SLOTS_X1, pool_x1, dead_x1);
flavour!("x2", SLOTS_X2, pool_x2, dead_x2);
flavour!("x3", SLOTS_X3, pool_x3, dead_x3);
flavour!("x4", SLOTS_X4, pool_x4, dead_x4);
flavour!("x5", SLOTS_X5, pool_x5, dead_x5);
flavour!("x6", SLOTS_X6, pool_x6, dead_x6);
flavour!("x7", SLOTS_X7, pool_x7, dead_x7);
flavour!("x9", SLOTS_X9, pool_x9, dead_x9);

/// The thunks of one flavour in the template: slot number n is at the distance 65536 + 64 n - 32 n from thunk n, less
/// the 4 bytes before the instruction that names it.
macro_rules! part {
    ($register:literal) => {
        concat!(
            ".p2align 12
            .set .Lpinvoke_thunk, 0
            .rept {count}
            hint #34
            adr ",
            $register,
            ", #{template}-4+({slot_size}-{thunk_size})*.Lpinvoke_thunk
            ldr x17, [",
            $register,
            "]
            br x17
            .p2align 5
            .set .Lpinvoke_thunk, .Lpinvoke_thunk+1
            .endr"
        )
    };
}

#[unsafe(naked)]
unsafe extern "C" fn template() {
    naked_asm!(
        ".p2align 16",
        part!("x0"),
        part!("x1"),
        part!("x2"),
        part!("x3"),
        part!("x4"),
        part!("x5"),
        part!("x6"),
        part!("x7"),
        part!("x9"),
        ".p2align 16",
        count = const TEMPLATE_THUNKS,
        template = const TEMPLATE_SIZE,
        slot_size = const size_of::<Slot>(),
        thunk_size = const THUNK_SIZE,
    )
}

/// The registers of a call as native code made it, and those that it will find afterwards.
///
/// Registers that the entry did not store hold garbage that no plan reads. Behind the frame are the caller's `x29` and
/// `x30`, and the stack arguments.
#[repr(C, align(16))]
#[derive(Debug)]
pub(crate) struct UpcallFrame {
    /// `x0` to `x8`, and 8 bytes of nothing.
    ints: [u64; 10],
    /// A result of registers before it is taken apart, in its own layout.
    result: [u128; 4],
    /// `x0`, `x1`.
    ret_ints: [u64; 2],
    /// `v0` to `v3`.
    ret_vectors: [u128; 4],
    /// `v0` to `v7`.
    vectors: [u128; 8],
    /// Values that came in several places, put together.
    scratch: [u128; 32],
}

impl UpcallFrame {
    /// Where the stack arguments begin, in bytes from the start of the frame.
    #[expect(clippy::cast_possible_truncation, reason = "a frame has hundreds of bytes")]
    pub(crate) const STACK: u32 = (size_of::<UpcallFrame>() + 16) as u32;

    /// Bytes of scratch. Values that are put together take two integer registers or up to four vector registers of
    /// the 16 that carry arguments; the largest has 64 bytes, and eight of those would fit.
    pub(crate) const SCRATCH: u16 = 512;

    /// Where a byte of the scratch area is.
    pub(crate) fn scratch(offset: u16) -> Option<FrameOffset> {
        let start = u16::try_from(offset_of!(UpcallFrame, scratch)).ok()?;
        (offset <= UpcallFrame::SCRATCH).then_some(FrameOffset(start + offset))
    }

    /// Bytes of a result that travels in registers, at most.
    pub(crate) const RESULT: usize = 64;

    /// Where such a result is put together.
    #[expect(clippy::cast_possible_truncation, reason = "a frame has hundreds of bytes")]
    pub(crate) const RESULT_AT: FrameOffset = FrameOffset(offset_of!(UpcallFrame, result) as u16);

    /// The register of a result of one word.
    pub(crate) const WORD: Reg = Reg::X(0);

    /// Where an argument register is stored.
    pub(crate) fn argument(register: Reg) -> Option<FrameOffset> {
        let at = match register {
            Reg::X(n @ 0..=8) => offset_of!(UpcallFrame, ints) + 8 * usize::from(n),
            Reg::V(n @ 0..=7) => offset_of!(UpcallFrame, vectors) + 16 * usize::from(n),
            _ => return None,
        };
        u16::try_from(at).ok().map(FrameOffset)
    }

    /// Where a result register is loaded from.
    pub(crate) fn result(register: Reg) -> Option<FrameOffset> {
        let at = match register {
            Reg::X(n @ 0..=1) => offset_of!(UpcallFrame, ret_ints) + 8 * usize::from(n),
            Reg::V(n @ 0..=3) => offset_of!(UpcallFrame, ret_vectors) + 16 * usize::from(n),
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
    /// `x0`, `x1` and the low halves of `v0` to `v3`.
    const USUAL: ResultLoads = ResultLoads(1);
    /// `x0`, `x1` and all of `v0` to `v3`.
    const WHOLE_VECTORS: ResultLoads = ResultLoads(2);

    /// Those of a result that does not come in one word.
    pub(crate) fn of(ret: &RetPlan) -> ResultLoads {
        let RetPlan::Direct(pieces) = ret else { return ResultLoads::USUAL };
        let whole = pieces.iter().any(|p| matches!(p.at, Location::Reg(Reg::V(_))) && p.width > 8);
        if whole { ResultLoads::WHOLE_VECTORS } else { ResultLoads::USUAL }
    }
}

/// What dispatch returns, in `x0` and `x1`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Returned {
    pub(crate) word: u64,
    pub(crate) loads: ResultLoads,
}

/// Reads the arguments of a call from its frame and leaves the result there.
pub(crate) type Dispatch = unsafe extern "C" fn(&'static Slot, FramePtr) -> Returned;

/// Instructions that several entries share.
macro_rules! asm {
    (store x0 to x3) => {
        "stp x0, x1, [sp, #{ints}]; stp x2, x3, [sp, #{ints} + 16]"
    };
    (store x4 to x8) => {
        "stp x4, x5, [sp, #{ints} + 32]; stp x6, x7, [sp, #{ints} + 48]; str x8, [sp, #{ints} + 64]"
    };
    (store vectors) => {
        "stp q0, q1, [sp, #{vectors}]; stp q2, q3, [sp, #{vectors} + 32]
        stp q4, q5, [sp, #{vectors} + 64]; stp q6, q7, [sp, #{vectors} + 96]"
    };
}

/// An entry that stores these registers.
macro_rules! entry {
    ($name:ident, store [$($store:expr),*]) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                "hint #34", // bti c
                "stp x29, x30, [sp, #-16]!",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset x29, -16",
                ".cfi_offset x30, -8",
                "mov x29, sp",
                ".cfi_def_cfa x29, 16",
                "sub sp, sp, #{frame}",
                $($store,)*
                "mov x0, x9",
                "mov x1, sp",
                "ldr x9, [x9, #{dispatch}]",
                "blr x9",
                "cbnz x1, 3f",
                "2:",
                "mov sp, x29",
                ".cfi_remember_state",
                ".cfi_def_cfa sp, 16",
                "ldp x29, x30, [sp], #16",
                ".cfi_def_cfa_offset 0",
                ".cfi_restore x29",
                ".cfi_restore x30",
                "ret",
                ".cfi_restore_state",
                "3:",
                "cmp x1, #{whole_vectors}",
                "ldp x0, x1, [sp, #{ret_ints}]",
                "b.eq 4f",
                "ldr d0, [sp, #{ret_vectors}]",
                "ldr d1, [sp, #{ret_vectors} + 16]",
                "ldr d2, [sp, #{ret_vectors} + 32]",
                "ldr d3, [sp, #{ret_vectors} + 48]",
                "b 2b",
                "4:",
                "ldp q0, q1, [sp, #{ret_vectors}]",
                "ldp q2, q3, [sp, #{ret_vectors} + 32]",
                "b 2b",
                ".cfi_endproc",
                // One entry leaves out what another needs:
                "// {vectors}",
                frame = const size_of::<UpcallFrame>(),
                ints = const offset_of!(UpcallFrame, ints),
                vectors = const offset_of!(UpcallFrame, vectors),
                ret_ints = const offset_of!(UpcallFrame, ret_ints),
                ret_vectors = const offset_of!(UpcallFrame, ret_vectors),
                dispatch = const Slot::DISPATCH_OFFSET,
                whole_vectors = const ResultLoads::WHOLE_VECTORS.0,
            )
        }
    };
}

entry!(entry_four_ints, store[asm!(store x0 to x3)]);
entry!(entry_ints, store [asm!(store x0 to x3), asm!(store x4 to x8)]);
entry!(entry_all, store [asm!(store x0 to x3), asm!(store x4 to x8), asm!(store vectors)]);
