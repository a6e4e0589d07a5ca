//! A call plan read from the callee's side: where in the frame of an upcall every argument stands,
//! and where the result has to go.
//!
//! A [`CallPlan`] says in which register or stack word each piece of a value travels. From inside an
//! [`UpcallFrame`] almost every value can be read where it lies: the registers were stored to
//! memory, stack words are memory, and a value by reference is memory. Only a value in two registers
//! is gathered, into the scratch area of the frame: for `f({ double; int }, int)` in
//! System V, 8 bytes of `xmm0` and 4 of `rdi` become 12 bytes of scratch, and the second argument is
//! the low 4 bytes where `rsi` was stored.

use core::slice;

use pinvoke_abi::plan::{ArgPlan, CallPlan, Extend, Location, Piece, RetPlan};
use pinvoke_abi::reg::Reg;

use super::frame::{FrameOffset, FramePtr};
use super::machine::{Needs, ResultLoads, Returned, UpcallFrame};

/// Somewhere an upcall can reach: bytes from the start of its frame. Stack arguments lie beyond its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(u32);

/// Where an argument, or the result, can be read and written as one run of bytes.
#[derive(Clone, Copy, Debug)]
struct Whole {
    at: Place,
    /// Only the address of the value stands there.
    by_reference: bool,
    size: u32,
}

#[derive(Clone, Copy, Debug)]
struct Gather {
    from: Place,
    to: FrameOffset,
    width: u32,
}

#[derive(Clone, Copy, Debug)]
struct Scatter {
    from: u16,
    load: Load,
    to: FrameOffset,
}

/// How a piece of a result is read and widened to the 8 bytes that its register is loaded from. One
/// load and one store of those widths, because a load that spans several recent stores has to wait
/// for all of them.
#[derive(Clone, Copy, Debug)]
enum Load {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    /// Four bytes below ones.
    Boxed,
    /// This many bytes, as they are.
    Bytes(u16),
}

#[derive(Clone, Debug)]
enum Outcome {
    Nothing,
    Registers(Vec<Scatter>),
    /// Memory of the caller; its address stands here and is handed back there.
    Memory {
        pointer: Place,
        returned: Option<FrameOffset>,
    },
}

/// Where the arguments of an upcall stand and where its result goes.
#[derive(Debug)]
pub(crate) struct UpcallPlan {
    args: Box<[Whole]>,
    gathers: Box<[Gather]>,
    /// Bytes of scratch in use.
    scratch: u16,
    result: Whole,
    outcome: Outcome,
    /// Of a plain plan: how its word is read from the result.
    plain: Option<Load>,
    loads: ResultLoads,
    /// Read by machine code where it needs to know before it dispatches.
    pub(super) needs: Needs,
}

/// A plan that the frame of this architecture cannot express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreachable(pub(crate) Location);

impl UpcallPlan {
    pub(crate) fn new(plan: &CallPlan) -> Result<UpcallPlan, Unreachable> {
        let mut gathers = Vec::new();
        let mut scratch = 0_u16;
        let mut args = Vec::with_capacity(plan.args().len());
        for (arg, size) in plan.args().iter().zip(plan.arg_sizes()) {
            let (at, by_reference) = match arg {
                ArgPlan::ByReference { at, .. } => (place(*at)?, true),
                ArgPlan::Direct(pieces) => {
                    let at = match &pieces[..] {
                        [] => NOWHERE,
                        [only] if only.offset == 0 && only.width == *size => place(only.at)?,
                        several => gather(several, *size, &mut scratch, &mut gathers)?,
                    };
                    (at, false)
                }
            };
            args.push(Whole { at, by_reference, size: *size });
        }
        let outcome = match plan.ret() {
            RetPlan::Void => Outcome::Nothing,
            RetPlan::Indirect { pointer, returned } => Outcome::Memory {
                pointer: place(*pointer)?,
                returned: returned.map(returned_at).transpose()?,
            },
            RetPlan::Direct(pieces) => {
                Outcome::Registers(pieces.iter().map(scatter).collect::<Result<_, _>>()?)
            }
        };
        let (at, by_reference) = match &outcome {
            Outcome::Nothing => (NOWHERE, false),
            Outcome::Registers(_) => (Place(UpcallFrame::RESULT_AT.0.into()), false),
            Outcome::Memory { pointer, .. } => (*pointer, true),
        };
        Ok(UpcallPlan {
            args: args.into(),
            plain: if gathers.is_empty() { plain(&outcome, plan.ret_size()) } else { None },
            gathers: gathers.into(),
            scratch,
            result: Whole { at, by_reference, size: plan.ret_size() },
            outcome,
            loads: ResultLoads::of(plan.ret()),
            needs: needs(plan),
        })
    }

