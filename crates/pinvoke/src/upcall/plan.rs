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

use pinvoke_abi::plan::{Abi, ArgPlan, CallPlan, Extend, Location, Piece, RetPlan};
use pinvoke_abi::reg::{Gpr, Reg};

use super::x64::{FrameOffset, ResultLoads, Returned, UpcallFrame};

/// A result before it goes to its registers: two of 16 bytes at most.
pub(crate) type ResultBytes = [u128; 2];

/// Somewhere an upcall can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    base: Base,
    offset: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Frame,
    /// The first stack argument.
    Stack,
}

#[derive(Clone, Copy, Debug)]
struct Argument {
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
        returned: FrameOffset,
    },
}

/// Where the arguments of an upcall stand and where its result goes.
#[derive(Debug)]
pub(crate) struct UpcallPlan {
    abi: Abi,
    args: Box<[Argument]>,
    gathers: Box<[Gather]>,
    /// Bytes of scratch in use.
    scratch: u16,
    outcome: Outcome,
    ret_size: u32,
    loads: ResultLoads,
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
            let (at, by_reference) = match arg {
                ArgPlan::ByReference { at, .. } => (place(*at)?, true),
                ArgPlan::Direct(pieces) => {
                    uses_vectors |= pieces.iter().any(|p| matches!(p.at, Location::Reg(Reg::Vec(_))));
                    let at = match &pieces[..] {
                        [] => NOWHERE,
                        [only] if only.offset == 0 && only.width == *size => place(only.at)?,
                        several => gather(several, *size, &mut scratch, &mut gathers)?,
                    };
                    (at, false)
                }
            };
            args.push(Argument { at, by_reference, size: *size });
        }
        let outcome = match plan.ret() {
            RetPlan::Void => Outcome::Nothing,
            RetPlan::Indirect { pointer, returned } => Outcome::Memory {
                pointer: place(*pointer)?,
                returned: UpcallFrame::result(*returned).ok_or(Unreachable(Location::Reg(*returned)))?,
            },
            RetPlan::Direct(pieces) => {
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
            loads: result_loads(plan.ret()),
            uses_vectors,
        })
    }

    pub(crate) fn abi(&self) -> Abi {
        self.abi
    }

    pub(crate) fn len(&self) -> usize {
        self.args.len()
    }

    /// Whether any argument travels in a vector register.
    pub(crate) fn uses_vectors(&self) -> bool {
        self.uses_vectors
    }

    /// Whether every argument lies in one place and the result is nothing or 8 bytes at most in an
    /// integer register: then [`UpcallPlan::integer`] does what `gather`, `result` and `deliver` do.
    pub(crate) fn is_plain(&self) -> bool {
        let plain_result = match &self.outcome {
            Outcome::Nothing => true,
            Outcome::Registers(scatters) => match scatters[..] {
                [Scatter { from: 0, to, load }] => {
                    Some(to) == UpcallFrame::result(Reg::Int(Gpr::Rax)) && !matches!(load, Load::Bytes(_))
                }
                _ => false,
            },
            Outcome::Memory { .. } => false,
        };
        // One register may be all that carries a larger result: the rest is padding.
        self.gathers.is_empty() && plain_result && self.ret_size <= 8
    }

    /// The place of the result of a plain plan.
    #[inline]
    pub(crate) fn result_of<'a>(&self, buffer: &'a mut u64) -> &'a mut [u8] {
        // SAFETY: 8 bytes, and any values of them are a number.
        let bytes: &mut [u8; 8] = unsafe { &mut *core::ptr::from_mut(buffer).cast() };
        &mut bytes[..self.ret_size as usize]
    }

    /// The value of `rax` for a plain plan.
    #[inline]
    pub(crate) fn integer(&self, buffer: &u64) -> Returned {
        let rax = match &self.outcome {
            Outcome::Registers(scatters) => match scatters.first() {
                // SAFETY: a plain plan loads 8 bytes at most.
                Some(scatter) => unsafe { scatter.load.read(core::ptr::from_ref(buffer).cast()) },
                None => 0,
            },
            Outcome::Nothing | Outcome::Memory { .. } => 0,
        };
        Returned { rax, loads: ResultLoads::NONE }
    }

    /// Puts values together that came in several places; padding between the pieces is zero.
    ///
    /// # Safety
    /// `frame` is that of a call which this plan describes and which has not returned.
    #[inline]
    pub(crate) unsafe fn gather(&self, frame: &mut UpcallFrame) {
        if self.gathers.is_empty() {
            return;
        }
        if let Some(FrameOffset(start)) = UpcallFrame::scratch(0) {
            frame.bytes_mut()[usize::from(start)..][..usize::from(self.scratch)].fill(0);
        }
        for gather in &self.gathers {
            // SAFETY: the caller vouches for the frame.
            let from = unsafe { address(frame, gather.from) };
            let to = &mut frame.bytes_mut()[usize::from(gather.to.0)..][..gather.width as usize];
            // SAFETY: the plan is verified: `width` bytes of the value stand at `from`, in another
            // part of the frame or on the stack.
            unsafe { to.as_mut_ptr().copy_from_nonoverlapping(from, to.len()) };
        }
    }

    /// The native bytes of an argument; `None` if there is no such argument.
    ///
    /// # Safety
    /// `frame` is that of a call which this plan describes and which has not returned, and
    /// [`UpcallPlan::gather`] was called for it.
    #[inline]
    pub(crate) unsafe fn argument<'a>(&self, index: usize, frame: &'a UpcallFrame) -> Option<&'a [u8]> {
        let argument = self.args.get(index)?;
        // SAFETY: the caller vouches for the frame.
        let mut start = unsafe { address(frame, argument.at) };
        if argument.by_reference {
            // SAFETY: the place holds the 8 bytes of an address, aligned as registers and stack
            // words are.
            start = unsafe { start.cast::<*const u8>().read() };
        }
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

    /// Puts the result where the entry loads it from, and says so.
    ///
    /// # Safety
    /// As for [`UpcallPlan::gather`].
    #[inline]
    pub(crate) unsafe fn deliver(&self, frame: &mut UpcallFrame, buffer: &ResultBytes) -> Returned {
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
        Returned { rax: 0, loads: self.loads }
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
            Load::Bytes(_) => 0,
        }
    }
}

