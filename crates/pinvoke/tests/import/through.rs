//! Every scalar family through callbacks: as argument and result, with user data and without, behind a pointer.
#![allow(non_snake_case, reason = "generated names")]

use core::ffi::c_long;
use std::sync::LazyLock;

use pinvoke::dll_import;
use pinvoke::marshal::{Bool32, Complex, Currency, Decimal, Guid, OleDate, VariantBool};

use crate::compiled;

fn library() {
    static COMPILED: LazyLock<()> = LazyLock::new(|| compiled::compile("through"));
    LazyLock::force(&COMPILED);
}

/// Declares the four functions of a family, and sends a value through each: `$change` makes `$to` of `$from`.
macro_rules! through {
    ($test:ident, [$($option:tt)*], $type:ty, $through:literal, $first:literal, $last:literal, $behind:literal,
     $from:expr => $to:expr) => {
        #[test]
        fn $test() {
            #[dll_import("through", search = [directory!()], exact_spelling, $($option)*)]
            unsafe extern "C" {
                #[dll_import(entry_point = $through)]
                safe fn through(f: impl FnMut($type) -> $type, x: $type) -> $type;
                #[dll_import(entry_point = $through)]
                safe fn by_itself(f: impl Fn($type) -> $type + Send + Sync, x: $type) -> $type;
                #[dll_import(entry_point = $first)]
                safe fn first(f: impl FnMut(UserData, $type) -> $type, data: UserData, x: $type) -> $type;
                #[dll_import(entry_point = $last)]
                safe fn last(f: impl FnMut($type, UserData) -> $type, data: UserData, x: $type) -> $type;
                #[dll_import(entry_point = $behind)]
                safe fn behind(f: impl FnMut(Box<$type>) -> $type, x: $type) -> $type;
            }
            library();
            let mut seen = 0;
            let mut change = |x: $type| {
                assert_eq!(x, $from);
                seen += 1;
                $to
            };
            assert_eq!(through(&mut change, $from), $to);
            assert_eq!(first(&mut change, $from), $to);
            assert_eq!(last(&mut change, $from), $to);
            assert_eq!(behind(|x| change(*x), $from), $to);
            assert_eq!(seen, 4);
            assert_eq!(by_itself(|x| if x == $from { $to } else { $from }, $from), $to);
        }
    };
}

