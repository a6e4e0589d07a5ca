//! The frame of an upcall: the registers of a call as native code made it, and those that native code will find
//! afterwards. What an [`UpcallFrame`] looks like is a matter of the [machine](super::machine); here is how to get at it.

use core::ptr::NonNull;

use super::machine::UpcallFrame;

/// The frame of a call in progress, with the stack arguments behind it.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct FramePtr(NonNull<UpcallFrame>);

impl FramePtr {
    /// Its first byte.
    #[inline]
    pub(crate) fn start(self) -> *mut u8 {
        self.0.cast().as_ptr()
    }

    /// A byte of it.
    ///
    /// # Safety
    /// The call has not returned.
    #[inline]
    pub(crate) unsafe fn at(self, offset: FrameOffset) -> *mut u8 {
        // SAFETY: offsets lie within the frame, which is there until the call returns.
        unsafe { self.start().add(usize::from(offset.0)) }
    }
}

/// A byte offset within an [`UpcallFrame`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameOffset(pub(crate) u16);
