use pinvoke::native::NativeType;

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Empty {}

fn main() {}
