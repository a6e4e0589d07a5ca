//! Variables that native code keeps looking at.
use pinvoke::dll_import;

#[dll_import("libc")]
unsafe extern "C" {
    static mut lent: String;
    static mut no_form: std::time::Duration;
}

fn main() {
    unsafe {
        lent.write("gone".to_owned());
    }
}
