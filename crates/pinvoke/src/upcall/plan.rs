//! A call plan read from the callee's side: where in the frame of an upcall every argument stands,
//! and where the result has to go.
//!
//! A [`CallPlan`] says in which register or stack word each piece of a value travels. From inside an
//! [`UpcallFrame`] almost every value can be read where it lies: the registers were stored to
//! memory, stack words are memory, and a value by reference is memory. Only a value in two registers
//! is gathered, into a scratch area that belongs to the upcall: for `f({ double; int }, int)` in
//! System V, 8 bytes of `xmm0` and 4 of `rdi` become 12 bytes of scratch, and the second argument is
//! the low 4 bytes where `rsi` was stored.

use core::mem::MaybeUninit;
use core::slice;

use pinvoke_abi::plan::{Abi, ArgPlan, CallPlan, Extend, Location, Piece, RetPlan};
use pinvoke_abi::reg::Reg;

use crate::arch::upcall::{FrameOffset, UpcallFrame};

/// Bytes of scratch an upcall has. Values that are gathered take two registers each, or a register
/// for a part of an over-aligned value; 14 registers carry arguments.
const SCRATCH: usize = 512;

/// Memory for the values that lie in several places.
#[repr(C, align(16))]
pub(crate) struct Scratch([MaybeUninit<u8>; SCRATCH]);

impl core::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Scratch")
    }
}

impl Scratch {
    #[inline]
    pub(crate) fn new() -> Scratch {
        Scratch([const { MaybeUninit::uninit() }; SCRATCH])
    }
}

/// A result before it goes to its registers: two of 16 bytes at most.
pub(crate) type ResultBytes = [u128; 2];

/// Somewhere an upcall can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Frame(FrameOffset),
    /// From the first stack argument.
    Stack(u32),
}

#[derive(Clone, Copy, Debug)]
enum Source {
    At(Place),
    /// The address of the value stands there.
    Behind(Place),
    /// Gathered at this offset of the scratch area.
    Scratch(u16),
    Nowhere,
}

#[derive(Clone, Copy, Debug)]
struct Argument {
    source: Source,
    size: u32,
}

#[derive(Clone, Copy, Debug)]
struct Gather {
    from: Place,
    to: u16,
    width: u16,
}

#[derive(Clone, Copy, Debug)]
struct Scatter {
    from: u16,
    width: u16,
    extend: Extend,
    to: FrameOffset,
}

#[derive(Clone, Debug)]
enum Outcome {
    Nothing,
    Registers(Vec<Scatter>),
    /// Memory of the caller; its address stands here and is handed back there.
    Memory {
        pointer: Place,
        returned: FrameOffset,
    },
}

/// Where the arguments of an upcall stand and where its result goes.
#[derive(Debug)]
pub(crate) struct UpcallPlan {
    abi: Abi,
    args: Box<[Argument]>,
    gathers: Box<[Gather]>,
    /// Bytes of scratch in use; padding between pieces is zero there.
    scratch: u16,
    outcome: Outcome,
    ret_size: u32,
    x87_results: u32,
    uses_vectors: bool,
}

/// A plan that the frame of this architecture cannot express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreachable(pub(crate) Location);

impl UpcallPlan {
    pub(crate) fn new(plan: &CallPlan) -> Result<UpcallPlan, Unreachable> {
        let mut gathers = Vec::new();
        let mut scratch = 0_u16;
        let mut args = Vec::with_capacity(plan.args().len());
        let mut uses_vectors = false;
        for (arg, size) in plan.args().iter().zip(plan.arg_sizes()) {
            let source = match arg {
                ArgPlan::ByReference { at, .. } => Source::Behind(place(*at)?),
                ArgPlan::Direct(pieces) => {
                    uses_vectors |= pieces.iter().any(|p| matches!(p.at, Location::Reg(Reg::Vec(_))));
                    match &pieces[..] {
                        [] => Source::Nowhere,
                        [only] if only.offset == 0 && only.width == *size => Source::At(place(only.at)?),
                        several => {
                            let start = scratch;
                            for piece in several {
                                gathers.push(gather(piece, start)?);
                            }
                            let end = u32::from(start).saturating_add(*size).next_multiple_of(16);
                            scratch = u16::try_from(end)
                                .ok()
                                .filter(|end| usize::from(*end) <= SCRATCH)
                                .ok_or(Unreachable(several[0].at))?;
                            Source::Scratch(start)
                        }
                    }
                }
            };
            args.push(Argument { source, size: *size });
        }
        let mut x87_results = 0;
        let outcome = match plan.ret() {
            RetPlan::Void => Outcome::Nothing,
            RetPlan::Indirect { pointer, returned } => Outcome::Memory {
                pointer: place(*pointer)?,
                returned: UpcallFrame::result(*returned).ok_or(Unreachable(Location::Reg(*returned)))?,
            },
            RetPlan::Direct(pieces) => {
                x87_results = pieces.iter().filter(|p| matches!(p.at, Location::Reg(Reg::X87(_)))).count();
                Outcome::Registers(pieces.iter().map(scatter).collect::<Result<_, _>>()?)
            }
        };
        Ok(UpcallPlan {
            abi: plan.abi(),
            args: args.into(),
            gathers: gathers.into(),
            scratch,
            outcome,
            ret_size: plan.ret_size(),
            x87_results: u32::try_from(x87_results).unwrap_or(u32::MAX),
            uses_vectors,
        })
    }

