//! A member of a fixed size needs the size.
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
struct Unsized {
    #[marshal(fixed)]
    name: String,
}

#[derive(Marshal)]
struct Zero {
    #[marshal(fixed(0))]
    name: String,
}

#[derive(Marshal)]
struct NoRoom {
    #[marshal(buffer)]
    name: String,
}

#[derive(Marshal)]
struct NoMember {
    #[marshal(buffer(size))]
    name: String,
}

#[derive(Marshal)]
struct NotCounted {
    #[marshal(buffer(16, used = n))]
    name: String,
    n: u32,
}

#[derive(Marshal)]
#[repr(i32)]
enum Tagged {
    Text(#[marshal(buffer(16))] String),
}

fn main() {}
