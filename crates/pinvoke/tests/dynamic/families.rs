//! The table of facts, row by row: every family that travels in both directions comes back as it went.

use std::ffi::{c_long, c_ulong};

use pinvoke::downcall::Arg;
use pinvoke::value::{LongDouble, Pointer, Value};
use pinvoke_abi::target::Target;
use pinvoke_decl::marshaller::{Direction, Marshaller, Native as Travels};

use crate::harness::{Native, VECTORS, WIDE, structure, v};

/// A `wchar_t` that is no character: nothing but ones, signed where `wchar_t` is; on Windows half a pair.
const HIGH_WCHAR: i128 = match (Target::HOST.os.is_windows(), Target::HOST.wchar_signed()) {
    (true, _) => 0xD800,
    (false, true) => -1,
    (false, false) => 0xFFFF_FFFF,
};

/// A letter of one unit of `wchar_t`, which has 2 bytes on Windows.
const HIGH_LETTER: char = if cfg!(windows) { '日' } else { '😀' };

/// The `char` of eight ones: signed where `char` is.
const HIGH_CHAR: i128 = if Target::HOST.char_signed() { -1 } else { 255 };

/// Functions of `native.c` that return their argument, and values that they must return unchanged.
fn echoes() -> Vec<(&'static str, Vec<Value>)> {
    let ints = |ns: &[i128]| ns.iter().map(|n| Value::Int(*n)).collect();
    let floats = |ns: &[f64]| ns.iter().map(|n| Value::Float(*n)).collect();
    let mut all = vec![
        ("echo_bool", vec![true.into(), false.into()]),
        (
            "echo_char",
            vec![Value::Char('a'), Value::Char(' '), Value::Char('\n'), Value::Int(0), Value::Int(HIGH_CHAR)],
        ),
        ("echo_schar", ints(&[-128, 0, 127])),
        ("echo_uchar", ints(&[0, 255])),
        ("echo_short", ints(&[-32768, 32767])),
        ("echo_ushort", ints(&[0, 65535])),
        ("echo_int", ints(&[i32::MIN.into(), -1, 0, i32::MAX.into()])),
        ("echo_uint", ints(&[0, u32::MAX.into()])),
        ("echo_long", ints(&[c_long::MIN.into(), -1, c_long::MAX.into()])),
        ("echo_ulong", ints(&[0, c_ulong::MAX.into()])),
        ("echo_llong", ints(&[i64::MIN.into(), i64::MAX.into()])),
        ("echo_ullong", ints(&[0, u64::MAX.into()])),
        ("echo_int128", ints(&[i128::MIN, -1, i128::MAX])),
        ("echo_uint128", vec![Value::Int(i128::MAX), Value::Uint(u128::MAX), Value::Int(0)]),
        (
            "echo_wchar",
            vec![Value::Char('ä'), Value::Char(HIGH_LETTER), Value::Int(HIGH_WCHAR), Value::Int(0)],
        ),
        ("echo_float", floats(&[0.0, -1.5, f64::INFINITY, f64::from(f32::MAX)])),
        ("echo_double", floats(&[0.1, -0.0, f64::MAX, f64::MIN_POSITIVE, f64::NEG_INFINITY])),
        (
            "echo_long_double",
            ["0.1", "-1e4000", "3.6e-4951", "18446744073709551615.0", "inf"]
                .map(|t| Value::LongDouble(t.parse::<LongDouble>().unwrap()))
                .to_vec(),
        ),
        ("echo_complex_float", vec![Value::Complex(1.5, -2.5)]),
        ("echo_complex", vec![Value::Complex(0.1, 1e300)]),
        ("echo_complex_long", vec![Value::Complex(0.1, -3.0)]),
        (
            "echo_color",
            vec![
                Value::Enum { name: "BLUE".into(), number: 6 },
                Value::Enum { name: "DARK".into(), number: -3 },
                Value::Int(77),
            ],
        ),
        (
            "echo_pointer",
            vec![Value::Null, Value::Pointer(Pointer::new(0x1234)), Value::Pointer(Pointer::new(usize::MAX))],
        ),
        ("echo_handle", vec![Value::Null, Value::Pointer(Pointer::new(0x10))]),
        (
            "echo_mixed",
            vec![structure([
                ("c", Value::Char('x')),
                ("f", 0.5.into()),
                ("l", (-1_i64).into()),
                ("s", 7.into()),
            ])],
        ),
        (
            "echo_big",
            vec![structure([
                ("a", 1.into()),
                ("b", (-2).into()),
                ("c", i64::MAX.into()),
                ("p", structure([("x", 1.5.into()), ("y", (-1.5).into())])),
            ])],
        ),
        (
            "echo_bits",
            vec![
                structure([
                    ("a", 7.into()),
                    ("b", (-16).into()),
                    ("c", ((1_i64 << 40) - 1).into()),
                    ("d", true.into()),
                ]),
                structure([("a", 0.into()), ("b", 15.into()), ("c", 0.into()), ("d", false.into())]),
            ],
        ),
        ("echo_packed", vec![structure([("c", Value::Char('p')), ("i", (-5).into()), ("d", 0.25.into())])]),
        ("echo_union", vec![structure([("i", 0.into()), ("d", 1.0.into())])]),
        ("echo_operation", vec![Value::Null]),
    ];
    if VECTORS {
        all.push(("echo_float4", vec![floats(&[0.5, -0.0, f64::INFINITY, 1e9]).into()]));
        all.push(("echo_uchar8", vec![ints(&[0, 1, 2, 3, 252, 253, 254, 255]).into()]));
    }
    all.retain(|(name, _)| WIDE || !name.ends_with("int128"));
    all
}

