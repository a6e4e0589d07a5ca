use pinvoke::native::NativeType;

#[derive(Clone, Copy, NativeType)]
#[repr(C)]
struct Named {
    id: u32,
    name: &'static str,
}

fn main() {}
