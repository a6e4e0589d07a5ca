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
//! | one convention | [`sysv64`], [`win64`]: a constant descriptor and its `classify` |

pub(crate) mod assign;
pub(crate) mod descriptor;
mod sysv64;
mod win64;

use crate::layout::walk::Malformed;
use crate::plan::{Abi, Extend};
use crate::signature::CallConv;
use crate::target::{Arch, Target};

use self::descriptor::AbiDescriptor;

/// Pieces that one value can be cut into, at most.
pub(crate) const MAX_PARTS: usize = 2;

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

/// The kind of register that a part wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bank {
    /// A general-purpose register.
    Int,
    /// A vector register.
    Vec,
    /// An x87 register.
    X87,
}

/// A run of bytes of a value that wants one register. What is cut into parts is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) bank: Bank,
    pub(crate) offset: u8,
    pub(crate) width: u8,
    pub(crate) extend: Extend,
}

/// One or two parts, by ascending offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    parts: [Part; MAX_PARTS],
    len: u8,
}

impl Parts {
    pub(crate) const fn one(bank: Bank, offset: u8, width: u8) -> Parts {
        let part = Part { bank, offset, width, extend: Extend::None };
        Parts { parts: [part; MAX_PARTS], len: 1 }
    }

    pub(crate) const fn two(first: Part, second: Part) -> Parts {
        Parts { parts: [first, second], len: 2 }
    }

    pub(crate) const fn extended(mut self, extend: Extend) -> Parts {
        self.parts[0].extend = extend;
        self
    }

    pub(crate) fn as_slice(&self) -> &[Part] {
        &self.parts[..usize::from(self.len)]
    }
}

impl Part {
    pub(crate) const fn new(bank: Bank, offset: u8, width: u8) -> Part {
        Part { bank, offset, width, extend: Extend::None }
    }
}

/// A classification: pure, from the layout alone.
pub(crate) type Classify = fn(&crate::layout::Layout) -> Result<Class, Malformed>;

/// The rule set that a convention means on a target, if it means one here.
pub(crate) const fn resolve(conv: CallConv, target: Target) -> Option<Abi> {
    match (target.arch, conv) {
        (Arch::X86_64, CallConv::SysV64) => Some(Abi::SysV64),
        (Arch::X86_64, CallConv::Win64) => Some(Abi::Win64),
        // Compilers for x86-64 accept the 32-bit conventions and ignore them: there is one.
        (
            Arch::X86_64,
            CallConv::C | CallConv::System | CallConv::Stdcall | CallConv::Fastcall | CallConv::Thiscall,
        ) => Some(if target.os.is_windows() { Abi::Win64 } else { Abi::SysV64 }),
        (Arch::X86 | Arch::Aarch64 | Arch::Riscv64, _) => None,
    }
}

impl Abi {
    pub(crate) const fn descriptor(self) -> &'static AbiDescriptor {
        match self {
            Abi::SysV64 => &sysv64::DESCRIPTOR,
            Abi::Win64 => &win64::DESCRIPTOR,
        }
    }
}
