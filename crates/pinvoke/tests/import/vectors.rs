//! Vectors by value, in structures and in callbacks: the types of `core::arch`.
#![cfg(any(target_arch = "x86_64", all(target_arch = "x86", not(windows)), target_arch = "aarch64"))]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a test, whose calls are of one kind")]

use std::sync::LazyLock;

use pinvoke::dll_import;
#[cfg(not(target_arch = "x86"))]
use pinvoke::marshal::Marshal;

use crate::compiled;

#[cfg(target_arch = "aarch64")]
use core::arch::aarch64::{float32x4_t as F4, float64x2_t as D2, int32x4_t as I4};
#[cfg(target_arch = "x86")]
use core::arch::x86::{__m128 as F4, __m128d as D2, __m128i as I4};
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::{__m128 as F4, __m128d as D2, __m128i as I4};

/// On 32-bit x86 imports that take structures of vectors are not compiled.
#[cfg(not(target_arch = "x86"))]
#[repr(C)]
#[derive(Clone, Copy, Marshal)]
struct Pair {
    first: F4,
    second: F4,
}

#[cfg(not(target_arch = "x86"))]
#[repr(C)]
#[derive(Clone, Copy, Marshal)]
struct Quad {
    rows: [F4; 4],
}

#[dll_import("vectors", search = [directory!()])]
unsafe extern "C" {
    safe fn vector_reverse(v: F4) -> F4;
    safe fn vector_add(before: i32, a: I4, d: f64, b: I4) -> I4;
    safe fn vector_sum(v: &[D2], n: i32) -> D2;
    safe fn vector_ninth(a: F4, b: F4, c: F4, d: F4, e: F4, f: F4, g: F4, h: F4, i: F4) -> F4;
    #[cfg(not(target_arch = "x86"))]
    safe fn vector_swapped(before: f64, p: Pair) -> Pair;
    #[cfg(not(target_arch = "x86"))]
    safe fn vector_scaled(q: Quad, by: f32) -> Quad;
}

fn library() {
    static COMPILED: LazyLock<()> = LazyLock::new(|| compiled::compile("vectors"));
    LazyLock::force(&COMPILED);
}

fn floats(v: F4) -> [f32; 4] {
    unsafe { core::mem::transmute(v) }
}

fn float(v: [f32; 4]) -> F4 {
    unsafe { core::mem::transmute(v) }
}

fn int(v: [i32; 4]) -> I4 {
    unsafe { core::mem::transmute(v) }
}

#[test]
fn vectors() {
    library();
    let v = float([1.0, 2.0, 3.0, 4.0]);
    assert_eq!(floats(vector_reverse(v)), [4.0, 3.0, 2.0, 1.0]);
    let sum = vector_add(100, int([1, 2, 3, 4]), 1000.0, int([10, 20, 30, 40]));
    assert_eq!(unsafe { core::mem::transmute::<I4, [i32; 4]>(sum) }, [1111, 1122, 1133, 1144]);
    let pair = |v: [f64; 2]| -> D2 { unsafe { core::mem::transmute(v) } };
    let sum = vector_sum(&[pair([1.0, 2.0]), pair([0.5, 0.25])], 2);
    assert_eq!(unsafe { core::mem::transmute::<D2, [f64; 2]>(sum) }, [1.5, 2.25]);
    assert_eq!(floats(vector_ninth(v, v, v, v, v, v, v, v, float([0.5; 4]))), [7.5, 15.5, 23.5, 31.5]);
}

/// On 32-bit x86 compilers do not agree on how they travel.
#[cfg(not(target_arch = "x86"))]
#[test]
fn vectors_in_structures() {
    library();
    let (first, second) = (float([1.0, 2.0, 3.0, 4.0]), float([5.0, 6.0, 7.0, 8.0]));
    let swapped = vector_swapped(0.5, Pair { first, second });
    assert_eq!(floats(swapped.first), [5.5, 6.5, 7.5, 8.5]);
    assert_eq!(floats(swapped.second), [1.0, 2.0, 3.0, 4.0]);
    let scaled = vector_scaled(Quad { rows: [first, second, first, second] }, 2.0);
    assert_eq!(scaled.rows.map(floats)[1..3], [[10.0, 12.0, 14.0, 16.0], [2.0, 4.0, 6.0, 8.0]]);
}

