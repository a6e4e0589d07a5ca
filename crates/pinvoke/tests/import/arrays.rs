//! Slices and arrays in every direction, with every kind of count; the other side is `arrays.c`.
#![allow(non_snake_case, reason = "the documented names of PInvokeLib")]

use std::mem::MaybeUninit;
use std::sync::LazyLock;

use pinvoke::marshal::{Free, Marshal, NullTerminated};
use pinvoke::native::NativeType;
use pinvoke::{Error, dll_import};

use crate::compiled;

static LIBRARY: LazyLock<()> = LazyLock::new(|| compiled::compile("arrays"));

/// Runs with the library there, and checks that every counted block was freed.
fn balanced(test: impl FnOnce()) {
    LazyLock::force(&LIBRARY);
    let before = counted_live();
    test();
    assert_eq!(counted_live(), before, "blocks that were not freed");
}

fn reason(result: Result<impl std::fmt::Debug, Error>) -> String {
    result.unwrap_err().to_string()
}

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(C)]
struct Point {
    x: i32,
    y: i32,
}

/// Converted, for its members are.
#[derive(Clone, Debug, PartialEq, Marshal)]
struct Person {
    #[marshal(owned(Free))]
    first: String,
    #[marshal(owned(Free))]
    last: String,
}

#[derive(Clone, Debug, PartialEq, Marshal)]
struct Text {
    #[marshal(owned(Free))]
    buffer: String,
    size: u32,
}

