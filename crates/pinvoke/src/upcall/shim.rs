//! The functions that native calls of typed closures reach: one *shim* per closure type.
//!
//! A shim is an `extern` function with the parameters of the prototype and one more, the slot. rustc
//! compiles it for the closure, so that nothing stands between a call and the closure's body but the
//! check that it may run and the landing pad for its panic. Its sibling, the *dispatch* function,
//! does the same for calls that come in through a frame.
//!
//! The macros at the end write the same few functions for each number of parameters and each
//! convention; everything that does not depend on these is in [`super::invocation`].

use core::ffi::c_void;
use std::sync::Arc;

use pinvoke_abi::signature::{CallConv, Signature};

use super::CallbackError;
use super::callback::{Callback, Everywhere};
use super::declaration::{Answers, Declaration};
use super::frame::FramePtr;
use super::gate::Admission;
use super::invocation::{Declared, run, run_bare};
use super::machine::{Dispatch, RESULTS_AS_THEY_ARE, ResultLoads, Returned};
use super::prototype::{
    EntryPoints, Prototype, Route, UserData, UserDataFirst, UserDataLast, route, route_with_user_data,
    signature,
};
use super::queue::Queue;
use super::slot::Slot;
use super::thunk_table;
use crate::arch::called_from_code;
use crate::native::{CodePtr, NativeType, Passing};

/// Closures that can be a callback of prototype `P` when entered one call at a time: `FnMut`.
///
/// ```
/// use pinvoke::upcall::{CallbackError, Declaration, HandlerMut};
///
/// type Each = unsafe extern "C" fn(i32) -> i32;
/// const EACH: Declaration<Each> = Declaration::new("each");
///
/// /// Wraps a C function, `count_to(3, each)`, for whatever closure fits.
/// fn count_to_three(mut closure: impl HandlerMut<Each>) -> Result<(), CallbackError> {
///     let callback = EACH.scoped(&mut closure)?;
///     let each = callback.function();
///     // SAFETY: the callback is alive.
///     (1..=3).for_each(|n| assert_eq!(unsafe { each(n) }, 0));
///     Ok(())
/// }
/// let mut seen = Vec::new();
/// count_to_three(|n: i32| {
///     seen.push(n);
///     0
/// })?;
/// assert_eq!(seen, [1, 2, 3]);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub trait HandlerMut<P: Prototype> {
    #[doc(hidden)]
    fn entry_points<A: Admission, const BOXED: bool>() -> EntryPoints;
}

/// Closures that can be a callback of prototype `P` when entered by several calls at once: `Fn`.
///
/// ```
/// use pinvoke::upcall::{CallbackError, Declaration, Handler};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
/// const UNARY: Declaration<Unary> = Declaration::new("unary");
///
/// /// Calls it on two threads, as a C library with a pool of threads might.
/// fn on_two_threads(closure: impl Handler<Unary> + Sync) -> Result<[Option<i32>; 2], CallbackError> {
///     let callback = UNARY.scoped_anywhere(&closure)?;
///     let function = callback.function();
///     Ok([1, 2].map(|n| {
///         // SAFETY: the callback is alive until the thread has ended.
///         std::thread::spawn(move || unsafe { function(n) }).join().ok()
///     }))
/// }
/// let offset = 10;
/// assert_eq!(on_two_threads(|n: i32| n + offset)?, [Some(11), Some(12)]);
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub trait Handler<P: Prototype> {
    #[doc(hidden)]
    fn entry_points<A: Admission, const BOXED: bool>() -> EntryPoints;
}

