//! How a result comes home from the registers that the callee left it in.
//!
//! As on x86-64 (see [`x64::delivery`](fn@crate::stub::x64::delivery)): what a function of Rust returns in the same
//! registers is left there, so that a stub can end in a jump. On AArch64 these are one or two integer registers, and
//! homogeneous aggregates of up to four `float` or `double`. What has 16 bytes per register, `long double` foremost,
//! is stored behind the call.

use crate::plan::{CallPlan, Location, Piece, RetPlan};
use crate::reg::Reg;

/// What is left to be done with the result when a call returns.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::a64::{Delivery, delivery};
/// use pinvoke_abi::target::Target;
///
/// let of =
///     |text| delivery(&CallPlan::new(&Signature::parse(Target::AARCH64_LINUX, text).unwrap()).unwrap());
/// assert_eq!(of("()->i32"), Delivery::Int(4));
/// assert_eq!(of("()->{f64,f64,f64}"), Delivery::Doubles(3));
/// assert_eq!(of("()->f128"), Delivery::Stored);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing: there is no result, or it was written by the callee to the memory it was given.
    Complete,
    /// So many bytes, 1 to 8, in `x0`.
    Int(u8),
    /// Eight bytes in `x0`, and so many, 1 to 8, in `x1`.
    Ints(u8),
    /// So many `float`, 1 to 4, in `s0` and those that follow.
    Floats(u8),
    /// So many `double`, 1 to 4, in `d0` and those that follow.
    Doubles(u8),
    /// It is in other registers and has to be stored by whoever made the call.
    Stored,
}

impl Delivery {
    /// Whether whoever makes the call has to store the result behind it.
    ///
    /// ```
    /// use pinvoke_abi::stub::a64::Delivery;
    ///
    /// assert!(Delivery::Stored.is_stored());
    /// assert!(!Delivery::Int(4).is_stored()); // left in the register where a function returns it
    /// ```
    #[must_use]
    pub fn is_stored(self) -> bool {
        self == Delivery::Stored
    }
}

/// How the result of a call of this plan is delivered.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::a64::{Delivery, delivery};
/// use pinvoke_abi::target::Target;
///
/// let plan = CallPlan::new(&Signature::parse(Target::AARCH64_LINUX, "()->{i64,i32}")?)?;
/// assert_eq!(delivery(&plan), Delivery::Ints(8)); // x0 and x1, padding included
///
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn delivery(plan: &CallPlan) -> Delivery {
    let pieces = match plan.ret() {
        RetPlan::Void | RetPlan::Indirect { .. } => return Delivery::Complete,
        RetPlan::Direct(pieces) => pieces,
    };
    match &pieces[..] {
        [] => Delivery::Complete,
        [only] if is_int(only, 0, 0) => width(only, Delivery::Int),
        [first, second] if is_int(first, 0, 0) && first.width == 8 && is_int(second, 1, 8) => {
            width(second, Delivery::Ints)
        }
        row => match u8::try_from(row.len()) {
            Ok(count) if is_row(row, 4) => Delivery::Floats(count),
            Ok(count) if is_row(row, 8) => Delivery::Doubles(count),
            _ => Delivery::Stored,
        },
    }
}

fn width(piece: &Piece, delivery: impl FnOnce(u8) -> Delivery) -> Delivery {
    u8::try_from(piece.width).map_or(Delivery::Stored, delivery)
}

fn is_int(piece: &Piece, register: u8, offset: u32) -> bool {
    piece.at == Location::Reg(Reg::X(register)) && piece.offset == offset && piece.width <= 8
}

/// Whether these are numbers of one width, one behind the other, in the first registers.
fn is_row(pieces: &[Piece], width: u32) -> bool {
    (0_u8..).zip(pieces).all(|(n, piece)| {
        piece.at == Location::Reg(Reg::V(n)) && piece.width == width && piece.offset == width * u32::from(n)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Signature;
    use crate::target::Target;

    #[test]
    fn of_every_kind() {
        use Delivery::{Complete, Doubles, Floats, Int, Ints, Stored};
        for (text, expected) in [
            ("()", Complete),
            ("()->{}", Complete),
            ("()->{[i64;3]}", Complete),
            ("()->i8", Int(1)),
            ("()->ptr", Int(8)),
            ("()->{i8,i8,i8}", Int(3)),
            ("()->i128", Ints(8)),
            ("()->{i64,i8}", Ints(8)),
            ("()->{i64,i32}packed", Ints(4)),
            ("()->{f64,i32}", Ints(8)),
            ("()->f32", Floats(1)),
            ("()->f64", Doubles(1)),
            ("()->{f32,f32,f32}", Floats(3)),
            ("()->{[f64;4]}", Doubles(4)),
            ("()->f128", Stored),
            ("()->{[f128;4]}", Stored),
        ] {
            let signature = Signature::parse(Target::AARCH64_LINUX, text).unwrap();
            let plan = CallPlan::new(&signature).unwrap();
            assert_eq!(delivery(&plan), expected, "{text}");
        }
    }
}
