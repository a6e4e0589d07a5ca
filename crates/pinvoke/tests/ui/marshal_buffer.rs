//! Buffers behind members: sizes that are missing, said twice, or of nothing that has one.
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
struct Word {
    #[marshal(buffer(size, byte))]
    text: String,
    size: u32,
}

#[derive(Marshal)]
struct Twice {
    #[marshal(buffer(size, bytes, bytes))]
    text: String,
    size: u32,
}

#[derive(Marshal)]
struct NoSize {
    #[marshal(buffer(bytes))]
    text: String,
    size: u32,
}

#[derive(Marshal)]
struct Nothing {
    #[marshal(buffer)]
    text: String,
}

#[derive(Marshal)]
struct Number {
    #[marshal(buffer(size, bytes))]
    number: u32,
    size: u32,
}

#[derive(Marshal)]
struct Borrowed<'a> {
    #[marshal(buffer(size, bytes))]
    text: &'a mut [u8],
    size: u32,
}

#[derive(Marshal)]
struct NoCount {
    #[marshal(buffer(size, bytes))]
    text: String,
    size: f64,
}

fn main() {}
