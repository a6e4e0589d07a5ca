//! A native form is one type.
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
struct Pair<T> {
    first: T,
    second: T,
}

fn main() {}
