//! The conventions that C compilers have for one machine.

use pinvoke_abi::signature::CallConv;
use pinvoke_abi::target::{Arch, Target};

/// A convention, as C spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Convention {
    /// That of the platform.
    Default,
    /// On x86-64, that of Windows where another is the platform's.
    Ms,
    /// On 32-bit x86, as the next two.
    Stdcall,
    Fastcall,
    Thiscall,
}

impl Convention {
    /// Those besides the platform's.
    pub(crate) fn others(target: Target) -> &'static [Convention] {
        match target.arch {
            // GNU C for Windows knows the other one, too, but breaks down over many types that it passes.
            Arch::X86_64 if target.os.is_windows() => &[],
            Arch::X86_64 => &[Convention::Ms],
            Arch::X86 => &[Convention::Stdcall, Convention::Fastcall, Convention::Thiscall],
            Arch::Aarch64 | Arch::Riscv64 => &[],
        }
    }

    /// Whether a function that takes variable arguments can have it, and the caller of that function know what it
    /// calls. On 32-bit x86 such a function has the platform's convention whatever is written, but a callback in its
    /// place, which has a fixed list, has not.
    pub(crate) fn takes_variable_arguments(self) -> bool {
        matches!(self, Convention::Default | Convention::Ms)
    }

    /// What C writes before a declaration.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Convention::Default => "",
            Convention::Ms => "__attribute__((ms_abi)) ",
            Convention::Stdcall => "__attribute__((stdcall)) ",
            Convention::Fastcall => "__attribute__((fastcall)) ",
            Convention::Thiscall => "__attribute__((thiscall)) ",
        }
    }

    pub(crate) fn call_conv(self) -> CallConv {
        match self {
            Convention::Default => CallConv::C,
            Convention::Ms => CallConv::Win64,
            Convention::Stdcall => CallConv::Stdcall,
            Convention::Fastcall => CallConv::Fastcall,
            Convention::Thiscall => CallConv::Thiscall,
        }
    }

    /// One that is taken for it by mistake.
    pub(crate) fn mistaken(self, target: Target) -> CallConv {
        match (self, target.arch) {
            (Convention::Default, Arch::X86_64) if target.os.is_windows() => CallConv::SysV64,
            (Convention::Default, Arch::X86_64) => CallConv::Win64,
            (Convention::Ms, _) => CallConv::SysV64,
            (Convention::Default, Arch::X86) => CallConv::Stdcall,
            _ => CallConv::C,
        }
    }
}
