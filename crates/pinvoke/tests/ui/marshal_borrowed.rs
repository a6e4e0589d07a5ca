//! What is read back from native memory borrows nothing.
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
struct Person<'a> {
    name: &'a str,
}

#[derive(Marshal)]
struct Title {
    text: &'static str,
}

fn main() {}
