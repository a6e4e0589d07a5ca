//! The functions of the C interface, over the safe core: what each of them checks, and which status or
//! report a violation gets.
//!
//! The documented functions that return nothing cannot say what went wrong. What they would have said is in
//! the thread's last status ([`routines::CboLastStatus`]) and in a report.
//!
//! | file | functions |
//! |---|---|
//! | `strings` | counted strings, and what this implementation is |
//! | `attributes` | what a caller asks for, taken apart |
//! | `objects` | creating, opening, references, security |
//! | `routines` | registering, notifying, unregistering, panics |
//! | `level` | interrupt request levels |
//! | `observe` | reports as C receives them |
//! | `drivers` | loading and unloading, events of the system |

mod attributes;
pub(crate) mod drivers;
pub(crate) mod level;
pub(crate) mod objects;
pub(crate) mod observe;
pub(crate) mod routines;
pub(crate) mod strings;

use callback_object::Status;
use callback_object_sys::{NTSTATUS, STATUS_SUCCESS};

/// The status as C has it.
fn ntstatus(status: Status) -> NTSTATUS {
    status.bits().cast_signed()
}

/// `STATUS_SUCCESS` or the reason.
fn outcome<E: Into<Status>>(result: Result<(), E>) -> NTSTATUS {
    result.map_or_else(|error| ntstatus(error.into()), |()| STATUS_SUCCESS)
}
