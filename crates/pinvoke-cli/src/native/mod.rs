//! The one module of the command with unsafe code: calls into native functions, and what a process must
//! do to die without silence.
//!
//! - [`call`], [`view_at`] and [`cast`] pass on the contract of `pinvoke` to the person at the command line,
//!   who vouches for the prototype. Nothing can check it: that is why the call runs in a worker process.
//! - [`Flight`] is memory that the worker shares with the command, [`record_faults`] what stores in it the
//!   signal that kills the worker.
//! - The rest, in a file per system, are small requests to the system for which `std` has no name.
#![allow(unsafe_code, reason = "calls native functions, handles signals and shares memory with the worker")]

mod flight;
#[cfg(unix)]
#[path = "unix/mod.rs"]
mod system;
#[cfg(windows)]
#[path = "windows/mod.rs"]
mod system;

use pinvoke::downcall::{Arg, CallError, Downcall, Outcome};
use pinvoke::value::{TypeRef, View};

pub(crate) use flight::{Fault, Flight, Phase};
#[cfg(unix)]
pub(crate) use system::FATAL;
pub(crate) use system::{
    Group, become_worker, code_in_memory, die_if_interrupted, exit_now, flush_c_streams, inherited_file,
    is_readable, killed_by_closed_pipe, leave_interrupts_to_the_worker, number_of, output_to_errors, read_at,
    record_faults, shared_file, write_at,
};

/// Calls a function with arguments from the command line.
pub(crate) fn call(downcall: &Downcall, args: &[Arg]) -> Result<Outcome, CallError> {
    // SAFETY: cannot be proved here. Whoever types the prototype and the arguments vouches that they
    // describe the function; if they do not, the worker process fails and nothing else.
    unsafe { downcall.call(args) }
}

/// What stands at an address, taken to be of type `ty`.
pub(crate) fn view_at(ty: TypeRef, address: usize) -> View {
    // SAFETY: as for `call`: whoever names the type and the address vouches for them.
    unsafe { View::new(ty, std::ptr::with_exposed_provenance_mut(address)) }
}

/// The same place taken for a value of another type.
pub(crate) fn cast(view: &View, ty: TypeRef) -> View {
    // SAFETY: as for `call`: the expression says what stands there.
    unsafe { view.cast(ty) }
}