impl Scatter {
    #[inline]
    fn copy(&self, buffer: &ResultBytes, frame: &mut UpcallFrame) {
        let to = usize::from(self.to.0);
        // SAFETY: `scatter` checked that `from` and the width of the load end within the buffer.
        let start = unsafe { buffer.as_ptr().cast::<u8>().add(usize::from(self.from)) };
        if let Load::Bytes(width) = self.load {
            let width = usize::from(width);
            // SAFETY: as above.
            let bytes = unsafe { slice::from_raw_parts(start, width) };
            let register = &mut frame.bytes_mut()[to..to + width.next_multiple_of(8)];
            register.fill(0);
            register[..width].copy_from_slice(bytes);
        } else {
            // SAFETY: as above.
            let word = unsafe { self.load.read(start) };
            frame.bytes_mut()[to..to + 8].copy_from_slice(&word.to_ne_bytes());
        }
    }
}

/// Which registers the result of this plan is in, beyond the usual.
fn result_loads(ret: &RetPlan) -> ResultLoads {
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

/// Of a value without bytes.
const NOWHERE: Place = Place { base: Base::Frame, offset: 0 };

fn place(location: Location) -> Result<Place, Unreachable> {
    match location {
        Location::Reg(register) => {
            let at = UpcallFrame::argument(register).ok_or(Unreachable(location))?;
            Ok(Place { base: Base::Frame, offset: at.0.into() })
        }
        Location::Stack(offset) => Ok(Place { base: Base::Stack, offset }),
    }
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
    Ok(Place { base: Base::Frame, offset: at(0)?.0.into() })
}

fn scatter(piece: &Piece) -> Result<Scatter, Unreachable> {
    let Location::Reg(register) = piece.at else { return Err(Unreachable(piece.at)) };
    let to = UpcallFrame::result(register).ok_or(Unreachable(piece.at))?;
    let load = match (piece.width, piece.extend) {
        (1, Extend::Sign) => Load::I8,
        (2, Extend::Sign) => Load::I16,
        (4, Extend::Sign) => Load::I32,
        (1, _) => Load::U8,
        (2, _) => Load::U16,
        (4, _) => Load::U32,
        (8, _) => Load::U64,
        (width, _) => Load::Bytes(u16::try_from(width).map_err(|_| Unreachable(piece.at))?),
    };
    match u16::try_from(piece.offset) {
        Ok(from) if u32::from(from) + piece.width <= 32 && piece.width <= 16 => {
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
unsafe fn address(frame: &UpcallFrame, place: Place) -> *const u8 {
    let base = match place.base {
        Base::Frame => core::ptr::from_ref(frame).cast::<u8>(),
        Base::Stack => frame.stack.cast_const(),
    };
    // SAFETY: an offset into the frame came from a FrameOffset; the call has as many bytes of stack
    // arguments as its plan says.
    unsafe { base.add(place.offset as usize) }
}
