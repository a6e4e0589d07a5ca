//! Variables that native code keeps looking at, and one that is not written.
use pinvoke::dll_import;

#[dll_import("libc")]
unsafe extern "C" {
    static mut lent: String;
    static constant: i32;
    static mut no_form: std::time::Duration;
}

fn main() {
    unsafe {
        lent.write("gone".to_owned());
        constant.write(1);
    }
}
