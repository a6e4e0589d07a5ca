//! Registering, notifying, unregistering.
//!
//! # Safety
//!
//! A routine comes from C as an address with a context; whoever registers it vouches that it may be called
//! until it has been unregistered. Its image is pinned for that long. Objects and registrations are looked up.
#![allow(unsafe_code, non_snake_case, reason = "functions of the C interface")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_void};
use std::ptr::{self, NonNull};

use callback_object::irql::{self, Mode};
use callback_object::report::{self, Report};
use callback_object::{Guard, Handle, Lock, Status, register_raw, unregister_raw};
use callback_object_sys::{
    NTSTATUS, PCALLBACK_FUNCTION, PCALLBACK_OBJECT, PCBO_RELEASE, PCSTR, PVOID, STATUS_SUCCESS, ULONG,
};

use super::{ntstatus, outcome};
use crate::module::Pin;
use crate::objects;

thread_local! {
    /// Without a destructor, so that the image can be unloaded and the access is a load.
    static LAST: Cell<NTSTATUS> = const { Cell::new(STATUS_SUCCESS) };
}

/// Remembers the outcome of a function that does not return it.
pub(crate) fn set_last<E: Into<Status>>(result: Result<(), E>) {
    LAST.set(outcome(result));
}

pub(crate) unsafe extern "system" fn CboLastStatus() -> NTSTATUS {
    LAST.get()
}

/// What frees the context of a registration, by the registration's handle.
static RELEASES: Lock<BTreeMap<usize, Release>> = Lock::new(BTreeMap::new());

struct Release {
    function: unsafe extern "system" fn(*mut c_void),
    context: *mut c_void,
}

// SAFETY: whoever registers a release vouches that it may be called in any thread.
unsafe impl Send for Release {}

fn releases() -> Guard<'static, BTreeMap<usize, Release>> {
    RELEASES.lock()
}

/// A routine without a release has been removed, and its last call has returned.
fn removed(_handle: Handle, routine: usize) {
    Pin::release(routine);
}

/// The same for a routine with a release. The image goes last, for the release is code of it.
fn removed_with_release(handle: Handle, routine: usize) {
    let release = releases().remove(&handle.bits());
    if let Some(Release { function, context }) = release {
        // SAFETY: the release that came with the context; called once, after the routine's last call.
        unsafe { function(context) };
    }
    Pin::release(routine);
}

/// # Safety
/// The routine may be called with the context, and the release after it.
unsafe fn register(
    object: PCALLBACK_OBJECT,
    routine: PCALLBACK_FUNCTION,
    context: PVOID,
    release: PCBO_RELEASE,
) -> Result<PVOID, Status> {
    let object = objects::get(object.addr()).ok_or(objects::invalid(object.addr()))?;
    let routine = routine.ok_or(Status::INVALID_PARAMETER)?;
    let pin = Pin::on(routine as *const () as usize);
    let handle = match release {
        // SAFETY: as the caller promises.
        None => unsafe { register_raw(&object, routine, context, Some(removed)) }?,
        Some(function) => {
            // Whoever removes the routine at once waits here for its release to be known.
            let mut releases = releases();
            // SAFETY: as the caller promises.
            let handle = unsafe { register_raw(&object, routine, context, Some(removed_with_release)) }?;
            releases.insert(handle.bits(), Release { function, context });
            handle
        }
    };
    pin.keep();
    Ok(ptr::without_provenance_mut(handle.bits()))
}

pub(crate) unsafe extern "system" fn ExRegisterCallback(
    object: PCALLBACK_OBJECT,
    routine: PCALLBACK_FUNCTION,
    context: PVOID,
) -> PVOID {
    // SAFETY: as the caller promises.
    let result = unsafe { register(object, routine, context, None) };
    set_last(result.map(|_| ()));
    result.unwrap_or(ptr::null_mut())
}