    /// What the entry has to store and to keep.
    pub(crate) fn needs(&self) -> Needs {
        self.needs
    }

    pub(crate) fn len(&self) -> usize {
        self.args.len()
    }

    /// Whether every argument lies in one place and the result is nothing or 8 bytes at most in an
    /// integer register: then [`UpcallPlan::answer`] does what `deliver` does, and nothing is gathered.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain.is_some()
    }

    /// The result of a plain plan.
    ///
    /// # Safety
    /// As for [`UpcallPlan::gather`].
    #[inline]
    pub(crate) unsafe fn answer(&self, frame: FramePtr) -> Returned {
        let word = match self.plain {
            Some(load) => {
                // SAFETY: the caller vouches for the frame.
                let result = unsafe { frame.at(UpcallFrame::RESULT_AT) };
                // SAFETY: a plain plan loads 8 bytes at most.
                unsafe { load.read(result) }
            }
            None => 0,
        };
        Returned { word, loads: ResultLoads::NONE }
    }

    /// Puts values together that came in several places; padding between the pieces is zero.
    ///
    /// # Safety
    /// `frame` is that of a call which this plan describes and which has not returned.
    #[inline]
    pub(crate) unsafe fn gather(&self, frame: FramePtr) {
        if self.gathers.is_empty() {
            return;
        }
        if let Some(start) = UpcallFrame::scratch(0) {
            // SAFETY: the caller vouches for the frame.
            let start = unsafe { frame.at(start) };
            // SAFETY: what the plan uses of the scratch area is within it.
            unsafe { start.write_bytes(0, usize::from(self.scratch)) };
        }
        for gather in &self.gathers {
            // SAFETY: the caller vouches for the frame.
            let from = unsafe { address(frame, gather.from) };
            // SAFETY: as above.
            let to = unsafe { frame.at(gather.to) };
            // SAFETY: the plan is verified: `width` bytes of the value stand at `from`, in another
            // part of the frame or on the stack, and belong at `to` in the scratch area.
            unsafe { to.copy_from_nonoverlapping(from, gather.width as usize) };
        }
    }

    /// The native bytes of an argument; `None` if there is no such argument.
    ///
    /// # Safety
    /// `frame` is that of a call which this plan describes and which has not returned, and
    /// [`UpcallPlan::gather`] was called for it.
    #[inline]
    pub(crate) unsafe fn argument<'a>(&self, index: usize, frame: FramePtr) -> Option<&'a [u8]> {
        let argument = self.args.get(index)?;
        // SAFETY: the caller vouches for the frame.
        let start = unsafe { argument.start(frame) };
        // SAFETY: the plan is verified: `size` bytes of the value stand there, in the frame, on the
        // stack of the caller or in its copy, until the upcall returns.
        Some(unsafe { slice::from_raw_parts(start, argument.size as usize) })
    }

    /// Makes all bytes of the result zero.
    ///
    /// # Safety
    /// As for [`UpcallPlan::gather`].
    #[inline]
    pub(crate) unsafe fn clear_result(&self, frame: FramePtr) {
        // SAFETY: the caller vouches for the frame.
        let start = unsafe { self.result.start(frame) };
        // SAFETY: as many bytes as the result has.
        unsafe { start.write_bytes(0, self.result.size as usize) };
    }

    /// The same for a plain plan.
    ///
    /// # Safety
    /// As for [`UpcallPlan::gather`].
    #[inline]
    pub(crate) unsafe fn clear_answer(&self, frame: FramePtr) {
        // SAFETY: the caller vouches for the frame.
        let start = unsafe { frame.at(UpcallFrame::RESULT_AT) };
        // SAFETY: the first 8 bytes, of which a plain result has no more.
        unsafe { start.cast::<u64>().write_unaligned(0) };
    }

    /// Where to put the result until [`UpcallPlan::deliver`]: in the frame, or memory of the caller.
    ///
    /// # Safety
    /// As for [`UpcallPlan::gather`]. The bytes must have been [cleared](UpcallPlan::clear_result), and
    /// nobody else may use them during `'a`.
    #[inline]
    pub(crate) unsafe fn result<'a>(&self, frame: FramePtr) -> &'a mut [u8] {
        // SAFETY: the caller vouches for the frame.
        let start = unsafe { self.result.start(frame) };
        // SAFETY: `size` bytes of the frame, or of the memory that the caller of a function with such a
        // result provides; initialised, and used by nobody else.
        unsafe { slice::from_raw_parts_mut(start, self.result.size as usize) }
    }

    /// Puts the result where the entry loads it from, and says so.
    ///
    /// # Safety
    /// As for [`UpcallPlan::gather`].
    #[inline]
    pub(crate) unsafe fn deliver(&self, frame: FramePtr) -> Returned {
        match &self.outcome {
            Outcome::Nothing => {}
            Outcome::Registers(scatters) => {
                for scatter in scatters {
                    // SAFETY: the caller vouches for the frame.
                    unsafe { scatter.copy(frame) };
                }
            }
            Outcome::Memory { returned: None, .. } => {}
            Outcome::Memory { pointer, returned: Some(returned) } => {
                // SAFETY: the caller vouches for the frame.
                let from = unsafe { address(frame, *pointer) }.cast::<usize>();
                // SAFETY: an address stands there.
                let memory = unsafe { from.read() };
                // SAFETY: the caller vouches for the frame.
                let to = unsafe { frame.at(*returned) };
                // SAFETY: the place of a register, which holds an address.
                unsafe { to.cast::<usize>().write(memory) };
            }
        }
        Returned { word: 0, loads: self.loads }
    }
}

