//! What a call looks like before any ABI is applied: convention, parameters, result.

use core::fmt;

use crate::layout::{Kind, Layout};
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

/// What a variable argument of this type becomes by the default argument promotions (C17 6.5.2.2):
/// `float` becomes `double`, integers narrower than `int` and `_Bool` become `int`. All others stay.
///
/// ```
/// use pinvoke_abi::layout::Layout;
/// use pinvoke_abi::signature::promote;
/// use pinvoke_abi::target::Target;
/// let t = Target::X86_64_LINUX;
/// assert_eq!(promote(&Layout::float(t, 4), t), Layout::float(t, 8));
/// assert_eq!(promote(&Layout::int(t, 2, false), t), Layout::int(t, 4, true));
/// ```
#[must_use]
pub fn promote(layout: &Layout, target: Target) -> Layout {
    match layout.kind {
        Kind::Float if layout.size == 4 => Layout::float(target, 8),
        Kind::Bool => Layout::int(target, 4, true),
        // Every value of a narrower type, unsigned ones included, fits a 32-bit int.
        Kind::Int { .. } if layout.size < 4 => Layout::int(target, 4, true),
        _ => layout.clone(),
    }
}

/// As the compact notation spells it.
impl fmt::Display for CallConv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallConv::C => "cdecl",
            CallConv::System => "system",
            CallConv::SysV64 => "sysv64",
            CallConv::Win64 => "win64",
            CallConv::Stdcall => "stdcall",
            CallConv::Fastcall => "fastcall",
            CallConv::Thiscall => "thiscall",
        })
    }
}
