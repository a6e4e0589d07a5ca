//! The companion library of the platform invoke documentation: each of its functions, called as its samples do.

use std::ffi::c_long;

use pinvoke::downcall::Arg;
use pinvoke::value::Value;

use crate::harness::{Native, callback, changes, int, structure, v};

fn one(native: &Native, function: &str, args: &[Arg]) -> (String, String) {
    let outcome = native.call(function, args).unwrap();
    (outcome.ret.to_string(), outcome.changed.last().map_or(String::new(), |c| c.value.to_string()))
}

#[test]
fn array_of_ints() {
    let native = Native::compiled();
    let (sum, array) = one(&native, "TestArrayOfInts", &[v((0..10).collect::<Vec<i32>>()), v(10)]);
    assert_eq!((&*sum, &*array), ("45", "[100, 101, 102, 103, 104, 105, 106, 107, 108, 109]"));
}

#[test]
fn array_that_the_callee_replaces() {
    let native = Native::compiled();
    let libc = Native::process();
    // The callee frees the old array, so the C library has to make it.
    let old = libc.ret("void *calloc(size_t n, size_t size)", &[v(3), v(4)]);
    let outcome = native.call("TestRefArrayOfInts", &[v(vec![old.clone()]), v(vec![3])]).unwrap();
    assert_eq!(outcome.ret, Value::Int(0));
    assert!(changes(&outcome).contains(&("size", "[5]".to_owned())), "{outcome:?}");
    let array = &outcome.changed[0];
    if array.name.as_deref() != Some("array") {
        // The new array stands where the old one stood.
        libc.ret("void free(void *p)", &[Arg::Value(old)]);
        return;
    }
    let Value::Array(array) = &array.value else { panic!("{outcome:?}") };
    let Value::Pointer(new) = &array[0] else { panic!("{outcome:?}") };
    // SAFETY: the callee made five ints there.
    let first = unsafe { new.view() }.unwrap();
    assert_eq!(first.read().unwrap(), Value::Int(0));
    libc.ret("void free(void *p)", &[Arg::Value(array[0].clone())]);
}

#[test]
fn matrix_of_ints() {
    let native = Native::compiled();
    let rows: Vec<Value> =
        (0..5).map(|row| Value::from((0..5).map(|n| row * 5 + n).collect::<Vec<i32>>())).collect();
    let (sum, matrix) = one(&native, "TestMatrixOfInts", &[v(rows), v(5)]);
    assert_eq!(sum, "300");
    assert!(matrix.starts_with("[[100, 101, 102, 103, 104], [105,") && matrix.ends_with("124]]"), "{matrix}");
}

