//! Arguments that are refused, and what is said about them. Nothing is called.

use pinvoke::downcall::Arg;
use pinvoke::value::{Pointer, Value};

use crate::harness::{Native, WIDE, structure, v};

/// Prototype or function, arguments, message.
fn check(cases: &[(&str, &[Arg], &str)]) {
    let native = Native::compiled();
    for (function, args, expected) in cases {
        assert_eq!(native.refusal(function, args), *expected, "{function}");
    }
}

#[test]
fn wrong_number_of_arguments() {
    check(&[
        (
            "sum_and_add",
            &[v(1)],
            "'sum_and_add' takes 2 arguments, 1 given: int sum_and_add(int *values, int n)",
        ),
        ("static_text", &[v(1)], "'static_text' takes 0 arguments, 1 given: const char *static_text(void)"),
        ("echo_int", &[], "'echo_int' takes 1 argument, 0 given: int echo_int(int v)"),
        ("sum_longs", &[], "'sum_longs' takes 1 argument or more, 0 given: long long sum_longs(int n, ...)"),
    ]);
}

#[cfg(target_pointer_width = "64")]
#[test]
fn integers_of_128_bits_that_do_not_fit() {
    check(&[(
        "echo_int128",
        &[Arg::Value(Value::Uint(u128::MAX))],
        "340282366920938463463374607431768211455 does not fit parameter 1 'v' of type '__int128' \
         (-170141183460469231731687303715884105728 to 170141183460469231731687303715884105727)",
    )]);
}

#[test]
fn integers_that_do_not_fit() {
    let place = "parameter 1 'v' of type";
    check(&[
        ("echo_uchar", &[v(300)], &format!("300 does not fit {place} 'unsigned char' (0 to 255)")),
        ("echo_uint", &[v(-1)], &format!("-1 does not fit {place} 'unsigned int' (0 to 4294967295)")),
        ("echo_schar", &[v(128)], &format!("128 does not fit {place} 'signed char' (-128 to 127)")),
        ("echo_char", &[v(256)], &format!("256 does not fit {place} 'char' (-128 to 255)")),
        (
            "echo_char",
            &[Arg::Value(Value::Char('€'))],
            &format!("'€' does not fit {place} 'char' (-128 to 255)"),
        ),
        ("echo_bool", &[v(2)], &format!("2 does not fit {place} '_Bool' (true, false, 0 or 1)")),
        (
            "half_the_size",
            &[v(-1)],
            &format!("-1 does not fit parameter 1 'n' of type 'size_t' (0 to {})", usize::MAX),
        ),
        (
            "echo_bits",
            &[v(structure([("a", 8.into())]))],
            "8 does not fit member 'a' of parameter 1 'v' of type 'unsigned int' (3 bits: 0 to 7)",
        ),
        (
            "sum_and_add",
            &[v(vec![Value::Int(1), Value::Int(1 << 40)]), v(2)],
            "1099511627776 does not fit element [1] of parameter 1 'values' of type 'int' (-2147483648 to \
             2147483647)",
        ),
        ("echo_float", &[v(1e39)], &format!("1e39 does not fit {place} 'float' (up to 3.4028235e38)")),
        (
            "echo_float",
            &[v(16_777_217)],
            &format!("{place} 'float': 16777217 cannot be represented exactly as a float"),
        ),
        (
            "echo_double",
            &[v((1_i64 << 53) + 1)],
            &format!("{place} 'double': 9007199254740993 cannot be represented exactly as a double"),
        ),
    ]);
}

