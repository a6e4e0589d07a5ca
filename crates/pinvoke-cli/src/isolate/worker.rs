//! The worker's side: do the work, leave a report, end.

use std::fs::File;
use std::process::ExitCode;
use std::sync::OnceLock;

use super::Description;
use crate::failure::{Failure, Kind};
use crate::native::{self, Flight};
use crate::report::{self, Report};
use crate::terminal::Terminal;

/// Where this process reports to. Unset until the work begins.
static CHANNEL: OnceLock<Channel> = OnceLock::new();

#[derive(Debug)]
enum Channel {
    /// To the command that has started this worker.
    Shared { file: File, flight: &'static Flight, process: u32 },
    /// To the terminal: the call runs in the command itself.
    Own { terminal: Terminal, flight: Flight },
}

/// Makes this process the worker of the command that has started it.
pub(crate) fn start(fd: i32) -> Result<(), Failure> {
    let prepare = || {
        let file = native::inherited_file(fd)?;
        let flight = Flight::map(&file)?;
        native::become_worker()?;
        native::record_faults(flight)?;
        Ok((file, flight))
    };
    let (file, flight) = prepare().map_err(|e| Failure::system("become a worker process", &e))?;
    let channel = Channel::Shared { file, flight, process: std::process::id() };
    CHANNEL.set(channel).map_err(|_| Failure::new(Kind::System, "this process is a worker already"))
}

/// Makes this process do the work itself.
pub(crate) fn start_here(terminal: Terminal) {
    // Set once per process: `main` comes here once.
    let _ = CHANNEL.set(Channel::Own { terminal, flight: Flight::default() });
}

/// The record of what this process is doing.
///
/// # Panics
/// Before [`start`] or [`start_here`].
pub(crate) fn flight() -> &'static Flight {
    match CHANNEL.get().expect("the work has begun") {
        Channel::Shared { flight, .. } => flight,
        Channel::Own { flight, .. } => flight,
    }
}

/// Leaves a description of the call, for the case that it does not return.
pub(crate) fn describe(description: &Description) {
    let Some(Channel::Shared { file, flight, .. }) = CHANNEL.get() else { return };
    let bytes = serde_json::to_vec(description).unwrap_or_default();
    if native::write_at(file, &bytes, Flight::DATA).is_ok() {
        flight.set_described(bytes.len() as u64);
    }
}

/// Leaves the report and ends the process. Never returns to native code, which is the point when a
/// callback has failed: what follows would rest on a made-up answer.
pub(crate) fn finish(result: Result<Report, Failure>) -> ! {
    native::flush_c_streams();
    let status = match CHANNEL.get().expect("the work has begun") {
        // The function was `fork`, and this is the child: the report is its parent's.
        Channel::Shared { process, .. } if *process != std::process::id() => 0,
        Channel::Own { terminal, .. } => {
            // `ExitCode` keeps its number to itself.
            let code = report::show(*terminal, result);
            (0..=255).find(|n| ExitCode::from(*n) == code).map_or(1, i32::from)
        }
        Channel::Shared { file, flight, .. } => {
            let bytes = serde_json::to_vec(&result).unwrap_or_default();
            let written = native::write_at(file, &bytes, Flight::DATA + flight.described());
            if written.is_ok() {
                flight.set_reported(bytes.len() as u64);
            }
            i32::from(written.is_err())
        }
    };
    native::exit_now(status)
}
