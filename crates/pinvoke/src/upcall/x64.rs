//! How native code enters us on x86-64: the code of the thunks, and the way in for calls whose
//! signature is known only at run time.
//!
//! # Thunks
//!
//! A thunk is 32 bytes of fixed code that belongs to one slot of 64 bytes of data:
//!
//! ```text
//!   endbr64                      the landing instruction of indirect-branch tracking
//!   lea  <register>, [slot]
//!   jmp  [slot]                  a slot begins with the address to go to
//! ```
//!
//! The register is one that carries no argument of the call, so the code behind `jmp` sees the call
//! as native code made it, and the slot as one argument more. Seven registers make seven *flavours*:
//! the six that System V passes integers in (four of them are those of Microsoft x64 too), and
//! `r10`, which no convention uses for arguments (System V calls it the static chain pointer).
//!
//! Every flavour has a *pool*, whose slots lie in the program's data, and a *template*: one page of
//! thunks whose slots lie right behind the page. A template is never executed where it stands; it
//! is there to be mapped again, from the program's own file, in front of fresh data pages.
//!
//! # Entry
//!
//! `entry_*` is where an `r10` thunk leads when no register is free, or the signature is not known
//! at compile time: it stores argument registers in an [`UpcallFrame`], calls the *dispatch* function
//! that the slot names, and loads the results from the frame; an integer that is the whole result
//! comes back in `rax` without that detour. What a short upcall costs is the number of its stores, so
//! there is an entry for every number of integer registers that is worth one ([`Needs`]), none stores
//! vector registers for calls that have none, and none keeps a frame pointer.

use core::arch::naked_asm;
use core::mem::offset_of;

use pinvoke_abi::plan::{Abi, CallPlan, Location, RetPlan};
use pinvoke_abi::reg::{Gpr, Reg};

use crate::arch::describe;
use crate::upcall::frame::{FrameOffset, FramePtr};
use crate::upcall::slot::Slot;

/// Bytes of code of one thunk.
pub(crate) const THUNK_SIZE: usize = 32;
/// Size of a page of memory; the architecture has no other for files.
pub(crate) const PAGE_SIZE: usize = 4096;
/// Thunks on one template page.
pub(crate) const TEMPLATE_THUNKS: usize = PAGE_SIZE / THUNK_SIZE;
/// Thunks in the pool of one flavour: 256, and 32 that are resting after use.
pub(crate) const POOL_THUNKS: usize = 288;

/// Bytes of the file that are mapped once more for a page of thunks.
pub(crate) const TEMPLATE_SIZE: usize = PAGE_SIZE;
/// Bytes from one such page to the next, with the slots of the first right behind it.
pub(crate) const STRIDE: usize = TEMPLATE_SIZE + TEMPLATE_THUNKS * size_of::<Slot>();

/// How many numbers find a register of their own before the others take one of integers; `None` if those take none.
pub(crate) const NUMBERS_APART: Option<usize> = None;

/// Callers look at as many bytes of an integer result as it has.
pub(crate) const RESULTS_AS_THEY_ARE: bool = true;

/// The register in which a thunk hands over its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Flavour {
    Rdi,
    Rsi,
    Rdx,
    Rcx,
    R8,
    R9,
    R10,
}

impl Flavour {
    /// All of them.
    pub(crate) const ALL: [Flavour; 7] =
        [Flavour::Rdi, Flavour::Rsi, Flavour::Rdx, Flavour::Rcx, Flavour::R8, Flavour::R9, Flavour::R10];

    /// The flavour whose thunks lead to an entry: its register carries no argument.
    pub(crate) const ENTRY: Flavour = Flavour::R10;

    /// The flavour whose slots callbacks with user data take, which leave the thunks unused. Few others want it.
    pub(crate) const SPARE: Flavour = Flavour::R9;

