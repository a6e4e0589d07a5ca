use pinvoke::native::NativeType;

#[derive(Clone, Copy, NativeType)]
struct Point {
    x: f64,
    y: f64,
}

fn main() {}
