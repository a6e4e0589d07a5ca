//! Literals, each with the value that C gives the same text where C has it.

use super::{Literal, parse};

fn literal(text: &str) -> Literal {
    parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}")).literal
}

fn int(text: &str) -> i128 {
    match literal(text) {
        Literal::Int { negative, magnitude, .. } => {
            let magnitude = i128::try_from(magnitude).unwrap();
            if negative { -magnitude } else { magnitude }
        }
        other => panic!("{text}: {other:?}"),
    }
}

fn float(text: &str) -> f64 {
    match literal(text) {
        Literal::Float { value, .. } => value,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn integers_of_every_base() {
    let cases = [
        ("0", 0),
        ("42", 42),
        ("-7", -7),
        ("+7", 7),
        ("0x2a", 42),
        ("0X2A", 42),
        ("-0x80", -128),
        ("052", 42),
        ("0o52", 42),
        ("0b101010", 42),
        ("1_000_000", 1_000_000),
        ("0xffUL", 255),
        ("18446744073709551615ull", 18_446_744_073_709_551_615),
    ];
    for (text, value) in cases {
        assert_eq!(int(text), value, "{text}");
    }
    assert!(matches!(
        literal("340282366920938463463374607431768211455"),
        Literal::Int { magnitude: u128::MAX, .. }
    ));
}

#[test]
fn integers_that_are_none() {
    for (text, message) in [
        ("08", "'8' is no octal digit"),
        ("0x", "expected hexadecimal digits"),
        ("0xg", "'g' is no hexadecimal digit"),
        ("12ab", "'a' is no decimal digit"),
        ("340282366920938463463374607431768211456", "the number does not fit 128 bits"),
        ("1lul", "'lul' is no suffix of an integer"),
    ] {
        assert_eq!(parse(text).unwrap_err().message, message, "{text}");
    }
}

#[test]
fn floating_point() {
    // The hexadecimal ones are exact by definition: 0x1.8p3 = 1.5 * 8.
    let cases = [
        ("1.5", 1.5),
        ("-2e10", -2e10),
        ("1e-5", 1e-5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1.5f", 1.5),
        ("0x1.8p3", 12.0),
        ("-0x1p-1", -0.5),
        ("0x1.fffffffffffffp1023", f64::MAX),
        ("0x1p-1074", 5e-324),
        ("0x0.8p-1074", 0.0),
        ("0x1.8p-1074", 1e-323),
        ("0x1p2000", f64::INFINITY),
        ("inf", f64::INFINITY),
        ("-inf", f64::NEG_INFINITY),
    ];
    for (text, value) in cases {
        assert_eq!(float(text).to_bits(), f64::to_bits(value), "{text}: {} for {value}", float(text));
    }
    assert!(float("nan").is_nan());
    // Ties go to even: 2^53 + 1 lies between 2^53 and 2^53 + 2.
    assert_eq!(float("0x20000000000001.0p0"), 9_007_199_254_740_992.0);
    assert_eq!(float("0x20000000000003.0p0"), 9_007_199_254_740_996.0);
}

#[test]
fn complex_numbers() {
    for (text, re, im) in
        [("1.5+2i", 1.5, 2.0), ("-3i", 0.0, -3.0), ("1e-5-2e+3i", 1e-5, -2e3), ("2-1i", 2.0, -1.0)]
    {
        assert_eq!(literal(text), Literal::Complex(re, im), "{text}");
    }
}

#[test]
fn texts_and_characters() {
    for (text, value) in [
        (r#""a b""#, "a b"),
        (r#""tab\tquote\"back\\""#, "tab\tquote\"back\\"),
        (r#""\x41\101\u{e9}\u00e9""#, "AA\u{e9}\u{e9}"),
        (r#""\0""#, "\0"),
        (r#"L"wide""#, "wide"),
    ] {
        assert_eq!(literal(text), Literal::Text(value.to_owned()), "{text}");
    }
    assert_eq!(literal(r#""\xff""#), Literal::Bytes(vec![0xff]));
    assert_eq!(literal(r#"b"a\x00\xff""#), Literal::Bytes(vec![b'a', 0, 0xff]));
    assert_eq!(literal("'a'"), Literal::Char('a'));
    assert_eq!(literal(r"'\n'"), Literal::Char('\n'));
    assert_eq!(literal(r"'\''"), Literal::Char('\''));
    assert_eq!(literal("'é'"), Literal::Char('é'));
    assert!(parse("'ab'").is_err());
    assert!(parse("''").is_err());
}

#[test]
fn compounds() {
    let Literal::Array(items) = literal("[5, 3,9,]") else { panic!() };
    assert_eq!(items.len(), 3);
    assert_eq!(items[1].span, 4..5);
    let Literal::Struct(members) = literal("{x: 1.5, from: {0, 1}, .z = 'a', 7}") else { panic!() };
    let names: Vec<_> = members.iter().map(|(name, _)| name.as_deref()).collect();
    assert_eq!(names, [Some("x"), Some("from"), Some("z"), None]);
    assert_eq!(literal("out"), Literal::Out { count: None, initial: None });
    assert_eq!(literal("out[0x100]"), Literal::Out { count: Some(256), initial: None });
    assert!(matches!(literal("out[8] = \"a\""), Literal::Out { count: Some(8), initial: Some(_) }));
    assert!(matches!(literal("&5"), Literal::AddressOf(_)));
    let Literal::Cast { ty, value, .. } = literal("(int (*)(int)) 5") else { panic!() };
    assert_eq!((ty.as_str(), matches!(value.literal, Literal::Int { .. })), ("int (*)(int)", true));
    let Literal::Struct(members) = literal("{f: |a, b| max([a, b], `},${a}`), n: 1}") else { panic!() };
    assert_eq!(members[0].1.literal, Literal::Callback("|a, b| max([a, b], `},${a}`)".to_owned()));
    assert_eq!(members.len(), 2);
    assert_eq!(literal("null"), Literal::Null);
    assert_eq!(literal("true"), Literal::Bool(true));
    assert_eq!(literal("O_RDONLY"), Literal::Name("O_RDONLY".to_owned()));
}

#[test]
fn errors_point_at_the_place() {
    for (text, message, span) in [
        ("[1, 2", "expected ',' or ']', found the end", 5..5),
        ("[1 2]", "expected ',' or ']', found '2'", 3..4),
        ("{x: }", "expected a value, found '}'", 4..5),
        ("{x: 1, x: 2}", "'x' is given twice", 7..8),
        ("\"abc", "this \" is never closed", 0..1),
        ("(int 5", "this '(' is never closed", 0..1),
        ("5 6", "expected the end of the argument", 2..3),
        ("", "expected a value, found the end", 0..0),
        (r#""\q""#, r"'\q' is no escape", 1..3),
        ("out[x]", "expected the number of elements, such as out[256]", 4..5),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.span), (message, span), "{text}");
    }
}

#[test]
fn no_text_panics_or_overflows_the_stack() {
    assert!(parse(&"[".repeat(100_000)).is_err());
    assert!(parse(&"&".repeat(100_000)).is_err());
    assert!(parse(&"(".repeat(100_000)).is_err());
    assert!(parse(&"{a:".repeat(100_000)).is_err());
    assert!(parse(&"(x)".repeat(100_000)).is_err());
    for text in ["[|", "[||", "[|a| \"", "[|a| `\\`", "[|a| }", "{f: |a| (]"] {
        assert!(parse(text).is_err(), "{text}");
    }
    // Every prefix of a text with everything in it, and every text of two odd characters.
    let all = r#"[{x: -0x1.8p-3+2i, y: "\u{e9}\x41", 'é', out[1_0] = &null}, (a (*)[3]) b"z"]"#;
    for (i, _) in all.char_indices() {
        let _ = parse(&all[..i]);
        let _ = parse(&all[i..]);
    }
    let odd: Vec<char> = "[]{}()&\"'\\-+.0x9eipfub_aé:=,out\u{fdd0}".chars().collect();
    for a in &odd {
        for b in &odd {
            for c in &odd {
                let _ = parse(&format!("{a}{b}{c}"));
            }
        }
    }
}
