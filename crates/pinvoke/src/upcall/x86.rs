//! How native code enters us on 32-bit x86: the code of the thunks, and the way in for all calls.
//!
//! # Thunks
//!
//! A thunk is 32 bytes of fixed code that belongs to one slot of 64 bytes of data:
//!
//! ```text
//!   call next                    where are we: code has no other way to say so here
//!   next: pop eax
//!   lea  eax, [eax + distance]   the slot
//!   jmp  [eax]                   a slot begins with the address to go to
//! ```
//!
//! No convention passes an argument in `eax`, so there is one flavour. Nor can a function of Rust take an argument there,
//! and where all others lie on the stack one more cannot be slipped in: every thunk leads to the entry.
//!
//! There is a *pool*, whose slots lie in the program's data, and a *template*: one page of thunks whose slots lie right
//! behind the page. The template is never executed where it stands; it is there to be mapped again, from the program's
//! own file, in front of fresh data pages. Neither contains an address, so that both are the same wherever they are.
//!
//! # Entry
//!
//! The entry stores the argument registers in an [`UpcallFrame`], whose other end touches the arguments on the stack,
//! and calls the *dispatch* function that the slot names. That returns a word for `eax` and `edx`, or says what to load
//! from the frame. Then the entry removes from the stack what is the callee's to remove. How much that is it reads from
//! the slot's plan *before* the call, because the slot may have another owner behind it.

use core::arch::naked_asm;
use core::mem::offset_of;

use pinvoke_abi::plan::{Abi, CallPlan, Location, RetPlan};
use pinvoke_abi::reg::{Gpr, Reg};

use crate::upcall::frame::{FrameOffset, FramePtr};
use crate::upcall::plan::UpcallPlan;
use crate::upcall::slot::Slot;

/// Bytes of code of one thunk.
pub(crate) const THUNK_SIZE: usize = 32;
/// Size of a page of memory; the architecture has no other for files.
const PAGE_SIZE: usize = 4096;
/// Thunks on one template page.
pub(crate) const TEMPLATE_THUNKS: usize = PAGE_SIZE / THUNK_SIZE;
/// Bytes of the file that are mapped once more for a page of thunks.
pub(crate) const TEMPLATE_SIZE: usize = PAGE_SIZE;
/// Bytes from one such page to the next, with the slots of the first right behind it.
pub(crate) const STRIDE: usize = TEMPLATE_SIZE + TEMPLATE_THUNKS * size_of::<Slot>();
/// Thunks in the pool: 256, and 32 that are resting after use.
pub(crate) const POOL_THUNKS: usize = 288;
/// Bytes from the start of a thunk to the instruction behind its `call`.
const NEXT: usize = 5;

/// How many numbers find a register of their own before the others take one of integers; `None` if those take none.
pub(crate) const NUMBERS_APART: Option<usize> = None;

/// Callers look at as many bytes of an integer result as it has.
pub(crate) const RESULTS_AS_THEY_ARE: bool = true;

/// The register in which a thunk hands over its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Flavour {
    Eax,
}

impl Flavour {
    /// All of them.
    pub(crate) const ALL: [Flavour; 1] = [Flavour::Eax];

    /// The flavour whose thunks lead to an entry: its register carries no argument.
    pub(crate) const ENTRY: Flavour = Flavour::Eax;

    /// The flavour whose slots callbacks with user data take, which leave the thunks unused.
    pub(crate) const SPARE: Flavour = Flavour::Eax;

    /// The flavour whose thunks use a register that can carry an argument: there is none.
    pub(crate) fn of(_: Reg) -> Option<Flavour> {
        None
    }

    /// How the arguments of a convention take the registers of flavours: they take none.
    pub(crate) const fn order(_: Abi) -> Order {
        Order::OneForEach(&[])
    }

