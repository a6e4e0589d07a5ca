//! A newtype has one member.
use pinvoke::native::NativeType;

#[derive(Clone, Copy, NativeType)]
#[repr(transparent)]
struct Pair(i32, ());

fn main() {}
