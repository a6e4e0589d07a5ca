//! Several elements behind a pointer.

use pinvoke::downcall::{Arg, CallError};
use pinvoke::value::{LongDouble, Value};

use crate::harness::{Native, changes, v};

fn table(rows: &[&[i32]]) -> Arg {
    v(rows.iter().map(|row| Value::from(row.to_vec())).collect::<Vec<_>>())
}

#[test]
fn elements_are_copied_in_and_back() {
    let native = Native::compiled();
    let outcome = native.call("sum_and_add", &[v((0..10).collect::<Vec<i32>>()), v(10)]).unwrap();
    assert_eq!(outcome.ret, Value::Int(45));
    let after = (100..110).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    assert_eq!(changes(&outcome), [("values", format!("[{after}]"))]);
}

#[test]
fn what_did_not_change_is_not_reported() {
    let native = Native::compiled();
    assert_eq!(changes(&native.call("no_change", &[v(vec![1, 2])]).unwrap()), []);
    let outcome = native.call("dot", &[v(vec![1.0, 2.0]), v(vec![3, 4]), v(2)]).unwrap();
    assert_eq!((&outcome.ret, changes(&outcome)), (&Value::Float(11.0), vec![]));
}

#[test]
fn arrays_of_arrays_lie_in_rows() {
    let native = Native::compiled();
    let outcome = native.call("sum_matrix", &[table(&[&[1, 2, 3], &[4, 5, 6]])]).unwrap();
    assert_eq!(outcome.ret, Value::Int(123_456));
    assert_eq!(changes(&outcome), [("m", "[[2, 4, 6], [8, 10, 12]]".to_owned())]);
    let outcome = native.call("times_table", &[v(2), Arg::Out(None)]).unwrap();
    assert_eq!(changes(&outcome), [("out", "[[0, 0, 0], [0, 2, 4], [0, 4, 8]]".to_owned())]);
}

#[test]
fn elements_of_every_kind() {
    let native = Native::compiled();
    let outcome = native.call("negate", &[v(vec![true, false]), v(2)]).unwrap();
    assert_eq!(changes(&outcome), [("values", "[false, true]".to_owned())]);
    let outcome = native.call("scale", &[v(vec![Value::Complex(1.0, -2.0)]), v(1), v(2)]).unwrap();
    assert_eq!(changes(&outcome), [("values", "[2.0 - 4.0i]".to_owned())]);
    let outcome = native.call("double_long", &[v(vec![0.1]), v(1)]).unwrap();
    assert_eq!(changes(&outcome), [("values", format!("[{}]", LongDouble::from(0.2)))]);
    let outcome = native.call("next_colors", &[v(vec!["RED", "GREEN"]), v(2)]).unwrap();
    assert_eq!(changes(&outcome), [("colors", "[GREEN (5), BLUE (6)]".to_owned())]);
}

#[test]
fn bytes_stay_bytes() {
    let native = Native::compiled();
    let call = |bytes| native.call("reverse_bytes", &[Arg::Value(bytes), v(3)]).unwrap();
    assert_eq!(changes(&call(Value::Bytes(vec![1, 2, 255]))), [("bytes", r#"b"\xff\x02\x01""#.to_owned())]);
    assert_eq!(changes(&call(Value::from(vec![1, 2, 255]))), [("bytes", "[255, 2, 1]".to_owned())]);
    assert_eq!(changes(&call(Value::from("abc"))), [("bytes", "\"cba\"".to_owned())]);
}

#[test]
fn a_declared_length_is_provided() {
    let native = Native::compiled();
    let outcome = native.call("sort_shorts", &[v(vec![5, 3])]).unwrap();
    assert_eq!(changes(&outcome), [("values", "[0, 0, 3, 5]".to_owned())]);
}

#[test]
fn pointers_to_elements_of_their_own() {
    let native = Native::compiled();
    let rows = Value::Array(vec![Value::from(vec![1]), Value::Null, Value::from(vec![30])]);
    let outcome = native.call("sum_pointers", &[Arg::Value(rows), v(3)]).unwrap();
    assert_eq!(outcome.ret, Value::Int(31));
    assert_eq!(changes(&outcome), [("values", "[[2], null, [31]]".to_owned())]);
}

#[test]
fn an_empty_array_is_not_null() {
    let native = Native::compiled();
    let outcome = native.call("sum_and_add", &[Arg::Value(Value::Array(Vec::new())), v(0)]).unwrap();
    assert_eq!((outcome.ret, outcome.changed.len()), (Value::Int(0), 0));
    let pointer = native.ret("echo_pointer", &[Arg::Value(Value::Bytes(Vec::new()))]);
    assert_ne!(pointer, Value::Null);
}

#[test]
fn out_parameters_are_zeroed_and_always_reported() {
    let native = Native::compiled();
    let outcome = native.call("out_numbers", &[Arg::Out(None), Arg::Out(None), Arg::Out(None)]).unwrap();
    assert_eq!(outcome.ret, Value::Int(0));
    let expected = [("i", "42".to_owned()), ("d", "2.5".to_owned()), ("c", "7".to_owned())];
    assert_eq!(changes(&outcome), expected);
    let outcome = native.call("no_change", &[Arg::Out(Some(2))]).unwrap();
    assert_eq!(changes(&outcome), [("values", "[0, 0]".to_owned())]);
    let outcome = native.call("in_out", &[v(vec![21])]).unwrap();
    assert_eq!((outcome.ret.clone(), changes(&outcome)), (Value::Int(21), vec![("n", "[42]".to_owned())]));
}

#[test]
fn an_out_pointer_can_be_followed() {
    let native = Native::compiled();
    let outcome = native.call("out_pointer", &[Arg::Out(None)]).unwrap();
    let Value::Pointer(pointer) = &outcome.changed[0].value else { panic!("{outcome:?}") };
    // SAFETY: it leads to a constant of the library.
    let view = unsafe { pointer.view() }.unwrap();
    assert_eq!(view.read().unwrap(), Value::Int(31));
}

#[test]
fn writing_past_a_buffer_is_told() {
    let native = Native::compiled();
    let fits = native.call("write_past", &[Arg::Out(Some(8)), v(8)]).unwrap();
    assert_eq!(changes(&fits), [("buf", "\"xxxxxxxx\"".to_owned())]);
    let over = native.call("write_past", &[Arg::Out(Some(8)), v(9)]).unwrap_err();
    assert!(matches!(&over, CallError::Overrun { len: 8, .. }), "{over:?}");
    assert_eq!(
        over.to_string(),
        "the callee wrote past the 8 bytes it was given for parameter 1 'buf'; give a larger buffer, and check \
         the prototype"
    );
    assert_eq!(changes(over.outcome().unwrap()), [("buf", "\"xxxxxxxx\"".to_owned())]);
}