#[test]
fn values_come_back_as_they_went() {
    let native = Native::compiled();
    for (function, values) in echoes() {
        for value in values {
            let returned = native.ret(function, &[Arg::Value(value.clone())]);
            assert_eq!(returned, value, "{function}");
            // -0.0 equals 0.0, but must come back as it went.
            assert_eq!(returned.to_string(), value.to_string(), "{function}");
        }
    }
}

#[test]
fn every_family_that_is_returned_as_it_went_is_tried() {
    let native = Native::compiled();
    let tried: Vec<Marshaller> = echoes()
        .iter()
        .map(|(function, _)| {
            let function = native.unit.function(function).unwrap();
            Marshaller::of(&function.types, function.ty.ret)
        })
        .collect();
    for family in Marshaller::ALL {
        let facts = family.facts();
        let by_value = facts.native == Travels::Value || !facts.directions.contains(&Direction::InOut);
        // `void` has no value, and C passes no array by value; those have tests of their own.
        let here = VECTORS || family != Marshaller::Vector;
        let exempt = !here || matches!(family, Marshaller::Void | Marshaller::Array);
        if by_value && !exempt {
            assert!(tried.contains(&family), "no echo function for {family:?} ({})", facts.types);
        }
    }
}

#[test]
fn the_facts_name_every_family_once() {
    let names: std::collections::HashSet<_> = Marshaller::ALL.iter().map(|m| m.facts().name).collect();
    assert_eq!(names.len(), Marshaller::ALL.len());
}

#[test]
fn every_way_to_call_agrees() {
    use pinvoke::downcall::DowncallOptions;
    let native = Native::compiled();
    for &tier in crate::support::tiers() {
        for capture in [true, false] {
            let options = DowncallOptions { tier, capture, ..DowncallOptions::default() };
            let point = structure([("x", 1.5.into()), ("y", 2.into())]);
            let outcome = native.call_with("mirror", &[v(point)], options).unwrap();
            assert_eq!(outcome.ret.to_string(), "{x: 2.0, y: 1.5}");
            assert_eq!(outcome.last_error.is_some(), capture);
        }
    }
}
