//! From a value's layout to the places where it travels.
//!
//! A calling convention is two things. *Classification* says what a value wants: nothing, pieces in
//! integer or vector registers, memory, or to travel as the address of a copy. It looks at the
//! layout alone and names no register. *Assignment* walks the arguments from left to right and gives
//! each what it wants for as long as the registers last. It is the same code for every ABI: what
//! differs is written down as named rules in an [`descriptor::AbiDescriptor`].
//!
//! Worked example, System V, `f(struct { double d; int i; }, long)`: the structure is classified as
//! `[vector 0..8, integer 8..16]`; assignment takes `xmm0` and `rdi` for it and `rsi` for the `long`.
//!
//! | to see | read |
//! |---|---|
//! | the vocabulary of classes | this file |
//! | the vocabulary of differences | [`descriptor`] |
//! | the walk | [`assign`] |
//! | one convention | [`sysv64`], [`win64`], [`aapcs64`], [`riscv64`], [`x86`](mod@x86): constant descriptors and their `classify` |

mod aapcs64;
pub(crate) mod assign;
pub(crate) mod descriptor;
mod riscv64;
mod sysv64;
mod win64;
mod x86;

use crate::layout::walk::Malformed;
use crate::plan::{Abi, Compiler, Extend, MAX_PIECES, X86Conv};
use crate::reg::Bank;
use crate::signature::{CallConv, Signature};
use crate::target::{Arch, Os, Target};

use self::descriptor::AbiDescriptor;

/// What a value wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// To be left out: it has no bytes that anyone reads.
    Ignore,
    /// To travel in registers.
    Parts(Parts),
    /// To lie in the argument area itself or, as a result, in memory of the caller.
    Memory,
    /// To lie in memory anywhere; its address travels as an integer.
    ByReference,
}

impl Class {
    /// One integer register for up to 8 bytes, two for up to 16, and the address of anything larger.
    fn integers(size: u64, extend: Extend) -> Result<Class, Malformed> {
        let width = |size: u64| u8::try_from(size).map_err(|_| Malformed::BadScalar);
        Ok(match size {
            0 => Class::Ignore,
            1..=8 => Class::Parts(Parts::one(Bank::Int, 0, width(size)?).extended(extend)),
            9..=16 => {
                let (low, high) = (Part::new(Bank::Int, 0, 8), Part::new(Bank::Int, 8, width(size - 8)?));
                Class::Parts(Parts::two(low, high))
            }
            _ => Class::ByReference,
        })
    }
}

/// A run of bytes of a value that wants one register. The value may be large: an alignment that members are given can
/// lead one far from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) bank: Bank,
    pub(crate) offset: u32,
    pub(crate) width: u8,
    pub(crate) extend: Extend,
}

/// One part or more, by ascending offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    parts: [Part; MAX_PIECES],
    len: u8,
}

impl Parts {
    pub(crate) const fn one(bank: Bank, offset: u32, width: u8) -> Parts {
        Parts { parts: [Part::new(bank, offset, width); MAX_PIECES], len: 1 }
    }

    pub(crate) const fn two(first: Part, second: Part) -> Parts {
        Parts { parts: [first, second, second, second], len: 2 }
    }

    /// `count` parts of the same kind and width, one behind the other.
    pub(crate) const fn row(bank: Bank, width: u8, count: u8) -> Parts {
        assert!(count as usize <= MAX_PIECES, "more parts than a value may have");
        Parts {
            parts: [
                Part::new(bank, 0, width),
                Part::new(bank, width as u32, width),
                Part::new(bank, 2 * width as u32, width),
                Part::new(bank, 3 * width as u32, width),
            ],
            len: count,
        }
    }

    pub(crate) const fn extended(mut self, extend: Extend) -> Parts {
        self.parts[0].extend = extend;
        self
    }

    pub(crate) fn as_slice(&self) -> &[Part] {
        &self.parts[..usize::from(self.len)]
    }

    /// Whether a part wants a vector register.
    pub(crate) fn has_vectors(&self) -> bool {
        self.as_slice().iter().any(|part| part.bank == Bank::Vec)
    }

    /// The bank of the first part.
    pub(crate) const fn bank(&self) -> Bank {
        self.parts[0].bank
    }
}

impl Part {
    pub(crate) const fn new(bank: Bank, offset: u32, width: u8) -> Part {
        Part { bank, offset, width, extend: Extend::None }
    }
}

/// A classification: pure, from the layout alone.
pub(crate) type Classify = fn(&crate::layout::Layout) -> Result<Class, Malformed>;

