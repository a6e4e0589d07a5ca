//! Booleans, characters, null, newtypes, numbers of every kind, and the values of OLE.
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a test, whose calls are of one kind")]

use core::ffi::{c_long, c_ulong};
use core::num::NonZero;
use core::ptr::NonNull;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use pinvoke::dll_import;
use pinvoke::marshal::{Bool32, Complex, Currency, Decimal, DecimalError, Guid, OleDate, Out, VariantBool};
use pinvoke::native::NativeType;

use crate::compiled;

#[derive(Clone, Copy, Debug, PartialEq, NativeType)]
#[repr(transparent)]
struct Address(*mut u8);

#[cfg_attr(windows, dll_import("msvcrt", bool = Bool32))]
#[cfg_attr(not(windows), dll_import("libc", bool = Bool32))]
unsafe extern "C" {
    safe fn isalpha(c: char) -> bool;
    #[dll_import(entry_point = "abs")]
    safe fn same(flag: bool) -> i32;
    #[dll_import(entry_point = "labs")]
    safe fn as_variant(#[marshal(VariantBool)] flag: bool) -> core::ffi::c_long;
    fn free(p: Option<Address>);
    fn realloc(p: Option<NonNull<u8>>, size: usize) -> Option<NonNull<u8>>;
    #[dll_import(entry_point = "malloc")]
    fn malloc_or_null(size: usize) -> Option<Address>;
    safe fn modf(x: f64, whole: Out<'_, f64>) -> f64;
}

/// Functions that take an `int` are told that they take less, which Microsoft x64 leaves the rest of the register for.
#[cfg(not(windows))]
#[test]
fn booleans_and_characters() {
    assert!(isalpha('x'));
    assert!(!isalpha('5'));
    assert_eq!((same(true), same(false)), (1, 0));
    // The argument register is an `int` wide at least: labs sees the sign-extended -1 of VARIANT_TRUE.
    assert_eq!(as_variant(false), 0);
    let mut whole = 9.0;
    assert_eq!((modf(2.5, Out(&mut whole)), whole), (0.5, 2.0));
}

#[test]
#[should_panic = "cannot convert argument `c` of `isalpha`: the value U+00E9 is none of the characters of one UTF-8 unit (ASCII)"]
fn half_a_character() {
    isalpha('é');
}

#[test]
fn null_is_none() {
    // SAFETY: memory of the C allocator, freed once.
    unsafe {
        let p = realloc(None, 16).unwrap();
        free(Some(Address(p.as_ptr())));
        free(None);
        let p = malloc_or_null(usize::MAX - 4096);
        assert_eq!(p, None);
    }
}

#[dll_import("scalars", search = [directory!()])]
unsafe extern "C" {
    safe fn guid_is_iunknown(g: &Guid) -> i32;
    safe fn guid_next(g: Guid) -> Guid;
    safe fn decimal_negate(d: Decimal) -> Decimal;
    safe fn decimal_of(d: Out<'_, Decimal>, high: u32, low: u64, scale: i32);
    safe fn cy_double(amount: Currency) -> Currency;
    safe fn date_tomorrow(date: OleDate) -> OleDate;
    safe fn long_negate(n: c_long, m: c_ulong) -> c_long;
    safe fn complex_multiply(a: Complex<f64>, b: Complex<f64>) -> Complex<f64>;
    safe fn complex_swap(before: f32, z: Complex<f32>) -> Complex<f32>;
    safe fn complex_conjugate(z: &mut Complex<f64>);
    safe fn non_zero(n: NonZero<i32>) -> Result<NonZero<i32>, pinvoke::Error>;
    #[dll_import(bool = VariantBool)]
    safe fn variant_not(b: bool) -> bool;
    safe fn bool_bytes(b: bool) -> i32;
    #[dll_import(entry_point = "byte_of")]
    safe fn byte_as_bool(n: i32) -> bool;
    safe fn next_char(c: char) -> Result<char, pinvoke::Error>;
    #[dll_import(char_set = Utf16)]
    safe fn next_wide(c: char) -> Result<char, pinvoke::Error>;
    #[dll_import(char_set = Utf32)]
    safe fn next_wider(c: char) -> Result<char, pinvoke::Error>;
    safe fn flags_out(
        #[marshal(Bool32)] flag32: &mut bool,
        #[marshal(VariantBool)] variant: &mut bool,
        flag: &mut bool,
    );
    safe fn flags_count(#[marshal(Bool32)] flags: &[bool], n: i32) -> i32;
}

pub(super) fn library() {
    static COMPILED: LazyLock<()> = LazyLock::new(|| compiled::compile("scalars"));
    LazyLock::force(&COMPILED);
}

#[test]
fn guids() {
    library();
    let unknown: Guid = "{00000000-0000-0000-C000-000000000046}".parse().unwrap();
    assert_eq!(guid_is_iunknown(&unknown), 1);
    assert_eq!(guid_next(unknown).to_string(), "00000001-0000-0000-c000-000000000048");
    // RFC 9562, appendix A.1.
    let text = "c232ab00-9414-11ec-b3c8-9f6bdeced846";
    let guid: Guid = text.parse().unwrap();
    assert_eq!(
        guid,
        Guid::new(0xc232_ab00, 0x9414, 0x11ec, [0xb3, 0xc8, 0x9f, 0x6b, 0xde, 0xce, 0xd8, 0x46])
    );
    assert_eq!(guid.to_u128(), 0xc232ab00_9414_11ec_b3c8_9f6bdeced846);
    assert_eq!(Guid::from_u128(guid.to_u128()), guid);
    for form in [text.replace('-', ""), text.to_uppercase(), format!("({text})"), format!("{{{text}}}")] {
        assert_eq!(form.parse(), Ok(guid), "{form}");
    }
    for wrong in [
        "",
        "c232ab00",
        "{c232ab00-9414-11ec-b3c8-9f6bdeced846",
        "c232ab00-9414-11ec-b3c8_9f6bdeced846",
        "c232ab00-9414-11ec-b3c8-9f6bdeced84g",
        "{c232ab00941411ecb3c89f6bdeced846}",
    ] {
        assert!(wrong.parse::<Guid>().is_err(), "{wrong}");
    }
}

#[test]
fn decimals() {
    library();
    let d = |text: &str| text.parse::<Decimal>().unwrap();
    assert_eq!(decimal_negate(d("12.50")).to_string(), "-12.50");
    // 2^96 - 1, the largest of .NET: decimal.MaxValue.
    let max = "79228162514264337593543950335";
    let mut out = d("0");
    decimal_of(Out(&mut out), u32::MAX, u64::MAX, 0);
    assert_eq!(out.to_string(), max);
    assert_eq!((out, out.mantissa(), out.scale()), (d(max), (1 << 96) - 1, 0));
    decimal_of(Out(&mut out), 0, 1, 28);
    assert_eq!(out.to_string(), "0.0000000000000000000000000001");
    assert!(matches!(
        "79228162514264337593543950336".parse::<Decimal>(),
        Err(DecimalError::TooLarge { bits: 96 })
    ));
    let fine = "0.00000000000000000000000000001".parse::<Decimal>();
    assert!(matches!(fine, Err(DecimalError::TooFine { scale: 29, max: 28 })));
    for wrong in ["", ".", "-", "1,5", "1e5", "--1", "0x10", "+-1"] {
        assert!(matches!(wrong.parse::<Decimal>(), Err(DecimalError::NotANumber { .. })), "{wrong}");
    }
    assert!(d("1.10") == d("1.1") && d("-0") == d("0") && d("-1.5") < d("-1.49") && d("2") > d("1.99"));
    assert!(d(max) > d("7.9228162514264337593543950335"));
    assert_eq!(d("0.1").to_f64(), 0.1);
    assert_eq!(Decimal::from(-7_i64), d("-7.0"));
}

#[test]
fn currencies_and_dates() {
    library();
    let c = |text: &str| text.parse::<Currency>().unwrap();
    assert_eq!(cy_double(c("-10.0255")), c("-20.051"));
    assert_eq!(c("922337203685477.5807").ten_thousandths(), i64::MAX);
    assert!("922337203685477.5808".parse::<Currency>().is_err());
    assert!("0.00001".parse::<Currency>().is_err());
    assert_eq!(c("-0.5").to_string(), "-0.5000");

    assert_eq!(date_tomorrow(OleDate::from_days(2.25)).days(), 3.25);
    // The dates of the documentation of DATE: 2.25 is 1 January 1900, 6:00; -1.25 is 29 December 1899, 6:00.
    let hours_before_1970 = |hours: u64| SystemTime::UNIX_EPOCH - Duration::from_secs(3600 * hours);
    let new_year = hours_before_1970(25_567 * 24 - 6);
    assert_eq!(SystemTime::try_from(OleDate::from_days(2.25)), Ok(new_year));
    assert_eq!(OleDate::try_from(new_year), Ok(OleDate::from_days(2.25)));
    let before = hours_before_1970(25_570 * 24 - 6);
    assert_eq!(SystemTime::try_from(OleDate::from_days(-1.25)), Ok(before));
    assert_eq!(OleDate::try_from(before), Ok(OleDate::from_days(-1.25)));
    // Times of the first day have two numbers.
    assert_eq!(SystemTime::try_from(OleDate::from_days(-0.5)), SystemTime::try_from(OleDate::from_days(0.5)));
    for wrong in [f64::NAN, f64::INFINITY, 2_958_466.0, -657_435.0] {
        assert!(SystemTime::try_from(OleDate::from_days(wrong)).is_err(), "{wrong}");
    }
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs((2_958_466 - 25_569) * 86_400);
    assert!(OleDate::try_from(end).is_err());
    assert_eq!(OleDate::try_from(end - Duration::from_secs(43_200)), Ok(OleDate::from_days(2_958_465.5)));
}

#[test]
fn wide_numbers() {
    library();
    assert_eq!(long_negate(5, c_ulong::MAX), -6);
    let z = complex_multiply(Complex { re: 1.0, im: 2.0 }, Complex { re: 3.0, im: -1.0 });
    assert_eq!(z, Complex { re: 5.0, im: 5.0 });
    assert_eq!(complex_swap(0.5, Complex { re: 1.0, im: 2.0 }), Complex { re: 2.5, im: 1.0 });
    let mut z = z;
    complex_conjugate(&mut z);
    assert_eq!(z, Complex { re: 5.0, im: -5.0 });
    assert_eq!(non_zero(NonZero::new(2).unwrap()).unwrap().get(), 1);
    assert!(non_zero(NonZero::new(1).unwrap()).unwrap_err().to_string().contains("the value 0 is none of"));
}

#[test]
fn every_boolean() {
    library();
    // VARIANT_TRUE is -1; whatever is not 0 is true.
    assert_eq!((variant_not(true), variant_not(false)), (false, true));
    assert_eq!((bool_bytes(true), bool_bytes(false)), (1, 0));
    assert_eq!([0, 1, 2, 255].map(byte_as_bool), [false, true, true, true]);
    let (mut flag32, mut variant, mut flag) = (false, false, false);
    flags_out(&mut flag32, &mut variant, &mut flag);
    assert_eq!((flag32, variant, flag), (true, true, true));
    assert_eq!(flags_count(&[true, false, true], 3), 2);
}

#[test]
fn characters_of_every_set() {
    library();
    assert_eq!(next_char('a').unwrap(), 'b');
    assert!(next_char('ä').unwrap_err().to_string().contains("the value U+00E4 is none of"));
    // DEL and one more is half a character.
    assert!(next_char('\u{7f}').is_err());
    assert_eq!(next_wide('ä').unwrap(), 'å');
    assert!(next_wide('😀').is_err());
    // The unit before the surrogates.
    assert!(next_wide('\u{d7ff}').is_err());
    assert_eq!(next_wider('😀').unwrap(), '😁');
    assert!(next_wider(char::MAX).is_err());
}