    /// The flavour whose thunks use `register`, if it can carry an argument.
    pub(crate) fn of(register: Reg) -> Option<Flavour> {
        Some(match register {
            Reg::Int(Gpr::Rdi) => Flavour::Rdi,
            Reg::Int(Gpr::Rsi) => Flavour::Rsi,
            Reg::Int(Gpr::Rdx) => Flavour::Rdx,
            Reg::Int(Gpr::Rcx) => Flavour::Rcx,
            Reg::Int(Gpr::R8) => Flavour::R8,
            Reg::Int(Gpr::R9) => Flavour::R9,
            _ => return None,
        })
    }

    /// How the arguments of a convention take the registers of flavours.
    pub(crate) const fn order(abi: Abi) -> Order {
        const SYSV64: [Flavour; 6] =
            [Flavour::Rdi, Flavour::Rsi, Flavour::Rdx, Flavour::Rcx, Flavour::R8, Flavour::R9];
        const WIN64: [Flavour; 4] = [Flavour::Rcx, Flavour::Rdx, Flavour::R8, Flavour::R9];
        match abi {
            Abi::Win64 => Order::OneForEach(&WIN64),
            _ => Order::ForIntegers(&SYSV64),
        }
    }

    /// The slots of the pool.
    pub(crate) fn pool_slots(self) -> &'static [Slot; POOL_THUNKS] {
        match self {
            Flavour::Rdi => &SLOTS_RDI,
            Flavour::Rsi => &SLOTS_RSI,
            Flavour::Rdx => &SLOTS_RDX,
            Flavour::Rcx => &SLOTS_RCX,
            Flavour::R8 => &SLOTS_R8,
            Flavour::R9 => &SLOTS_R9,
            Flavour::R10 => &SLOTS_R10,
        }
    }

    /// The first thunk of the pool.
    pub(crate) fn pool_code(self) -> *const u8 {
        code(match self {
            Flavour::Rdi => pool_rdi,
            Flavour::Rsi => pool_rsi,
            Flavour::Rdx => pool_rdx,
            Flavour::Rcx => pool_rcx,
            Flavour::R8 => pool_r8,
            Flavour::R9 => pool_r9,
            Flavour::R10 => pool_r10,
        })
    }

    /// The template: [`TEMPLATE_SIZE`] bytes.
    pub(crate) fn template(self) -> *const u8 {
        code(match self {
            Flavour::Rdi => template_rdi,
            Flavour::Rsi => template_rsi,
            Flavour::Rdx => template_rdx,
            Flavour::Rcx => template_rcx,
            Flavour::R8 => template_r8,
            Flavour::R9 => template_r9,
            Flavour::R10 => template_r10,
        })
    }

    /// Where its thunks begin in the template, in bytes.
    pub(crate) const fn first_thunk(self) -> usize {
        0
    }

    /// Where a thunk leads whose callback was dropped.
    pub(crate) fn dead(self) -> *const () {
        code(match self {
            Flavour::Rdi => dead_rdi,
            Flavour::Rsi => dead_rsi,
            Flavour::Rdx => dead_rdx,
            Flavour::Rcx => dead_rcx,
            Flavour::R8 => dead_r8,
            Flavour::R9 => dead_r9,
            Flavour::R10 => dead_r10,
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
    OneForEach(&'static [Flavour]),
}

/// The slot that a thunk hands over, read from its code: `endbr64; lea register, [rip+n]` has 11 bytes, the last
/// four of which are n.
#[cfg(test)]
pub(crate) fn named_slot(code: *const u8) -> *const u8 {
    // SAFETY: the bytes of a thunk.
    let distance = unsafe { code.wrapping_add(7).cast::<i32>().read_unaligned() };
    code.wrapping_add(11).wrapping_offset(distance as isize)
}

fn code(function: unsafe extern "C" fn()) -> *const u8 {
    function as *const u8
}

/// Which argument registers an entry stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// `rdi`, `rsi`
    TwoInts,
    /// and `rdx`, `rcx`
    FourInts,
    /// and `r8`, `r9`
    Ints,
    /// and `xmm0` to `xmm7`
    All,
    /// `rcx`, `rdx`, `r8`, `r9`
    Win64Ints,
    /// and `xmm0` to `xmm3`
    Win64,
}

impl Needs {
    /// Of a call that uses these registers.
    pub(crate) fn of(plan: &CallPlan, registers: &[Reg]) -> Needs {
        let vectors = registers.iter().any(|r| matches!(r, Reg::Vec(_)));
        let only = |few: &[Gpr]| registers.iter().all(|r| matches!(r, Reg::Int(gpr) if few.contains(gpr)));
        match (plan.abi() == Abi::Win64, vectors) {
            (true, true) => Needs::Win64,
            (true, false) => Needs::Win64Ints,
            (false, true) => Needs::All,
            (false, false) if only(&[Gpr::Rdi, Gpr::Rsi]) => Needs::TwoInts,
            (false, false) if only(&[Gpr::Rdi, Gpr::Rsi, Gpr::Rdx, Gpr::Rcx]) => Needs::FourInts,
            (false, false) => Needs::Ints,
        }
    }
}

/// Where an `r10` thunk leads.
pub(crate) fn entry(needs: Needs) -> *const () {
    code(match needs {
        Needs::TwoInts => entry_two_ints,
        Needs::FourInts => entry_four_ints,
        Needs::Ints => entry_ints,
        Needs::All => entry_all,
        Needs::Win64Ints => entry_win64_ints,
        Needs::Win64 => entry_win64,
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
                ".p2align 6",
                ".set .Lpinvoke_thunk, 0",
                ".rept {count}",
                "endbr64",
                concat!("leaq {slots}+{slot_size}*.Lpinvoke_thunk(%rip), %", $register),
                "jmpq *{slots}+{slot_size}*.Lpinvoke_thunk(%rip)",
                ".p2align 5, 0xcc",
                ".set .Lpinvoke_thunk, .Lpinvoke_thunk+1",
                ".endr",
                count = const POOL_THUNKS,
                slots = sym $slots,
                slot_size = const size_of::<Slot>(),
                options(att_syntax),
            )
        }

        /// The template: slot number n is at the distance 4096 + 64 n - 32 n from thunk n, less the
        /// 11 or 17 bytes that end the instruction which names it.
        #[unsafe(naked)]
        unsafe extern "C" fn $template() {
            naked_asm!(
                ".p2align 12",
                ".set .Lpinvoke_thunk, 0",
                ".rept {count}",
                "endbr64",
                concat!("leaq {page}-11+({slot_size}-{thunk_size})*.Lpinvoke_thunk(%rip), %", $register),
                "jmpq *{page}-17+({slot_size}-{thunk_size})*.Lpinvoke_thunk(%rip)",
                ".p2align 5, 0xcc",
                ".set .Lpinvoke_thunk, .Lpinvoke_thunk+1",
                ".endr",
                count = const TEMPLATE_THUNKS,
                page = const PAGE_SIZE,
                slot_size = const size_of::<Slot>(),
                thunk_size = const THUNK_SIZE,
                options(att_syntax),
            )
        }

        /// Hands the slot to the report, in the first register of both conventions. Nothing returns, so
        /// nothing needs to be kept but the alignment of the stack; Microsoft x64 wants 32 bytes above it.
        #[unsafe(naked)]
        unsafe extern "C" fn $dead() {
            naked_asm!(
                "endbr64",
                "pushq %rbp",
                "movq %rsp, %rbp",
                concat!("movq %", $register, ", %rdi"),
                "movq %rdi, %rcx",
                "subq $32, %rsp",
                "callq {report}",
                "ud2",
                report = sym crate::upcall::report::called_after_drop,
                options(att_syntax),
            )
        }
    };
}

flavour!("rdi", SLOTS_RDI, pool_rdi, template_rdi, dead_rdi);
flavour!("rsi", SLOTS_RSI, pool_rsi, template_rsi, dead_rsi);
flavour!("rdx", SLOTS_RDX, pool_rdx, template_rdx, dead_rdx);
flavour!("rcx", SLOTS_RCX, pool_rcx, template_rcx, dead_rcx);
flavour!("r8", SLOTS_R8, pool_r8, template_r8, dead_r8);
flavour!("r9", SLOTS_R9, pool_r9, template_r9, dead_r9);
flavour!("r10", SLOTS_R10, pool_r10, template_r10, dead_r10);

/// The registers of a call as native code made it, and those that it will find afterwards.
///
/// Both conventions share one picture: what Microsoft x64 passes in is a subset of what System V
/// does. Registers that the entry did not store hold garbage that no plan reads. Behind the frame are
/// 8 bytes of nothing, the return address and the stack arguments.
#[repr(C, align(16))]
#[derive(Debug)]
pub(crate) struct UpcallFrame {
    /// `rdi`, `rsi`, `rdx`, `rcx`, `r8`, `r9`.
    ints: [u64; 6],
    /// A result of registers before it is taken apart, in its own layout.
    result: [u128; 2],
    /// `rax`, `rdx`.
    ret_ints: [u64; 2],
    /// `xmm0`, `xmm1`.
    ret_vectors: [u128; 2],
    /// `xmm0` to `xmm7`.
    vectors: [u128; 8],
    /// `st(0)`, `st(1)`: ten bytes each.
    ret_x87: [u128; 2],
    /// Values that came in several places, put together.
    scratch: [u128; 32],
}

impl UpcallFrame {
    /// What an entry takes from the stack: a frame, and what keeps the stack aligned behind the return
    /// address.
    const TAKEN: usize = size_of::<UpcallFrame>() + 8;

    /// Where the stack arguments begin, in bytes from the start of the frame.
    #[expect(clippy::cast_possible_truncation, reason = "a frame has hundreds of bytes")]
    pub(crate) const STACK: u32 = (UpcallFrame::TAKEN + 8) as u32;

    /// Bytes of scratch. Values that are put together take two registers each, or one for a part of
    /// an over-aligned value; 14 registers carry arguments.
    pub(crate) const SCRATCH: u16 = 512;

    /// Where a byte of the scratch area is.
    pub(crate) fn scratch(offset: u16) -> Option<FrameOffset> {
        let start = u16::try_from(offset_of!(UpcallFrame, scratch)).ok()?;
        (offset <= UpcallFrame::SCRATCH).then_some(FrameOffset(start + offset))
    }

    /// Bytes of a result that travels in registers, at most.
    pub(crate) const RESULT: usize = 32;

    /// Where such a result is put together.
    #[expect(clippy::cast_possible_truncation, reason = "a frame has hundreds of bytes")]
    pub(crate) const RESULT_AT: FrameOffset = FrameOffset(offset_of!(UpcallFrame, result) as u16);

    /// The register of a result of one word.
    pub(crate) const WORD: Reg = Reg::Int(Gpr::Rax);

    /// Where an argument register is stored.
    pub(crate) fn argument(register: Reg) -> Option<FrameOffset> {
        let at = match register {
            Reg::Int(gpr) => {
                offset_of!(UpcallFrame, ints)
                    + 8 * match gpr {
                        Gpr::Rdi => 0,
                        Gpr::Rsi => 1,
                        Gpr::Rdx => 2,
                        Gpr::Rcx => 3,
                        Gpr::R8 => 4,
                        Gpr::R9 => 5,
                        _ => return None,
                    }
            }
            Reg::Vec(n @ 0..8) => offset_of!(UpcallFrame, vectors) + 16 * usize::from(n),
            _ => return None,
        };
        u16::try_from(at).ok().map(FrameOffset)
    }

    /// Where a result register is loaded from.
    pub(crate) fn result(register: Reg) -> Option<FrameOffset> {
        let at = match register {
            Reg::Int(Gpr::Rax) => offset_of!(UpcallFrame, ret_ints),
            Reg::Int(Gpr::Rdx) => offset_of!(UpcallFrame, ret_ints) + 8,
            Reg::Int(_) => return None,
            Reg::Vec(n @ 0..2) => offset_of!(UpcallFrame, ret_vectors) + 16 * usize::from(n),
            Reg::X87(n @ 0..2) => offset_of!(UpcallFrame, ret_x87) + 16 * usize::from(n),
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
    /// `rax`, `rdx` and the low halves of `xmm0` and `xmm1`.
    const USUAL: ResultLoads = ResultLoads(1);
    /// The same and all of `xmm0` and `xmm1`.
    const WHOLE_VECTORS: ResultLoads = ResultLoads(2);
    /// The same as usual and `st(0)`.
    const ONE_X87: ResultLoads = ResultLoads(3);
    /// The same as usual, `st(0)` and `st(1)`.
    const TWO_X87: ResultLoads = ResultLoads(4);

    /// Those of a result that does not come in one word.
    pub(crate) fn of(ret: &RetPlan) -> ResultLoads {
        let RetPlan::Direct(pieces) = ret else { return ResultLoads::USUAL };
        let x87 = pieces.iter().filter(|p| matches!(p.at, Location::Reg(Reg::X87(_)))).count();
        match x87 {
            0 if pieces.iter().any(|p| matches!(p.at, Location::Reg(Reg::Vec(_))) && p.width > 8) => {
                ResultLoads::WHOLE_VECTORS
            }
            0 => ResultLoads::USUAL,
            1 => ResultLoads::ONE_X87,
            _ => ResultLoads::TWO_X87,
        }
    }
}

/// What dispatch returns, in `rax` and `rdx`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Returned {
    pub(crate) word: u64,
    pub(crate) loads: ResultLoads,
}

/// Reads the arguments of a call from its frame and leaves the result there.
pub(crate) type Dispatch = unsafe extern "sysv64" fn(&'static Slot, FramePtr) -> Returned;

/// Instructions that several entries share.
macro_rules! asm {
    (store rdi rsi) => {
        "mov [rsp + {ints}], rdi; mov [rsp + {ints} + 8], rsi"
    };
    (store rdx rcx) => {
        "mov [rsp + {ints} + 16], rdx; mov [rsp + {ints} + 24], rcx"
    };
    (store r8 r9) => {
        "mov [rsp + {ints} + 32], r8; mov [rsp + {ints} + 40], r9"
    };
    (store xmm0 to xmm3) => {
        "movaps [rsp + {vectors}], xmm0; movaps [rsp + {vectors} + 16], xmm1
        movaps [rsp + {vectors} + 32], xmm2; movaps [rsp + {vectors} + 48], xmm3"
    };
    (store xmm4 to xmm7) => {
        "movaps [rsp + {vectors} + 64], xmm4; movaps [rsp + {vectors} + 80], xmm5
        movaps [rsp + {vectors} + 96], xmm6; movaps [rsp + {vectors} + 112], xmm7"
    };
    // What callers expect to be kept in Microsoft x64 and not in System V: rdi and rsi, which are stored
    // as arguments, and xmm6 to xmm15, which are stored below the frame.
    (say where rdi and rsi are) => {
        concat!(describe!(saved "reg" "rdi" at "{ints}"), ";", describe!(saved "reg" "rsi" at "{ints} + 8"))
    };
    (keep for win64) => {
        concat!(
            asm!(keep "xmm6" at "0"), asm!(keep "xmm7" at "16"), asm!(keep "xmm8" at "32"),
            asm!(keep "xmm9" at "48"), asm!(keep "xmm10" at "64"), asm!(keep "xmm11" at "80"),
            asm!(keep "xmm12" at "96"), asm!(keep "xmm13" at "112"), asm!(keep "xmm14" at "128"),
            asm!(keep "xmm15" at "144")
        )
    };
    (keep $register:literal at $place:literal) => {
        concat!("movaps [rsp + ", $place, "], ", $register, ";", asm!(@saved $register at $place), ";")
    };
    (@saved $register:tt at $place:tt) => { describe!(saved "xmm" $register at $place) };
    (restore for win64) => {
        "movaps xmm6, [rsp]; movaps xmm7, [rsp + 16]; movaps xmm8, [rsp + 32]; movaps xmm9, [rsp + 48]
        movaps xmm10, [rsp + 64]; movaps xmm11, [rsp + 80]; movaps xmm12, [rsp + 96]
        movaps xmm13, [rsp + 112]; movaps xmm14, [rsp + 128]; movaps xmm15, [rsp + 144]
        mov rdi, [rsp + {ints}]; mov rsi, [rsp + {ints} + 8]"
    };
}

/// An entry whose frame lies so many bytes above the stack pointer.
macro_rules! entry {
    ($name:ident, below $below:literal, store [$($store:expr),*], keep [$($keep:expr),*], restore [$($restore:expr)?]) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                describe!(begin),
                "endbr64",
                "sub rsp, {taken}",
                describe!(taken "{taken}"),
                $($store,)*
                $($keep,)*
                describe!(entered),
                "mov rdi, r10",
                "lea rsi, [rsp + {below}]",
                "call [r10 + {dispatch}]",
                $($restore,)?
                "test edx, edx",
                "jnz 3f",
                "2:",
                "add rsp, {taken}",
                describe!(remember),
                describe!(given back "{taken}"),
                "ret",
                describe!(restore),
                "3:",
                "mov ecx, edx",
                "mov rax, [rsp + {ret_ints}]",
                "mov rdx, [rsp + {ret_ints} + 8]",
                "movsd xmm0, [rsp + {ret_vectors}]",
                "movsd xmm1, [rsp + {ret_vectors} + 16]",
                "cmp ecx, {whole_vectors}",
                "jb 2b",
                "jne 4f",
                "movaps xmm0, [rsp + {ret_vectors}]",
                "movaps xmm1, [rsp + {ret_vectors} + 16]",
                "jmp 2b",
                // A stack: what shall be st(0) is pushed last.
                "4:",
                "cmp ecx, {one_x87}",
                "je 5f",
                "fld tbyte ptr [rsp + {ret_x87} + 16]",
                "5:",
                "fld tbyte ptr [rsp + {ret_x87}]",
                "jmp 2b",
                describe!(end),
                // One entry leaves out what another needs, and so does a system:
                "# {vectors} {thunk}",
                thunk = sym $name,
                below = const $below,
                taken = const UpcallFrame::TAKEN + $below,
                ints = const offset_of!(UpcallFrame, ints) + $below,
                vectors = const offset_of!(UpcallFrame, vectors) + $below,
                ret_ints = const offset_of!(UpcallFrame, ret_ints) + $below,
                ret_vectors = const offset_of!(UpcallFrame, ret_vectors) + $below,
                ret_x87 = const offset_of!(UpcallFrame, ret_x87) + $below,
                dispatch = const Slot::DISPATCH_OFFSET,
                whole_vectors = const ResultLoads::WHOLE_VECTORS.0,
                one_x87 = const ResultLoads::ONE_X87.0,
            )
        }
    };
}

