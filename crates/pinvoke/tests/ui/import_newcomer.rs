//! What those write who come from Rust alone, or from .NET.
use pinvoke::dll_import;

#[dll_import("libc", SetLastError = true)]
unsafe extern "C" {
    fn field() -> i32;
}

#[dll_import("libc", char_set = "Unicode")]
unsafe extern "C" {
    fn quoted() -> i32;
}

#[dll_import("libc", char_set = CharSet::Unicode)]
unsafe extern "C" {
    fn qualified() -> i32;
}

#[dll_import("libc", CharSet = CharSet::Unicode)]
unsafe extern "C" {
    fn both() -> i32;
}

#[dll_import("libc", ThrowOnUnmappableChar = true)]
unsafe extern "C" {
    fn needless() -> i32;
}

#[dll_import(libc)]
unsafe extern "C" {
    fn unquoted() -> i32;
}

#[dll_import("libc")]
fn no_block() -> i32;

#[dll_import("libc")]
unsafe extern "C" {
    fn array(values: [i32; 3]);
    fn elements(values: [i32]);
    fn text(text: str);
    fn rust_function(f: fn(i32) -> i32);
    fn maybe_rust_function(f: Option<fn(i32) -> i32>);
    fn boxed(f: Box<dyn FnMut(i32)>);
    fn borrowed(f: &dyn Fn(i32));
    fn returned() -> [i32; 3];
    fn function_back() -> fn(i32) -> i32;
    fn own_array(#[marshal(Own)] values: [i32; 3]);
}

enum Own {}
impl pinvoke::marshal::IntoNative<Own> for [i32; 3] {
    type Native = i32;
    type State = ();
    fn state() {}
    fn into_native(self, (): &mut ()) -> Result<i32, pinvoke::marshal::MarshalError> {
        Ok(self[0])
    }
}

fn main() {}
