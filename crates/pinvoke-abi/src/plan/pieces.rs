//! A few pieces without an allocation.

use core::fmt;
use core::ops::Deref;

use crate::reg::{Gpr, Reg};

use super::{Extend, Location, Piece};

/// Pieces that one value can be cut into, at most: four floats in four vector registers (AAPCS64).
pub const MAX_PIECES: usize = 4;

/// The pieces of one value, by ascending offset. Reads as a slice.
///
/// ```
/// use pinvoke_abi::plan::{CallPlan, RetPlan};
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
///
/// // Four floats in four registers, the most that there are.
/// let plan = CallPlan::new(&Signature::parse(Target::AARCH64_LINUX, "()->{f32,f32,f32,f32}")?)?;
/// let RetPlan::Direct(pieces) = plan.ret() else { unreachable!("they travel in registers") };
/// let offsets: Vec<u32> = pieces.iter().map(|piece| piece.offset).collect();
/// assert_eq!(offsets, [0, 4, 8, 12]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Pieces {
    pieces: [Piece; MAX_PIECES],
    len: u8,
}

/// What the unused entries hold; never read.
const UNUSED: Piece =
    Piece { offset: 0, width: 0, extend: Extend::None, at: Location::Reg(Reg::Int(Gpr::Rax)), mirror: None };

impl Pieces {
    pub(crate) const fn new() -> Pieces {
        Pieces { pieces: [UNUSED; MAX_PIECES], len: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds a piece. Classification cuts a value into [`MAX_PIECES`] parts at most.
    pub(crate) fn push(&mut self, piece: Piece) {
        self.pieces[usize::from(self.len)] = piece;
        self.len += 1;
    }
}

impl Deref for Pieces {
    type Target = [Piece];

    fn deref(&self) -> &[Piece] {
        &self.pieces[..usize::from(self.len)]
    }
}

impl<'a> IntoIterator for &'a Pieces {
    type Item = &'a Piece;
    type IntoIter = core::slice::Iter<'a, Piece>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Pieces {
    fn eq(&self, other: &Pieces) -> bool {
        **self == **other
    }
}

impl Eq for Pieces {}

impl core::hash::Hash for Pieces {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
