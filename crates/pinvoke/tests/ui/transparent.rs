use pinvoke::native::NativeType;

#[derive(Clone, Copy, NativeType)]
#[repr(transparent)]
struct Handle(u64);

fn main() {}
