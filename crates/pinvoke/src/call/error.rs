//! Why a call cannot be prepared.

use pinvoke_abi::plan::{PlanError, Which};
use pinvoke_abi::record::RecordTooLarge;
use pinvoke_abi::stub::StubError;
use pinvoke_abi::target::Target;

use crate::exec::{self, ExecError};

/// Why a call cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No ABI says how this signature is called.
    #[error("the call cannot be planned")]
    Plan(#[from] PlanError),
    /// The signature was made for another machine.
    #[error("the signature is one of {signature}, and this program runs on {}", Target::HOST)]
    OtherTarget {
        /// The machine that the layouts of the signature belong to.
        signature: Target,
    },
    /// The values are too large for one argument record.
    #[error("the arguments cannot be laid out in memory")]
    Record(#[from] RecordTooLarge),
    /// The stack would have to be aligned further than one call may move it.
    #[error(
        "an argument that travels on the stack is aligned to {align} bytes; more than {limit} are not \
         possible, pass a pointer"
    )]
    StackAlignment {
        /// Alignment asked for, in bytes.
        align: u32,
        /// The strictest possible, in bytes.
        limit: u32,
    },
    /// The invoke thunk has no place for a register that the plan uses.
    #[error("{0} travels in a register that the invoke thunk does not load or store")]
    NoThunk(Which),
    /// A stub was asked for by [`Tier::Stub`](super::Tier::Stub), and its code cannot be written.
    #[error("no stub can be generated for this signature; the invoke thunk (`Tier::Thunk`) can call it")]
    NoStub(#[from] StubError),
    /// A stub was asked for by [`Tier::Stub`](super::Tier::Stub), and memory for code is refused.
    #[error("a stub needs executable memory; the invoke thunk (`Tier::Thunk`) does not")]
    Executable(#[from] ExecError),
}

impl From<exec::NoStub> for CallError {
    fn from(cause: exec::NoStub) -> CallError {
        match cause {
            exec::NoStub::Code(e) => CallError::NoStub(e),
            exec::NoStub::Memory(e) => CallError::Executable(e),
        }
    }
}
