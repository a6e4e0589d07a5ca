//! Arrays whose length is not said, or said wrongly.

use pinvoke::dll_import;

#[dll_import("libc")]
unsafe extern "C" {
    #[returns(free)]
    fn vector() -> Vec<i32>;
    fn slice<'a>(of: &'a i32) -> &'a [i32];
    fn replaced(values: &mut Vec<i32>);
    fn filled(#[buffer] values: &mut Vec<i32>);
    fn no_buffer(#[buffer] text: String);
    fn unknown(values: &[i32], #[len_of(value)] n: usize);
    fn capacity(values: &[i32], #[capacity_of(values)] n: usize);
    fn written(values: &mut [i32], #[len_of(values)] n: &mut usize);
    fn of_a_closure(visit: impl FnMut(), #[len_of(visit)] n: usize);
    #[returns(free)]
    fn not_written(#[len_of(return)] n: usize) -> Vec<i32>;
    #[returns(free, len = n - 1)]
    fn minus(n: usize) -> Vec<i32>;
    #[returns(free, len = m)]
    fn unknown_in_length(n: usize) -> Vec<i32>;
    #[returns(free, len = 4)]
    fn twice(#[len_of(return)] n: &mut usize) -> Vec<i32>;
    #[returns(free, len = text)]
    fn text_as_length(text: Option<&str>) -> Vec<i32>;
    fn no_such_unit(values: &[i32], #[len_of(values, words)] n: usize);
    fn replaced_bytes(#[returns(free)] values: &mut Vec<i32>, #[len_of(values, bytes)] n: &mut usize);
    #[returns(len_of(data))]
    fn no_lent(data: &mut [u8]) -> isize;
}

fn main() {}
