//! Text of all widths, in, out, borrowed and owned.

use pinvoke::downcall::{Arg, DowncallOptions, Ownership};
use pinvoke::value::Value;

use crate::harness::{Native, changes, v};

#[test]
fn text_goes_in_as_utf8() {
    let native = Native::compiled();
    for text in ["", "a", "grüße", &"x".repeat(255), &"y".repeat(5000)] {
        assert_eq!(
            native.ret("text_length", &[v(text)]),
            Value::Int(text.len().try_into().unwrap()),
            "{text}"
        );
    }
    assert_eq!(native.ret("text_byte", &[v("ü"), v(0)]), Value::Int(0xc3));
    assert_eq!(native.ret("is_null", &[Arg::Value(Value::Null)]), Value::Int(1));
    assert_eq!(native.ret("is_null", &[v(0)]), Value::Int(1));
    assert_eq!(native.ret("is_null", &[v("")]), Value::Int(0));
}

#[test]
fn bytes_and_arrays_are_text_with_a_null_behind() {
    let native = Native::compiled();
    assert_eq!(native.ret("text_length", &[Arg::Value(Value::Bytes(b"abc".to_vec()))]), Value::Int(3));
    // Bytes may contain what text may not.
    assert_eq!(native.ret("text_length", &[Arg::Value(Value::Bytes(b"ab\0c".to_vec()))]), Value::Int(2));
    let letters = Value::Array(vec![Value::Char('h'), Value::Char('i')]);
    assert_eq!(native.ret("text_length", &[Arg::Value(letters)]), Value::Int(2));
}

#[test]
fn text_changed_in_place_is_reported() {
    let native = Native::compiled();
    let outcome = native.call("upper_in_place", &[v("shout")]).unwrap();
    assert_eq!(changes(&outcome), [("text", "\"SHOUT\"".to_owned())]);
    let outcome = native.call("upper_in_place", &[v("SAME")]).unwrap();
    assert_eq!(changes(&outcome), []);
}

#[test]
fn returned_text_is_borrowed_unless_stated() {
    let native = Native::compiled();
    assert_eq!(native.ret("static_text", &[]), Value::Text("stays".into()));
    assert_eq!(native.ret("null_text", &[]), Value::Null);
    let latin1 = native.ret("latin1_text", &[]);
    assert_eq!(latin1, Value::Bytes(b"gr\xfc\xdf".to_vec()));
    assert_eq!(latin1.to_string(), r#"b"gr\xfc\xdf""#);

    let owned = || DowncallOptions {
        returned: Ownership::Owned { free: native.library.entry_point("release_text").unwrap().code() },
        ..DowncallOptions::default()
    };
    let live = || native.ret("live_texts", &[]);
    let before = live();
    let outcome = native.call_with("made_text", &[v("mine")], owned()).unwrap();
    assert_eq!(outcome.ret, Value::Text("mine".into()));
    assert_eq!(live(), before, "freed once, after it was copied");
    // Null is not passed to the free function, which would count it.
    assert_eq!(native.call_with("null_text", &[], owned()).unwrap().ret, Value::Null);
    assert_eq!(live(), before);

    let borrowed = native.call("made_text", &[v("kept")]).unwrap();
    assert_ne!(live(), before, "borrowed is not freed");
    let address = borrowed.ret_address.unwrap();
    native.ret("release_text", &[Arg::Value(Value::Pointer(address))]);
    assert_eq!(live(), before);
}

#[test]
fn text_through_an_out_parameter_is_freed_where_stated() {
    let native = Native::compiled();
    let free = native.library.entry_point("release_text").unwrap().code();
    let live = || native.ret("live_texts", &[]);
    let before = live();
    let options = DowncallOptions { out: vec![(0, Ownership::Owned { free })], ..DowncallOptions::default() };
    let outcome = native.call_with("made_text_out", &[Arg::Out(None)], options).unwrap();
    assert_eq!(changes(&outcome), [("out", "\"made\"".to_owned())]);
    assert_eq!(live(), before);
}

#[test]
fn wide_text_goes_in_in_its_units() {
    let native = Native::compiled();
    let text = "aä😀";
    // `wchar_t` has 2 bytes on Windows.
    assert_eq!(native.ret("wide_length", &[v(text)]), Value::Int(if cfg!(windows) { 4 } else { 3 }));
    assert_eq!(native.ret("wide16_length", &[v(text)]), Value::Int(4));
    assert_eq!(native.ret("wide32_length", &[v(text)]), Value::Int(3));
    assert_eq!(native.ret("wide16_unit", &[v(text), v(2)]), Value::Int(0xd83d));
}

#[test]
fn wide_text_comes_back() {
    let native = Native::compiled();
    for function in ["static_wide", "static_wide16", "static_wide32"] {
        assert_eq!(native.ret(function, &[]), Value::Text("wide ä 😀".into()), "{function}");
    }
    let units = [0x61, 0xd800, 0x62].map(Value::Int).to_vec();
    assert_eq!(native.ret("lone_surrogate", &[]), Value::Array(units));
    let outcome = native.call("wide_upper", &[v("wide")]).unwrap();
    assert_eq!(changes(&outcome), [("text", "\"WIDE\"".to_owned())]);
}

#[test]
fn buffers_are_filled() {
    let native = Native::compiled();
    let outcome = native.call("fill_text", &[Arg::Out(Some(16)), v(16)]).unwrap();
    assert_eq!(changes(&outcome), [("buf", "\"filled\"".to_owned())]);
    let outcome = native.call("fill_text", &[Arg::Out(Some(4)), v(4)]).unwrap();
    assert_eq!(changes(&outcome), [("buf", "\"fil\"".to_owned())]);
    let outcome = native.call("fill_wide", &[Arg::Out(Some(8)), v(8)]).unwrap();
    assert_eq!(changes(&outcome), [("buf", "\"füll\"".to_owned())]);
}

#[test]
fn arrays_of_texts() {
    let native = Native::compiled();
    let texts = || v(vec!["one", "two", "three"]);
    assert_eq!(native.ret("count_texts", &[texts()]), Value::Int(3));
    assert_eq!(native.ret("count_texts", &[Arg::Value(Value::Array(Vec::new()))]), Value::Int(0));
    assert_eq!(native.ret("total_length", &[texts(), v(3)]), Value::Int(11));
    let outcome = native.call("replace_texts", &[texts(), v(3)]).unwrap();
    assert_eq!(changes(&outcome), [("texts", r#"["replaced", "two", "replaced"]"#.to_owned())]);
}

#[test]
fn text_longer_than_the_limit_stays_an_address() {
    let native = Native::compiled();
    let options = |max_text| DowncallOptions { max_text, ..DowncallOptions::default() };
    assert_eq!(native.call_with("static_text", &[], options(5)).unwrap().ret, Value::Text("stays".into()));
    let cut = native.call_with("static_text", &[], options(4)).unwrap();
    assert!(matches!(cut.ret, Value::Pointer(_)), "{cut:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn text_at_an_address_that_is_not_mapped_stays_an_address() {
    let native = Native::compiled();
    let mut unit = native.unit.clone();
    // The same function under a type that makes its result a text.
    let echo = unit.parse_prototype("char *echo_pointer(void *v)").unwrap();
    let entry = native.library.entry_point("echo_pointer").unwrap();
    let echo = pinvoke::downcall::Downcall::new(&echo, &entry, DowncallOptions::default()).unwrap();
    // SAFETY: the function returns its argument.
    let outcome = unsafe { echo.call(&[v(0x10)]) }.unwrap();
    assert_eq!(outcome.ret.to_string(), "0x10");
}