#[test]
fn array_of_strings() {
    let native = Native::compiled();
    let (sum, strings) = one(&native, "TestArrayOfStrings", &[v(vec!["one", "two", "three"]), v(3)]);
    assert_eq!((&*sum, &*strings), ("11", r#"["123456789", "123456789", "123456789"]"#));
}

#[test]
fn array_of_structures() {
    let native = Native::compiled();
    let point = |x: i32, y: i32| structure([("x", x.into()), ("y", y.into())]);
    let (sum, points) = one(&native, "TestArrayOfStructs", &[v(vec![point(1, 2), point(3, 4)]), v(2)]);
    assert_eq!((&*sum, &*points), ("10", "[{x: 1, y: 0}, {x: 3, y: 0}]"));
}

#[test]
fn structures_in_structures() {
    let native = Native::compiled();
    let person = || structure([("first", "Mark".into()), ("last", "Lee".into())]);
    let (age, changed) =
        one(&native, "TestStructInStruct", &[v(structure([("person", person()), ("age", 30.into())]))]);
    assert_eq!((&*age, &*changed), ("30", r#"{person: {first: "Mark", last: "McLee"}, age: 30}"#));
    let args = [v(structure([("person", person()), ("age", 27.into())])), Arg::Out(Some(80))];
    assert_eq!(one(&native, "TestStructInStruct3", &args).1, "\"Mark Lee 27\"");
}

#[test]
fn unions() {
    let native = Native::compiled();
    let out = || Arg::Out(Some(200));
    let call = |function, member, value: Value, kind: i32| {
        one(&native, function, &[v(structure([(member, value)])), v(kind), out()]).1
    };
    assert_eq!(call("TestUnion", "i", 99.into(), 1), "\"99\"");
    assert_eq!(call("TestUnion", "d", 99.99.into(), 2), "\"99.99\"");
    assert_eq!(call("TestUnion2", "i", 99.into(), 1), "\"99\"");
    assert_eq!(call("TestUnion2", "str", "*** string ***".into(), 2), "\"*** string ***\"");
}

#[test]
fn callbacks() {
    let native = Native::compiled();
    let even = callback(|args| Ok(Value::Bool(int(&args.value(0)?) % 2 == 0)));
    assert_eq!(one(&native, "TestCallBack", &[even.clone(), v(98), Arg::Out(Some(8))]).1, "\"true\"");
    assert_eq!(one(&native, "TestCallBack", &[even, v(99), Arg::Out(Some(8))]).1, "\"false\"");
    let check = callback(|args| Ok(Value::Bool(args.value(0)? == Value::Text("Hello".into()))));
    assert_eq!(one(&native, "TestCallBack2", &[check, v("Hello"), Arg::Out(Some(8))]).1, "\"true\"");
}

#[test]
fn a_text_buffer_in_a_structure() {
    let native = Native::compiled();
    // Room for more than the text is given as an array of units, zeros behind the text.
    let mut units: Vec<Value> = "content".chars().map(Value::Char).collect();
    units.resize(20, Value::Int(0));
    let given = structure([("buffer", Value::Array(units)), ("size", 20.into())]);
    let (_, changed) = one(&native, "TestStringInStruct", &[v(given)]);
    assert!(changed.contains("'t', '+', '+', 0"), "{changed}");
}

#[test]
fn a_text_as_result() {
    let native = Native::compiled();
    assert_eq!(native.ret("TestStringAsResult", &[]), Value::Text("This is return value".into()));
}

#[test]
fn an_array_in_a_structure() {
    let native = Native::compiled();
    let given = structure([("flag", false.into()), ("vals", vec![1, 4, 9].into())]);
    let (_, changed) = one(&native, "TestArrayInStruct", &[v(given)]);
    assert_eq!(changed, "{flag: true, vals: [101, 104, 109]}");
}

#[test]
fn objects_of_any_type() {
    let native = Native::compiled();
    let set = |kind: i32, ty: &str, value: Value| {
        let object = if ty.is_empty() { v(value) } else { Arg::Typed(native.ty(ty), Box::new(v(value))) };
        one(&native, "SetData", &[v(kind), object, Arg::Out(Some(40))]).1
    };
    assert_eq!(set(1, "short *", vec![12].into()), "\"short 12\"");
    let (long, text) = (c_long::MAX / 3, format!("\"long {}\"", c_long::MAX / 3));
    assert_eq!(set(2, "long *", vec![Value::Int(long.into())].into()), text);
    assert_eq!(set(3, "double *", vec![1.5].into()), "\"double 1.5\"");
    assert_eq!(set(4, "", "abc".into()), "\"text abc\"");
    assert_eq!(set(5, "MYPOINT *", structure([("x", 1.into()), ("y", 2.into())])), "\"point 1 2\"");
}

#[test]
fn an_array_of_structures_handed_out() {
    let native = Native::compiled();
    let outcome = native.call("TestOutArrayOfStructs", &[Arg::Out(None), Arg::Out(None)]).unwrap();
    assert_eq!(changes(&outcome)[0], ("size", "5".to_owned()));
    let Value::Pointer(points) = &outcome.changed[1].value else { panic!("{outcome:?}") };
    // SAFETY: the callee made five points there.
    let fourth = unsafe { points.elements(5) }.unwrap();
    assert!(fourth.to_string().ends_with("{x: 3, y: 9}, {x: 4, y: 16}]"), "{fourth}");
    Native::process().ret("void free(void *p)", &[Arg::Value(Value::Pointer(points.clone()))]);
}
