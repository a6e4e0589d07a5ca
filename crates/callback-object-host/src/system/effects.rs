//! Notifying the three objects, with the documented arguments.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use callback_object::report::{self, Report};
use callback_object::{Attributes, CallbackObject, Error, HostToken, RESERVED};
use callback_object_sys::{
    KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, KE_PROCESSOR_CHANGE_NOTIFY_STATE, NTSTATUS, PO_CB_AC_STATUS,
    PROCESSOR_NUMBER, STATUS_SUCCESS,
};

use super::Veto;
use super::processors::Effects;

/// Processors in a group.
const GROUP: u32 = 64;

/// The objects, and the right to notify them.
pub(super) struct Notifier {
    host: Arc<HostToken>,
    time: CallbackObject,
    power: CallbackObject,
    processor: CallbackObject,
    veto: Veto,
}

impl Notifier {
    /// Creates the objects, or opens them if the host has created them before.
    pub(super) fn new(host: Arc<HostToken>, veto: Veto) -> Result<Notifier, Error> {
        let create = |name: &str| host.create(name, Attributes::new().case_insensitive().permanent());
        let [time, power, processor] = RESERVED;
        let (time, power, processor) = (create(time)?, create(power)?, create(processor)?);
        Ok(Notifier { host, time, power, processor, veto })
    }

    fn notify(&self, object: &CallbackObject, argument1: *mut c_void, argument2: *mut c_void) {
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

impl Effects for Notifier {
    fn notify(&mut self, state: KE_PROCESSOR_CHANGE_NOTIFY_STATE, number: u32, status: NTSTATUS) -> NTSTATUS {
        let mut context = KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT {
            State: state,
            NtNumber: number,
            Status: status,
            ProcNumber: PROCESSOR_NUMBER {
                Group: u16::try_from(number / GROUP).unwrap_or(u16::MAX),
                Number: u8::try_from(number % GROUP).unwrap_or(0),
                Reserved: 0,
            },
        };
        let mut operation = STATUS_SUCCESS;
        Notifier::notify(self, &self.processor, (&raw mut context).cast(), (&raw mut operation).cast());
        operation
    }

    fn stop(&mut self, number: u32) {
        let outcome = match self.veto {
            Veto::Report => Err(std::io::Error::other("the host has chosen not to")),
            Veto::Stop => std::fs::write(format!("/sys/devices/system/cpu/cpu{number}/online"), "0"),
        };
        if let Err(error) = outcome {
            let text =
                format!("a routine has vetoed processor {number}, which runs and is not stopped: {error}");
            report::send(&Report::Host { text, bug_check: None });
        }
    }
}