impl Whole {
    /// # Safety
    /// As for [`UpcallPlan::gather`].
    #[inline]
    unsafe fn start(self, frame: FramePtr) -> *mut u8 {
        // SAFETY: the caller vouches for the frame.
        let start = unsafe { address(frame, self.at) };
        if self.by_reference {
            // SAFETY: the place holds an address, aligned as registers and stack words are.
            unsafe { start.cast::<*mut u8>().read() }
        } else {
            start
        }
    }
}

impl Load {
    /// The widened value at `start`; 0 for those that are copied as they are.
    ///
    /// # Safety
    /// As many bytes can be read there.
    #[inline]
    unsafe fn read(self, start: *const u8) -> u64 {
        macro_rules! load {
            ($type:ty) => {
                // SAFETY: the caller vouches for the bytes.
                unsafe { start.cast::<$type>().read_unaligned() }
            };
        }
        match self {
            Load::U8 => u64::from(load!(u8)),
            Load::U16 => u64::from(load!(u16)),
            Load::U32 => u64::from(load!(u32)),
            Load::U64 => load!(u64),
            Load::I8 => i64::from(load!(i8)).cast_unsigned(),
            Load::I16 => i64::from(load!(i16)).cast_unsigned(),
            Load::I32 => i64::from(load!(i32)).cast_unsigned(),
            Load::Boxed => 0xFFFF_FFFF_0000_0000 | u64::from(load!(u32)),
            Load::Bytes(_) => 0,
        }
    }
}

impl Scatter {
    /// # Safety
    /// As for [`UpcallPlan::deliver`].
    #[inline]
    unsafe fn copy(&self, frame: FramePtr) {
        // SAFETY: the caller vouches for the frame.
        let to = unsafe { frame.at(self.to) };
        // SAFETY: as above.
        let result = unsafe { frame.at(UpcallFrame::RESULT_AT) };
        // SAFETY: `scatter` checked that `from` and the width of the load end within the result.
        let start = unsafe { result.add(usize::from(self.from)) };
        if let Load::Bytes(width) = self.load {
            let width = usize::from(width);
            // SAFETY: a register has 16 bytes, or 8 if the width is at most that.
            unsafe { to.write_bytes(0, width.next_multiple_of(8)) };
            // SAFETY: as above; the result is another part of the frame.
            unsafe { to.copy_from_nonoverlapping(start, width) };
        } else {
            // SAFETY: as above.
            let word = unsafe { self.load.read(start) };
            // SAFETY: the place of a register, which has 8 bytes.
            unsafe { to.cast::<u64>().write_unaligned(word) };
        }
    }
}

