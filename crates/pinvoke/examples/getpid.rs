//! The first thing to call: the number of this process.

use pinvoke::dll_import;

#[cfg_attr(not(target_vendor = "apple"), dll_import("libc"))]
#[cfg_attr(target_vendor = "apple", dll_import("libSystem.dylib"))]
unsafe extern "C" {
    safe fn getpid() -> i32;
}

fn main() {
    let pid = getpid();
    println!("process {pid}");
    assert_eq!(u32::try_from(pid), Ok(std::process::id()));
}
