//! A result that zero is no value of, and no fallback value.

use pinvoke::native::NativeType;
use pinvoke::{callback, dll_import};

#[derive(Clone, Copy, NativeType)]
#[repr(i32)]
enum Answer {
    Yes = 1,
    No = 2,
}

#[callback]
type Ask = unsafe extern "C" fn() -> Answer;

#[dll_import("c")]
unsafe extern "C" {
    fn ask(f: impl FnMut() -> Answer);
    fn ask_with_fallback(#[fallback(Answer::No as i32)] f: impl FnMut() -> Answer);
}

fn main() {
    let _ = Ask::owned(|| Answer::Yes);
}
