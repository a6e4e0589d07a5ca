//! Integers of 128 bits, which C has where addresses have 64.
#![cfg(target_pointer_width = "64")]

use pinvoke::dll_import;

use crate::compiled;

#[dll_import("wide", search = [directory!()])]
unsafe extern "C" {
    safe fn wide_multiply(before: i32, a: i128, b: i128) -> i128;
}

#[test]
fn wide_integers() {
    compiled::compile("wide");
    assert_eq!(wide_multiply(7, -(1 << 100), 3), -3 * (1 << 100) + 7);
}
