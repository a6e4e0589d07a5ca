//! A system that cannot fence other threads: every object uses the portable fence.

/// Whether [`fence_others`] works.
pub(crate) fn fences_others() -> bool {
    false
}

/// Not called, for [`fences_others`] says no.
pub(crate) fn fence_others() {
    crate::sync::full_fence();
}
