use pinvoke::native::NativeType;

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
enum Color {
    Red,
    Green,
}

fn main() {}