/// Closures that can be a callback of prototype `P` which runs on the thread of a queue: `FnMut`.
///
/// ```
/// use pinvoke::upcall::{Callback, CallbackError, Declaration, Everywhere, Queue, QueuedHandler};
/// use std::{cell::Cell, rc::Rc};
///
/// type Progress = unsafe extern "C" fn(i32);
/// const PROGRESS: Declaration<Progress> = Declaration::new("progress");
///
/// /// Has progress reported here, from wherever it is made.
/// fn reporting(
///     queue: &Queue,
///     closure: impl QueuedHandler<Progress>,
/// ) -> Result<Callback<'static, Progress, Everywhere>, CallbackError> {
///     PROGRESS.posted(queue, closure)
/// }
/// let queue = Queue::new();
/// let shown = Rc::new(Cell::new(0)); // not `Send`, and need not be
/// let shows = shown.clone();
/// let callback = reporting(&queue, move |percent: i32| shows.set(percent))?;
/// let progress = callback.function();
/// // SAFETY: the callback is alive until the thread has ended.
/// assert!(std::thread::spawn(move || unsafe { progress(50) }).join().is_ok());
/// assert_eq!((queue.run_pending(), shown.get()), (1, 50));
/// # Ok::<(), pinvoke::upcall::CallbackError>(())
/// ```
pub trait QueuedHandler<P: Prototype>: Sized {
    #[doc(hidden)]
    fn queued(
        self,
        declaration: &'static Declaration<P>,
        queue: &Queue,
        waits: bool,
    ) -> Result<Callback<'static, P, Everywhere>, CallbackError>;
}

/// Closures without captures that are a function of prototype `P`.
///
/// ```
/// use pinvoke::upcall::{BareHandler, function};
///
/// type Unary = unsafe extern "C" fn(i32) -> i32;
///
/// /// A row of a table that C code reads.
/// #[repr(C)]
/// struct Operation {
///     symbol: u8,
///     apply: extern "C" fn(i32) -> i32,
/// }
/// impl Operation {
///     fn new(symbol: u8, apply: impl BareHandler<Unary> + Send + Sync + 'static) -> Operation {
///         Operation { symbol, apply: function::<Unary, _>(apply) }
///     }
/// }
/// let table = [Operation::new(b'-', |n: i32| -n), Operation::new(b'~', |n: i32| !n)];
/// let applied = table.map(|row| (row.symbol, (row.apply)(7)));
/// assert_eq!(applied, [(b'-', -7), (b'~', -8)]);
/// ```
pub trait BareHandler<P: Prototype> {
    #[doc(hidden)]
    fn bare<D: Declared<P>>() -> CodePtr;
}

/// Frees what a dropped callback held, once nobody runs it any more.
///
/// # Safety
/// The callback in `slot` is dropped and not running, and this is called once for it. Its context is
/// an `F`: if `BOXED`, from `Box::into_raw`.
#[inline]
pub(super) unsafe fn finish<F, const BOXED: bool>(slot: &'static Slot) {
    if BOXED {
        // SAFETY: the caller vouches for the box.
        drop(unsafe { Box::from_raw(slot.context().cast::<F>()) });
    }
    thunk_table::release(slot);
}

/// The declared fallback value.
///
/// # Safety
/// The slot's callback was declared with this result type.
#[cold]
unsafe fn fallback<R: NativeType>(slot: &Slot) -> R {
    let declared = slot.declaration().cast::<Answers<R>>();
    // SAFETY: the slot holds the address of a static declaration, of this type as the caller says.
    unsafe { (*declared).fallback }
}

/// One argument out of a frame.
///
/// # Safety
/// As for `UpcallPlan::argument`, and the argument at `index` is a `T`.
#[inline]
unsafe fn read<T: NativeType>(slot: &Slot, index: usize, frame: FramePtr) -> T {
    // SAFETY: slots whose target is an entry have a form.
    let plan = unsafe { slot.plan() };
    // SAFETY: the caller vouches for the frame.
    match unsafe { plan.argument(index, frame) } {
        // SAFETY: the bytes of a `T`.
        Some(bytes) => unsafe { bytes.as_ptr().cast::<T>().read_unaligned() },
        None => unreachable!("the plan has every parameter of the prototype"),
    }
}