through!(
    i8, [], i8, "through_i8", "first_i8", "last_i8", "behind_i8",
    -5 => 6
);
through!(
    u16, [], u16, "through_u16", "first_u16", "last_u16", "behind_u16",
    50_000 => 65_535
);
through!(
    i64, [], i64, "through_i64", "first_i64", "last_i64", "behind_i64",
    i64::MIN => -7
);
through!(
    f32, [], f32, "through_f32", "first_f32", "last_f32", "behind_f32",
    1.5 => -0.25
);
through!(
    f64, [], f64, "through_f64", "first_f64", "last_f64", "behind_f64",
    1.5 => -0.25
);
through!(
    long, [], c_long, "through_long", "first_long", "last_long", "behind_long",
    -5 => 6
);
through!(
    bool, [], bool, "through_bool", "first_bool", "last_bool", "behind_bool",
    true => false
);
through!(
    bool32, [bool = Bool32], bool, "through_bool32", "first_bool32", "last_bool32", "behind_bool32",
    true => false
);
through!(
    variant, [bool = VariantBool], bool, "through_variant", "first_variant", "last_variant", "behind_variant",
    true => false
);
through!(
    char, [], char, "through_char", "first_char", "last_char", "behind_char",
    'a' => 'z'
);
through!(
    char16, [char_set = Utf16], char, "through_char16", "first_char16", "last_char16", "behind_char16",
    'ä' => '☺'
);
through!(
    char32, [char_set = Utf32], char, "through_char32", "first_char32", "last_char32", "behind_char32",
    'ä' => '😀'
);
through!(
    guid, [], Guid, "through_guid", "first_guid", "last_guid", "behind_guid",
    Guid::from_u128(7 << 70) => Guid::from_u128(u128::MAX - 5)
);
through!(
    decimal, [], Decimal, "through_decimal", "first_decimal", "last_decimal", "behind_decimal",
    "-12.5".parse::<Decimal>().unwrap() => "79228162514264337593543950335".parse::<Decimal>().unwrap()
);
through!(
    currency, [], Currency, "through_currency", "first_currency", "last_currency", "behind_currency",
    "-12.5".parse::<Currency>().unwrap() => "0.0001".parse::<Currency>().unwrap()
);
through!(
    date, [], OleDate, "through_date", "first_date", "last_date", "behind_date",
    OleDate::from_days(2.5) => OleDate::from_days(-3.25)
);
through!(
    complex, [], Complex<f64>, "through_complex", "first_complex", "last_complex", "behind_complex",
    Complex { re: 1.0, im: 2.0 } => Complex { re: -3.0, im: 0.5 }
);
through!(
    complex32, [], Complex<f32>, "through_complex32", "first_complex32", "last_complex32", "behind_complex32",
    Complex { re: 1.0, im: 2.0 } => Complex { re: -3.0, im: 0.5 }
);
#[cfg(target_pointer_width = "64")]
through!(
    i128, [], i128, "through_i128", "first_i128", "last_i128", "behind_i128",
    -(1 << 100) => (1 << 90) + 3
);
#[cfg(any(
    all(any(target_arch = "x86_64", target_arch = "x86"), not(windows)),
    all(target_arch = "aarch64", target_os = "linux")
))]
mod long_doubles {
    use super::*;
    use pinvoke::marshal::Marshal;
    use pinvoke::value::LongDouble;

    #[derive(Debug, PartialEq, Marshal)]
    struct Alone {
        x: LongDouble,
    }

    fn number(text: &str) -> LongDouble {
        text.parse().unwrap()
    }

    through!(
        long_double, [], LongDouble, "through_long_double", "first_long_double", "last_long_double", "behind_long_double",
        number("-0.1") => number("1e4000")
    );
    through!(
        long_double_alone, [], Alone, "through_long_double_alone", "first_long_double_alone", "last_long_double_alone", "behind_long_double_alone",
        Alone { x: number("-0.1") } => Alone { x: number("1e4000") }
    );

    #[test]
    fn a_structure_with_nothing_else_travels_as_its_member() {
        #[dll_import("through", search = [directory!()])]
        unsafe extern "C" {
            safe fn long_double_squared(s: Alone) -> LongDouble;
            safe fn long_double_alone(x: LongDouble) -> Alone;
        }
        library();
        assert_eq!(long_double_squared(Alone { x: number("-1.5") }), number("2.25"));
        assert_eq!(long_double_alone(number("0.1")), Alone { x: number("0.1") });
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn vectors() {
    use core::arch::x86_64::__m128;
    #[dll_import("through", search = [directory!()])]
    unsafe extern "C" {
        safe fn through_vector(f: impl FnMut(__m128) -> __m128, x: __m128) -> __m128;
        safe fn last_vector(f: impl FnMut(__m128, UserData) -> __m128, data: UserData, x: __m128) -> __m128;
    }
    library();
    let make = |v: [f32; 4]| -> __m128 { unsafe { core::mem::transmute(v) } };
    let read = |v: __m128| -> [f32; 4] { unsafe { core::mem::transmute(v) } };
    let reverse = |v| {
        let [a, b, c, d] = read(v);
        make([d, c, b, a])
    };
    let v = [1.0, 2.0, 3.0, 4.0];
    assert_eq!(read(through_vector(reverse, make(v))), [4.0, 3.0, 2.0, 1.0]);
    assert_eq!(read(last_vector(reverse, make(v))), [4.0, 3.0, 2.0, 1.0]);
}
