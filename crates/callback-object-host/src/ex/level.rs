//! Interrupt request levels.
//!
//! # Safety
//!
//! The level is stored where C says, or nowhere.
#![allow(unsafe_code, non_snake_case, reason = "functions of the C interface")]

use std::ptr::NonNull;

use callback_object::Status;
use callback_object::irql::{self, Mode};
use callback_object_sys::{BOOLEAN, CBO_VIOLATIONS, KIRQL, NTSTATUS, PKIRQL, STATUS_SUCCESS, ULONG};

use super::ntstatus;
use super::routines::set_last;

pub(crate) unsafe extern "system" fn KeGetCurrentIrql() -> KIRQL {
    irql::current()
}

/// The level before; the same if it cannot be raised, which the core has reported.
fn raise(level: KIRQL) -> KIRQL {
    let result = irql::set_raised(level);
    let before = result.as_ref().map_or_else(|_| irql::current(), |before| *before);
    set_last(result.map(|_| ()));
    before
}

pub(crate) unsafe extern "system" fn KeRaiseIrql(level: KIRQL, before: PKIRQL) {
    let old = raise(level);
    if let Some(before) = NonNull::new(before) {
        // SAFETY: not NULL, so there is room for a level.
        unsafe { before.write(old) };
    }
}

pub(crate) unsafe extern "system" fn KeRaiseIrqlToDpcLevel() -> KIRQL {
    raise(irql::DISPATCH)
}

pub(crate) unsafe extern "system" fn KeLowerIrql(level: KIRQL) {
    set_last(irql::set_lowered(level));
}

pub(crate) unsafe extern "system" fn CboSetViolations(violations: ULONG, passive_only: BOOLEAN) -> NTSTATUS {
    const MODES: [(CBO_VIOLATIONS, Mode); 4] = [
        (CBO_VIOLATIONS::CboIgnoreViolations, Mode::Off),
        (CBO_VIOLATIONS::CboReportViolations, Mode::Report),
        (CBO_VIOLATIONS::CboRefuseViolations, Mode::Status),
        (CBO_VIOLATIONS::CboStopAtViolations, Mode::BugCheck),
    ];
    let Some((_, mode)) = MODES.iter().find(|(value, _)| *value as ULONG == violations) else {
        return ntstatus(Status::INVALID_PARAMETER);
    };
    irql::set_mode(*mode);
    irql::set_strict(passive_only != 0);
    STATUS_SUCCESS
}
