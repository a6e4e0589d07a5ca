//! Microsoft x64.
//!
//! Specification: *x64 calling convention* and *x64 ABI conventions*, Microsoft Learn. Every
//! argument has a position; the first four positions are `rcx`/`xmm0`, `rdx`/`xmm1`, `r8`/`xmm2`,
//! `r9`/`xmm3`, the others 8-byte stack slots above the 32 bytes of shadow space. A value of 1, 2, 4
//! or 8 bytes travels in its position; anything else as the address of a copy that the caller makes,
//! aligned to 16. Only `float` and `double` themselves use vector registers: a structure around one
//! is an integer. A vector of 8 bytes (`__m64`) is an integer too, a larger one goes by reference; one of 16
//! bytes (`__m128`) returns in `xmm0`, unless a structure is around it.
//!
//! What that text does not cover, gcc's `ms_abi` decides, which MinGW is built with:
//! * `__int128` goes by reference and returns in `xmm0` (a structure around it in memory).
//! * `long double` (x87), `__float128` and complex values of more than 8 bytes go by reference and
//!   return in memory. clang's `ms_abi` outside Windows returns `long double` in `st(0)` instead.
//! * `_Complex float` is 8 bytes: an integer.
//! * An argument without bytes goes by reference like any odd size; a result without bytes takes no
//!   place. (clang passes an address for that, too.)
//!
//! Worked example: `f(int a, double b, struct { char c[3]; } c, float d, int e)`: `ecx`, `xmm1`,
//! address of a copy in `r8`, `xmm3`, and `[rsp+32]`.

use crate::layout::walk::{self, Malformed};
use crate::layout::{Kind, Layout};
use crate::plan::Extend;
use crate::reg::{Bank, Gpr, Reg};

use super::descriptor::{
    AbiDescriptor, Cleanup, Exhausted, IndirectReturn, Narrow, Pairs, Slots, StackArgs, Variadic,
};
use super::{Class, Parts};

pub(crate) const DESCRIPTOR: AbiDescriptor = AbiDescriptor {
    int_args: &[Reg::Int(Gpr::Rcx), Reg::Int(Gpr::Rdx), Reg::Int(Gpr::R8), Reg::Int(Gpr::R9)],
    vec_args: &[Reg::Vec(0), Reg::Vec(1), Reg::Vec(2), Reg::Vec(3)],
    int_rets: &[Reg::Int(Gpr::Rax)],
    vec_rets: &[Reg::Vec(0)],
    x87_rets: &[],
    word: 8,
    slots: Slots::Positional,
    exhausted: Exhausted::StaysOpen,
    pairs: Pairs::Any,
    stack: StackArgs::Slots,
    narrow: Narrow::WriterWidens,
    indirect_return: IndirectReturn::FirstArgument { returned: Some(Reg::Int(Gpr::Rax)) },
    variadic: Variadic::MirrorVectors,
    cleanup: Cleanup::Caller,
    shadow: 32,
    stack_align: 16,
    reference_align: 16,
    classify,
    classify_result,
};

fn classify(layout: &Layout) -> Result<Class, Malformed> {
    walk::check_scalar(layout)?;
    let bank = match layout.kind {
        Kind::Void => return Ok(Class::Ignore),
        Kind::Vector { .. } if layout.size < 8 => return Err(Malformed::Vector(SMALL)),
        Kind::Float => Bank::Vec,
        _ => Bank::Int,
    };
    let extend = match layout.kind {
        Kind::Bool => Extend::Zero,
        Kind::Int { signed } if layout.size < 4 => Extend::of(signed),
        _ => Extend::None,
    };
    let width = match layout.size {
        1 => 1,
        2 => 2,
        4 => 4,
        8 => 8,
        _ => return Ok(Class::ByReference),
    };
    Ok(Class::Parts(Parts::one(bank, 0, width).extended(extend)))
}

/// Of vectors that only GNU C has.
const SMALL: &str = "of fewer than 8 bytes, of which no text says how it is passed";

fn classify_result(layout: &Layout) -> Result<Class, Malformed> {
    match layout.kind {
        Kind::Vector { .. } if layout.size > 16 => Err(Malformed::Vector(
            "of more than 16 bytes, which returns in a register that the processor may not have",
        )),
        Kind::Int { .. } | Kind::Vector { .. } if layout.size == 16 => {
            Ok(Class::Parts(Parts::one(Bank::Vec, 0, 16)))
        }
        _ if layout.size == 0 => Ok(Class::Ignore),
        _ => classify(layout),
    }
}