const _: () = assert!(size_of::<UpcallFrame>().is_multiple_of(16));

entry!(entry_two_ints, below 0, store [asm!(store rdi rsi)], keep [], restore []);
entry!(entry_four_ints, below 0, store [asm!(store rdi rsi), asm!(store rdx rcx)], keep [], restore []);
entry!(
    entry_ints,
    below 0,
    store [asm!(store rdi rsi), asm!(store rdx rcx), asm!(store r8 r9)],
    keep [],
    restore []
);
entry!(
    entry_all,
    below 0,
    store [
        asm!(store rdi rsi),
        asm!(store rdx rcx),
        asm!(store r8 r9),
        asm!(store xmm0 to xmm3),
        asm!(store xmm4 to xmm7)
    ],
    keep [],
    restore []
);
entry!(
    entry_win64_ints,
    below 160,
    store [asm!(store rdi rsi), asm!(store rdx rcx), asm!(store r8 r9)],
    keep [asm!(say where rdi and rsi are), asm!(keep for win64)],
    restore [asm!(restore for win64)]
);
entry!(
    entry_win64,
    below 160,
    store [asm!(store rdi rsi), asm!(store rdx rcx), asm!(store r8 r9), asm!(store xmm0 to xmm3)],
    keep [asm!(say where rdi and rsi are), asm!(keep for win64)],
    restore [asm!(restore for win64)]
);
