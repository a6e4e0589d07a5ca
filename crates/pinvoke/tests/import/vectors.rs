//! Vectors of 128 bits, which declared imports of x86-64 know.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a test, whose calls are of one kind")]

use core::arch::x86_64::{__m128, __m128d, __m128i};
use std::sync::LazyLock;

use pinvoke::dll_import;

use crate::compiled;

#[dll_import("vectors", search = [env!("CARGO_TARGET_TMPDIR")])]
unsafe extern "C" {
    safe fn vector_reverse(v: __m128) -> __m128;
    safe fn vector_add(before: i32, a: __m128i, d: f64, b: __m128i) -> __m128i;
    safe fn vector_sum(v: &[__m128d], n: i32) -> __m128d;
}

fn library() {
    static COMPILED: LazyLock<()> = LazyLock::new(|| compiled::compile("vectors"));
    LazyLock::force(&COMPILED);
}

fn floats(v: __m128) -> [f32; 4] {
    unsafe { core::mem::transmute(v) }
}

#[test]
fn vectors() {
    library();
    let v: __m128 = unsafe { core::mem::transmute([1.0_f32, 2.0, 3.0, 4.0]) };
    assert_eq!(floats(vector_reverse(v)), [4.0, 3.0, 2.0, 1.0]);
    let int = |v: [i32; 4]| -> __m128i { unsafe { core::mem::transmute(v) } };
    let sum = vector_add(100, int([1, 2, 3, 4]), 1000.0, int([10, 20, 30, 40]));
    assert_eq!(unsafe { core::mem::transmute::<__m128i, [i32; 4]>(sum) }, [1111, 1122, 1133, 1144]);
    let pair = |v: [f64; 2]| -> __m128d { unsafe { core::mem::transmute(v) } };
    let sum = vector_sum(&[pair([1.0, 2.0]), pair([0.5, 0.25])], 2);
    assert_eq!(unsafe { core::mem::transmute::<__m128d, [f64; 2]>(sum) }, [1.5, 2.25]);
}
