//! Closures that would not live long enough, or would run where they must not.

use std::cell::Cell;
use std::rc::Rc;

use pinvoke::{Function, Registered, callback, dll_import};

#[callback]
type Visit = unsafe extern "C" fn(n: i32) -> i32;

#[callback]
type Hear = unsafe extern "C" fn(text: &str, at: *const u8) -> i32;

#[dll_import("c")]
unsafe extern "C" {
    fn keep(visit: Function<'static, Visit>);
    fn everywhere(visit: impl Fn(i32) -> i32 + Sync);
}

fn outlives() -> Registered<'static, Visit> {
    let mut sum = 0;
    let mut add = |n: i32| {
        sum += n;
        sum
    };
    Visit::scoped(&mut add).unwrap()
}

fn owns_a_borrow() -> Registered<'static, Visit> {
    let sum = Cell::new(0);
    Visit::owned(|n| sum.replace(n)).unwrap()
}

fn kept_longer_than_its_registration() {
    let registered = Visit::owned(|n| n).unwrap();
    unsafe { keep(registered.function()) };
}

fn not_for_other_threads() {
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    let _ = Visit::owned_anywhere(move |n| counted.replace(n));
    unsafe { everywhere(|n| count.replace(n)) };
}

fn on_its_own_thread() {
    let registered = Visit::owned(|n| n).unwrap();
    std::thread::spawn(move || drop(registered));
}

fn argument_escapes() {
    let mut last: &str = "";
    let mut hear = |text: &str, _| {
        last = text;
        0
    };
    let _ = Hear::scoped(&mut hear);
}

fn main() {}
