//! Types that no marshaller converts.
use std::collections::HashMap;

use pinvoke::{Error, dll_import};

#[dll_import("libc", set_last_error)]
unsafe extern "C" {
    fn a_map(map: HashMap<String, i32>);
    fn gives_a_map() -> HashMap<String, i32>;
    fn other_error() -> Result<i32, String>;
    #[fails(pinvoke::returns::Null)]
    fn wrong_policy() -> Result<i32, Error>;
    fn dots(format: &str, ...) -> i32;
    fn odd_callback(visit: impl FnMut(HashMap<i32, i32>));
    fn odd_change(visit: impl FnMut(&mut HashMap<i32, i32>));
    fn odd_answer(visit: impl FnMut(i32) -> HashMap<i32, i32>);
}

fn main() {
    unsafe {
        dots("%d", 5);
    }
}
