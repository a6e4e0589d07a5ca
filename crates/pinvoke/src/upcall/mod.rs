//! Rust closures as native function pointers.
//!
//! Native code calls back through a bare address. A closure is more than that: code and captured
//! values. What lies between is a *thunk*, fixed code that adds one argument to the call, the
//! address of its *slot*, and goes on to a function that rustc compiled for this closure:
//!
//! ```text
//!  native code          thunk (program text)            shim (program text)        closure
//!  call f(a, b)   ──►   lea rdx, [slot]; jmp [slot] ──► shim(a, b, slot)     ──►   (a, b) → r
//!                                  │
//!                                  └─ slot: target, closure, declaration, thread, invocations
//! ```
//!
//! No code is ever generated and no memory is ever made executable: the first thunks of each kind
//! are part of the program, more come from mapping the program's file again (`pages`). Callbacks
//! whose prototype has a `void *` for the user need no thunk, and closures that capture nothing need
//! neither thunk nor slot.
//!
//! # Which way
//!
//! * The signature is known at compile time: write a [`Declaration`] and give it a closure; see there
//!   for the table of constructors. Where the C function passes user data: [`UserDataFirst`],
//!   [`UserDataLast`]. A closure without captures: [`function`].
//! * It is known at run time: [`DynamicCallback`].
//!
//! # Rules
//!
//! * **Life.** A callback ends when its guard is dropped. It may be dropped while it runs: its
//!   closure lives until the last invocation returns. A native call that begins after the drop finds
//!   a report with the declaration's name, and aborts; thunks rest a while before they are used
//!   again, so that this is what such a call finds.
//! * **Threads.** A closure that is not `Send + Sync` is entered on its own thread only, which is
//!   checked at every invocation.
//! * **Re-entry.** A closure that is `FnMut` is entered once at a time, which is checked as well.
//! * **Panics** never cross native frames. The declaration says what happens; by default the
//!   fallback value is returned and the panic goes on where the enclosing [`resume_after`] returns.
//! * **Exceptions of other languages** do not cross a callback. One that is caught by the native code
//!   below the closure is nobody's business; one that would leave the closure ends the process, with a
//!   report that names the callback. Rust can neither contain such an exception nor promise the native
//!   code further out that it may go on. A function that is called and may throw has to be declared
//!   `-unwind`, or called by a [`PreparedCall`](crate::call::PreparedCall); an exception out of another
//!   ends the process without the report. So does any that would leave its library on 32-bit Windows with GNU's
//!   runtime: there every image has an unwinder that knows its own frames only, and the runtime of C++ ends the
//!   process where these end, before the callback is reached.
//! * **Faults** (an access violation, `SIGSEGV`) are not touched: an exception or signal handler finds
//!   every frame, those of stubs, thunks and entries included, and may have the program go on. (On 32-bit Windows
//!   nothing but the chain of frame pointers tells where frames are; thunks and entries are in it.) Where
//!   there is none the process ends as the system ends such processes. A handler of structured exceptions
//!   further out that unwinds to itself skips the Rust frames between, as `longjmp` does; the callback
//!   would count as running for ever. Do not.
//! * **`errno`** belongs to the closure as it would to a C function: an invocation neither saves nor
//!   restores it, and nothing between native code and the closure changes it. Making and dropping
//!   callbacks leaves it alone too.
//! * **Signals and `fork`.** Invoking a callback takes no lock and allocates nothing, so a signal
//!   handler may be one (if its closure is fit for that); making and dropping takes a lock. A forked
//!   child has all callbacks of its parent; like `malloc` without special care, making one in a
//!   child that was forked while another thread was making one may wait for ever.
//! * **32-bit x86.** Nearly all arguments lie on the stack there, so that no argument more can be added: every
//!   thunk leads through a frame. Who removes the arguments is a matter of the convention: a closure for
//!   `extern "system"` is stdcall on Windows and does.
//! * **Control-flow enforcement.** On 64-bit x86, thunks, entries and stubs begin with `endbr64`, the landing
//!   instruction of indirect-branch tracking. The functions behind a thunk do not: stable rustc emits
//!   none. A process that enforces tracking, which Linux offers to no program yet, cannot use
//!   callbacks. Shadow stacks are respected: everything returns where it was called from.
//! * **Unloading.** The pool and the shims are part of the program or library that contains this
//!   crate; unloading it ends its callbacks without a report.
#![allow(unsafe_code, reason = "native code calls in here, with addresses that only a proof can trust")]

