//! Machine code specialised for one plan: bytes in a buffer, not yet executable anywhere.
//!
//! A *stub* performs one call of a given shape: it loads registers and stack words from an
//! [argument record](crate::record) and calls the target. It contains no address and
//! no symbol, so one stub serves every function of its shape, equal shapes have equal bytes, and the
//! bytes may be copied anywhere. Its contract, in the System V convention whatever the callee's is:
//!
//! ```text
//! extern "sysv64" fn(target: *const c_void, record: *mut u8, ret: *mut u8) -> …
//! ```
//!
//! The result stays in the registers in which the callee returned it, if a function may return there, and
//! is stored behind `ret` otherwise; `delivery` of the architecture's module says which.
//!
//! There is one module per architecture, holding exactly the instruction forms that a stub needs
//! ([some machines](unstubbed) need none: their calls run without stubs); the listings under `tests/stubs` show what
//! comes out, as an independent disassembler reads it.

use std::fmt;

use crate::target::{Arch, Target};

pub mod a64;
pub mod unstubbed;
pub mod x64;

/// The stubs of the machine that this crate is compiled for.
#[cfg(target_arch = "aarch64")]
pub use a64 as host;
#[cfg(any(target_arch = "x86", target_arch = "riscv64"))]
pub use unstubbed as host;
#[cfg(target_arch = "x86_64")]
pub use x64 as host;

/// The largest stub, in bytes. Calls with so many arguments are better served without generated code.
pub const MAX_STUB: usize = 16 * 1024;

/// Why a plan has no stub. The call can still be made by the invoke thunk.
///
/// ```
/// use pinvoke_abi::plan::CallPlan;
/// use pinvoke_abi::record::ArgumentRecord;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::stub::{StubError, x64};
/// use pinvoke_abi::target::Target;
///
/// // A call with 2,000 arguments is possible, but no stub is written for it.
/// let list = vec!["i64"; 2000].join(",");
/// let signature = Signature::parse(Target::X86_64_LINUX, &format!("({list})"))?;
/// let plan = CallPlan::new(&signature)?;
/// let record = ArgumentRecord::new(&signature, &plan)?;
/// assert_eq!(x64::encode(&plan, &record, &mut x64::Assembler::new()), Err(StubError::TooLong));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StubError {
    /// The code would exceed [`MAX_STUB`].
    TooLong,
    /// A piece of this argument (counted from 0; `None`: of the result) travels in a way that the
    /// encoder has no instruction sequence for.
    Piece(Option<usize>),
    /// None are made for this architecture.
    Architecture,
}

impl fmt::Display for StubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StubError::TooLong => write!(f, "the code for this signature would exceed {MAX_STUB} bytes"),
            StubError::Piece(Some(i)) => {
                write!(f, "there is no instruction sequence for the way argument {} travels", i + 1)
            }
            StubError::Piece(None) => {
                f.write_str("there is no instruction sequence for the way the result travels")
            }
            StubError::Architecture => f.write_str(match Target::HOST.arch {
                Arch::X86 => "no stubs are made for 32-bit x86",
                Arch::Riscv64 => "no stubs are made for RISC-V",
                Arch::X86_64 | Arch::Aarch64 => "no stubs are made for the architecture of this plan",
            }),
        }
    }
}

impl std::error::Error for StubError {}
