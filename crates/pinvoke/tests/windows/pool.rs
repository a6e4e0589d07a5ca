//! More callbacks than the pool has, and ones with many arguments.

use pinvoke::native::CodePtr;
use pinvoke::upcall::{Declaration, lookup};

#[test]
fn there_are_more_callbacks_than_the_pool_has() {
    type Add = unsafe extern "system" fn(i32) -> i32;
    const ADD: Declaration<Add> = Declaration::new("add");
    let callbacks: Vec<_> = (0..3000).map(|n| ADD.owned(move |m: i32| -> i32 { n + m }).unwrap()).collect();
    for (n, callback) in (0..).zip(&callbacks) {
        assert_eq!(unsafe { (callback.function())(1000) }, n + 1000);
        let code = CodePtr::new(callback.function() as *const _).unwrap();
        assert_eq!(lookup(code).unwrap().name(), "add");
    }
    // Many arguments: on x86-64 the slot comes in r10, and the entry saves what Microsoft x64 preserves.
    type Many = unsafe extern "system" fn(f64, f64, f64, f64, f64, i64, f32) -> f64;
    const MANY: Declaration<Many> = Declaration::new("many");
    let many = MANY
        .owned(|a: f64, b: f64, c: f64, d: f64, e: f64, f: i64, g: f32| -> f64 {
            a + b * 2.0 + c * 3.0 + d * 4.0 + e * 5.0 + f as f64 * 6.0 + f64::from(g) * 7.0
        })
        .unwrap();
    assert_eq!(unsafe { (many.function())(1.0, 1.0, 1.0, 1.0, 1.0, 1, 1.0) }, 28.0);
    type Ints = unsafe extern "system" fn(i64, i64, i64, i64, i64) -> i64;
    const INTS: Declaration<Ints> = Declaration::new("ints");
    let ints = INTS
        .owned(|a: i64, b: i64, c: i64, d: i64, e: i64| -> i64 { a + b * 2 + c * 3 + d * 4 + e * 5 })
        .unwrap();
    assert_eq!(unsafe { (ints.function())(1, 1, 1, 1, 1) }, 15);
}
