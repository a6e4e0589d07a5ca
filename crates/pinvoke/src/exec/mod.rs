//! Stubs in executable memory: one per shape of call and process, on pages never writable and executable
//! at once.
//!
//! # Life of a stub
//! `stub_for` encodes the stub of a plan into a buffer of its thread (some 100 ns), and looks the bytes up
//! in the cache: equal shapes have equal code, so the code itself is the key, and no second copy of it
//! is kept. Only a shape that the process has not met before reaches the [pages], where its code is
//! copied, and stays: stubs are never freed, since prepared calls hold bare pointers to them and the
//! number of shapes in a program is small. [`stub_stats`] says what they take.
//!
//! # Whether memory may be executable at all
//! Many systems refuse it: SELinux without `execmem`, seccomp filters, hardened containers. That is found
//! out once per process, by making a page executable and running a function of two instructions on it.
//! A system that answers a forbidden mapping by killing the process cannot be asked; say so beforehand,
//! with `PINVOKE_NO_EXEC=1` in the environment or [`forbid_stubs`].
//!
//! # Threads
//! Lookups share a lock, additions take it alone; calls take none.
#![allow(unsafe_code, reason = "maps memory and runs what it wrote there")]

mod cache;
#[cfg(all(target_os = "linux", not(any(target_arch = "x86", target_arch = "riscv64"))))]
#[path = "linux.rs"]
mod pages;
#[cfg(all(windows, not(any(target_arch = "x86", target_arch = "riscv64"))))]
#[path = "windows.rs"]
mod pages;
#[cfg(any(target_arch = "x86", target_arch = "riscv64", not(any(target_os = "linux", windows))))]
#[path = "any.rs"]
mod pages;
#[cfg(all(target_os = "linux", not(any(target_arch = "x86", target_arch = "riscv64"))))]
pub(crate) mod unwind;
#[cfg(any(target_arch = "x86", target_arch = "riscv64", not(any(target_os = "linux", windows))))]
pub(crate) use pages::unwind;
#[cfg(all(windows, not(any(target_arch = "x86", target_arch = "riscv64"))))]
#[path = "windows_unwind.rs"]
pub(crate) mod unwind;

use core::cell::RefCell;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};

use pinvoke_abi::plan::CallPlan;
use pinvoke_abi::record::ArgumentRecord;
use pinvoke_abi::stub::StubError;
use pinvoke_abi::stub::host::{Assembler, encode};

use self::cache::Cache;
use crate::arch::CallCode;
use crate::last_error::LastError;

/// The environment variable that forbids executable memory.
const FORBIDDING_VARIABLE: &str = "PINVOKE_NO_EXEC";

/// Why memory for code cannot be had.
///
/// ```
/// use pinvoke::call::{ExecError, Forbidden};
///
/// let error = ExecError::Forbidden(Forbidden::Environment);
/// assert_eq!(
///     error.to_string(),
///     "generated code is forbidden in this process by the environment variable PINVOKE_NO_EXEC"
/// );
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// Generated code is switched off in this process.
    #[error("generated code is forbidden in this process by {0}")]
    Forbidden(Forbidden),
    /// The system refuses.
    #[error("the system refuses executable memory: {}", list(.0))]
    Refused(Vec<Attempt>),
}

/// What switched generated code off.
///
/// ```standalone_crate
/// # #[cfg(all(target_pointer_width = "64", not(target_arch = "riscv64")))] {
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::{CallError, ExecError, Forbidden, PreparedCall, Tier, forbid_stubs};
///
/// forbid_stubs();
/// let refused = PreparedCall::with_tier(&"(i32)".parse::<Signature>()?, Tier::Stub);
/// assert!(matches!(refused, Err(CallError::Executable(ExecError::Forbidden(Forbidden::Program)))));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forbidden {
    /// The environment variable `PINVOKE_NO_EXEC`.
    Environment,
    /// A call of [`forbid_stubs`].
    Program,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Forbidden::Environment => write!(f, "the environment variable {FORBIDDING_VARIABLE}"),
            Forbidden::Program => f.write_str("`forbid_stubs`"),
        }
    }
}

/// One way of getting executable memory that was tried.
///
/// ```
/// use pinvoke::LastError;
/// use pinvoke::call::{Attempt, ExecError};
///
/// // What a hardened kernel may answer:
/// let attempt = Attempt { operation: "memfd_create", error: LastError(1) };
/// assert!(
///     ExecError::Refused(vec![attempt])
///         .to_string()
///         .starts_with("the system refuses executable memory: memfd_create: ")
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The way and the step of it that failed.
    pub operation: &'static str,
    /// What the system answered.
    pub error: LastError,
}

