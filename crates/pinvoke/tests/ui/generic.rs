use pinvoke::native::NativeType;

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Pair<T> {
    a: T,
    b: T,
}

fn main() {}