    pub(crate) fn abi(&self) -> Abi {
        self.abi
    }

    pub(crate) fn len(&self) -> usize {
        self.args.len()
    }

    pub(crate) fn ret_size(&self) -> usize {
        self.ret_size as usize
    }

    /// Whether any argument travels in a vector register.
    pub(crate) fn uses_vectors(&self) -> bool {
        self.uses_vectors
    }

    /// Collects the values that lie in several places.
    ///
    /// # Safety
    /// `frame` is that of a call which this plan describes and which has not returned.
    #[inline]
    pub(crate) unsafe fn gather(&self, frame: &UpcallFrame, scratch: &mut Scratch) {
        scratch.0[..usize::from(self.scratch)].fill(MaybeUninit::new(0));
        for gather in &self.gathers {
            // SAFETY: the caller vouches for the frame.
            let from = unsafe { address(frame, gather.from) };
            // SAFETY: `to + width` is within a value, whose end was checked against SCRATCH.
            let to = unsafe { scratch.0.as_mut_ptr().cast::<u8>().add(usize::from(gather.to)) };
            // SAFETY: the plan is verified: `width` bytes of the value stand at `from`.
            unsafe { to.copy_from_nonoverlapping(from, usize::from(gather.width)) };
        }
    }

    /// The native bytes of an argument; `None` if there is no such argument.
    ///
    /// # Safety
    /// `frame` is that of a call which this plan describes and which has not returned, and `scratch`
    /// was filled by [`UpcallPlan::gather`].
    #[inline]
    pub(crate) unsafe fn argument<'a>(
        &self,
        index: usize,
        frame: &'a UpcallFrame,
        scratch: &'a Scratch,
    ) -> Option<&'a [u8]> {
        let argument = self.args.get(index)?;
        let start = match argument.source {
            // SAFETY: the caller vouches for the frame.
            Source::At(place) => unsafe { address(frame, place) },
            Source::Behind(place) => {
                // SAFETY: the caller vouches for the frame.
                let pointer = unsafe { address(frame, place) }.cast::<*const u8>();
                // SAFETY: the place holds the 8 bytes of an address, aligned as registers and stack
                // words are.
                unsafe { pointer.read() }
            }
            Source::Scratch(offset) => scratch.0[usize::from(offset)..].as_ptr().cast::<u8>(),
            Source::Nowhere => core::ptr::dangling(),
        };
        // SAFETY: the plan is verified: `size` bytes of the value stand there, in the frame, on the
        // stack of the caller or in its copy, until the upcall returns.
        Some(unsafe { slice::from_raw_parts(start, argument.size as usize) })
    }

    /// Where to put the result until [`UpcallPlan::deliver`]: memory of the caller, or `buffer`.
    /// All zero at first.
    ///
    /// # Safety
    /// As for [`UpcallPlan::gather`].
    #[inline]
    pub(crate) unsafe fn result<'a>(
        &self,
        frame: &'a UpcallFrame,
        buffer: &'a mut ResultBytes,
    ) -> &'a mut [u8] {
        let start = match &self.outcome {
            Outcome::Nothing => return &mut [],
            Outcome::Registers(_) => {
                *buffer = [0; 2];
                buffer.as_mut_ptr().cast::<u8>()
            }
            Outcome::Memory { pointer, .. } => {
                // SAFETY: the caller vouches for the frame.
                let pointer = unsafe { address(frame, *pointer) }.cast::<*mut u8>();
                // SAFETY: the place holds the address of the memory for the result.
                let memory = unsafe { pointer.read() };
                // SAFETY: the caller of a function with such a result provides that many bytes.
                unsafe { memory.write_bytes(0, self.ret_size as usize) };
                memory
            }
        };
        // SAFETY: `ret_size` bytes, at most 32 in registers, initialised just now; nobody else uses
        // them until the upcall returns.
        unsafe { slice::from_raw_parts_mut(start, self.ret_size as usize) }
    }

    /// Puts the result where the entry loads it from; returns how many x87 registers it takes.
    ///
    /// # Safety
    /// As for [`UpcallPlan::gather`].
    #[inline]
    pub(crate) unsafe fn deliver(&self, frame: &mut UpcallFrame, buffer: &ResultBytes) -> u32 {
        match &self.outcome {
            Outcome::Nothing => {}
            Outcome::Registers(scatters) => {
                for scatter in scatters {
                    scatter.copy(buffer, frame);
                }
            }
            Outcome::Memory { pointer, returned } => {
                // SAFETY: the caller vouches for the frame.
                let from = unsafe { address(frame, *pointer) }.cast::<u64>();
                // SAFETY: an address stands there.
                let memory = unsafe { from.read() };
                frame.bytes_mut()[usize::from(returned.0)..][..8].copy_from_slice(&memory.to_ne_bytes());
            }
        }
        self.x87_results
    }
}

