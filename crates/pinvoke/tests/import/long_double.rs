//! `long double`, which is no type of Windows: `long double` of its compiler is `double`.
#![cfg(not(windows))]

use pinvoke::dll_import;
use pinvoke::marshal::Marshal;
use pinvoke::value::LongDouble;

use crate::scalars::library;

#[derive(Debug, Marshal)]
struct LongDoubleMember {
    before: char,
    x: LongDouble,
}

#[dll_import("scalars", search = [directory!()])]
unsafe extern "C" {
    safe fn long_double_sum(
        a: i32,
        x: LongDouble,
        b: f32,
        y: LongDouble,
        c: i32,
        d: i32,
        e: i32,
        f: i32,
        g: i32,
        h: i32,
        z: LongDouble,
    ) -> LongDouble;
    safe fn long_double_is_tenth(x: LongDouble) -> i32;
    safe fn long_double_halve(x: &mut LongDouble);
    safe fn long_double_member(s: &LongDoubleMember) -> i32;
}

#[test]
fn long_doubles() {
    library();
    let tenth: LongDouble = "0.1".parse().unwrap();
    // Exactly C's constant, which no double is.
    assert_eq!((long_double_is_tenth(tenth), long_double_is_tenth(LongDouble::from(0.1))), (1, 0));
    let l = LongDouble::from;
    assert_eq!(long_double_sum(1, l(0.25), 0.5, l(2.0), 1, 2, 3, 4, 5, 6, l(-0.125)).to_f64(), 24.625);
    let mut x = tenth;
    long_double_halve(&mut x);
    assert_eq!(x.to_string(), "0.05");
    assert_eq!(long_double_member(&LongDoubleMember { before: 'x', x: "-0.1".parse().unwrap() }), 1);
}
