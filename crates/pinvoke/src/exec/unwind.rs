//! Makes stubs known to the unwinder of the process, so that exceptions and panics pass them.
//!
//! The unwinder of GCC, which Rust programs on Linux use, takes call frame information for generated code
//! through `__register_frame`. It is looked up and not linked to, because other unwinders have no such
//! function, or one of the same name that wants something else (LLVM's, told by a second function). One
//! description serves a whole block of stubs, see [`eh_frame`].

use core::ffi::c_void;
use core::mem;
use std::sync::OnceLock;

use pinvoke_abi::stub::host::eh_frame;

type Register = unsafe extern "C" fn(section: *const u8);

/// Whether blocks can be described.
pub(crate) fn is_offered() -> bool {
    unwinder().is_some()
}

/// Describes the block of stubs in these bytes, for as long as the process lives.
pub(super) fn describe(start: *const u8, len: usize) {
    let Some(register) = unwinder() else { return };
    let section = eh_frame(start.addr() as u64, len as u64).leak();
    // SAFETY: a section `.eh_frame` that stays, with its end marked, and that is true for every stub; no
    // other code will ever lie in these bytes.
    unsafe { register(section.as_ptr()) };
}

fn unwinder() -> Option<Register> {
    static FOUND: OnceLock<Option<Register>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let llvm = symbol(c"__unw_add_dynamic_fde");
        let register = symbol(c"__register_frame");
        if !llvm.is_null() || register.is_null() {
            return None;
        }
        // SAFETY: the function of this name in GCC's unwinder has this type.
        Some(unsafe { mem::transmute::<*mut c_void, Register>(register) })
    })
}

fn symbol(name: &core::ffi::CStr) -> *mut c_void {
    // SAFETY: a C string.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}