#[cfg(not(target_arch = "x86"))]
mod callbacks {
    use super::*;

    #[dll_import("vectors", search = [directory!()])]
    unsafe extern "C" {
        safe fn vector_call(f: impl FnMut(F4, i32, I4) -> F4, v: F4, w: I4) -> F4;
        safe fn vector_call_pair(f: impl FnMut(Pair) -> Pair, p: Pair) -> Pair;
    }

    #[test]
    fn vectors_in_callbacks() {
        library();
        let mut calls = Vec::new();
        let result = vector_call(
            |v, n, w| {
                calls.push((floats(v), n, unsafe { core::mem::transmute::<I4, [i32; 4]>(w) }));
                float([10.0, 20.0, 30.0, 40.0])
            },
            float([0.5, 1.5, 2.5, 3.5]),
            int([1, -2, 3, -4]),
        );
        assert_eq!(floats(result), [20.0, 40.0, 60.0, 80.0]);
        assert_eq!(calls, [([1.5, 2.5, 3.5, 4.5], 7, [2, -4, 6, -8])]);
        let (first, second) = (float([1.0; 4]), float([2.0; 4]));
        let turned =
            vector_call_pair(|pair| Pair { first: pair.second, second: pair.first }, Pair { first, second });
        assert_eq!((floats(turned.first), floats(turned.second)), ([3.0; 4], [1.0; 4]));
    }
}

/// Those of 64 bits, and structures of them; `core::arch` has none for x86.
#[cfg(target_arch = "aarch64")]
mod halves {
    use core::arch::aarch64::{float32x2_t, float32x2x3_t, int8x8_t};

    use super::*;

    #[dll_import("vectors", search = [directory!()])]
    unsafe extern "C" {
        safe fn vector_half(a: float32x2_t, b: f64, c: int8x8_t) -> float32x2_t;
        safe fn vector_halves(h: float32x2x3_t, by: float32x2_t) -> float32x2x3_t;
    }

    #[test]
    fn vectors_of_64_bits() {
        library();
        let half = |v: [f32; 2]| -> float32x2_t { unsafe { core::mem::transmute(v) } };
        let floats = |v: float32x2_t| -> [f32; 2] { unsafe { core::mem::transmute(v) } };
        let bytes: int8x8_t = unsafe { core::mem::transmute([0_i8, 0, 0, 0, 0, 0, 0, -5]) };
        assert_eq!(floats(vector_half(half([1.0, 2.0]), 0.5, bytes)), [2.5, -4.0]);
        let rows = float32x2x3_t(half([1.0, 2.0]), half([3.0, 4.0]), half([5.0, 6.0]));
        let scaled = vector_halves(rows, half([10.0, 100.0]));
        assert_eq!([scaled.0, scaled.1, scaled.2].map(floats), [[10.0, 200.0], [30.0, 400.0], [50.0, 600.0]]);
    }
}

/// What compilers for 32-bit x86 do not agree on. Imports of structures of vectors are refused when they are compiled.
#[cfg(target_arch = "x86")]
mod refused {
    use pinvoke::Error;

    use super::*;

    #[dll_import("vectors", search = [directory!()])]
    unsafe extern "C" {
        #[dll_import(entry_point = "vector_call")]
        safe fn callback(f: impl FnMut(F4, i32, I4) -> F4, v: F4, w: I4) -> Result<F4, Error>;
    }

    #[test]
    fn vectors_in_callbacks() {
        library();
        let v = float([1.0; 4]);
        let error = callback(|v, _, _| v, v, int([1; 4])).unwrap_err().to_string();
        assert!(
            error.contains("compilers for 32-bit x86 pass by the instruction set they may use"),
            "{error}"
        );
    }
}
