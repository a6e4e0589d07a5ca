//! The handle and title of every top-level window, on Windows; elsewhere, what is missing.

use std::ffi::c_void;
use std::ptr::NonNull;

use pinvoke::marshal::Bool32;
use pinvoke::{Error, dll_import};

type Window = NonNull<c_void>;

#[dll_import("user32", char_set = Unicode, bool = Bool32, set_last_error)]
unsafe extern "system" {
    /// Visits windows until the closure says no. It has a number for user data, which a closure does not
    /// need.
    safe fn EnumWindows(visit: impl FnMut(Window, isize) -> bool, number: isize) -> Result<(), Error>;
    safe fn GetWindowText(
        window: Window,
        #[buffer(256)] text: &mut String,
        #[capacity_of(text)] size: i32,
    ) -> i32;
}

fn main() {
    let mut count = 0;
    let visited = EnumWindows(
        |window, _| {
            let mut title = String::new();
            GetWindowText(window, &mut title);
            println!("{window:?} {title}");
            count += 1;
            true
        },
        0,
    );
    match visited {
        Ok(()) => println!("{count} windows"),
        Err(Error::Bind(missing)) if !cfg!(windows) => {
            println!("{missing}");
            assert_eq!((missing.import(), missing.library(), count), ("EnumWindows", "user32", 0));
        }
        Err(error) => panic!("{error}"),
    }
}