mod callback;
mod declaration;
mod dynamic;
mod for_call;
mod frame;
mod gate;
mod invocation;
mod key;
mod lock;
#[cfg(target_arch = "aarch64")]
#[path = "a64.rs"]
mod machine;
#[cfg(target_arch = "riscv64")]
#[path = "r64.rs"]
mod machine;
#[cfg(target_arch = "x86_64")]
#[path = "x64.rs"]
mod machine;
#[cfg(target_arch = "x86")]
#[path = "x86.rs"]
mod machine;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod pages;
#[cfg(windows)]
#[path = "windows.rs"]
mod pages;
#[cfg(not(any(target_os = "linux", windows)))]
#[path = "copied.rs"]
mod pages;
// Tested here too, for systems that tests do not run on.
#[cfg(all(test, target_os = "linux"))]
mod copied;
mod plan;
mod policy;
mod prototype;
mod queue;
pub(crate) mod report;
mod shim;
pub(crate) mod slot;
mod thread;
#[cfg(not(windows))]
#[path = "thread_name/proc.rs"]
mod thread_name;
#[cfg(windows)]
#[path = "thread_name/windows.rs"]
mod thread_name;
mod thunk_table;

use pinvoke_abi::plan::{Location, PlanError};
use pinvoke_abi::target::Target;

pub use callback::{Callback, Everywhere, Leaked, OwnThread};
pub use declaration::Declaration;
pub use dynamic::{DynamicCallback, DynamicDeclaration, ThreadRule, UpcallArgs};
pub use for_call::{ForCall, for_call};
pub use invocation::Declared;
pub use policy::{OnPanic, OnWrongThread};
pub use prototype::{Prototype, UserDataFirst, UserDataLast, WithUserData, WithoutUserData};
pub use queue::{Home, Queue};
pub use shim::{BareHandler, Handler, HandlerMut, QueuedHandler};
pub use thread::{resume_after, resume_or_refused};

use crate::native::CodePtr;
use slot::Slot;

/// Why there is no callback.
///
/// ```
/// use pinvoke::abi::signature::Signature;
/// use pinvoke::upcall::{CallbackError, DynamicDeclaration};
///
/// let variadic: Signature = "(ptr,...,i32)->i32".parse()?;
/// let error = DynamicDeclaration::new(&variadic, "log").unwrap_err();
/// assert!(matches!(&error, CallbackError::Variadic { callback } if callback == "log"));
///
/// let compare: Signature = "(ptr,ptr)->i32".parse()?;
/// let error = DynamicDeclaration::new(&compare, "compare")?.fallback(&[0; 8]).unwrap_err();
/// assert_eq!(error.to_string(), "callback `compare` returns 4 bytes, but its fallback value has 8");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    #[error("callback `{callback}` cannot be called: {reason}")]
    Plan {
        /// Its name.
        callback: String,
        /// Why.
        reason: PlanError,
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
///
/// ```
/// use core::ffi::c_int;
/// use pinvoke::upcall::{Declaration, lookup};
///
/// const HANDLER: Declaration<unsafe extern "C" fn(c_int)> = Declaration::new("handler");
///
/// let callback = HANDLER.owned(|_: c_int| {})?;
/// let identity = callback.identity();
/// // The same address later need not be the same callback: that is what the generation tells.
/// let code = callback.code();
/// drop(callback);
/// assert_ne!(lookup(code), Some(identity));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
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
    ///
    /// ```
    /// use core::ffi::c_int;
    /// use pinvoke::upcall::Declaration;
    ///
    /// const HANDLER: Declaration<unsafe extern "C" fn(c_int)> = Declaration::new("on signal");
    ///
    /// assert_eq!(HANDLER.owned(|_: c_int| {})?.identity().name(), "on signal");
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The address that native code has.
    ///
    /// ```
    /// use core::ffi::c_int;
    /// use pinvoke::upcall::Declaration;
    ///
    /// const HANDLER: Declaration<unsafe extern "C" fn(c_int)> = Declaration::new("handler");
    ///
    /// let callback = HANDLER.owned(|_: c_int| {})?;
    /// assert_eq!(callback.identity().code().addr(), callback.function() as usize);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> CodePtr {
        self.code
    }

    /// Counts the callbacks that had this address, from 1.
    ///
    /// ```
    /// use core::ffi::c_int;
    /// use pinvoke::upcall::Declaration;
    ///
    /// const HANDLER: Declaration<unsafe extern "C" fn(c_int)> = Declaration::new("handler");
    ///
    /// let callback = HANDLER.owned(|_: c_int| {})?;
    /// // Nobody but its own callbacks ever had the address.
    /// assert!(callback.identity().generation() >= 1);
    /// # Ok::<(), pinvoke::upcall::CallbackError>(())
    /// ```
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }
}

