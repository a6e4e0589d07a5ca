//! How not to write a driver: it depends on the implementation instead of importing it, and so would have
//! objects that nobody else sees. A test checks that it is refused with a message that says what to do.
#![allow(unsafe_code, non_snake_case, reason = "the names are those that a driver exports")]

use std::ffi::c_void;

use callback_object::{Attributes, Directory};
// What pulls the implementation into this image.
use callback_object_host as _;

#[unsafe(no_mangle)]
unsafe extern "system" fn DriverEntry(_driver: *mut c_void, _registry_path: *mut c_void) -> i32 {
    let created = Directory::global().create("\\Callback\\Mine", Attributes::new().permanent());
    created.map_or(-1, |_| 0)
}
