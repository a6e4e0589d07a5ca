//! What the routines of `\Callback\ProcessorAdd` have said, carried out.

use callback_object::report::{self, Report};
use callback_object_sys::{
    KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT, KE_PROCESSOR_CHANGE_NOTIFY_STATE, NTSTATUS, PROCESSOR_NUMBER,
    STATUS_SUCCESS,
};

use super::Veto;
use super::notifier::Notifier;
use super::processors::Effects;

/// Processors in a group.
const GROUP: u32 = 64;

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