/// Puts a result into its frame.
///
/// # Safety
/// As for `UpcallPlan::gather`, and the result is an `R`.
#[inline]
unsafe fn write<R: NativeType>(slot: &Slot, frame: FramePtr, result: R) -> Returned {
    let whole = size_of::<R>() == 8 || RESULTS_AS_THEY_ARE && size_of::<R>() <= 8;
    if matches!(R::PASSING, Passing::Int | Passing::Nothing) && whole {
        // An integer result is one word, whatever the plan.
        let mut word = 0_u64;
        // SAFETY: 8 bytes take the result.
        unsafe { core::ptr::from_mut(&mut word).cast::<R>().write(result) };
        return Returned { word, loads: ResultLoads::NONE };
    }
    // SAFETY: slots whose target is an entry have a form.
    let plan = unsafe { slot.plan() };
    // SAFETY: the caller vouches for the frame.
    unsafe { plan.clear_result(frame) };
    // SAFETY: as above; the closure has returned, and nobody else knows these bytes.
    let bytes = unsafe { plan.result(frame) };
    debug_assert_eq!(bytes.len(), size_of::<R>());
    // SAFETY: as many bytes as the result type has.
    unsafe { bytes.as_mut_ptr().cast::<R>().write_unaligned(result) };
    // SAFETY: the caller vouches for the frame.
    unsafe { plan.deliver(frame) }
}

macro_rules! handlers {
    ($conv:literal, $handler:ident, $closure:ident, [$($borrow:tt)*], [$($A:ident $a:ident $i:literal)*]) => {
        const _: () = {
            /// # Safety
            /// Called through a slot whose context is an `F` and whose callback returns `R`.
            unsafe extern $conv fn last<F, C, const BOXED: bool, $($A: NativeType,)* R: NativeType>(
                $($a: $A,)*
                slot: &'static Slot,
            ) -> R
            where
                F: $closure($($A),*) -> R,
                C: Admission,
            {
                run::<C, R>(
                    slot,
                    || {
                        // SAFETY: the context is an `F` that lives while an invocation is counted;
                        // if it is borrowed mutably, `Exclusive` admits one invocation at a time.
                        let closure = unsafe { $($borrow)* *slot.context().cast::<F>() };
                        closure($($a),*)
                    },
                    // SAFETY: the callback returns R.
                    |slot| unsafe { fallback::<R>(slot) },
                    // SAFETY: `run` calls this once, after the last invocation.
                    |slot| unsafe { finish::<F, BOXED>(slot) },
                )
            }

            /// # Safety
            /// As for `last`.
            unsafe extern $conv fn first<F, C, const BOXED: bool, $($A: NativeType,)* R: NativeType>(
                slot: &'static Slot,
                $($a: $A,)*
            ) -> R
            where
                F: $closure($($A),*) -> R,
                C: Admission,
            {
                // SAFETY: the same contract.
                unsafe { last::<F, C, BOXED, $($A,)* R>($($a,)* slot) }
            }

            called_from_code! {
                /// # Safety
                /// As for `last`, with the frame of a call of the prototype, whose first arguments, as many as
                /// `SKIPPED`, are no arguments of the closure.
                unsafe fn dispatch<F, C, const BOXED: bool, const SKIPPED: usize, $($A: NativeType,)* R: NativeType>(
                    slot: &'static Slot,
                    frame: FramePtr,
                ) -> Returned
                where
                    F: $closure($($A),*) -> R,
                    C: Admission,
                {
                    // SAFETY: slots whose target is an entry have a form.
                    let plan = unsafe { slot.plan() };
                    // SAFETY: the frame is that of a call in progress.
                    unsafe { plan.gather(frame) };
                    $(
                        // SAFETY: the plan is that of the prototype, whose parameter this is.
                        let $a = unsafe { read::<$A>(slot, SKIPPED + $i, frame) };
                    )*
                    // SAFETY: the same contract.
                    let result = unsafe { last::<F, C, BOXED, $($A,)* R>($($a,)* slot) };
                    // SAFETY: the plan is that of the prototype.
                    unsafe { write::<R>(slot, frame, result) }
                }
            }

            impl<F, $($A: NativeType,)* R: NativeType> $handler<unsafe extern $conv fn($($A),*) -> R> for F
            where
                F: $closure($($A),*) -> R,
            {
                fn entry_points<C: Admission, const BOXED: bool>() -> EntryPoints {
                    EntryPoints {
                        shim: last::<F, C, BOXED, $($A,)* R> as *const (),
                        dispatch: Some(dispatch::<F, C, BOXED, 0, $($A,)* R>),
                    }
                }
            }

            impl<F, $($A: NativeType,)* R: NativeType>
                $handler<UserDataLast<unsafe extern $conv fn($($A,)* UserData) -> R>> for F
            where
                F: $closure($($A),*) -> R,
            {
                fn entry_points<C: Admission, const BOXED: bool>() -> EntryPoints {
                    let shim = last::<F, C, BOXED, $($A,)* R> as *const ();
                    let dispatch: Option<Dispatch> = if const { R::RETURNED_BY_PLAN $(|| $A::PASSED_BY_PLAN)* } {
                        Some(dispatch::<F, C, BOXED, 0, $($A,)* R>)
                    } else {
                        None
                    };
                    EntryPoints { shim, dispatch }
                }
            }

            impl<F, $($A: NativeType,)* R: NativeType>
                $handler<UserDataFirst<unsafe extern $conv fn(UserData, $($A),*) -> R>> for F
            where
                F: $closure($($A),*) -> R,
            {
                fn entry_points<C: Admission, const BOXED: bool>() -> EntryPoints {
                    let shim = first::<F, C, BOXED, $($A,)* R> as *const ();
                    let dispatch: Option<Dispatch> = if const { R::RETURNED_BY_PLAN $(|| $A::PASSED_BY_PLAN)* } {
                        Some(dispatch::<F, C, BOXED, 1, $($A,)* R>)
                    } else {
                        None
                    };
                    EntryPoints { shim, dispatch }
                }
            }
        };
    };
}

