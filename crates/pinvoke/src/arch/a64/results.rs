//! Fetching a result from the registers that a call leaves it in.
//!
//! Stubs and invoke thunks load arguments and go to the target; what comes back is not theirs to touch
//! (see [`pinvoke_abi::stub::a64::Delivery`]). Here such code is called as a function whose type returns in
//! exactly those registers, and rustc stores the value. The widths of scalar types have an arm each:
//! they are what nearly all functions return, and each is one call and one store.

use core::ffi::c_void;
use core::{mem, ptr};

use pinvoke_abi::stub::a64::Delivery;

/// Code that performs calls of one shape: a stub, or an invoke thunk.
///
/// It is a C function of three pointers. The first is what it works from, the target or the
/// frame; then come the argument record and the result buffer, which thunks ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallCode(*const c_void);

// SAFETY: the address of code that is never changed nor unmapped.
unsafe impl Send for CallCode {}
// SAFETY: as for Send.
unsafe impl Sync for CallCode {}

/// How the result gets from its registers to the result buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Results {
    /// Not by us: there is none, or the called code stores it.
    Untouched,
    U8,
    U16,
    U32,
    U64,
    /// Two whole words.
    Words,
    F32,
    F32s2,
    F32s3,
    F32s4,
    F64,
    F64s2,
    F64s3,
    F64s4,
    /// So many bytes of two words.
    Bytes(u8),
}

/// Two words as a function returns them.
#[derive(Clone, Copy)]
#[repr(C)]
struct Pair(u64, u64);

/// Numbers as a function returns them: each in a register of its own.
#[derive(Clone, Copy)]
#[repr(C)]
struct Row<T, const N: usize>([T; N]);

impl Results {
    pub(crate) fn of(delivery: Delivery) -> Results {
        match delivery {
            Delivery::Complete | Delivery::Stored => Results::Untouched,
            Delivery::Int(1) => Results::U8,
            Delivery::Int(2) => Results::U16,
            Delivery::Int(4) => Results::U32,
            Delivery::Int(8) => Results::U64,
            Delivery::Int(width) => Results::Bytes(width),
            Delivery::Ints(8) => Results::Words,
            Delivery::Ints(width) => Results::Bytes(8 + width),
            Delivery::Floats(1) => Results::F32,
            Delivery::Floats(2) => Results::F32s2,
            Delivery::Floats(3) => Results::F32s3,
            Delivery::Floats(_) => Results::F32s4,
            Delivery::Doubles(1) => Results::F64,
            Delivery::Doubles(2) => Results::F64s2,
            Delivery::Doubles(3) => Results::F64s3,
            Delivery::Doubles(_) => Results::F64s4,
        }
    }
}

impl CallCode {
    /// # Safety
    /// Code of this kind begins there, and stays.
    pub(crate) unsafe fn new(start: *const c_void) -> CallCode {
        CallCode(start)
    }

    /// Performs the call and stores its result at `ret`.
    ///
    /// # Safety
    /// - `first`, `record` and `ret` are what this code wants for its call;
    /// - `results` is derived from the plan that the code was made for;
    /// - `ret` is valid for writes of the result, and aligned to 8 bytes if there is one.
    #[inline(always)]
    pub(crate) unsafe fn call(self, results: Results, first: *const c_void, record: *mut u8, ret: *mut u8) {
        macro_rules! store {
            ($type:ty) => {{
                // SAFETY: the caller's promise; the plan says that the value is in the registers in
                // which a function with this result has it.
                let value: $type = unsafe { self.returning(first, record, ret) };
                // SAFETY: the result has this size, and the buffer has room for it.
                unsafe { ret.cast::<$type>().write(value) };
            }};
        }
        match results {
            // SAFETY: the caller's promise.
            Results::Untouched => unsafe { self.returning::<()>(first, record, ret) },
            Results::U8 => store!(u8),
            Results::U16 => store!(u16),
            Results::U32 => store!(u32),
            Results::U64 => store!(u64),
            Results::Words => store!(Pair),
            Results::F32 => store!(f32),
            Results::F32s2 => store!(Row<f32, 2>),
            Results::F32s3 => store!(Row<f32, 3>),
            Results::F32s4 => store!(Row<f32, 4>),
            Results::F64 => store!(f64),
            Results::F64s2 => store!(Row<f64, 2>),
            Results::F64s3 => store!(Row<f64, 3>),
            Results::F64s4 => store!(Row<f64, 4>),
            // SAFETY: the caller's promise.
            Results::Bytes(width) => unsafe { self.store_bytes(width, first, record, ret) },
        }
    }

    /// Calls the code as a function with result `R`.
    ///
    /// # Safety
    /// As for [`call`](CallCode::call); and the target of the call leaves an `R` where such a function
    /// returns it.
    #[inline(always)]
    unsafe fn returning<R>(self, first: *const c_void, record: *mut u8, ret: *mut u8) -> R {
        type Code<R> = unsafe extern "C-unwind" fn(*const c_void, *mut u8, *mut u8) -> R;
        // SAFETY: code of this kind is a function of this type, for the results that the target has.
        let code = unsafe { mem::transmute::<*const c_void, Code<R>>(self.0) };
        // SAFETY: the caller's promise.
        unsafe { code(first, record, ret) }
    }

    /// Results that are not as wide as a scalar type: of 3, 5, 6, 7 and 9 to 15 bytes.
    ///
    /// # Safety
    /// As for [`call`](CallCode::call), with [`Results::Bytes`].
    #[inline(never)]
    unsafe fn store_bytes(self, width: u8, first: *const c_void, record: *mut u8, ret: *mut u8) {
        // SAFETY: the caller's promise; a register that carries nothing of the result holds some number or other.
        let words: Pair = unsafe { self.returning(first, record, ret) };
        // SAFETY: a width is at most 16, and the result has so many bytes.
        unsafe { ptr::copy_nonoverlapping((&raw const words).cast(), ret, usize::from(width)) };
    }
}
