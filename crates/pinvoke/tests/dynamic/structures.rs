//! Structures and unions, by value and behind pointers.

use pinvoke::downcall::{Arg, DowncallOptions, Ownership};
use pinvoke::value::Value;

use crate::harness::{Native, changes, int, structure, v};

fn point(x: f64, y: f64) -> Value {
    structure([("x", x.into()), ("y", y.into())])
}

#[test]
fn by_value() {
    let native = Native::compiled();
    assert_eq!(native.ret("mirror", &[v(point(1.5, 2.0))]), point(2.0, 1.5));
    // By position, and with members left out.
    assert_eq!(native.ret("mirror", &[v(vec![1, 2])]), point(2.0, 1.0));
    assert_eq!(native.ret("mirror", &[v(structure([("y", 4.into())]))]), point(4.0, 0.0));
}

#[test]
fn behind_a_constant_pointer() {
    let native = Native::compiled();
    let big = structure([("a", 1.into()), ("b", 2.into()), ("c", 3.into()), ("p", point(4.0, 5.0))]);
    let outcome = native.call("sum_big", &[v(big)]).unwrap();
    assert_eq!((outcome.ret, outcome.changed.len()), (Value::Int(15), 0));
}

#[test]
fn bit_fields_take_their_bits_only() {
    let native = Native::compiled();
    let bits = structure([("a", 5.into()), ("b", (-3).into()), ("c", 0x12_3456_789a_i64.into())]);
    assert_eq!(native.ret("bits_a", &[v(bits.clone())]), Value::Int(5));
    assert_eq!(native.ret("bits_b", &[v(bits)]), Value::Int(-3));
}

#[test]
fn members_of_anonymous_members_belong_to_the_outer_structure() {
    let native = Native::compiled();
    let value = native
        .ret("echo_anonymous", &[v(structure([("tag", 1.into()), ("lo", 2.into()), ("hi", 3.into())]))]);
    assert_eq!(int(value.field("tag").unwrap()), 1);
    assert_eq!(int(value.field("lo").unwrap()), 2);
    assert_eq!(int(value.field("i").unwrap()), 0x3_0002);
}

#[test]
fn unions_take_one_member() {
    let native = Native::compiled();
    assert_eq!(native.ret("union_double", &[v(structure([("d", 1.5.into())]))]), Value::Float(1.5));
    let value = native.ret("echo_union", &[v(structure([("i", 7.into())]))]);
    assert_eq!(value.field("i"), Some(&Value::Int(7)));
    // What was read, with all members, is accepted again.
    assert_eq!(native.ret("echo_union", &[Arg::Value(value.clone())]), value);
}

#[test]
fn packed_members_lie_where_the_compiler_puts_them() {
    let native = Native::compiled();
    let packed = structure([("c", 1.into()), ("i", 20.into()), ("d", 0.5.into())]);
    assert_eq!(native.ret("sum_packed", &[v(packed)]), Value::Float(21.5));
}

#[test]
fn arrays_and_texts_in_place() {
    let native = Native::compiled();
    let named = structure([
        ("name", "anna".into()),
        ("wide", "abc".into()),
        ("raw", Value::Bytes(vec![1, 2, 3, 4])),
        ("numbers", vec![1, 2].into()),
        ("corners", Value::Array(vec![point(1.0, 2.0), point(3.0, 4.0)])),
    ]);
    let outcome = native.call("rotate_named", &[v(named)]).unwrap();
    let expected = r#"{name: "Anna", wide: "Äbc", raw: b"\x02\x03\x04\x01", numbers: [-1, -2, 0], corners: [{x: 3.0, y: 4.0}, {x: 1.0, y: 2.0}]}"#;
    assert_eq!(changes(&outcome), [("v", expected.to_owned())]);
    let made = native.ret("make_named", &[]);
    assert_eq!(
        made.to_string(),
        r#"{name: "made", wide: "wü", raw: b"\x00\xff\x01\x02", numbers: [1, 2, 3], corners: [{x: 1.0, y: 2.0}, {x: 3.0, y: 4.0}]}"#
    );
}

