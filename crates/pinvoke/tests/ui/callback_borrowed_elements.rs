//! Elements that a callback changes, and that would point to memory of this side.
use pinvoke::{callback, dll_import};
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
struct Person {
    name: String,
}

#[callback]
type Rename = unsafe extern "C" fn(n: i32, #[len(n)] names: &mut [String]);

#[dll_import("libc")]
unsafe extern "C" {
    fn borrowed(visit: impl FnMut(i32, Counted<&mut [&str], 0>));
    fn nullable(visit: impl FnMut(i32, Option<Counted<&mut [Option<&str>], 0>>));
    fn members(visit: impl FnMut(i32, Counted<&mut [Person], 0>));
    // Looking is fine, and so are addresses of what lives on, and values.
    fn seen(visit: impl FnMut(i32, Counted<&[&str], 0>, Counted<&mut [Option<&core::ffi::CStr>], 0>, Counted<&mut [f32], 0>));
}

fn main() {}
