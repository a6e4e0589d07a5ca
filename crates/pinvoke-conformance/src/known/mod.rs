//! Known disagreements between the compilers.
//!
//! Where gcc and clang pass the same prototype differently, both cannot be matched. Such a case is
//! an entry here, with the reason, the compiler that deviates and a witness: a prototype that the
//! sample test runs from one compiler to the other and that must still disagree, so that an entry
//! does not outlive its reason.

#[cfg(any(target_arch = "aarch64", target_arch = "x86"))]
#[path = "a64.rs"]
mod machine;
#[cfg(target_arch = "x86_64")]
#[path = "x64.rs"]
mod machine;

use crate::compiler::Compiler;
use crate::model::Prototype;

pub(crate) use machine::KNOWN;

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
    KNOWN.iter().filter(|known| (known.applies)(prototype)).collect()
}
