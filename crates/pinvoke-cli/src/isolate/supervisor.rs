//! The command's side: start the worker, wait, read what it left.

use std::ffi::OsString;
use std::fs::File;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use super::Description;
use super::verdict::{Ending, verdict};
use crate::failure::{Failure, Kind};
use crate::native::{self, Flight, Group};
use crate::report::Report;

/// Runs the command line `args` (without the program's name) in a worker and gives back its report.
/// `None`: nobody reads the output any more, and there is nothing left to say.
///
/// With `apart`, what the native code prints goes to standard error, so that standard output has nothing but
/// the report.
pub(crate) fn run(
    args: &[OsString],
    timeout: Option<Duration>,
    apart: bool,
) -> Result<Option<Report>, Failure> {
    let share = || {
        let file = native::shared_file()?;
        let flight = Flight::map(&file)?;
        Ok((file, flight))
    };
    let (file, flight) = share().map_err(|e| Failure::system("share memory with the worker process", &e))?;
    let program =
        std::env::current_exe().map_err(|e| Failure::system("find the file of this program", &e))?;
    let mut command = Command::new(&program);
    command.arg(format!("--worker={}", native::number_of(&file))).args(args);
    if apart {
        let errors = native::output_to_errors();
        command
            .stdout(errors.map_err(|e| Failure::system("share standard error with the worker process", &e))?);
    }
    let group = Group::new().map_err(|e| Failure::system("prepare for the worker process", &e))?;
    let mut child = command
        .spawn()
        .map_err(|e| Failure::system(format_args!("start the worker process {}", program.display()), &e))?;
    group.adopt(&child).map_err(|e| Failure::system("take charge of the worker process", &e))?;
    native::leave_interrupts_to_the_worker();
    let ending =
        wait(&mut child, &group, timeout).map_err(|e| Failure::system("wait for the worker process", &e))?;
    if let Some(report) = read_report(&file, flight)? {
        return report.map(Some);
    }
    if let Ending::Status(status) = ending {
        if native::killed_by_closed_pipe(status) {
            return Ok(None);
        }
        native::die_if_interrupted(status);
    }
    let description = read_json::<Description>(&file, Flight::DATA, flight.described()).unwrap_or_default();
    Err(verdict(ending, flight, &description))
}

fn wait(child: &mut Child, group: &Group, timeout: Option<Duration>) -> std::io::Result<Ending> {
    let Some(timeout) = timeout else { return child.wait().map(Ending::Status) };
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ending::Status(status));
        }
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            break;
        }
        // Short calls end at once, long ones cost nothing to wait for.
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    group.kill(child)?;
    child.wait()?;
    Ok(Ending::Timeout(timeout))
}

fn read_report(file: &File, flight: &Flight) -> Result<Option<Result<Report, Failure>>, Failure> {
    let length = flight.reported();
    if length == 0 {
        return Ok(None);
    }
    read_json(file, Flight::DATA + flight.described(), length)
        .map(Some)
        .ok_or_else(|| Failure::new(Kind::System, "the report of the worker process cannot be read"))
}

fn read_json<T: serde::de::DeserializeOwned>(file: &File, at: u64, length: u64) -> Option<T> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    native::read_at(file, &mut bytes, at).ok()?;
    serde_json::from_slice(&bytes).ok()
}
