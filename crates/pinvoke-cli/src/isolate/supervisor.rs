//! The command's side: start the worker, wait, read what it left.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::Description;
use super::verdict::{Ending, verdict};
use crate::failure::{Failure, Kind};
use crate::native::{self, Flight};
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
    command.arg(format!("--worker={}", file.as_raw_fd())).args(args);
    if apart {
        let stderr = std::io::stderr().as_fd().try_clone_to_owned();
        command
            .stdout(stderr.map_err(|e| Failure::system("share standard error with the worker process", &e))?);
    }
    let mut child = command
        .spawn()
        .map_err(|e| Failure::system(format_args!("start the worker process {}", program.display()), &e))?;
    native::leave_interrupts_to_the_worker();
    let ending = wait(&mut child, timeout).map_err(|e| Failure::system("wait for the worker process", &e))?;
    if let Some(report) = read_report(&file, flight)? {
        return report.map(Some);
    }
    if let Ending::Status(status) = ending {
        if killed_by_closed_pipe(status) {
            return Ok(None);
        }
        native::die_if_interrupted(status.signal().unwrap_or(0));
    }
    let description = read_json::<Description>(&file, Flight::DATA, flight.described()).unwrap_or_default();
    Err(verdict(ending, flight, &description))
}

fn wait(child: &mut Child, timeout: Option<Duration>) -> std::io::Result<Ending> {
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
    // Stopped first: it could start more, or return from waiting for what is killed here.
    native::send(child.id(), libc::SIGSTOP);
    kill_descendants(child.id());
    child.kill()?;
    child.wait()?;
    Ok(Ending::Timeout(timeout))
}

/// Kills what the native code has started (`system`), so that nothing is left running after a time-out.
/// Where the system has no `/proc` there is nothing to do.
fn kill_descendants(process: u32) {
    for child in children(process) {
        kill_descendants(child);
        native::send(child, libc::SIGKILL);
    }
}

/// The processes that a process has started and that still run.
fn children(process: u32) -> Vec<u32> {
    if let Ok(list) = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")) {
        return list.split_whitespace().filter_map(|id| id.parse().ok()).collect();
    }
    // Not every kernel keeps that list: ask every process for its parent, the second field behind the name.
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parent == Some(process)
    })
    .collect()
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
    file.read_exact_at(&mut bytes, at).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn killed_by_closed_pipe(status: ExitStatus) -> bool {
    status.signal() == Some(libc::SIGPIPE) && native::output_is_closed()
}
