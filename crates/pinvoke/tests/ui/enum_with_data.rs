use pinvoke::native::NativeType;

#[derive(Clone, Copy, NativeType)]
#[repr(u8)]
enum Event {
    None,
    Key(u32),
}

fn main() {}