impl Scatter {
    #[inline]
    fn copy(&self, buffer: &ResultBytes, frame: &mut UpcallFrame) {
        let mut word = [0_u8; 16];
        let from = usize::from(self.from);
        let width = usize::from(self.width);
        let word128 = buffer[from / 16] >> (from % 16 * 8);
        word.copy_from_slice(&word128.to_le_bytes());
        let negative = word[width - 1] >= 0x80;
        let fill = if matches!(self.extend, Extend::Sign) && negative { 0xff } else { 0 };
        word[width..].fill(fill);
        let to = usize::from(self.to.0);
        frame.bytes_mut()[to..to + 8].copy_from_slice(&word[..8]);
        if width > 8 {
            frame.bytes_mut()[to + 8..to + 16].copy_from_slice(&word[8..]);
        }
    }
}

fn place(location: Location) -> Result<Place, Unreachable> {
    match location {
        Location::Reg(register) => {
            UpcallFrame::argument(register).map(Place::Frame).ok_or(Unreachable(location))
        }
        Location::Stack(offset) => Ok(Place::Stack(offset)),
    }
}

fn gather(piece: &Piece, start: u16) -> Result<Gather, Unreachable> {
    let to = u32::from(start).checked_add(piece.offset).and_then(|to| u16::try_from(to).ok());
    let width = u16::try_from(piece.width).ok();
    match (to, width) {
        (Some(to), Some(width)) if usize::from(to) + usize::from(width) <= SCRATCH => {
            Ok(Gather { from: place(piece.at)?, to, width })
        }
        _ => Err(Unreachable(piece.at)),
    }
}

fn scatter(piece: &Piece) -> Result<Scatter, Unreachable> {
    let Location::Reg(register) = piece.at else { return Err(Unreachable(piece.at)) };
    let to = UpcallFrame::result(register).ok_or(Unreachable(piece.at))?;
    match (u16::try_from(piece.offset), u16::try_from(piece.width)) {
        (Ok(from), Ok(width @ 1..=16)) if usize::from(from % 16) + usize::from(width) <= 16 && from < 32 => {
            Ok(Scatter { from, width, extend: piece.extend, to })
        }
        _ => Err(Unreachable(piece.at)),
    }
}

/// The memory at a place.
///
/// # Safety
/// `frame` is that of a call in progress, to which `place` belongs.
#[inline]
unsafe fn address(frame: &UpcallFrame, place: Place) -> *const u8 {
    match place {
        // SAFETY: a FrameOffset is within the frame.
        Place::Frame(offset) => unsafe { core::ptr::from_ref(frame).cast::<u8>().add(usize::from(offset.0)) },
        // SAFETY: the call has that many bytes of stack arguments.
        Place::Stack(offset) => unsafe { frame.stack.add(offset as usize) },
    }
}
