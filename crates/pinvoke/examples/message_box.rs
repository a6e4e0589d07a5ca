//! A message box, on Windows; elsewhere, what is missing.

use std::ffi::c_void;
use std::ptr::NonNull;

use pinvoke::{Error, dll_import};

#[dll_import("user32", char_set = Unicode, set_last_error)]
unsafe extern "system" {
    /// Binds `MessageBoxW`; the texts are UTF-16 there.
    safe fn MessageBox(
        owner: Option<NonNull<c_void>>,
        text: &str,
        caption: &str,
        kind: u32,
    ) -> Result<i32, Error>;
}

fn main() {
    const OK_CANCEL: u32 = 1;
    match MessageBox(None, "Command-line message box", "Attention!", OK_CANCEL) {
        Ok(button) => println!("button {button}"),
        Err(Error::Bind(missing)) if !cfg!(windows) => {
            println!("{missing}");
            assert_eq!((missing.import(), missing.library()), ("MessageBox", "user32"));
        }
        Err(error) => panic!("{error}"),
    }
}
