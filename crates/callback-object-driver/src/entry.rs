//! `DriverEntry` and `DriverUnload` around a Rust value.
//!
//! # Safety
//!
//! The host calls [`load`] once, with a driver object that lives until [`unload`] has returned.
#![allow(unsafe_code, reason = "the driver object is the host's")]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use callback_object_sys::{NTSTATUS, PDRIVER_OBJECT, STATUS_SUCCESS, STATUS_UNSUCCESSFUL};

use crate::{Status, routine};

/// A driver: what it sets up when it is loaded. It is taken down by being dropped.
///
/// ```
/// use callback_object_driver::{CallbackObject, Driver, Registration, Status, driver};
///
/// struct Meter {
///     _registrations: Vec<Registration>, // gone when the driver is unloaded
/// }
///
/// impl Driver for Meter {
///     fn load(name: &str) -> Result<Meter, Status> {
///         println!("{name} starts");
///         let objects = ["\\Callback\\TcpConnectionCallback", "\\Callback\\UdpDatagram"];
///         // Where there is one object less, the driver is not loaded, and nothing stays registered.
///         let registrations = objects.map(|object| CallbackObject::open(object)?.register(|_, _| {}));
///         Ok(Meter { _registrations: registrations.into_iter().collect::<Result<_, Status>>()? })
///     }
/// }
///
/// driver!(Meter);
/// # fn main() {}
/// ```
pub trait Driver: Sized + Send + 'static {
    /// Called when the driver is loaded, with its name, such as `\Driver\audit`.
    ///
    /// ```
    /// use callback_object_driver::{CallbackObject, Driver, Registration, Status};
    ///
    /// struct Audit(#[allow(dead_code)] Registration);
    ///
    /// impl Driver for Audit {
    ///     fn load(name: &str) -> Result<Audit, Status> {
    ///         let name = name.to_owned();
    ///         let object = CallbackObject::open("\\Callback\\TcpConnectionCallback")?;
    ///         // Where this fails, the driver is not loaded, and the host learns the status.
    ///         object.register(move |number, _| println!("{name}: connection {}", number.addr())).map(Audit)
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// Any: the host unloads the image again and passes the status on.
    fn load(name: &str) -> Result<Self, Status>;
}

/// Makes a type the driver of this image: defines its `DriverEntry`.
///
/// ```
/// use callback_object_driver::{Driver, Status, driver};
///
/// /// Says when it comes and when it goes.
/// struct Trace(String);
///
/// impl Driver for Trace {
///     fn load(name: &str) -> Result<Trace, Status> {
///         println!("{name} is loaded");
///         Ok(Trace(name.to_owned()))
///     }
/// }
///
/// impl Drop for Trace {
///     fn drop(&mut self) {
///         println!("{} is unloaded", self.0);
///     }
/// }
///
/// // Once in the crate, which is a `cdylib`.
/// driver!(Trace);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! driver {
    ($driver:ty) => {
        #[doc(hidden)]
        mod callback_object_driver_entry {
            #![allow(unsafe_code, reason = "the name is the host's way in")]
            use $crate::sys::{NTSTATUS, PDRIVER_OBJECT, PUNICODE_STRING};

            use super::*;

            #[unsafe(no_mangle)]
            unsafe extern "system-unwind" fn DriverEntry(
                driver: PDRIVER_OBJECT,
                _registry_path: PUNICODE_STRING,
            ) -> NTSTATUS {
                // SAFETY: the host calls this once, with a driver object that outlives the driver.
                unsafe { $crate::load::<$driver>(driver) }
            }
        }
    };
}

/// The value of this image's driver, between its loading and its unloading.
static DRIVER: Mutex<Option<Box<dyn Any + Send>>> = Mutex::new(None);

/// The body of `DriverEntry`.
///
/// # Safety
/// The driver object is valid, nobody else uses it now, and it outlives the driver.
#[doc(hidden)]
pub unsafe fn load<D: Driver>(driver: PDRIVER_OBJECT) -> NTSTATUS {
    // SAFETY: it is valid and nobody else uses it.
    let driver = unsafe { &mut *driver };
    let name = if driver.DriverName.Buffer.is_null() {
        String::new()
    } else {
        let length = usize::from(driver.DriverName.Length / 2);
        // SAFETY: a counted string holds as many units as it says.
        String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(driver.DriverName.Buffer, length) })
    };
    match catch_unwind(AssertUnwindSafe(|| D::load(&name))) {
        Ok(Ok(value)) => {
            *DRIVER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(value));
            driver.DriverUnload = Some(unload);
            STATUS_SUCCESS
        }
        Ok(Err(status)) => status.value(),
        Err(payload) => {
            routine::report(&*payload);
            STATUS_UNSUCCESSFUL
        }
    }
}

/// The image's `DriverUnload`.
#[doc(hidden)]
pub unsafe extern "system-unwind" fn unload(_driver: PDRIVER_OBJECT) {
    let value = DRIVER.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        routine::report(&*payload);
    }
}