macro_rules! prototype {
    ($conv:literal, $callconv:ident, [$($A:ident $a:ident $i:literal)*]) => {
        // SAFETY: signature and route are computed from the types of the function pointer.
        unsafe impl<$($A: NativeType,)* R: NativeType> Prototype for unsafe extern $conv fn($($A),*) -> R {
            type Ret = R;
            type Function = Self;
            type Forever = extern $conv fn($($A),*) -> R;
            const BY_RUST: bool = !(R::RETURNED_BY_PLAN $(|| $A::PASSED_BY_PLAN)*);
            const ROUTE: Route = route(CallConv::$callconv, Self::BY_RUST, R::PASSING, &[$($A::PASSING),*]);

            fn signature() -> Signature {
                signature(CallConv::$callconv, vec![$($A::layout()),*], R::layout())
            }

            unsafe fn function(code: CodePtr) -> Self {
                // SAFETY: the caller vouches for the code; both are one address.
                unsafe { core::mem::transmute::<*const c_void, Self>(code.as_ptr()) }
            }

            unsafe fn forever(code: CodePtr) -> Self::Forever {
                // SAFETY: the caller vouches for the code; both are one address.
                unsafe { core::mem::transmute::<*const c_void, Self::Forever>(code.as_ptr()) }
            }
        }

        prototype!(@user_data UserDataLast, $conv, $callconv, ($($A,)* UserData), [$($A)*]);
        prototype!(@user_data UserDataFirst, $conv, $callconv, (UserData $(, $A)*), [$($A)*]);

        handlers!($conv, HandlerMut, FnMut, [&mut], [$($A $a $i)*]);
        handlers!($conv, Handler, Fn, [&], [$($A $a $i)*]);

        prototype!(@queued unsafe extern $conv fn($($A),*) -> R, [$($A $a)*]);
        prototype!(@queued UserDataLast<unsafe extern $conv fn($($A,)* UserData) -> R>, [$($A $a)*]);
        prototype!(@queued UserDataFirst<unsafe extern $conv fn(UserData $(, $A)*) -> R>, [$($A $a)*]);

        const _: () = {
            extern $conv fn bare<F, D, $($A: NativeType,)* R: NativeType>($($a: $A),*) -> R
            where
                F: Fn($($A),*) -> R,
                D: Declared<unsafe extern $conv fn($($A),*) -> R>,
            {
                run_bare::<F, D, _>(|closure| closure($($a),*))
            }

            impl<F, $($A: NativeType,)* R: NativeType> BareHandler<unsafe extern $conv fn($($A),*) -> R> for F
            where
                F: Fn($($A),*) -> R,
            {
                fn bare<D: Declared<unsafe extern $conv fn($($A),*) -> R>>() -> CodePtr {
                    CodePtr::of_function(bare::<F, D, $($A,)* R> as *const c_void)
                }
            }
        };
    };
    (@queued $prototype:ty, [$($A:ident $a:ident)*]) => {
        impl<F, $($A: NativeType + 'static,)* R: NativeType + 'static> QueuedHandler<$prototype> for F
        where
            F: FnMut($($A),*) -> R + 'static,
        {
            fn queued(
                self,
                declaration: &'static Declaration<$prototype>,
                queue: &Queue,
                waits: bool,
            ) -> Result<Callback<'static, $prototype, Everywhere>, CallbackError> {
                let home = Arc::new(queue.home(self));
                declaration.owned_anywhere(move |$($a: $A),*| -> R {
                    if waits {
                        let result = home.run(move |closure: &mut F| closure($($a),*));
                        result.unwrap_or(declaration.fallback())
                    } else {
                        home.post_native(move |closure: &mut F| {
                            closure($($a),*);
                        });
                        declaration.fallback()
                    }
                })
            }
        }
    };
    (@user_data $marker:ident, $conv:literal, $callconv:ident, ($($P:ty),*), [$($A:ident)*]) => {
        // SAFETY: signature and route are computed from the types of the function pointer.
        unsafe impl<$($A: NativeType,)* R: NativeType> Prototype
            for $marker<unsafe extern $conv fn($($P),*) -> R>
        {
            type Ret = R;
            type Function = unsafe extern $conv fn($($P),*) -> R;
            type Forever = Self::Function;
            const BY_RUST: bool = !(R::RETURNED_BY_PLAN $(|| $A::PASSED_BY_PLAN)*);
            const ROUTE: Route = route_with_user_data(Self::BY_RUST);

            fn signature() -> Signature {
                signature(CallConv::$callconv, vec![$(<$P>::layout()),*], R::layout())
            }

            unsafe fn function(code: CodePtr) -> Self::Function {
                // SAFETY: the caller vouches for the code; both are one address.
                unsafe { core::mem::transmute::<*const c_void, Self::Function>(code.as_ptr()) }
            }

            unsafe fn forever(code: CodePtr) -> Self::Forever {
                // SAFETY: the caller vouches for the code.
                unsafe { Self::function(code) }
            }
        }
    };
}

