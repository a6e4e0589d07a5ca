//! How a result leaves the machine: thunks store all of them in the frame, and whoever has the plan copies what belongs
//! to the result.

use core::ffi::c_void;
use core::mem;

use pinvoke_abi::stub::unstubbed::Delivery;

use super::Frame;

/// Code that performs calls of one shape: an invoke thunk, a function of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallCode(*const c_void);

// SAFETY: the address of code that is never changed nor unmapped.
unsafe impl Send for CallCode {}
// SAFETY: as for Send.
unsafe impl Sync for CallCode {}

/// What is left to do with results: nothing, here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Results;

impl Results {
    pub(crate) fn of(_: Delivery) -> Results {
        Results
    }
}

impl CallCode {
    /// # Safety
    /// Code of this kind begins there, and stays.
    pub(crate) unsafe fn new(start: *const c_void) -> CallCode {
        CallCode(start)
    }

    /// Performs the call and stores its result in the frame.
    ///
    /// # Safety
    /// `frame` is what this code wants for its call.
    #[inline(always)]
    pub(crate) unsafe fn call(self, _: Results, frame: *const c_void, _: *mut u8, _: *mut u8) {
        type Code = unsafe extern "C-unwind" fn(*mut Frame);
        // SAFETY: code of this kind is a function of this type.
        let code = unsafe { mem::transmute::<*const c_void, Code>(self.0) };
        // SAFETY: the caller's promise.
        unsafe { code(frame.cast_mut().cast()) }
    }
}
