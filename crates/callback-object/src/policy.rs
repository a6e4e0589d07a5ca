//! What becomes of a panic in a routine.
//!
//! A panic never crosses the core or another language's frames: the shim around a closure catches it.
//! A routine of another library with its own standard library must catch its own and say so with
//! `report_panic`, for Rust cannot catch the panics of a foreign std.
//!
//! The remaining routines of the walk are called in every case but [`PanicPolicy::Abort`].

/// Per object: what becomes of a panic in one of its routines.
///
/// ```
/// use std::panic::{AssertUnwindSafe, catch_unwind};
/// use std::ptr::null_mut;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use callback_object::{Attributes, CallbackObject, PanicPolicy};
///
/// static OTHERS: AtomicBool = AtomicBool::new(false);
/// assert_eq!(PanicPolicy::default(), PanicPolicy::ResumeInNotifier);
/// let object = CallbackObject::unnamed(Attributes::new());
/// let _faulty = object.register(|_, _| panic!("no such connection"))?;
/// let _other = object.register(|_, _| OTHERS.store(true, Ordering::Relaxed))?;
/// let notify = AssertUnwindSafe(|| object.notify(null_mut(), null_mut()));
/// let panicked = catch_unwind(notify).unwrap_err();
/// assert_eq!(*panicked.downcast_ref::<&str>().unwrap(), "no such connection");
/// assert!(OTHERS.load(Ordering::Relaxed));
/// # Ok::<(), callback_object::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum PanicPolicy {
    /// The remaining routines run, then the first panic goes on in the notifier; others are reported.
    #[default]
    ResumeInNotifier,
    /// The panic is reported and counted, see [`Object::panics`](crate::Object::panics).
    Count,
    /// The panic is reported and the process aborts. What the C interface chooses.
    Abort,
}
