//! Reports, as C receives them.
//!
//! # Safety
//!
//! The handler is one that the host has set; it is called with its own context.
#![allow(unsafe_code, non_snake_case, reason = "functions of the C interface")]

use std::ffi::{CString, c_void};
use std::ptr;

use callback_object::Lock;
use callback_object::irql::{self, Mode};
use callback_object::report::{self, Report};
use callback_object_sys::{CBO_SEVERITY, PCBO_REPORT_HANDLER, PVOID};

#[derive(Clone, Copy)]
struct Handler(PCBO_REPORT_HANDLER, *mut c_void);

// SAFETY: a handler takes reports in any thread, with its own context.
unsafe impl Send for Handler {}

static HANDLER: Lock<Handler> = Lock::new(Handler(None, ptr::null_mut()));

pub(crate) unsafe extern "system" fn CboSetReportHandler(handler: PCBO_REPORT_HANDLER, context: PVOID) {
    if handler.is_none() {
        report::set_handler(None);
    }
    *HANDLER.lock() = Handler(handler, context);
    if handler.is_some() {
        report::set_handler(Some(pass_on));
    }
}

fn pass_on(report: &Report) {
    let text = CString::new(report.to_string().replace('\0', " ")).unwrap_or_default();
    // The lock is not held while the handler runs.
    let Handler(handler, context) = *HANDLER.lock();
    if let Some(handler) = handler {
        // SAFETY: the host's handler with its context; the text outlives the call.
        unsafe { handler(context, severity(report), text.as_ptr()) };
    }
}

fn severity(report: &Report) -> CBO_SEVERITY {
    match report {
        Report::NameGone { .. } | Report::StillWaiting { .. } => CBO_SEVERITY::CboHint,
        Report::Panic { aborting: true, .. }
        | Report::Unwound { aborting: true, .. }
        | Report::Stop { .. } => CBO_SEVERITY::CboBugCheck,
        Report::IrqlTooHigh { .. } | Report::IrqlMisused { .. } | Report::IrqlChanged { .. }
            if irql::mode() == Mode::BugCheck =>
        {
            CBO_SEVERITY::CboBugCheck
        }
        _ => CBO_SEVERITY::CboViolation,
    }
}