pub(crate) unsafe extern "system" fn CboRegisterCallback(
    object: PCALLBACK_OBJECT,
    routine: PCALLBACK_FUNCTION,
    context: PVOID,
    release: PCBO_RELEASE,
    registration: *mut PVOID,
) -> NTSTATUS {
    let Some(registration) = NonNull::new(registration) else { return ntstatus(Status::INVALID_PARAMETER) };
    // SAFETY: as the caller promises.
    let result = unsafe { register(object, routine, context, release) };
    // SAFETY: not NULL, so there is room for a registration.
    unsafe { registration.write(result.unwrap_or(ptr::null_mut())) };
    outcome(result.map(|_| ()))
}

pub(crate) unsafe extern "system-unwind" fn ExNotifyCallback(
    object: PVOID,
    argument1: PVOID,
    argument2: PVOID,
) {
    if let Err(error) = notify(object, argument1, argument2) {
        not_notified(object.addr(), &error);
    }
}

#[inline(always)]
fn notify(object: PVOID, argument1: PVOID, argument2: PVOID) -> Result<(), callback_object::Error> {
    let guard = Boundary;
    let outcome = objects::notify(object.addr(), argument1, argument2);
    std::mem::forget(guard);
    outcome
}

/// Dropped only when a panic that was to go on in the notifier arrives at a notifier in C, or when a routine
/// ends its thread, which unwinds through here and the notifier.
struct Boundary;

impl Drop for Boundary {
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {
        // The end of a thread may pass.
        if !std::thread::panicking() {
            return;
        }
        let text = "the panic of a routine was to go on in the notifier, which is not in Rust";
        report::stop(text.to_owned(), 0x1E);
    }
}

/// NULL is a bad parameter, whatever else is no object a bad handle.
fn reason(token: usize, error: &callback_object::Error) -> Status {
    match error.status() {
        Status::INVALID_HANDLE => objects::invalid(token),
        status => status,
    }
}

#[cold]
#[inline(never)]
fn not_notified(token: usize, error: &callback_object::Error) {
    // What the level does not allow has been reported by the core.
    if error.status() != Status::INVALID_DEVICE_STATE {
        report::send(&Report::Host { text: error.to_string(), bug_check: None });
    }
    LAST.set(ntstatus(reason(token, error)));
}

pub(crate) unsafe extern "system-unwind" fn CboNotifyCallback(
    object: PVOID,
    argument1: PVOID,
    argument2: PVOID,
) -> NTSTATUS {
    let notified = notify(object, argument1, argument2);
    outcome(notified.map_err(|error| reason(object.addr(), &error)))
}

/// The deepest nesting that a thread can be prepared for; its stack would not be deep enough for more.
const DEEPEST: u32 = 65_536;

pub(crate) unsafe extern "system" fn CboPrepareThread(depth: ULONG) -> NTSTATUS {
    if depth > DEEPEST {
        return ntstatus(Status::INVALID_PARAMETER);
    }
    callback_object::prepare_thread(depth as usize);
    STATUS_SUCCESS
}

fn unregister(registration: PVOID) -> Result<(), Status> {
    let Some(handle) = Handle::from_bits(registration.addr()) else {
        report::send(&Report::StaleHandle { handle: 0 });
        return Err(Status::INVALID_PARAMETER);
    };
    unregister_raw(handle).map_err(Status::from)
}

pub(crate) unsafe extern "system" fn ExUnregisterCallback(registration: PVOID) {
    let result = unregister(registration);
    if result == Err(Status::POSSIBLE_DEADLOCK) && matches!(irql::mode(), Mode::Status | Mode::BugCheck) {
        // The core has reported who waits for whom. Who called this relies on the wait, and may free what the
        // routine still uses.
        let text = "ExUnregisterCallback would wait for ever and cannot say so; CboUnregisterCallback can";
        report::stop(text.to_owned(), 0xC4);
    }
    set_last(result);
}

pub(crate) unsafe extern "system" fn CboUnregisterCallback(registration: PVOID) -> NTSTATUS {
    outcome(unregister(registration))
}

pub(crate) unsafe extern "system" fn CboReportPanic(message: PCSTR) {
    if message.is_null() {
        return callback_object::report_panic("a panic without a message");
    }
    // SAFETY: not NULL, so it ends with 0.
    let message = unsafe { CStr::from_ptr(message) };
    callback_object::report_panic(&message.to_string_lossy());
}
