//! Variables of a library, and arguments for `...`.

use pinvoke::downcall::Arg;
use pinvoke::value::{TypeRef, Value, View};

use crate::harness::{Native, callback, changes, int, structure, v};

fn variable(native: &Native, name: &str) -> View {
    let declared = native.unit.variable(name).unwrap();
    let address = native.library.entry_point(name).unwrap().data();
    // SAFETY: the declaration is that of the compiled variable.
    unsafe { View::new(TypeRef::new(&declared.types, declared.ty), address) }
}

#[test]
fn variables_are_read_and_written() {
    let native = Native::compiled();
    assert_eq!(variable(&native, "version").read().unwrap(), Value::Int(31));
    assert_eq!(variable(&native, "greeting").read().unwrap(), Value::Text("hello".into()));
    assert_eq!(variable(&native, "fixed").read().unwrap(), Value::Text("fixed".into()));
    assert_eq!(variable(&native, "paint").read().unwrap().to_string(), "GREEN (5)");
    assert!(matches!(variable(&native, "current").read().unwrap(), Value::Function(_)));

    let origin = variable(&native, "origin");
    assert_eq!(origin.read().unwrap().to_string(), "{x: 0.5, y: -0.5}");
    origin.field("x").unwrap().write(&3.into()).unwrap();
    assert_eq!(origin.read().unwrap().to_string(), "{x: 3.0, y: -0.5}");
    let counter = variable(&native, "counter");
    counter.write(&Value::Int(-8)).unwrap();
    assert_eq!(counter.read().unwrap(), Value::Int(-8));
    let fixed = variable(&native, "fixed");
    fixed.write(&"other".into()).unwrap();
    assert_eq!(fixed.text().unwrap(), Value::Text("other".into()));
    assert_eq!(fixed.index(4).unwrap().read().unwrap(), Value::Char('r'));
}

#[test]
fn variables_refuse_what_does_not_fit() {
    let native = Native::compiled();
    let message = |r: Result<(), pinvoke::value::ViewError>| r.unwrap_err().to_string();
    assert_eq!(message(variable(&native, "version").write(&1.into())), "value: it is const ('const int')");
    let fixed = variable(&native, "fixed");
    assert_eq!(
        message(fixed.write(&"sixteen letters!".into())),
        "value: the place of type 'char[16]': the text has 16 units, 15 fit with the null behind them; give \
         bytes to fill it"
    );
    assert_eq!(fixed.index(16).unwrap_err().to_string(), "value: index 16 is outside its 16 elements");
    assert_eq!(message(fixed.write_bytes(&[0; 17])), "value: 17 bytes given, 16 is all it holds");
    let greeting = variable(&native, "greeting");
    assert_eq!(message(greeting.write_bytes(b"x")), "value: it is const ('const char *')");
    assert!(message(greeting.index(0).unwrap().write(&Value::Char('x'))).contains("it is const"));
}

#[test]
fn arguments_behind_the_named_ones() {
    let native = Native::compiled();
    let long = |n: i64| Arg::Typed(native.ty("long long"), Box::new(v(n)));
    assert_eq!(
        native.ret("sum_longs", &[v(3), long(1), long(-2), v(1_i64 << 40)]),
        Value::Int((1 << 40) - 1)
    );
    assert_eq!(native.ret("sum_longs", &[v(0)]), Value::Int(0));
    let many: Vec<Arg> = std::iter::once(v(12)).chain((1..=12).map(|n| v(f64::from(n) / 2.0))).collect();
    assert_eq!(native.ret("sum_doubles", &many), Value::Float(39.0));
    let point = |x: f64, y: f64| {
        Arg::Typed(native.ty("struct point"), Box::new(v(structure([("x", x.into()), ("y", y.into())]))))
    };
    assert_eq!(native.ret("sum_points", &[v(2), point(1.0, 2.0), point(3.0, 4.0)]), Value::Float(14.0));
}

#[test]
fn every_kind_of_variable_argument() {
    let native = Native::compiled();
    let typed = |ty: &str, arg: Arg| Arg::Typed(native.ty(ty), Box::new(arg));
    let times = callback(|args| Ok(Value::Int(int(&args.value(0)?) * int(&args.value(1)?))));
    let outcome = native
        .call(
            "describe",
            &[
                Arg::Out(Some(200)),
                v("iuldLsppfai"),
                v(true),
                typed("unsigned char", v(200)),
                v(1_i64 << 33),
                v(0.5),
                Arg::Value(Value::LongDouble("1.5".parse().unwrap())),
                v("txt"),
                Arg::Value(Value::Null),
                Arg::Value(Value::Bytes(vec![1])),
                typed("operation", times),
                typed("int[2]", v(vec![7, 8])),
                typed("enum color", v("BLUE")),
            ],
        )
        .unwrap();
    let expected = "i1;u200;l8589934592;d0.5;L1.5;stxt;pnull;pset;f60;a7,8;i6;";
    let changed: Vec<_> = outcome.changed.iter().map(|c| (c.index, c.value.to_string())).collect();
    assert_eq!(changed, [(0, format!("{expected:?}")), (11, "[99, 8]".to_owned())]);
    assert_eq!(outcome.ret, Value::Int(expected.len().try_into().unwrap()));
    assert_eq!(changes(&outcome)[1].0, "?");
}

#[test]
fn variable_arguments_that_cannot_be() {
    let native = Native::compiled();
    let refused = |arg: Arg| native.refusal("sum_longs", &[v(1), arg]);
    assert_eq!(
        refused(v(vec![1])),
        "argument 2 (variable): what an array is passed as must be stated, as in (int *) [1, 2]"
    );
    assert_eq!(
        refused(Arg::Out(None)),
        "argument 2 (variable) needs a stated type to be out, as in (int *) out"
    );
    assert!(refused(v("a\0b")).contains("null character at byte 1"));
    let typed = Arg::Typed(native.ty("short"), Box::new(v(40_000)));
    assert_eq!(refused(typed), "40000 does not fit argument 2 (variable) of type 'short' (-32768 to 32767)");
    let typed = Arg::Typed(native.ty("int"), Box::new(Arg::Out(None)));
    assert!(refused(typed).contains("cannot be out, as 'int' is no pointer"));
}
