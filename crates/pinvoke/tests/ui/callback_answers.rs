//! Answers through arguments that would point to memory of this side.
use pinvoke::dll_import;
use pinvoke::marshal::Out;

#[dll_import("libc")]
unsafe extern "C" {
    fn borrowed_name(visit: impl FnMut(Out<'_, String>));
    fn borrowed_change(visit: impl FnMut(&mut String));
}

fn main() {}
