//! Calls of native functions: prepared at run time, or checked once and typed.
//!
//! # Prepared calls
//! A [`PreparedCall`] is everything about a call but the function and the values: where every byte
//! goes, decided once. It is immutable, shared freely between threads, and serves every function of its
//! signature. Arguments travel in an *argument record*, one block of memory with fixed offsets:
//!
//! ```
//! use pinvoke::call::PreparedCall;
//! use pinvoke::native::CodePtr;
//! use pinvoke_abi::layout::Layout;
//! use pinvoke_abi::signature::Signature;
//! use pinvoke_abi::target::Target;
//!
//! extern "C" fn scale(x: f64, by: i32) -> f64 {
//!     x * f64::from(by)
//! }
//!
//! let double = Layout::float(Target::HOST, 8);
//! let int = Layout::int(Target::HOST, 4, true);
//! let call = PreparedCall::new(&Signature::new(Target::HOST, vec![double.clone(), int], double))?;
//! assert_eq!((call.arg_offset(0), call.arg_offset(1)), (0, 8));
//!
//! #[repr(C, align(16))]
//! struct Record {
//!     x: f64,
//!     by: i32,
//! }
//! #[repr(C, align(16))]
//! struct Ret([f64; 2]);
//!
//! let mut record = Record { x: 1.5, by: 4 };
//! let mut ret = Ret([0.0; 2]);
//! let target = CodePtr::new(scale as *const _).expect("functions are not null");
//! // SAFETY: `scale` has this signature; the buffers are as large and aligned as the call asks.
//! unsafe { call.invoke(target, (&raw mut record).cast(), (&raw mut ret).cast()) };
//! assert_eq!(ret.0[0], 6.0);
//! # Ok::<(), pinvoke::call::CallError>(())
//! ```
//!
//! # Two tiers
//! The same plan is executed in one of two ways, with the same result:
//!
//! * **Tier 0, the invoke thunk** ([`Tier::Thunk`]): fixed code interprets a list of moves compiled
//!   from the plan. No memory is made executable. Always there.
//! * **Tier 1, a stub** ([`Tier::Stub`]): machine code specialised for the plan, shared by all calls of
//!   the same shape in the process, on pages that are never writable and executable at once.
//!
//! [`Tier::Auto`] takes the stub where the system grants executable memory and the thunk elsewhere. Set
//! `PINVOKE_NO_EXEC=1` in the environment, or call [`forbid_stubs`], to have no memory made executable.
//! On 32-bit x86 all calls take the thunk: nearly everything travels on the stack there, and what the callee
//! removed from it is looked at behind every call, so that stubs would gain little. On 64-bit RISC-V they do, too: no
//! stubs are made for it.
//!
//! # Limits
//! One call takes at most [`MAX_STACK`] bytes of stack; the area is touched
//! page by page, so that a thread whose stack is smaller ends in its guard page and not in other memory.
//! What unwinds out of the called function (a C++ exception, a panic of an `extern "C-unwind"` function)
//! passes the thunk, which describes itself to unwinders, and stubs where the program's unwinder takes
//! descriptions of generated code ([`PreparedCall::can_unwind`]). `longjmp` across either is sound as far
//! as the Rust frames between may be skipped.
//!
//! # Forking
//! Prepared calls stay usable in a child process, also in one forked from a program with many threads.
//! *Preparing* further ones there takes locks and memory, like any allocation.
#![allow(unsafe_code, reason = "calling native code")]

mod error;
mod program;
mod typed;

use core::fmt;

use pinvoke_abi::plan::{CallPlan, MAX_STACK};
use pinvoke_abi::record::ArgumentRecord;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::stub::host::delivery;
use pinvoke_abi::target::Target;

pub use self::error::{CallError, StackImbalance};
use self::program::Program;
pub use self::typed::{
    Difference, FnShape, NativeFn, SignatureMismatch, UnsafeNativeFn, capture, check, typed, typed_safe,
};
use crate::arch::{CallCode, Results};
pub use crate::exec::{Attempt, ExecError, Forbidden, StubStats, forbid_stubs, stub_stats};
use crate::last_error::{ErrnoCell, LastError};
use crate::native::CodePtr;

