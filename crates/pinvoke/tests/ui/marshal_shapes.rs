//! Unions, tuples, structures without members, and data in enumerations.
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
union Either {
    i: i32,
    f: f32,
}

#[derive(Marshal)]
struct Tuple(i32, i32);

#[derive(Marshal)]
struct Empty {}

#[derive(Marshal)]
#[repr(i32)]
enum Shape {
    Dot,
    Circle { radius: f64 },
}

#[derive(Marshal)]
enum Color {
    Red,
}

fn main() {}
