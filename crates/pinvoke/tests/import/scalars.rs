//! Booleans, characters, null and newtypes.
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a test, whose calls are of one kind")]

use core::ptr::NonNull;

use pinvoke::dll_import;
use pinvoke::marshal::{Bool32, Out, VariantBool};
use pinvoke::native::NativeType;

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(transparent)]
struct Address(*mut u8);

#[dll_import("libc", bool = Bool32)]
unsafe extern "C" {
    safe fn isalpha(c: char) -> bool;
    #[dll_import(entry_point = "abs")]
    safe fn same(flag: bool) -> i32;
    #[dll_import(entry_point = "labs")]
    safe fn as_variant(#[marshal(VariantBool)] flag: bool) -> i64;
    fn free(p: Option<Address>);
    fn realloc(p: Option<NonNull<u8>>, size: usize) -> Option<NonNull<u8>>;
    #[dll_import(entry_point = "malloc")]
    fn malloc_or_null(size: usize) -> Option<Address>;
    safe fn modf(x: f64, whole: Out<'_, f64>) -> f64;
}

#[test]
fn booleans_and_characters() {
    assert!(isalpha('x'));
    assert!(!isalpha('5'));
    assert_eq!((same(true), same(false)), (1, 0));
    // The argument register is an `int` wide at least: labs sees the sign-extended -1 of VARIANT_TRUE.
    assert_eq!(as_variant(false), 0);
    let mut whole = 9.0;
    assert_eq!((modf(2.5, Out(&mut whole)), whole), (0.5, 2.0));
}

#[test]
#[should_panic = "cannot convert argument `c` of `isalpha`: the value U+00E9 is none of the characters of one UTF-8 unit (ASCII)"]
fn half_a_character() {
    isalpha('é');
}

#[test]
fn null_is_none() {
    // SAFETY: memory of the C allocator, freed once.
    unsafe {
        let p = realloc(None, 16).unwrap();
        free(Some(Address(p.as_ptr())));
        free(None);
        let p = malloc_or_null(usize::MAX / 2);
        assert_eq!(p, None);
    }
}
