//! Numbers, characters and enumerations beyond the round trip.

use pinvoke::downcall::Arg;
use pinvoke::value::{LongDouble, Value};
use pinvoke_abi::target::Target;

use crate::harness::{Native, v};

#[test]
fn numbers_are_accepted_in_the_forms_that_people_write() {
    let native = Native::compiled();
    let ret = |function, value: Value| native.ret(function, &[Arg::Value(value)]);
    assert_eq!(ret("echo_int", Value::Float(3.0)), Value::Int(3));
    assert_eq!(ret("echo_int", Value::Bool(true)), Value::Int(1));
    assert_eq!(ret("echo_int", Value::Char('a')), Value::Int(97));
    assert_eq!(ret("echo_double", Value::Int(-3)), Value::Float(-3.0));
    assert_eq!(ret("echo_char", Value::Text("z".into())), Value::Char('z'));
    let high = if Target::HOST.char_signed() { -56 } else { 200 };
    assert_eq!(ret("echo_char", Value::Int(200)), Value::Int(high));
    assert_eq!(ret("echo_bool", Value::Int(1)), Value::Bool(true));
    assert_eq!(ret("echo_wchar", Value::Text("é".into())), Value::Char('é'));
    assert_eq!(ret("echo_complex", Value::Float(2.0)), Value::Complex(2.0, 0.0));
    assert_eq!(ret("half_the_size", Value::Int(7)), Value::Float(3.5));
    assert_eq!(ret("echo_long_double", Value::Int(5)).to_string(), "5.0");
    assert_eq!(native.ret("all_ones", &[]), Value::Int(-1));
}

#[test]
fn enumerations_take_names() {
    let native = Native::compiled();
    let color = |name: &str| native.ret("echo_color", &[v(name)]);
    assert_eq!(color("GREEN"), Value::Enum { name: "GREEN".into(), number: 5 });
    assert_eq!(color("DARK"), Value::Enum { name: "DARK".into(), number: -3 });
    assert_eq!(native.ret("echo_flags", &[v("READ | APPEND")]), Value::Int(9));
}

#[test]
fn a_long_double_has_the_bits_that_the_compiler_gives_it() {
    let native = Native::compiled();
    // LDBL_MAX and LDBL_TRUE_MIN of C11 5.2.4.2.2, as the manual gives them for x87, and for quadruple precision.
    let [third, max, min] = if cfg!(any(target_arch = "x86_64", target_arch = "x86")) {
        [
            "0.333333333333333333342",
            "1.18973149535723176502126385303097021e+4932",
            "3.64519953188247460252840593361941982e-4951",
        ]
    } else {
        [
            "0.333333333333333333333333333333333317",
            "1.18973149535723176508575932662800702e+4932",
            "6.47517511943802511092443895822764655e-4966",
        ]
    }
    .map(|text| text.parse::<LongDouble>().unwrap());
    assert_eq!(native.ret("one_third", &[]), Value::LongDouble(third));
    assert_eq!(native.ret("is_one_third", &[Arg::Value(Value::LongDouble(third))]), Value::Int(1));
    // A double is too coarse to be a third of a long double.
    assert_eq!(native.ret("is_one_third", &[v(1.0 / 3.0)]), Value::Int(0));
    assert_eq!(native.ret("long_double_max", &[]), Value::LongDouble(max));
    assert_eq!(native.ret("long_double_min_subnormal", &[]), Value::LongDouble(min));
}

/// That of Windows knows no `long double` but `double`.
#[cfg(not(windows))]
#[test]
fn long_doubles_read_and_print_as_the_c_library_does() {
    let libc = Native::system("libc");
    let texts = [
        "0",
        "1",
        "-1",
        "0.1",
        "123456789.987654321",
        "1e21",
        "1e-7",
        "2.5e4931",
        "1e-4940",
        "7e-4951",
        "1.5e300",
        "9223372036854775807",
        "18446744073709551615",
        "18446744073709551617",
        "0.000030517578125",
        "3.14159265358979323846264338327950288",
        "179769313486231570814527423731704356798070e267",
        "5e-324",
    ];
    for text in texts {
        let strtold =
            libc.ret("long double strtold(const char *s, char **end)", &[v(text), Arg::Value(Value::Null)]);
        let ours: LongDouble = text.parse().unwrap();
        assert_eq!(strtold, Value::LongDouble(ours), "{text}");
        // What is printed reads back as the same number, here and in C.
        let shown = ours.to_string();
        assert_eq!(shown.parse::<LongDouble>().unwrap(), ours, "{text}: {shown}");
        let back = libc
            .ret("long double strtold(const char *s, char **end)", &[v(&*shown), Arg::Value(Value::Null)]);
        assert_eq!(back, strtold, "{text}: {shown}");
    }
}

#[cfg(not(windows))]
#[test]
fn long_doubles_round_to_doubles_as_the_compiler_does() {
    let libm = Native::system("libm.so.6");
    let ties = [
        "1.00000000000000011102230246251565404236316680908203125", // halfway above 1: to even
        "1.00000000000000033306690738754696212708950042724609375", // halfway, to even upwards
        "1.7976931348623158e308",
        "1.8e308",
        "4.9e-324",
        "2.4703282292062328e-324",
        "1e-320",
        "-2.5e-310",
    ];
    for text in ties {
        let number: LongDouble = text.parse().unwrap();
        // scalbl(x, 0) is x; converting the result of a cast is done by the C library's own strtod.
        let exact: f64 = text.parse().unwrap();
        let same = libm
            .ret("long double scalbnl(long double x, int n)", &[Arg::Value(Value::LongDouble(number)), v(0)]);
        assert_eq!(same, Value::LongDouble(number));
        // Rounding twice may differ from rounding once only on a tie of the first rounding; none of these is.
        assert_eq!(number.to_f64().to_bits(), exact.to_bits(), "{text}");
    }
}

#[test]
fn every_double_is_a_long_double_and_back() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let double = f64::from_bits(state);
        let long = LongDouble::from(double);
        if double.is_nan() {
            assert!(long.is_nan() && long.to_f64().is_nan());
        } else {
            assert_eq!(long.to_f64().to_bits(), state, "{double:e}");
        }
    }
    for double in [5e-324, f64::MIN_POSITIVE, 0.0, -0.0, f64::MAX, f64::INFINITY] {
        assert_eq!(LongDouble::from(double).to_f64().to_bits(), double.to_bits());
    }
}

#[test]
fn long_doubles_and_integers_convert_exactly_or_not_at_all() {
    for n in [0, 1, -1, i128::from(u64::MAX), i128::from(i64::MIN), 1 << 100, -(3 << 90)] {
        assert_eq!(LongDouble::from_i128(n).and_then(LongDouble::to_i128), Some(n));
    }
    let precision = if cfg!(any(target_arch = "x86_64", target_arch = "x86")) { 64 } else { 113 };
    assert_eq!(LongDouble::from_i128((1 << precision) + 1), None);
    assert_eq!("0.5".parse::<LongDouble>().unwrap().to_i128(), None);
    for bad in ["", ".", "e5", "1e", "0x1", "1..2", "--1", "1e5x", "nanx"] {
        assert!(bad.parse::<LongDouble>().is_err(), "{bad}");
    }
}
