//! Vectors: by value and behind pointers, in structures, in callbacks, as variable arguments.

use std::cell::RefCell;
use std::rc::Rc;

use pinvoke::downcall::Arg;
use pinvoke::value::{TypeRef, Value, View};

use crate::harness::{Native, callback, changes, structure, v};

fn floats(numbers: [f32; 4]) -> Value {
    numbers.map(f64::from).to_vec().into()
}

#[test]
fn numbers_go_in_and_come_back_in_their_places() {
    let native = Native::compiled();
    let given = floats([1.5, -2.0, 0.25, f32::MAX]);
    assert_eq!(native.ret("echo_float4", &[v(given.clone())]), given);
    let bytes: Value = vec![0, 1, 2, 3, 252, 253, 254, 255].into();
    assert_eq!(native.ret("echo_uchar8", &[v(bytes.clone())]), bytes);
    assert_eq!(native.ret("echo_uchar8", &[v(Value::Bytes(vec![0, 1, 2, 3, 252, 253, 254, 255]))]), bytes);
    // As in C, what is not given is 0.
    assert_eq!(native.ret("echo_float4", &[v(vec![Value::Int(3)])]).to_string(), "[3.0, 0.0, 0.0, 0.0]");
    let (a, b): (Value, Value) = (vec![1, 2, 3, -4].into(), vec![10, 20, 30, 40].into());
    assert_eq!(native.ret("weighted", &[v(100), v(a), v(2.0), v(b)]), vec![121, 142, 163, 176].into());
}

/// The names under which the headers of the machine know them are declared without one.
#[test]
fn the_machine_has_names_for_them() {
    let native = Native::compiled();
    let (name, short) =
        if cfg!(target_arch = "x86_64") { ("__m128", "__m64") } else { ("float32x4_t", "uint8x8_t") };
    let given = floats([1.0, 2.0, 3.0, 4.0]);
    assert_eq!(native.ret(&format!("{name} echo_float4({name} v)"), &[v(given.clone())]), given);
    let prototype = format!("{short} echo_uchar8({short} v)");
    let zeros = native.ret(&prototype, &[v(Value::Array(Vec::new()))]);
    assert!(
        matches!(&zeros, Value::Array(items) if items.iter().all(|item| *item == Value::Int(0))),
        "{zeros}"
    );
}

#[test]
fn in_structures() {
    let native = Native::compiled();
    let (from, to) = (floats([1.0, 2.0, 3.0, 4.0]), floats([-1.0, -2.0, -3.0, -4.0]));
    let ray = structure([("from", from.clone()), ("to", to.clone()), ("id", 9.into())]);
    assert_eq!(native.ret("echo_ray", &[v(ray.clone())]), ray);
    let corners = structure([("corners", Value::Array(vec![from, to]))]);
    assert_eq!(native.ret("echo_box", &[v(corners.clone())]), corners);
}

#[test]
fn behind_pointers() {
    let native = Native::compiled();
    let pairs: Value = vec![Value::from(vec![1.0, 2.0]), Value::from(vec![0.5, 0.25])].into();
    assert_eq!(native.ret("total", &[v(pairs), v(2)]), vec![1.5, 2.25].into());
    let outcome = native.call("heighten", &[v(vec![floats([1.0, 2.0, 3.0, 4.0])]), v(1)]).unwrap();
    assert_eq!(changes(&outcome), [("v", "[[2.0, 3.0, 4.0, 5.0]]".to_owned())]);
}

#[test]
fn in_callbacks() {
    let native = Native::compiled();
    let seen = Rc::new(RefCell::new(String::new()));
    let log = seen.clone();
    let each = callback(move |args| {
        let second = args.view(0).index(1)?.read()?;
        *log.borrow_mut() = format!("{} {} {} {second}", args.value(0)?, args.value(1)?, args.value(2)?);
        Ok(floats([10.0, 20.0, 30.0, 40.0]))
    });
    let result = native.ret("call_vectors", &[each, v(floats([0.5, 1.5, 2.5, 3.5]))]);
    assert_eq!(result, floats([20.0, 40.0, 60.0, 80.0]));
    assert_eq!(*seen.borrow(), "[1.5, 2.5, 3.5, 4.5] 7 [1, 2, 3, 4, 5, 6, 7, 255] 2.5");
    let turn = callback(|args| {
        let corners = args.view(0).field("corners")?;
        let turned = vec![corners.index(1)?.read()?, corners.index(0)?.read()?];
        Ok(structure([("corners", Value::Array(turned))]))
    });
    let corners = |a, b| structure([("corners", Value::Array(vec![a, b]))]);
    let given = corners(floats([1.0; 4]), floats([2.0; 4]));
    assert_eq!(native.ret("call_box", &[turn, v(given)]), corners(floats([3.0; 4]), floats([1.0; 4])));
}

#[test]
fn as_variable_arguments_of_a_stated_type() {
    let native = Native::compiled();
    let (types, id) = native.unit.type_named("int4").unwrap();
    let typed = |numbers: [i32; 4]| Arg::Typed(TypeRef::new(&types, id), Box::new(v(numbers.to_vec())));
    let args = [v(2), typed([1, 2, 3, 4]), typed([10, 20, 30, 40])];
    assert_eq!(native.ret("sum_variable", &args), Value::Int(110));
}

#[test]
fn as_variables() {
    let native = Native::compiled();
    let declared = native.unit.variable("unit_vector").unwrap();
    let address = native.library.entry_point("unit_vector").unwrap().data();
    // SAFETY: the declaration is that of the compiled variable.
    let view = unsafe { View::new(TypeRef::new(&declared.types, declared.ty), address) };
    view.index(3).unwrap().write(&2.5.into()).unwrap();
    assert_eq!(view.read().unwrap(), floats([1.0, 0.0, 0.0, 2.5]));
    let error = view.index(4).unwrap_err().to_string();
    assert!(error.contains("index 4 is outside its 4 elements"), "{error}");
}

#[test]
fn what_is_no_vector_is_refused() {
    let native = Native::compiled();
    let place = "parameter 1 'v' of type";
    for (function, arg, expected) in [
        ("echo_float4", v(1), format!("{place} 'float4' takes an array of its numbers, not an integer (1)")),
        (
            "echo_float4",
            v(vec![1, 2, 3, 4, 5]),
            format!("{place} 'float4': 5 elements given, 4 is all it holds"),
        ),
        (
            "echo_uchar8",
            v("text"),
            format!("{place} 'uchar8' takes an array of its numbers, not text (\"text\")"),
        ),
    ] {
        assert_eq!(native.refusal(function, &[arg]), expected);
    }
    let refusal = native.refusal("echo_uchar8", &[v(vec![1, 256])]);
    assert!(refusal.contains("element [1]") && refusal.contains("0 to 255"), "{refusal}");
}