#[test]
fn values_of_the_wrong_kind() {
    let place = "parameter 1 'v' of type";
    check(&[
        ("echo_int", &[v("five")], &format!("{place} 'int' takes an integer, not text (\"five\")")),
        ("echo_int", &[v(1.5)], &format!("{place} 'int': 1.5 is not a whole number that it can hold")),
        ("echo_int", &[v(1e40)], &format!("{place} 'int': 1e40 is not a whole number that it can hold")),
        ("echo_int", &[Arg::Value(Value::Null)], &format!("{place} 'int' takes an integer, not null")),
        ("echo_double", &[v("1")], &format!("{place} 'double' takes a number, not text (\"1\")")),
        ("echo_bool", &[v("yes")], &format!("{place} '_Bool' takes true, false, 0 or 1, not text (\"yes\")")),
        (
            "echo_char",
            &[v("ab")],
            &format!("{place} 'char' takes an integer or one character, not text (\"ab\")"),
        ),
        (
            "mirror",
            &[Arg::Value(Value::Null)],
            "parameter 1 'p' of type 'struct point' takes a structure {member: value, ...}, not null",
        ),
        (
            "echo_complex",
            &[v("i")],
            &format!("{place} 'double _Complex' takes a number or a complex number, not text (\"i\")"),
        ),
        (
            "text_length",
            &[v(5)],
            "parameter 1 'text' of type 'const char *' takes text, bytes, an array of characters, null, an address \
             or a buffer (out[N]), not an integer (5)",
        ),
        (
            "echo_handle",
            &[v("engine")],
            &format!(
                "{place} 'engine *' takes null or an address that the library gave out, not text (\"engine\")"
            ),
        ),
        (
            "in_out",
            &[v(5)],
            "parameter 1 'n' of type 'int *': 5 is not an address; for a pointer to the value 5 give [5]",
        ),
        (
            "dot",
            &[v(1.5), v(vec![1]), v(1)],
            "parameter 1 'a' of type 'const double *': for a pointer to the value 1.5 give an array of one, [1.5]",
        ),
        (
            "echo_pointer",
            &[v(vec![1, 2])],
            &format!(
                "{place} 'void *': the type of the elements is not declared; state one, as in (int *) [1, 2]"
            ),
        ),
        (
            "total_length",
            &[v(vec![Value::from("ok"), Value::Float(0.5)]), v(2)],
            "element [1] of parameter 1 'texts' of type 'const char *const' takes text, bytes, an array of characters, \
             null, an address or a buffer (out[N]), not a floating-point number (0.5)",
        ),
    ]);
}

#[test]
fn enumerations_name_what_they_have() {
    check(&[
        (
            "echo_color",
            &[v("GREN")],
            "parameter 1 'v' of type 'enum color': it has no constant 'GREN'; did you mean 'GREEN'?",
        ),
        (
            "echo_color",
            &[v("purple")],
            "parameter 1 'v' of type 'enum color': it has no constant 'purple'; it has RED, GREEN, BLUE, DARK",
        ),
        (
            "echo_color",
            &[v(1.5)],
            "parameter 1 'v' of type 'enum color' takes the name of a constant or an integer, not a floating-point \
             number (1.5)",
        ),
    ]);
}

#[test]
fn text_with_a_null_inside() {
    let null = "the text has a null character at byte 2, where a C string ends; give bytes to pass it all";
    check(&[
        ("text_length", &[v("ab\0c")], &format!("parameter 1 'text' of type 'const char *': {null}")),
        ("upper_in_place", &[v("ab\0c")], &format!("parameter 1 'text' of type 'char *': {null}")),
        ("wide_length", &[v("ab\0c")], &format!("parameter 1 'text' of type 'const wchar_t *': {null}")),
        ("echo_pointer", &[v("ab\0c")], &format!("parameter 1 'v' of type 'void *': {null}")),
        (
            "birthday",
            &[v(structure([("name", "ab\0c".into())]))],
            &format!("member 'name' of parameter 1 'p' of type 'char *': {null}"),
        ),
    ]);
}

#[test]
fn structures_and_their_members() {
    fn given<const N: usize>(fields: [(&str, Value); N]) -> Arg {
        v(structure(fields))
    }
    check(&[
        (
            "birthday",
            &[given([("naem", "x".into())])],
            "parameter 1 'p' of type 'struct person': it has no member 'naem'; did you mean 'name'?",
        ),
        (
            "birthday",
            &[given([("title", "x".into())])],
            "parameter 1 'p' of type 'struct person': it has no member 'title'; its members are name, age",
        ),
        (
            "mirror",
            &[given([("x", 1.into()), ("x", 2.into())])],
            "parameter 1 'p' of type 'struct point': member 'x' is given twice",
        ),
        (
            "mirror",
            &[v(vec![1, 2, 3])],
            "parameter 1 'p' of type 'struct point': 3 values given, it has 2 members",
        ),
        (
            "echo_union",
            &[given([("i", 1.into()), ("d", 0.1.into())])],
            "parameter 1 'v' of type 'union number': member 'd' contradicts one given before it; give one",
        ),
        (
            "echo_big",
            &[given([("p", structure([("x", "far".into())]))])],
            "member 'x' of member 'p' of parameter 1 'v' of type 'double' takes a number, not text (\"far\")",
        ),
        (
            "rotate_named",
            &[given([("numbers", vec![1, 2, 3, 4].into())])],
            "member 'numbers' of parameter 1 'v' of type 'int[3]': 4 elements given, 3 is all it holds",
        ),
        (
            "rotate_named",
            &[given([("name", "sixteen letters!".into())])],
            "member 'name' of parameter 1 'v' of type 'char[16]': the text has 16 units, 15 fit with the null \
             behind them; give bytes to fill it",
        ),
    ]);
}

