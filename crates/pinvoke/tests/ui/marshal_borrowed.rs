//! Borrowed data is lent to a call; nothing that a function returns can borrow it.
use pinvoke::dll_import;
use pinvoke::marshal::Marshal;

#[derive(Marshal)]
struct Person<'a> {
    name: &'a str,
}

#[dll_import("people")]
unsafe extern "C" {
    safe fn person() -> Person<'_>;
}

fn main() {}
