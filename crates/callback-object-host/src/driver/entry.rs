//! The driver object, and the two calls into a driver.
//!
//! # Safety
//!
//! `DriverEntry` and `DriverUnload` are functions of a loaded image; that they keep to the rules is what
//! whoever loads a driver vouches for. The driver object lives in a box that is freed after the last call.
#![allow(unsafe_code, reason = "calls of the driver's functions")]

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::panic::AssertUnwindSafe;
use std::ptr::{self, NonNull};

use callback_object::report;
use callback_object_sys::{
    CBO_FUNCTIONS, DRIVER_OBJECT, NTSTATUS, PCBO_RECEIVE_FUNCTIONS, PDRIVER_INITIALIZE, STATUS_UNSUCCESSFUL,
    UNICODE_STRING,
};

use crate::module::Module;

/// The value of `Type` in a driver object.
const IO_TYPE_DRIVER: i16 = 4;

/// A driver object with its strings.
pub(super) struct DriverObject {
    object: Box<UnsafeCell<DRIVER_OBJECT>>,
    registry_path: Box<UnsafeCell<UNICODE_STRING>>,
    /// What the strings in them point at.
    _buffers: [Box<[u16]>; 2],
}

// SAFETY: the raw pointers are to the boxes beside them, and the driver may use them in any thread.
unsafe impl Send for DriverObject {}
// SAFETY: whoever calls `start` and `stop` keeps them apart in time.
unsafe impl Sync for DriverObject {}

impl DriverObject {
    /// For the image, with the name `\Driver\<name>`.
    pub(super) fn new(module: &Module, name: &str, entry: NonNull<c_void>) -> DriverObject {
        let wide = |text: String| text.encode_utf16().collect::<Box<[u16]>>();
        let mut buffers = [
            wide(format!("\\Driver\\{name}")),
            wide(format!("\\Registry\\Machine\\System\\CurrentControlSet\\Services\\{name}")),
        ];
        let [driver_name, registry_path] = buffers.each_mut().map(|buffer| counted(buffer));
        let range = module.addresses();
        let object = DRIVER_OBJECT {
            Type: IO_TYPE_DRIVER,
            Size: i16::try_from(size_of::<DRIVER_OBJECT>()).unwrap_or(i16::MAX),
            DeviceObject: ptr::null_mut(),
            Flags: 0,
            DriverStart: ptr::without_provenance_mut(range.start),
            DriverSize: u32::try_from(range.len()).unwrap_or(u32::MAX),
            DriverSection: ptr::null_mut(),
            DriverExtension: ptr::null_mut(),
            DriverName: driver_name,
            HardwareDatabase: ptr::null_mut(),
            FastIoDispatch: ptr::null_mut(),
            // SAFETY: an image that exports the name DriverEntry promises that it is this function.
            DriverInit: unsafe { std::mem::transmute::<NonNull<c_void>, PDRIVER_INITIALIZE>(entry) },
            DriverStartIo: ptr::null_mut(),
            DriverUnload: None,
            MajorFunction: [ptr::null_mut(); 28],
        };
        DriverObject {
            object: Box::new(UnsafeCell::new(object)),
            registry_path: Box::new(UnsafeCell::new(registry_path)),
            _buffers: buffers,
        }
    }

    /// Hands the functions to a driver that does not find them by name: `receive` is its `CboReceiveFunctions`.
    pub(super) fn hand(driver: &str, receive: NonNull<c_void>, functions: NonNull<CBO_FUNCTIONS>) {
        // SAFETY: an image that exports the name CboReceiveFunctions promises that it is this function.
        let receive = unsafe { std::mem::transmute::<NonNull<c_void>, PCBO_RECEIVE_FUNCTIONS>(receive) };
        let Some(receive) = receive else { return };
        let boundary = Boundary { driver, function: "CboReceiveFunctions" };
        // SAFETY: the driver's own function, with a table that is a static of an image that stays loaded.
        boundary.around(|| unsafe { receive(functions.as_ptr()) });
    }

    /// Calls `DriverEntry`.
    pub(super) fn start(&self, driver: &str) -> NTSTATUS {
        let object = self.object.get();
        // SAFETY: nobody else uses the object before the driver knows it.
        let Some(entry) = (unsafe { (*object).DriverInit }) else { return STATUS_UNSUCCESSFUL };
        let boundary = Boundary { driver, function: "DriverEntry" };
        // SAFETY: the driver's own entry point, with a driver object and a string that outlive the driver.
        boundary.around(|| unsafe { entry(object, self.registry_path.get()) })
    }

    /// Whether there is a `DriverUnload`.
    pub(super) fn can_stop(&self) -> bool {
        // SAFETY: the driver writes to its object in `DriverEntry`, which has returned.
        unsafe { (*self.object.get()).DriverUnload }.is_some()
    }

    /// Calls `DriverUnload`.
    pub(super) fn stop(&self, driver: &str) {
        let object = self.object.get();
        // SAFETY: as in `can_stop`.
        let Some(unload) = (unsafe { (*object).DriverUnload }) else { return };
        let boundary = Boundary { driver, function: "DriverUnload" };
        // SAFETY: the function that the driver has set for this, with its own object.
        boundary.around(|| unsafe { unload(object) });
    }
}

/// A string over a buffer, as long as the buffer.
fn counted(buffer: &mut [u16]) -> UNICODE_STRING {
    let length = u16::try_from(size_of_val(buffer)).unwrap_or(0);
    UNICODE_STRING { Length: length, MaximumLength: length, Buffer: buffer.as_mut_ptr() }
}

/// Dropped only when a driver's function is left by an exception: that has to end here.
struct Boundary<'a> {
    driver: &'a str,
    function: &'static str,
}

impl Boundary<'_> {
    /// Runs a function of the driver.
    fn around<R>(self, function: impl FnOnce() -> R) -> R {
        // An unwinder that finds nobody to catch an exception ends the process before it drops anything.
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let result = function();
            std::mem::forget(self);
            result
        }));
        result.unwrap_or_else(|_| unreachable!("what unwinds drops the boundary, which ends the process"))
    }
}

impl Drop for Boundary<'_> {
    fn drop(&mut self) {
        let text = format!(
            "{} of {} was left by an exception or a panic, which must not cross the border of an image",
            self.function, self.driver
        );
        report::stop(text, 0x1E);
    }
}
