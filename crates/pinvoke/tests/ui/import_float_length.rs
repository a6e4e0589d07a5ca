//! Lengths that are no integers.

use pinvoke::dll_import;

#[dll_import("libc")]
unsafe extern "C" {
    #[returns(free, len = n)]
    fn alone(n: f64) -> Vec<i32>;
    #[returns(free, len = rows * columns + 1)]
    fn within(rows: u32, columns: f32) -> Vec<i32>;
}

fn main() {}
