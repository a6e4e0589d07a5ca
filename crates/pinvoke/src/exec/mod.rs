//! Executable memory for stubs.
#![allow(unsafe_code, reason = "maps memory and runs what it wrote there")]

use core::ffi::c_void;

use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::record::ArgumentRecord;
use pinvoke_abi::stub::StubError;

/// A stub: target, argument record, result buffer.
pub(crate) type StubFn =
    unsafe extern "sysv64-unwind" fn(target: *const c_void, record: *mut u8, ret: *mut u8);

/// Why memory for code cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// Generated code is switched off.
    #[error("generated code is forbidden in this process by {by}")]
    Forbidden {
        /// What forbids it.
        by: &'static str,
    },
}

/// How much generated code this process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StubStats {
    /// Stubs in the cache.
    pub stubs: usize,
    /// Bytes of code in them.
    pub code_bytes: usize,
    /// Bytes of memory mapped for them.
    pub mapped_bytes: usize,
}

/// Why there is no stub for a plan.
#[derive(Debug)]
pub(crate) enum NoStub {
    Code(StubError),
    Memory(ExecError),
}

/// Has no executable memory asked for from now on.
pub fn forbid_stubs() {}

/// How much generated code this process holds.
#[must_use]
pub fn stub_stats() -> StubStats {
    StubStats::default()
}

pub(crate) fn stub_for(_plan: &CallPlan, _record: &ArgumentRecord) -> Result<StubFn, NoStub> {
    Err(NoStub::Memory(ExecError::Forbidden { by: "this version" }))
}