/// How a word is read, if that is all that there is to a result.
fn plain(outcome: &Outcome, size: u32) -> Option<Load> {
    match outcome {
        Outcome::Nothing => Some(Load::Bytes(0)),
        // One register may be all that carries a larger result: the rest is padding.
        Outcome::Registers(scatters) if size <= 8 => match scatters[..] {
            [Scatter { from: 0, to, load }] => {
                let word = Some(to) == UpcallFrame::result(UpcallFrame::WORD);
                (word && !matches!(load, Load::Bytes(_))).then_some(load)
            }
            _ => None,
        },
        Outcome::Registers(_) | Outcome::Memory { .. } => None,
    }
}

/// Of a value without bytes.
const NOWHERE: Place = Place(0);

fn place(location: Location) -> Result<Place, Unreachable> {
    match location {
        Location::Reg(register) => {
            let at = UpcallFrame::argument(register).ok_or(Unreachable(location))?;
            Ok(Place(at.0.into()))
        }
        Location::Stack(offset) => Ok(Place(UpcallFrame::STACK + offset)),
    }
}

/// Where the address of a result in memory is handed back.
fn returned_at(register: Reg) -> Result<FrameOffset, Unreachable> {
    UpcallFrame::result(register).ok_or(Unreachable(Location::Reg(register)))
}

/// Plans to put a value together in the scratch area.
fn gather(
    pieces: &[Piece],
    size: u32,
    scratch: &mut u16,
    gathers: &mut Vec<Gather>,
) -> Result<Place, Unreachable> {
    let value = *scratch;
    let unreachable = Unreachable(pieces[0].at);
    let at = |offset: u32| {
        let offset = u32::from(value).checked_add(offset).and_then(|offset| u16::try_from(offset).ok());
        offset.and_then(UpcallFrame::scratch).ok_or(unreachable)
    };
    for piece in pieces {
        gathers.push(Gather { from: place(piece.at)?, to: at(piece.offset)?, width: piece.width });
    }
    let end = u32::from(value) + size.next_multiple_of(16);
    *scratch = u16::try_from(end).ok().filter(|end| *end <= UpcallFrame::SCRATCH).ok_or(unreachable)?;
    Ok(Place(at(0)?.0.into()))
}

fn scatter(piece: &Piece) -> Result<Scatter, Unreachable> {
    let Location::Reg(register) = piece.at else { return Err(Unreachable(piece.at)) };
    let to = UpcallFrame::result(register).ok_or(Unreachable(piece.at))?;
    let load = match (piece.width, piece.extend) {
        (1, Extend::Sign) => Load::I8,
        (2, Extend::Sign) => Load::I16,
        (4, Extend::Sign) => Load::I32,
        (4, Extend::Ones) => Load::Boxed,
        (1, _) => Load::U8,
        (2, _) => Load::U16,
        (4, _) => Load::U32,
        (8, _) => Load::U64,
        (width, _) => Load::Bytes(u16::try_from(width).map_err(|_| Unreachable(piece.at))?),
    };
    match u16::try_from(piece.offset) {
        Ok(from) if usize::from(from) + piece.width as usize <= UpcallFrame::RESULT && piece.width <= 16 => {
            Ok(Scatter { from, load, to })
        }
        _ => Err(Unreachable(piece.at)),
    }
}

/// The memory at a place.
///
/// # Safety
/// `frame` is that of a call in progress, to which `place` belongs.
#[inline]
unsafe fn address(frame: FramePtr, place: Place) -> *mut u8 {
    // SAFETY: an offset into the frame came from a FrameOffset; the call has as many bytes of stack
    // arguments as its plan says.
    unsafe { frame.start().add(place.0 as usize) }
}

/// Which registers carry arguments, or the address of the result.
fn needs(plan: &CallPlan) -> Needs {
    let pieces = plan.args().iter().flat_map(|arg| match arg {
        ArgPlan::Direct(pieces) => pieces.iter().map(|p| p.at).collect::<Vec<_>>(),
        ArgPlan::ByReference { at, .. } => vec![*at],
    });
    let result = match plan.ret() {
        RetPlan::Indirect { pointer, .. } => Some(*pointer),
        RetPlan::Void | RetPlan::Direct(_) => None,
    };
    let registers: Vec<Reg> = pieces
        .chain(result)
        .filter_map(|at| match at {
            Location::Reg(register) => Some(register),
            Location::Stack(_) => None,
        })
        .collect();
    Needs::of(plan, &registers)
}
