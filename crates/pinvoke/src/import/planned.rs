//! Calls whose result or arguments rustc cannot name the place of: made by a plan, as those of a run-time signature.
//!
//! A declared import is a call of rustc's wherever that is possible, and costs nothing then: the question
//! is answered at compile time, by [`NativeType::RETURNED_BY_PLAN`] and [`NativeType::PASSED_BY_PLAN`].

use std::error::Error as _;
use std::sync::OnceLock;

use pinvoke_abi::layout::Layout;
use pinvoke_abi::signature::Signature;
use pinvoke_abi::target::{Arch, Target};

use crate::call::PreparedCall;
use crate::native::{CodePtr, NativeType};

/// Whether there are plans for vectors: not on 32-bit x86.
const VECTORS_ARE_PLANNED: bool = !matches!(Target::HOST.arch, Arch::X86);

/// Native arguments, as nested pairs: `(first, (second, ()))`.
pub trait Arguments: Copy {
    /// Whether rustc passes one of them otherwise than C.
    const PASSED_BY_PLAN: bool;
    /// Whether one of them is or holds a vector.
    const HAS_VECTORS: bool;
    /// Appends the layout of each.
    fn layouts(layouts: &mut Vec<Layout>);
    /// Writes each, the first as argument number `index`.
    ///
    /// # Safety
    /// `record` is one of `call`, whose arguments these are.
    unsafe fn store(self, call: &PreparedCall, index: usize, record: *mut u8);
}

/// Whether rustc passes one of these arguments otherwise than C.
///
/// ```
/// use pinvoke::import::planned::passed_by_plan;
///
/// assert!(!passed_by_plan(&(1_i32, (0.5_f64, ()))));
/// ```
#[inline(always)]
#[must_use]
pub const fn passed_by_plan<A: Arguments>(_: &A) -> bool {
    A::PASSED_BY_PLAN
}

impl Arguments for () {
    const PASSED_BY_PLAN: bool = false;
    const HAS_VECTORS: bool = false;
    fn layouts(_: &mut Vec<Layout>) {}
    unsafe fn store(self, _: &PreparedCall, _: usize, _: *mut u8) {}
}

impl<T: NativeType, R: Arguments> Arguments for (T, R) {
    const PASSED_BY_PLAN: bool = T::PASSED_BY_PLAN || R::PASSED_BY_PLAN;
    const HAS_VECTORS: bool = T::HAS_VECTORS || R::HAS_VECTORS;
    fn layouts(layouts: &mut Vec<Layout>) {
        layouts.push(T::layout());
        R::layouts(layouts);
    }

    unsafe fn store(self, call: &PreparedCall, index: usize, record: *mut u8) {
        // SAFETY: inside the record, by the caller's promise.
        let place = unsafe { record.add(call.arg_offset(index)) };
        // SAFETY: as above.
        unsafe { place.cast::<T>().write_unaligned(self.0) };
        // SAFETY: the caller's promise.
        unsafe { self.1.store(call, index + 1, record) };
    }
}

/// The plan of one declared function, made when it is first called.
#[derive(Debug, Default)]
pub struct Planned(OnceLock<PreparedCall>);

impl Planned {
    /// No plan yet.
    ///
    /// ```
    /// use pinvoke::import::planned::Planned;
    ///
    /// // Beside the function that it is the plan of; nothing is planned before the first call.
    /// static PLAN: Planned = Planned::new();
    /// assert!(format!("{PLAN:?}").contains("uninit"));
    /// ```
    #[must_use]
    pub const fn new() -> Planned {
        Planned(OnceLock::new())
    }

    /// Calls.
    ///
    /// ```
    /// use pinvoke::import::planned::Planned;
    /// use pinvoke::native::CodePtr;
    ///
    /// extern "C" fn add(a: i32, b: f64) -> f64 {
    ///     f64::from(a) + b
    /// }
    ///
    /// static PLAN: Planned = Planned::new();
    /// let add = CodePtr::new(add as *const _).expect("functions are not null");
    /// // SAFETY: `add` has these parameters and this result.
    /// let sum: f64 = unsafe { PLAN.call(add, (2_i32, (0.5_f64, ()))) };
    /// assert_eq!(sum, 2.5);
    /// ```
    ///
    /// # Panics
    /// If no plan can be made for the signature.
    ///
    /// # Safety
    /// A function of C with these parameters and this result stands there, and takes these values.
    pub unsafe fn call<R: NativeType, A: Arguments>(&self, code: CodePtr, arguments: A) -> R {
        // Compiled for every import, also for those that rustc calls.
        const {
            assert!(
                !(R::RETURNED_BY_PLAN || A::PASSED_BY_PLAN)
                    || !(R::HAS_VECTORS || A::HAS_VECTORS)
                    || VECTORS_ARE_PLANNED,
                "on 32-bit x86 a declared import cannot take or return a structure of vectors by value, as compilers do \
                 not agree on its place there; one behind a pointer (`&T`, `Out<T>`) can be passed"
            );
        }
        let call = self.0.get_or_init(|| {
            let mut params = Vec::new();
            A::layouts(&mut params);
            match PreparedCall::new(&Signature::new(Target::HOST, params, R::layout())) {
                Ok(call) => call,
                Err(error) => match error.source() {
                    Some(reason) => panic!("{error}: {reason}"),
                    None => panic!("{error}"),
                },
            }
        });
        // Words of 16 bytes are as aligned as any scalar is, and no larger alignment is promised.
        let fits = call.record_align() <= align_of::<u128>() && call.ret_align() <= align_of::<u128>();
        assert!(fits, "over-aligned structures are no arguments of a function that returns this type");
        let mut record = vec![0u128; call.record_size().div_ceil(16)];
        let mut result = vec![0u128; call.ret_size().max(size_of::<R>()).div_ceil(16)];
        // SAFETY: as large and as aligned as the call says.
        unsafe { arguments.store(call, 0, record.as_mut_ptr().cast()) };
        // SAFETY: the caller's promise; no panic passes a native frame.
        unsafe { call.invoke(code, record.as_mut_ptr().cast(), result.as_mut_ptr().cast()) };
        // SAFETY: the function returned it there.
        unsafe { result.as_ptr().cast::<R>().read() }
    }
}
