//! The end of a thread that has none of its thread-local values any more.
//!
//! Windows tells one image after the other that a thread ends. What an image has to do then is a list of functions (PE
//! format, "The .tls Section"), which the linker collects from the sections `.CRT$XLA` to `.CRT$XLZ`, sorted by name.
//! The function of the standard library, which destroys the values, stands in `.CRT$XLB`; ours is the next, and notes
//! that nothing is destroyed any more. Later ones, and those of other images, may still notify.
//!
//! # Safety
//! The section holds pointers to functions of the type below.
#![allow(unsafe_code, reason = "a section that the system reads")]

use core::ffi::c_void;

use super::index::Index;

/// `PIMAGE_TLS_CALLBACK`.
type Told = extern "system" fn(image: *mut c_void, reason: u32, reserved: *mut c_void);

const DLL_THREAD_DETACH: u32 = 3;

/// Not null when it is over.
static OVER: Index = Index::new();

// SAFETY: a pointer to a function as the section holds them.
#[unsafe(link_section = ".CRT$XLBA")]
#[used]
static TOLD: Told = told;

extern "system" fn told(_image: *mut c_void, reason: u32, _reserved: *mut c_void) {
    if reason == DLL_THREAD_DETACH {
        // Where there is no word to set, threads that notify so late keep their slots.
        let _ = OVER.set((&raw const OVER).cast());
    }
}

/// Whether this thread is past the end of its thread-local values: what asks for a destructor now waits for ever.
pub(super) fn is_over() -> bool {
    // Linkers leave out what nothing refers to.
    core::hint::black_box(&TOLD);
    !OVER.get().is_null()
}

/// There is no later end to wait for.
pub(super) fn at_last_end(_action: Option<fn()>) -> bool {
    false
}
