//! What a thread of a driver can ask for itself.
#![allow(unsafe_code, reason = "calls the C interface")]

use callback_object_sys::CboPrepareThread;

use crate::status::Status;

/// Prepares this thread, so that its first notification allocates nothing either and asks nothing of the system, as
/// long as no more than `depth` of them are nested. Not necessary; for threads that have to meet deadlines.
///
/// ```
/// use std::ptr::null_mut;
///
/// use callback_object_driver::{CallbackObject, Status, prepare_thread};
///
/// /// A thread that must not be late, from the first time on.
/// fn real_time(object: &CallbackObject) -> Result<(), Status> {
///     prepare_thread(1)?; // routines of this object notify nothing themselves
///     object.notify(null_mut(), null_mut())
/// }
/// # let _ = real_time;
/// ```
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a depth above 65,536.
pub fn prepare_thread(depth: u32) -> Result<(), Status> {
    // SAFETY: it takes a number.
    Status::check(unsafe { CboPrepareThread(depth) })
}