#[test]
fn buffers_that_cannot_be() {
    check(&[
        (
            "upper_in_place",
            &[Arg::Out(None)],
            "parameter 1 'text' of type 'char *': how large the buffer is must be said, as in out[256]",
        ),
        (
            "echo_int",
            &[Arg::Out(None)],
            "parameter 1 'v' of type 'int': it cannot be out, as it is no pointer; it takes an integer or a \
             character",
        ),
        (
            "text_length",
            &[Arg::Out(Some(8))],
            "parameter 1 'text' of type 'const char *': it cannot be out, as what it points at is const; it takes \
             text, bytes, an array of characters, null, an address or a buffer (out[N])",
        ),
        (
            "echo_handle",
            &[Arg::Out(None)],
            "parameter 1 'v' of type 'engine *': it cannot be out, as the size of what it points at is not \
             declared; it takes null or an address that the library gave out",
        ),
        (
            "no_change",
            &[Arg::Out(Some(u64::MAX))],
            "parameter 1 'values' of type 'int *': 18446744073709551615 elements of 4 bytes exceed the address \
             space",
        ),
        (
            "no_change",
            &[Arg::Out(Some(if WIDE { 1 << 60 } else { 1 << 29 }))],
            if WIDE {
                "parameter 1 'values' of type 'int *': there is no memory for 4611686018427387904 bytes"
            } else {
                "parameter 1 'values' of type 'int *': 536870912 elements of 4 bytes exceed the address space"
            },
        ),
    ]);
}

#[test]
fn stated_types_must_agree() {
    let native = Native::compiled();
    let typed = |ty: &str, arg: Arg| Arg::Typed(native.ty(ty), Box::new(arg));
    check(&[
        (
            "echo_int",
            &[typed("short", v(70_000))],
            "70000 does not fit parameter 1 'v' of type 'short' (-32768 to 32767)",
        ),
        (
            "echo_int",
            &[typed("int *", v(vec![1]))],
            "parameter 1 'v' is declared as 'int', which is not the stated type 'int *'",
        ),
        ("echo_int", &[typed("int", typed("int", v(1)))], "parameter 1 'v' has two stated types; state one"),
    ]);
    assert_eq!(native.ret("echo_int", &[typed("long", v(5))]), Value::Int(5));
}

#[test]
fn an_address_is_taken_for_any_pointer() {
    let native = Native::compiled();
    let text = native.call("static_text", &[]).unwrap();
    let address = text.ret_address.unwrap().address();
    let pointer = Arg::Value(Value::Pointer(Pointer::new(address)));
    assert_eq!(native.ret("text_length", &[pointer]), Value::Int(5));
    assert_eq!(native.ret("text_length", &[v(address as u64)]), Value::Int(5));
}

#[test]
fn prototypes_without_a_call_are_refused() {
    let native = Native::compiled();
    // An incomplete structure by value is found out by the declaration already.
    let mut unit = native.unit.clone();
    assert!(unit.parse_prototype("struct nowhere f(void)").is_err());
    assert!(unit.parse_prototype("int f(struct nowhere s)").is_err());
}

#[test]
fn values_nested_without_end() {
    let native = Native::compiled();
    let mut node = structure([("value", 1.into())]);
    for _ in 0..1000 {
        node = structure([("value", 1.into()), ("next", node)]);
    }
    let refused = native.refusal("sum_list", &[v(node)]);
    assert!(refused.ends_with("values nested more than 200 deep cannot be passed"), "{refused}");
}

#[test]
fn types_larger_than_memory() {
    let native = Native::compiled();
    let huge = |ty: &str| Arg::Typed(native.ty(ty), Box::new(v(structure([("first", 1.into())]))));
    let ty = "struct { int first; char rest[0xfffffffffffff00]; } *";
    let refused = native.refusal("echo_pointer", &[huge(ty)]);
    let expected = if WIDE { "1152921504606846" } else { "4294967295" };
    assert!(refused.contains(&format!("there is no memory for {expected}")), "{refused}");
    let view_error = {
        let mut memory = [0_u8; 16];
        // SAFETY: nothing is read, for lack of memory to read it to.
        unsafe { pinvoke::value::View::new(native.ty("char *"), memory.as_mut_ptr().cast()) }
            .bytes(usize::MAX / 4)
            .unwrap_err()
    };
    assert_eq!(view_error.to_string(), "value: is null");
}
