//! Types that have no such form.

use pinvoke::dll_import;
use pinvoke::marshal::Given;

#[dll_import("libc", char_set = Unicode)]
unsafe extern "C" {
    fn float_count(values: &[i32], #[len_of(values)] n: f64);
    #[returns(free, len = n)]
    fn float_length(n: f64) -> Vec<i32>;
    fn given_number(value: Given<i32>);
    fn borrowed_result(f: impl FnMut() -> String);
    fn buffer_of_str(#[buffer] text: &mut str);
}

fn main() {}
