//! Texts and arrays whose owner is not said, or said wrongly.

use pinvoke::dll_import;
use pinvoke::marshal::Out;

#[dll_import("libc")]
unsafe extern "C" {
    fn nobody() -> String;
    fn nobody_optional() -> Result<Option<Box<str>>, pinvoke::Error>;
    #[returns(len = 3)]
    fn nobody_array() -> Vec<i32>;
    fn how_long(text: &str) -> &str;
    #[returns(free)]
    fn freed_reference() -> &'static str;
    #[returns(free_with = no_such_function)]
    fn unknown_owner() -> String;
    #[returns(free, borrowed)]
    fn two_owners() -> String;
    #[returns(free, alloc_with = malloc)]
    fn allocated() -> String;
    #[returns(gc)]
    fn unknown_word() -> String;
    fn out(text: &mut String);
    fn out_optional(text: &mut Option<String>);
    fn out_maybe(text: Option<&mut String>);
    fn out_only(text: Out<'_, Option<String>>);
    fn out_texts(texts: &mut [String]);
    fn pointer_to_pointer(text: &String);
    fn pointer_to_pointer_of_array(values: &Vec<i32>);
    fn malloc(size: usize) -> *mut u8;
}

fn main() {}
