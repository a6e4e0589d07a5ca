//! Why a call cannot be prepared.

use pinvoke_abi::plan::{PlanError, Which};
use pinvoke_abi::record::RecordTooLarge;
use pinvoke_abi::stub::StubError;
use pinvoke_abi::target::Target;

use crate::exec::{self, ExecError};

/// Why a call cannot be prepared.
///
/// ```standalone_crate
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::{CallError, PreparedCall, Tier, forbid_stubs};
///
/// // A structure whose alignment no stack can have:
/// let huge: Signature = "({i8} align(4194304))".parse()?;
/// if let Err(error) = PreparedCall::new(&huge) {
///     println!("{error}");
/// }
/// forbid_stubs();
/// let refused = PreparedCall::with_tier(&"(i32)".parse::<Signature>()?, Tier::Stub).unwrap_err();
/// assert!(matches!(refused, CallError::Executable(_) | CallError::NoStub(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// A function of 32-bit x86 has removed other than what its declaration says from the stack.
///
/// `stdcall`, `fastcall` and `thiscall` functions remove their arguments when they return, `cdecl` functions leave them to
/// the caller. So a function that is declared with a convention that is not its own, or with other arguments than it has,
/// shows at the stack pointer. A prepared call puts the stack right and goes on; what declared imports do is among their
/// [rules](crate::import#rules).
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::PreparedCall;
/// use pinvoke::native::CodePtr;
///
/// extern "C" fn nothing() {}
///
/// let call = PreparedCall::new(&"()".parse::<Signature>()?)?;
/// let nothing = CodePtr::new(nothing as *const _).expect("functions are not null");
/// let none = std::ptr::without_provenance_mut(16);
/// // SAFETY: the function has this signature; without arguments and result no memory is needed.
/// match unsafe { call.try_invoke(nothing, none, none) } {
///     Ok(()) => println!("the declaration is right"),
///     Err(imbalance) => panic!("{} bytes instead of {}", imbalance.removed, imbalance.expected),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the function has removed {removed} bytes of arguments from the stack, where its declaration says {expected}: {}",
    self.guess()
)]
#[non_exhaustive]
pub struct StackImbalance {
    /// Bytes of stack that a function of this declaration removes.
    pub expected: i32,
    /// Bytes that it has removed.
    pub removed: i32,
}

impl StackImbalance {
    fn guess(self) -> &'static str {
        match (self.expected, self.removed) {
            (0, 1..) => "probably it is a stdcall function (`WINAPI`) that is declared cdecl",
            (1.., 0) => "probably it is a cdecl function that is declared stdcall",
            _ => "its convention or its arguments are declared wrong",
        }
    }

    #[cold]
    #[track_caller]
    pub(super) fn panic(self) -> ! {
        panic!("{self}")
    }
}
