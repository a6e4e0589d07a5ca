//! Values whose origin the compiler cannot see, at no cost.
//!
//! `std::hint::black_box` sends a value through memory. Twelve arguments would cost twelve stores and
//! loads more for every contender, longer than the call itself, and the ratios would say little. Here a
//! value stays in its register.

use std::arch::asm;
use std::ffi::c_void;

use crate::native::{Block, Bytes, Point};

/// Hides where a value comes from.
pub(crate) trait Hidden: Sized {
    /// The same value, of which the compiler knows nothing.
    fn hidden(self) -> Self;
}

macro_rules! hidden {
    ($class:ident, $modifier:literal: $($type:ty)*) => {
        $(impl Hidden for $type {
            #[inline(always)]
            fn hidden(mut self) -> $type {
                // SAFETY: no instruction at all.
                unsafe { asm!(concat!("/* {0", $modifier, "} */"), inout($class) self, options(nomem, nostack, preserves_flags)) };
                self
            }
        })*
    };
}

hidden!(reg, ":r": i64 usize);
hidden!(reg, ":e": i32);
hidden!(reg, ":x": i16);
hidden!(reg_byte, "": u8);
hidden!(xmm_reg, "": f32 f64);

impl Hidden for *mut c_void {
    #[inline(always)]
    fn hidden(self) -> *mut c_void {
        std::ptr::with_exposed_provenance_mut(self.expose_provenance().hidden())
    }
}

impl Hidden for Point {
    #[inline(always)]
    fn hidden(self) -> Point {
        Point { x: self.x.hidden(), y: self.y.hidden() }
    }
}

impl Hidden for Block {
    #[inline(always)]
    fn hidden(self) -> Block {
        Block { a: self.a.hidden(), b: self.b.hidden(), c: self.c.hidden() }
    }
}

impl Hidden for Bytes {
    /// Lives in memory anyway.
    #[inline(always)]
    fn hidden(self) -> Bytes {
        std::hint::black_box(self)
    }
}