    /// The slots of the pool.
    pub(crate) fn pool_slots(self) -> &'static [Slot; POOL_THUNKS] {
        &SLOTS
    }

    /// The first thunk of the pool.
    pub(crate) fn pool_code(self) -> *const u8 {
        code(pool)
    }

    /// The template: [`TEMPLATE_SIZE`] bytes.
    pub(crate) fn template(self) -> *const u8 {
        code(template)
    }

    /// Where its thunks begin in the template, in bytes.
    pub(crate) const fn first_thunk(self) -> usize {
        0
    }

    /// Where a thunk leads whose callback was dropped.
    pub(crate) fn dead(self) -> *const () {
        code(dead).cast()
    }
}

/// Which registers arguments take, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Each integer the next of these.
    #[expect(dead_code, reason = "what machines with registers say")]
    ForIntegers(&'static [Flavour]),
    /// Each argument, whatever it is, the next of these.
    OneForEach(&'static [Flavour]),
}

/// The slot that a thunk hands over, read from its code: `call; pop eax; lea eax, [eax + n]` has 12 bytes, the last four
/// of which are n.
#[cfg(test)]
pub(crate) fn named_slot(code: *const u8) -> *const u8 {
    // SAFETY: the bytes of a thunk.
    let distance = unsafe { code.wrapping_add(8).cast::<i32>().read_unaligned() };
    code.wrapping_add(NEXT).wrapping_offset(distance as isize)
}

fn code(function: unsafe extern "C" fn()) -> *const u8 {
    function as *const u8
}

/// What the entry has to know of a call: how many bytes it removes from the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Needs(u32);

impl Needs {
    pub(crate) fn of(plan: &CallPlan, _: &[Reg]) -> Needs {
        Needs(plan.popped())
    }
}

/// Where thunks lead.
pub(crate) fn entry(_: Needs) -> *const () {
    code(entry_any).cast()
}

static SLOTS: [Slot; POOL_THUNKS] = [const { Slot::unused() }; POOL_THUNKS];

/// The pool: each thunk names its slot, which the linker places.
#[unsafe(naked)]
unsafe extern "C" fn pool() {
    naked_asm!(
        ".p2align 6",
        ".set .Lpinvoke_thunk, 0",
        ".rept {count}",
        "calll 2f",
        "2:",
        "popl %eax",
        "leal {slots}+{slot_size}*.Lpinvoke_thunk-2b(%eax), %eax",
        "jmpl *(%eax)",
        ".p2align 5, 0xcc",
        ".set .Lpinvoke_thunk, .Lpinvoke_thunk+1",
        ".endr",
        count = const POOL_THUNKS,
        slots = sym SLOTS,
        slot_size = const size_of::<Slot>(),
        options(att_syntax),
    )
}

/// The template: slot number n is at the distance 4096 + 64 n - 32 n from thunk n, less the 5 bytes of its `call`. The
/// instruction that adds the distance is written in bytes, because an assembler makes it shorter where it can.
#[unsafe(naked)]
unsafe extern "C" fn template() {
    naked_asm!(
        ".p2align 12",
        ".set .Lpinvoke_thunk, 0",
        ".rept {count}",
        "calll 2f",
        "2:",
        "popl %eax",
        ".byte 0x8d, 0x80",
        ".long {page}-{next}+({slot_size}-{thunk_size})*.Lpinvoke_thunk",
        "jmpl *(%eax)",
        ".p2align 5, 0xcc",
        ".set .Lpinvoke_thunk, .Lpinvoke_thunk+1",
        ".endr",
        count = const TEMPLATE_THUNKS,
        page = const PAGE_SIZE,
        next = const NEXT,
        slot_size = const size_of::<Slot>(),
        thunk_size = const THUNK_SIZE,
        options(att_syntax),
    )
}

/// Hands the slot to the report. Nothing returns, so nothing needs to be kept but the alignment of the stack.
#[unsafe(naked)]
unsafe extern "C" fn dead() {
    naked_asm!(
        "push ebp",
        "mov ebp, esp",
        "sub esp, 16",
        "and esp, -16",
        "mov [esp], eax",
        "call {report}",
        "ud2",
        report = sym crate::upcall::report::called_after_drop,
    )
}

/// The registers of a call as native code made it, and those that it will find afterwards.
///
/// Every register has 8 bytes, which is what shared code writes. The type asks for no more alignment than the arguments
/// on the stack have, since those lie behind it: the saved `ebp`, the return address, the arguments.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct UpcallFrame {
    /// `ecx`, `edx`.
    ints: [[u32; 2]; 2],
    /// A result of registers before it is taken apart, in its own layout.
    result: [u32; 4],
    /// `eax`, `edx`.
    ret_ints: [[u32; 2]; 2],
    /// `st(0)`: ten bytes, of which a `float` or `double` takes 4 or 8, in its own format.
    ret_x87: [u32; 4],
    /// What the entry has to remove.
    popped: u32,
    /// What dispatch returns.
    returned: [u32; 4],
    /// Values that came in several places, put together.
    scratch: [u32; 4],
}

