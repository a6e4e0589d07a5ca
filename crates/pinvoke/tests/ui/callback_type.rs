//! Callback types and closures that say what cannot be.

use pinvoke::{callback, dll_import};

#[callback]
type Plain = fn(i32) -> i32;

#[callback]
type Number = i32;

#[callback]
type Generic<T> = unsafe extern "C" fn(T);

#[callback]
type Dots = unsafe extern "C" fn(i32, ...);

#[callback]
type Checked = unsafe extern "C" fn(i32) -> Result<i32, String>;

#[callback(library = "c")]
type Options = unsafe extern "C" fn(i32);

#[callback]
#[on_panic(ignore)]
type Policy = unsafe extern "C" fn(i32);

#[callback]
type Length = unsafe extern "C" fn(n: i32, #[len(m)] values: &[i32]);

#[callback]
type Size = unsafe extern "C" fn(n: i32, #[size(n)] values: &[i32]);

#[callback]
type Middle = unsafe extern "C" fn(i32, UserData, i32);

#[callback]
type Unsized = unsafe extern "C" fn(n: i32, values: &[i32]);

#[callback]
type TwoForms = unsafe extern "C" fn(#[marshal(Utf8)] text: As<&str, Utf16>);

#[callback]
type NestedForm = unsafe extern "C" fn(n: i32) -> Result<As<bool, Bool32>, ()>;

#[callback]
struct NoAlias;

#[dll_import("c")]
unsafe extern "C" {
    fn once(f: impl FnOnce(i32));
    fn itself(f: impl FnMut(Counted<&[i32], 0>));
    fn beyond(f: impl FnMut(i32, Counted<&[i32], 2>));
    fn index(f: impl FnMut(i32, Counted<&[i32]>));
    fn no_form(f: impl FnMut(As<&str>));
    fn nested_form(f: impl FnMut(i32, Counted<As<&[char], Utf16>, 0>) -> Option<i32>);
    fn no_data(f: impl FnMut(UserData, i32));
    fn whose(a: impl FnMut(UserData), b: impl FnMut(UserData), data: UserData);
    fn nobody(#[user_data_of(g)] data: UserData, f: impl FnMut(UserData));
    fn unknown(#[borrowed] f: impl FnMut(i32));
    fn middle(f: impl FnMut(i32, UserData, i32), data: UserData);
}

fn main() {}
