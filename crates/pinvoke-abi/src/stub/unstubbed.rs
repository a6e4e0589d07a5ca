//! Machines without stubs, 32-bit x86 and RISC-V: calls run by the invoke thunk, see [`StubError::Architecture`]. What
//! is said here is how the thunk leaves results.

use crate::plan::{CallPlan, RetPlan};
use crate::record::ArgumentRecord;

use super::StubError;

/// A stub of no call, to see whether code may run: there is none.
pub const PROBE: [u8; 0] = [];

/// What is left to be done with the result when a call returns.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::unstubbed::{Delivery, delivery};
/// use pinvoke_abi::target::Target;
///
/// let of = |text| delivery(&CallPlan::new(&Signature::parse(Target::X86_LINUX, text).unwrap()).unwrap());
/// assert_eq!(of("()->f64"), Delivery::Stored); // from st(0)
/// assert_eq!(of("()->{i32,i32,i32}"), Delivery::Complete); // the callee has written it to memory
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing: there is no result, or it was written by the callee to the memory it was given.
    Complete,
    /// It is in registers, all of which are stored behind every call.
    Stored,
}

impl Delivery {
    /// Whether whoever makes the call has to store the result behind it.
    ///
    /// ```
    /// use pinvoke_abi::stub::unstubbed::Delivery;
    ///
    /// assert!(Delivery::Stored.is_stored() && !Delivery::Complete.is_stored());
    /// ```
    #[must_use]
    pub fn is_stored(self) -> bool {
        self == Delivery::Stored
    }
}

/// How the result of a call of this plan is delivered.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::unstubbed::delivery;
/// use pinvoke_abi::target::Target;
///
/// let stored = |target| {
///     let plan = CallPlan::new(&Signature::parse(target, "()->{i32,i32}").unwrap()).unwrap();
///     delivery(&plan).is_stored()
/// };
/// // The compilers differ: in eax and edx, or through memory.
/// assert!(stored(Target::X86_WINDOWS) && !stored(Target::X86_LINUX));
/// ```
#[must_use]
pub fn delivery(plan: &CallPlan) -> Delivery {
    match plan.ret() {
        RetPlan::Void | RetPlan::Indirect { .. } => Delivery::Complete,
        RetPlan::Direct(pieces) if pieces.is_empty() => Delivery::Complete,
        RetPlan::Direct(_) => Delivery::Stored,
    }
}

/// A buffer that stays empty.
///
/// ```
/// use pinvoke_abi::stub::unstubbed::Assembler;
///
/// // It has the form of those of other machines, so that code for any of them compiles here.
/// assert!(Assembler::new().code().is_empty());
/// ```
#[derive(Debug, Default)]
pub struct Assembler(());

impl Assembler {
    /// An empty buffer.
    ///
    /// ```
    /// use pinvoke_abi::stub::unstubbed::Assembler;
    ///
    /// let buffer = Assembler::new();
    /// assert!(buffer.code().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Assembler {
        Assembler(())
    }

    /// No code.
    ///
    /// ```
    /// use pinvoke_abi::stub::unstubbed::Assembler;
    ///
    /// assert_eq!(Assembler::new().code(), []);
    /// ```
    #[must_use]
    pub fn code(&self) -> &[u8] {
        &[]
    }
}

/// There is no stub of any plan.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::ArgumentRecord;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::StubError;
/// use pinvoke_abi::stub::unstubbed::{Assembler, encode};
/// use pinvoke_abi::target::Target;
///
/// let signature = Signature::parse(Target::X86_LINUX, "(i32)->i32")?;
/// let plan = CallPlan::new(&signature)?;
/// let record = ArgumentRecord::new(&signature, &plan)?;
/// assert_eq!(encode(&plan, &record, &mut Assembler::new()), Err(StubError::Architecture));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Always [`StubError::Architecture`].
pub fn encode(_: &CallPlan, _: &ArgumentRecord, _: &mut Assembler) -> Result<(), StubError> {
    Err(StubError::Architecture)
}