#[test]
fn texts_and_structures_behind_members() {
    let native = Native::compiled();
    let lee = || structure([("name", "Lee".into()), ("age", 29.into())]);
    let outcome = native.call("birthday", &[v(lee())]).unwrap();
    assert_eq!(outcome.ret, Value::Int(30));
    assert_eq!(changes(&outcome), [("p", r#"{name: "Lee", age: 30}"#.to_owned())]);
    let outer = structure([("person", lee()), ("nick", "L".into())]);
    let outcome = native.call("rename_inner", &[v(outer)]).unwrap();
    assert_eq!(changes(&outcome), [("p", r#"{person: {name: "McLee", age: 30}, nick: "L"}"#.to_owned())]);
    assert_eq!(native.ret("person_name_length", &[v(lee())]), Value::Int(32));
    let people = Value::Array(vec![lee(), structure([("name", "Jo".into()), ("age", 1.into())])]);
    assert_eq!(native.ret("total_age", &[Arg::Value(people), v(2)]), Value::Int(35));
}

#[test]
fn what_a_structure_by_value_leads_to_is_read_again() {
    let native = Native::compiled();
    let lee = structure([("name", "Lee".into()), ("age", 29.into())]);
    let outer = structure([("person", lee), ("nick", "L".into())]);
    let outcome = native.call("grow_older", &[v(outer.clone()), v(3)]).unwrap();
    assert_eq!(outcome.ret, Value::Int(32));
    assert_eq!(changes(&outcome), [("p", r#"{person: {name: "Lee", age: 32}, nick: "L"}"#.to_owned())]);
    // Nothing changed, nothing to report.
    let outcome = native.call("grow_older", &[v(outer), v(0)]).unwrap();
    assert!(outcome.changed.is_empty(), "{outcome:?}");
}

#[test]
fn arrays_of_structures() {
    let native = Native::compiled();
    let points = Value::Array(vec![point(1.0, 2.0), point(3.0, 4.0)]);
    let outcome = native.call("swap_points", &[Arg::Value(points)]).unwrap();
    assert_eq!(changes(&outcome), [("points", "[{x: 3.0, y: 4.0}, {x: 1.0, y: 2.0}]".to_owned())]);
}

#[test]
fn linked_structures() {
    let native = Native::compiled();
    let list = |last: Value| {
        let two = structure([("value", 2.into()), ("next", last)]);
        structure([("value", 1.into()), ("next", two)])
    };
    let three = structure([("value", 3.into()), ("next", Value::Null)]);
    assert_eq!(native.ret("sum_list", &[v(list(three.clone()))]), Value::Int(123));
    let outcome = native.call("increment_list", &[v(list(three))]).unwrap();
    let expected = "{value: 2, next: {value: 3, next: {value: 4, next: null}}}";
    assert_eq!(changes(&outcome), [("head", expected.to_owned())]);
    // A circle ends as an address instead of never.
    let outcome = native.call("tie_knot", &[v(list(Value::Null))]).unwrap();
    assert!(changes(&outcome)[0].1.contains("next: 0x"), "{outcome:?}");
}

#[test]
fn a_structure_is_filled() {
    let native = Native::compiled();
    let outcome = native.call("out_point", &[Arg::Out(None)]).unwrap();
    assert_eq!(outcome.ret, Value::Int(0));
    assert_eq!(changes(&outcome), [("p", "{x: 1.0, y: 2.0}".to_owned())]);
    let outcome = native.call("out_person", &[Arg::Out(None)]).unwrap();
    assert_eq!(changes(&outcome), [("p", r#"{name: "static", age: 9}"#.to_owned())]);
}

#[test]
fn memory_behind_members_of_a_constant_structure_is_reported() {
    let native = Native::compiled();
    let buffer =
        |len: usize| structure([("start", Value::Bytes(vec![0; len])), ("len", (len as u64).into())]);
    let buffers = Value::Array(vec![buffer(2), buffer(3)]);
    let outcome = native.call("fill_buffers", &[Arg::Value(buffers), v(2)]).unwrap();
    assert_eq!(outcome.ret, Value::Int(5));
    let expected = r#"[{start: b"aa", len: 2}, {start: b"bbb", len: 3}]"#;
    assert_eq!(changes(&outcome), [("buffers", expected.to_owned())]);
}

#[test]
fn an_empty_structure_takes_no_place() {
    let native = Native::compiled();
    let empty = Value::Struct(Vec::new());
    assert_eq!(native.ret("with_empty", &[v(4), Arg::Value(empty), v(2)]), Value::Int(42));
}

#[test]
fn an_owned_structure_is_read_before_it_is_freed() {
    let native = Native::compiled();
    let free = native.library.entry_point("release_text").unwrap().code();
    let options = DowncallOptions { returned: Ownership::Owned { free }, ..DowncallOptions::default() };
    let live = || native.ret("live_texts", &[]);
    let before = live();
    let outcome = native.call_with("made_points", &[v(1)], options).unwrap();
    assert_eq!(outcome.ret, point(1.0, 0.0));
    assert_eq!(live(), before);
}

#[test]
fn a_returned_pointer_is_looked_into() {
    let native = Native::compiled();
    let points = native.ret("made_points", &[v(3)]);
    let Value::Pointer(pointer) = &points else { panic!("{points:?}") };
    // SAFETY: three points stand there until they are freed below.
    let first = unsafe { pointer.view() }.unwrap();
    assert_eq!(first.field("x").unwrap().read().unwrap(), Value::Float(1.0));
    assert_eq!(first.field_names().iter().map(|n| &**n).collect::<Vec<_>>(), ["x", "y"]);
    native.ret("release_text", &[Arg::Value(points)]);
}

#[test]
fn flexible_arrays_are_reached_by_index() {
    let native = Native::compiled();
    let mut memory: [u32; 2] = [2, 0x0002_0001];
    // SAFETY: an int and two shorts stand there.
    let view = unsafe { pinvoke::value::View::new(native.ty("struct flexible"), memory.as_mut_ptr().cast()) };
    assert_eq!(view.field("items").unwrap().index(1).unwrap().read().unwrap(), Value::Int(2));
    assert_eq!(native.ret("sum_flexible", &[v(view.address() as u64)]), Value::Int(3));
}
