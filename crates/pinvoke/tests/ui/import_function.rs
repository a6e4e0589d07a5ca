//! What a function may say. All errors of a block are reported at once.
use pinvoke::{Error, LastError, dll_import};

#[dll_import("libc")]
unsafe extern "C" {
    #[dll_import("")]
    fn of_no_library();
    #[dll_import(unload)]
    fn of_the_library();
    #[dll_import(entry_point = "")]
    fn no_name();
    fn not_captured() -> (i32, LastError);
    #[fails(pinvoke::returns::MinusOne)]
    fn nowhere_to_go() -> i32;
    #[dll_import(preserve_sig = false)]
    fn lost_hresult() -> i32;
    #[dll_import(optional)]
    fn not_optional() -> i32;
    #[dll_import(optional)]
    fn nothing_at_all();
    fn without_value() -> Result;
    async fn borrows(text: &str) -> i32;
    async fn prints(format: String, ...) -> i32;
    fn once(visit: impl FnOnce(i32) -> i32);
    fn no_closure(visit: impl Iterator<Item = i32>);
    fn between(visit: impl FnMut(i32, UserData, i32) -> i32, user: UserData);
    fn nobodys(user: UserData);
    fn pattern((a, b): (i32, i32));
    fn method(&self);
    fn marked(#[marshal_as(LPStr)] text: &str);
    type Opaque;
}

#[dll_import("libc", unload)]
unsafe extern "C" {
    #[dll_import("libm")]
    fn of_another() -> i32;
    #[dll_import(search = ["/opt"])]
    fn of_elsewhere() -> i32;
}

fn main() {}
