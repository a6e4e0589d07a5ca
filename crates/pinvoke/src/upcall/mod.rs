//! Rust closures as native function pointers.
//!
//! Native code calls back through a bare address. A closure is more than that: code and captured
//! values. What lies between is a *thunk*, fixed code that adds one argument to the call, the
//! address of its *slot*, and goes on to a function that rustc compiled for this closure. No code
//! is ever generated and no memory is ever made executable; see the submodules `thunk_table` and
//! `pages`.
#![allow(unsafe_code, reason = "native code calls in here, with addresses that only a proof can trust")]

mod dynamic;
mod invocation;
mod pages;
mod plan;
mod policy;
pub(crate) mod report;
pub(crate) mod slot;
mod thread;
mod thunk_table;

use pinvoke_abi::plan::{Location, PlanError};
use pinvoke_abi::target::Target;

pub use dynamic::{DynamicCallback, DynamicDeclaration, Everywhere, OwnThread, ThreadRule, UpcallArgs};
pub use policy::{OnPanic, OnWrongThread};
pub use thread::resume_after;

use crate::native::CodePtr;
use slot::Slot;

/// Why there is no callback.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// No thunk is free and the system refuses the memory for more.
    #[error("no more thunks for callbacks: {tried}")]
    NoThunk {
        /// What was tried and how it failed.
        tried: String,
    },
    /// A closure has a fixed number of arguments.
    #[error(
        "callback `{callback}` is variadic; a callback takes a fixed list of arguments, declare the list that native code passes"
    )]
    Variadic {
        /// Its name.
        callback: String,
    },
    /// The signature is for a machine other than this.
    #[error("callback `{callback}` has a signature for {target}, but this is {}", Target::HOST)]
    ForeignTarget {
        /// Its name.
        callback: String,
        /// The machine of the signature.
        target: Target,
    },
    /// The signature has no call plan.
    #[error("callback `{callback}` cannot be called")]
    Plan {
        /// Its name.
        callback: String,
        /// Why.
        source: PlanError,
    },
    /// The plan uses a register that a frame does not store.
    #[error("callback `{callback}` would have to use {location:?}, which upcalls do not know")]
    Location {
        /// Its name.
        callback: String,
        /// The register.
        location: Location,
    },
    /// The fallback value is not a result.
    #[error("callback `{callback}` returns {expected} bytes, but its fallback value has {given}")]
    FallbackSize {
        /// Its name.
        callback: String,
        /// Size of the result.
        expected: usize,
        /// Size of the value given.
        given: usize,
    },
}

/// Which callback: its declaration's name, its thunk, and the how-manieth owner of that thunk it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    name: &'static str,
    code: CodePtr,
    generation: u32,
}

impl Identity {
    fn of(slot: &Slot) -> Identity {
        Identity { name: slot.header().name, code: slot.code(), generation: slot.generation() }
    }

    /// The name of its declaration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The address that native code has.
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.code
    }

    /// Counts the callbacks that had this address, from 1.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }
}

/// Whether this address is one of our live callbacks, and which.
///
/// Closures that capture nothing are functions of their own and not known here.
#[must_use]
pub fn lookup(code: CodePtr) -> Option<Identity> {
    thunk_table::find(code).map(Identity::of)
}