/// The rule set that the convention of a signature means on its target, if it means one there.
pub(crate) const fn resolve(signature: &Signature) -> Option<Abi> {
    rules(signature.target, signature.conv, signature.variadic_from.is_some())
}

impl CallConv {
    /// The rule set that this convention means on `target` for functions with a fixed list of arguments; `None` if
    /// it means nothing there.
    ///
    /// ```
    /// use pinvoke_abi::plan::Abi;
    /// use pinvoke_abi::signature::CallConv;
    /// use pinvoke_abi::target::Target;
    ///
    /// assert_eq!(CallConv::C.abi(Target::X86_64_LINUX), Some(Abi::SysV64));
    /// assert_eq!(CallConv::C.abi(Target::X86_64_WINDOWS), Some(Abi::Win64));
    /// // A Windows function in a Linux program, as Wine has them; on other machines there is nothing of that kind.
    /// assert_eq!(CallConv::Win64.abi(Target::X86_64_LINUX), Some(Abi::Win64));
    /// assert_eq!(CallConv::Win64.abi(Target::AARCH64_LINUX), None);
    /// ```
    #[must_use]
    pub const fn abi(self, target: Target) -> Option<Abi> {
        rules(target, self, false)
    }
}

const fn rules(target: Target, conv: CallConv, variadic: bool) -> Option<Abi> {
    match (target.arch, conv) {
        (Arch::X86_64, CallConv::SysV64) => Some(Abi::SysV64),
        (Arch::X86_64, CallConv::Win64) => Some(Abi::Win64),
        // Compilers for other machines accept the conventions of 32-bit x86 and ignore them.
        (
            Arch::X86_64,
            CallConv::C | CallConv::System | CallConv::Stdcall | CallConv::Fastcall | CallConv::Thiscall,
        ) => Some(if target.os.is_windows() { Abi::Win64 } else { Abi::SysV64 }),
        (
            Arch::Aarch64,
            CallConv::C | CallConv::System | CallConv::Stdcall | CallConv::Fastcall | CallConv::Thiscall,
        ) => Some(match target.os {
            Os::Linux => Abi::Aapcs64,
            Os::MacOs => Abi::AppleArm64,
            Os::WindowsMsvc | Os::WindowsGnu => Abi::WindowsArm64,
        }),
        (Arch::X86, _) => x86(target, conv, variadic),
        (
            Arch::Riscv64,
            CallConv::C | CallConv::System | CallConv::Stdcall | CallConv::Fastcall | CallConv::Thiscall,
        ) => match target.os {
            Os::Linux => Some(Abi::RiscvLp64d),
            // There are no such systems.
            Os::MacOs | Os::WindowsMsvc | Os::WindowsGnu => None,
        },
        (Arch::Aarch64 | Arch::Riscv64, CallConv::SysV64 | CallConv::Win64) => None,
    }
}

const fn x86(target: Target, conv: CallConv, variadic: bool) -> Option<Abi> {
    let compiler = match target.os {
        Os::Linux => Compiler::Gcc,
        Os::WindowsMsvc => Compiler::Msvc,
        Os::WindowsGnu => Compiler::MinGw,
        // The 32-bit macOS, which returned small structures in registers, is gone.
        Os::MacOs => return None,
    };
    let conv = match (conv, variadic) {
        (CallConv::SysV64 | CallConv::Win64, _) => return None,
        // The callee cannot know how much to remove: compilers take these for cdecl.
        (_, true) | (CallConv::C, false) => X86Conv::Cdecl,
        (CallConv::System, false) => match compiler {
            Compiler::Gcc => X86Conv::Cdecl,
            Compiler::Msvc | Compiler::MinGw => X86Conv::Stdcall,
        },
        (CallConv::Stdcall, false) => X86Conv::Stdcall,
        (CallConv::Fastcall, false) => X86Conv::Fastcall,
        (CallConv::Thiscall, false) => X86Conv::Thiscall,
    };
    Some(Abi::X86(conv, compiler))
}

impl Abi {
    pub(crate) const fn descriptor(self) -> &'static AbiDescriptor {
        match self {
            Abi::SysV64 => &sysv64::DESCRIPTOR,
            Abi::Win64 => &win64::DESCRIPTOR,
            Abi::Aapcs64 => &aapcs64::LINUX,
            Abi::AppleArm64 => &aapcs64::APPLE,
            Abi::WindowsArm64 => &aapcs64::WINDOWS,
            Abi::RiscvLp64d => &riscv64::LP64D,
            Abi::X86(conv, compiler) => x86::descriptor(conv, compiler),
        }
    }
}