impl UpcallFrame {
    /// Where the stack arguments begin, in bytes from the start of the frame.
    #[expect(clippy::cast_possible_truncation, reason = "a frame has hundreds of bytes")]
    pub(crate) const STACK: u32 = (size_of::<UpcallFrame>() + 8) as u32;

    /// Bytes of scratch: no value comes in several places here, so that a few are as good as none.
    pub(crate) const SCRATCH: u16 = 16;

    /// Where a byte of the scratch area is.
    pub(crate) fn scratch(offset: u16) -> Option<FrameOffset> {
        let start = u16::try_from(offset_of!(UpcallFrame, scratch)).ok()?;
        (offset <= UpcallFrame::SCRATCH).then_some(FrameOffset(start + offset))
    }

    /// Bytes of a result that travels in registers, at most.
    pub(crate) const RESULT: usize = 16;

    /// Where such a result is put together.
    #[expect(clippy::cast_possible_truncation, reason = "a frame has hundreds of bytes")]
    pub(crate) const RESULT_AT: FrameOffset = FrameOffset(offset_of!(UpcallFrame, result) as u16);

    /// The register of a result of one word; `edx` is loaded with it.
    pub(crate) const WORD: Reg = Reg::Int32(Gpr::Rax);

    /// Where an argument register is stored.
    pub(crate) fn argument(register: Reg) -> Option<FrameOffset> {
        let at = match register {
            Reg::Int32(Gpr::Rcx) => offset_of!(UpcallFrame, ints),
            Reg::Int32(Gpr::Rdx) => offset_of!(UpcallFrame, ints) + 8,
            _ => return None,
        };
        u16::try_from(at).ok().map(FrameOffset)
    }

    /// Where a result register is loaded from.
    pub(crate) fn result(register: Reg) -> Option<FrameOffset> {
        let at = match register {
            Reg::Int32(Gpr::Rax) => offset_of!(UpcallFrame, ret_ints),
            Reg::Int32(Gpr::Rdx) => offset_of!(UpcallFrame, ret_ints) + 8,
            Reg::X87(0) => offset_of!(UpcallFrame, ret_x87),
            _ => return None,
        };
        u16::try_from(at).ok().map(FrameOffset)
    }
}

/// Which result registers the entry loads from the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct ResultLoads(u32);

impl ResultLoads {
    /// None: dispatch returns the value of `eax` and `edx` itself.
    pub(crate) const NONE: ResultLoads = ResultLoads(0);
    /// `eax` and `edx`.
    const INTS: ResultLoads = ResultLoads(1);
    /// `st(0)`, from a `float`.
    const FLOAT: ResultLoads = ResultLoads(2);
    /// `st(0)`, from a `double`.
    const DOUBLE: ResultLoads = ResultLoads(3);
    /// `st(0)`, whole.
    const EXTENDED: ResultLoads = ResultLoads(4);