/// Whether this address is one of our live callbacks, and which.
///
/// Functions that are not thunks are not known here: closures that capture nothing ([`function`]),
/// and the functions of callbacks with user data, which many callbacks share.
///
/// ```
/// use core::ffi::c_int;
/// use pinvoke::native::CodePtr;
/// use pinvoke::upcall::{Declaration, lookup};
///
/// const HANDLER: Declaration<unsafe extern "C" fn(c_int)> = Declaration::new("handler");
///
/// let callback = HANDLER.owned(|_: c_int| {})?;
/// assert_eq!(lookup(callback.code()).map(|known| known.name()), Some("handler"));
/// // A function of C is not one of ours.
/// let abs = CodePtr::new(libc::abs as *const _).expect("functions are not null");
/// assert_eq!(lookup(abs), None);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
#[must_use]
pub fn lookup(code: CodePtr) -> Option<Identity> {
    thunk_table::find(code).map(Identity::of)
}

/// A closure that captures nothing as a native function: a function pointer like any other, without
/// thunk, that lives for ever and may be called on every thread.
///
/// A panic goes on where the enclosing [`resume_after`] returns, and aborts if there is none. A
/// closure with captures is refused at compile time.
///
/// ```
/// use core::ffi::{c_int, c_void};
/// use pinvoke::upcall::function;
///
/// let compare = function::<unsafe extern "C" fn(*const c_void, *const c_void) -> c_int, _>(|a: *const c_void, b: *const c_void| {
///     // SAFETY: qsort passes pointers to elements.
///     unsafe { *a.cast::<i32>() - *b.cast::<i32>() }
/// });
/// let mut numbers = [5_i32, 3, 9];
/// // SAFETY: three elements of four bytes, and a comparison of such.
/// unsafe { libc::qsort(numbers.as_mut_ptr().cast(), 3, 4, Some(compare)) };
/// assert_eq!(numbers, [3, 5, 9]);
/// ```
/// ```compile_fail
/// let offset = 3;
/// pinvoke::upcall::function::<unsafe extern "C" fn(i32) -> i32, _>(move |n: i32| -> i32 { n + offset });
/// ```
#[must_use]
pub fn function<P, F>(closure: F) -> P::Forever
where
    P: WithoutUserData,
    F: BareHandler<P> + Send + Sync + 'static,
{
    const { invocation::assert_function::<P, F>() };
    // The function conjures the closure up again; this one stays.
    core::mem::forget(closure);
    // SAFETY: `bare` is compiled for this prototype.
    unsafe { P::forever(F::bare::<invocation::Unnamed>()) }
}

/// As [`function`], with a name, a fallback value and a policy for panics: those that `D` declares.
///
/// ```
/// use core::ffi::{c_int, c_void};
/// use pinvoke::upcall::{Declaration, Declared, OnPanic, declared_function};
///
/// type Compare = unsafe extern "C" fn(*const c_void, *const c_void) -> c_int;
/// enum Order {}
/// impl Declared<Compare> for Order {
///     const DECLARATION: Declaration<Compare> = Declaration::new("order").on_panic(OnPanic::Return);
/// }
///
/// let code = declared_function::<Order, Compare, _>(|_: *const c_void, _: *const c_void| panic!("no order"));
/// // SAFETY: made for this prototype.
/// let compare = unsafe { core::mem::transmute::<_, Compare>(code) };
/// // SAFETY: the closure looks at nothing. It panics, and native code gets the fallback value.
/// assert_eq!(unsafe { compare(core::ptr::null(), core::ptr::null()) }, 0);
/// ```
#[must_use]
pub fn declared_function<D, P, F>(closure: F) -> CodePtr
where
    D: Declared<P>,
    P: WithoutUserData,
    F: BareHandler<P> + Send + Sync + 'static,
{
    const { invocation::assert_function::<P, F>() };
    core::mem::forget(closure);
    F::bare::<D>()
}
