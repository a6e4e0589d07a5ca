//! How a result comes home from the registers that the callee left it in.
//!
//! Storing a result is work that a stub need not do. A function of Rust returns its words in the same
//! registers as the function that was called, so code that leaves them alone can be called as a function
//! that returns them, and a stub which then has nothing to do after the call need not come back at all:
//! it ends in a jump, and the callee returns to the stub's caller. That saves a third of a short call.
//! It also makes the result no part of a stub's shape: `int(int)` and `double(int)` are one stub.
//!
//! What no function of Rust returns, x87 registers and vectors of 16 bytes, is stored behind the call.

use crate::plan::{CallPlan, Location, Piece, RetPlan};
use crate::reg::{Gpr, Reg};

/// What is left to be done with the result when a call returns.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::x64::{Delivery, Word, delivery};
/// use pinvoke_abi::target::Target;
///
/// let of = |text| delivery(&CallPlan::new(&Signature::parse(Target::X86_64_LINUX, text).unwrap()).unwrap());
/// assert_eq!(of("()->{f64,i32}"), Delivery::Registers(Word::Vector(8), Some(Word::Int(8))));
/// assert_eq!(of("()->{i64,i64,i64}"), Delivery::Complete); // written to memory by the callee
/// assert_eq!(of("()->f80"), Delivery::Stored); // in st(0), where no function of Rust returns anything
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing: there is no result, or it was written by the callee to the memory it was given.
    Complete,
    /// The whole result is in registers that a function may return in: its first word (up to 8 bytes at
    /// offset 0), and its second (up to 8 bytes at offset 8) if there is one.
    Registers(Word, Option<Word>),
    /// It is in other registers and has to be stored by whoever made the call.
    Stored,
}

impl Delivery {
    /// Whether whoever makes the call has to store the result behind it.
    ///
    /// ```
    /// use pinvoke_abi::stub::x64::{Delivery, Word};
    ///
    /// assert!(Delivery::Stored.is_stored());
    /// assert!(!Delivery::Registers(Word::Int(4), None).is_stored());
    /// ```
    #[must_use]
    pub fn is_stored(self) -> bool {
        self == Delivery::Stored
    }
}

/// A run of up to 8 bytes of a result, in the low bytes of the next result register of its bank.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::x64::{Delivery, Word, delivery};
/// use pinvoke_abi::target::Target;
///
/// let of = |text| delivery(&CallPlan::new(&Signature::parse(Target::X86_64_LINUX, text).unwrap()).unwrap());
/// assert_eq!(of("()->i16"), Delivery::Registers(Word::Int(2), None)); // ax
/// assert_eq!(of("()->f32"), Delivery::Registers(Word::Vector(4), None)); // xmm0
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// So many bytes in `rax`; in `rdx` if the first word is in `rax`.
    Int(u8),
    /// So many bytes in `xmm0`; in `xmm1` if the first word is in `xmm0`.
    Vector(u8),
}

/// How the result of a call of this plan is delivered.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::x64::{Delivery, Word, delivery};
/// use pinvoke_abi::target::Target;
///
/// // struct { double x, y; }: in registers on Linux, through memory on Windows
/// let of = |target| delivery(&CallPlan::new(&Signature::parse(target, "()->{f64,f64}").unwrap()).unwrap());
/// assert_eq!(of(Target::X86_64_LINUX), Delivery::Registers(Word::Vector(8), Some(Word::Vector(8))));
/// assert_eq!(of(Target::X86_64_WINDOWS), Delivery::Complete);
/// ```
#[must_use]
pub fn delivery(plan: &CallPlan) -> Delivery {
    let pieces = match plan.ret() {
        RetPlan::Void | RetPlan::Indirect { .. } => return Delivery::Complete,
        RetPlan::Direct(pieces) => pieces,
    };
    match pieces[..] {
        [] => Delivery::Complete,
        [only] => match word(&only, 0, Gpr::Rax, 0) {
            Some(first) => Delivery::Registers(first, None),
            None => Delivery::Stored,
        },
        [first, second] => match word(&first, 0, Gpr::Rax, 0) {
            Some(first) => {
                let (int, vector) = match first {
                    Word::Int(_) => (Gpr::Rdx, 0),
                    Word::Vector(_) => (Gpr::Rax, 1),
                };
                match word(&second, 8, int, vector) {
                    Some(second) => Delivery::Registers(first, Some(second)),
                    None => Delivery::Stored,
                }
            }
            None => Delivery::Stored,
        },
        _ => Delivery::Stored,
    }
}

/// The piece as a word at this offset, if it is one in one of these registers.
fn word(piece: &Piece, offset: u32, int: Gpr, vector: u8) -> Option<Word> {
    let width = u8::try_from(piece.width).ok().filter(|width| *width <= 8)?;
    match piece.at {
        _ if piece.offset != offset => None,
        Location::Reg(Reg::Int(r)) if r == int => Some(Word::Int(width)),
        Location::Reg(Reg::Vec(n)) if n == vector => Some(Word::Vector(width)),
        Location::Reg(_) | Location::Stack(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Signature;
    use crate::target::Target;

    #[test]
    fn of_every_kind() {
        use Delivery::{Complete, Registers, Stored};
        use Word::{Int, Vector};
        for (text, expected) in [
            ("sysv64()", Complete),
            ("sysv64()->{}", Complete),
            ("sysv64()->{[i64;3]}", Complete),
            ("sysv64()->i8", Registers(Int(1), None)),
            ("sysv64()->ptr", Registers(Int(8), None)),
            ("sysv64()->{i8,i8,i8}", Registers(Int(3), None)),
            ("sysv64()->f32", Registers(Vector(4), None)),
            ("sysv64()->f64", Registers(Vector(8), None)),
            ("sysv64()->i128", Registers(Int(8), Some(Int(8)))),
            ("sysv64()->{f64,f64}", Registers(Vector(8), Some(Vector(8)))),
            ("sysv64()->{f32,f32,f32}", Registers(Vector(8), Some(Vector(4)))),
            ("sysv64()->{i64,f64}", Registers(Int(8), Some(Vector(8)))),
            ("sysv64()->{f64,i32}packed", Registers(Vector(8), Some(Int(4)))),
            // Its first word is padding and travels nowhere.
            ("sysv64()->{i64@8}", Stored),
            ("sysv64()->f80", Stored),
            ("sysv64()->c80", Stored),
            ("sysv64()->f128", Stored),
            ("win64()->f64", Registers(Vector(8), None)),
            ("win64()->{f32,f32}", Registers(Int(8), None)),
            ("win64()->{i64,i64}", Complete),
            ("win64()->i128", Stored),
        ] {
            let signature = Signature::parse(Target::X86_64_LINUX, text).unwrap();
            let plan = CallPlan::new(&signature).unwrap();
            assert_eq!(delivery(&plan), expected, "{text}");
        }
    }
}