    /// Those of a result that does not come in one word.
    pub(crate) fn of(ret: &RetPlan) -> ResultLoads {
        let RetPlan::Direct(pieces) = ret else { return ResultLoads::INTS };
        match pieces.iter().find(|piece| matches!(piece.at, Location::Reg(Reg::X87(_)))).map(|p| p.width) {
            None => ResultLoads::INTS,
            Some(4) => ResultLoads::FLOAT,
            Some(8) => ResultLoads::DOUBLE,
            Some(_) => ResultLoads::EXTENDED,
        }
    }
}

/// What dispatch returns, through memory of the entry.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Returned {
    pub(crate) word: u64,
    pub(crate) loads: ResultLoads,
}

const _: () = assert!(size_of::<Returned>() > 8 && size_of::<Returned>() <= 16);

/// Reads the arguments of a call from its frame and leaves the result there.
pub(crate) type Dispatch = unsafe extern "C" fn(&'static Slot, FramePtr) -> Returned;

/// Below the frame, from the stack pointer on: the arguments of dispatch (where to return, slot, frame).
#[unsafe(naked)]
unsafe extern "C" fn entry_any() {
    naked_asm!(
        ".cfi_startproc",
        "push ebp",
        ".cfi_def_cfa_offset 8; .cfi_offset ebp, -8",
        "mov ebp, esp",
        ".cfi_def_cfa_register ebp",
        "sub esp, {size} + 16",
        "and esp, -16",
        "mov [ebp - {size} + {ints}], ecx",
        "mov [ebp - {size} + {ints} + 8], edx",
        "mov ecx, [eax + {plan}]",
        "mov ecx, [ecx + {needs}]",
        "mov [ebp - {size} + {popped}], ecx",
        "lea ecx, [ebp - {size} + {returned}]",
        "mov [esp], ecx",
        "mov [esp + 4], eax",
        "lea ecx, [ebp - {size}]",
        "mov [esp + 8], ecx",
        "call [eax + {dispatch}]",
        "mov ecx, [ebp - {size} + {returned} + {loads}]",
        "mov eax, [ebp - {size} + {returned} + {word}]",
        "mov edx, [ebp - {size} + {returned} + {word} + 4]",
        "test ecx, ecx",
        "jnz 3f",
        // The return address moves up over what is to be removed: nobody needs the arguments any more.
        "2:",
        "mov ecx, [ebp - {size} + {popped}]",
        "lea ecx, [ebp + ecx + 4]",
        "push dword ptr [ebp + 4]",
        "pop dword ptr [ecx]",
        "mov ebp, [ebp]",
        "mov esp, ecx",
        ".cfi_remember_state",
        ".cfi_def_cfa esp, 4",
        "ret",
        ".cfi_restore_state",
        "3:",
        "cmp ecx, {float}",
        "je 4f",
        "cmp ecx, {double}",
        "je 5f",
        "cmp ecx, {extended}",
        "je 6f",
        "mov eax, [ebp - {size} + {ret_ints}]",
        "mov edx, [ebp - {size} + {ret_ints} + 8]",
        "jmp 2b",
        "4:",
        "fld dword ptr [ebp - {size} + {ret_x87}]",
        "jmp 2b",
        "5:",
        "fld qword ptr [ebp - {size} + {ret_x87}]",
        "jmp 2b",
        "6:",
        "fld tbyte ptr [ebp - {size} + {ret_x87}]",
        "jmp 2b",
        ".cfi_endproc",
        size = const size_of::<UpcallFrame>(),
        ints = const offset_of!(UpcallFrame, ints),
        ret_ints = const offset_of!(UpcallFrame, ret_ints),
        ret_x87 = const offset_of!(UpcallFrame, ret_x87),
        popped = const offset_of!(UpcallFrame, popped),
        returned = const offset_of!(UpcallFrame, returned),
        word = const offset_of!(Returned, word),
        loads = const offset_of!(Returned, loads),
        plan = const offset_of!(Slot, plan),
        needs = const offset_of!(UpcallPlan, needs),
        dispatch = const Slot::DISPATCH_OFFSET,
        float = const ResultLoads::FLOAT.0,
        double = const ResultLoads::DOUBLE.0,
        extended = const ResultLoads::EXTENDED.0,
    )
}
