//! What a call looks like before any ABI is applied: convention, parameters, result.

use crate::layout::Layout;
use crate::target::Target;

/// The calling convention that a declaration states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallConv {
    /// The platform's C convention.
    C,
    /// `stdcall` on 32-bit Windows, the C convention elsewhere; what the Windows API uses.
    System,
    /// System V x86-64, whatever the platform (`__attribute__((sysv_abi))`).
    SysV64,
    /// Microsoft x64, whatever the platform (`__attribute__((ms_abi))`).
    Win64,
    /// 32-bit x86: the callee pops its arguments.
    Stdcall,
    /// 32-bit x86: two arguments in registers.
    Fastcall,
    /// 32-bit x86: `this` in `ecx`.
    Thiscall,
}

/// One call: layouts of the arguments and of the result.
///
/// A variadic function has one signature per list of variable arguments; `variadic_from` says where
/// they begin, and their layouts are those after the default argument promotions (C17 6.5.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The machine whose layouts these are.
    pub target: Target,
    /// Convention as declared.
    pub conv: CallConv,
    /// Layouts of all arguments, left to right.
    pub params: Vec<Layout>,
    /// Layout of the result; [`Layout::void`] for none.
    pub ret: Layout,
    /// Index of the first variable argument, if the function is variadic.
    pub variadic_from: Option<usize>,
}

impl Signature {
    /// A signature in the C convention of `target`.
    #[must_use]
    pub fn new(target: Target, params: Vec<Layout>, ret: Layout) -> Signature {
        Signature { target, conv: CallConv::C, params, ret, variadic_from: None }
    }
}
