//! Known disagreements between the compilers.
//!
//! Where gcc and clang pass the same prototype differently, both cannot be matched; and where the system's own
//! compiler is the rule, which does not run here, neither is. Such a case is an entry here, with the reason, the
//! compiler that deviates and a witness: a prototype that is run between the compilers and from and to the engine and
//! that must still disagree somewhere, so that an entry does not outlive its reason.

mod a64;
mod r64;
mod win64;
mod x64;
mod x86;

use pinvoke_abi::target::{Arch, Os};

use crate::compiler::Compiler;
use crate::machine::target;
use crate::model::Prototype;

/// Those of the machine that is tested.
pub(crate) fn all() -> &'static [Known] {
    match (target().arch, target().os) {
        (Arch::X86_64, Os::Linux) => x64::KNOWN,
        (Arch::X86_64, Os::WindowsGnu) => win64::KNOWN,
        (Arch::Aarch64, Os::Linux) => a64::KNOWN,
        (Arch::Riscv64, Os::Linux) => r64::KNOWN,
        (Arch::X86, Os::Linux) => x86::LINUX,
        (Arch::X86, Os::WindowsGnu) => x86::WINDOWS,
        _ => &[],
    }
}

/// A disagreement.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What is known about it.
    pub(crate) reason: &'static str,
    /// The compilers that are not followed.
    pub(crate) deviates: &'static [Compiler],
    /// On which side of a call they deviate.
    pub(crate) role: Role,
    pub(crate) applies: fn(&Prototype) -> bool,
    pub(crate) witness: fn() -> Prototype,
}

/// On which side of a call a compiler deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// In the functions it compiles, not in its calls.
    Callee,
    /// In the calls it compiles, not in its functions.
    Caller,
    /// In both.
    Both,
}

/// The entries that a prototype falls under.
pub(crate) fn applying(prototype: &Prototype) -> Vec<&'static Known> {
    all().iter().filter(|known| (known.applies)(prototype)).collect()
}