fn list(attempts: &[Attempt]) -> String {
    let each: Vec<String> = attempts.iter().map(|a| format!("{}: {}", a.operation, a.error)).collect();
    each.join("; ")
}

/// How much generated code this process holds.
///
/// ```standalone_crate
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::{PreparedCall, stub_stats};
///
/// let signature: Signature = "(i32,f64,ptr)->i32".parse()?;
/// let _first = PreparedCall::new(&signature)?;
/// let stats = stub_stats();
/// let _second = PreparedCall::new(&signature)?; // the same shape, the same stub
/// assert_eq!(stub_stats(), stats);
/// assert!(stats.code_bytes <= stats.mapped_bytes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StubStats {
    /// Stubs made, one per shape.
    pub stubs: usize,
    /// Bytes of code in them.
    pub code_bytes: usize,
    /// Bytes of address space mapped executable for them.
    pub mapped_bytes: usize,
    /// Bytes of the table that finds them.
    pub table_bytes: usize,
}

/// Why there is no stub for a plan.
#[derive(Debug)]
pub(crate) enum NoStub {
    Code(StubError),
    Memory(ExecError),
}

static FORBIDDEN: AtomicBool = AtomicBool::new(false);
static CACHE: OnceLock<Result<RwLock<Cache>, ExecError>> = OnceLock::new();

thread_local! {
    static ASSEMBLER: RefCell<Assembler> = RefCell::new(Assembler::new());
}

/// Has no executable memory asked for, in the whole process and from now on.
///
/// Calls prepared afterwards run by the invoke thunk; calls prepared with a stub before keep it. Calls of
/// all kinds work as before, some nanoseconds slower.
///
/// ```standalone_crate
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::{PreparedCall, Tier, forbid_stubs};
///
/// forbid_stubs(); // first of all, in `main`
/// let call = PreparedCall::new(&"(i32)->i32".parse::<Signature>()?)?;
/// assert_eq!(call.tier(), Tier::Thunk);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn forbid_stubs() {
    FORBIDDEN.store(true, Ordering::Relaxed);
}

/// How much generated code this process holds.
///
/// ```
/// use pinvoke::call::{PreparedCall, Tier, stub_stats};
/// use pinvoke_abi::layout::Layout;
/// use pinvoke_abi::signature::Signature;
/// use pinvoke_abi::target::Target;
/// let getpid = Signature::new(Target::HOST, vec![], Layout::int(Target::HOST, 4, true));
/// let call = PreparedCall::new(&getpid)?;
/// assert!(stub_stats().stubs >= usize::from(call.tier() == Tier::Stub));
/// # Ok::<(), pinvoke::call::CallError>(())
/// ```
#[must_use]
pub fn stub_stats() -> StubStats {
    match CACHE.get() {
        Some(Ok(cache)) => cache.read().unwrap_or_else(PoisonError::into_inner).stats(),
        Some(Err(_)) | None => StubStats::default(),
    }
}

/// The stub of a plan, made on first need.
pub(crate) fn stub_for(plan: &CallPlan, record: &ArgumentRecord) -> Result<CallCode, NoStub> {
    let with = |assembler: &mut Assembler| {
        encode(plan, record, assembler).map_err(NoStub::Code)?;
        // Where there is no code to be put anywhere, no memory for it is asked for.
        let cache = cache().map_err(NoStub::Memory)?;
        find_or_add(cache, assembler.code()).map_err(NoStub::Memory)
    };
    // Without the thread's buffer (the thread is ending) the call is prepared all the same.
    ASSEMBLER
        .try_with(|own| own.try_borrow_mut().map(|mut own| with(&mut own)).ok())
        .ok()
        .flatten()
        .unwrap_or_else(|| with(&mut Assembler::new()))
}

fn find_or_add(cache: &RwLock<Cache>, code: &[u8]) -> Result<CallCode, ExecError> {
    let key = cache::key(code);
    let found = cache.read().unwrap_or_else(PoisonError::into_inner).find(key, code);
    match found {
        Some(stub) => Ok(stub),
        None => cache.write().unwrap_or_else(PoisonError::into_inner).find_or_add(key, code),
    }
}

fn cache() -> Result<&'static RwLock<Cache>, ExecError> {
    if FORBIDDEN.load(Ordering::Relaxed) {
        return Err(ExecError::Forbidden(Forbidden::Program));
    }
    let cache = CACHE.get_or_init(|| {
        let variable = std::env::var_os(FORBIDDING_VARIABLE);
        if variable.is_some_and(|v| !v.is_empty() && v != "0") {
            return Err(ExecError::Forbidden(Forbidden::Environment));
        }
        Cache::probed().map(RwLock::new).map_err(ExecError::Refused)
    });
    cache.as_ref().map_err(ExecError::clone)
}
