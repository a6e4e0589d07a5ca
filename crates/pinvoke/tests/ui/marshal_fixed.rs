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

fn main() {}
