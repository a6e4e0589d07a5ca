//! Rust types that have a native form of their own: what may stand in a native signature as it is.

use core::ffi::c_void;
use core::ptr::NonNull;

/// The address of native code. Never null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct CodePtr(NonNull<c_void>);

impl CodePtr {
    /// Wraps an address; `None` if it is null. Whether code stands there is for the caller to know.
    #[must_use]
    pub fn new(address: *const c_void) -> Option<CodePtr> {
        NonNull::new(address.cast_mut()).map(CodePtr)
    }

    /// The address.
    #[must_use]
    pub fn as_ptr(self) -> *const c_void {
        self.0.as_ptr()
    }

    /// The address as a number.
    #[must_use]
    pub fn addr(self) -> usize {
        self.0.as_ptr().addr()
    }
}
