//! Vectors, in declared imports and callbacks: the types of `core::arch`.
//!
//! rustc passes them as C passes its own: on System V x86-64 one of 128 bits in a vector register, on Windows as a
//! pointer to it; on AArch64 one of 64 or 128 bits in a vector register. Those of x86 that are wider, rustc passes only
//! if the whole program may use the registers.
//!
//! Structures of vectors it passes as C does on x86-64 only; elsewhere a plan does
//! ([`NativeType::PASSED_BY_PLAN`](crate::native::NativeType::PASSED_BY_PLAN)). On 32-bit x86 there is none, as compilers
//! pass them there by the instruction set that they may use: a call that takes or returns one is refused when it is
//! compiled. Behind a pointer they are memory like any other.
//!
//! ```compile_fail,ignore-x86_64,ignore-aarch64,ignore-riscv64,E0080
//! use core::arch::x86::__m128;
//!
//! use pinvoke::dll_import;
//! use pinvoke::marshal::Marshal;
//!
//! #[repr(C)]
//! #[derive(Clone, Copy, Marshal)]
//! struct Ray {
//!     from: __m128,
//!     to: __m128,
//! }
//!
//! #[dll_import("librays")]
//! unsafe extern "C" {
//!     fn trace(ray: Ray) -> i32; // `ray: &Ray` compiles
//! }
//! let ray: Ray = unsafe { core::mem::zeroed() };
//! unsafe { trace(ray) };
//! ```

#[cfg(target_arch = "aarch64")]
mod a64;
#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
mod x86;

#[cfg(target_arch = "x86")]
use core::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

use pinvoke_abi::layout::Layout;
use pinvoke_abi::target::Target;

/// The layout of a vector of `size` bytes.
fn layout(element: Layout, size: usize) -> Layout {
    let count = size as u64 / element.size;
    Layout::vector(Target::HOST, element, count).expect("core::arch has vectors that C has")
}

fn int(size: u64, signed: bool) -> Layout {
    Layout::int(Target::HOST, size, signed)
}

fn float(size: u64) -> Layout {
    Layout::float(Target::HOST, size)
}

/// Declares types of `core::arch` as vectors of an element.
macro_rules! vectors {
    ($($element:expr => $($type:ident)*;)*) => { $( $(
        // SAFETY: rustc passes the vector types of core::arch as C passes its own.
        unsafe impl $crate::native::NativeType for $type {
            const PASSING: $crate::native::Passing = $crate::native::Passing::ByPlan;
            const ZEROABLE: bool = true;
            const HAS_VECTORS: bool = true;
            fn layout() -> pinvoke_abi::layout::Layout {
                super::layout($element, size_of::<$type>())
            }
        }

        $crate::native_value!($type);
    )* )* };
}
use vectors;
