//! Fetching a result from the registers that a call leaves it in.
//!
//! Stubs and invoke thunks load arguments and go to the target; what comes back is not theirs to touch
//! (see [`pinvoke_abi::stub::x64::Delivery`]). Here such code is called as a function whose type returns in
//! exactly those registers, and rustc stores the value. The widths of scalar types have an arm each:
//! they are what nearly all functions return, and each is one call and one store.

use core::ffi::c_void;
use core::{mem, ptr};

use pinvoke_abi::stub::x64::{Delivery, Word};

/// Code that performs calls of one shape: a stub, or an invoke thunk.
///
/// It is a System V function of three pointers. The first is what it works from, the target or the
/// frame; then come the argument record and the result buffer, which thunks ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallCode(*const c_void);

// SAFETY: the address of code that is never changed nor unmapped.
unsafe impl Send for CallCode {}
// SAFETY: as for Send.
unsafe impl Sync for CallCode {}

/// How the result gets from its registers to the result buffer.
///
/// The tag has a byte of its own, so that one table leads to the arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Results {
    /// Not by us: there is none, or the called code stores it.
    Untouched,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    /// Two whole words, in these banks.
    Ints,
    Vectors,
    IntVector,
    VectorInt,
    /// Words of so many bytes.
    Bytes(Banks, [u8; 2]),
}

/// The registers of two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Banks {
    /// `rax`, `rdx`
    Ints,
    /// `xmm0`, `xmm1`
    Vectors,
    /// `rax`, `xmm0`
    IntVector,
    /// `xmm0`, `rax`
    VectorInt,
}

/// Two words as a function returns them: each in the next register of its bank.
#[derive(Clone, Copy)]
#[repr(C)]
struct Pair<A, B>(A, B);

impl Results {
    pub(crate) fn of(delivery: Delivery) -> Results {
        use Word::{Int, Vector};
        let (first, second) = match delivery {
            Delivery::Complete | Delivery::Stored => return Results::Untouched,
            Delivery::Registers(first, second) => (first, second),
        };
        match (first, second) {
            (Int(1), None) => Results::U8,
            (Int(2), None) => Results::U16,
            (Int(4), None) => Results::U32,
            (Int(8), None) => Results::U64,
            (Vector(4), None) => Results::F32,
            (Vector(8), None) => Results::F64,
            (Int(8), Some(Int(8))) => Results::Ints,
            (Vector(8), Some(Vector(8))) => Results::Vectors,
            (Int(8), Some(Vector(8))) => Results::IntVector,
            (Vector(8), Some(Int(8))) => Results::VectorInt,
            (Int(a), None) => Results::Bytes(Banks::Ints, [a, 0]),
            (Vector(a), None) => Results::Bytes(Banks::Vectors, [a, 0]),
            (Int(a), Some(Int(b))) => Results::Bytes(Banks::Ints, [a, b]),
            (Vector(a), Some(Vector(b))) => Results::Bytes(Banks::Vectors, [a, b]),
            (Int(a), Some(Vector(b))) => Results::Bytes(Banks::IntVector, [a, b]),
            (Vector(a), Some(Int(b))) => Results::Bytes(Banks::VectorInt, [a, b]),
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
            Results::F32 => store!(f32),
            Results::F64 => store!(f64),
            Results::Ints => store!(Pair<u64, u64>),
            Results::Vectors => store!(Pair<f64, f64>),
            Results::IntVector => store!(Pair<u64, f64>),
            Results::VectorInt => store!(Pair<f64, u64>),
            Results::Bytes(banks, widths) => {
                // SAFETY: the caller's promise.
                unsafe { self.store_bytes(banks, widths, first, record, ret) };
            }
        }
    }

    /// Calls the code as a function with result `R`.
    ///
    /// # Safety
    /// As for [`call`](CallCode::call); and the target of the call leaves an `R` where such a function
    /// returns it.
    #[inline(always)]
    unsafe fn returning<R>(self, first: *const c_void, record: *mut u8, ret: *mut u8) -> R {
        type Code<R> = unsafe extern "sysv64-unwind" fn(*const c_void, *mut u8, *mut u8) -> R;
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
    unsafe fn store_bytes(
        self,
        banks: Banks,
        widths: [u8; 2],
        first: *const c_void,
        record: *mut u8,
        ret: *mut u8,
    ) {
        // A register that carries nothing of the result holds some number or other.
        let words = match banks {
            Banks::Ints => {
                // SAFETY: the caller's promise.
                let Pair(a, b) = unsafe { self.returning::<Pair<u64, u64>>(first, record, ret) };
                [a, b]
            }
            Banks::Vectors => {
                // SAFETY: the caller's promise.
                let Pair(a, b) = unsafe { self.returning::<Pair<f64, f64>>(first, record, ret) };
                [a.to_bits(), b.to_bits()]
            }
            Banks::IntVector => {
                // SAFETY: the caller's promise.
                let Pair(a, b) = unsafe { self.returning::<Pair<u64, f64>>(first, record, ret) };
                [a, b.to_bits()]
            }
            Banks::VectorInt => {
                // SAFETY: the caller's promise.
                let Pair(a, b) = unsafe { self.returning::<Pair<f64, u64>>(first, record, ret) };
                [a.to_bits(), b]
            }
        };
        let widths = widths.map(usize::from);
        let from = words.as_ptr().cast::<u8>();
        // SAFETY: a width is at most 8, and the result has so many bytes at its start.
        unsafe { ptr::copy_nonoverlapping(from, ret, widths[0]) };
        if widths[1] > 0 {
            // SAFETY: the second of two words.
            let from = unsafe { from.add(8) };
            // SAFETY: the second word of the result is at offset 8.
            let to = unsafe { ret.add(8) };
            // SAFETY: a width is at most 8, and the result has so many bytes there.
            unsafe { ptr::copy_nonoverlapping(from, to, widths[1]) };
        }
    }
}