macro_rules! prototypes {
    ($($A:ident $a:ident $i:literal)*) => {
        prototype!("C", C, [$($A $a $i)*]);
        prototype!("system", System, [$($A $a $i)*]);
        #[cfg(target_arch = "x86_64")]
        prototype!("sysv64", SysV64, [$($A $a $i)*]);
        #[cfg(target_arch = "x86_64")]
        prototype!("win64", Win64, [$($A $a $i)*]);
        #[cfg(target_arch = "x86")]
        prototype!("stdcall", Stdcall, [$($A $a $i)*]);
        #[cfg(target_arch = "x86")]
        prototype!("fastcall", Fastcall, [$($A $a $i)*]);
        #[cfg(target_arch = "x86")]
        prototype!("thiscall", Thiscall, [$($A $a $i)*]);
    };
}

prototypes!();
prototypes!(A0 a0 0);
prototypes!(A0 a0 0 A1 a1 1);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3 A4 a4 4);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3 A4 a4 4 A5 a5 5);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3 A4 a4 4 A5 a5 5 A6 a6 6);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3 A4 a4 4 A5 a5 5 A6 a6 6 A7 a7 7);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3 A4 a4 4 A5 a5 5 A6 a6 6 A7 a7 7 A8 a8 8);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3 A4 a4 4 A5 a5 5 A6 a6 6 A7 a7 7 A8 a8 8 A9 a9 9);
prototypes!(A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3 A4 a4 4 A5 a5 5 A6 a6 6 A7 a7 7 A8 a8 8 A9 a9 9 A10 a10 10);
prototypes!(
    A0 a0 0 A1 a1 1 A2 a2 2 A3 a3 3 A4 a4 4 A5 a5 5 A6 a6 6 A7 a7 7 A8 a8 8 A9 a9 9 A10 a10 10 A11 a11 11
);
