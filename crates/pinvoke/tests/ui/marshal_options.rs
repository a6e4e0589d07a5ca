//! Options that contradict each other or say nothing.
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
#[native(packed)]
struct Unknown {
    number: i32,
}

#[derive(Marshal)]
#[native(pack = 3)]
struct Pack {
    number: i32,
}

#[derive(Marshal)]
#[native(pack = 1, pack = 2)]
struct Twice {
    number: i32,
}

#[derive(Marshal)]
struct TwoForms {
    #[marshal(First)]
    #[marshal(Second)]
    flag: bool,
}

#[derive(Marshal)]
#[native(flags = 7)]
struct Flags {
    low: u32,
    high: u32,
}

#[derive(Marshal)]
#[native(pack = 1)]
#[repr(i32)]
enum Color {
    Red,
}

fn main() {}
