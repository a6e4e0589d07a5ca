//! Windows: `FlushProcessWriteBuffers`, since Vista.
//!
//! # Safety
//! One call of kernel32 without arguments.
#![allow(unsafe_code, reason = "a system call")]

#[link(name = "kernel32")]
unsafe extern "system" {
    #[link_name = "FlushProcessWriteBuffers"]
    safe fn flush_process_write_buffers();
}

/// Whether [`fence_others`] works: always.
pub(crate) fn fences_others() -> bool {
    true
}

/// Makes every running thread of the process pass a full fence before this returns.
pub(crate) fn fence_others() {
    crate::sync::full_fence();
    flush_process_write_buffers();
    crate::sync::full_fence();
}
