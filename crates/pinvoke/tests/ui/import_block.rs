//! What a block has to say.
use pinvoke::dll_import;

#[dll_import]
unsafe extern "C" {
    fn unnamed();
}

#[dll_import("")]
unsafe extern "C" {
    fn empty();
}

#[dll_import("libc")]
extern "C" {
    fn unsaid();
}

#[dll_import("libc", calling = "C")]
unsafe extern "C" {
    fn unknown_option();
}

#[dll_import("libc", set_last_error, set_last_error = false)]
unsafe extern "C" {
    fn twice();
}

#[dll_import("libc", char_set = Utf7)]
unsafe extern "C" {
    fn unknown_char_set();
}

#[dll_import("libc", entry_point = "open64")]
unsafe extern "C" {
    fn of_one_function();
}

#[dll_import("libc", search = [SystemDirectory])]
unsafe extern "C" {
    fn unknown_place();
}

#[dll_import("libc", set_last_error = 1)]
unsafe extern "C" {
    fn no_flag();
}

fn main() {}
