//! 32-bit x86 has no stubs: calls run by the invoke thunk, see [`StubError::Architecture`]. What is said here is how
//! the thunk leaves results.

use crate::plan::{CallPlan, RetPlan};
use crate::record::ArgumentRecord;

use super::StubError;

/// A stub of no call that returns 42, to see whether code may run: `mov eax, 42; ret`.
pub const PROBE: [u8; 6] = [0xB8, 42, 0, 0, 0, 0xC3];

/// What is left to be done with the result when a call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing: there is no result, or it was written by the callee to the memory it was given.
    Complete,
    /// It is in `eax`, `edx` or `st(0)`, and is stored behind every call.
    Stored,
}

impl Delivery {
    /// Whether whoever makes the call has to store the result behind it.
    #[must_use]
    pub fn is_stored(self) -> bool {
        self == Delivery::Stored
    }
}

/// How the result of a call of this plan is delivered.
#[must_use]
pub fn delivery(plan: &CallPlan) -> Delivery {
    match plan.ret() {
        RetPlan::Void | RetPlan::Indirect { .. } => Delivery::Complete,
        RetPlan::Direct(pieces) if pieces.is_empty() => Delivery::Complete,
        RetPlan::Direct(_) => Delivery::Stored,
    }
}

/// A buffer that stays empty.
#[derive(Debug, Default)]
pub struct Assembler(());

impl Assembler {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Assembler {
        Assembler(())
    }

    /// No code.
    #[must_use]
    pub fn code(&self) -> &[u8] {
        &[]
    }
}

/// There is no stub of any plan.
///
/// # Errors
/// Always [`StubError::Architecture`].
pub fn encode(_: &CallPlan, _: &ArgumentRecord, _: &mut Assembler) -> Result<(), StubError> {
    Err(StubError::Architecture)
}