#[dll_import("arrays", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    fn counted_free(memory: *mut u8);
    fn counted_alloc(bytes: usize) -> *mut u8;
    safe fn counted_live() -> i64;

    safe fn sum_i8(values: &[i32], #[len_of(values)] n: i8) -> Result<i64, Error>;
    safe fn sum_u64(values: Vec<i32>, #[len_of(values)] n: u64) -> i64;
    #[dll_import(entry_point = "sum_u64")]
    safe fn sum_box(values: Box<[i32]>, #[len_of(values)] n: u64) -> i64;
    #[dll_import(entry_point = "sum_u64")]
    safe fn sum_fixed(values: &[i32; 3], #[len_of(values)] n: u64) -> i64;
    safe fn sum_doubles(#[len_of(values)] n: i32, values: Option<&[f64]>) -> f64;
    safe fn double_all(values: &mut [i64], #[len_of(values)] n: usize);
    #[dll_import(entry_point = "double_all")]
    safe fn double_maybe(values: Option<&mut [i64]>, #[len_of(values)] n: usize);
    #[dll_import(entry_point = "is_null")]
    safe fn is_null_vector(values: Option<Vec<i32>>) -> bool;
    safe fn squares(values: &mut [MaybeUninit<u32>], #[len_of(values)] n: u32);
    safe fn count_true(values: &[bool], #[len_of(values)] n: i32) -> i32;
    safe fn flip(values: &mut [bool], #[len_of(values)] n: i32);
    safe fn total_length(texts: &[&str], #[len_of(texts)] n: i32) -> Result<i64, Error>;
    #[dll_import(entry_point = "total_length")]
    safe fn total_of_strings(texts: &[String], #[len_of(texts)] n: i32) -> i64;
    #[dll_import(entry_point = "total_length")]
    safe fn total_of_options(texts: &[Option<&str>], #[len_of(texts)] n: i32) -> i64;
    #[dll_import(entry_point = "total_length")]
    safe fn total_of_c_strs(texts: &[&std::ffi::CStr], #[len_of(texts)] n: i32) -> i64;
    safe fn count_args(#[null_terminated] arguments: &[&str]) -> i32;
    #[dll_import(entry_point = "count_args")]
    safe fn count_maybe(#[null_terminated] arguments: Option<&[&str]>) -> i32;
    #[dll_import(entry_point = "count_args")]
    safe fn count_wrapped(arguments: NullTerminated<'_, String>) -> i32;
    #[dll_import(char_set = Utf16)]
    safe fn count_args16(#[null_terminated] arguments: &[&str]) -> i32;
    safe fn zero_ended(#[null_terminated] values: &[i32]) -> i32;
    safe fn point_elsewhere(#[returns(borrowed)] texts: &mut [Option<String>], #[len_of(texts)] n: i32);
    #[dll_import(entry_point = "point_elsewhere")]
    safe fn point_elsewhere_or_fail(
        #[returns(borrowed)] texts: &mut [String],
        #[len_of(texts)] n: i32,
    ) -> Result<(), Error>;
    safe fn upper(#[returns(borrowed)] texts: &mut [String], #[len_of(texts)] n: i32);
    safe fn mirror(points: &mut [Point], #[len_of(points)] n: i32);

    safe fn static_array<'a>(#[len_of(return)] n: &mut i32) -> &'a [i32];
    #[dll_import(entry_point = "static_array")]
    #[returns(borrowed, len = n)]
    safe fn static_copy(n: &mut i32) -> Vec<i32>;
    #[returns(len = count)]
    safe fn array_of(count: i64) -> Result<&'static [i32], Error>;
    #[dll_import(entry_point = "array_of")]
    #[returns(borrowed, len = 2 + 2 * count)]
    safe fn array_of_more(count: i64) -> Result<Box<[i32]>, Error>;
    #[returns(free_with = counted_free, len = n)]
    safe fn owned_array(n: i16, make: i32) -> Result<Vec<i32>, Error>;
    #[dll_import(entry_point = "owned_array")]
    #[returns(free_with = counted_free, len = n)]
    safe fn optional_array(n: i16, make: i32) -> Option<Vec<i32>>;
    #[dll_import(entry_point = "owned_array")]
    #[returns(free_with = counted_free, len = n * 2147483647 * 2147483647 * 16)]
    safe fn overflowing(n: i16, make: i32) -> Result<Vec<i32>, Error>;
    #[returns(pinvoke::marshal::Owned, free, len = n)]
    safe fn owned_texts(n: i32) -> Vec<String>;
    safe fn written_count(
        #[returns(free_with = counted_free)] values: &mut Vec<i32>,
        #[len_of(values)] n: &mut i32,
        count: i32,
    ) -> Result<(), Error>;

    safe fn some_of(
        #[buffer] values: &mut Vec<i32>,
        #[capacity_of(values)] capacity: u8,
        #[len_of(values)] n: &mut u8,
    ) -> Result<(), Error>;
    #[dll_import(entry_point = "some_of")]
    safe fn some_or_none(
        #[buffer] values: Option<&mut Vec<i32>>,
        #[capacity_of(values)] capacity: u8,
        #[len_of(values)] n: &mut u8,
    ) -> Result<(), Error>;
    #[dll_import(entry_point = "written_count")]
    safe fn maybe_written(
        #[returns(free_with = counted_free)] values: Option<&mut Vec<i32>>,
        #[len_of(values)] n: &mut i32,
        count: i32,
    ) -> Result<(), Error>;
    safe fn names(
        #[buffer(4)] texts: &mut Vec<Option<String>>,
        #[capacity_of(texts)] capacity: i32,
        #[len_of(texts)] n: &mut i32,
    );

    fn each_row(visit: impl FnMut(i32, Counted<&[i32], 0>, Counted<&[Option<&str>], 0>));
    fn each_row_plus(visit: impl FnMut(u8, Counted<&[i32], 0, 2>));
    fn negative_row(visit: impl FnMut(i32, Counted<&[i32], 0>));
    fn change_row(
        visit: impl FnMut(i32, Counted<&mut [i32], 0>),
        values: &mut [i32],
        #[len_of(values)] n: i32,
    );

    safe fn TestArrayOfInts(array: &mut [i32], #[len_of(array)] size: i32) -> i32;
    safe fn TestRefArrayOfInts(#[returns(free)] array: &mut Vec<i32>, #[len_of(array)] size: &mut i32)
    -> i32;
    safe fn TestMatrixOfInts(matrix: &mut [[i32; 5]], #[len_of(matrix)] rows: i32) -> i32;
    safe fn TestArrayOfStrings(#[returns(free)] array: &mut [String], #[len_of(array)] size: i32) -> i32;
    safe fn TestArrayOfStructs(array: &mut [Point], #[len_of(array)] size: i32) -> i32;
    safe fn TestArrayOfStructs2(array: &mut [Person], #[len_of(array)] size: i32) -> i32;
    safe fn TestOutArrayOfStructs(#[len_of(array)] size: &mut i32, #[returns(free)] array: &mut Vec<Text>);
}

#[test]
fn slices_go_in_with_their_length() {
    balanced(|| {
        assert_eq!(sum_i8(&[1, 2, 3]).unwrap(), 6);
        assert_eq!(sum_i8(&[]).unwrap(), 0);
        assert_eq!(sum_i8(&[1; 127]).unwrap(), 127);
        assert_eq!(
            reason(sum_i8(&[1; 128])),
            "cannot convert argument `n` of `sum_i8`: the count 128 is too large for i8"
        );
        assert_eq!(sum_u64(vec![4; 1000]), 4000);
        assert_eq!(sum_box(Box::new([7, 8])), 15);
        assert_eq!(sum_fixed(&[7, 8, 9]), 24);
        assert_eq!(sum_doubles(Some(&[0.5, 0.25])), 0.75);
        assert_eq!(sum_doubles(None), -1.0);
        assert!(is_null_vector(None) && !is_null_vector(Some(vec![1])));
        assert_eq!(count_true(&[true, false, true]), 2);
    });
}

#[test]
fn slices_are_changed_where_they_are() {
    balanced(|| {
        let mut values = [1, -2, i64::MAX / 2];
        double_all(&mut values);
        assert_eq!(values, [2, -4, i64::MAX - 1]);
        double_maybe(Some(&mut values[..1]));
        assert_eq!(values[0], 4);
        double_maybe(None);
        let mut places = [MaybeUninit::uninit(); 5];
        squares(&mut places);
        // SAFETY: written.
        assert_eq!(places.map(|p| unsafe { p.assume_init() }), [0, 1, 4, 9, 16]);
        let mut flags = [true, false, false];
        flip(&mut flags);
        assert_eq!(flags, [false, true, true]);
        let mut points = [Point { x: 1, y: 2 }, Point { x: 3, y: 4 }];
        mirror(&mut points);
        assert_eq!(points, [Point { x: 2, y: 1 }, Point { x: 4, y: 3 }]);
    });
}

#[test]
fn arrays_of_texts_go_in() {
    balanced(|| {
        assert_eq!(total_length(&["grüße", "", "x"]).unwrap(), 8);
        assert_eq!(total_length(&[]).unwrap(), 0);
        assert_eq!(total_of_strings(&["ab".to_owned(), "c".to_owned()]), 3);
        assert_eq!(total_of_options(&[Some("ab"), None]), 102);
        assert_eq!(total_of_c_strs(&[c"ab", c""]), 2);
        assert_eq!(
            reason(total_length(&["ok", "a\0"])),
            "cannot convert argument `texts` of `total_length`: the text has a NUL character at byte 1, and C would end it there"
        );
        assert_eq!(count_args(&["a", "b", "c"]), 3);
        assert_eq!(count_args(&[]), 0);
        assert_eq!((count_maybe(Some(&["a", "b"])), count_maybe(None)), (2, -1));
        assert_eq!(count_wrapped(NullTerminated(&["x".to_owned()])), 1);
        assert_eq!(count_args16(&["wide", "words"]), 2);
        assert_eq!(zero_ended(&[5, 6]), 11);
    });
}

#[test]
fn texts_in_arrays_are_read_back() {
    balanced(|| {
        let mut texts = [Some("a".to_owned()), None];
        point_elsewhere(&mut texts);
        assert_eq!(texts, [None, Some("static".to_owned())]);
        let mut texts = ["a".to_owned(), "b".to_owned()];
        upper(&mut texts);
        assert_eq!(texts, ["A", "B"]);
        // One element is no text, the others are read nevertheless.
        assert!(
            reason(point_elsewhere_or_fail(&mut texts))
                .ends_with("it is null; declare it as an `Option` if it may be")
        );
        assert_eq!(texts, ["A", "static"]);
    });
}

#[test]
fn arrays_come_back() {
    balanced(|| {
        assert_eq!(static_array(), [3, 1, 4, 1, 5]);
        let mut n = 0;
        assert_eq!(static_copy(&mut n), [3, 1, 4, 1, 5]);
        assert_eq!(n, 5);
        assert_eq!(array_of(2).unwrap(), [3, 1]);
        assert!(array_of(0).unwrap().is_empty());
        assert_eq!(reason(array_of(-1)), "cannot convert the result of `array_of`: the count -1 is negative");
        assert!(reason(array_of(i64::MAX)).ends_with("is larger than the address space"));
        assert_eq!(*array_of_more(1).unwrap(), [3, 1, 4, 1]);
        assert!(reason(array_of_more(i64::MAX)).ends_with("is larger than the address space"));
        assert_eq!(owned_array(3, 1).unwrap(), [0, 1, 2]);
        assert!(owned_array(0, 1).unwrap().is_empty());
        assert!(reason(owned_array(3, 0)).ends_with("it is null; declare it as an `Option` if it may be"));
        // Freed, though nobody knows how long it is.
        assert!(reason(owned_array(-3, 1)).ends_with("the count -3 is negative"));
        let product = if usize::BITS == 64 { "4611686014132420609 * 16" } else { "2147483647 * 2147483647" };
        assert!(reason(overflowing(1, 1)).contains(product));
        assert_eq!(optional_array(2, 1), Some(vec![0, 1]));
        assert_eq!(optional_array(2, 0), None);
        assert_eq!(owned_texts(3), ["even", "odd", "even"]);
    });
}

#[test]
fn arrays_are_replaced() {
    balanced(|| {
        let mut values = Vec::new();
        written_count(&mut values, 1).unwrap();
        assert_eq!(values, [7]);
        values.clear();
        assert!(reason(written_count(&mut values, -1)).ends_with("the count -1 is negative"));
        assert!(reason(written_count(&mut vec![1], 1)).ends_with(
            "`counted_free` has no memory for an array: declare `alloc_with`, or start with an empty one"
        ));
        let _ = counted_alloc;
    });
}

#[test]
fn buffers_of_elements_are_filled() {
    balanced(|| {
        let mut values = Vec::with_capacity(6);
        some_of(&mut values).unwrap();
        assert_eq!((values.as_slice(), values.capacity()), (&[0, 10, 20][..], 6));
        let mut values = Vec::with_capacity(2);
        assert_eq!(
            reason(some_of(&mut values)),
            "cannot convert argument `values` of `some_of`: the count 3 is larger than the buffer of 2 elements"
        );
        // Null, and no room: what native code tells of it is nobody's length.
        some_or_none(None).unwrap();
        let mut values = Vec::with_capacity(6);
        some_or_none(Some(&mut values)).unwrap();
        assert_eq!(values, [0, 10, 20]);
        maybe_written(None, 1).unwrap();
        maybe_written(Some(&mut values), 1).unwrap_err();
        values.clear();
        maybe_written(Some(&mut values), 1).unwrap();
        assert_eq!(values, [7]);
        let mut texts = vec![Some("before".to_owned()), None, None];
        names(&mut texts);
        assert_eq!(texts, [Some("one".to_owned()), Some("two".to_owned())]);
    });
}

#[test]
fn callbacks_get_slices() {
    balanced(|| {
        let mut rows = Vec::new();
        // SAFETY: as declared, as below.
        unsafe {
            each_row(|n, values, texts| {
                rows.push((
                    n,
                    values.to_vec(),
                    texts.iter().map(|t| t.map(str::to_owned)).collect::<Vec<_>>(),
                ));
            });
        }
        assert_eq!(rows[0], (2, vec![1, 2], vec![Some("a".to_owned()), None]));
        assert_eq!((rows[1].1.len(), rows[1].2[3].as_deref()), (4, Some("d")));
        assert_eq!(rows[2], (0, vec![], vec![]));
        unsafe { each_row_plus(|_, values| assert_eq!(values, [1, 2, 3])) };
        let mut values = [1, 2, 3];
        unsafe { change_row(|n, row| row.iter_mut().for_each(|v| *v += n), &mut values) };
        assert_eq!(values, [4, 5, 6]);
        let refused = std::panic::catch_unwind(|| unsafe { negative_row(|_, _| ()) }).unwrap_err();
        let text = refused.downcast_ref::<String>().unwrap();
        assert!(text.contains("the count -3 is negative"), "{text}");
    });
}

#[test]
fn the_documented_functions_for_arrays() {
    balanced(|| {
        let mut array: Vec<i32> = (0..10).collect();
        assert_eq!(TestArrayOfInts(&mut array), 45);
        assert_eq!(array, (100..110).collect::<Vec<_>>());

        let mut array: Vec<i32> = (0..10).collect();
        assert_eq!(TestRefArrayOfInts(&mut array), 45);
        assert_eq!(array, [0, 1, 2, 3, 4]);

        let mut matrix = [[0; 5]; 5];
        (0..25_u8).for_each(|i| matrix[usize::from(i / 5)][usize::from(i % 5)] = i.into());
        assert_eq!(TestMatrixOfInts(&mut matrix), 300);
        assert_eq!(matrix[4], [120, 121, 122, 123, 124]);

        let mut array = ["one", "two", "three", "four", "five"].map(str::to_owned);
        assert_eq!(TestArrayOfStrings(&mut array), 19);
        assert!(array.iter().all(|text| text == "123456789"));

        let mut points = [Point { x: 6, y: 5 }, Point { x: 11, y: 12 }];
        assert_eq!(TestArrayOfStructs(&mut points), 34);
        assert_eq!(points, [Point { x: 6, y: 0 }, Point { x: 11, y: 0 }]);

        let person = |first: &str, last: &str| Person { first: first.to_owned(), last: last.to_owned() };
        let mut people = [person("Kim", "Akers"), person("Adam", "Barr"), person("Jo", "Brown")];
        assert_eq!(TestArrayOfStructs2(&mut people), 3 + 5 + 4 + 4 + 2 + 5);
        assert_eq!(people, [person("Kim", "McAkers"), person("Adam", "McBarr"), person("Jo", "McBrown")]);

        let mut array = Vec::new();
        TestOutArrayOfStructs(&mut array);
        assert_eq!(array, vec![Text { buffer: "***".to_owned(), size: 4 }; 5]);
    });
}

#[dll_import("arrays", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    safe fn sum_bytes(values: &[i32], #[len_of(values, bytes)] bytes: u16) -> Result<i64, Error>;
    safe fn fill_bytes(
        #[buffer] values: &mut Vec<i32>,
        #[capacity_of(values, bytes)] bytes: &mut u32,
        back: u32,
    ) -> Result<i32, Error>;
    #[returns(len_of(values, bytes))]
    safe fn fill_bytes_returned(
        #[buffer(3)] values: &mut Vec<i32>,
        #[capacity_of(values, bytes)] bytes: usize,
    ) -> isize;
    safe fn some_bytes(#[len_of(return, bytes)] bytes: &mut u32) -> &'static [u16];
    #[dll_import(char_set = Utf16, exact_spelling)]
    safe fn upper16(#[buffer(16)] text: &mut String, #[capacity_of(text, bytes)] bytes: usize) -> i32;
    #[dll_import(char_set = Utf16, exact_spelling)]
    safe fn bytes_given(text: Option<&str>, #[len_of(text, bytes)] bytes: usize) -> usize;
}

#[test]
fn counts_of_bytes_follow_from_elements() {
    LazyLock::force(&LIBRARY);
    assert_eq!(sum_bytes(&[1, 20, 300]).unwrap(), 321);
    assert_eq!(sum_bytes(&[]).unwrap(), 0);
    let error = reason(sum_bytes(&[0; 16_384]));
    assert!(error.ends_with("the count 65536 is too large for u16"), "{error}");

    let mut values = Vec::with_capacity(4);
    assert_eq!(fill_bytes(&mut values, 12).unwrap(), 16);
    assert_eq!(values, [1, 2, 3]);
    let error = reason(fill_bytes(&mut values, 10));
    assert!(error.ends_with("the count 10 bytes is no whole number of elements of 4 bytes"), "{error}");
    let error = reason(fill_bytes(&mut values, 20));
    assert!(error.ends_with("the count 5 is larger than the buffer of 4 elements"), "{error}");
    assert_eq!(fill_bytes_returned(&mut values), 8);
    assert_eq!(values, [5, 6]);
    assert_eq!(some_bytes(), [7, 8, 9]);

    let mut text = "abc".to_owned();
    assert_eq!(upper16(&mut text), 32);
    assert_eq!(text, "X");
    assert_eq!(bytes_given(Some("a😀")), 6);
    assert_eq!(bytes_given(None), 1000);
}

#[derive(Debug, Marshal)]
#[repr(i32)]
enum Never {
    Zero,
}

#[dll_import("arrays", search = [directory!()], char_set = Utf8)]
unsafe extern "C" {
    #[returns(free_with = free_list)]
    safe fn call_and_list(f: impl FnMut(i32), #[len_of(return)] n: &mut u32) -> Vec<i32>;
    #[dll_import(entry_point = "call_and_list")]
    #[returns(free_with = free_list)]
    safe fn call_refused(f: impl FnMut(Never), #[len_of(return)] n: &mut u32) -> Result<Vec<i32>, Error>;
    #[dll_import(entry_point = "counted_free")]
    fn free_list(memory: *mut u8);
}

#[test]
fn a_returned_array_is_freed_when_a_callback_panicked() {
    balanced(|| {
        assert_eq!(call_and_list(|_| ()), [0, 1, 2]);
        assert!(std::panic::catch_unwind(|| call_and_list(|_| panic!("in the callback"))).is_err());
        assert!(call_refused(|Never::Zero| ()).is_err());
    });
}