/// How a prepared call is executed.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::{PreparedCall, Tier};
///
/// let signature: Signature = "(f64,f64)->f64".parse()?;
/// // For a process that must have no generated code at all:
/// let pow = PreparedCall::with_tier(&signature, Tier::Thunk)?;
/// assert_eq!((Tier::default(), pow.tier()), (Tier::Auto, Tier::Thunk));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tier {
    /// By a stub where executable memory may be had, else by the thunk.
    #[default]
    Auto,
    /// Tier 0: by the invoke thunk, without generated code.
    Thunk,
    /// Tier 1: by a stub generated for the shape of the call.
    Stub,
}

/// A call whose every byte is placed: only the function and the values are missing.
///
/// One serves every function of its signature, from any thread:
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::call::PreparedCall;
/// use pinvoke::native::CodePtr;
///
/// #[repr(C, align(16))]
/// struct Block([f64; 2]);
///
/// let call = PreparedCall::new(&"(f64)->f64".parse::<Signature>()?)?;
/// let apply = |function: extern "C" fn(f64) -> f64, x: f64| {
///     let (mut record, mut ret) = (Block([x, 0.0]), Block([0.0; 2]));
///     let code = CodePtr::new(function as *const _).expect("functions are not null");
///     // SAFETY: a function of this signature; both blocks have 16 bytes, aligned to 16.
///     unsafe { call.invoke(code, (&raw mut record).cast(), (&raw mut ret).cast()) };
///     ret.0[0]
/// };
///
/// extern "C" fn half(x: f64) -> f64 {
///     x / 2.0
/// }
/// extern "C" fn square(x: f64) -> f64 {
///     x * x
/// }
/// assert_eq!((apply(half, 3.0), apply(square, 3.0)), (1.5, 9.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PreparedCall {
    executor: Executor,
    results: Results,
    plan: CallPlan,
    record: ArgumentRecord,
}

/// The two ways of executing a plan.
enum Executor {
    Stub(CallCode),
    Thunk(Program),
}

impl PreparedCall {
    /// Prepares calls of `signature`, by a stub where possible.
    ///
    /// ```
    /// use pinvoke::abi::layout::Layout;
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::abi::target::Target;
    /// use pinvoke::call::{CallError, PreparedCall};
    ///
    /// let signature: Signature = "(ptr,i32)->ptr".parse()?;
    /// assert_eq!(PreparedCall::new(&signature)?.arg_count(), 2);
    ///
    /// // A signature is one of a machine, and this program runs on this one only.
    /// let foreign = if Target::HOST == Target::AARCH64_LINUX { Target::X86_64_LINUX } else { Target::AARCH64_LINUX };
    /// let signature = Signature::new(foreign, vec![], Layout::void());
    /// let refused = PreparedCall::new(&signature).unwrap_err();
    /// assert!(matches!(refused, CallError::OtherTarget { signature } if signature == foreign));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`], if the signature is not of this machine, cannot be planned or is too large.
    pub fn new(signature: &Signature) -> Result<PreparedCall, CallError> {
        PreparedCall::with_tier(signature, Tier::Auto)
    }

    /// Prepares calls of `signature` in the tier asked for.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::{PreparedCall, Tier};
    ///
    /// let signature: Signature = "(i32)->i32".parse()?;
    /// // The thunk is there on every machine. A stub may be refused, with the reason.
    /// assert!(PreparedCall::with_tier(&signature, Tier::Thunk).is_ok());
    /// match PreparedCall::with_tier(&signature, Tier::Stub) {
    ///     Ok(call) => assert_eq!(call.tier(), Tier::Stub),
    ///     Err(refused) => println!("{refused}"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`new`](PreparedCall::new); with [`Tier::Stub`] also if no code can be generated or
    /// executable memory is refused or forbidden.
    pub fn with_tier(signature: &Signature, tier: Tier) -> Result<PreparedCall, CallError> {
        if signature.target != Target::HOST {
            return Err(CallError::OtherTarget { signature: signature.target });
        }
        let plan = CallPlan::new(signature)?;
        if plan.stack_align() > MAX_STACK {
            return Err(CallError::StackAlignment { align: plan.stack_align(), limit: MAX_STACK });
        }
        let record = ArgumentRecord::new(signature, &plan)?;
        let stub = match tier {
            Tier::Thunk => None,
            Tier::Auto => crate::exec::stub_for(&plan, &record).ok(),
            Tier::Stub => Some(crate::exec::stub_for(&plan, &record)?),
        };
        let executor = match stub {
            Some(stub) => Executor::Stub(stub),
            None => Executor::Thunk(Program::compile(&plan, &record)?),
        };
        let results = Results::of(delivery(&plan));
        Ok(PreparedCall { executor, results, plan, record })
    }

