//! Notifying the three objects, with the documented arguments.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use callback_object::report::{self, Report};
use callback_object::{Attributes, CallbackObject, Error, HostToken, RESERVED};
use callback_object_sys::PO_CB_AC_STATUS;

use super::Veto;

/// The objects, and the right to notify them.
pub(super) struct Notifier {
    host: Arc<HostToken>,
    time: CallbackObject,
    power: CallbackObject,
    /// Processors come and go on Linux only, as far as programs are told.
    #[cfg_attr(windows, expect(dead_code, reason = "created for its name"))]
    pub(super) processor: CallbackObject,
    #[cfg_attr(windows, expect(dead_code, reason = "nothing to be vetoed"))]
    pub(super) veto: Veto,
}

impl Notifier {
    /// Creates the objects, or opens them if the host has created them before.
    pub(super) fn new(host: Arc<HostToken>, veto: Veto) -> Result<Notifier, Error> {
        let create = |name: &str| host.create(name, Attributes::new().case_insensitive().permanent());
        let [time, power, processor] = RESERVED;
        let (time, power, processor) = (create(time)?, create(power)?, create(processor)?);
        Ok(Notifier { host, time, power, processor, veto })
    }

    pub(super) fn notify(&self, object: &CallbackObject, argument1: *mut c_void, argument2: *mut c_void) {
        // What can go wrong is a panic policy or a level of the host's own choice; it has been reported.
        if let Err(error) = self.host.notify(object, argument1, argument2) {
            report::send(&Report::Host { text: error.to_string(), bug_check: None });
        }
    }

    /// The clock has been set.
    pub(super) fn time_set(&self) {
        self.notify(&self.time, ptr::null_mut(), ptr::null_mut());
    }

    /// The system runs on mains, or on battery.
    pub(super) fn power_changed(&self, on_mains: bool) {
        self.notify(
            &self.power,
            ptr::without_provenance_mut(PO_CB_AC_STATUS as usize),
            ptr::without_provenance_mut(usize::from(on_mains)),
        );
    }
}
