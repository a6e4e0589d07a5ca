//! Attributes of parameters that contradict each other.

use pinvoke::dll_import;

#[dll_import("libc")]
unsafe extern "C" {
    fn count_with_form(text: &str, #[len_of(text)] #[marshal(Utf16)] n: i32);
    fn filled_and_replaced(#[buffer] #[returns(free)] text: &mut String);
    fn two_forms(#[marshal(Utf16)] #[returns(free)] text: &mut String);
    fn said_twice(#[marshal(Utf16)] #[marshal(Utf16)] text: &str);
    fn terminated_buffer(#[buffer] #[null_terminated] texts: &mut String);
    fn of_a_parameter(#[returns(len_of(other))] text: &mut String, other: i32);
    fn unknown(#[size_is(n)] values: &[i32], n: i32);
}

fn main() {}