    /// The tier in use: [`Tier::Thunk`] or [`Tier::Stub`].
    ///
    /// What [`Tier::Auto`] became:
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::{PreparedCall, Tier};
    ///
    /// let call = PreparedCall::new(&"(i32)->i32".parse::<Signature>()?)?;
    /// match call.tier() {
    ///     Tier::Stub => println!("generated code: {:?}", pinvoke::call::stub_stats()),
    ///     Tier::Thunk => println!("no memory was made executable for it"),
    ///     Tier::Auto => unreachable!("one of the two is in use"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tier(&self) -> Tier {
        match self.executor {
            Executor::Stub(_) => Tier::Stub,
            Executor::Thunk(_) => Tier::Thunk,
        }
    }

    /// Whether what unwinds out of a called function passes this call.
    ///
    /// It does in tier 0. A stub is passed if it leaves no frame behind, as those without stack words and
    /// with a usual result do, or else if the unwinder of the program can be told about generated code:
    /// GCC's in shared form, which Rust programs on Linux use, can.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::{PreparedCall, Tier};
    ///
    /// // Where a C++ exception or a panic may come out of the function, take what lets it pass.
    /// let signature: Signature = "(ptr,i64,i64,i64,i64,i64,i64,i64,i64)->i32".parse()?;
    /// let mut call = PreparedCall::new(&signature)?;
    /// if !call.can_unwind() {
    ///     call = PreparedCall::with_tier(&signature, Tier::Thunk)?;
    /// }
    /// assert!(call.can_unwind());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn can_unwind(&self) -> bool {
        let no_frame = self.plan.stack() == 0 && !delivery(&self.plan).is_stored();
        self.tier() == Tier::Thunk || no_frame || crate::exec::unwind::is_offered()
    }

    /// Where every byte goes.
    ///
    /// ```
    /// use pinvoke::abi::plan::RetPlan;
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    ///
    /// // A structure of 32 bytes comes back in memory whose address the caller passes, on every machine.
    /// let call = PreparedCall::new(&"()->{i64,i64,i64,i64}".parse::<Signature>()?)?;
    /// assert!(matches!(call.plan().ret(), RetPlan::Indirect { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn plan(&self) -> &CallPlan {
        &self.plan
    }

    /// Number of arguments.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    ///
    /// // Variable arguments count as well: a prepared call is one of *this* list of them.
    /// let printf = PreparedCall::new(&"(ptr,...,i32,f64)->i32".parse::<Signature>()?)?;
    /// assert_eq!(printf.arg_count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn arg_count(&self) -> usize {
        self.record.offsets().len()
    }

    /// Size of the argument record in bytes, a multiple of 16.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    ///
    /// let call = PreparedCall::new(&"(i8,f64,i32)->i32".parse::<Signature>()?)?;
    /// assert_eq!(call.record_size(), 32); // offsets 0, 8 and 16, rounded up to 16 bytes
    /// let none = PreparedCall::new(&"()->i32".parse::<Signature>()?)?;
    /// assert_eq!(none.record_size(), 0); // no arguments, no record
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn record_size(&self) -> usize {
        self.record.size() as usize
    }

    /// Alignment of the argument record in bytes, at least 16.
    ///
    /// ```
    /// use std::alloc::Layout;
    ///
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    ///
    /// let call = PreparedCall::new(&"(i32,f64)->f64".parse::<Signature>()?)?;
    /// // What to ask an allocator for:
    /// let block = Layout::from_size_align(call.record_size(), call.record_align())?;
    /// assert_eq!((block.size(), block.align()), (16, 16));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn record_align(&self) -> usize {
        self.record.align() as usize
    }

    /// Where argument `index` lies in the record, in bytes: a multiple of 8 and of its alignment, and of 16 if the
    /// convention passes it by reference, since native code is given its place in the record.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    ///
    /// let call = PreparedCall::new(&"(i8,{i32,i32,i32},f64)->i32".parse::<Signature>()?)?;
    /// let mut record = vec![0u8; call.record_size()];
    /// record[call.arg_offset(2)..][..8].copy_from_slice(&1.5f64.to_ne_bytes());
    /// let offsets: Vec<usize> = (0..call.arg_count()).map(|i| call.arg_offset(i)).collect();
    /// // Microsoft's convention for x86-64 passes a structure of 12 bytes by reference.
    /// let by_reference = cfg!(all(windows, target_arch = "x86_64"));
    /// assert_eq!(offsets, if by_reference { [0, 16, 32] } else { [0, 8, 24] });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such argument; see [`arg_count`](PreparedCall::arg_count).
    #[must_use]
    #[track_caller]
    pub fn arg_offset(&self, index: usize) -> usize {
        self.record.offsets()[index] as usize
    }

    /// Size of the result in bytes. The result buffer must have this rounded up to 16 bytes.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    ///
    /// let call = PreparedCall::new(&"()->{i32,i32,i32}".parse::<Signature>()?)?;
    /// assert_eq!(call.ret_size(), 12);
    /// let room = call.ret_size().next_multiple_of(16); // what `invoke` is given
    /// assert_eq!(room, 16);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ret_size(&self) -> usize {
        self.record.ret_size() as usize
    }

    /// Alignment of the result buffer in bytes: 16, or more for an over-aligned structure.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    ///
    /// let plain = PreparedCall::new(&"()->i32".parse::<Signature>()?)?;
    /// let aligned = PreparedCall::new(&"()->{i32} align(64)".parse::<Signature>()?)?;
    /// assert_eq!((plain.ret_align(), aligned.ret_align()), (16, 64));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ret_align(&self) -> usize {
        self.record.ret_align() as usize
    }

    /// Calls `target`, with the arguments in `record` and the result going to `ret`.
    ///
    /// The result occupies the first [`ret_size`](PreparedCall::ret_size) bytes; the others of the
    /// buffer are left as they are, except that a structure returned through memory is the callee's to
    /// write. Native code may overwrite arguments that travel by reference in the record.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    /// use pinvoke::native::CodePtr;
    ///
    /// #[repr(C, align(16))]
    /// struct Block([u8; 16]);
    ///
    /// extern "C" fn add(a: i32, b: i32) -> i32 {
    ///     a + b
    /// }
    ///
    /// let call = PreparedCall::new(&"(i32,i32)->i32".parse::<Signature>()?)?;
    /// let add = CodePtr::new(add as *const _).expect("functions are not null");
    /// let (mut record, mut ret) = (Block([0; 16]), Block([0; 16]));
    /// record.0[call.arg_offset(0)..][..4].copy_from_slice(&5_i32.to_ne_bytes());
    /// record.0[call.arg_offset(1)..][..4].copy_from_slice(&37_i32.to_ne_bytes());
    /// // SAFETY: `add` has this signature; the blocks are as large and aligned as the call asks.
    /// unsafe { call.invoke(add, record.0.as_mut_ptr(), ret.0.as_mut_ptr()) };
    /// assert_eq!(ret.0[..call.ret_size()], 42_i32.to_ne_bytes());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// On 32-bit x86, if the function has removed other than what its declaration says from the stack, see
    /// [`try_invoke`](PreparedCall::try_invoke).
    ///
    /// # Safety
    /// - `target` is code of this call's signature, and may be called now, with these values;
    /// - `record` points to [`record_size`](PreparedCall::record_size) readable and writable bytes
    ///   aligned to [`record_align`](PreparedCall::record_align), with every argument at its offset;
    ///   it may be dangling if the size is 0;
    /// - `ret` points to `ret_size` rounded up to 16 writable bytes aligned to
    ///   [`ret_align`](PreparedCall::ret_align); it may be dangling if the size is 0;
    /// - nothing unwinds out of the target, unless this call [can](PreparedCall::can_unwind).
    #[inline(always)]
    pub unsafe fn invoke(&self, target: CodePtr, record: *mut u8, ret: *mut u8) {
        // As `try_invoke`, but a stub's result is not asked for what it cannot be.
        match &self.executor {
            // SAFETY: the stub was made from this call's plan; the rest is the caller's promise.
            Executor::Stub(stub) => unsafe { stub.call(self.results, target.as_ptr(), record, ret) },
            Executor::Thunk(program) => {
                // SAFETY: the caller's promise.
                if let Err(imbalance) = unsafe { program.run(self.results, target, record, ret) } {
                    imbalance.panic();
                }
            }
        }
    }

    /// As [`invoke`](PreparedCall::invoke), and tells if the function followed another convention.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    /// use pinvoke::native::CodePtr;
    ///
    /// #[repr(C, align(16))]
    /// struct Block([u8; 16]);
    ///
    /// extern "C" fn twice(x: i32) -> i32 {
    ///     2 * x
    /// }
    ///
    /// let call = PreparedCall::new(&"(i32)->i32".parse::<Signature>()?)?;
    /// let twice = CodePtr::new(twice as *const _).expect("functions are not null");
    /// let (mut record, mut ret) = (Block([0; 16]), Block([0; 16]));
    /// record.0[..4].copy_from_slice(&21_i32.to_ne_bytes());
    /// // SAFETY: the function has this signature; the blocks are as large and aligned as the call asks.
    /// unsafe { call.try_invoke(twice, record.0.as_mut_ptr(), ret.0.as_mut_ptr()) }?;
    /// assert_eq!(ret.0[..4], 42_i32.to_ne_bytes());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// On 32-bit x86, where some conventions have the callee remove its arguments from the stack:
    /// [`StackImbalance`] if it removed another number of bytes than the signature says. The call was made, and
    /// what was found on the stack was put right; whether the function got its arguments nobody knows. Never on
    /// other machines.
    ///
    /// # Safety
    /// As for [`invoke`](PreparedCall::invoke), but the target may be a function of the same signature in another
    /// convention that passes all arguments on the stack (`cdecl` and `stdcall`).
    #[inline]
    pub unsafe fn try_invoke(
        &self,
        target: CodePtr,
        record: *mut u8,
        ret: *mut u8,
    ) -> Result<(), StackImbalance> {
        match &self.executor {
            Executor::Stub(stub) => {
                // SAFETY: the stub was made from this call's plan; the rest is the caller's promise.
                unsafe { stub.call(self.results, target.as_ptr(), record, ret) };
                Ok(())
            }
            // SAFETY: the caller's promise.
            Executor::Thunk(program) => unsafe { program.run(self.results, target, record, ret) },
        }
    }

    /// As [`invoke`](PreparedCall::invoke), with `errno` cleared before and read right after.
    ///
    /// ```
    /// use pinvoke::abi::signature::Signature;
    /// use pinvoke::call::PreparedCall;
    /// use pinvoke::last_error::LastError;
    /// use pinvoke::native::CodePtr;
    ///
    /// #[repr(C, align(16))]
    /// struct Block([i32; 4]);
    ///
    /// extern "C" fn refuse(code: i32) -> i32 {
    ///     LastError(code).set_current();
    ///     -1
    /// }
    ///
    /// let call = PreparedCall::new(&"(i32)->i32".parse::<Signature>()?)?;
    /// let refuse = CodePtr::new(refuse as *const _).expect("functions are not null");
    /// let (mut record, mut ret) = (Block([2, 0, 0, 0]), Block([0; 4]));
    /// // SAFETY: the function has this signature; the blocks are as large and aligned as the call asks.
    /// let error = unsafe { call.invoke_capturing(refuse, (&raw mut record).cast(), (&raw mut ret).cast()) };
    /// assert_eq!((ret.0[0], error), (-1, LastError(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// As for [`invoke`](PreparedCall::invoke).
    ///
    /// # Safety
    /// As for [`invoke`](PreparedCall::invoke).
    #[inline]
    pub unsafe fn invoke_capturing(&self, target: CodePtr, record: *mut u8, ret: *mut u8) -> LastError {
        let errno = ErrnoCell::of_this_thread();
        errno.set(LastError::NONE);
        // SAFETY: the caller's promise.
        unsafe { self.invoke(target, record, ret) };
        errno.get()
    }
}

impl fmt::Debug for PreparedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedCall")
            .field("tier", &self.tier())
            .field("plan", &self.plan)
            .field("record", &self.record)
            .finish()
    }
}
