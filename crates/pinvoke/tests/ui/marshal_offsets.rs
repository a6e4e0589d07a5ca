//! Offsets belong to explicit layouts, and explicit layouts to offsets.
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
struct Sequential {
    #[offset(8)]
    number: i32,
}

#[derive(Marshal)]
#[native(explicit)]
struct Explicit {
    #[offset(0)]
    first: i32,
    second: i32,
}

#[derive(Marshal)]
#[native(explicit)]
struct Misaligned {
    #[offset(2)]
    number: i32,
}

fn main() {}
