//! Drivers and the events of the system.
//!
//! # Safety
//!
//! Pointers come from C; each function says in `callback-object-sys` what they must lead to. NULL is checked,
//! drivers are looked up.
#![allow(unsafe_code, non_snake_case, reason = "functions of the C interface")]

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callback_object::Status;
use callback_object::report::{self, Report};
use callback_object_sys::{
    CBO_LEFTOVERS, NTSTATUS, PCBO_DRIVER, PCSTR, STATUS_DELETE_PENDING, STATUS_DLL_NOT_FOUND,
    STATUS_ENTRYPOINT_NOT_FOUND, STATUS_IMAGE_ALREADY_LOADED, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_REVISION_MISMATCH, STATUS_SUCCESS, STATUS_UNSUCCESSFUL, ULONG,
};

use super::ntstatus;
use crate::driver::{Driver, Leftovers, LoadError, UnloadError};
use crate::module::path_of;
use crate::system::{self, Publisher};

/// Drivers by what C holds for them: numbers that are given out once, and are no addresses.
static DRIVERS: Mutex<(BTreeMap<usize, Arc<Driver>>, usize)> = Mutex::new((BTreeMap::new(), 0));

/// The highest byte of what stands for a driver.
const MARK: usize = 0xD << (usize::BITS - 8);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A status for C, and the words of the error for people.
fn refused(error: &dyn std::error::Error, status: NTSTATUS) -> NTSTATUS {
    report::send(&Report::Host { text: error.to_string(), bug_check: None });
    status
}

pub(crate) unsafe extern "system" fn CboLoadDriver(path: PCSTR, driver: *mut PCBO_DRIVER) -> NTSTATUS {
    let (false, Some(driver)) = (path.is_null(), NonNull::new(driver)) else {
        return ntstatus(Status::INVALID_PARAMETER);
    };
    // SAFETY: not NULL, so it ends with 0.
    let path = unsafe { CStr::from_ptr(path) };
    // SAFETY: whoever names a file as a driver vouches for it.
    match unsafe { Driver::load(path_of(path)) } {
        Ok(loaded) => {
            let number = {
                let (drivers, last) = &mut *lock(&DRIVERS);
                *last += 1;
                drivers.insert(MARK | *last, Arc::new(loaded));
                MARK | *last
            };
            // SAFETY: not NULL, so there is room for a driver.
            unsafe { driver.write(ptr::without_provenance_mut(number)) };
            STATUS_SUCCESS
        }
        Err(error) => {
            let status = match &error {
                LoadError::Image { .. } => STATUS_DLL_NOT_FOUND,
                LoadError::NoEntry { .. } => STATUS_ENTRYPOINT_NOT_FOUND,
                LoadError::AlreadyLoaded { .. } => STATUS_IMAGE_ALREADY_LOADED,
                LoadError::SecondImplementation { .. } => STATUS_REVISION_MISMATCH,
                LoadError::Entry { status, .. } | LoadError::Level { status, .. } => ntstatus(*status),
            };
            refused(&error, status)
        }
    }
}

pub(crate) unsafe extern "system" fn CboUnloadDriver(driver: PCBO_DRIVER, leftovers: ULONG) -> NTSTATUS {
    const REVOKE: ULONG = CBO_LEFTOVERS::CboRevokeLeftovers as ULONG;
    const REFUSE: ULONG = CBO_LEFTOVERS::CboRefuseLeftovers as ULONG;
    let leftovers = match leftovers {
        REVOKE => Leftovers::Revoke,
        REFUSE => Leftovers::Refuse,
        _ => return ntstatus(Status::INVALID_PARAMETER),
    };
    let known = lock(&DRIVERS).0.get(&driver.addr()).map(Arc::clone);
    let Some(loaded) = known else { return ntstatus(Status::INVALID_HANDLE) };
    match loaded.unload_shared(leftovers) {
        Ok(_) => {
            lock(&DRIVERS).0.remove(&driver.addr());
            STATUS_SUCCESS
        }
        Err(error) => {
            let status = match &error {
                UnloadError::NoUnload { .. } => STATUS_INVALID_DEVICE_REQUEST,
                UnloadError::Busy { .. } => STATUS_DELETE_PENDING,
                UnloadError::Leftovers { .. } => STATUS_UNSUCCESSFUL,
                UnloadError::Level { status, .. } => ntstatus(*status),
            };
            refused(&error, status)
        }
    }
}

static PUBLISHER: Mutex<Option<Publisher>> = Mutex::new(None);

pub(crate) unsafe extern "system" fn CboPublishSystemObjects() -> NTSTATUS {
    let mut publisher = lock(&PUBLISHER);
    if publisher.is_some() {
        return STATUS_SUCCESS;
    }
    match system::host().and_then(|host| Publisher::start(host, system::Veto::Stop)) {
        Ok(started) => {
            *publisher = Some(started);
            STATUS_SUCCESS
        }
        Err(error) => refused(&error, STATUS_UNSUCCESSFUL),
    }
}

pub(crate) unsafe extern "system" fn CboWithdrawSystemObjects() {
    // Stopped when the lock is no longer held: a notification under way is waited for.
    let publisher = lock(&PUBLISHER).take();
    drop(publisher);
}
